"""What whole pictures are like: mean grey level, and change to the frame before.

Grey is OpenCV's, ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B, rounded. Sums are of whole numbers, so
results are equal to the bit however frames are dealt out to lanes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferbench.types import F64, Pictures

if TYPE_CHECKING:
    import torch

_Grey = NDArray[np.uint8]


@dataclass(slots=True, kw_only=True)
class GreyPart:
    """What the pictures of a read are like.

    Attributes:
        luma: f64 (N,), mean grey level.
        change: f64 (N,), mean absolute difference to the frame before; NaN in the read's first.
        first: grey picture of its first frame.
        last: that of its last one.
    """

    luma: F64
    change: F64
    first: _Grey
    last: _Grey


def grey_part(rgb: torch.Tensor) -> GreyPart:
    """Look at the frames of a read, RGB u8 (N, 3, H, W) on the CPU, N at least 1."""
    frames: NDArray[Any] = rgb.permute(0, 2, 3, 1).numpy()
    greys = [_grey(frame) for frame in frames]
    luma = np.array([grey.sum(dtype=np.int64) / grey.size for grey in greys])
    change = [math.nan, *(difference(*pair) for pair in itertools.pairwise(greys))]
    return GreyPart(luma=luma, change=np.array(change), first=greys[0], last=greys[-1])


def _grey(frame: NDArray[Any]) -> _Grey:
    import cv2

    return np.asarray(cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY), np.uint8)


def difference(before: _Grey, after: _Grey) -> float:
    """Mean absolute difference of two grey pictures."""
    import cv2

    return float(np.sum(cv2.absdiff(before, after), dtype=np.int64)) / before.size


@dataclass(slots=True, kw_only=True)
class GreyChange:
    """Follows the reads of a video, and compares the first frame of each with the one before it."""

    _last: _Grey | None = None

    def follow(self, part: GreyPart) -> None:
        """Complete the next read, and take its pictures away; the last one is kept here."""
        if self._last is not None:
            part.change[0] = difference(self._last, part.first)
        self._last = part.last
        part.first = part.last = np.empty((0, 0), np.uint8)


def pictures_of(parts: Iterable[GreyPart]) -> Pictures:
    """Those of reads that were followed."""
    every = list(parts)
    nothing = [np.empty(0)]
    return Pictures(
        luma=np.concatenate([part.luma for part in every] or nothing),
        change=np.concatenate([part.change for part in every] or nothing),
    )
