"""How sure a number is: intervals of confidence by bootstrap over participants.

What one person shows in several sessions is not independent, so participants are drawn, with all
that is theirs. A statistic is a function of how often each participant is taken, so that all draws
are computed at once.

Percentile intervals and BCa: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapters
13 and 14. Both are too narrow for few participants (see ``coverage``). The expanded percentile
interval takes quantiles farther out, so that a mean has an interval as wide as Student's:
Hesterberg 2015, "What Teachers Should Know About the Bootstrap", The American Statistician 69(4).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Literal

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.tally import Formula, Tally
from ferbench.types import F64

Method = Literal["expanded", "percentile", "bca"]
METHODS: Final[tuple[Method, ...]] = ("expanded", "percentile", "bca")

Statistic = Callable[[F64], F64]
"""The number f64 (rows,) when each of N participants is taken as often as ``weights`` f64 (rows, N)
says.
"""

_AT_ONCE: Final = 2_000_000  # numbers that are worked on at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval of confidence.

    Where all participants have the same value, both ends are that value: nothing was seen to vary,
    which is not certainty.

    Attributes:
        low: its lower end; NaN where it cannot be made.
        high: its upper end.
        level: e.g. 0.95.
        method: how it was made.
        clusters: participants that it rests on: who have something to say of the number.
        undefined: share of the draws in which the number does not exist; they are left out.
    """

    low: float
    high: float
    level: float
    method: Method
    clusters: int
    undefined: float


def metric_of(tally: Tally, formula: Formula) -> Statistic:
    """A metric of summed counts, as a function of the participants taken.

    ``tally`` has one entry for each (N,).
    """

    def statistic(weights: F64) -> F64:
        return formula(tally.weighted(weights))

    return statistic


