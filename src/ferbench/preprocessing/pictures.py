"""Frames on a CPU as numpy and OpenCV want them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


def pictures_of(frames: Tensor) -> NDArray[np.uint8]:
    """u8 (N, 3, H, W) on a CPU as u8 (N, H, W, 3), without a copy.

    Readers write a frame's pixels one after the other, so that these pictures are contiguous.
    """
    pictures: NDArray[np.uint8] = frames.permute(0, 2, 3, 1).numpy()
    return pictures
