"""Upright squares sampled between the nearest four pixels, mirrored where the frame ends.

Positions are whole multiples of 2**-20 pixel and all sums are of whole numbers or exact, so a crop
does not depend on the crops beside it or on the device. Whole coordinates are pixel centres.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from ferbench.preprocessing.pictures import pictures_of
from ferbench.types import F64, I64

_BITS: Final = 20
_ONE: Final = 1 << _BITS
_PIXELS_AT_ONCE: Final = 1_000_000


def mirrored(frames: Tensor, frame: I64, first_xy: F64, step_px: F64, size_px: int) -> Tensor:
    """Sample squares; beyond a border the frame goes on mirrored, its outermost pixels twice.

    This is ``torch.nn.functional.grid_sample(padding_mode="reflection", align_corners=False)``,
    rounded to whole grey levels.

    Args:
        frames: RGB u8 (N, 3, H, W).
        frame: i64 (M,), which frame each square lies in.
        first_xy: f64 (M, 2), where the left upper pixel of the crop lies in the frame.
        step_px: f64 (M,), from one pixel of the crop to the next.
        size_px: side of the crops.

    Returns:
        u8 (M, 3, size_px, size_px) on the frames' device.
    """
    along = np.arange(size_px) * step_px[:, None, None] + first_xy[:, :, None]  # (M, 2, S)
    place = np.rint(along * _ONE).astype(np.int64)
    if frames.device.type == "cpu":
        return mirrored_each(frames, frame, place)
    return mirrored_together(frames, frame, place)


def mirrored_each(frames: Tensor, frame: I64, place: I64) -> Tensor:
    """Sample squares one after the other, in the calling thread alone.

    Args:
        frames: RGB u8 (N, 3, H, W).
        frame: i64 (M,).
        place: i64 (M, 2, S), x and y of the crop's columns and rows, in 2**-20 pixel.
    """
    pictures, size_px = pictures_of(frames), place.shape[2]
    height, width = pictures.shape[1:3]
    out = np.empty((len(frame), 3, size_px, size_px), np.uint8)
    for row, number in enumerate(frame.tolist()):
        xs, across = _axis(place[row, 0], width)
        ys, down = _axis(place[row, 1], height)
        region = pictures[number, ys, xs].astype(np.float64, order="C")
        lines = (down @ region.reshape(len(region), -1)).reshape(size_px, -1, 3)
        columns = lines.transpose(1, 2, 0).reshape(-1, 3 * size_px)
        levels = (across @ columns + 0.5).astype(np.uint8)
        out[row] = levels.reshape(size_px, 3, size_px).transpose(1, 2, 0)
    return torch.from_numpy(out)


def _axis(place: I64, limit: int) -> tuple[slice, csr_array]:
    """The pixels that are looked at along one axis, and their weights (S, pixels)."""
    whole, part = place >> _BITS, (place & (_ONE - 1)) / _ONE
    pixel = _reflected(np.stack((whole, whole + 1), axis=1), limit)
    first, end = int(pixel.min()), int(pixel.max()) + 1
    weight = np.stack((1 - part, part), axis=1)
    starts = np.arange(0, pixel.size + 1, 2)
    shape = (len(place), end - first)
    return slice(first, end), csr_array((weight.ravel(), pixel.ravel() - first, starts), shape)


def _reflected(pixel: I64, limit: int) -> I64:
    """The pixel inside the frame that stands where one beyond it would be."""
    folded = pixel % (2 * limit)
    inside: I64 = np.minimum(folded, 2 * limit - 1 - folded)
    return inside


def mirrored_together(frames: Tensor, frame: I64, place: I64) -> Tensor:
    """Sample squares all at once (see ``mirrored_each``)."""
    size_px = place.shape[2]
    out = frames.new_empty((len(frame), 3, size_px, size_px))
    at_once = max(1, _PIXELS_AT_ONCE // size_px**2)
    for first in range(0, len(frame), at_once):
        rows = slice(first, first + at_once)
        out[rows] = _group(frames, frame[rows], place[rows])
    return out


def _group(frames: Tensor, frame: I64, place: I64) -> Tensor:
    device, (height, width) = frames.device, frames.shape[2:]
    index = torch.from_numpy(frame).to(device)[:, None, None]
    whole, part = place >> _BITS, place & (_ONE - 1)
    total = torch.zeros((*place.shape[::2], place.shape[2], 3), dtype=torch.int64, device=device)
    for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
        x = torch.from_numpy(_reflected(whole[:, 0] + right, width)).to(device)
        y = torch.from_numpy(_reflected(whole[:, 1] + below, height)).to(device)
        by_x = torch.from_numpy(part[:, 0] if right else _ONE - part[:, 0]).to(device)
        by_y = torch.from_numpy(part[:, 1] if below else _ONE - part[:, 1]).to(device)
        pixels = frames[index, :, y[:, :, None], x[:, None, :]]  # (M, S, S, 3)
        total += pixels.to(torch.int64) * (by_y[:, :, None] * by_x[:, None, :])[..., None]
    rounded = (total + (1 << (2 * _BITS - 1))) >> (2 * _BITS)
    return rounded.to(torch.uint8).permute(0, 3, 1, 2)
