"""The headline numbers with what they need to be believed.

Chance level, p value and interval of confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.curves.threshold_curve import clusters
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.metric import Metric
from ferbench.scoring.metrics import headline
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.chance import Chance, Null, Track, against, random, shifted
from ferbench.scoring.uncertainty.coverage import measured_coverage
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Method,
    bootstrap,
    on_everybody,
    resampled,
)


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
        measured: the headline metrics by name.
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
    sessions: Sequence[ScoredSession],
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
        sessions: the sessions.
        criterion: which events count for which annotations.
        surrogates: draws of each null detector; 0 = no chance level.
        draws: of the bootstrap; 0 = no intervals.
        level: of confidence.
        method: of the intervals.
        seed: of all random numbers.
    """
    participants, tally, lags_s = _by_participant(sessions, criterion)
    by_shift = by_random = None
    if surrogates:
        by_shift, by_random = _nulls(sessions, criterion, surrogates, seed)
    weights = None
    if draws:
        weights = resampled(len(participants), draws=draws, seed=seed + 2)
    measured = {}
    for metric in headline():
        statistic = metric.statistic(tally, lags_s)
        interval = coverage = None
        if weights is None:
            value = on_everybody(statistic, len(participants))
        else:
            value, interval = bootstrap(statistic, weights, level=level, method=method)
            coverage = measured_coverage(metric.name, method, len(participants), level=level)
        measured[metric.name] = Measured(
            value=value,
            interval=interval,
            coverage=coverage,
            chance=_by_chance(metric, value, by_shift),
            random=_by_chance(metric, value, by_random),
        )
    return Assessment(
        measured=measured,
        participants=participants,
        num_unnamed=sum(not session.participant for session in sessions),
        tally=tally,
        lags_s=lags_s,
        shifted=by_shift,
        random=by_random,
    )


def _by_chance(metric: Metric, value: float, null: Null | None) -> Chance | None:
    """A metric beside a null detector's; None where there is none, or it says nothing about it."""
    if null is None:
        return None
    draws = metric.of_null(null.tally)
    if draws is None:
        return None
    return against(value, draws)


def _by_participant(
    sessions: Sequence[ScoredSession], criterion: Criterion
) -> tuple[tuple[str, ...], Tally, tuple[tuple[float, ...], ...]]:
    """Participants in order of their names, the counts of each, the lags of each one's matches."""
    participants, owner = clusters(sessions)
    lags_s: list[list[float]] = [[] for _ in participants]
    rows = []
    for session, participant in zip(sessions, owner.tolist(), strict=True):
        pairs = criterion.matches(session.events, session.annotations)
        times_s = stamps_s(session, criterion.stamp)
        onsets_s = [annotation.onset_s for annotation in session.annotations]
        lags_s[participant] += [times_s[i] - onsets_s[j] for i, j in pairs]
        num_false = len(session.events) - len(pairs)
        num_missed = len(session.annotations) - len(pairs)
        rows.append((len(pairs), num_false, num_missed, session.observed_s))
    tp, fp, fn, observed_s = np.array(rows, np.float64).reshape(-1, 4).T
    by_session = Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s)
    tally = by_session.grouped(owner, len(participants))
    return participants, tally, tuple(tuple(of_one) for of_one in lags_s)


def _nulls(
    sessions: Sequence[ScoredSession], criterion: Criterion, surrogates: int, seed: int
) -> tuple[Null, Null]:
    """What circularly shifted events, and as many at random times, score."""
    tracks = [track(session, criterion.moved_by) for session in sessions]
    count = criterion.count_matches()
    least_s = least_shift_s(criterion, tracks)
    by_shift = shifted(tracks, count=count, least_s=least_s, draws=surrogates, seed=seed)
    by_random = random(tracks, count=count, draws=surrogates, seed=seed + 1)
    return by_shift, by_random


def track(session: ScoredSession, stamp: Stamp) -> Track:
    """A session as null detectors see it; an event's extent is counted from its stamp."""
    times_s = np.array(stamps_s(session, stamp), np.float64)
    offsets_s = np.array([event.offset_s for event in session.events], np.float64)
    annotations_s = [(each.onset_s, each.offset_s) for each in session.annotations]
    return Track(
        times_s=times_s,
        lasts_s=offsets_s - times_s,
        marks_s=np.array(annotations_s, np.float64).reshape(-1, 2),
        observed=session.observed,
    )


def least_shift_s(criterion: Criterion, tracks: Sequence[Track]) -> float:
    """The shift from which on no event can keep its match."""
    longest_event_s = longest_annotation_s = 0.0
    for each in tracks:
        longest_event_s = max(longest_event_s, float(each.lasts_s.max(initial=0)))
        annotation_s = float(np.diff(each.marks_s).max(initial=0))
        longest_annotation_s = max(longest_annotation_s, annotation_s)
    return criterion.least_shift_s(
        longest_event_s=longest_event_s, longest_annotation_s=longest_annotation_s
    )
