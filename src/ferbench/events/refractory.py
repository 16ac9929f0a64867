"""Refractory time: how long after an event no other one counts."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Event

_TOLERANCE_S: Final = 1e-9


def outside_refractory(events: Sequence[Event], refractory_s: float) -> tuple[Event, ...]:
    """Events whose trigger is at least ``refractory_s`` after the trigger of the last one that was
    kept.

    It is counted from trigger to trigger, because that is when a live program knows; events that
    are dropped do not start it anew. Allows 1e-9 s.

    Args:
        events: of one signal; kept in their order.
        refractory_s: 0 or more; 0 = all events.
    """
    if refractory_s <= 0:
        return tuple(events)
    kept: set[int] = set()
    free_s = -math.inf
    for at in sorted(range(len(events)), key=lambda at: events[at].trigger_s):
        if events[at].trigger_s >= free_s - _TOLERANCE_S:
            kept.add(at)
            free_s = events[at].trigger_s + refractory_s
    return tuple(event for at, event in enumerate(events) if at in kept)


def sweep_outside_refractory(profile: ThresholdSweep, refractory_s: float) -> ThresholdSweep:
    """What ``outside_refractory`` leaves of a rule's events, at every level at once.

    As the level sinks, events come and go one at a time; from there on those that are kept are
    walked through anew until the walk meets one that was kept before.

    Args:
        profile: of one signal.
        refractory_s: 0 or more; 0 = all events.
    """
    if refractory_s <= 0:
        return profile
    order = np.lexsort((profile.onset_s, profile.trigger_s))
    walk = _Walk(profile.trigger_s[order].tolist(), refractory_s)
    changes: dict[float, tuple[list[int], list[int]]] = {}
    for event, (below, upto) in enumerate(
        zip(profile.below[order].tolist(), profile.upto[order].tolist(), strict=True)
    ):
        changes.setdefault(upto, ([], []))[1].append(event)
        if below > -math.inf:
            changes.setdefault(below, ([], []))[0].append(event)
    for level in sorted(changes, reverse=True):
        walk.change(level, *changes[level])
    rows = np.array(walk.ended(), np.float64).reshape(-1, 3)
    kept = order[rows[:, 0].astype(np.int64)]
    return ThresholdSweep(
        floor=profile.floor,
        below=rows[:, 1],
        upto=rows[:, 2],
        onset_s=profile.onset_s[kept],
        offset_s=profile.offset_s[kept],
        trigger_s=profile.trigger_s[kept],
    )


class _Walk:
    """The events that are there at a level, numbered in order of their triggers, and which of them
    are kept.
    """

    def __init__(self, trigger_s: list[float], refractory_s: float) -> None:
        self.trigger_s, self.refractory_s = trigger_s, refractory_s
        self.there: list[int] = []
        self.since: dict[int, float] = {}  # of those that are kept, the level from which on
        self.before: list[tuple[int, float, float]] = []

    def change(self, level: float, gone: list[int], come: list[int]) -> None:
        """Go on to the next lower level at which events end or begin."""
        for event in gone:
            del self.there[bisect_left(self.there, event)]
            self._drop(event, level)
        for event in come:
            insort(self.there, event)
        first, last = min(gone + come), max(gone + come)
        at = bisect_left(self.there, first)
        before = next((event for event in reversed(self.there[:at]) if event in self.since), None)
        free_s = -math.inf if before is None else self.trigger_s[before] + self.refractory_s
        for event in self.there[at:]:
            was = event in self.since
            keep = self.trigger_s[event] >= free_s - _TOLERANCE_S
            if keep:
                free_s = self.trigger_s[event] + self.refractory_s
                if was and event > last:
                    return
                self.since.setdefault(event, level)
            else:
                self._drop(event, level)

    def _drop(self, event: int, level: float) -> None:
        since = self.since.pop(event, level)
        if level < since:
            self.before.append((event, level, since))

    def ended(self) -> list[tuple[int, float, float]]:
        """Kept events: number, below, upto."""
        for event in list(self.since):
            self._drop(event, -math.inf)
        return self.before


def check_refractory(refractory_s: float) -> None:
    """Raise ConfigError unless it is a finite time, 0 or more."""
    if not (math.isfinite(refractory_s) and refractory_s >= 0):
        raise ConfigError(
            f"refractory_s: expected a finite number of seconds, 0 or more, got {refractory_s!r}"
        )
