"""Two or more detectors on the same participants: paired differences, with intervals and p values.

Intervals: the same participants are drawn for both (paired bootstrap, see ``intervals``). P values:
under the null hypothesis it does not matter which of the two a participant's results come from, so
they are swapped, participant by participant (Fisher's randomisation test): all swaps where there
are few participants, then the p value is exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Method,
    Statistic,
    interval,
    metric_of,
    resampled,
)
from ferbench.scoring.uncertainty.power import least_difference
from ferbench.types import F64, I64

EXACT_UP_TO: Final = 16
"""Participants for whom all swaps are tried; beyond, random ones."""
_EQUAL: Final = 1e-12  # differences that differ by less are ties


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One detector less another on the same participants.

    Attributes:
        value: number of the other less that of the first.
        interval: paired bootstrap over participants.
        p: two-sided, by swapping the two within participants; a swap without a defined difference
            counts as large.
        exact: whether all swaps were tried.
        swaps: how many were; where not exact, the real assignment is counted besides.
        undefined: share of the swaps without a defined difference.
        p_holm: corrected for the other comparisons beside it (Holm 1979).
        p_max: corrected by the largest of all differences in each swap (single-step max-T without
            studentising, Westfall & Young 1993); all detectors are swapped with the first for the
            same participants.
        least_detectable: difference that ``power.POWER`` of studies of so many participants would
            find; of several comparisons alpha is divided by their number; NaN = none, however
            large.
    """

    value: float
    interval: Interval
    p: float
    exact: bool
    swaps: int
    undefined: float
    p_holm: float
    p_max: float
    least_detectable: float

    @property
    def least_p(self) -> float:
        """The smallest p that so few participants or swaps can give."""
        return 1 / self.swaps if self.exact else 1 / (1 + self.swaps)


def compare_counts(
    first: Tally,
    others: Sequence[Tally],
    formula: Formula,
    *,
    draws: int,
    seed: int,
    level: float,
    method: Method,
    alpha: float = 0.05,
) -> tuple[Difference, ...]:
    """Compare a metric of each of several detectors with that of a first one.

    Args:
        first: one entry per participant (N,).
        others: the same participants in the same order.
        formula: of summed counts.
        draws: of the bootstrap, and of swaps where not all can be tried.
        seed: of the random numbers.
        level: of confidence.
        method: of the interval.
        alpha: p up to which a difference counts as found, for ``least_detectable``.

    Raises:
        ConfigError: different numbers of participants.
    """
    participants = len(first.tp)
    numbers = [participants, *(len(other.tp) for other in others)]
    if len(set(numbers)) != 1:
        raise ConfigError(
            f"comparison: expected the same participants on all sides, got {numbers} of them"
        )
    statistics = [metric_of(Tally.joined((first, other)), formula) for other in others]
    return compare_statistics(
        statistics, participants, draws=draws, seed=seed, level=level, method=method, alpha=alpha
    )


