"""Two or more detectors on the same participants: paired differences, with intervals and p values.

Intervals: the same participants are drawn for both (paired bootstrap, see ``intervals``). P values:
under the null hypothesis it does not matter which of the two a participant's results come from, so
they are swapped, participant by participant (Fisher's randomisation test): all swaps where there
are few participants, then the p value is exact.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.results import CountsRow
from ferbench.scoring.metrics import METRICS, Metric, Tally
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Method,
    Statistic,
    interval,
    metric_of,
    resampled,
)
from ferbench.types import F64

EXACT_UP_TO: Final = 16
"""Participants for whom all swaps are tried; beyond, random ones."""

_EQUAL = 1e-12  # differences that differ by less are ties


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
    """

    value: float
    interval: Interval
    p: float
    exact: bool
    swaps: int
    undefined: float
    p_holm: float
    p_max: float

    @property
    def least_p(self) -> float:
        """The smallest p that so few participants or swaps can give."""
        return 1 / self.swaps if self.exact else 1 / (1 + self.swaps)


def compare_counts(
    first: Tally,
    others: Sequence[Tally],
    metric: Metric,
    *,
    draws: int,
    seed: int,
    level: float,
    method: Method,
) -> tuple[Difference, ...]:
    """Compare a metric of each of several detectors with that of a first one.

    Args:
        first: one entry per participant (N,).
        others: the same participants in the same order.
        metric: function of summed counts.
        draws: of the bootstrap, and of swaps where not all can be tried.
        seed: of the random numbers.
        level: of confidence.
        method: of the interval.

    Raises:
        ConfigError: different numbers of participants.
    """
    people = _same_people([len(first.tp), *(len(other.tp) for other in others)])
    statistics = [metric_of(Tally.joined((first, other)), metric) for other in others]
    return _compare(statistics, people, draws=draws, seed=seed, level=level, method=method)


def paired(
    first: Sequence[CountsRow],
    others: Sequence[Sequence[CountsRow]],
    *,
    draws: int,
    seed: int,
    level: float,
    method: Method,
    metrics: Mapping[str, Metric] = METRICS,
) -> dict[str, tuple[Difference, ...]]:
    """Compare stored counts of runs with those of a first one, metric by metric.

    One Difference per other run.

    Args:
        first: rows of one run at one threshold and window, one per session.
        others: the same sessions of the other runs (see ``in_common``).
        draws: of the bootstrap, and of swaps where not all can be tried.
        seed: of the random numbers.
        level: of confidence.
        method: of the interval.
        metrics: which, by name.

    Raises:
        ConfigError: a session has several rows, or the runs' sessions or participants differ.
    """
    tables = [_by_session(rows) for rows in (first, *others)]
    names = sorted(tables[0])
    for table in tables[1:]:
        if different := sorted(tables[0].keys() ^ table.keys()):
            raise ConfigError(
                f"paired comparison: expected the same sessions on both sides, got {len(different)} on one side only, "
                f"the first: {different[0]!r}; compare the sessions that all have"
            )
        for name in names:
            own, theirs = tables[0][name].participant, table[name].participant
            if own != theirs:
                raise ConfigError(
                    f"paired comparison: session {name!r} is of participant {own!r} in one run and of {theirs!r} in "
                    "another; score one of them again with the same names"
                )
    clusters = [tables[0][name].participant or f"session {name}" for name in names]
    people, group = np.unique(np.array(clusters, str), return_inverse=True)
    tallies = [
        Tally.of(table[name].counts for name in names).grouped(group, len(people))
        for table in tables
    ]
    return {
        name: compare_counts(
            tallies[0], tallies[1:], metric, draws=draws, seed=seed, level=level, method=method
        )
        for name, metric in metrics.items()
    }


def in_common(runs: Sequence[Sequence[CountsRow]]) -> tuple[list[list[CountsRow]], tuple[str, ...]]:
    """The rows of sessions that all runs have, and the names of the other sessions."""
    names = [{row.session_id for row in rows} for rows in runs]
    shared = set.intersection(*names) if names else set()
    kept = [[row for row in rows if row.session_id in shared] for rows in runs]
    return kept, tuple(sorted(set().union(*names) - shared))


