"""Rectangles of whole pixels cut out of frames and brought to one size, all at once."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import torch
from torch import Tensor

from ferbench.types import I64

Pad = Literal["edge", "black"]

_PIXELS_AT_ONCE: Final = 4_000_000
_ALIKE: Final = 1.25
_WEIGHT_STEP: Final = 2.0**-20


def cut(frames: Tensor, frame: I64, corners: I64, size_px: int, pad: Pad) -> Tensor:
    """Cut rectangles out of frames and resize them, bilinear, with antialiasing where they shrink.

    The result is that of ``torch.nn.functional.interpolate(mode="bilinear", antialias=True)`` on
    each rectangle, rounded to whole grey levels. Weights are multiples of 2**-20 and sums are f64,
    so all sums are exact: a crop does not depend on the crops beside it or on the device.

    Args:
        frames: RGB u8 (N, 3, H, W).
        frame: i64 (M,), which frame each rectangle lies in.
        corners: i64 (M, 4), left, top, right, bottom: pixels [left, right) x [top, bottom), not
            empty; they may reach beyond the frame.
        size_px: side of the result.
        pad: what lies beyond the frame: its nearest pixel, or black.

    Returns:
        u8 (M, 3, size_px, size_px) on the frames' device.
    """
    out = frames.new_empty((len(frame), 3, size_px, size_px))
    for rows in _alike(corners):
        where = torch.from_numpy(rows).to(frames.device)
        out[where] = _cut_together(frames, frame[rows], corners[rows], size_px, pad)
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


def _cut_together(frames: Tensor, frame: I64, corners: I64, size_px: int, pad: Pad) -> Tensor:
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
    """Pixels (M, L) to look at along one axis, and their weights f64 (M, size_px, L).

    A weight is that of a pixel in one output pixel: a triangle around the output pixel's centre, as
    wide as two input pixels or, when shrinking, two output pixels. Rows shorter than the longest
    have weight 0 beyond their end.
    """
    length = stop - start
    offset = torch.arange(int(length.max()), device=start.device)
    step = (length.double() / size_px)[:, None, None]
    centre = (torch.arange(size_px, device=start.device) + 0.5)[None, :, None] * step
    weight = ((offset + 0.5) - centre).abs_().div_(step.clamp(min=1)).neg_().add_(1).clamp_(min=0)
    weight *= offset < length[:, None, None]
    weight /= weight.sum(dim=2, keepdim=True)
    weight.div_(_WEIGHT_STEP).round_().mul_(_WEIGHT_STEP)
    pixel = start[:, None] + offset
    if pad == "black":
        weight *= ((pixel >= 0) & (pixel < limit))[:, None, :]
    return pixel.clamp_(0, limit - 1), weight
