"""The headline numbers with what they need to be believed.

Chance level, p value and interval of confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.metrics import METRICS, Tally
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.scoring.uncertainty.chance import (
    Chance,
    Null,
    Track,
    against,
    random,
    shifted,
)
from ferbench.scoring.uncertainty.coverage import measured_coverage
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Method,
    Statistic,
    bootstrap,
    median_of,
    metric_of,
    resampled,
)

COMPARED_WITH_CHANCE = ("precision", "recall", "f1")
"""Their p values are the same, for a null detector has as many events and annotations in every
draw.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number and how far it can be trusted.

    Attributes:
        value: over all sessions; NaN = undefined.
        interval: by bootstrap over participants; None = not asked for.
        coverage: (participants, share): how often such intervals held the true number in the
            simulation with so many participants; None = not measured (see
            ``coverage.measured_coverage``).
        chance: beside circularly shifted events; None = not asked for, or no number of matches.
        random: beside as many events at random times; None as ``chance``.
    """

    value: float
    interval: Interval | None
    coverage: tuple[int, float] | None
    chance: Chance | None
    random: Chance | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assessment:
    """All headline numbers of some sessions.

    Attributes:
        measured: by name: precision, recall, f1, false_alarms_per_min, latency_s (median of the
            matches).
        participants: the units of resampling, in order of their names.
        num_unnamed: sessions without a participant; each stands for itself, so intervals are too
            narrow where one person is behind several.
        tally: counts of each participant.
        lags_s: lags of each participant's matches.
        shifted: null distribution of circularly shifted events; None = not asked for.
        random: that of as many events at random times; None = not asked for.
    """

    measured: Mapping[str, Measured]
    participants: tuple[str, ...]
    num_unnamed: int
    tally: Tally
    lags_s: tuple[tuple[float, ...], ...]
    shifted: Null | None
    random: Null | None


def assess(
    evidence: Sequence[ScoredSession],
    *,
    criterion: Criterion,
    surrogates: int,
    draws: int,
    level: float,
    method: Method,
    seed: int,
) -> Assessment:
    """Score sessions, and say how much of it is chance and how sure it is.

    Args:
        evidence: the sessions.
        criterion: which events count for which annotations.
        surrogates: draws of each null detector; 0 = no chance level.
        draws: of the bootstrap; 0 = no intervals.
        level: of confidence.
        method: of the intervals.
        seed: of all random numbers.
    """
    participants, tally, lags_s = _by_participant(evidence, criterion)
    by_shift, by_random = (
        _nulls(evidence, criterion, surrogates, seed) if surrogates else (None, None)
    )
    weights = resampled(len(participants), draws=draws, seed=seed + 2) if draws else None

    def measured(name: str, statistic: Statistic) -> Measured:
        value, found = float(statistic(np.ones((1, len(participants))))[0]), None
        if weights is not None:
            value, found = bootstrap(statistic, weights, level=level, method=method)
        chance, at_random = (
            against(value, METRICS[name](null.tally))
            if null and name in COMPARED_WITH_CHANCE
            else None
            for null in (by_shift, by_random)
        )
        coverage = (
            measured_coverage(name, method, len(participants), level=level) if found else None
        )
        return Measured(
            value=value, interval=found, coverage=coverage, chance=chance, random=at_random
        )

    statistics = {name: metric_of(tally, metric) for name, metric in METRICS.items()}
    return Assessment(
        measured={
            name: measured(name, statistic)
            for name, statistic in (*statistics.items(), ("latency_s", median_of(lags_s)))
        },
        participants=participants,
        num_unnamed=sum(not session.participant for session in evidence),
        tally=tally,
        lags_s=lags_s,
        shifted=by_shift,
        random=by_random,
    )


def _by_participant(
    evidence: Sequence[ScoredSession], criterion: Criterion
) -> tuple[tuple[str, ...], Tally, tuple[tuple[float, ...], ...]]:
    """Participants in order of their names, the counts of each, and the lags of each one's matches."""
    participants = tuple(sorted({session.cluster for session in evidence}))
    number = {name: k for k, name in enumerate(participants)}
    lags_s: list[list[float]] = [[] for _ in participants]
    rows = []
    for session in evidence:
        pairs, times_s = (
            criterion.matches(session.events, session.annotations),
            stamps_s(session, criterion.stamp),
        )
        lags_s[number[session.cluster]] += [
            times_s[i] - session.annotations[j].onset_s for i, j in pairs
        ]
        missed = len(session.annotations) - len(pairs)
        rows.append((len(pairs), len(session.events) - len(pairs), missed, session.observed_s))
    tp, fp, fn, observed_s = np.array(rows, np.float64).reshape(-1, 4).T
    group = np.array([number[session.cluster] for session in evidence], np.int64)
    tally = Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s).grouped(group, len(participants))
    return participants, tally, tuple(tuple(own) for own in lags_s)


def _nulls(
    evidence: Sequence[ScoredSession], criterion: Criterion, surrogates: int, seed: int
) -> tuple[Null, Null]:
    """What circularly shifted events, and as many at random times, score."""
    tracks = [track(session, criterion.moved_by) for session in evidence]
    count, least_s = criterion.count_matches(), least_shift_s(criterion, tracks)
    return (
        shifted(tracks, count=count, least_s=least_s, draws=surrogates, seed=seed),
        random(tracks, count=count, draws=surrogates, seed=seed + 1),
    )


def track(session: ScoredSession, stamp: Stamp) -> Track:
    """A session as null detectors see it; an event's extent is counted from its stamp."""
    times_s = np.array(stamps_s(session, stamp), np.float64)
    return Track(
        times_s=times_s,
        lasts_s=np.array([event.offset_s for event in session.events], np.float64) - times_s,
        marks_s=np.array(
            [(a.onset_s, a.offset_s) for a in session.annotations], np.float64
        ).reshape(-1, 2),
        observed=session.observed,
    )


def least_shift_s(criterion: Criterion, tracks: Sequence[Track]) -> float:
    """The shift from which on no event can keep its match."""
    longest_event_s = max((float(t.lasts_s.max(initial=0)) for t in tracks), default=0.0)
    longest_mark_s = max((float(np.diff(t.marks_s).max(initial=0)) for t in tracks), default=0.0)
    return criterion.least_shift_s(
        longest_event_s=longest_event_s, longest_annotation_s=longest_mark_s
    )