def holm_adjusted(p: Sequence[float] | F64) -> list[float]:
    """P values corrected for their number (Holm 1979); NaN stay and do not count.

    >>> [round(value, 3) for value in holm_adjusted([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, np.float64)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    result, reached = np.full(len(values), np.nan), 0.0
    for rank, index in enumerate(order):
        reached = max(reached, min(1.0, (len(order) - rank) * values[index]))
        result[index] = reached
    return [float(value) for value in result]


def _compare(
    statistics: Sequence[Statistic],
    people: int,
    *,
    draws: int,
    seed: int,
    level: float,
    method: Method,
) -> tuple[Difference, ...]:
    """Compare; each statistic is one of 2 N entries, the first detector's N participants before the
    other's.
    """
    weights, swaps = resampled(people, draws=draws, seed=seed), _swaps(people, draws, seed)
    exact = people <= EXACT_UP_TO
    values, intervals, swapped = [], [], []
    for statistic in statistics:
        value = float(_difference(statistic, np.ones((1, people)))[0])
        left_out = _difference(statistic, 1 - np.eye(people))
        values.append(value)
        intervals.append(
            interval(value, _difference(statistic, weights), left_out, level=level, method=method)
        )
        swapped.append(np.abs(_swapped(statistic, swaps)))

    # An undefined difference counts as large; detectors without a number of their own are no part
    # of the sweep.
    large = [np.where(np.isnan(sizes), np.inf, sizes) for sizes in swapped]
    compared = [sizes for sizes, value in zip(large, values, strict=True) if not math.isnan(value)]
    largest = np.max(compared, axis=0) if compared else np.zeros(len(swaps))

    def p_value(value: float, sizes: F64) -> float:
        if math.isnan(value):
            return math.nan
        at_least = int((sizes >= abs(value) - _EQUAL).sum())
        return at_least / len(swaps) if exact else (1 + at_least) / (1 + len(swaps))

    p = [p_value(value, sizes) for value, sizes in zip(values, large, strict=True)]
    holm = holm_adjusted(p)
    return tuple(
        Difference(
            value=value,
            interval=intervals[k],
            p=p[k],
            exact=exact,
            swaps=len(swaps),
            undefined=float(np.isnan(swapped[k]).mean()),
            p_holm=holm[k],
            p_max=p_value(value, largest),
        )
        for k, value in enumerate(values)
    )


def _difference(statistic: Statistic, weights: F64) -> F64:
    """Other less first, f64 (rows,), when participants are taken as often as ``weights`` f64 (rows,
    N) says.
    """
    none = np.zeros_like(weights)
    return statistic(np.hstack([none, weights])) - statistic(np.hstack([weights, none]))


def _swapped(statistic: Statistic, swaps: F64) -> F64:
    """Other less first, f64 (rows,), when the two are swapped for the participants with a 1 in
    ``swaps`` (rows, N).
    """
    return statistic(np.hstack([swaps, 1 - swaps])) - statistic(np.hstack([1 - swaps, swaps]))


def _swaps(people: int, draws: int, seed: int) -> F64:
    """Which participants are swapped, f64 (rows, people) of 0 and 1; all possibilities for few.

    Swapping the others instead only turns the sign of a difference, so the first participant is
    never swapped.
    """
    if people > EXACT_UP_TO:
        return np.random.default_rng([seed, 1]).integers(0, 2, (draws, people)).astype(np.float64)
    return np.array(
        [(0.0, *rest)[:people] for rest in itertools.product((0.0, 1.0), repeat=max(people - 1, 0))]
    )


def _same_people(numbers: Sequence[int]) -> int:
    if len(set(numbers)) != 1:
        raise ConfigError(
            f"comparison: expected the same participants on all sides, got {list(numbers)} of them"
        )
    return numbers[0]


def _by_session(rows: Sequence[CountsRow]) -> dict[str, CountsRow]:
    table = {row.session_id: row for row in rows}
    if len(table) != len(rows):
        settings = sorted({(row.threshold, row.pre_s, row.post_s) for row in rows})
        raise ConfigError(
            f"paired comparison: expected one row per session, got {len(rows)} rows of {len(table)} sessions with "
            f"(threshold, pre_s, post_s) = {settings[:4]}; choose one of these"
        )
    return table
