"""A square around the box, with a margin; nothing is stretched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np
import torch

from ferbench.checks import check_choice, check_margin, check_optional_size
from ferbench.geometry import CropGeometry
from ferbench.preprocessing.resample import cut
from ferbench.preprocessing.triangle import Pad
from ferbench.types import Crops, Faces


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareMargin:
    """A square around the box's centre, of side ``(1 + 2 * margin) * max(width, height)``.

    Side and left upper corner are rounded to the nearest whole pixels (halves up; at least one
    pixel). Where the square reaches beyond the frame it is padded. Resized bilinear with
    antialiasing. An empty box, and one whose square has no pixel inside the frame, has no row.
    Implements ``ferbench.protocols.Preprocessing``.

    Attributes:
        margin: what is added on each of the four sides, as a part of the box's longer side; may be
            negative down to (not including) -0.5.
        pad: what lies beyond the frame: its nearest pixel, or black.
        size_px: side of the crops; None = what the model wants.
    """

    version: ClassVar[str] = "1"

    margin: float = 0.0
    pad: Pad = "edge"
    size_px: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_margin("margin", self.margin)
        check_choice("pad", self.pad, get_args(Pad))
        check_optional_size("size_px", self.size_px)

    def geometry(self, *, model_px: int) -> CropGeometry:
        """What these crops are, to be compared with those that a model was trained on."""
        return CropGeometry(kind="square", margin=self.margin, size_px=self.size_px or model_px)

    def crop(self, frames: torch.Tensor, faces: Faces, *, model_px: int) -> Crops:
        """Cut every row of ``faces`` out of RGB u8 (N, 3, H, W)."""
        height, width = frames.shape[2:]
        finite = np.isfinite(faces.box_xyxy.sum(axis=1))
        box = np.where(finite[:, None], faces.box_xyxy, 0).astype(np.float64)
        extent = box[:, 2:] - box[:, :2]
        side = (1 + 2 * self.margin) * extent.max(axis=1, keepdims=True, initial=0)
        start = np.floor((box[:, :2] + box[:, 2:] - side) / 2 + 0.5).astype(np.int64)
        stop = start + np.floor(side + 0.5).clip(min=1).astype(np.int64)
        seen = (stop > 0).all(axis=1) & (start < (width, height)).all(axis=1)
        rows = np.flatnonzero(finite & (extent > 0).all(axis=1) & seen)
        corners = np.concatenate((start, stop), axis=1)[rows]
        size_px = self.size_px or model_px
        rgb = cut(frames, faces.frame[rows], corners, size_px, self.pad)
        return Crops(rgb=rgb, row=rows)
