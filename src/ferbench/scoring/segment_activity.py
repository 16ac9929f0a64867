"""Segments of equal length that are active or not.

The segment-based scores of sed_eval, for one kind of event.

Source: Mesaros, Heittola & Virtanen 2016, "Metrics for Polyphonic Sound Event Detection", and
sed_eval (github.com/TUT-ARG/sed_eval). What differs: F1 is 0 where only one side is empty, a point
on a border is active in the segment that begins there, and borders that doubles miss by 1e-9
segments count as met.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.flags import draw_shifts, overlaps
from ferbench.scoring.ratios import ratio
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.uncertainty.chance import Chance, against
from ferbench.timespans import Flags, Stretches, units_begun, units_needed
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
    """Segments that some interval [onset_s, offset_s) has a part in.

    What lies before 0 or beyond the last segment does not count. A point is active in the segment
    that it lies in.

    Returns:
        bool (ceil(duration_s / segment_s),).

    >>> active_segments([(4.0, 5.0), (12.0, 16.0)], 18.0, segment_s=5.0)
    array([ True, False,  True,  True])
    """
    active = np.zeros(units_needed(duration_s, segment_s), np.bool_)
    for onset_s, offset_s in intervals:
        first = units_begun(onset_s, segment_s)
        stop = max(units_needed(offset_s, segment_s), first + 1)
        active[max(first, 0) : max(stop, 0)] = True
    return active


def segment_counts(
    detected: Stretches, annotated: Stretches, duration_s: float, *, segment_s: float
) -> SegmentCounts:
    """Compare two lists of intervals of one session, segment by segment."""
    return _counts(
        active_segments(detected, duration_s, segment_s=segment_s),
        active_segments(annotated, duration_s, segment_s=segment_s),
    )


def _counts(detected: Flags, annotated: Flags) -> SegmentCounts:
    return SegmentCounts(
        tp=int(np.sum(detected & annotated)),
        fp=int(np.sum(detected & ~annotated)),
        fn=int(np.sum(~detected & annotated)),
        tn=int(np.sum(~detected & ~annotated)),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activity:
    """The segments of a session, one observed stretch after the other; both bool (N,).

    Attributes:
        detected: an event has a part in it.
        annotated: an annotation has.
    """

    detected: Flags
    annotated: Flags

    @property
    def counts(self) -> SegmentCounts:
        """Both compared."""
        return _counts(self.detected, self.annotated)


def activity_of(sessions: Sequence[ScoredSession], *, segment_s: float) -> tuple[Activity, ...]:
    """Segments of each session; they begin anew at each observed stretch's start."""
    return tuple(
        Activity(
            detected=_active(session.events, session.observed, segment_s),
            annotated=_active(session.annotations, session.observed, segment_s),
        )
        for session in sessions
    )


def _active(
    items: Sequence[Event] | Sequence[Annotation], observed: Stretches, segment_s: float
) -> Flags:
    """Segments of all observed stretches that events or annotations have a part in."""
    by_stretch = [np.zeros(0, np.bool_)]
    for from_s, to_s in observed:
        begun = [item for item in items if item.onset_s < to_s]
        intervals = [(item.onset_s - from_s, item.offset_s - from_s) for item in begun]
        by_stretch.append(active_segments(intervals, to_s - from_s, segment_s=segment_s))
    return np.concatenate(by_stretch)


def f1_by_chance(sessions: Sequence[Activity], *, least: int, draws: int, seed: int) -> Chance:
    """F1 of the segments beside circularly shifted ones.

    Args:
        sessions: see ``activity_of``.
        least: least shift, segments.
        draws: how many surrogates.
        seed: of the random numbers.
    """
    rng = np.random.default_rng(seed)
    tp = np.zeros(draws)
    for session in sessions:
        size = len(session.detected)
        if size:
            shift = draw_shifts(size, least=least, draws=draws, rng=rng)
            tp += overlaps(session.annotated[None], session.detected, shift)[0]
    total = _summed(session.counts for session in sessions)
    num_active = 2 * total.tp + total.fp + total.fn
    f1_by_shift = 2 * tp / num_active if num_active else np.full(draws, np.nan)
    return against(ratio(2 * total.tp, num_active), f1_by_shift)


def _summed(counts: Iterable[SegmentCounts]) -> SegmentCounts:
    return sum(counts, SegmentCounts(tp=0, fp=0, fn=0, tn=0))


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
    total = _summed(counts)
    num_annotated = total.tp + total.fn
    num_others = total.tn + total.fp
    recall = ratio(total.tp, num_annotated)
    specificity = ratio(total.tn, num_others)
    return SegmentScores(
        precision=ratio(total.tp, total.tp + total.fp),
        recall=recall,
        f1=ratio(2 * total.tp, 2 * total.tp + total.fp + total.fn),
        specificity=specificity,
        accuracy=ratio(total.tp + total.tn, num_annotated + num_others),
        balanced_accuracy=(recall + specificity) / 2,
        error_rate=ratio(total.fp + total.fn, num_annotated),
    )
