"""Crops at an angle sampled all at once, where a device wants few and large operations."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from ferbench.preprocessing.triangle import Pad
from ferbench.preprocessing.warp_each import BITS
from ferbench.types import I64

PIXELS_AT_ONCE: Final = 4_000_000


def warp_together(frames: Tensor, frame: I64, across: I64, down: I64, pad: Pad) -> Tensor:
    """Sample crops (see ``ferbench.preprocessing.warp_each.warp_each``)."""
    size_px = across.shape[2]
    out = frames.new_empty((len(frame), 3, size_px, size_px))
    rows_at_once = max(1, PIXELS_AT_ONCE // size_px**2)
    for first in range(0, len(frame), rows_at_once):
        rows = slice(first, first + rows_at_once)
        out[rows] = _warp_group(frames, frame[rows], across[rows], down[rows], pad)
    return out


def _warp_group(frames: Tensor, frame: I64, across: I64, down: I64, pad: Pad) -> Tensor:
    device, size_px = frames.device, across.shape[2]
    height, width = frames.shape[2:]
    one = 1 << BITS
    by_x, by_y = torch.from_numpy(across).to(device), torch.from_numpy(down).to(device)
    fine = by_y[:, :, :, None] + by_x[:, :, None, :]
    position = ((fine + one // 2) >> BITS).to(torch.int32)
    whole = position >> BITS  # (M, 2, S, S), x and y
    part = position & (one - 1)
    index = torch.from_numpy(frame).to(device)[:, None, None]
    total = torch.zeros((len(frame), size_px, size_px, 3), dtype=torch.int32, device=device)
    for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
        x, y = whole[:, 0] + right, whole[:, 1] + below
        weight_x = part[:, 0] if right else one - part[:, 0]
        weight_y = part[:, 1] if below else one - part[:, 1]
        weight = weight_x * weight_y
        if pad == "black":
            weight *= (x >= 0) & (x < width) & (y >= 0) & (y < height)
        pixels = frames[index, :, y.clamp_(0, height - 1), x.clamp_(0, width - 1)]  # (M, S, S, 3)
        total += pixels.to(torch.int32) * weight[..., None]
    rounded = (total + one * one // 2) >> (2 * BITS)
    return rounded.to(torch.uint8).permute(0, 3, 1, 2)
