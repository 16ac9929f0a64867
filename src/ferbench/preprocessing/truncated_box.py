"""The detector's box cut off at whole pixels, resized by areas with OpenCV, as the thesis did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ferbench.checks import check_optional_size
from ferbench.geometry import CropGeometry
from ferbench.types import F32, Crops, Faces


@dataclass(frozen=True, slots=True, kw_only=True)
class TruncatedBox:
    """The box with its corners truncated toward zero.

    Left and top not below 0, right and bottom as they are.

    The region is ``frame[y1:y2, x1:x2]`` by Python's rules: what lies beyond the right or lower
    border is left out, and a negative right or lower corner counts from the far border, so a box
    left of the frame gives a large region of it. A region that is empty, and one that is black all
    over, has no row. It is resized with ``cv2.INTER_AREA``, width and height separately (also where
    it grows; that is not ``INTER_LINEAR``), on the CPU, whatever the device. Source: ``predict.py``
    of github.com/TimDeelstra/FER; equal to the bit. Implements
    ``ferbench.protocols.Preprocessing``.

    Attributes:
        size_px: side of the crops; None = what the model wants.
    """

    version: ClassVar[str] = "1"

    size_px: int | None = None

    def __post_init__(self) -> None:
        """Check the size."""
        check_optional_size("size_px", self.size_px)

    def geometry(self, *, model_px: int) -> CropGeometry:
        """What these crops are, to be compared with those that a model was trained on."""
        return CropGeometry(kind="box", margin=0.0, size_px=self.size_px or model_px)

    def crop(self, frames: Tensor, faces: Faces, *, model_px: int) -> Crops:
        """Cut every row of ``faces`` out of RGB u8 (N, 3, H, W)."""
        size_px = self.size_px or model_px
        cut: list[Tensor] = []
        rows: list[int] = []
        finite = np.isfinite(faces.box_xyxy).all(axis=1)
        for row in np.flatnonzero(finite).tolist():
            region = _region(frames[int(faces.frame[row])], faces.box_xyxy[row])
            if region.numel() and bool(region.any()):
                cut.append(_resized(region, size_px))
                rows.append(row)
        rgb = frames.new_empty((0, 3, size_px, size_px))
        if cut:
            rgb = torch.stack(cut).to(frames.device)
        return Crops(rgb=rgb, row=np.array(rows, np.int64))


def _region(frame: Tensor, box_xyxy: F32) -> Tensor:
    """Part of a frame u8 (3, H, W), on the CPU."""
    left, top, right, bottom = (int(corner) for corner in box_xyxy.tolist())
    height, width = frame.shape[1:]
    down = slice(*slice(max(top, 0), bottom).indices(height))
    across = slice(*slice(max(left, 0), right).indices(width))
    return frame[:, down, across].cpu()


def _resized(region: Tensor, size_px: int) -> Tensor:
    import cv2

    image = np.ascontiguousarray(region.permute(1, 2, 0).numpy())
    out = cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(out).permute(2, 0, 1).contiguous()
