"""Numbers of graded events: precision, pooled recall, agreement of raters, with intervals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ferbench.formats.grades import Grade
from ferbench.scoring.agreement.kappa import (
    Coincidences,
    ContingencyTable,
    alpha,
    kappa,
    observed_agreement,
)
from ferbench.scoring.agreement.segments import PairCounts
from ferbench.scoring.graded_events import GradedEvent
from ferbench.scoring.metrics import precision, recall
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Method,
    Statistic,
    bootstrap,
    metric_of,
    on_everybody,
    resampled,
)


class Counted(NamedTuple):
    """Events of a model and cluster: called right, called wrong, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """How intervals are made: see ``uncertainty.intervals``; 0 draws = there are none."""

    draws: int
    seed: int
    level: float
    method: Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its interval over participants; NaN = undefined, None = not asked for."""

    value: float
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGrades:
    """One model.

    Attributes:
        model: its name.
        right: events that most raters call right.
        wrong: events that most call wrong.
        unsure: events of which nobody is sure; no part of any share.
        split: events that as many call right as wrong; likewise.
        ungraded: events without any grade; likewise.
        missed: what only other models found and most call right.
        precision: right / (right + wrong).
        pooled_recall: right / (right + missed); NaN with one model, which has nobody to miss for.
    """

    model: str
    right: int
    wrong: int
    unsure: int
    split: int
    ungraded: int
    missed: int
    precision: Estimate
    pooled_recall: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterPair:
    """Two raters, on what both graded.

    Attributes:
        first: a rater.
        second: another one.
        compared: what both call right or wrong.
        unsure: what both graded and at least one is unsure of; not compared.
        agreement: share of the compared that both say the same of.
        kappa: Cohen's, with its interval over participants.
    """

    first: str
    second: str
    compared: int
    unsure: int
    agreement: float
    kappa: Estimate


Votes = Mapping[tuple[str, tuple[object, ...]], Mapping[str, Grade]]
"""By cluster and unit, what each rater says."""


def model_numbers(
    models: Sequence[str],
    counts: Mapping[tuple[str, str], Counted],
    left_out: Mapping[str, Counter[str]],
    draws: Draws,
) -> tuple[ModelGrades, ...]:
    """Precision and pooled recall of each model.

    Args:
        models: in order.
        counts: by model and cluster.
        left_out: of each model, how many events are ``unsure``, ``split`` and ``ungraded``.
        draws: of the intervals.
    """
    clusters = sorted({cluster for _, cluster in counts})
    found = []
    for model in models:
        tally = _tally([counts.get((model, cluster), Counted()) for cluster in clusters])
        recalled = Estimate(value=float("nan"), interval=None)
        if len(models) > 1:
            recalled = _estimate(metric_of(tally, recall), len(clusters), draws)
        found.append(
            ModelGrades(
                model=model,
                right=int(tally.tp.sum()),
                wrong=int(tally.fp.sum()),
                unsure=left_out[model]["unsure"],
                split=left_out[model]["split"],
                ungraded=left_out[model]["ungraded"],
                missed=int(tally.fn.sum()),
                precision=_estimate(metric_of(tally, precision), len(clusters), draws),
                pooled_recall=recalled,
            )
        )
    return tuple(found)


def counts_of(
    models: Sequence[str], pooled: Sequence[Sequence[GradedEvent]]
) -> dict[tuple[str, str], Counted]:
    """Right, wrong and missed events by model and cluster."""
    numbers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for pool in pooled:
        for event in pool:
            numbers[event.model, event.cluster][event.verdict] += 1
        if any(event.verdict == "right" for event in pool):
            listed = {event.model for event in pool}
            for model in set(models) - listed:
                numbers[model, pool[0].cluster]["missed"] += 1
    return {
        key: Counted(right=each["right"], wrong=each["wrong"], missed=each["missed"])
        for key, each in numbers.items()
    }


def _tally(counts: Sequence[Counted]) -> Tally:
    columns = np.array(counts, np.float64).reshape(-1, 3).T
    right, wrong, missed = columns
    return Tally(tp=right, fp=wrong, fn=missed, observed_s=np.full(len(right), np.nan))


def votes_of(events: Sequence[GradedEvent]) -> Votes:
    """What each rater says of each unit; an item of several models counts once."""
    return {
        (event.cluster, event.unit): {
            rater: row.grade for rater, row in event.rows.items() if row.grade
        }
        for event in events
    }


def rater_pairs(votes: Votes, raters: Sequence[str], draws: Draws) -> tuple[RaterPair, ...]:
    """Each two raters."""
    return tuple(_pair(votes, *two, draws) for two in combinations(raters, 2))


def _pair(votes: Votes, first: str, second: str, draws: Draws) -> RaterPair:
    by_cluster: dict[str, PairCounts] = defaultdict(PairCounts)
    unsure = 0
    for (cluster, _), grades in votes.items():
        if first not in grades or second not in grades:
            continue
        if "unsure" in (grades[first], grades[second]):
            unsure += 1
            continue
        one, other = grades[first] == "right", grades[second] == "right"
        by_cluster[cluster] += PairCounts(
            both=int(one and other),
            first_only=int(one and not other),
            second_only=int(other and not one),
            neither=int(not one and not other),
        )
    table = ContingencyTable.of(by_cluster.values())
    clusters = len(by_cluster)
    everybody = table.weighted(np.ones(clusters))
    return RaterPair(
        first=first,
        second=second,
        compared=int(everybody.total),
        unsure=unsure,
        agreement=float(observed_agreement(everybody)),
        kappa=_estimate(lambda weights: kappa(table.weighted(weights)), clusters, draws),
    )


def rater_alpha(votes: Votes, draws: Draws) -> Estimate:
    """Krippendorff's alpha of right and wrong; unsure is a grade that is missing."""
    by_cluster: dict[str, list[Coincidences]] = defaultdict(list)
    for (cluster, _), grades in votes.items():
        sure = [grade for grade in grades.values() if grade != "unsure"]
        yes, number = sum(grade == "right" for grade in sure), len(sure)
        one = Coincidences.of(np.array([float(yes)]), np.array([float(number)]), np.ones(1))
        if number >= 2:
            by_cluster[cluster].append(one)
    summed = [_summed(each) for each in by_cluster.values()]
    table = Coincidences.stacked(summed)
    return _estimate(lambda weights: alpha(table.weighted(weights)), len(summed), draws)


def _summed(coincidences: Sequence[Coincidences]) -> Coincidences:
    return Coincidences.stacked(coincidences).weighted(np.ones(len(coincidences)))


def _estimate(statistic: Statistic, clusters: int, draws: Draws) -> Estimate:
    if not draws.draws:
        return Estimate(value=on_everybody(statistic, clusters), interval=None)
    weights = resampled(clusters, draws=draws.draws, seed=draws.seed)
    value, interval = bootstrap(statistic, weights, level=draws.level, method=draws.method)
    return Estimate(value=value, interval=interval)
