"""Sizes of largest one-to-one matchings in many draws of the events at once.

Null detectors draw a session's events anew a thousand times; only the numbers of matches and of
ignored events of each draw are asked for, so all draws are counted together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from ferbench.scoring.matching.duplicates import Duplicates, in_any_window
from ferbench.timespans import TOLERANCE_S, Flags
from ferbench.types import F64, I64


class Counted(NamedTuple):
    """What became of the events of each draw; the others are false alarms.

    Attributes:
        matches: size of the largest one-to-one matching, i64 (S,).
        ignored: further events at annotations that have a match, i64 (S,); 0 where these are false
            alarms.
    """

    matches: I64
    ignored: I64


Counting = Callable[[F64, F64, F64, F64], Counted]
"""Counts of each draw, from the events' times f64 (S, N) in any order (NaN = no event), their
durations f64 (N,) or (S, N), the annotations' onsets and offsets f64 (M, 2), and the times f64 (S,
N) at which events that reach beyond the end of the observed time began if they came in at its start
(NaN = does not reach so far).
"""

Allowed = Callable[[F64, F64], Flags]
"""Which event and annotation may be matched, bool (S, N, M), from onsets and offsets of events, f64
(2, S, N, 1), and of annotations, f64 (2, 1, M).
"""

_SMALL: Final = 2**15
"""Fewer events than that are counted in 16 bits."""
AT_ONCE: Final = 4_000_000
"""So many events, or pairs of event and annotation, are looked at together."""


def at_points(
    pre_s: float,
    post_s: float,
    *,
    tolerance_s: float = TOLERANCE_S,
    duplicates: Duplicates = "false_alarm",
) -> Counting:
    """Counting of events in [onset - pre_s, onset + post_s] of an annotation.

    As ``one_to_one.match`` has it.
    """

    def count(times_s: F64, lasts_s: F64, marks_s: F64, around_s: F64) -> Counted:
        del lasts_s, around_s  # points have no extent
        onsets_s = np.sort(marks_s[:, 0])
        matches = count_matches(
            np.sort(times_s, axis=1),
            onsets_s,
            pre_s=pre_s,
            post_s=post_s,
            tolerance_s=tolerance_s,
        )
        if duplicates == "false_alarm":
            return Counted(matches, np.zeros_like(matches))
        low_s, high_s = onsets_s - pre_s - tolerance_s, onsets_s + post_s + tolerance_s
        return Counted(matches, in_any_window(times_s, low_s, high_s).sum(axis=1) - matches)

    return count


def at_pairs(allowed: Allowed, *, duplicates: Duplicates = "false_alarm") -> Counting:
    """Counting by any rule of which event and annotation may be matched, such as a least overlap.

    The draws are put side by side as one graph without edges between them, so one search serves
    all: Hopcroft & Karp 1973, as in SciPy.
    """

    def count(times_s: F64, lasts_s: F64, marks_s: F64, around_s: F64) -> Counted:
        pairs_of_draw = times_s.shape[1] * len(marks_s)
        step = max(AT_ONCE // max(pairs_of_draw, 1), 1)
        events_s = np.stack([times_s, times_s + lasts_s])[..., None]
        again_s = np.stack([around_s, around_s + lasts_s])[..., None]
        annotations_s = marks_s.T[:, None]
        sizes, ignored = np.zeros((2, len(times_s)), np.int64)
        for row in range(0, len(times_s), step):
            rows = slice(row, row + step)
            may_match = allowed(events_s[:, rows], annotations_s)
            may_match |= allowed(again_s[:, rows], annotations_s)
            sizes[rows] = _most_pairs(may_match)
            if duplicates == "ignored":
                ignored[rows] = may_match.any(axis=2).sum(axis=1) - sizes[rows]
        return Counted(sizes, ignored)

    return count


def _most_pairs(allowed: Flags) -> I64:
    """Size of the largest one-to-one matching in each of S graphs, bool (S, N, M)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    graphs, events, annotations = allowed.shape
    graph, event, annotation = np.nonzero(allowed)
    nodes = (graph * events + event, graph * annotations + annotation)
    edges = csr_array(
        (np.ones(len(graph), np.int8), nodes), shape=(graphs * events, graphs * annotations)
    )
    partner = maximum_bipartite_matching(edges, perm_type="column").reshape(graphs, events)
    return np.asarray((partner >= 0).sum(axis=1), np.int64)


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
    num_draws, num_events = stamps_s.shape
    matched = np.zeros(num_draws, np.int64)
    if not num_events:
        return matched
    rows = np.arange(num_draws)
    by_event = np.ascontiguousarray(stamps_s.T)  # sums over events are then of whole rows
    small = np.int16 if num_events < _SMALL else np.int64
    free = np.zeros(num_draws, np.int64)  # the earliest event that may still be taken
    for onset_s in sorted(onsets_s):
        # The very sums of one_to_one.match, so that both agree in the last digit.
        first = (by_event < onset_s - pre_s - tolerance_s).sum(axis=0, dtype=small)
        free = np.maximum(free, first)
        at = np.minimum(free, num_events - 1)
        in_window = by_event.take(at * num_draws + rows) <= onset_s + post_s + tolerance_s
        is_matched = (free < num_events) & in_window
        matched += is_matched
        free += is_matched
    return matched