def holm_adjusted(p: Sequence[float] | F64) -> list[float]:
    """P values corrected for their number (Holm 1979); NaN stay and do not count.

    >>> [round(value, 3) for value in holm_adjusted([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    result = np.full(len(values), np.nan)
    largest_so_far = 0.0
    for rank, index in enumerate(order):
        adjusted = min(1.0, (len(order) - rank) * float(values[index]))
        largest_so_far = max(largest_so_far, adjusted)
        result[index] = largest_so_far
    return [float(value) for value in result]


def compare_statistics(
    statistics: Sequence[Statistic],
    participants: int,
    *,
    draws: int,
    seed: int,
    level: float,
    method: Method,
    alpha: float = 0.05,
) -> tuple[Difference, ...]:
    """Compare any number of several detectors with that of a first one; see ``compare_counts``.

    Each statistic is one of 2 N entries, the first detector's N participants before the other's.
    Participants who alone have no such number with any detector (recall: who has no annotations)
    add nothing to a difference, and are neither drawn nor swapped.
    """
    who = _with_a_number(statistics, participants)
    statistics = [_among(statistic, who, participants) for statistic in statistics]
    participants = len(who)
    weights = resampled(participants, draws=draws, seed=seed)
    swaps = _swaps(participants, draws, seed)
    exact = participants <= EXACT_UP_TO
    values, intervals, swapped, detectable = [], [], [], []
    least_p = 1 / len(swaps) if exact else 1 / (1 + len(swaps))
    for statistic in statistics:
        value = float(_difference(statistic, np.ones((1, participants)))[0])
        replicates = _difference(statistic, weights)
        left_out = _difference(statistic, 1 - np.eye(participants))
        values.append(value)
        intervals.append(interval(value, replicates, left_out, level=level, method=method))
        swapped.append(np.abs(_swapped(statistic, swaps)))
        detectable.append(
            least_difference(
                replicates, participants, alpha=alpha / len(statistics), least_p=least_p
            )
        )

    # An undefined difference counts as large; detectors without a number of their own are no part
    # of the sweep.
    sizes = [np.where(np.isnan(of_one), np.inf, of_one) for of_one in swapped]
    has_value = ~np.isnan(values)
    largest = np.max(np.array(sizes)[has_value], axis=0, initial=0.0) if sizes else np.empty(0)
    p = [_p_value(*pair, exact=exact) for pair in zip(values, sizes, strict=True)]
    p_holm = holm_adjusted(p)
    return tuple(
        Difference(
            value=value,
            interval=intervals[k],
            p=p[k],
            exact=exact,
            swaps=len(swaps),
            undefined=float(np.isnan(swapped[k]).mean()),
            p_holm=p_holm[k],
            p_max=_p_value(value, largest, exact=exact),
            least_detectable=detectable[k],
        )
        for k, value in enumerate(values)
    )


def _with_a_number(statistics: Sequence[Statistic], participants: int) -> I64:
    """Numbers of the participants who alone have a number with some detector, i64 (M,)."""
    alone, nobody = np.eye(participants), np.zeros((participants, participants))
    has_one = np.zeros(participants, np.bool_)
    for statistic in statistics:
        for weights in (np.hstack([alone, nobody]), np.hstack([nobody, alone])):
            has_one |= ~np.isnan(statistic(weights))
    return np.flatnonzero(has_one)


def _among(statistic: Statistic, who: I64, participants: int) -> Statistic:
    """The same statistic of some participants, of 2 M entries; the others are never taken."""
    if len(who) == participants:
        return statistic
    columns = np.concatenate([who, participants + who])

    def of_some(weights: F64) -> F64:
        everybody = np.zeros((len(weights), 2 * participants))
        everybody[:, columns] = weights
        return statistic(everybody)

    return of_some


def _p_value(value: float, sizes: F64, *, exact: bool) -> float:
    """Share of the swaps' differences f64 (swaps,) that are as large; NaN without a value.

    Where not all swaps were tried, the real assignment is counted besides.
    """
    if math.isnan(value):
        return math.nan
    num_as_large = int((sizes >= abs(value) - _EQUAL).sum())
    if exact:
        return num_as_large / len(sizes)
    return (1 + num_as_large) / (1 + len(sizes))


def _difference(statistic: Statistic, weights: F64) -> F64:
    """Other less first, f64 (rows,).

    Args:
        statistic: of 2 N entries.
        weights: f64 (rows, N), how often each participant is taken.
    """
    none = np.zeros_like(weights)
    return statistic(np.hstack([none, weights])) - statistic(np.hstack([weights, none]))


def _swapped(statistic: Statistic, swaps: F64) -> F64:
    """Other less first, f64 (rows,), with the two swapped for some participants.

    Args:
        statistic: of 2 N entries.
        swaps: f64 (rows, N), 1 = swapped, else 0.
    """
    return statistic(np.hstack([swaps, 1 - swaps])) - statistic(np.hstack([1 - swaps, swaps]))


def _swaps(participants: int, draws: int, seed: int) -> F64:
    """Which participants are swapped, f64 (rows, N) of 0 and 1; all possibilities for few.

    Swapping the others instead only turns the sign of a difference, so the first participant is
    never swapped.
    """
    if participants > EXACT_UP_TO:
        rng = np.random.default_rng([seed, 1])
        return rng.integers(0, 2, (draws, participants)).astype(np.float64)
    of_the_others = itertools.product((0.0, 1.0), repeat=max(participants - 1, 0))
    return np.array([(0.0, *rest)[:participants] for rest in of_the_others])
