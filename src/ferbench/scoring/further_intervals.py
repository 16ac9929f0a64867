"""Intervals of numbers beside the headline: of curves, of segments, of agreement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from ferbench.scoring.agreement import annotators as annotator_agreement
from ferbench.scoring.agreement.annotators import AnnotatorPair
from ferbench.scoring.curves.froc import recall_at_rate
from ferbench.scoring.curves.thresholds import average_precision_of, display_levels
from ferbench.scoring.curves.tolerance import LOOSE_S, TIGHT_S, ToleranceCurve, mean_of
from ferbench.scoring.metrics import f1
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.segment_activity import Activity
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.threshold_scores import Thresholds
from ferbench.scoring.time_in_alarm import TimeInAlarm
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Statistic,
    bootstrap,
    metric_of,
    with_a_number,
)
from ferbench.types import F64

AGREED: Final = ("time/kappa", "segment/kappa", "event/positive_agreement")
"""Measures of agreement that have intervals."""

_LEVELS: Final = 1000  # of the curve, for the interval of its average precision

_RATIOS: Final = ("event/nested_f1", "event/improvement_over_chance", "segment/f1")
"""Ratios of sums, to which who has no such number alone adds nothing. Of curves everybody is a
part: who has no annotations has false alarms.
"""


def at_rate(rate_per_min: float) -> str:
    """The name that recall at a rate of false alarms is logged under.

    >>> at_rate(0.5)
    'event/recall_at_0.5_per_min'
    """
    return f"event/recall_at_{rate_per_min:g}_per_min"


def intervals_of(
    statistics: Mapping[str, Statistic], weights: F64, rules: StatisticsRules
) -> dict[str, Interval]:
    """An interval for each number.

    Args:
        statistics: by the name that they are logged under.
        weights: resamples of the participants, f64 (draws, P).
        rules: level and method.
    """
    found = {}
    for name, statistic in statistics.items():
        resting_on = with_a_number(statistic, weights.shape[1]) if name in _RATIOS else None
        _, found[name] = bootstrap(
            statistic,
            weights,
            level=rules.confidence,
            method=rules.method,
            resting_on=resting_on,
        )
    return found


def of_curves(
    thresholds: Thresholds | None, tolerance: ToleranceCurve | None, *, num_participants: int
) -> dict[str, Statistic]:
    """Numbers of the curves, as functions of the participants taken."""
    statistics: dict[str, Statistic] = {}
    if thresholds and len(thresholds.curve.level):
        levels = display_levels(thresholds.curve, _LEVELS)
        statistics["event/average_precision"] = average_precision_of(thresholds.curve, levels)
        nested_tally = thresholds.nested.tally
        if len(nested_tally.tp) == num_participants:
            statistics["event/nested_f1"] = metric_of(nested_tally, f1)
        rates = thresholds.froc.rates_per_min.tolist()
        statistics["event/froc"] = recall_at_rate(thresholds.curve, rates)
        for rate in rates:
            statistics[at_rate(rate)] = recall_at_rate(thresholds.curve, [rate])
    if tolerance:
        statistics["event/f1_tight"] = mean_of(tolerance, TIGHT_S)
        statistics["event/f1_loose"] = mean_of(tolerance, LOOSE_S)
    return statistics


def of_time_in_alarm(alarm: TimeInAlarm | None) -> dict[str, Statistic]:
    """Share of time in alarm, and improvement over it, as functions of the participants taken."""
    if alarm is None:
        return {}
    return {"event/time_in_alarm": alarm.share, "event/improvement_over_chance": alarm.improvement}


def of_sessions(
    sessions: Sequence[ScoredSession],
    participants: Sequence[str],
    activity: Sequence[Activity],
    agreement: AnnotatorPair,
) -> dict[str, Statistic]:
    """Numbers of counts by session, as functions of the participants taken."""
    number = {name: k for k, name in enumerate(participants)}
    group = np.array([number[session.cluster] for session in sessions], np.int64)
    counts = [session.counts for session in activity]
    segments = Tally(
        tp=np.array([c.tp for c in counts], np.float64),
        fp=np.array([c.fp for c in counts], np.float64),
        fn=np.array([c.fn for c in counts], np.float64),
        observed_s=np.full(len(counts), np.nan),
    )

    def agreed(name: str) -> Statistic:
        return lambda weights: annotator_agreement.values(agreement, weights[:, group])[name]

    statistics = {"segment/f1": metric_of(segments.grouped(group, len(participants)), f1)}
    for name in AGREED:
        statistics[f"agree/detector/{name}"] = agreed(name)
    return statistics
