"""Refractory time: how long after an event no other one counts."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence

import numpy as np

from ferbench.threshold_sweep import ThresholdSweep
from ferbench.timespans import TOLERANCE_S
from ferbench.types import Event


def outside_refractory(events: Sequence[Event], refractory_s: float) -> tuple[Event, ...]:
    """Drop events that trigger too soon after the last one that was kept.

    An event is kept if it triggers at least ``refractory_s`` after that one. The time is counted
    from trigger to trigger, because that is when a live program knows; events that are dropped do
    not start it anew. Allows 1e-9 s.

    Args:
        events: of one signal; kept in their order.
        refractory_s: 0 or more; 0 = all events.
    """
    if refractory_s <= 0:
        return tuple(events)
    kept: set[int] = set()
    free_s = -math.inf
    by_trigger = sorted(range(len(events)), key=lambda position: events[position].trigger_s)
    for position in by_trigger:
        trigger_s = events[position].trigger_s
        if trigger_s >= free_s - TOLERANCE_S:
            kept.add(position)
            free_s = trigger_s + refractory_s
    return tuple(event for position, event in enumerate(events) if position in kept)


def sweep_outside_refractory(sweep: ThresholdSweep, refractory_s: float) -> ThresholdSweep:
    """What ``outside_refractory`` leaves of a rule's events, at every level at once.

    As the level sinks, events come and go one at a time; from there on those that are kept are
    walked through anew until the walk meets one that was kept before.

    Args:
        sweep: of one signal.
        refractory_s: 0 or more; 0 = all events.
    """
    if refractory_s <= 0:
        return sweep
    order = np.lexsort((sweep.onset_s, sweep.trigger_s))
    walk = _Walk(sweep.trigger_s[order].tolist(), refractory_s)
    ending: dict[float, list[int]] = {}
    beginning: dict[float, list[int]] = {}
    levels = zip(sweep.below[order].tolist(), sweep.upto[order].tolist(), strict=True)
    for event, (below, upto) in enumerate(levels):
        beginning.setdefault(upto, []).append(event)
        if below > -math.inf:
            ending.setdefault(below, []).append(event)
    for level in sorted(beginning.keys() | ending.keys(), reverse=True):
        walk.change(level, ending=ending.get(level, []), beginning=beginning.get(level, []))
    rows = np.array(walk.ended(), np.float64).reshape(-1, 3)
    kept = order[rows[:, 0].astype(np.int64)]
    return ThresholdSweep(
        floor=sweep.floor,
        below=rows[:, 1],
        upto=rows[:, 2],
        onset_s=sweep.onset_s[kept],
        offset_s=sweep.offset_s[kept],
        trigger_s=sweep.trigger_s[kept],
    )


class _Walk:
    """The events at a level, and which of them are kept.

    Events are numbered in the order of their triggers.
    """

    def __init__(self, trigger_s: list[float], refractory_s: float) -> None:
        self.trigger_s, self.refractory_s = trigger_s, refractory_s
        self.present: list[int] = []
        self.since: dict[int, float] = {}  # of those that are kept, the level from which on
        self.before: list[tuple[int, float, float]] = []

    def change(self, level: float, *, ending: list[int], beginning: list[int]) -> None:
        """Go on to the next lower level at which events end or begin."""
        for event in ending:
            del self.present[bisect_left(self.present, event)]
            self._drop(event, level)
        for event in beginning:
            insort(self.present, event)
        changed = ending + beginning
        start = bisect_left(self.present, min(changed))
        free_s = self._free_s(start)
        for event in self.present[start:]:
            if self.trigger_s[event] < free_s - TOLERANCE_S:
                self._drop(event, level)
                continue
            if event in self.since and event > max(changed):
                return  # from here on everything is as it was
            free_s = self.trigger_s[event] + self.refractory_s
            self.since.setdefault(event, level)

    def _free_s(self, stop: int) -> float:
        """When events may trigger again after the last kept one of ``present[:stop]``."""
        for event in reversed(self.present[:stop]):
            if event in self.since:
                return self.trigger_s[event] + self.refractory_s
        return -math.inf

    def _drop(self, event: int, level: float) -> None:
        since = self.since.pop(event, level)
        if level < since:
            self.before.append((event, level, since))

    def ended(self) -> list[tuple[int, float, float]]:
        """Kept events: number, below, upto."""
        for event in list(self.since):
            self._drop(event, -math.inf)
        return self.before
