"""A square around the box, sampled pixel by pixel, mirrored at borders: py-feat's crop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from ferbench.checks import check_margin, check_optional_size
from ferbench.geometry import CropGeometry
from ferbench.preprocessing.mirrored import mirrored
from ferbench.types import Crops, Faces


@dataclass(frozen=True, slots=True, kw_only=True)
class SquareSampled:
    """A square around the box's centre, of side ``(1 + 2 * margin) * max(width, height)``.

    The side is at least one pixel; nothing is rounded to whole ones. Each pixel of the crop is that
    of its centre, bilinear between the nearest four, without averaging where a face shrinks; the
    box's corners count as pixel centres. The frame goes on mirrored beyond its borders. An empty
    box, and one whose square has no pixel inside the frame, has no row. Source:
    ``extract_face_square_pad_torch`` of py-feat 2.1.5; equal up to rounding to whole grey levels,
    which its training images were rounded to as well. Implements
    ``ferbench.protocols.Preprocessing``.

    Attributes:
        margin: what is added on each of the four sides, as a part of the box's longer side; may be
            negative down to (not including) -0.5.
        size_px: side of the crops; None = what the model wants.
    """

    version: ClassVar[str] = "1"

    margin: float = 0.1
    size_px: int | None = 256

    def __post_init__(self) -> None:
        """Check the values."""
        check_margin("margin", self.margin)
        check_optional_size("size_px", self.size_px)

    def geometry(self, *, model_px: int) -> CropGeometry:
        """What these crops are, to be compared with those that a model was trained on."""
        return CropGeometry(kind="square", margin=self.margin, size_px=self.size_px or model_px)

    def crop(self, frames: torch.Tensor, faces: Faces, *, model_px: int) -> Crops:
        """Cut every row of ``faces`` out of RGB u8 (N, 3, H, W)."""
        height, width = frames.shape[2:]
        size_px = self.size_px or model_px
        finite = np.isfinite(faces.box_xyxy.sum(axis=1))
        box = np.where(finite[:, None], faces.box_xyxy, 0).astype(np.float64)
        extent = box[:, 2:] - box[:, :2]
        side = (1 + 2 * self.margin) * extent.max(axis=1, initial=0).clip(min=0)
        side = side.clip(min=1)
        start = (box[:, :2] + box[:, 2:] - side[:, None]) / 2
        begins = (start < np.array((width, height)) - 0.5).all(axis=1)
        seen = (start + side[:, None] > -0.5).all(axis=1) & begins
        rows = np.flatnonzero(finite & (extent > 0).all(axis=1) & seen)
        step_px = side[rows] / size_px
        first_xy = start[rows] + step_px[:, None] / 2
        rgb = mirrored(frames, faces.frame[rows], first_xy, step_px, size_px)
        return Crops(rgb=rgb, row=rows)
