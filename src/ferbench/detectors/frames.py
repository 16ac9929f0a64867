"""What detectors ask of the frames that they get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import DataError

if TYPE_CHECKING:
    import torch


def check_frames(owner: str, frames: torch.Tensor) -> None:
    """Check that frames are u8 (N, 3, H, W).

    Raises:
        DataError: they are something else.
    """
    if str(frames.dtype) != "torch.uint8" or frames.dim() != 4 or frames.shape[1] != 3:
        got = f"{frames.dtype} of {tuple(frames.shape)}"
        raise DataError(f"{owner}: expected frames u8 (N, 3, H, W), got {got}")


def bgr_images(frames: torch.Tensor) -> Iterator[NDArray[np.uint8]]:
    """Each of frames, RGB u8 (N, 3, H, W) on any device, as OpenCV wants images.

    BGR u8 (H, W, 3).
    """
    import cv2

    for image in frames.permute(0, 2, 3, 1).cpu().numpy():
        yield np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR), np.uint8)
