"""How events lie in their signals: durations, gaps, and how near others are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.protocols import EventRule
from ferbench.timespans import TOLERANCE_S, runs_of
from ferbench.types import F64, I64, Event, Signal

LEVEL_STEPS: Final = (-0.2, -0.1, -0.05, 0.0, 0.05, 0.1, 0.2)
"""Added to a rule's level."""
DURATION_FACTORS: Final = (0.5, 1.0, 2.0)
"""Times a rule's least duration."""
AT_LEAST_S: Final = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_DURATIONS: Final = ("min_duration_s", "run_s")
"""What rules call their least duration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The rule with one other setting: what was set, to what, and the rule (None = impossible)."""

    setting: str
    value: float
    is_own: bool
    rule: EventRule | None


def neighbours(rule: EventRule, *, span: tuple[float, float]) -> list[Neighbour]:
    """Rules that differ in their level or in their least duration.

    A hysteresis whose level would lie below its exit closes at the level.

    Args:
        rule: a dataclass.
        span: smallest and largest value of a signal; a level must lie above the one.
    """
    names = {field.name for field in fields(rule)}  # type: ignore[arg-type]
    found = []
    if "enter" in names:
        for step in LEVEL_STEPS:
            level = round(rule.level + step, 6)
            if span[0] < level <= span[1]:
                changes = {"enter": level}
                exit_level = getattr(rule, "exit", None)
                if exit_level is not None:
                    changes["exit"] = min(exit_level, level)
                changed = _changed(rule, changes)
                is_own = step == 0
                found.append(Neighbour(setting="enter", value=level, is_own=is_own, rule=changed))
    for name in _DURATIONS:
        if name in names:
            for factor in DURATION_FACTORS:
                value = round(factor * getattr(rule, name), 6)
                changed = _changed(rule, {name: value})
                found.append(Neighbour(setting=name, value=value, is_own=factor == 1, rule=changed))
    return found


def _changed(rule: Any, changes: dict[str, float]) -> EventRule | None:
    try:
        changed: EventRule = replace(rule, **changes)
        return changed
    except ConfigError:
        return None


def num_events(rule: EventRule | None, signals: Iterable[Signal]) -> float:
    """How many events a rule finds in signals; NaN where there is no such rule."""
    if rule is None:
        return float("nan")
    return float(sum(len(rule.detect(signal, session_id="", start_s=0.0)) for signal in signals))


def stretches_s(signal: Signal, level: float) -> F64:
    """How long the signal stays at a level or above it, each time; seconds, f64 (R,)."""
    with np.errstate(invalid="ignore"):
        ends = runs_of(signal.value >= level)
    edges_s = signal.timeline.edges_s[ends]
    lasted: F64 = edges_s[:, 1] - edges_s[:, 0]
    return lasted


def num_at_least(lasted_s: F64) -> I64:
    """How many last as long as each of ``AT_LEAST_S``, i64 (7,)."""
    least_s = np.array(AT_LEAST_S)[:, None] - TOLERANCE_S
    counts: I64 = (lasted_s[None, :] >= least_s).sum(axis=1).astype(np.int64)
    return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class EventShape:
    """An event, and what came before it.

    Attributes:
        event: the event.
        gap_s: from the end of the session's event of the same label before it; NaN = the first.
    """

    event: Event
    gap_s: float

    @property
    def duration_s(self) -> float:
        """From onset to offset."""
        return self.event.offset_s - self.event.onset_s


def event_shapes(events: Sequence[Event]) -> list[EventShape]:
    """Durations and gaps, session by session and label by label."""
    in_order = sorted(events, key=lambda event: (event.session_id, event.label, event.onset_s))
    shapes: list[EventShape] = []
    for position, event in enumerate(in_order):
        before = in_order[position - 1] if position else None
        gap_s = float("nan")
        if before and (before.session_id, before.label) == (event.session_id, event.label):
            gap_s = event.onset_s - before.offset_s
        shapes.append(EventShape(event=event, gap_s=gap_s))
    return shapes
