"""Whether contenders did the same: else their times are not to be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from benchmarks.turns import F32, BenchmarkError, Turns

LEAST_OVERLAP: Final = 0.9
"""Intersection over union of two boxes of the same face; decoders differ by rounding."""
LEAST_SHARE: Final = 0.99
"""Of the frames, in which both have the same face, or none."""


def check_faces(contenders: Mapping[str, Turns], *, least_overlap: float = LEAST_OVERLAP) -> None:
    """Compare the best face of every frame with the first contender's that tells its own.

    Raises:
        BenchmarkError: they looked at other frames, or found other faces.
    """
    told = {
        name: turns.first.done.boxes
        for name, turns in contenders.items()
        if turns.first.done.boxes is not None
    }
    names = list(told)
    for name in names[1:]:
        _check_pair(names[0], told[names[0]], name, told[name], least_overlap)


def _check_pair(one: str, boxes: F32, other: str, others: F32, least: float) -> None:
    if len(boxes) != len(others):
        raise BenchmarkError(
            f"{one} saw {len(boxes)} frames and {other} {len(others)}; expected the same"
        )
    share = float(np.mean(same_faces(boxes, others, least)))
    if share < LEAST_SHARE:
        raise BenchmarkError(
            f"{one} and {other} agree on the face of {share:.1%} of the frames; expected at least "
            f"{LEAST_SHARE:.0%}, so their times are not compared"
        )


def same_faces(boxes: F32, others: F32, least: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether two boxes overlap by ``least`` or both are missing, bool (N,); of f32 (N, 4)."""
    missing = np.isnan(boxes[:, 0]) & np.isnan(others[:, 0])
    same: np.ndarray[tuple[int], np.dtype[np.bool_]] = missing | (overlaps(boxes, others) >= least)
    return same


def overlaps(boxes: F32, others: F32) -> F32:
    """Intersection over union, f32 (N,), of boxes f32 (N, 4); NaN where one is missing."""
    low = np.maximum(boxes[:, :2], others[:, :2])
    high = np.minimum(boxes[:, 2:], others[:, 2:])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = [np.prod(each[:, 2:] - each[:, :2], axis=1) for each in (boxes, others)]
    overlap: F32 = both / (areas[0] + areas[1] - both)
    return overlap
