"""All that is said of scored sessions beside their scores.

Chance, intervals, curves, lag, agreement, breakdowns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.agreement import annotators as coders
from ferbench.scoring.agreement.annotators import AnnotatorPair
from ferbench.scoring.agreement.coded_intervals import (
    CodedIntervals,
    of_annotations,
    of_detector,
    without_codes,
)
from ferbench.scoring.agreement.kappa import alpha
from ferbench.scoring.agreement.rules import AgreementRules
from ferbench.scoring.breakdown import GroupRow, breakdowns
from ferbench.scoring.curves.lag import LagScan, Latency, lag_scan, latency_of
from ferbench.scoring.curves.threshold_curve import Curve, average_precision, curve_of
from ferbench.scoring.curves.thresholds import (
    Band,
    Best,
    Nested,
    at_random,
    average_precision_of,
    best,
    display_levels,
    nested,
    precision_band,
)
from ferbench.scoring.curves.tolerance import (
    LOOSE_S,
    TIGHT_S,
    ToleranceCurve,
    mean_of,
    tolerance_curve,
)
from ferbench.scoring.matching.criteria import Window
from ferbench.scoring.matching.event_scoring import EventScoring
from ferbench.scoring.metrics import Tally, f1, precision, recall
from ferbench.scoring.scored_session import Evidence
from ferbench.scoring.segment_activity import (
    Activity,
    SegmentScores,
    activity_of,
    f1_by_chance,
    segment_scores,
)
from ferbench.scoring.session_frames import Frames, frames_of
from ferbench.scoring.uncertainty.assessment import Assessment, assess, least_shift_s, track
from ferbench.scoring.uncertainty.chance import Chance
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Statistic,
    bootstrap,
    metric_of,
    resampled,
)
from ferbench.types import F64

DETECTOR = "detector"
ANNOTATIONS = "annotations"
AGREED = ("time/kappa", "segment/kappa", "event/positive_agreement")
"""Measures of agreement that have intervals."""
RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thresholds:
    """Scores over all thresholds.

    Attributes:
        curve: counts at every level.
        pooled: of everybody, entries (L,).
        average_precision: area under its steps.
        best: the best threshold, chosen in-sample.
        nested: each participant at the threshold that is best for the others.
        band: of precision over recall; None = no intervals asked for.
        chance: recall and precision of as many events at random times, each f64 (G,).
    """

    curve: Curve
    pooled: Tally
    average_precision: float
    best: Best
    nested: Nested
    band: Band | None
    chance: tuple[F64, F64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """Agreement of the annotators with each other: the ceiling for a detector.

    Attributes:
        pairs: everybody with everybody.
        alpha: Krippendorff's, of all together; NaN with points without extent.
    """

    pairs: tuple[AnnotatorPair, ...]
    alpha: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """What ``statistics`` finds.

    Attributes:
        sessions: how many were scored.
        points: events and annotations without an extent.
        assessment: headline numbers with chance and intervals.
        thresholds: curves; None = the events come from a file, or matching is not by a window.
        tolerance: scores over the width of the window; None = matching is not by a window.
        scan: scores over an offset of the annotations.
        latency: distribution of the matches' latencies.
        segments: of observed time, active where an event or an annotation has a part in them.
        segment_chance: their F1 beside that of shifted segments; None = not asked for.
        frames: of ERR@HRI 2024; None = not asked for.
        agreement: of the detector with the annotations, as between two annotators.
        people: of the annotators; None = there is one.
        breakdowns: by name.
        intervals: of further numbers, by the name that they are logged under.
    """

    sessions: int
    points: tuple[int, int]
    assessment: Assessment
    thresholds: Thresholds | None
    tolerance: ToleranceCurve | None
    scan: LagScan
    latency: Latency
    segments: SegmentScores
    segment_chance: Chance | None
    frames: Frames | None
    agreement: AnnotatorPair
    people: People | None
    breakdowns: Mapping[str, tuple[GroupRow, ...]]
    intervals: Mapping[str, Interval]


def statistics(
    evidence: Sequence[Evidence],
    scoring: EventScoring,
    *,
    people: Mapping[str, CodedIntervals],
    intervals: bool = True,
) -> Statistics:
    """Everything about scored sessions.

    Args:
        evidence: the sessions. Where the observed time of one is not known, measures by time,
            segment and frame, and agreement, are undefined.
        scoring: how events are matched, and how many draws are made.
        people: marks of each annotator where there are several; else empty.
        intervals: also chance levels and intervals, which take draws.
    """
    criterion, stamp = scoring.rule, scoring.stamp
    by_window = isinstance(criterion, Window)
    assessment = assess(
        evidence,
        criterion=criterion,
        stamp=stamp,
        surrogates=scoring.surrogates if intervals else 0,
        draws=scoring.draws if intervals else 0,
        level=scoring.confidence,
        method=scoring.method,
        seed=scoring.seed,
    )
    weights = (
        resampled(len(assessment.participants), draws=scoring.draws, seed=scoring.seed + 2)
        if intervals
        else None
    )
    window = {"pre_s": scoring.pre_s, "stamp": stamp}
    with_profiles = by_window and all(session.profile is not None for session in evidence)
    thresholds = _thresholds(evidence, scoring, weights) if with_profiles else None
    tolerance = tolerance_curve(evidence, **window) if by_window else None  # type: ignore[arg-type]
    timed = evidence if not any(session.unplaced for session in evidence) else ()
    pairs = [criterion.matches(session.events, session.annotations) for session in evidence]
    active = activity_of(timed, segment_s=scoring.segment_s)
    agreement = _with_annotations(timed, scoring)
    least_s = least_shift_s(criterion, [track(session, "onset") for session in timed])
    further: dict[str, Interval] = {}
    if weights is not None:
        further = _intervals(
            _over_curves(thresholds, tolerance, len(assessment.participants)), weights, scoring
        )
        if timed:
            further |= _intervals(
                _over_sessions(timed, assessment.participants, active, agreement), weights, scoring
            )
    return Statistics(
        sessions=len(evidence),
        points=(
            sum(
                event.offset_s <= event.onset_s for session in evidence for event in session.events
            ),
            sum(
                mark.offset_s <= mark.onset_s
                for session in evidence
                for mark in session.annotations
            ),
        ),
        assessment=assessment,
        thresholds=thresholds,
        tolerance=tolerance,
        scan=lag_scan(evidence, stamp=stamp),
        latency=latency_of([lag for own in assessment.lags_s for lag in own]),
        segments=segment_scores(own.counts for own in active),
        segment_chance=f1_by_chance(
            active,
            least=math.ceil(least_s / scoring.segment_s),
            draws=scoring.surrogates,
            seed=scoring.seed + 3,
        )
        if intervals
        else None,
        frames=_frames(
            timed, scoring, least_s=least_s, surrogates=scoring.surrogates if intervals else 0
        ),
        agreement=agreement,
        people=_people(people, evidence, scoring) if len(people) > 1 else None,
        breakdowns=breakdowns(
            evidence, pairs, pre_s=scoring.pre_s, post_s=scoring.post_s, stamp=stamp
        ),
        intervals=further,
    )


def _thresholds(
    evidence: Sequence[Evidence], scoring: EventScoring, weights: F64 | None
) -> Thresholds:
    curve = curve_of(evidence, pre_s=scoring.pre_s, post_s=scoring.post_s, stamp=scoring.stamp)
    pooled, shown = curve.pooled(), display_levels(curve)
    by_luck = at_random(
        evidence, shown, pre_s=scoring.pre_s, post_s=scoring.post_s, stamp=scoring.stamp
    )
    return Thresholds(
        curve=curve,
        pooled=pooled,
        average_precision=float(average_precision(pooled)),
        best=best(curve),
        nested=nested(curve),
        band=None
        if weights is None
        else precision_band(
            curve, weights, levels=shown, recalls=RECALLS, confidence=scoring.confidence
        ),
        chance=(recall(by_luck), precision(by_luck)),
    )


def _intervals(
    wanted: Mapping[str, Statistic], weights: F64, scoring: EventScoring
) -> dict[str, Interval]:
    return {
        name: bootstrap(statistic, weights, level=scoring.confidence, method=scoring.method)[1]
        for name, statistic in wanted.items()
    }


def _over_curves(
    thresholds: Thresholds | None, tolerance: ToleranceCurve | None, people: int
) -> dict[str, Statistic]:
    """Numbers of the curves, as functions of the participants taken."""
    wanted: dict[str, Statistic] = {}
    if thresholds and len(thresholds.curve.level):
        levels = display_levels(thresholds.curve, 1000)
        wanted["event/average_precision"] = average_precision_of(thresholds.curve, levels)
        own = thresholds.nested.tally
        if len(own.tp) == people:
            wanted["event/nested_f1"] = metric_of(own, f1)
    if tolerance:
        wanted |= {
            "event/f1_tight": mean_of(tolerance, TIGHT_S),
            "event/f1_loose": mean_of(tolerance, LOOSE_S),
        }
    return wanted


def _over_sessions(
    evidence: Sequence[Evidence],
    participants: Sequence[str],
    active: Sequence[Activity],
    agreement: AnnotatorPair,
) -> dict[str, Statistic]:
    """Numbers of counts by session, as functions of the participants taken."""
    number = {name: k for k, name in enumerate(participants)}
    group = np.array([number[session.cluster] for session in evidence], np.int64)
    each = [own.counts for own in active]
    counts = np.array([(own.tp, own.fp, own.fn) for own in each], np.float64).T
    segments = Tally(
        tp=counts[0], fp=counts[1], fn=counts[2], observed_s=np.full(len(active), np.nan)
    )

    def agreed(name: str) -> Statistic:
        return lambda weights: coders.values(agreement, weights[:, group])[name]

    return {
        "segment/f1": metric_of(segments.grouped(group, len(participants)), f1),
        **{f"agree/detector/{name}": agreed(name) for name in AGREED},
    }


def _frames(
    evidence: Sequence[Evidence], scoring: EventScoring, *, least_s: float, surrogates: int
) -> Frames | None:
    if scoring.frame_rate_hz is None:
        return None
    return frames_of(
        evidence,
        rate_hz=scoring.frame_rate_hz,
        tolerance=scoring.frame_tolerance,
        surrogates=surrogates,
        least_s=least_s,
        seed=scoring.seed + 4,
    )


def _rules(scoring: EventScoring) -> AgreementRules:
    """A point annotation stands for the window in which an event counts for it."""
    return AgreementRules(
        before_s=scoring.pre_s, after_s=scoring.post_s, segment_s=scoring.segment_s
    )


def _with_annotations(evidence: Sequence[Evidence], scoring: EventScoring) -> AnnotatorPair:
    marks = {session.session_id: of_annotations(session.annotations) for session in evidence}
    return coders.compare(
        DETECTOR,
        without_codes(of_detector(evidence, scoring.stamp)),
        ANNOTATIONS,
        without_codes(marks),
        {session.session_id: session.observed for session in evidence},
        _rules(scoring),
        pre_s=scoring.pre_s,
        post_s=scoring.post_s,
    )


def _people(
    people: Mapping[str, CodedIntervals], evidence: Sequence[Evidence], scoring: EventScoring
) -> People:
    observed = {session.session_id: session.observed for session in evidence}
    rules = _rules(scoring)
    group = coders.together(
        {name: without_codes(marks) for name, marks in people.items()}, observed, rules
    )
    together = (
        alpha(group.coincidences.weighted(np.ones(len(group.sessions))))
        if group.sessions
        else math.nan
    )
    return People(pairs=coders.pairwise(people, observed, rules), alpha=float(together))
