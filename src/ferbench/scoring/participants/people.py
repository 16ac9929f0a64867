"""What participants say one by one, for one run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.metrics import MAIN, METRICS
from ferbench.scoring.participants.learned import Learned, Split, learned_threshold
from ferbench.scoring.participants.macro import MacroMean, macro_means
from ferbench.scoring.participants.own_chance import AboveChance, own_chance
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.threshold_scores import Thresholds
from ferbench.scoring.uncertainty.assessment import Assessment, that_can_speak
from ferbench.scoring.uncertainty.intervals import bootstrap, resampled, with_a_number
from ferbench.scoring.uncertainty.power import least_above_chance
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class People:
    """What participants say one by one.

    Attributes:
        macro: means over participants, by the metric's name.
        own: each beside the own chance level; None = not asked for, or no null detector says it.
        least_detectable: F1 that would have been above chance in ``power.POWER`` of studies like
            this; NaN = not known.
        alpha: p up to which something counts as above chance.
        learned: the threshold, chosen on others; None = there are no scores over thresholds.
    """

    macro: Mapping[str, MacroMean]
    own: AboveChance | None
    least_detectable: float
    alpha: float
    learned: Learned | None


def people_of(
    sessions: Sequence[ScoredSession],
    criterion: Criterion,
    rules: StatisticsRules,
    assessment: Assessment,
    thresholds: Thresholds | None,
    *,
    weights: F64 | None,
) -> People:
    """Look at participants one by one.

    Args:
        sessions: what counts.
        criterion: how events are matched.
        rules: draws, intervals, alpha.
        assessment: of these sessions.
        thresholds: of these sessions; None = there are none.
        weights: resamples of the participants, f64 (draws, P); None = no intervals.
    """
    learned = None
    window = criterion.onset_window
    if thresholds is not None and window is not None:
        learned = learned_threshold(sessions, thresholds, criterion, window)
        if weights is not None:
            splits = tuple(_with_interval(split, rules) for split in learned.splits)
            learned = replace(learned, splits=splits)
    return People(
        macro=macro_means(
            assessment.tally, weights=weights, level=rules.confidence, method=rules.method
        ),
        own=own_chance(assessment, sessions, alpha=rules.alpha),
        least_detectable=_least_detectable(assessment, rules, weights),
        alpha=rules.alpha,
        learned=learned,
    )


def _least_detectable(assessment: Assessment, rules: StatisticsRules, weights: F64 | None) -> float:
    """F1 that would have been above chance in most studies like this; NaN = not known."""
    if weights is None:
        return math.nan
    participants = len(assessment.participants)
    metric = METRICS[MAIN]
    nulls = []
    for null in that_can_speak(assessment.nulls, participants).values():
        draws = metric.of_null(null.tally)
        if draws is not None:
            nulls.append(draws)
    replicates = metric.statistic(assessment.tally, assessment.lags_s)(weights)
    return least_above_chance(nulls, replicates, participants, alpha=rules.alpha)


def _with_interval(split: Split, rules: StatisticsRules) -> Split:
    participants = len(split.participants)
    if not participants:
        return split
    weights = resampled(participants, draws=rules.draws, seed=rules.seed + 2)
    statistic = METRICS[MAIN].statistic(split.tally, ())
    _, interval = bootstrap(
        statistic,
        weights,
        level=rules.confidence,
        method=rules.method,
        resting_on=with_a_number(statistic, participants),
    )
    return replace(split, interval=interval)
