"""Scores over the time of a session: people get used to a robot, and reactions weaken.

A session is cut into bins, of so many seconds or so many equal parts of what it lasted. A match and
a miss lie in the bin of their annotation's onset, a false alarm in that of its own time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.curves.threshold_curve import clusters
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.metrics import count_formulas
from ferbench.scoring.scored_session import ScoredSession, stamps_s
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Statistic,
    bootstrap,
    metric_of,
    resampled,
    with_a_number,
)
from ferbench.timespans import seconds_before, spans_of, units_needed
from ferbench.types import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimeBins:
    """Counts of each participant in each bin.

    Attributes:
        length_s: of a bin, seconds; NaN = equal parts of each session.
        edges: f64 (B + 1,), ends of the bins: seconds of the session, or shares of it.
        participants: P names, sorted.
        tally: entries (P, B).
        sessions: i64 (B,), how many were observed in each.
        left_out: sessions of which it is not known when they were observed.
        intervals: of recall and of false alarms per minute in each bin, by their names; empty = not
            asked for.
    """

    length_s: float
    edges: F64
    participants: tuple[str, ...]
    tally: Tally
    sessions: I64
    left_out: int
    intervals: Mapping[str, tuple[Interval, ...]]

    @property
    def pooled(self) -> Tally:
        """Counts of everybody together, entries (B,)."""
        return self.tally.weighted(np.ones(len(self.participants)))


def time_bins(
    sessions: Sequence[ScoredSession],
    criterion: Criterion,
    rules: StatisticsRules,
    *,
    intervals: bool,
) -> TimeBins | None:
    """Count in bins of time.

    Args:
        sessions: all of them.
        criterion: how events are matched.
        rules: which bins, and how intervals are made.
        intervals: also intervals.

    Returns:
        None = of no session it is known when it was observed.
    """
    placed = [session for session in sessions if session.observed]
    if not placed:
        return None
    length_s = rules.time_bin_s
    edges = _edges(rules, max(session.observed[-1][1] for session in placed))
    participants, owner = clusters(placed)
    counts = np.zeros((4, len(participants), len(edges) - 1))
    in_bin = np.zeros(len(edges) - 1, np.int64)
    for session, who in zip(placed, owner.tolist(), strict=True):
        ends_s = edges
        if length_s is None:
            first_s, last_s = session.observed[0][0], session.observed[-1][1]
            ends_s = first_s + edges * (last_s - first_s)
        of_session = _counts(session, criterion, ends_s)
        counts[:, who] += of_session
        in_bin += of_session[3] > 0
    tp, fp, fn, observed_s = counts
    tally = Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s)
    return TimeBins(
        length_s=math.nan if length_s is None else length_s,
        edges=edges,
        participants=participants,
        tally=tally,
        sessions=in_bin,
        left_out=len(sessions) - len(placed),
        intervals=_intervals(tally, rules) if intervals else {},
    )


def _edges(rules: StatisticsRules, last_s: float) -> F64:
    """Ends of the bins, as ``TimeBins`` has them; ``last_s`` is when the longest session ends."""
    if rules.time_bin_s is None:
        return np.linspace(0.0, 1.0, rules.time_bins + 1)
    number = units_needed(last_s, rules.time_bin_s)
    return rules.time_bin_s * np.arange(max(number, 1) + 1, dtype=np.float64)


def _intervals(tally: Tally, rules: StatisticsRules) -> dict[str, tuple[Interval, ...]]:
    """Of each bin, from the same draws of participants."""
    participants, bins = tally.tp.shape
    weights = resampled(participants, draws=rules.draws, seed=rules.seed + 2)
    found = {}
    for metric in ("recall", "false_alarms_per_min"):
        formula = count_formulas()[metric]
        found[metric] = tuple(
            _interval(metric_of(_bin(tally, place), formula), weights, rules)
            for place in range(bins)
        )
    return found


def _interval(statistic: Statistic, weights: F64, rules: StatisticsRules) -> Interval:
    """Of one number of one bin; who was not observed in it, or has nothing in it, is no part."""
    return bootstrap(
        statistic,
        weights,
        level=rules.confidence,
        method=rules.method,
        resting_on=with_a_number(statistic, weights.shape[1]),
    )[1]


def _bin(tally: Tally, place: int) -> Tally:
    """One of the bins, entries (P,)."""
    return Tally(
        tp=tally.tp[:, place],
        fp=tally.fp[:, place],
        fn=tally.fn[:, place],
        observed_s=tally.observed_s[:, place],
    )


def _counts(session: ScoredSession, criterion: Criterion, ends_s: F64) -> F64:
    """Matches, false alarms, misses and observed seconds of a session, f64 (4, B)."""
    pairs = criterion.matches(session.events, session.annotations)
    found = {annotation for _, annotation in pairs}
    no_alarm = {event for event, _ in pairs}
    no_alarm |= set(criterion.ignored(session.events, session.annotations, pairs))
    onsets_s = [each.onset_s for each in session.annotations]
    alarms_s = [
        time_s
        for event, time_s in enumerate(stamps_s(session, criterion.stamp))
        if event not in no_alarm
    ]
    observed_s = np.diff(seconds_before(spans_of(session.observed), ends_s))
    return np.stack(
        [
            _in_bins([onsets_s[k] for k in sorted(found)], ends_s),
            _in_bins(alarms_s, ends_s),
            _in_bins([t for k, t in enumerate(onsets_s) if k not in found], ends_s),
            observed_s,
        ]
    )


def _in_bins(times_s: Sequence[float], ends_s: F64) -> F64:
    """How many lie in each bin; what lies at or beyond the last end is in the last bin."""
    place = np.searchsorted(ends_s, np.array(times_s, np.float64), side="right") - 1
    last = len(ends_s) - 2
    return np.bincount(np.clip(place, 0, last), minlength=last + 1).astype(np.float64)
