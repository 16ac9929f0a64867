"""Crops at an angle sampled one after the other, on a CPU."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferbench.preprocessing.pictures import pictures_of
from ferbench.preprocessing.triangle import Pad
from ferbench.types import I64

BITS: Final = 10
"""1024 positions per pixel, and 1024 parts of such a step while positions are added up."""

_ONE: Final = 1 << BITS
_PIXELS_AT_ONCE: Final = 8192
"""So many stay in a core's cache from one step to the next."""

_Levels = NDArray[np.int32]


def warp_each(frames: Tensor, frame: I64, across: I64, down: I64, pad: Pad) -> Tensor:
    """Sample crops, bilinear between the four nearest pixels.

    A pixel of a crop lies where the sum of its ``across`` and ``down`` says, x and y, in 2**-20 of
    a pixel.

    Args:
        frames: RGB u8 (N, 3, H, W).
        frame: i64 (M,), which frame each crop lies in.
        across: i64 (M, 2, S), share of the crop's column.
        down: i64 (M, 2, S), share of the crop's row.
        pad: what lies beyond the frame: its nearest pixel, or black.

    Returns:
        u8 (M, 3, S, S); in memory the three colours of a pixel lie side by side.
    """
    pictures, size_px = pictures_of(frames), across.shape[2]
    out = np.empty((len(frame), size_px, size_px, 3), np.uint8)
    lines = max(1, _PIXELS_AT_ONCE // size_px)
    for row, number in enumerate(frame.tolist()):
        for first in range(0, size_px, lines):
            some = slice(first, first + lines)
            fine = down[row, :, some, None] + across[row, :, None, :]
            position = (fine + _ONE // 2) >> BITS  # (2, lines, S), x and y
            out[row, some] = _sampled(pictures[number], position, pad)
    return torch.from_numpy(out).permute(0, 3, 1, 2)


def _sampled(picture: NDArray[np.uint8], position: I64, pad: Pad) -> _Levels:
    """Lines of a crop (lines, S, 3), from positions in 1/1024 pixel."""
    whole = position >> BITS
    x, y = (position & (_ONE - 1)).astype(np.int32)[..., None].repeat(3, axis=3)
    beyond = (picture.shape[1] - 1, picture.shape[0] - 1)
    first = whole.min(axis=(1, 2)).clip(0, beyond)
    last = (whole.max(axis=(1, 2)) + 1).clip(first, beyond)
    region = picture[first[1] : last[1] + 1, first[0] : last[0] + 1]
    left, top = whole - first[:, None, None]
    place = np.empty((*left.shape, 2), np.int16)
    _set(place[..., 0], left, region.shape[1])
    _set(place[..., 1], top, region.shape[0])
    left_top = _pixels(region, place, pad)
    _set(place[..., 0], left + 1, region.shape[1])
    right_top = _pixels(region, place, pad)
    _set(place[..., 1], top + 1, region.shape[0])
    right_below = _pixels(region, place, pad)
    _set(place[..., 0], left, region.shape[1])
    left_below = _pixels(region, place, pad)
    total = _between(_between(left_top, right_top, x), _between(left_below, right_below, x), y)
    total += _ONE * _ONE // 2
    total >>= 2 * BITS
    return total


def _set(place: NDArray[np.int16], where: I64, limit: int) -> None:
    """Write coordinates; all those beyond the region become the one next to it."""
    np.clip(where, -1, limit, out=place, casting="unsafe")


def _between(low: _Levels, high: _Levels, part: _Levels) -> _Levels:
    """``low * (1024 - part) + high * part``."""
    high -= low
    high *= part
    low <<= BITS
    low += high
    return low


def _pixels(region: NDArray[np.uint8], place: NDArray[np.int16], pad: Pad) -> _Levels:
    """Pixels (lines, S, 3) of a region; what lies beyond it is as ``pad`` says."""
    import cv2

    border = cv2.BORDER_REPLICATE if pad == "edge" else cv2.BORDER_CONSTANT
    nothing = np.empty(0, np.uint8)  # no fractions: places are whole
    pixels = cv2.remap(region, place, nothing, cv2.INTER_NEAREST, borderMode=border)
    return np.asarray(pixels, np.int32)
