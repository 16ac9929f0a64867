"""Sizes of largest one-to-one matchings in many draws of the events at once.

Null detectors draw a session's events anew a thousand times; only the number of matches of each
draw is asked for, so all draws are counted together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferbench.scoring.matching.one_to_one import TOLERANCE_S
from ferbench.types import F64, I64

CountMatches = Callable[[F64, F64, F64, F64], I64]
"""Size of the largest one-to-one matching for each draw, i64 (S,), from the events' times f64 (S,
N) in any order, their durations f64 (N,), the annotations' onsets and offsets f64 (M, 2), and the
times f64 (S, N) at which events that reach beyond the end of the observed time began if they came
in at its start (NaN = does not reach so far).
"""

Allowed = Callable[[F64, F64], NDArray[np.bool_]]
"""Which event and annotation may be matched, bool (S, N, M), from onsets and offsets of events, f64
(2, S, N, 1), and of annotations, f64 (2, 1, M).
"""

_PAIRS_AT_ONCE: Final = 4_000_000


def at_points(pre_s: float, post_s: float, *, tolerance_s: float = TOLERANCE_S) -> CountMatches:
    """Counting of events in [onset - pre_s, onset + post_s], as ``one_to_one.match`` has it."""

    def count(times_s: F64, lasts_s: F64, marks_s: F64, around_s: F64) -> I64:
        del lasts_s, around_s  # points have no extent
        stamps_s = np.sort(times_s, axis=1)
        onsets_s = marks_s[:, 0]
        return count_matches(
            stamps_s, onsets_s, pre_s=pre_s, post_s=post_s, tolerance_s=tolerance_s
        )

    return count


def at_pairs(allowed: Allowed) -> CountMatches:
    """Counting by any rule of which event and annotation may be matched, such as a least overlap.

    The draws are put side by side as one graph without edges between them, so one search serves
    all: Hopcroft & Karp 1973, as in SciPy.
    """

    def count(times_s: F64, lasts_s: F64, marks_s: F64, around_s: F64) -> I64:
        pairs_of_a_draw = max(times_s.shape[1] * len(marks_s), 1)
        step = max(_PAIRS_AT_ONCE // pairs_of_a_draw, 1)
        spans_s = _spans(times_s, lasts_s)
        spans_around_s = _spans(around_s, lasts_s)
        annotations_s = marks_s.T[:, None]
        sizes = [np.empty(0, np.int64)]
        for row in range(0, len(times_s), step):
            rows = slice(row, row + step)
            within = allowed(spans_s[:, rows], annotations_s)
            around = allowed(spans_around_s[:, rows], annotations_s)
            sizes.append(_largest_sizes(within | around))
        return np.concatenate(sizes)

    return count


def _spans(onset_s: F64, lasts_s: F64) -> F64:
    """Onsets and offsets, f64 (2, S, N, 1)."""
    return np.stack([onset_s, onset_s + lasts_s])[..., None]


def _largest_sizes(allowed: NDArray[np.bool_]) -> I64:
    """Size of the largest one-to-one matching in each of S graphs, bool (S, N, M)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    graphs, events, annotations = allowed.shape
    graph, event, annotation = np.nonzero(allowed)
    row, column = graph * events + event, graph * annotations + annotation
    whole = csr_array(
        (np.ones(len(graph), np.int8), (row, column)),
        shape=(graphs * events, graphs * annotations),
    )
    partner = maximum_bipartite_matching(whole, perm_type="column")
    return np.asarray((partner.reshape(graphs, events) >= 0).sum(axis=1), np.int64)


def count_matches(
    stamps_s: F64,
    onsets_s: Sequence[float] | F64,
    *,
    pre_s: float,
    post_s: float,
    tolerance_s: float = TOLERANCE_S,
) -> I64:
    """Size of the largest one-to-one matching for each row of event times (see ``match``).

    Windows are equally wide, so giving each annotation, in order of time, the earliest free event
    in its window is optimal.

    Args:
        stamps_s: f64 (S, N), each row in order.
        onsets_s: M annotations, any order.
        pre_s: window before an onset.
        post_s: window after it.
        tolerance_s: what both ends are stretched by.

    Returns:
        i64 (S,).
    """
    rows = np.arange(len(stamps_s))
    num_events = stamps_s.shape[1]
    next_free = np.zeros(len(stamps_s), np.int64)
    matched = np.zeros(len(stamps_s), np.int64)
    if not num_events:
        return matched
    for onset_s in sorted(onsets_s):
        # The very sums of one_to_one.match, so that both agree in the last digit.
        first = (stamps_s < onset_s - pre_s - tolerance_s).sum(axis=1)
        next_free = np.maximum(next_free, first)
        candidate_s = stamps_s[rows, np.minimum(next_free, num_events - 1)]
        hit = (next_free < num_events) & (candidate_s <= onset_s + post_s + tolerance_s)
        matched += hit
        next_free += hit
    return matched
