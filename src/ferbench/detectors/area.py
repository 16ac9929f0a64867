"""Area resampling of whole frames and of many crops by one summed-area table (Crow 1984).

An output pixel is the mean of the input pixels from floor(i * n / size) to ceil((i + 1) * n /
size), which is what ``torch.nn.functional.interpolate(mode="area")`` computes. From the table every
mean is four lookups, whatever the size of its window, so crops of different sizes need no loop.
Sums are whole numbers and exact; only the last division rounds.
"""

from __future__ import annotations

import torch
from torch import Tensor

_INT32_PIXELS = (2**31 - 1) // 255


def summed_area(frames: Tensor) -> Tensor:
    """Sums over all pixels above and left.

    Args:
        frames: u8 (N, 3, H, W).

    Returns:
        (N, H+1, W+1, 3), int32 where the sums fit (up to 8.4 million pixels), else int64.
    """
    n, channels, height, width = frames.shape
    kind = torch.int32 if height * width <= _INT32_PIXELS else torch.int64
    table = frames.new_zeros((n, height + 1, width + 1, channels), dtype=kind)
    table[:, 1:, 1:] = frames.permute(0, 2, 3, 1)
    return table.cumsum(1, dtype=kind).cumsum(2, dtype=kind)


def _windows(length: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """First and past-the-last input pixel of each output pixel.

    Length (...) gives two (..., size).
    """
    i = torch.arange(size, device=length.device)
    n = length[..., None]
    return i * n // size, ((i + 1) * n + size - 1) // size


def resize(table: Tensor, height: int, width: int) -> Tensor:
    """Whole frames at another size.

    Args:
        table: summed areas (N, H+1, W+1, 3).
        height: rows of the result.
        width: columns of the result.

    Returns:
        f32 (N, 3, height, width) in 0..255, channels last in memory.
    """
    top, bottom = _windows(torch.tensor(table.shape[1] - 1, device=table.device), height)
    left, right = _windows(torch.tensor(table.shape[2] - 1, device=table.device), width)
    bands = table.index_select(1, bottom) - table.index_select(1, top)
    sums = bands.index_select(2, right) - bands.index_select(2, left)
    count = (bottom - top)[:, None, None] * (right - left)[None, :, None]
    return (sums / count).permute(0, 3, 1, 2)


def crops(table: Tensor, frame: Tensor, corners: Tensor, size: int) -> Tensor:
    """Crops of any sizes, resized to squares.

    Args:
        table: summed areas (N, H+1, W+1, 3), contiguous.
        frame: i64 (M,), which frame each crop is cut from.
        corners: i64 (M, 4), left, top, right, bottom; pixels [left, right) x [top, bottom), not
            empty, inside.
        size: rows and columns of the result.

    Returns:
        f32 (M, 3, size, size) in 0..255, channels last in memory.
    """
    rows, columns, channels = table.shape[1:]
    left, top, right, bottom = corners.unbind(1)
    y0, y1 = (top[:, None] + edge for edge in _windows(bottom - top, size))
    x0, x1 = (left[:, None] + edge for edge in _windows(right - left, size))
    flat = table.view(-1, channels)

    def at(y: Tensor, x: Tensor) -> Tensor:
        index = ((frame[:, None] * rows + y) * columns)[:, :, None] + x[:, None, :]
        return flat.index_select(0, index.view(-1)).view(-1, size, size, channels)

    sums = at(y1, x1) - at(y0, x1) - at(y1, x0) + at(y0, x0)
    count = (y1 - y0)[:, :, None, None] * (x1 - x0)[:, None, :, None]
    return (sums / count).permute(0, 3, 1, 2)
