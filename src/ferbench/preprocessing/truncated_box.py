"""The detector's box cut off at whole pixels, resized by areas with OpenCV, as the thesis did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferbench.checks import check_optional_size
from ferbench.geometry import CropGeometry
from ferbench.preprocessing.pictures import pictures_of
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
        pictures = pictures_of(frames.cpu())
        cut: list[NDArray[np.uint8]] = []
        rows: list[int] = []
        finite = np.isfinite(faces.box_xyxy).all(axis=1)
        for row in np.flatnonzero(finite).tolist():
            region = _region(pictures[int(faces.frame[row])], faces.box_xyxy[row])
            crop = _resized(region, size_px) if region.size else None
            if crop is not None and (crop.any() or region.any()):
                cut.append(crop)
                rows.append(row)
        rgb = np.empty((len(cut), 3, size_px, size_px), np.uint8)
        for at, crop in enumerate(cut):
            rgb[at] = crop.transpose(2, 0, 1)
        return Crops(rgb=torch.from_numpy(rgb).to(frames.device), row=np.array(rows, np.int64))


def _region(picture: NDArray[np.uint8], box_xyxy: F32) -> NDArray[np.uint8]:
    """Part of a picture (H, W, 3)."""
    left, top, right, bottom = (int(corner) for corner in box_xyxy.tolist())
    return picture[max(top, 0) : bottom, max(left, 0) : right]


def _resized(region: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    import cv2

    crop = cv2.resize(region, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8)
