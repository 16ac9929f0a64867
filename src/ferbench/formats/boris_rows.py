"""The rows of BORIS's exports: where their header is, and which of them make an annotation.

Tabular events have a row per START, STOP and POINT, aggregated events a row per state or point.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ferbench.formats.annotation_table import AnnotationRow, RefusedRow
from ferbench.formats.program_files import ends_before_it_begins

Rows = Sequence[tuple[int, Sequence[str]]]
"""Lines, from 1, with their cells."""

_CLOCK: Final = re.compile(r"(\d+):([0-5]?\d):([0-5]?\d(?:[.,]\d*)?)", re.ASCII)
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d*)?|[.,]\d+", re.ASCII)


def header_at(rows: Rows) -> int | None:
    """The row with the names of the columns.

    Older tabular exports tell of the observation above it.
    """
    for number, (_, cells) in enumerate(rows):
        if _is_header(set(cells)):
            return number
        if number == 0 and list(cells[:1]) != ["Observation id"]:
            return None
    return None


def _is_header(names: set[str]) -> bool:
    if "Behavior" not in names:
        return False
    if {"Start (s)", "Stop (s)"} <= names:
        return True
    return "Time" in names and not names.isdisjoint({"Behavior type", "Status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BorisRow:
    """A row by the names of its columns."""

    line: int
    cells: Mapping[str, str]

    def get(self, *names: str) -> str:
        """The first of some columns that is there and not empty."""
        for name in names:
            if self.cells.get(name):
                return self.cells[name]
        return ""

    @property
    def observation(self) -> str:
        """What was observed, as BORIS names it."""
        return self.get("Observation id")

    @property
    def behaviour(self) -> str:
        """What was marked."""
        return self.get("Behavior")

    @property
    def offset_s(self) -> float:
        """Seconds that BORIS added to the observation's times; 0 where none can be read."""
        offset_s = _seconds(self.get("Time offset (s)"))
        return 0.0 if math.isnan(offset_s) else offset_s

    def state(self) -> tuple[str, ...]:
        """What a START and its STOP share."""
        modifiers = tuple(text for name, text in self.cells.items() if name.startswith("Modifier"))
        return (self.observation, self.get("Subject"), self.behaviour, *modifiers)

    def annotation(self, onset_s: float, offset_s: float) -> AnnotationRow:
        """The annotation that begins in this row; its session is still the observation."""
        return AnnotationRow(
            line=self.line,
            session=self.observation,
            onset=onset_s,
            offset=offset_s,
            kind=self.behaviour,
            columns=self.cells,
        )

    def refused(self, reason: str) -> RefusedRow:
        """This row as one that cannot be used."""
        return RefusedRow(line=self.line, session=self.observation, reason=reason)


Read = tuple[list[AnnotationRow], list[RefusedRow]]
"""Annotations of observations, and rows that cannot be used."""


def aggregated_events(rows: Sequence[BorisRow]) -> Read:
    """A row per state or point."""
    annotations: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    for row in rows:
        times = _start_and_stop(row)
        if isinstance(times, str):
            refused.append(row.refused(times))
        else:
            annotations.append(row.annotation(*times))
    return annotations, refused


def _start_and_stop(row: BorisRow) -> tuple[float, float] | str:
    """Onset and offset of an aggregated event, or what is wrong."""
    onset_s = _time_s(row, "Start (s)")
    if isinstance(onset_s, str):
        return onset_s
    if row.get("Behavior type").upper().startswith("POINT"):
        return onset_s, onset_s
    offset_s = _time_s(row, "Stop (s)")
    if isinstance(offset_s, str):
        return offset_s
    return ends_before_it_begins(onset_s, offset_s) or (onset_s, offset_s)


class _States:
    """The states of a tabular export: a START belongs to the next STOP of its state."""

    def __init__(self) -> None:
        self.annotations: list[AnnotationRow] = []
        self.refused: list[RefusedRow] = []
        self._running: dict[tuple[str, ...], tuple[BorisRow, float]] = {}

    def take(self, row: BorisRow) -> None:
        """Take the next row."""
        time_s = _time_s(row, "Time")
        status = row.get("Behavior type", "Status").upper()
        take_event = {"POINT": self._point, "START": self._start, "STOP": self._stop}.get(status)
        if isinstance(time_s, str):
            self.refused.append(row.refused(time_s))
        elif take_event is None:
            self.refused.append(row.refused(f"expected START, STOP or POINT, got {status!r}"))
        else:
            take_event(row, time_s)

    def _point(self, row: BorisRow, time_s: float) -> None:
        self.annotations.append(row.annotation(time_s, time_s))

    def _start(self, row: BorisRow, time_s: float) -> None:
        state = row.state()
        if state not in self._running:
            self._running[state] = (row, time_s)
            return
        since = self._running[state][0].line
        reason = f"{row.behaviour!r} starts, but it runs since line {since}; add the missing STOP"
        self.refused.append(row.refused(reason))

    def _stop(self, row: BorisRow, time_s: float) -> None:
        started = self._running.pop(row.state(), None)
        if started is None:
            reason = f"{row.behaviour!r} stops, but it has no START; add it"
            self.refused.append(row.refused(reason))
            return
        start, onset_s = started
        if time_s < onset_s:
            when = f"{time_s:g} s, before its START on line {start.line}"
            self.refused.append(row.refused(f"{row.behaviour!r} stops at {when}"))
        else:
            self.annotations.append(start.annotation(onset_s, time_s))

    def end(self) -> None:
        """No row comes any more: states that still run cannot be used."""
        for row, _ in self._running.values():
            reason = f"{row.behaviour!r} starts, but never stops; add the STOP"
            self.refused.append(row.refused(reason))


def tabular_events(rows: Sequence[BorisRow]) -> Read:
    """A row per START, STOP and POINT."""
    states = _States()
    for row in rows:
        states.take(row)
    states.end()
    return sorted(states.annotations, key=lambda row: row.line), states.refused


def _time_s(row: BorisRow, column: str) -> float | str:
    """Seconds of the session, or what is wrong."""
    time_s = _seconds(row.get(column))
    if math.isnan(time_s):
        return f"{column} is {row.get(column)!r}, expected seconds such as 12.5"
    time_s = round(time_s - row.offset_s, 6)
    if time_s < 0:
        return f"{column} is {time_s:g} s, before the start of the observation"
    return time_s


def _seconds(text: str) -> float:
    """Seconds, or hours, minutes and seconds; NaN where a text is neither."""
    unsigned = text.removeprefix("-")
    sign = -1 if text.startswith("-") else 1
    clock = _CLOCK.fullmatch(unsigned)
    if clock is not None:
        hours, minutes, seconds = clock.groups()
        return sign * (int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", ".")))
    if _NUMBER.fullmatch(unsigned) is None:
        return math.nan
    return sign * float(unsigned.replace(",", "."))
