"""Rectangles cut out of frames all at once, where a device wants few and large operations."""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from torch import Tensor

from ferbench.preprocessing.triangle import Pad, triangle_weights
from ferbench.types import I64

_PIXELS_AT_ONCE: Final = 4_000_000
_ALIKE: Final = 1.25


def cut_together(frames: Tensor, frame: I64, corners: I64, size_px: int, pad: Pad) -> Tensor:
    """Cut rectangles out of frames (see ``ferbench.preprocessing.resample.cut``)."""
    out = frames.new_empty((len(frame), 3, size_px, size_px))
    for rows in _alike(corners):
        where = torch.from_numpy(rows).to(frames.device)
        out[where] = _cut_group(frames, frame[rows], corners[rows], size_px, pad)
    return out


def _alike(corners: I64) -> list[I64]:
    """Rows in groups of similar size, because the largest of a group sets the work of all."""
    side = (corners[:, 2:] - corners[:, :2]).max(axis=1, initial=0)
    groups: list[list[int]] = []
    for row in np.argsort(side, kind="stable").tolist():
        if not groups or not _fits(side, groups[-1], row):
            groups.append([])
        groups[-1].append(row)
    return [np.array(group, np.int64) for group in groups]


def _fits(side: I64, group: list[int], row: int) -> bool:
    """Whether one more, larger rectangle can go with a group, whose first is the smallest."""
    if side[row] > _ALIKE * side[group[0]]:
        return False
    return (len(group) + 1) * int(side[row]) ** 2 <= _PIXELS_AT_ONCE


def _cut_group(frames: Tensor, frame: I64, corners: I64, size_px: int, pad: Pad) -> Tensor:
    device, (height, width) = frames.device, frames.shape[2:]
    left, top, right, bottom = torch.from_numpy(corners).to(device).unbind(1)
    y, down = _axis(top, bottom, height, size_px, pad)
    x, across = _axis(left, right, width, size_px, pad)
    index = torch.from_numpy(frame).to(device)
    plane = (index[:, None] * 3 + torch.arange(3, device=device)) * height
    line = (plane[:, :, None] + y[:, None, :]) * width
    pixels = frames.reshape(-1).take(line[..., None] + x[:, None, None, :])  # (M, 3, h, w)
    image = down[:, None] @ pixels.double() @ across.transpose(1, 2)[:, None]
    return image.add_(0.5).floor_().clamp_(0, 255).to(torch.uint8)


def _axis(start: Tensor, stop: Tensor, limit: int, size_px: int, pad: Pad) -> tuple[Tensor, Tensor]:
    """Pixels (M, L) to look at along one axis, and their weights f64 (M, size_px, L)."""
    weight = triangle_weights(stop - start, size_px)
    pixel = start[:, None] + torch.arange(weight.shape[2], device=start.device)
    if pad == "black":
        weight *= ((pixel >= 0) & (pixel < limit))[:, None, :]
    return pixel.clamp_(0, limit - 1), weight
