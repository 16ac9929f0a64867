"""When an event is allowed to count for an annotation, and the largest one-to-one matching under
that.

Every criterion pairs each event and each annotation at most once, as many as can be, and of those
matchings takes one with the least total distance between onsets (``Window``: between the event's
stamp and the onset). Order of the lists does not matter. Edges are included and stretched by
``tolerance_s``, so that decimal times whose doubles miss an edge by a rounding error count.
Duplicate detections therefore count once, the others are false alarms.

A criterion sees one session, all its parts together, and only what counts: events and annotations
outside of what was observed are left out before (``EventScoring.observed``), by an event's stamp
and an annotation's onset. An annotation beyond the end of a sound video counts as missed (and is
told); so does one without any event, as in a session without a face.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import ConfigError
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.metrics import Tally
from ferbench.scoring.scored_session import Evidence, Stamp
from ferbench.timespans import TOLERANCE, TOLERANCE_S
from ferbench.types import F64, Annotation, Event

_Which = NDArray[np.bool_]
Pairs = tuple[tuple[int, int], ...]


class Criterion(Protocol):
    """Says which events count for which annotations.

    As text it completes "an event matches an annotation when".
    """

    def matches(self, events: Sequence[Event], annotations: Sequence[Annotation]) -> Pairs:
        """Pairs (position in ``events``, position in ``annotations``) of one session, rising, each
        used once.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The event's time lies in [onset - pre_s, onset + post_s] (see ``matching.match``).

    For point annotations. With ``stamp=onset`` and equal ``pre_s`` and ``post_s`` it is the onset
    collar of sed_eval.

    Attributes:
        pre_s: window before an annotation's onset, seconds.
        post_s: window after it, seconds.
        stamp: an event's time: ``trigger`` or ``onset``.
        tolerance_s: what both ends are stretched by.
    """

    pre_s: float = 0.5
    post_s: float = 5.0
    stamp: Stamp = "trigger"
    tolerance_s: float = TOLERANCE_S

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_seconds(pre_s=self.pre_s, post_s=self.post_s, tolerance_s=self.tolerance_s)
        if self.stamp not in ("trigger", "onset"):
            raise ConfigError(f"stamp: expected trigger or onset, got {self.stamp!r}")

    def __str__(self) -> str:
        return f"its {self.stamp} is from {self.pre_s:g} s before to {self.post_s:g} s after the annotation's onset"

    def matches(self, events: Sequence[Event], annotations: Sequence[Annotation]) -> Pairs:
        """See ``Criterion``."""
        return match(
            [event.trigger_s if self.stamp == "trigger" else event.onset_s for event in events],
            [annotation.onset_s for annotation in annotations],
            pre_s=self.pre_s,
            post_s=self.post_s,
            tolerance_s=self.tolerance_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnsetOffset:
    """Onsets and offsets are near.

    The event-based score of sed_eval (Mesaros, Heittola & Virtanen 2016).

    Onsets may differ by ``onset_collar_s``; offsets by ``offset_collar_s`` or by ``offset_share``
    of the annotation's length, whichever is more. sed_eval has one collar for both. What differs:
    ``tolerance_s`` (0 = as there).

    Attributes:
        onset_collar_s: seconds.
        offset_collar_s: seconds.
        offset_share: of the annotation's length, 0 = only the collar counts.
        tolerance_s: what all edges are stretched by.
    """

    onset_collar_s: float = 1.0
    offset_collar_s: float = 1.0
    offset_share: float = 0.5
    tolerance_s: float = TOLERANCE_S

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_seconds(
            onset_collar_s=self.onset_collar_s,
            offset_collar_s=self.offset_collar_s,
            tolerance_s=self.tolerance_s,
        )
        if not (math.isfinite(self.offset_share) and self.offset_share >= 0):
            raise ConfigError(
                f"offset_share: expected a finite number, 0 or more, got {self.offset_share!r}"
            )

    def __str__(self) -> str:
        share = f" or {self.offset_share:g} of the annotation's length" if self.offset_share else ""
        return f"onsets are within {self.onset_collar_s:g} s, and offsets within {self.offset_collar_s:g} s{share}"

    def allowed(self, found: F64, marked: F64) -> _Which:
        """Which pairs are allowed, from onsets and offsets of events (2, ..., N, 1) and annotations
        (2, 1, M).
        """
        collar_s = np.maximum(self.offset_collar_s, self.offset_share * (marked[1] - marked[0]))
        near_onset: _Which = np.abs(marked[0] - found[0]) <= self.onset_collar_s + self.tolerance_s
        near_offset: _Which = np.abs(marked[1] - found[1]) <= collar_s + self.tolerance_s
        return near_onset & near_offset

    def matches(self, events: Sequence[Event], annotations: Sequence[Annotation]) -> Pairs:
        """See ``Criterion``."""
        return _matched(events, annotations, self.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Event and annotation share enough of the time that both take.

    Temporal intersection over union.

    As in temporal action localisation (ActivityNet). Nothing overlaps with a point annotation in
    this sense.

    Attributes:
        least_iou: intersection / union must be at least this, above 0, at most 1.
        tolerance: what that edge is lowered by.
    """

    least_iou: float = 0.5
    tolerance: float = TOLERANCE

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 < self.least_iou <= 1:
            raise ConfigError(
                f"least_iou: expected a number above 0, at most 1, got {self.least_iou!r}"
            )
        _check_seconds(tolerance=self.tolerance)

    def __str__(self) -> str:
        return f"intersection / union of the two is at least {self.least_iou:g}"

    def allowed(self, found: F64, marked: F64) -> _Which:
        """Which pairs are allowed, from onsets and offsets of events (2, ..., N, 1) and annotations
        (2, 1, M).
        """
        shared_s = np.minimum(found[1], marked[1]) - np.maximum(found[0], marked[0])
        union_s = (found[1] - found[0]) + (marked[1] - marked[0]) - np.maximum(shared_s, 0)
        enough: _Which = (shared_s > 0) & (shared_s >= (self.least_iou - self.tolerance) * union_s)
        return enough

    def matches(self, events: Sequence[Event], annotations: Sequence[Annotation]) -> Pairs:
        """See ``Criterion``."""
        return _matched(events, annotations, self.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOverlap:
    """The event touches [onset - before_s, offset + after_s].

    A detection as the ERR@HRI 2.0 challenge means it.

    What differs from its published evaluator: one event counts for one annotation and the other way
    round, and only within a session.

    Attributes:
        before_s: seconds before the annotation's onset.
        after_s: seconds after its offset.
        tolerance_s: what both ends are stretched by.
    """

    before_s: float = 1.0
    after_s: float = 1.0
    tolerance_s: float = TOLERANCE_S

    def __post_init__(self) -> None:
        """Check the numbers."""
        _check_seconds(before_s=self.before_s, after_s=self.after_s, tolerance_s=self.tolerance_s)

    def __str__(self) -> str:
        return (
            f"it touches the time from {self.before_s:g} s before the annotation's onset to {self.after_s:g} s after "
            "its offset"
        )

    def allowed(self, found: F64, marked: F64) -> _Which:
        """Which pairs are allowed, from onsets and offsets of events (2, ..., N, 1) and annotations
        (2, 1, M).
        """
        begins = found[0] <= marked[1] + self.after_s + self.tolerance_s
        touches: _Which = begins & (found[1] >= marked[0] - self.before_s - self.tolerance_s)
        return touches

    def matches(self, events: Sequence[Event], annotations: Sequence[Annotation]) -> Pairs:
        """See ``Criterion``."""
        return _matched(events, annotations, self.allowed)


def tally_of(sessions: Iterable[Evidence], criterion: Criterion) -> Tally:
    """Counts under a criterion, one entry per session."""
    rows = [
        (
            len(criterion.matches(s.events, s.annotations)),
            len(s.events),
            len(s.annotations),
            s.observed_s,
        )
        for s in sessions
    ]
    tp, num_events, num_ref, observed_s = np.array(rows, np.float64).reshape(-1, 4).T
    return Tally(tp=tp, fp=num_events - tp, fn=num_ref - tp, observed_s=observed_s)


def _check_seconds(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise ConfigError(f"{name}: expected a finite number, 0 or more, got {value!r}")


class _Allowed(Protocol):
    def __call__(self, found: F64, marked: F64, /) -> _Which:
        """Which pairs are allowed (N, M), from onsets and offsets of events (2, N, 1) and
        annotations (2, 1, M).
        """


def _matched(
    events: Sequence[Event], annotations: Sequence[Annotation], allowed: _Allowed
) -> Pairs:
    """The largest matching of allowed pairs, of these the one with the least total distance between
    onsets.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    if not events or not annotations:
        return ()
    found, marked = _times_s(events), _times_s(annotations)
    of_event, of_annotation = np.lexsort(found[::-1]), np.lexsort(marked[::-1])
    found, marked = found[:, of_event, None], marked[:, None, of_annotation]
    pair = allowed(found, marked)
    lag_s = np.abs(found[0] - marked[0])
    rows, columns = np.nonzero(pair)
    # Pairs that share nothing, directly or through others, are matched apart: small problems
    # instead of a large one.
    size = sum(pair.shape)
    graph = csr_array((np.ones(len(rows)), (rows, columns + len(events))), shape=(size, size))
    group = connected_components(graph, directed=False)[1]
    pairs: list[tuple[int, int]] = []
    for number in np.unique(group[rows]).tolist():
        own = np.flatnonzero(group[: len(events)] == number)
        ref = np.flatnonzero(group[len(events) :] == number)
        at = np.ix_(own, ref)
        # One more pair weighs more than all lags together.
        bonus = 1 + min(len(own), len(ref)) * float(lag_s[at].max())
        chosen = linear_sum_assignment(np.where(pair[at], lag_s[at] - bonus, 0.0))
        pairs.extend(
            (int(own[i]), int(ref[j])) for i, j in zip(*chosen, strict=True) if pair[own[i], ref[j]]
        )
    return tuple(sorted((int(of_event[i]), int(of_annotation[j])) for i, j in pairs))


def _times_s(items: Sequence[Event] | Sequence[Annotation]) -> F64:
    return np.array([(item.onset_s, item.offset_s) for item in items], np.float64).T
