"""Two thresholds on true time: an event opens at one level and closes at a lower one.

Every comparison of durations allows 1e-9 s, so that frame edges that are equal on paper are equal
here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ferbench.checks import check_finite, check_seconds
from ferbench.errors import ConfigError
from ferbench.events.hysteresis_sweep import Openings, Sinking, events_apart, records_of_runs
from ferbench.events.refractory import outside_refractory, sweep_outside_refractory
from ferbench.sentences import Setting, Text
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.timespans import TOLERANCE_S
from ferbench.types import F64, I64, Event, Signal


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
    firsts = np.flatnonzero(steps == 1).astype(np.int64)
    stops = np.flatnonzero(steps == -1).astype(np.int64)
    return firsts, stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Hysteresis:
    """Events where the signal rises to ``enter`` and stays at ``exit`` or above.

    In this order: runs of frames are found; runs with a gap of less than ``merge_gap_s`` between
    them (end of one to start of the next, whatever the signal is in between) become one event;
    events shorter than ``min_duration_s`` are dropped. An event goes from the start of its first
    frame to the end of its last one. It triggers at the end of the first frame, outside of merged
    gaps, at which it has lasted ``min_duration_s``: the earliest moment at which a live program
    would know.

    Attributes:
        enter: an event opens at a value of at least this.
        exit: it closes at a value below this, or where there is no value; at most ``enter``.
        min_duration_s: shorter events are dropped, seconds.
        merge_gap_s: shorter gaps are closed, seconds; 0 = none.
        refractory_s: at last, events that trigger sooner than this after the one before are
            dropped, seconds; 0 = none (see ``outside_refractory``).
    """

    version: ClassVar[str] = "1"
    enter: float = 0.5
    exit: float = 0.3
    min_duration_s: float = 0.2
    merge_gap_s: float = 0.5
    refractory_s: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_finite("enter", self.enter)
        check_finite("exit", self.exit)
        if self.exit > self.enter:
            raise ConfigError(
                key="exit",
                expected=f"at most enter, which is {self.enter!r}",
                got=self.exit,
                hint=Text(
                    f"by default it is {type(self)().exit}; give both, e.g. ",
                    Setting("exit"),
                    " a little below ",
                    Setting("enter"),
                ),
            )
        check_seconds("min_duration_s", self.min_duration_s)
        check_seconds("merge_gap_s", self.merge_gap_s)
        check_seconds("refractory_s", self.refractory_s)

    @property
    def level(self) -> float:
        """Signal value that makes an event."""
        return self.enter

    @property
    def least_s(self) -> float:
        """Seconds of video that an event needs at least."""
        return self.min_duration_s

    def detect(self, signal: Signal, *, session_id: str, start_s: float) -> tuple[Event, ...]:
        """Events in time order, in seconds of the session."""
        edges_s, value = signal.timeline.edges_s, signal.value
        firsts, stops = open_runs(value, enter=self.enter, exit_below=self.exit)
        if len(firsts) == 0:
            return ()
        gaps_s = edges_s[firsts[1:]] - edges_s[stops[:-1]]
        stays_apart = gaps_s >= self.merge_gap_s - TOLERANCE_S
        first_run = np.flatnonzero(np.concatenate(([True], stays_apart)))  # of each event
        events = []
        for runs in np.split(np.arange(len(firsts)), first_run[1:]):
            trigger_s = self._trigger_s(edges_s, firsts[runs], stops[runs])
            if trigger_s is None:
                continue
            first, stop = int(firsts[runs[0]]), int(stops[runs[-1]])
            event = Event(
                session_id=session_id,
                onset_s=start_s + float(edges_s[first]),
                offset_s=start_s + float(edges_s[stop]),
                trigger_s=start_s + trigger_s,
                label=signal.label,
                peak=float(np.nanmax(value[first:stop])),
            )
            events.append(event)
        return outside_refractory(events, self.refractory_s)

    def threshold_sweep(self, signal: Signal, *, start_s: float) -> ThresholdSweep:
        """What ``detect`` finds at every level.

        ``enter`` from the largest value down to ``exit``, the floor.

        Args:
            signal: of one part.
            start_s: the part's place in the session.
        """
        edges_s, value = signal.timeline.edges_s, signal.value
        firsts, stops = open_runs(value, enter=self.exit, exit_below=self.exit)
        openings = self._openings(edges_s, value, firsts, stops)
        merged_below_s = self.merge_gap_s - TOLERANCE_S
        # Gaps only shrink as the level sinks: runs that are apart at the floor never meet.
        meets_next = edges_s[firsts[1:]] - edges_s[stops[:-1]] < merged_below_s
        near = np.concatenate(([False], meets_next, [False]))
        joins = (near[1:] | near[:-1])[openings.run]
        sinking = Sinking(edges_s.tolist(), stops.tolist(), merged_below_s=merged_below_s)
        for change in openings.rows(joins).as_tuples():
            sinking.open(*change)
        joined = np.array(sinking.ended(), np.float64).reshape(-1, 5)
        table = np.concatenate([joined, events_apart(openings.rows(~joins), stops)])
        onset, stop, trigger = table[:, 2:].T.astype(np.int64)
        sweep = ThresholdSweep(
            floor=self.exit,
            below=table[:, 0],
            upto=table[:, 1],
            onset_s=start_s + edges_s[onset],
            offset_s=start_s + edges_s[stop],
            trigger_s=start_s + edges_s[trigger + 1],
        )
        return sweep_outside_refractory(sweep, self.refractory_s)

    def _openings(self, edges_s: F64, value: F64, firsts: I64, stops: I64) -> Openings:
        """When runs open as the level sinks, and when their events would be long enough.

        Args:
            edges_s: f64 (T+1,).
            value: f64 (T,).
            firsts: i64 (R,), first row of each run at the lowest level.
            stops: i64 (R,), row after its last.
        """
        level, run, row = records_of_runs(value, firsts, stops)
        long_enough_s = self.min_duration_s - TOLERANCE_S
        due = np.maximum(np.searchsorted(edges_s, edges_s[row] + long_enough_s) - 1, row)
        # A sum and a difference may round differently; what ``detect`` compares is the difference.
        short = due + 1 < len(edges_s)
        short[short] = edges_s[due[short] + 1] - edges_s[row[short]] < long_enough_s
        due += short
        due_run = np.searchsorted(stops, due, side="right")
        return Openings(level=level, run=run, row=row, due=due, due_run=due_run)

    def _trigger_s(self, edges_s: F64, firsts: I64, stops: I64) -> float | None:
        """End of the first open frame at which the runs have lasted long enough.

        None = they never do.
        """
        long_enough_s = self.min_duration_s - TOLERANCE_S
        onset_s = edges_s[firsts[0]]
        run = int(np.argmax(edges_s[stops] - onset_s >= long_enough_s))
        ends_s = edges_s[firsts[run] + 1 : stops[run] + 1]
        long_enough = ends_s - onset_s >= long_enough_s
        if not long_enough.any():
            return None
        return float(ends_s[np.argmax(long_enough)])
