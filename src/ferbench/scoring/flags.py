"""Chance levels of scores that count frames or segments: the found flags moved around a circle.

As ``chance.shifted`` for events (circular-shift surrogates), in whole frames or segments of the
observed time. All shifts of a session are counted at once as a circular cross-correlation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ferbench.scoring.uncertainty.chance import SHORTEST
from ferbench.types import F64, I64

Flags = NDArray[np.bool_]


def draw_shifts(size: int, *, least: int, draws: int, rng: np.random.Generator) -> I64:
    """Shifts of a circle, i64 (draws,), uniform between ``least`` and ``size - least``.

    Any where it is short.

    Args:
        size: of the circle, 1 or more.
        least: least shift in both directions; from ``SHORTEST`` of them on it applies.
        draws: how many.
        rng: random numbers.
    """
    if least and size >= SHORTEST * least:
        return rng.integers(least, size - least + 1, draws)
    return rng.integers(0, size, draws)


def overlaps(masks: Flags, found: Flags, shift: I64) -> F64:
    """How many flags a mask shares with the found ones moved by each shift, f64 (M, draws).

    Args:
        masks: bool (M, n).
        found: bool (n,).
        shift: i64 (draws,); flag i comes to (i + shift) modulo n.
    """
    from scipy.fft import irfft, rfft

    size = len(found)
    every = irfft(rfft(masks.astype(np.float64)) * np.conj(rfft(found.astype(np.float64))), n=size)
    counts: F64 = np.round(every[:, shift % size])
    return counts
