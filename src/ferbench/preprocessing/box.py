"""The detector's box as it is, stretched to a square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from ferbench.checks import check_optional_size
from ferbench.geometry import CropGeometry
from ferbench.preprocessing.resample import cut
from ferbench.types import Crops, Faces


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The box, its corners rounded to whole pixels (halves up) and clipped to the frame.

    Width and height are scaled separately, bilinear with antialiasing. A box without a pixel inside
    the frame has no row. Implements ``ferbench.protocols.Preprocessing``.

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

    def crop(self, frames: torch.Tensor, faces: Faces, *, model_px: int) -> Crops:
        """Cut every row of ``faces`` out of RGB u8 (N, 3, H, W)."""
        height, width = frames.shape[2:]
        finite = np.isfinite(faces.box_xyxy.sum(axis=1))
        box = np.where(finite[:, None], faces.box_xyxy, 0).astype(np.float64)
        corners = np.floor(box + 0.5).clip(0, (width, height, width, height)).astype(np.int64)
        not_empty = (corners[:, 2:] > corners[:, :2]).all(axis=1)
        rows = np.flatnonzero(finite & not_empty)
        size_px = self.size_px or model_px
        rgb = cut(frames, faces.frame[rows], corners[rows], size_px, "edge")
        return Crops(rgb=rgb, row=rows)
