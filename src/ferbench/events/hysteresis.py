"""Two thresholds on true time: an event opens at one level and closes at a lower one.

Every comparison of durations allows 1e-9 s, so that frame edges that are equal on paper are equal
here.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ferbench.errors import ConfigError
from ferbench.events.refractory import (
    check_refractory,
    outside_refractory,
    sweep_outside_refractory,
)
from ferbench.threshold_sweep import ThresholdSweep, records
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
        if not (math.isfinite(self.enter) and math.isfinite(self.exit)):
            raise ConfigError(
                f"enter and exit: expected finite numbers, got enter={self.enter!r}, exit={self.exit!r}"
            )
        if self.exit > self.enter:
            raise ConfigError(
                f"enter={self.enter!r} is below exit={self.exit!r} (by default {type(self)().exit}): "
                "expected exit <= enter; give both, e.g. exit a little below enter"
            )
        for name in ("min_duration_s", "merge_gap_s"):
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and seconds >= 0):
                raise ConfigError(
                    f"{name}: expected a finite number of seconds, 0 or more, got {seconds!r}"
                )
        check_refractory(self.refractory_s)

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
        level, run, row = _openings(value, firsts, stops)
        # The frame at whose end an event that begins with ``row`` has lasted long enough; the run
        # it is in or before.
        long_enough_s = self.min_duration_s - TOLERANCE_S
        due = np.maximum(np.searchsorted(edges_s, edges_s[row] + long_enough_s) - 1, row)
        late = due + 1 < len(edges_s)
        late[late] = edges_s[due[late] + 1] - edges_s[row[late]] < long_enough_s  # rounding
        due += late
        due_run = np.searchsorted(stops, due, side="right")
        merged_below_s = self.merge_gap_s - TOLERANCE_S
        # Gaps only shrink as the level sinks: runs that are apart at the floor never meet.
        near = np.concatenate(
            ([False], edges_s[firsts[1:]] - edges_s[stops[:-1]] < merged_below_s, [False])
        )
        meets = (near[1:] | near[:-1])[run]
        sinking = _Sinking(edges_s.tolist(), stops.tolist(), merged_below_s=merged_below_s)
        for change in zip(
            *(column[meets].tolist() for column in (level, run, row, due, due_run)), strict=True
        ):
            sinking.open(*change)
        alone = ~meets
        apart = _apart(level[alone], run[alone], row[alone], due[alone], due_run[alone], stops)
        table = np.concatenate([np.array(sinking.ended(), np.float64).reshape(-1, 5), apart])
        onset, stop, trigger = table[:, 2:].T.astype(np.int64)
        whole = ThresholdSweep(
            floor=self.exit,
            below=table[:, 0],
            upto=table[:, 1],
            onset_s=start_s + edges_s[onset],
            offset_s=start_s + edges_s[stop],
            trigger_s=start_s + edges_s[trigger + 1],
        )
        return sweep_outside_refractory(whole, self.refractory_s)

    def _trigger_s(self, edges_s: F64, firsts: I64, stops: I64) -> float | None:
        """End of the first open frame at which the runs have lasted long enough.

        None = they never do.
        """
        long_enough_s = self.min_duration_s - TOLERANCE_S
        onset_s = edges_s[firsts[0]]
        run = int(np.argmax(edges_s[stops] - onset_s >= long_enough_s))
        ends_s = edges_s[firsts[run] + 1 : stops[run] + 1]
        late = ends_s - onset_s >= long_enough_s
        return float(ends_s[np.argmax(late)]) if late.any() else None


def _openings(value: F64, firsts: I64, stops: I64) -> tuple[F64, I64, I64]:
    """When runs open as the level sinks, in this order.

    Level f64, run i64 and its first row at that level i64.

    Args:
        value: f64 (T,).
        firsts: i64 (R,), first row of each run at the lowest level.
        stops: i64 (R,), row after its last.
    """
    lengths = stops - firsts
    run = np.repeat(np.arange(len(firsts)), lengths)
    row = np.arange(len(run)) + np.repeat(firsts - np.cumsum(lengths) + lengths, lengths)
    opens = records(value[row], run)
    run, row = run[opens], row[opens]
    order = np.argsort(-value[row], kind="stable")
    return value[row[order]], run[order], row[order]


def _apart(level: F64, run: I64, row: I64, due: I64, due_run: I64, stops: I64) -> F64:
    """Events of runs that never join others, f64 (E, 5).

    Below, upto, rows of onset, stop and trigger.

    Args:
        level: f64 (C,), at which a run opens or begins earlier.
        run: i64 (C,).
        row: i64 (C,), the run's first row from there on down.
        due: i64 (C,), row at whose end the event has lasted long enough.
        due_run: i64 (C,), run that this row is in or before.
        stops: i64 (R,), row after each run's last.
    """
    order = np.lexsort((row, run))
    begins = np.diff(run[order], prepend=-1) != 0  # the run's earliest row: found down to the floor
    below = np.empty(len(level))
    below[order] = np.where(begins, -np.inf, np.roll(level[order], 1))
    long_enough = due_run == run
    events: F64 = np.stack([below, level, row, stops[run], due], axis=1)[long_enough]
    return events


class _Sinking:
    """Events while the level sinks: runs open, begin earlier, and join those that are near.

    Never the other way.
    """

    def __init__(self, edges_s: list[float], stops: list[int], *, merged_below_s: float) -> None:
        self.edges_s, self.stops, self.merged_below_s = edges_s, stops, merged_below_s
        self.runs: list[int] = []  # that are open, in order of time
        self.heads: list[int] = []  # of these, the first of each event
        self.tail: dict[int, int] = {}  # the last run of the event that begins with a run
        self.first = [0] * len(stops)  # first row of each run
        self.due = [(0, 0)] * len(
            stops
        )  # where an event that begins with a run is long enough: row, run
        self.now: dict[
            int, tuple[float, tuple[int, int, int]]
        ] = {}  # since which level an event is as it is
        self.before: list[tuple[float, float, int, int, int]] = []

    def open(self, level: float, run: int, row: int, due: int, due_run: int) -> None:
        """A run opens, or opens earlier."""
        self.first[run], self.due[run] = row, (due, due_run)
        at = bisect_right(self.heads, run) - 1
        position = bisect_left(self.runs, run)
        if position == len(self.runs) or self.runs[position] != run:
            self.runs.insert(position, run)
            if at < 0 or self.tail[self.heads[at]] < run:
                at += 1
                self.heads.insert(at, run)
                self.tail[run] = run
                self._join_next(level, at)
        if self.heads[at] == run and at > 0 and self._join_next(level, at - 1):
            at -= 1
        self._note(level, self.heads[at])

    def _join_next(self, level: float, at: int) -> bool:
        """Make the event and the next one a single one if the gap is small."""
        if at + 1 == len(self.heads):
            return False
        head, following = self.heads[at : at + 2]
        gap_s = self.edges_s[self.first[following]] - self.edges_s[self.stops[self.tail[head]]]
        if gap_s >= self.merged_below_s:
            return False
        self._end(level, following)
        self.tail[head] = self.tail.pop(following)
        del self.heads[at + 1]
        return True

    def _note(self, level: float, head: int) -> None:
        """Write down what the event is now: rows of its onset, its stop and its trigger."""
        last, (due, due_run) = self.tail[head], self.due[head]
        position = bisect_left(self.runs, due_run)
        if position == len(self.runs) or self.runs[position] > last:
            return  # too short as yet
        event = (self.first[head], self.stops[last], max(self.first[self.runs[position]], due))
        if head not in self.now or self.now[head][1] != event:
            self._end(level, head)
            self.now[head] = (level, event)

    def _end(self, level: float, head: int) -> None:
        since, event = self.now.pop(head, (level, (0, 0, 0)))
        if level < since:
            self.before.append((level, since, *event))

    def ended(self) -> list[tuple[float, float, int, int, int]]:
        """All events: below, upto, rows of onset, stop and trigger."""
        for head in list(self.now):
            self._end(-math.inf, head)
        return self.before
