"""MTCNN: proposals from an image pyramid, refined twice, with five landmarks.

Paper: Zhang et al. 2016, "Joint Face Detection and Alignment using Multi-task Cascaded
Convolutional Networks". Weights and the meaning of every step follow facenet-pytorch 2.6.0 (Esler,
MIT), with all faces kept, largest first.

Differs from facenet-pytorch:
    - all frames of a batch share each step: crops of any size come from one summed-area table, no
      loop over faces;
    - suppression is done in f64 and never compares boxes of different frames, so neither the batch
      nor a frame's place in it decides about a face (facenet-pytorch shifts frames apart in f32,
      which costs digits);
    - a proposal that lies outside the frame altogether is dropped (there: an error);
    - a frame without a face has no rows (there: None), and so has one too small to be searched
      (there: an error).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
import torch
from torch import Tensor

from ferbench.detectors import area
from ferbench.errors import ConfigError, DataError
from ferbench.nets.mtcnn import ONet, PNet, RNet
from ferbench.types import F32, F64, I64, Faces
from ferbench.weights.checking import check
from ferbench.weights.checkpoints import load_strictly, torch_state_dict
from ferbench.weights.published import PublishedFile

_CELL_PX: Final = 12
_STRIDE_PX: Final = 2
_NMS_SCALE, _NMS_FRAME, _NMS_LAST = 0.5, 0.7, 0.7

# Work done at once: on a CPU what its caches hold, elsewhere what keeps the device busy. Neither
# changes results.
_CPU_PIXELS: Final = 480_000
_DEVICE_PIXELS: Final = 32_000_000
_CPU_CROPS: Final = 256
_DEVICE_CROPS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Mtcnn:
    """MTCNN with published weights; implements ``ferbench.protocols.Detector``.

    Attributes:
        min_face_px: side of the smallest face that is searched for, pixels of the frame.
        factor: ratio of neighbouring pyramid levels, in (0, 1).
        thresholds: least face probability after P-Net, R-Net and O-Net, each in [0, 1).
        pnet: weights of the first network.
        rnet: weights of the second network.
        onet: weights of the third network.
    """

    version: ClassVar[str] = "1"

    min_face_px: int = 20
    factor: float = 0.709
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
    pnet: PublishedFile
    rnet: PublishedFile
    onet: PublishedFile

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.min_face_px < 1:
            raise ConfigError(
                f"Mtcnn.min_face_px: expected at least 1 pixel, got {self.min_face_px!r}"
            )
        if not 0 < self.factor < 1:
            raise ConfigError(
                f"Mtcnn.factor: expected a number between 0 and 1, got {self.factor!r}"
            )
        if len(self.thresholds) != 3 or not all(0 <= value < 1 for value in self.thresholds):
            raise ConfigError(
                f"Mtcnn.thresholds: expected three numbers in [0, 1), got {self.thresholds!r}"
            )

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The three networks' files."""
        return self.pnet, self.rnet, self.onet

    def load(self, device: torch.device, models: Path) -> Callable[[Tensor], Faces]:
        """Return a function from frames, RGB u8 (N, 3, H, W) on ``device``, to Faces with frames
        0..N-1.

        Raises:
            WeightsError: a file is missing, has another hash, or does not fit its network.
        """
        importlib.import_module(
            "torchvision.ops"
        )  # takes a second: here, not in the first frame's time

        def ready(net: torch.nn.Module, item: PublishedFile) -> torch.nn.Module:
            path = check(item, models)
            load_strictly(net, torch_state_dict(path), path)
            net.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
            return net

        return _Loaded(
            self, ready(PNet(), self.pnet), ready(RNet(), self.rnet), ready(ONet(), self.onet)
        )


@dataclass(frozen=True, slots=True)
class _Pyramid:
    """Levels of one frame size, and where each cell of all levels' maps lies in the frame."""

    sizes: tuple[tuple[int, int], ...]  # height, width of each level
    box: Tensor  # f32 (C, 4)
    level: Tensor  # i64 (C,)


@lru_cache(maxsize=8)
def _pyramid(
    height: int, width: int, min_face_px: int, factor: float, device: torch.device
) -> _Pyramid:
    sizes, boxes = [], []
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
        boxes.append(torch.cat(((start + 1) / scale, (start + _CELL_PX) / scale), dim=1).floor())
        sizes.append(size)
        scale *= factor
        short *= factor
    level = torch.repeat_interleave(
        torch.arange(len(boxes)), torch.tensor([len(b) for b in boxes], dtype=torch.int64)
    )
    box = torch.cat([torch.zeros((0, 4)), *boxes])
    return _Pyramid(sizes=tuple(sizes), box=box.to(device), level=level.to(device))


