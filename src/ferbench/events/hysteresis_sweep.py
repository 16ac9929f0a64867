"""Events of the hysteresis rule at all levels ``enter`` at once, as the level sinks to the floor.

At the floor, runs of frames at or above it are known. As the level sinks, these runs open one after
the other and begin earlier; those with small gaps between them become one event. Nothing is ever
undone, so every change is looked at once.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.threshold_sweep import records
from ferbench.types import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """What happens as the level sinks, in this order: a run opens, or begins earlier.

    Attributes:
        level: f64 (C,), at which it happens.
        run: i64 (C,).
        row: i64 (C,), the run's first row from there on down.
        due: i64 (C,), row at whose end an event that begins with ``row`` has lasted long enough.
        due_run: i64 (C,), run that the row ``due`` is in or before.
    """

    level: F64
    run: I64
    row: I64
    due: I64
    due_run: I64

    def rows(self, keep: NDArray[np.bool_]) -> Openings:
        """Some of them, chosen by a bool (C,)."""
        return Openings(
            level=self.level[keep],
            run=self.run[keep],
            row=self.row[keep],
            due=self.due[keep],
            due_run=self.due_run[keep],
        )

    def as_tuples(self) -> Iterator[tuple[float, int, int, int, int]]:
        """One after the other: level, run, row, due, due_run."""
        return zip(
            self.level.tolist(),
            self.run.tolist(),
            self.row.tolist(),
            self.due.tolist(),
            self.due_run.tolist(),
            strict=True,
        )


def records_of_runs(value: F64, firsts: I64, stops: I64) -> tuple[F64, I64, I64]:
    """Levels at which runs open or begin earlier, falling.

    Level f64 (C,), run i64 (C,) and its first row at that level i64 (C,).

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


def events_apart(openings: Openings, stops: I64) -> F64:
    """Events of runs that never join others, f64 (E, 5).

    Below, upto, rows of onset, stop and trigger.

    Args:
        openings: of these runs.
        stops: i64 (R,), row after each run's last.
    """
    level, run, row, due = openings.level, openings.run, openings.row, openings.due
    order = np.lexsort((row, run))
    earliest = np.diff(run[order], prepend=-1) != 0  # the run's first row at the floor
    below = np.empty(len(level))
    below[order] = np.where(earliest, -np.inf, np.roll(level[order], 1))
    long_enough = openings.due_run == run
    events: F64 = np.stack([below, level, row, stops[run], due], axis=1)[long_enough]
    return events


class Sinking:
    """Events while the level sinks: runs open, begin earlier, and join those that are near.

    Never the other way. An event is named by its first run, its head.
    """

    def __init__(self, edges_s: list[float], stops: list[int], *, merged_below_s: float) -> None:
        self.edges_s, self.stops, self.merged_below_s = edges_s, stops, merged_below_s
        self.runs: list[int] = []  # that are open, in order of time
        self.heads: list[int] = []  # of the events, in order of time
        self.tail: dict[int, int] = {}  # last run of each event, by its head
        self.first = [0] * len(stops)  # first row of each run
        # Where an event with this head is long enough: row, run.
        self.due = [(0, 0)] * len(stops)
        # The level from which on an event has been as it is, and its rows; by its head.
        self.now: dict[int, tuple[float, tuple[int, int, int]]] = {}
        self.before: list[tuple[float, float, int, int, int]] = []

    def open(self, level: float, run: int, row: int, due: int, due_run: int) -> None:
        """A run opens, or opens earlier."""
        self.first[run], self.due[run] = row, (due, due_run)
        event = bisect_right(self.heads, run) - 1  # that the run is in, or comes after
        position = bisect_left(self.runs, run)
        opened_before = position < len(self.runs) and self.runs[position] == run
        if not opened_before:
            self.runs.insert(position, run)
            if event < 0 or self.tail[self.heads[event]] < run:
                event += 1
                self.heads.insert(event, run)
                self.tail[run] = run
                self._join_next(level, event)
        is_head = self.heads[event] == run
        if is_head and event > 0 and self._join_next(level, event - 1):
            event -= 1
        self._note(level, self.heads[event])

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
