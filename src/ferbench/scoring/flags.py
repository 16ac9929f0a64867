"""Chance levels of scores that count frames or segments: the found flags moved around a circle.

As ``moved.shifted`` for events (circular-shift surrogates), in whole frames or segments of the
observed time. All shifts of a session are counted at once as a circular cross-correlation.
"""

from __future__ import annotations

import numpy as np

from ferbench.scoring.uncertainty.moved import SHORTEST
from ferbench.timespans import Flags
from ferbench.types import F64, I64


def draw_shifts(size: int, *, least: int, draws: int, rng: np.random.Generator) -> I64:
    """Shifts of a circle, i64 (draws,), uniform between ``least`` and ``size - least``.

    Any shift where the circle is short.

    Args:
        size: of the circle, 1 or more.
        least: least shift in both directions; from ``SHORTEST`` of them on it applies.
        draws: how many.
        rng: random numbers.
    """
    if least and size >= SHORTEST * least:
        return rng.integers(least, size - least + 1, draws)
    return rng.integers(0, size, draws)


def overlaps(masks: Flags, moved: Flags, shift: I64) -> F64:
    """How many flags each mask shares with others moved by each shift, f64 (M, draws).

    Args:
        masks: bool (M, n).
        moved: bool (n,).
        shift: i64 (draws,); flag i of ``moved`` comes to (i + shift) modulo n.
    """
    from scipy.fft import irfft, rfft

    size = len(moved)
    spectrum = rfft(masks.astype(np.float64)) * np.conj(rfft(moved.astype(np.float64)))
    of_every_shift = irfft(spectrum, n=size)
    counts: F64 = np.round(of_every_shift[:, shift % size])
    return counts
