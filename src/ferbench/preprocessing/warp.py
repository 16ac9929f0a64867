"""Crops that lie at an angle in the frame, sampled in one step.

Positions are whole multiples of 1/1024 pixel and all sums are of whole numbers, so a crop does not
depend on the crops beside it or on the device. Whole coordinates are pixel centres, as in OpenCV.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from ferbench.preprocessing.resample import cut
from ferbench.preprocessing.triangle import Pad
from ferbench.preprocessing.warp_each import BITS, warp_each
from ferbench.preprocessing.warp_together import PIXELS_AT_ONCE, warp_together
from ferbench.types import F64, I64

_FINEST_PX: Final = 2048


def warp(frames: Tensor, frame: I64, to_frame: F64, size_px: int, pad: Pad) -> Tensor:
    """Sample crops, bilinear between the four nearest pixels of the frame.

    This is ``cv2.warpAffine(flags=INTER_LINEAR)`` of OpenCV 5 to within one grey level. OpenCV 4
    rounds positions to 1/32 pixel, which makes some levels of difference at sharp edges. On a CPU
    it is one crop after the other, in the calling thread alone; elsewhere all at once.

    Args:
        frames: RGB u8 (N, 3, H, W).
        frame: i64 (M,), which frame each crop lies in.
        to_frame: f64 (M, 2, 3), from (x, y, 1) in the crop to (x, y) in the frame.
        size_px: side of the crops.
        pad: what lies beyond the frame: its nearest pixel, or black.

    Returns:
        u8 (M, 3, size_px, size_px) on the frames' device.
    """
    return _sampled(frames, frame, to_frame, size_px, pad).contiguous()


def warp_antialiased(frames: Tensor, frame: I64, to_frame: F64, size_px: int, pad: Pad) -> Tensor:
    """As ``warp``, but where the face shrinks, each pixel of the crop averages what it covers.

    The crop is first sampled k times as large, at most one pixel of the frame apart (but not larger
    than 2048 pixels), and then reduced like ``resample.cut``: a triangle as wide as two pixels of
    the crop, along the crop's axes.
    """
    out = frames.new_empty((len(frame), 3, size_px, size_px))
    step_px = np.hypot(to_frame[:, 0, 0], to_frame[:, 1, 0])
    times = np.clip(np.ceil(step_px - 1e-6), 1, max(1, _FINEST_PX // size_px)).astype(np.int64)
    for k in np.unique(times).tolist():
        rows = np.flatnonzero(times == k)
        finer = to_frame[rows]
        # To the centre of the first of the k x k parts of a pixel.
        finer[:, :, 2] += finer[:, :, :2].sum(axis=2) * (0.5 / k - 0.5)
        finer[:, :, :2] /= k
        side = k * size_px
        rows_at_once = max(1, PIXELS_AT_ONCE // side**2)
        for first in range(0, len(rows), rows_at_once):
            part = slice(first, first + rows_at_once)
            fine = _sampled(frames, frame[rows[part]], finer[part], side, pad)
            if k > 1:
                whole = np.tile(np.array([0, 0, side, side], np.int64), (len(fine), 1))
                fine = cut(fine, np.arange(len(fine)), whole, size_px, "edge")
            out[torch.from_numpy(rows[part]).to(frames.device)] = fine
    return out


def _sampled(frames: Tensor, frame: I64, to_frame: F64, size_px: int, pad: Pad) -> Tensor:
    along = np.arange(size_px, dtype=np.float64)
    across = _fixed(to_frame[:, :, 0:1] * along)  # (M, 2, S)
    down = _fixed(to_frame[:, :, 1:2] * along + to_frame[:, :, 2:3])
    if frames.device.type == "cpu":
        return warp_each(frames, frame, across, down, pad)
    return warp_together(frames, frame, across, down, pad)


def _fixed(pixels: F64) -> I64:
    return np.rint(pixels * 2.0 ** (2 * BITS)).astype(np.int64)
