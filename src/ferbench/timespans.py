"""Time as sets of intervals: what several coders say between the borders of all their marks.

Spans are f64 (N, 2), [from_s, to_s) in seconds of the session, in order and apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.scoring.counts import Stretches, joined
from ferbench.types import F64

TOLERANCE_S = 1e-9


def spans_of(stretches: Stretches) -> F64:
    """Stretches in any order as spans."""
    return np.array(joined(stretches), np.float64).reshape(-1, 2)


def edges_of(spans: Sequence[F64], stretches: Stretches) -> F64:
    """All times at which anything changes, from the first stretch's start to the last one's end,
    f64, rising.
    """
    ends = np.array(stretches, np.float64).reshape(-1)
    every = np.unique(np.concatenate([ends, *(own.reshape(-1) for own in spans)]))
    result: F64 = every[(every >= ends.min(initial=np.inf)) & (every <= ends.max(initial=-np.inf))]
    return result


def says(spans: Sequence[F64], edges: F64) -> NDArray[np.bool_]:
    """Which of N coders' spans hold between two edges each, bool (N, max(len(edges) - 1, 0))."""
    middle = (edges[1:] + edges[:-1]) / 2
    result = np.zeros((len(spans), len(middle)), np.bool_)
    for row, own in zip(result, spans, strict=True):
        if len(own):
            index = np.searchsorted(own[:, 0], middle, side="right") - 1
            row[:] = (index >= 0) & (middle < own[index.clip(0), 1])
    return result


def cells_of(first: F64, second: F64, stretches: Stretches, tolerance_s: float) -> F64:
    """Seconds in which two coders say yes and no, exactly.

    With a tolerance, a moment of one coder is agreed where the other says the same within it, in
    the same stretch; else the other's own word at that moment counts.

    Args:
        first: spans of the first coder's yes.
        second: spans of the second's.
        stretches: what was observed, apart and finite.
        tolerance_s: 0 or more.

    Returns:
        f64 (3, 4): rows = without tolerance, moments of the first coder with it, moments of the
        second with it; columns = both, first only, second only, neither.
    """
    total = np.zeros((3, 4))
    for start_s, stop_s in stretches:
        own, other = (_clipped(spans, start_s, stop_s) for spans in (first, second))
        near = [_near(spans, start_s, stop_s, tolerance_s) for spans in (own, other)]
        edges = edges_of([own, other, *near[0], *near[1]], [(start_s, stop_s)])
        a, b, near_a, near_not_a, near_b, near_not_b = says([own, other, *near[0], *near[1]], edges)
        found_b = np.where(
            a, near_b, ~near_not_b
        )  # what the second says, as seen from the first one's moments
        found_a = np.where(b, near_a, ~near_not_a)
        lasts_s = np.diff(edges)
        total += [_seconds(one, two, lasts_s) for one, two in ((a, b), (a, found_b), (found_a, b))]
    return total


def _seconds(first: NDArray[np.bool_], second: NDArray[np.bool_], lasts_s: F64) -> list[float]:
    return [
        float(lasts_s[(first == one) & (second == two)].sum())
        for one in (True, False)
        for two in (True, False)
    ]


def _clipped(spans: F64, start_s: float, stop_s: float) -> F64:
    cut = spans.clip(start_s, stop_s)
    result: F64 = cut[cut[:, 1] > cut[:, 0]]
    return result


def _near(spans: F64, start_s: float, stop_s: float, tolerance_s: float) -> list[F64]:
    """What is within the tolerance of a yes, and what is within it of a no."""
    borders = np.concatenate(([start_s], spans.reshape(-1), [stop_s])).reshape(-1, 2)
    wider = np.array([-tolerance_s, tolerance_s])
    return [
        spans_of((own + wider).clip(start_s, stop_s).tolist())
        for own in (spans, borders[borders[:, 1] > borders[:, 0]])
    ]