@dataclass(frozen=True, slots=True)
class _Proposals:
    """Boxes of all frames: ``frame`` i64 (M,), ``box`` f32 (M, 4), ``score`` f32 (M,),
    ``regression`` f32 (M, 4).
    """

    frame: Tensor
    box: Tensor
    score: Tensor
    regression: Tensor

    def rows(self, keep: Tensor) -> _Proposals:
        return _Proposals(self.frame[keep], self.box[keep], self.score[keep], self.regression[keep])

    def suppressed(self, group: Tensor, overlap: float) -> _Proposals:
        """Keep the best of boxes of one group that overlap by more than ``overlap``."""
        from torchvision.ops import (
            batched_nms,  # takes a second to import, and a cached run does not need it
        )

        return self.rows(batched_nms(self.box.double(), self.score.double(), group, overlap))

    def regressed(self, *, extra_px: int) -> Tensor:
        """Boxes moved by their regression, in parts of sides that are counted ``extra_px`` longer."""
        side = self.box[:, 2:] - self.box[:, :2] + extra_px
        return self.box + self.regression * side.repeat(1, 2)


def _squares(box: Tensor) -> Tensor:
    """The smallest squares around boxes, with the same centres."""
    side = box[:, 2:] - box[:, :2]
    longest = side.amax(dim=1, keepdim=True)
    start = box[:, :2] + side * 0.5 - longest * 0.5
    return torch.cat((start, start + longest), dim=1)


