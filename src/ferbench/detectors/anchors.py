"""RetinaFace's anchors, and what the network's numbers mean relative to them.

Source: biubug6's Pytorch_Retinaface (``PriorBox``, ``decode``, ``decode_landm``), whose scheme is
that of SSD (Liu et al. 2016). Anchors are reckoned in f64 and kept in f32 as there; what differs is
that no loop goes over them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

_SIDES_PX: Final = {8: (16, 32), 16: (64, 128), 32: (256, 512)}  # by stride, pixels
_SHIFT: Final = 0.1  # published as "variances": the unit of shifts, in sides of the anchor,
_GROWTH: Final = 0.2  # and of growth, in the exponent


@lru_cache(maxsize=8)
def anchors(height_px: int, width_px: int, device: torch.device) -> Tensor:
    """Centre and sides of all anchors of a frame, f32 (P, 4).

    x, y, width, height in parts of the frame's sides. All of stride 8, then of 16, then of 32; rows
    of cells, cells, the smaller before the larger.
    """
    parts = []
    for stride, sides in _SIDES_PX.items():
        x = (np.arange(-(-width_px // stride)) + 0.5) * stride / width_px
        y = (np.arange(-(-height_px // stride)) + 0.5) * stride / height_px
        part = np.empty((len(y), len(x), len(sides), 4))
        part[..., 0] = x[None, :, None]
        part[..., 1] = y[:, None, None]
        part[..., 2] = np.divide(sides, width_px)
        part[..., 3] = np.divide(sides, height_px)
        parts.append(part.reshape(-1, 4))
    return torch.from_numpy(np.concatenate(parts).astype(np.float32)).to(device)


def boxes(regression: Tensor, anchor: Tensor) -> Tensor:
    """Boxes in parts of the frame's sides, x1, y1, x2, y2, (M, 4).

    Args:
        regression: the network's numbers, (M, 4).
        anchor: what they are relative to, (M, 4).
    """
    sides = anchor[:, 2:] * torch.exp(regression[:, 2:] * _GROWTH)
    start = anchor[:, :2] + regression[:, :2] * _SHIFT * anchor[:, 2:] - sides / 2
    return torch.cat((start, start + sides), dim=1)


def landmarks(regression: Tensor, anchor: Tensor) -> Tensor:
    """Five points x, y in parts of the frame's sides, (M, 5, 2).

    Args:
        regression: the network's numbers, (M, 10).
        anchor: what they are relative to, (M, 4).
    """
    return anchor[:, None, :2] + regression.view(-1, 5, 2) * _SHIFT * anchor[:, None, 2:]
