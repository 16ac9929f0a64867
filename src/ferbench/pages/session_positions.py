"""What a session's threshold slider shows: events, matches and numbers at each of its positions.

Everything is computed here, by the event rule and the criterion of the run; a page only looks it
up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.protocols import EventRule
from ferbench.results import PartResult, SessionResult
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.session_outcome import compare_session, counted
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import F64, Event, Signal

MOST_POSITIONS: Final = 200
ONE_LEVEL: Final = "this event rule tells its events at its own threshold only"
NO_LEVEL: Final = "this event rule has no threshold"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptEvent:
    """An event and the positions of the slider at which it is found.

    Attributes:
        event: in seconds of the session.
        part: number of the part that it is in, from 0.
        first: lowest position.
        last: highest position.
    """

    event: Event
    part: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is found at one level.

    Attributes:
        level: the threshold.
        matches: position in ``Positions.events``, position in the session's annotations, lag in
            seconds.
        numbers: counts and headline metrics by name, undefined is None; empty = not scored.
        ignored: positions in ``Positions.events`` of further events that are no false alarms.
    """

    level: float
    matches: tuple[tuple[int, int, float], ...]
    numbers: Mapping[str, float | int | None]
    ignored: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """A slider's positions, lowest level first.

    Attributes:
        positions: at most ``MOST_POSITIONS``.
        own: the position of the run's own level.
        events: every event of any position, in time order.
        scored_events: positions in ``events`` of those that count.
        note: why there is only one position; "" = there are more, or nothing else would change.
    """

    positions: tuple[Position, ...]
    own: int
    events: tuple[SweptEvent, ...]
    scored_events: tuple[int, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class _OfSignal:
    signal: Signal
    part: int
    start_s: float
    sweep: ThresholdSweep


def positions_of(
    result: SessionResult,
    rule: EventRule,
    criterion: Criterion,
    *,
    lowest: float,
    most: int = MOST_POSITIONS,
) -> Positions:
    """Events and scores at the levels where something changes.

    Args:
        result: the session.
        rule: that its events were found with.
        criterion: that they were matched with.
        lowest: the signal's least possible value: at or below it everything would be an event.
        most: positions at most; more levels are thinned evenly, the rule's own is always there.
    """
    has_level = not math.isnan(rule.level)
    swept = _swept(result.parts, rule) if has_level else None
    one_level = ONE_LEVEL if has_level else NO_LEVEL
    levels, found, note = np.array([rule.level]), _of_run(result), one_level
    if swept is not None:
        levels = chosen_levels([each.sweep for each in swept], rule.level, lowest, most)
        found, note = _found(swept, levels), ""
    own = int(np.searchsorted(levels, rule.level))
    if _times(each.event for each in found if each.first <= own <= each.last) != _times(
        result.events
    ):
        levels, found, note, own = np.array([rule.level]), _of_run(result), one_level, 0
    is_scored = result.counts is not None
    events = [each.event for each in found]
    scored, _ = counted(events, (), result.session.observed, criterion)
    return Positions(
        positions=tuple(_all_positions(result, found, levels, criterion)),
        own=own,
        events=tuple(found),
        scored_events=scored if is_scored else (),
        note=note,
    )


def chosen_levels(sweeps: Sequence[ThresholdSweep], own: float, lowest: float, most: int) -> F64:
    """Levels where something changes, with a run's own, or an even choice of them.

    Args:
        sweeps: of all signals.
        own: the run's level, which is among the result.
        lowest: levels must be above it.
        most: how many there may be, at least 1.

    Returns:
        f64 (at most ``most``,), rising.
    """
    floor = max((sweep.floor for sweep in sweeps), default=own)
    every = np.unique(np.concatenate([np.empty(0), *(sweep.levels for sweep in sweeps)]))
    every = every[(every > lowest) & (every >= floor) & (every != own)]
    room = most - 1
    if len(every) > room:
        evenly = np.linspace(0, len(every) - 1, room).round().astype(np.int64)
        every = every[np.unique(evenly)]
    return np.sort(np.append(every, own))


def _swept(parts: Sequence[PartResult], rule: EventRule) -> list[_OfSignal] | None:
    """The rule's events at all levels, signal by signal; None = it cannot tell."""
    swept = []
    for number, part in enumerate(parts):
        for signal in part.signals:
            sweep = rule.threshold_sweep(signal, start_s=part.start_s)
            if sweep is None:
                return None
            swept.append(_OfSignal(signal, number, part.start_s, sweep))
    return swept


def _found(swept: Sequence[_OfSignal], levels: F64) -> list[SweptEvent]:
    """Every event of any position, in time order."""
    found = []
    for each in swept:
        firsts = np.searchsorted(levels, each.sweep.below, side="right")
        lasts = np.searchsorted(levels, each.sweep.upto, side="right") - 1
        edges_s = each.signal.timeline.edges_s + each.start_s
        for row in np.flatnonzero(firsts <= lasts).tolist():
            event = _event(each, row, edges_s)
            first, last = int(firsts[row]), int(lasts[row])
            found.append(SweptEvent(event=event, part=each.part, first=first, last=last))
    return sorted(found, key=lambda each: each.event)


def _event(swept: _OfSignal, row: int, edges_s: F64) -> Event:
    """A row of a sweep as an event, with the largest value of the signal in it."""
    onset_s, offset_s = float(swept.sweep.onset_s[row]), float(swept.sweep.offset_s[row])
    first, stop = np.searchsorted(edges_s, [onset_s, offset_s])
    return Event(
        session_id="",
        onset_s=onset_s,
        offset_s=offset_s,
        trigger_s=float(swept.sweep.trigger_s[row]),
        label=swept.signal.label,
        peak=float(np.nanmax(swept.signal.value[first:stop])),
    )


def _of_run(result: SessionResult) -> list[SweptEvent]:
    """The run's own events, each in the last part that begins before it."""
    starts_s = [part.picture_start_s for part in result.parts]
    found = []
    for event in result.events:
        part = int(np.searchsorted(starts_s, event.onset_s, side="right")) - 1
        found.append(SweptEvent(event=event, part=max(part, 0), first=0, last=0))
    return found


def _times(events: Iterable[Event]) -> list[tuple[str, float, float, float]]:
    times = [(each.label, each.onset_s, each.offset_s, each.trigger_s) for each in events]
    return sorted(times)


def _all_positions(
    result: SessionResult, found: Sequence[SweptEvent], levels: F64, criterion: Criterion
) -> Iterator[Position]:
    firsts = np.array([each.first for each in found], np.int64)
    lasts = np.array([each.last for each in found], np.int64)
    for number, level in enumerate(levels.tolist()):
        if result.counts is None:
            yield Position(level=level, matches=(), numbers={})
            continue
        here = np.flatnonzero((firsts <= number) & (number <= lasts)).tolist()
        outcome = compare_session(
            [found[k].event for k in here],
            result.session.annotations or (),
            criterion,
            observed=result.session.observed,
            observed_s=result.observed_s,
            valid_s=result.valid_s,
        )
        pairs = zip(outcome.matches, outcome.lags_s, strict=True)
        matches = tuple((here[event], annotation, lag_s) for (event, annotation), lag_s in pairs)
        yield Position(
            level=level,
            matches=matches,
            numbers=outcome.as_plain(),
            ignored=tuple(here[event] for event in outcome.ignored),
        )
