"""Two thresholds on true time: an event opens at one level and closes at a lower one.

Every comparison of durations allows 1e-9 s, so that frame edges that are equal on paper are equal here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ferbench.errors import ConfigError
from ferbench.types import F64, I64, Event, Signal

TOLERANCE_S = 1e-9


def open_runs(value: F64, *, enter: float, exit_below: float) -> tuple[I64, I64]:
    """Where the state machine is open: first rows and rows after the last, each i64 (R,).

    It opens at a value of at least ``enter``, and closes at a value below ``exit_below`` or NaN.

    Args:
        value: f64 (T,), NaN = undefined.
        enter: level that opens.
        exit_below: level below which it closes, at most ``enter``.
    """
    decides = (value >= enter) | ~(value >= exit_below)
    last_decision = np.maximum.accumulate(np.where(decides, np.arange(len(value)), -1))
    is_open = (last_decision >= 0) & (value >= enter)[last_decision]
    steps = np.diff(np.concatenate(([False], is_open, [False])).astype(np.int8))
    return np.flatnonzero(steps == 1).astype(np.int64), np.flatnonzero(steps == -1).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """Events where the signal rises to ``enter`` and stays at ``exit`` or above.

    In this order: runs of frames are found; runs with a gap of less than ``merge_gap_s`` between them (end of one to
    start of the next, whatever the signal is in between) become one event; events shorter than ``min_duration_s``
    are dropped. An event goes from the start of its first frame to the end of its last one. It triggers at the end
    of the first frame, outside of merged gaps, at which it has lasted ``min_duration_s``: the earliest moment at which
    a live program would know.

    Attributes:
        enter: an event opens at a value of at least this.
        exit: it closes at a value below this, or where there is no value; at most ``enter``.
        min_duration_s: shorter events are dropped, seconds.
        merge_gap_s: shorter gaps are closed, seconds; 0 = none.
    """

    version: ClassVar[str] = "1"
    enter: float = 0.5
    exit: float = 0.3
    min_duration_s: float = 0.2
    merge_gap_s: float = 0.5

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (math.isfinite(self.enter) and math.isfinite(self.exit)):
            raise ConfigError(f"enter and exit: expected finite numbers, got enter={self.enter!r}, exit={self.exit!r}")
        if self.exit > self.enter:
            raise ConfigError(
                f"enter={self.enter!r} is below exit={self.exit!r} (by default {type(self)().exit}): "
                "expected exit <= enter; give both, e.g. exit a little below enter"
            )
        for name in ("min_duration_s", "merge_gap_s"):
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and seconds >= 0):
                raise ConfigError(f"{name}: expected a finite number of seconds, 0 or more, got {seconds!r}")

    @property
    def level(self) -> float:
        """Signal value that makes an event."""
        return self.enter

    def detect(self, signal: Signal, *, session_id: str, start_s: float) -> tuple[Event, ...]:
        """Events in time order, in seconds of the session."""
        edges_s, value = signal.timeline.edges_s, signal.value
        firsts, stops = open_runs(value, enter=self.enter, exit_below=self.exit)
        if len(firsts) == 0:
            return ()
        parted = edges_s[firsts[1:]] - edges_s[stops[:-1]] >= self.merge_gap_s - TOLERANCE_S
        group_at = np.flatnonzero(np.concatenate(([True], parted)))  # first run of each event
        events = []
        for runs in np.split(np.arange(len(firsts)), group_at[1:]):
            first, stop = int(firsts[runs[0]]), int(stops[runs[-1]])
            trigger_s = self._trigger_s(edges_s, firsts[runs], stops[runs])
            if trigger_s is not None:
                events.append(
                    Event(
                        session_id=session_id,
                        onset_s=start_s + float(edges_s[first]),
                        offset_s=start_s + float(edges_s[stop]),
                        trigger_s=start_s + trigger_s,
                        label=signal.label,
                        peak=float(np.nanmax(value[first:stop])),
                    )
                )
        return tuple(events)

    def _trigger_s(self, edges_s: F64, firsts: I64, stops: I64) -> float | None:
        """End of the first open frame at which the runs have lasted long enough; None = they never do."""
        long_enough_s = self.min_duration_s - TOLERANCE_S
        onset_s = edges_s[firsts[0]]
        run = int(np.argmax(edges_s[stops] - onset_s >= long_enough_s))
        ends_s = edges_s[firsts[run] + 1 : stops[run] + 1]
        late = ends_s - onset_s >= long_enough_s
        return float(ends_s[np.argmax(late)]) if late.any() else None
