"""RetinaFace's anchors, and what the network's numbers mean relative to them.

Source: biubug6's Pytorch_Retinaface (``PriorBox``, ``decode``, ``decode_landm``), whose scheme is
that of SSD (Liu et al. 2016). Anchors are reckoned in f64 and kept in f32 as there; what differs is
that no loop goes over them.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import torch

from ferbench.types import F32

_SIDES_PX: Final = {8: (16, 32), 16: (64, 128), 32: (256, 512)}  # by stride, pixels
_SHIFT: Final = 0.1  # published as "variances": the unit of shifts, in sides of the anchor,
_GROWTH: Final = 0.2  # and of growth, in the exponent
_SLACK: Final = 1e-6  # more than f32 can be wrong by where a probability is computed


@lru_cache(maxsize=8)
def anchors(height_px: int, width_px: int) -> F32:
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
    every = np.concatenate(parts).astype(np.float32)
    every.flags.writeable = False  # shared by all calls
    return every


def probabilities(logits: F32) -> F32:
    """Probability of a face, f32 (M,), of logits f32 (M, 2): none, face."""
    # numpy's exponential has other last digits than torch's, which the originals use.
    found: F32 = torch.softmax(torch.from_numpy(logits), dim=-1)[:, 1].numpy()
    return found


def least_logit(probability: float) -> float:
    """What the logit of a face is above that of none by, at least, where its probability is larger.

    A little less, so that rounding in f32 loses no face: ``probabilities`` decides.
    """
    least = probability - _SLACK
    return math.log(least / (1 - least)) if least > 0 else -math.inf


def boxes(regression: F32, anchor: F32) -> F32:
    """Boxes in parts of the frame's sides, x1, y1, x2, y2, (M, 4).

    Args:
        regression: the network's numbers, (M, 4).
        anchor: what they are relative to, (M, 4).
    """
    growth: F32 = torch.exp(torch.from_numpy(regression[:, 2:] * _GROWTH)).numpy()
    sides = anchor[:, 2:] * growth
    start = anchor[:, :2] + regression[:, :2] * _SHIFT * anchor[:, 2:] - sides / 2
    return np.concatenate((start, start + sides), axis=1)


def landmarks(regression: F32, anchor: F32) -> F32:
    """Five points x, y in parts of the frame's sides, (M, 5, 2).

    Args:
        regression: the network's numbers, (M, 10).
        anchor: what they are relative to, (M, 4).
    """
    points: F32 = anchor[:, None, :2] + (
        regression.reshape(-1, 5, 2) * _SHIFT * anchor[:, None, 2:]
    )
    return points
