"""Refractory time: how long after an event no other one counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from ferbench.errors import ConfigError
from ferbench.types import Event

_TOLERANCE_S: Final = 1e-9


def outside_refractory(events: Sequence[Event], refractory_s: float) -> tuple[Event, ...]:
    """Events whose trigger is at least ``refractory_s`` after the trigger of the last one that was kept.

    It is counted from trigger to trigger, because that is when a live program knows; events that are dropped do not
    start it anew. Allows 1e-9 s.

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


def check_refractory(refractory_s: float) -> None:
    """Raise ConfigError unless it is a finite time, 0 or more."""
    if not (math.isfinite(refractory_s) and refractory_s >= 0):
        raise ConfigError(f"refractory_s: expected a finite number of seconds, 0 or more, got {refractory_s!r}")
