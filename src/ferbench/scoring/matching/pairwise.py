"""Criteria that look at each pair of event and annotation alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.scoring.matching.criterion import OnsetWindow, Pairs, check_stamp
from ferbench.scoring.matching.duplicates import Duplicates, check_duplicates
from ferbench.scoring.matching.many_draws import Allowed, Counting, at_pairs
from ferbench.scoring.scored_session import Stamp, stamp_s
from ferbench.types import F64, Annotation, Event

Which = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairwise(ABC):
    """All of ``criterion.Criterion`` for a rule that says which pairs are allowed.

    A subclass has ``allowed``, ``least_shift_s`` and ``__str__``.

    Attributes:
        stamp: an event's time, of what was observed and of lags: ``trigger`` or ``onset``. Matching
            goes by extents.
        duplicates: further events that might count for an annotation are ``false_alarm`` or
            ``ignored``.
    """

    version: ClassVar[str] = "1"
    needs_extent: ClassVar[bool] = True
    frame_rate_hz: ClassVar[float | None] = None
    moved_by: ClassVar[Stamp] = "onset"
    onset_window: ClassVar[OnsetWindow | None] = None
    no_curves: ClassVar[str] = (
        "no curves over thresholds and over the window's width: matching is not by a window around "
        "the onset"
    )
    stamp: Stamp = "trigger"
    duplicates: Duplicates = "false_alarm"

    def __post_init__(self) -> None:
        """Check the stamp and what further events are."""
        check_stamp(self.stamp)
        check_duplicates(self.duplicates)

    def stamp_s(self, event: Event) -> float:
        """See ``Criterion``."""
        return stamp_s(event, self.stamp)

    @abstractmethod
    def allowed(self, event_s: F64, annotation_s: F64) -> Which:
        """Which pairs are allowed, bool (..., N, M).

        Args:
            event_s: onsets and offsets of events, f64 (2, ..., N, 1).
            annotation_s: onsets and offsets of annotations, f64 (2, 1, M).
        """

    def matches(self, events: Sequence[Event], annotations: Sequence[Annotation]) -> Pairs:
        """See ``Criterion``."""
        return nearest_pairs(events, annotations, self.allowed)

    def ignored(
        self, events: Sequence[Event], annotations: Sequence[Annotation], pairs: Pairs
    ) -> tuple[int, ...]:
        """See ``Criterion``."""
        if self.duplicates == "false_alarm" or not events or not annotations:
            return ()
        is_allowed = self.allowed(_spans(events)[:, :, None], _spans(annotations)[:, None])
        matched = {event for event, _ in pairs}
        might_count = np.flatnonzero(is_allowed.any(axis=-1)).tolist()
        return tuple(event for event in might_count if event not in matched)

    def count_matches(self) -> Counting:
        """See ``Criterion``."""
        return at_pairs(self.allowed, duplicates=self.duplicates)


def nearest_pairs(
    events: Sequence[Event], annotations: Sequence[Annotation], allowed: Allowed
) -> Pairs:
    """The largest matching of allowed pairs, of these one with the least total distance of onsets.

    Pairs that share nothing, directly or through others, are matched apart: many small problems
    instead of a large one.
    """
    from scipy.optimize import linear_sum_assignment

    if not events or not annotations:
        return ()
    event_s, annotation_s = _spans(events), _spans(annotations)
    event_order = np.lexsort(event_s[::-1])
    annotation_order = np.lexsort(annotation_s[::-1])
    event_s = event_s[:, event_order, None]
    annotation_s = annotation_s[:, None, annotation_order]
    is_allowed = allowed(event_s, annotation_s)
    lag_s = np.abs(event_s[0] - annotation_s[0])
    pairs: list[tuple[int, int]] = []
    for event_rows, annotation_rows in _connected(is_allowed):
        block = np.ix_(event_rows, annotation_rows)
        # One more pair weighs more than all lags together.
        bonus = 1 + min(len(event_rows), len(annotation_rows)) * float(lag_s[block].max())
        cost = np.where(is_allowed[block], lag_s[block] - bonus, 0.0)
        for i, j in zip(*linear_sum_assignment(cost), strict=True):
            event, annotation = event_rows[i], annotation_rows[j]
            if is_allowed[event, annotation]:
                pairs.append((int(event_order[event]), int(annotation_order[annotation])))
    return tuple(sorted(pairs))


def _connected(is_allowed: Which) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Events and annotations that hang together by allowed pairs, in groups."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    num_events = len(is_allowed)
    rows, columns = np.nonzero(is_allowed)
    size = sum(is_allowed.shape)
    graph = csr_array((np.ones(len(rows)), (rows, columns + num_events)), shape=(size, size))
    group = connected_components(graph, directed=False)[1]
    of_event, of_annotation = group[:num_events], group[num_events:]
    return [
        (np.flatnonzero(of_event == number), np.flatnonzero(of_annotation == number))
        for number in np.unique(group[rows]).tolist()
    ]


def _spans(items: Sequence[Event] | Sequence[Annotation]) -> F64:
    """Onsets and offsets, f64 (2, number of items)."""
    return np.array([(item.onset_s, item.offset_s) for item in items], np.float64).T
