"""One-to-one matching of event times to annotation onsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ferbench.timespans import TOLERANCE_S


class _Best(NamedTuple):
    """The best matching of the first events with the first annotations, as a linked list."""

    num_pairs: int
    total_lag_s: float
    last: tuple[int, int]
    before: _Best | None

    def beats(self, other: _Best) -> bool:
        return (-self.num_pairs, self.total_lag_s) < (-other.num_pairs, other.total_lag_s)


_EMPTY = _Best(0, 0.0, (-1, -1), None)


def match(
    stamps_s: Sequence[float],
    onsets_s: Sequence[float],
    *,
    pre_s: float,
    post_s: float,
    tolerance_s: float = TOLERANCE_S,
) -> tuple[tuple[int, int], ...]:
    """The largest one-to-one matching, of these one with the least total distance in time.

    Event i and annotation j may be paired when onset_j - pre_s <= stamp_i <= onset_j + post_s; both
    ends are included and stretched by ``tolerance_s``, so that decimal times whose doubles miss the
    edge by a rounding error count. Distances count with their absolute value. What is still equal
    is decided for the earlier ones in time.

    All windows are equally wide, so for two pairs that cross, (early event, late annotation) and
    (late event, early annotation), both uncrossed pairs are allowed as well and together not
    farther apart. Some best matching thus has no crossing, and dynamic programming over both lists
    in order of time finds it. Work and memory grow with the number of allowed pairs.

    Args:
        stamps_s: times of N events, any order; non-finite ones are never paired.
        onsets_s: finite times of M annotations, any order.
        pre_s: window before an onset, 0 or more.
        post_s: window after an onset, 0 or more.
        tolerance_s: what both ends are stretched by.

    Returns:
        Pairs (position in ``stamps_s``, position in ``onsets_s``), rising in the first; each
        position at most once.

    >>> match([1.0, 4.0], [3.5, 9.0], pre_s=0.5, post_s=5.0)
    ((1, 0),)
    """
    finite = np.flatnonzero(np.isfinite(np.asarray(stamps_s, np.float64)))
    events = sorted(finite.tolist(), key=lambda i: (stamps_s[i], i))
    annotations = sorted(range(len(onsets_s)), key=lambda j: (onsets_s[j], j))
    stamp_s = np.array([stamps_s[i] for i in events], np.float64)
    onset_s = np.array([onsets_s[j] for j in annotations], np.float64)
    # Annotations [first, stop) are allowed for an event; both ends rise from event to event.
    firsts = np.searchsorted(onset_s + post_s + tolerance_s, stamp_s, side="left").tolist()
    stops = np.searchsorted(onset_s - pre_s - tolerance_s, stamp_s, side="right").tolist()
    # best[j]: with the events so far and the first j annotations; longer prefixes equal the last.
    best = [_EMPTY]
    for i, (first, stop) in enumerate(zip(firsts, stops, strict=True)):
        if first >= stop:
            continue
        best.extend([best[-1]] * (stop + 1 - len(best)))
        before = best[first]  # without this event, and without annotation j
        for j in range(first, stop):
            lag_s = abs(float(stamp_s[i] - onset_s[j]))
            paired = _Best(before.num_pairs + 1, before.total_lag_s + lag_s, (i, j), before)
            before = best[j + 1]
            if best[j].beats(best[j + 1]):
                best[j + 1] = best[j]
            if paired.beats(best[j + 1]):
                best[j + 1] = paired
    return _pairs(best[-1], events, annotations)


def _pairs(best: _Best, events: list[int], annotations: list[int]) -> tuple[tuple[int, int], ...]:
    """Follow the linked list and return to the callers' positions."""
    pairs = []
    node: _Best | None = best
    while node is not None and node.num_pairs:
        i, j = node.last
        pairs.append((events[i], annotations[j]))
        node = node.before
    return tuple(sorted(pairs))
