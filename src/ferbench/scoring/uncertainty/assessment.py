"""The headline numbers with what they need to be believed.

Chance level, p value and interval of confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from ferbench.scoring.curves.threshold_curve import clusters
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.matching.many_draws import Counting
from ferbench.scoring.metric import Metric
from ferbench.scoring.metrics import headline
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.chance import (
    Chance,
    Null,
    NullName,
    Track,
    against,
    strictest,
)
from ferbench.scoring.uncertainty.coverage import measured_coverage
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Method,
    bootstrap,
    on_everybody,
    resampled,
    with_a_number,
)
from ferbench.scoring.uncertainty.moved import jittered, random, shifted
from ferbench.scoring.uncertainty.swapped import FEWEST, swapped

_Each = TypeVar("_Each")

_WIDER: Final = 2.0
"""A stretch of the jitter has at least twice so many times the window's width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number and how far it can be trusted.

    Attributes:
        value: over all sessions; NaN = undefined.
        interval: by bootstrap over participants; None = not asked for.
        coverage: (participants, share): how often such intervals held the true number in the
            simulation with so many participants; None = not measured (see
            ``coverage.measured_coverage``).
        chance: beside the null detector that is hardest to beat (see ``chance.strictest``); None =
            not asked for, or no number of matches.
        random: beside as many events at random times; None as ``chance``.
        chances: beside each null detector that was asked for; empty as ``chance``.
        hardest: which of them ``chance`` is; None = all are undefined.
    """

    value: float
    interval: Interval | None
    coverage: tuple[int, float] | None
    chance: Chance | None
    random: Chance | None
    chances: Mapping[NullName, Chance] = field(default_factory=dict)
    hardest: NullName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NullRules:
    """Which null detectors there are, and how they are drawn.

    Attributes:
        names: in order; the first is the headline's where none is harder to beat.
        half_width_s: half the length of the jitter's stretches, seconds; twice the window's width
            where that is more.
        draws: of each; 0 = no chance level.
    """

    names: tuple[NullName, ...] = ("circular", "jitter", "swap")
    half_width_s: float = 30.0
    draws: int = 1000


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
        nulls: null distributions, as asked for.
        half_width_s: half the length of the jitter's stretches, as they were.
        random: that of as many events at random times; None = not asked for.
        num_ignored: events that are neither hits nor false alarms, not in ``tally``; None = further
            events are false alarms.
    """

    measured: Mapping[str, Measured]
    participants: tuple[str, ...]
    num_unnamed: int
    tally: Tally
    lags_s: tuple[tuple[float, ...], ...]
    nulls: Mapping[NullName, Null]
    half_width_s: float
    random: Null | None
    num_ignored: int | None


def assess(
    sessions: Sequence[ScoredSession],
    *,
    criterion: Criterion,
    nulls: NullRules,
    draws: int,
    level: float,
    method: Method,
    seed: int,
) -> Assessment:
    """Score sessions, and say how much of it is chance and how sure it is.

    Args:
        sessions: the sessions.
        criterion: which events count for which annotations.
        nulls: null detectors.
        draws: of the bootstrap; 0 = no intervals.
        level: of confidence.
        method: of the intervals.
        seed: of all random numbers.
    """
    participants, tally, lags_s, num_ignored = _by_participant(sessions, criterion)
    tracks = [track(session, criterion.moved_by) for session in sessions]
    least_s = least_shift_s(criterion, tracks)
    half_width_s = max(nulls.half_width_s, _WIDER * least_s)
    by_null: dict[NullName, Null] = {}
    by_random = None
    if nulls.draws:
        drawn = _Drawing(
            tracks=tracks,
            count=criterion.count_matches(),
            least_s=least_s,
            half_width_s=half_width_s,
            draws=nulls.draws,
            seed=seed,
        )
        by_null = {name: drawn.null(name) for name in nulls.names}
        by_random = drawn.random()
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
            value, interval = bootstrap(
                statistic,
                weights,
                level=level,
                method=method,
                resting_on=with_a_number(statistic, len(participants)),
            )
            coverage = measured_coverage(metric.name, method, interval.clusters, level=level)
        chances = _beside(metric, value, by_null)
        hardest = strictest(that_can_speak(chances, len(participants)))
        measured[metric.name] = Measured(
            value=value,
            interval=interval,
            coverage=coverage,
            chance=chances[hardest] if hardest else next(iter(chances.values()), None),
            random=_by_chance(metric, value, by_random),
            chances=chances,
            hardest=hardest,
        )
    return Assessment(
        measured=measured,
        participants=participants,
        num_unnamed=sum(not session.participant for session in sessions),
        tally=tally,
        lags_s=lags_s,
        nulls=by_null,
        half_width_s=half_width_s,
        random=by_random,
        num_ignored=None if criterion.duplicates == "false_alarm" else num_ignored,
    )


def _beside(metric: Metric, value: float, nulls: Mapping[NullName, Null]) -> dict[NullName, Chance]:
    """A metric beside each null detector's; empty where none says anything about it."""
    found: dict[NullName, Chance] = {}
    for name, null in nulls.items():
        chance = _by_chance(metric, value, null)
        if chance is not None:
            found[name] = chance
    return found


def that_can_speak(each: Mapping[NullName, _Each], participants: int) -> dict[NullName, _Each]:
    """All but a swap among so few participants that no p could be small, unless it is alone."""
    if participants >= FEWEST or len(each) == 1:
        return dict(each)
    return {name: of_one for name, of_one in each.items() if name != "swap"}


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
) -> tuple[tuple[str, ...], Tally, tuple[tuple[float, ...], ...], int]:
    """Participants in order of their names, the counts and the lags of each; ignored events."""
    participants, owner = clusters(sessions)
    lags_s: list[list[float]] = [[] for _ in participants]
    rows = []
    all_ignored = 0
    for session, participant in zip(sessions, owner.tolist(), strict=True):
        pairs = criterion.matches(session.events, session.annotations)
        times_s = stamps_s(session, criterion.stamp)
        onsets_s = [annotation.onset_s for annotation in session.annotations]
        lags_s[participant] += [times_s[i] - onsets_s[j] for i, j in pairs]
        num_ignored = len(criterion.ignored(session.events, session.annotations, pairs))
        num_false = len(session.events) - len(pairs) - num_ignored
        all_ignored += num_ignored
        num_missed = len(session.annotations) - len(pairs)
        rows.append((len(pairs), num_false, num_missed, session.observed_s))
    tp, fp, fn, observed_s = np.array(rows, np.float64).reshape(-1, 4).T
    by_session = Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s)
    tally = by_session.grouped(owner, len(participants))
    return participants, tally, tuple(tuple(of_one) for of_one in lags_s), all_ignored


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drawing:
    """Null detectors over the same sessions, each with random numbers of its own."""

    tracks: Sequence[Track]
    count: Counting
    least_s: float
    half_width_s: float
    draws: int
    seed: int

    def null(self, name: NullName) -> Null:
        """What one of the null detectors scores."""
        tracks, count, draws, seed = self.tracks, self.count, self.draws, self.seed
        if name == "circular":
            return shifted(tracks, count=count, least_s=self.least_s, draws=draws, seed=seed)
        if name == "jitter":
            half_width_s = self.half_width_s
            return jittered(
                tracks, count=count, half_width_s=half_width_s, draws=draws, seed=seed + 5
            )
        return swapped(tracks, count=count, draws=draws, seed=seed + 6)

    def random(self) -> Null:
        """What as many events at random times score."""
        return random(self.tracks, count=self.count, draws=self.draws, seed=self.seed + 1)


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
        participant=session.cluster,
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
