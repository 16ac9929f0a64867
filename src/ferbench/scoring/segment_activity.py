"""Segments of equal length that are active or not.

The segment-based scores of sed_eval, for one kind of event.

Source: Mesaros, Heittola & Virtanen 2016, "Metrics for Polyphonic Sound Event Detection", and
sed_eval (github.com/TUT-ARG/sed_eval). What differs: F1 is 0 where only one side is empty, a point
on a border is active in the segment that begins there, and borders that doubles miss by 1e-9
segments count as met.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.counts import Stretches
from ferbench.scoring.flags import Flags, draw_shifts, overlaps
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.uncertainty.chance import Chance, against
from ferbench.types import Annotation, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCounts:
    """Segments by who says that they are active.

    Attributes:
        tp: both.
        fp: the detector only.
        fn: the annotator only.
        tn: none.
    """

    tp: int
    fp: int
    fn: int
    tn: int

    def __add__(self, other: SegmentCounts) -> SegmentCounts:
        return SegmentCounts(
            tp=self.tp + other.tp,
            fp=self.fp + other.fp,
            fn=self.fn + other.fn,
            tn=self.tn + other.tn,
        )


def active_segments(intervals: Stretches, duration_s: float, *, segment_s: float) -> Flags:
    """Segments that some interval [onset_s, offset_s) has a part in, bool (ceil(duration_s /
    segment_s),).

    What lies before 0 or beyond the last segment does not count. A point is active in the segment
    that it lies in.

    >>> active_segments([(4.0, 5.0), (12.0, 16.0)], 18.0, segment_s=5.0)
    array([ True, False,  True,  True])
    """
    edges = np.zeros(math.ceil(duration_s / segment_s - 1e-9) + 1, np.int64)
    for onset_s, offset_s in intervals:
        first = math.floor(onset_s / segment_s + 1e-9)
        stop = max(math.ceil(offset_s / segment_s - 1e-9), first + 1)
        edges[min(max(first, 0), len(edges) - 1)] += 1
        edges[min(max(stop, 0), len(edges) - 1)] -= 1
    return np.cumsum(edges)[:-1] > 0


def segment_counts(
    found: Stretches, marked: Stretches, duration_s: float, *, segment_s: float
) -> SegmentCounts:
    """Compare two lists of intervals of one session, segment by segment."""
    return _counts(
        *(
            active_segments(intervals, duration_s, segment_s=segment_s)
            for intervals in (found, marked)
        )
    )


def _counts(a: Flags, b: Flags) -> SegmentCounts:
    return SegmentCounts(
        tp=int(np.sum(a & b)),
        fp=int(np.sum(a & ~b)),
        fn=int(np.sum(~a & b)),
        tn=int(np.sum(~a & ~b)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activity:
    """The segments of a session, one observed stretch after the other; both bool (N,).

    Attributes:
        found: an event has a part in it.
        marked: an annotation has.
    """

    found: Flags
    marked: Flags

    @property
    def counts(self) -> SegmentCounts:
        """Both compared."""
        return _counts(self.found, self.marked)


def activity_of(evidence: Sequence[ScoredSession], *, segment_s: float) -> tuple[Activity, ...]:
    """Segments of each session; they begin anew at each observed stretch's start."""

    def active(things: Sequence[Event] | Sequence[Annotation], observed: Stretches) -> Flags:
        stretches = [np.zeros(0, np.bool_)]
        for from_s, to_s in observed:
            inside = [(t.onset_s - from_s, t.offset_s - from_s) for t in things if t.onset_s < to_s]
            stretches.append(active_segments(inside, to_s - from_s, segment_s=segment_s))
        return np.concatenate(stretches)

    return tuple(
        Activity(
            found=active(session.events, session.observed),
            marked=active(session.annotations, session.observed),
        )
        for session in evidence
    )


def f1_by_chance(sessions: Sequence[Activity], *, least: int, draws: int, seed: int) -> Chance:
    """F1 of the segments beside circularly shifted ones.

    Args:
        sessions: see ``activity_of``.
        least: least shift, segments.
        draws: how many surrogates.
        seed: of the random numbers.
    """
    rng, tp = np.random.default_rng(seed), np.zeros(draws)
    for own in sessions:
        if len(own.found):
            shift = draw_shifts(len(own.found), least=least, draws=draws, rng=rng)
            tp += overlaps(own.marked[None], own.found, shift)[0]
    whole = sum((own.counts for own in sessions), SegmentCounts(tp=0, fp=0, fn=0, tn=0))
    both = 2 * whole.tp + whole.fp + whole.fn
    return against(_ratio(2 * whole.tp, both), 2 * tp / both if both else np.full(draws, np.nan))


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentScores:
    """Scores of summed segments, NaN where undefined.

    Attributes:
        precision: tp / (tp + fp).
        recall: tp / (tp + fn), also called sensitivity.
        f1: 2 tp / (2 tp + fp + fn).
        specificity: tn / (tn + fp).
        accuracy: (tp + tn) / all.
        balanced_accuracy: mean of recall and specificity.
        error_rate: (fp + fn) / (tp + fn).
    """

    precision: float
    recall: float
    f1: float
    specificity: float
    accuracy: float
    balanced_accuracy: float
    error_rate: float


def segment_scores(counts: Iterable[SegmentCounts]) -> SegmentScores:
    """Scores over sessions: their segments are summed first."""
    c = sum(counts, SegmentCounts(tp=0, fp=0, fn=0, tn=0))
    recall, specificity = _ratio(c.tp, c.tp + c.fn), _ratio(c.tn, c.tn + c.fp)
    return SegmentScores(
        precision=_ratio(c.tp, c.tp + c.fp),
        recall=recall,
        f1=_ratio(2 * c.tp, 2 * c.tp + c.fp + c.fn),
        specificity=specificity,
        accuracy=_ratio(c.tp + c.tn, c.tp + c.fp + c.fn + c.tn),
        balanced_accuracy=(recall + specificity) / 2,
        error_rate=_ratio(c.fp + c.fn, c.tp + c.fn),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