def statistic_of_values(
    values: Sequence[Sequence[float]], formula: Callable[[F64, F64], F64]
) -> Statistic:
    """A number of values that belong to participants, as a function of those taken.

    Args:
        values: of each participant, such as the lags of its matches.
        formula: of all values f64 (N,), rising, each taken as often as weights f64 (rows, N) say,
            such as ``weighted_median``.
    """
    numbers = [len(of_one) for of_one in values]
    pooled = np.array(list(chain.from_iterable(values)), np.float64)
    order = np.argsort(pooled, kind="stable")
    ordered = pooled[order]
    owner = np.repeat(np.arange(len(values)), numbers)[order]
    step = max(_AT_ONCE // max(len(ordered), 1), 1)

    def statistic(weights: F64) -> F64:
        result = np.empty(len(weights))
        for row in range(0, len(weights), step):
            rows = slice(row, row + step)
            result[rows] = formula(ordered, weights[rows, owner])
        return result

    return statistic


def weighted_median(ordered: F64, weights: F64) -> F64:
    """Median of numbers that are there several times, as if each were written out so often.

    Args:
        ordered: f64 (N,), rising.
        weights: whole numbers f64 (rows, N).

    Returns:
        f64 (rows,); NaN where all weights are 0.
    """
    if not len(ordered):
        return np.full(len(weights), np.nan)
    reached = np.cumsum(weights, axis=1)
    half = reached[:, -1:] / 2
    low = np.argmax(reached >= half, axis=1)
    high = np.argmax(reached > half, axis=1)
    return np.where(half[:, 0] > 0, (ordered[low] + ordered[high]) / 2, np.nan)


def resampled(clusters: int, *, draws: int, seed: int) -> F64:
    """How often each of ``clusters`` is in each of ``draws`` resamples of the same size.

    Returns:
        f64 (draws, clusters).
    """
    if draws < 1:
        raise ConfigError(key="draws", expected="at least 1", got=draws)
    if not clusters:
        return np.empty((draws, 0))
    rng = np.random.default_rng(seed)
    equally_likely = np.full(clusters, 1 / clusters)
    return rng.multinomial(clusters, equally_likely, draws).astype(np.float64)


def with_a_number(statistic: Statistic, participants: int) -> int:
    """How many participants have a number of their own; a ratio of sums or a mean rests on these.

    Who has none (no annotations, so no recall) adds nothing to what is summed: twenty participants
    of whom five have annotations tell no more of recall than these five.
    """
    return int((~np.isnan(statistic(np.eye(participants)))).sum())


def bootstrap(
    statistic: Statistic,
    weights: F64,
    *,
    level: float,
    method: Method,
    resting_on: int | None = None,
) -> tuple[float, Interval]:
    """A number on all participants, and its interval of confidence.

    Args:
        statistic: see ``metric_of`` and ``statistic_of_values``.
        weights: see ``resampled``, f64 (draws, N).
        level: of confidence, in (0, 1).
        method: see ``interval``.
        resting_on: see ``interval``.
    """
    participants = weights.shape[1]
    value = on_everybody(statistic, participants)
    left_out = np.full(participants, np.nan)
    if method == "bca":
        left_out = statistic(1 - np.eye(participants))
    return value, interval(
        value,
        statistic(weights),
        left_out,
        level=level,
        method=method,
        resting_on=resting_on,
    )


def on_everybody(statistic: Statistic, participants: int) -> float:
    """The number when each participant is taken once."""
    return float(statistic(np.ones((1, participants)))[0])


def interval(
    value: float,
    replicates: F64,
    left_out: F64,
    *,
    level: float,
    method: Method,
    resting_on: int | None = None,
) -> Interval:
    """Interval of confidence from bootstrap replicates.

    Args:
        value: the number on all clusters.
        replicates: f64 (draws,), the number on resampled clusters; NaN = undefined.
        left_out: f64 (clusters,), the number without each cluster in turn (used by BCa alone).
        level: of confidence, in (0, 1).
        method: quantiles of the replicates (``percentile``), farther out by Student's factor for
            the number of clusters (``expanded``), or bias-corrected and accelerated (``bca``).
        resting_on: of the clusters, how many have something to say of the number (see
            ``with_a_number``); None = all.

    Returns:
        NaN ends with fewer than two clusters, an undefined value, or no defined replicate.

    Raises:
        ConfigError: a level or method that cannot be used.
    """
    if not 0 < level < 1:
        raise ConfigError(key="level", expected="a number between 0 and 1", got=level)
    if method not in METHODS:
        raise ConfigError(key="method", expected=f"one of {', '.join(METHODS)}", got=method)
    clusters = len(left_out) if resting_on is None else resting_on
    defined = replicates[~np.isnan(replicates)]
    undefined = math.nan
    if len(replicates):
        undefined = 1 - len(defined) / len(replicates)
    low = high = math.nan
    if clusters >= 2 and len(defined) and not math.isnan(value):
        tails = np.array([(1 - level) / 2, (1 + level) / 2])
        if method == "expanded":
            tails = _expanded_tails(tails, clusters)
        elif method == "bca":
            tails = _bca_tails(tails, value, defined, left_out)
        low, high = np.quantile(defined, tails).tolist()
    return Interval(
        low=low, high=high, level=level, method=method, clusters=clusters, undefined=undefined
    )


def _expanded_tails(tails: F64, clusters: int) -> F64:
    """The quantiles to take instead, so that a mean has an interval as wide as Student's."""
    from scipy.special import ndtr, stdtrit

    students = stdtrit(clusters - 1, tails)
    return np.asarray(ndtr(math.sqrt(clusters / (clusters - 1)) * students), np.float64)


def _bca_tails(tails: F64, value: float, defined: F64, left_out: F64) -> F64:
    """The quantiles to take instead, corrected for bias and skewness."""
    from scipy.special import ndtr, ndtri

    # Sums in another order may differ in the last digit.
    equal = np.isclose(defined, value, rtol=1e-12, atol=0)
    num_below = np.sum((defined < value) & ~equal) + 0.5 * np.sum(equal)
    # Finite also where all lie on one side.
    share_below = np.clip(num_below / len(defined), 0.5 / len(defined), 1 - 0.5 / len(defined))
    bias = ndtri(share_below)
    acceleration = _acceleration(left_out[~np.isnan(left_out)])
    z = bias + ndtri(tails)
    return np.asarray(ndtr(bias + z / (1 - acceleration * z)), np.float64)


def _acceleration(left_out: F64) -> float:
    """A sixth of the skewness of the jackknife's values; 0 where they do not differ."""
    if not len(left_out):
        return 0.0
    away = left_out.mean() - left_out
    spread = float((away**2).sum())
    if spread <= 0:
        return 0.0
    skewness = float((away**3).sum())
    return skewness / float(6 * spread**1.5)
