"""Boxes of MTCNN: where P-Net looks in the pyramid, proposals, and how they are suppressed.

Paper and original: see ``ferbench.detectors.mtcnn``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ferbench.types import F32, F64, I64

_CELL_PX: Final = 12
_STRIDE_PX: Final = 2


@dataclass(frozen=True, slots=True)
class Pyramid:
    """Levels of one frame size, and where each cell of all levels' maps lies in the frame."""

    sizes: tuple[tuple[int, int], ...]  # height, width of each level
    box: Tensor  # f32 (C, 4)
    level: Tensor  # i64 (C,)


@lru_cache(maxsize=8)
def pyramid_of(
    height: int, width: int, min_face_px: int, factor: float, device: torch.device
) -> Pyramid:
    """The pyramid of frames of one size: each level smaller by ``factor``."""
    sizes = []
    boxes = []
    scale = _CELL_PX / min_face_px
    short = min(height, width) * scale
    while short >= _CELL_PX:
        size = int(height * scale + 1), int(width * scale + 1)
        # The map that P-Net makes of n pixels: 3x3, halving that rounds up, 3x3, 3x3.
        rows, columns = ((n - 1) // 2 - 4 for n in size)
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        start = _STRIDE_PX * torch.stack((x, y), dim=-1).view(-1, 2).float()
        # Divided on the CPU: an accelerator may multiply by the reciprocal, and the floor turns
        # that into a pixel.
        corners = torch.cat(((start + 1) / scale, (start + _CELL_PX) / scale), dim=1)
        boxes.append(corners.floor())
        sizes.append(size)
        scale *= factor
        short *= factor
    cells = torch.tensor([len(level_boxes) for level_boxes in boxes], dtype=torch.int64)
    level = torch.repeat_interleave(torch.arange(len(boxes)), cells)
    box = torch.cat([torch.zeros((0, 4)), *boxes])
    return Pyramid(sizes=tuple(sizes), box=box.to(device), level=level.to(device))


@dataclass(frozen=True, slots=True)
class Proposals:
    """Boxes of all frames that may be faces.

    Attributes:
        frame: i64 (M,).
        box: f32 (M, 4), corners in pixels of the frame.
        score: f32 (M,), probability of a face.
        regression: f32 (M, 4), how far a network moves the corners, in parts of the box's sides.
    """

    frame: Tensor
    box: Tensor
    score: Tensor
    regression: Tensor

    def rows(self, keep: Tensor) -> Proposals:
        """Some of them, chosen by rows or by a bool (M,)."""
        return Proposals(self.frame[keep], self.box[keep], self.score[keep], self.regression[keep])

    def suppressed(self, group: Tensor, overlap: float) -> Proposals:
        """Keep the best of boxes of one group that overlap by more than ``overlap``."""
        # Takes a second to import, and a cached run does not need it.
        from torchvision.ops import batched_nms

        return self.rows(batched_nms(self.box.double(), self.score.double(), group, overlap))

    def regressed(self, *, extra_px: int) -> Tensor:
        """Boxes moved by their regression; sides are counted ``extra_px`` longer."""
        side = self.box[:, 2:] - self.box[:, :2] + extra_px
        return self.box + self.regression * side.repeat(1, 2)


def squares(box: Tensor) -> Tensor:
    """The smallest squares around boxes, with the same centres."""
    side = box[:, 2:] - box[:, :2]
    longest = side.amax(dim=1, keepdim=True)
    start = box[:, :2] + side * 0.5 - longest * 0.5
    return torch.cat((start, start + longest), dim=1)


def suppress_contained(frame: I64, box: F32, score: F32, overlap: float) -> I64:
    """Greedy suppression where the overlap is measured by the smaller of two boxes.

    All frames advance together: step k decides about every frame's k-th best box. Sides are counted
    one pixel longer.

    Returns:
        Kept rows, by frame, best first.
    """
    order = np.lexsort((-score, frame))
    if len(order) == 0:
        return order
    frame = frame[order]
    _, group, count = np.unique(frame, return_inverse=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    boxes: F64 = np.zeros((len(count), count.max(), 4))
    alive = np.zeros(boxes.shape[:2], bool)
    boxes[group, rank] = box[order]
    alive[group, rank] = True
    size = (boxes[..., 2:] - boxes[..., :2] + 1).prod(axis=-1)
    for k in range(boxes.shape[1] - 1):
        best, others = boxes[:, k : k + 1], boxes[:, k + 1 :]
        end = np.minimum(best[..., 2:], others[..., 2:])
        start = np.maximum(best[..., :2], others[..., :2])
        shared = (end - start + 1).clip(min=0).prod(axis=-1)
        covered = shared > overlap * np.minimum(size[:, k : k + 1], size[:, k + 1 :])
        alive[:, k + 1 :] &= ~(covered & alive[:, k : k + 1])
    return order[alive[group, rank]]
