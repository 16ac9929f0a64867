"""All that is said of scored sessions beside their scores.

Chance, intervals, curves, lag, agreement, breakdowns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ferbench.scoring.agreement.annotators import AnnotatorPair
from ferbench.scoring.agreement.coded_intervals import CodedIntervals
from ferbench.scoring.breakdown import GroupRow, breakdowns_of
from ferbench.scoring.curves.lag import LagScan, Latency, lag_scan, latency_of
from ferbench.scoring.curves.time_bins import TimeBins, time_bins
from ferbench.scoring.curves.tolerance import ToleranceCurve, tolerance_curve
from ferbench.scoring.further_intervals import (
    intervals_of,
    of_curves,
    of_sessions,
    of_time_in_alarm,
)
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.no_face import NoFaceBounds, no_face_bounds
from ferbench.scoring.participants.people import People, people_of
from ferbench.scoring.robustness import Robustness, Variant, robustness_of
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.segment_activity import (
    Activity,
    SegmentScores,
    activity_of,
    f1_by_chance,
    segment_scores,
)
from ferbench.scoring.session_agreement import (
    AnnotatorAgreement,
    annotators_of,
    with_annotations,
)
from ferbench.scoring.session_frames import Frames, frames_of
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.threshold_scores import Thresholds, thresholds_of, why_no_thresholds
from ferbench.scoring.time_in_alarm import TimeInAlarm, time_in_alarm
from ferbench.scoring.uncertainty.assessment import (
    Assessment,
    NullRules,
    assess,
    least_shift_s,
    track,
)
from ferbench.scoring.uncertainty.chance import Chance
from ferbench.scoring.uncertainty.intervals import Interval, resampled
from ferbench.types import Annotation, Event


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """What ``statistics`` finds.

    Attributes:
        sessions: how many were scored.
        points: events and annotations without an extent.
        assessment: headline numbers with chance and intervals.
        thresholds: curves; None = there are none, see ``no_thresholds``.
        no_thresholds: why there are no curves over thresholds; "" = there are.
        tolerance: scores over the width of the window; None = there are none, see ``no_tolerance``.
        no_tolerance: why there are no scores over the width of the window; "" = there are.
        scan: scores over an offset of the annotations.
        latency: distribution of the matches' latencies.
        segments: of observed time, active where an event or an annotation has a part in them.
        segment_chance: their F1 beside that of shifted segments; None = not asked for.
        frames: of ERR@HRI 2024; None = not asked for.
        agreement: of the detector with the annotations, as between two annotators.
        annotators: of the annotators with each other; None = there is one.
        breakdowns: by name.
        in_alarm: share of time in alarm; None = matching is not by a window.
        no_face: bounds for time without a face; None = it is not known when there was one.
        people: participants one by one.
        time_bins: scores over the time of a session; None = it is not known when any was observed.
        robustness: F1 under neighbouring settings; None = not asked for.
        intervals: of further numbers, by the name that they are logged under.
    """

    sessions: int
    points: tuple[int, int]
    assessment: Assessment
    thresholds: Thresholds | None
    no_thresholds: str
    tolerance: ToleranceCurve | None
    no_tolerance: str
    scan: LagScan
    latency: Latency
    segments: SegmentScores
    segment_chance: Chance | None
    frames: Frames | None
    agreement: AnnotatorPair
    annotators: AnnotatorAgreement | None
    breakdowns: Mapping[str, tuple[GroupRow, ...]]
    in_alarm: TimeInAlarm | None
    no_face: NoFaceBounds | None
    people: People
    time_bins: TimeBins | None
    robustness: Robustness | None
    intervals: Mapping[str, Interval]


def statistics(
    sessions: Sequence[ScoredSession],
    criterion: Criterion,
    rules: StatisticsRules,
    *,
    annotators: Mapping[str, CodedIntervals],
    intervals: bool = True,
    variants: Sequence[Variant] = (),
) -> Statistics:
    """Everything about scored sessions.

    Args:
        sessions: what counts. Where the observed time of one is not known, measures by time,
            segment and frame, and agreement, are undefined.
        criterion: how events are matched.
        rules: how many draws are made, and how.
        annotators: what each annotator marked, where there are several; else empty.
        intervals: also chance levels and intervals, which take draws.
        variants: the sessions with events under neighbouring settings, where robustness is asked
            for; none = windows alone are varied.
    """
    assessment = assess(
        sessions,
        criterion=criterion,
        nulls=NullRules(
            names=rules.chance,
            half_width_s=rules.jitter_s,
            draws=rules.surrogates if intervals else 0,
        ),
        draws=rules.draws if intervals else 0,
        level=rules.confidence,
        method=rules.method,
        seed=rules.seed,
    )
    num_participants = len(assessment.participants)
    weights = None
    if intervals:
        weights = resampled(num_participants, draws=rules.draws, seed=rules.seed + 2)
    thresholds = thresholds_of(sessions, criterion, weights=weights, rules=rules)
    tolerance = _tolerance(sessions, criterion)
    alarm = time_in_alarm(sessions, criterion, assessment.tally)
    timed = _timed(sessions)
    activity = activity_of(timed, segment_s=rules.segment_s)
    agreement = with_annotations(timed, criterion, rules)
    least_s = least_shift_s(criterion, [track(session, "onset") for session in timed])
    further: dict[str, Interval] = {}
    if weights is not None:
        numbers = of_curves(thresholds, tolerance, num_participants=num_participants)
        numbers |= of_time_in_alarm(alarm)
        if timed:
            numbers |= of_sessions(timed, assessment.participants, activity, agreement)
        further = intervals_of(numbers, weights, rules)
    return Statistics(
        sessions=len(sessions),
        points=_points(sessions),
        assessment=assessment,
        thresholds=thresholds,
        no_thresholds=why_no_thresholds(sessions, criterion),
        tolerance=tolerance,
        no_tolerance=criterion.no_curves,
        scan=lag_scan(sessions, stamp=criterion.stamp, duplicates=criterion.duplicates),
        latency=latency_of([lag for lags_s in assessment.lags_s for lag in lags_s]),
        segments=segment_scores(session.counts for session in activity),
        segment_chance=_segment_chance(activity, rules, least_s=least_s) if intervals else None,
        frames=_frames(timed, criterion, rules, least_s=least_s, chance=intervals),
        agreement=agreement,
        annotators=annotators_of(annotators, sessions, criterion, rules),
        breakdowns=breakdowns_of(sessions, criterion, rules.extent(criterion)),
        in_alarm=alarm,
        no_face=no_face_bounds(sessions, criterion, rules.extent(criterion)),
        people=people_of(sessions, criterion, rules, assessment, thresholds, weights=weights),
        time_bins=time_bins(sessions, criterion, rules, intervals=intervals),
        robustness=robustness_of(sessions, criterion, rules, variants) if intervals else None,
        intervals=further,
    )


def _timed(sessions: Sequence[ScoredSession]) -> Sequence[ScoredSession]:
    """The sessions, where the observed time of all is known; else none."""
    if any(session.unplaced for session in sessions):
        return ()
    return sessions


def _points(sessions: Sequence[ScoredSession]) -> tuple[int, int]:
    """How many events and how many annotations have no extent."""
    events = sum(_without_extent(session.events) for session in sessions)
    annotations = sum(_without_extent(session.annotations) for session in sessions)
    return events, annotations


def _without_extent(items: Iterable[Event] | Iterable[Annotation]) -> int:
    return sum(item.offset_s <= item.onset_s for item in items)


def _tolerance(sessions: Sequence[ScoredSession], criterion: Criterion) -> ToleranceCurve | None:
    window = criterion.onset_window
    if window is None:
        return None
    return tolerance_curve(
        sessions,
        pre_s=window.pre_s,
        stamp=criterion.stamp,
        tolerance_s=window.tolerance_s,
        duplicates=criterion.duplicates,
    )


def _segment_chance(
    activity: Sequence[Activity], rules: StatisticsRules, *, least_s: float
) -> Chance:
    return f1_by_chance(
        activity,
        least=math.ceil(least_s / rules.segment_s),
        draws=rules.surrogates,
        seed=rules.seed + 3,
    )


def _frames(
    sessions: Sequence[ScoredSession],
    criterion: Criterion,
    rules: StatisticsRules,
    *,
    least_s: float,
    chance: bool,
) -> Frames | None:
    rate_hz = rules.frame_rate_for(criterion)
    if rate_hz is None:
        return None
    return frames_of(
        sessions,
        rate_hz=rate_hz,
        tolerance=rules.frame_tolerance,
        surrogates=rules.surrogates if chance else 0,
        least_s=least_s,
        seed=rules.seed + 4,
    )
