"""Seconds in which two annotators say yes or no, measured and not cut into units."""

from __future__ import annotations

import numpy as np

from ferbench.timespans import Flags, Stretches, borders_of, clipped, held_between, spans_of
from ferbench.types import F64


def seconds_table(first: F64, second: F64, stretches: Stretches, tolerance_s: float) -> F64:
    """Seconds in which two annotators say yes and no, exactly.

    With a tolerance, a moment of one annotator is agreed where the other says the same within it,
    in the same stretch; else what the other says at that very moment counts.

    Args:
        first: spans of the first annotator's yes.
        second: spans of the second's.
        stretches: what was observed, apart and finite.
        tolerance_s: 0 or more.

    Returns:
        f64 (3, 4): rows = without tolerance, moments of the first annotator with it, moments of the
        second with it; columns = both, first only, second only, neither.
    """
    total = np.zeros((3, 4))
    for from_s, to_s in stretches:
        total += _table_of_stretch(first, second, from_s, to_s, tolerance_s)
    return total


def _table_of_stretch(
    first: F64, second: F64, from_s: float, to_s: float, tolerance_s: float
) -> F64:
    yes_first = _within(first, from_s, to_s)
    yes_second = _within(second, from_s, to_s)
    spans = [
        yes_first,
        yes_second,
        *_near_yes_and_no(yes_first, from_s, to_s, tolerance_s),
        *_near_yes_and_no(yes_second, from_s, to_s, tolerance_s),
    ]
    borders_s = borders_of(spans, [(from_s, to_s)])
    a, b, near_a, near_not_a, near_b, near_not_b = held_between(spans, borders_s)
    # What the other one says, as seen from the moments of the first, and of the second.
    b_seen_from_a = np.where(a, near_b, ~near_not_b)
    a_seen_from_b = np.where(b, near_a, ~near_not_a)
    lasts_s = np.diff(borders_s)
    return np.array(
        [
            _cells_s(a, b, lasts_s),
            _cells_s(a, b_seen_from_a, lasts_s),
            _cells_s(a_seen_from_b, b, lasts_s),
        ]
    )


def _cells_s(first: Flags, second: Flags, lasts_s: F64) -> list[float]:
    cells = (first & second, first & ~second, ~first & second, ~first & ~second)
    return [float(lasts_s[cell].sum()) for cell in cells]


def _within(spans: F64, from_s: float, to_s: float) -> F64:
    return spans_of(clipped(spans.tolist(), from_s, to_s))


def _near_yes_and_no(yes: F64, from_s: float, to_s: float, tolerance_s: float) -> list[F64]:
    """What is within the tolerance of a yes, and what is within it of a no."""
    ends = np.concatenate(([from_s], yes.reshape(-1), [to_s])).reshape(-1, 2)
    no = ends[ends[:, 1] > ends[:, 0]]
    wider = np.array([-tolerance_s, tolerance_s])
    return [spans_of((said + wider).clip(from_s, to_s).tolist()) for said in (yes, no)]