class _Loaded:
    """The detector with its networks on a device."""

    def __init__(
        self, spec: Mtcnn, pnet: torch.nn.Module, rnet: torch.nn.Module, onet: torch.nn.Module
    ) -> None:
        self.spec, self.pnet, self.rnet, self.onet = spec, pnet, rnet, onet

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Faces:
        """Find the faces of frames u8 (N, 3, H, W)."""
        if frames.dtype != torch.uint8 or frames.dim() != 4 or frames.shape[1] != 3:
            raise DataError(
                f"Mtcnn: expected frames u8 (N, 3, H, W), got {frames.dtype} of {tuple(frames.shape)}"
            )
        if len(frames) == 0:
            return Faces.empty()
        table, found = self._propose(frames)
        found = self._refine(table, found)
        return self._decide(table, found)

    def _propose(self, frames: Tensor) -> tuple[Tensor, _Proposals]:
        """First stage; returns the frames' summed areas too."""
        height, width = frames.shape[2:]
        pyramid = _pyramid(height, width, self.spec.min_face_px, self.spec.factor, frames.device)
        budget = _CPU_PIXELS if frames.device.type == "cpu" else _DEVICE_PIXELS
        tables, parts = [], []
        for first, chunk in _chunks(frames, max(1, budget // (height * width))):
            table = area.summed_area(chunk)
            tables.append(table)
            parts.append(self._search(table, pyramid, first))
        frame, cell, score, regression = (torch.cat(column) for column in zip(*parts, strict=True))
        found = _Proposals(frame, pyramid.box[cell], score, regression)
        found = found.suppressed(
            frame * max(1, len(pyramid.sizes)) + pyramid.level[cell], _NMS_SCALE
        )
        found = found.suppressed(found.frame, _NMS_FRAME)
        box = _squares(found.regressed(extra_px=0))
        return torch.cat(tables), _Proposals(found.frame, box, found.score, found.regression)

    def _search(
        self, table: Tensor, pyramid: _Pyramid, first: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Frame, cell, score and regression of the cells that P-Net admits."""
        n = len(table)
        scores, regressions = [table.new_zeros((n, 0), dtype=torch.float32)], []
        regressions.append(table.new_zeros((n, 0, 4), dtype=torch.float32))
        for height, width in pyramid.sizes:
            regression, probability = self.pnet(_normalised(area.resize(table, height, width)))
            scores.append(probability[:, 1].reshape(n, -1))
            regressions.append(regression.permute(0, 2, 3, 1).reshape(n, -1, 4))
        score = torch.cat(scores, dim=1)
        frame, cell = (score >= self.spec.thresholds[0]).nonzero(as_tuple=True)
        return frame + first, cell, score[frame, cell], torch.cat(regressions, dim=1)[frame, cell]

    def _refine(self, table: Tensor, found: _Proposals) -> _Proposals:
        """Second stage."""
        found, (regression, probability) = self._run(self.rnet, 24, (4, 2), table, found)
        found = _Proposals(found.frame, found.box, probability[:, 1], regression)
        found = found.rows(found.score > self.spec.thresholds[1])
        found = found.suppressed(found.frame, _NMS_FRAME)
        return _Proposals(
            found.frame, _squares(found.regressed(extra_px=1)), found.score, found.regression
        )

    def _decide(self, table: Tensor, found: _Proposals) -> Faces:
        """Third stage, suppression and order."""
        found, (regression, landmarks, probability) = self._run(
            self.onet, 48, (4, 10, 2), table, found
        )
        found = _Proposals(found.frame, found.box, probability[:, 1], regression)
        passed = found.score > self.spec.thresholds[2]
        found, landmarks = found.rows(passed), landmarks[passed]
        start, side = found.box[:, None, :2], (found.box[:, 2:] - found.box[:, :2] + 1)[:, None]
        points = side * landmarks.view(-1, 2, 5).transpose(1, 2) + start - 1
        frame, box = found.frame.cpu().numpy(), found.regressed(extra_px=1).cpu().numpy()
        score, point = found.score.cpu().numpy(), points.cpu().numpy()
        keep = _suppress_contained(frame, box, score, _NMS_LAST)
        size = (box[keep, 2] - box[keep, 0]) * (box[keep, 3] - box[keep, 1])
        keep = keep[np.lexsort((-score[keep], -size, frame[keep]))]
        return Faces(
            frame=frame[keep], box_xyxy=box[keep], score=score[keep], landmarks_xy=point[keep]
        )

    @staticmethod
    def _run(
        net: torch.nn.Module, size: int, widths: tuple[int, ...], table: Tensor, found: _Proposals
    ) -> tuple[_Proposals, tuple[Tensor, ...]]:
        """Cut proposals out and run a network on them.

        Those that lie outside their frame are dropped.
        """
        height, width = table.shape[1] - 1, table.shape[2] - 1
        left, top, right, bottom = found.box.trunc().long().unbind(1)
        # Published corners count from 1 and include their last pixel.
        corners = torch.stack(
            (
                left.clamp(min=1) - 1,
                top.clamp(min=1) - 1,
                right.clamp(max=width),
                bottom.clamp(max=height),
            ),
            dim=1,
        )
        inside = (corners[:, 2:] > corners[:, :2]).all(dim=1)
        found, corners = found.rows(inside), corners[inside]
        outputs: list[tuple[Tensor, ...]] = [tuple(found.box.new_zeros((0, w)) for w in widths)]
        step = _CPU_CROPS if table.device.type == "cpu" else _DEVICE_CROPS
        for first, part in _chunks(corners, step):
            crops = area.crops(table, found.frame[first : first + len(part)], part, size)
            outputs.append(net(_normalised(crops)))
        return found, tuple(torch.cat(column) for column in zip(*outputs, strict=True))


def _normalised(image: Tensor) -> Tensor:
    """Values 0..255 as the networks want them, in place."""
    return image.sub_(127.5).mul_(0.0078125)


def _chunks(rows: Tensor, step: int) -> list[tuple[int, Tensor]]:
    """Consecutive parts with the number of their first row."""
    return [(first, rows[first : first + step]) for first in range(0, len(rows), step)]


def _suppress_contained(frame: I64, box: F32, score: F32, overlap: float) -> I64:
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
    boxes[group, rank], alive[group, rank] = box[order], True
    size = (boxes[..., 2:] - boxes[..., :2] + 1).prod(axis=-1)
    for k in range(boxes.shape[1] - 1):
        best, others = boxes[:, k : k + 1], boxes[:, k + 1 :]
        side = (
            np.minimum(best[..., 2:], others[..., 2:])
            - np.maximum(best[..., :2], others[..., :2])
            + 1
        )
        shared = side.clip(min=0).prod(axis=-1)
        covered = shared > overlap * np.minimum(size[:, k : k + 1], size[:, k + 1 :])
        alive[:, k + 1 :] &= ~(covered & alive[:, k : k + 1])
    return order[alive[group, rank]]
