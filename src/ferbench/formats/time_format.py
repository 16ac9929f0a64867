"""Finds out how the times of a file are written.

Refuses to guess where more than one reading is possible.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.decimal_marks import check_thousands, may_group_thousands, only_decimal
from ferbench.formats.time_units import unit_of_numbers
from ferbench.formats.times import (
    ELAPSED,
    Cell,
    Clock,
    DecimalMark,
    TimeFormat,
    parse_clock,
    parse_time,
)
from ferbench.sentences import Setting, Text

_DATED: Final = re.compile(r"\d+[-/.]\d+[-/.]\d+[T ].*", re.ASCII)
_FORMATS: Final[tuple[TimeFormat, ...]] = (*ELAPSED, "clock")
_NUMBERS: Final[frozenset[TimeFormat]] = frozenset({"seconds", "milliseconds"})
_BY_COLONS: Final[tuple[TimeFormat, ...]] = ("seconds", "mm:ss", "hh:mm:ss", "hh:mm:ss:ff")
"""The format that a text with so many colons comes nearest to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How the times of a file are read.

    Attributes:
        time_format: auto = undecided, as no cell is a time.
        frame_rate_hz: for hh:mm:ss:ff.
        decimal: the file's decimal mark; None = there is none.
        day_first: whether the day comes before the month in its dates; None = the numbers tell.
    """

    time_format: TimeFormat
    frame_rate_hz: float | None = None
    decimal: DecimalMark | None = None
    day_first: bool | None = None

    def read(self, text: str) -> float | Clock | str:
        """Seconds, or the clock time in a file of clock times.

        What is wrong with another text is returned, to follow "<column> is ".
        """
        if self.time_format == "clock":
            return parse_clock(text, day_first=self.day_first, decimal=self.decimal)
        if self.time_format == "auto":
            return self._reason_against(text)
        return parse_time(text, self.time_format, self.frame_rate_hz, self.decimal)

    def _reason_against(self, text: str) -> float | Clock | str:
        """Why a text is no time, where no format is decided: by the nearest one."""
        if _DATED.fullmatch(text):
            return parse_clock(text, decimal=self.decimal)
        nearest = _BY_COLONS[min(text.count(":"), len(_BY_COLONS) - 1)]
        return Times(time_format=nearest, frame_rate_hz=self.frame_rate_hz or math.inf).read(text)


def find_times(
    cells: Sequence[Cell],
    *,
    headers: Sequence[str],
    time_format: TimeFormat,
    frame_rate_hz: float | None,
    starts_known: bool,
    delimiter: str,
) -> Times:
    """How a file's times are written.

    A format is possible where every cell that is a time in any format is one in this. Plain numbers
    are seconds or milliseconds by the unit in a header; without one, a fraction makes them seconds.

    Args:
        cells: the file's times.
        headers: names of the columns they are in.
        time_format: auto = find out.
        frame_rate_hz: frames per second of hh:mm:ss:ff.
        starts_known: hh:mm:ss may be clock times.
        delimiter: what separates the file's cells.

    Raises:
        DatasetError: more than one reading is possible, or none fits all; day and month, or decimal
            marks and thousands separators, cannot be told apart; both decimal marks are used; a
            frame rate is missing or useless.
    """
    if time_format == "auto":
        time_format = _find_format(cells, headers, frame_rate_hz, starts_known=starts_known)
    times = _only_times(cells, time_format, frame_rate_hz)
    decimal = only_decimal(times)
    if may_group_thousands(time_format, decimal, delimiter):
        check_thousands(times)
    return Times(
        time_format=time_format,
        frame_rate_hz=frame_rate_hz,
        decimal=decimal,
        day_first=_day_first(times, time_format),
    )


def _only_times(
    cells: Sequence[Cell], time_format: TimeFormat, frame_rate_hz: float | None
) -> list[Cell]:
    """The cells that are times of a format."""
    rate_hz = frame_rate_hz or math.inf
    return [cell for cell in cells if _fits(cell.text, time_format, rate_hz)]


def _find_format(
    cells: Sequence[Cell],
    headers: Sequence[str],
    frame_rate_hz: float | None,
    *,
    starts_known: bool,
) -> TimeFormat:
    """The format of all cells; auto = none of them is a time."""
    readings = _readings_of(cells, frame_rate_hz, starts_known=starts_known)
    readable = [cell for cell in cells if readings[cell.text]]
    time_format = _only_format(readable, readings, headers)
    _check_frame_rate(time_format, frame_rate_hz)
    if time_format == "clock" and not starts_known:
        raise DatasetError(
            f"{readable[0].text!r} is a clock time, but nothing says at which clock time the "
            "sessions began. Give their starts, or write times since the start of the session."
        )
    return time_format


def _readings_of(
    cells: Sequence[Cell], frame_rate_hz: float | None, *, starts_known: bool
) -> dict[str, frozenset[TimeFormat]]:
    """The formats in which each text is a time."""
    rate_hz = frame_rate_hz or math.inf
    texts = {cell.text for cell in cells}
    return {text: _readings(text, rate_hz, starts_known=starts_known) for text in texts}


def _fits(text: str, time_format: TimeFormat, frame_rate_hz: float) -> bool:
    """Whether a text is a time of a format; dates may be in either order."""
    if time_format == "auto":
        return False
    if time_format == "clock":
        readings = [parse_clock(text, day_first=day_first) for day_first in (True, False)]
        return any(isinstance(reading, Clock) for reading in readings)
    return isinstance(parse_time(text, time_format, frame_rate_hz), float)


def _readings(text: str, frame_rate_hz: float, *, starts_known: bool) -> frozenset[TimeFormat]:
    """The formats in which a cell is a time.

    Clock times without a date only where they can be used.
    """
    formats = {time_format for time_format in _FORMATS if _fits(text, time_format, frame_rate_hz)}
    if len(formats) > 1 and not starts_known:
        formats.discard("clock")
    return frozenset(formats)


def _only_format(
    cells: Sequence[Cell], readings: Mapping[str, frozenset[TimeFormat]], headers: Sequence[str]
) -> TimeFormat:
    """The one format that all cells have; "auto" = there is no cell."""
    if not cells:
        return "auto"
    possible = frozenset.intersection(*(readings[cell.text] for cell in cells))
    if not possible:
        raise _disagreement(cells, readings)
    if possible == _NUMBERS:
        return unit_of_numbers([cell.text for cell in cells], headers)
    if len(possible) > 1:
        raise _elapsed_or_clock(cells[0].text)
    return next(iter(possible))


def _elapsed_or_clock(text: str) -> DatasetError:
    return DatasetError(
        f"{text} is {parse_time(text, 'hh:mm:ss')} s as hh:mm:ss, or {text} on the clock",
        hint=Text("say which with ", Setting("format.time_format", "hh:mm:ss"), " or clock"),
    )


def _disagreement(
    cells: Sequence[Cell], readings: Mapping[str, frozenset[TimeFormat]]
) -> DatasetError:
    """Two lines that no format fits; formats overlap so that there always are two."""
    examples: dict[frozenset[TimeFormat], Cell] = {}
    for cell in cells:
        examples.setdefault(readings[cell.text], cell)
    pairs = combinations(examples, 2)
    disjoint = next((one, other) for one, other in pairs if not one & other)
    lines = []
    for formats in disjoint:
        cell = examples[formats]
        lines.append(f"line {cell.line} has {cell.text!r} ({' or '.join(sorted(formats))})")
    return DatasetError(
        f"the times are written in more than one way: {' and '.join(lines)}. Write all in one way."
    )


def _day_first(cells: Sequence[Cell], time_format: TimeFormat) -> bool | None:
    """Whether the day comes before the month; None = there is no date that needs it."""
    if time_format != "clock":
        return None
    orders, unclear = _date_orders(cells)
    if len(orders) == 1:
        return orders.pop()
    if not unclear:
        return None
    raise DatasetError(
        f"line {unclear[0].line} has {unclear[0].text!r}, whose day and month cannot be told "
        "apart. Write dates as 2024-03-05."
    )


def _date_orders(cells: Sequence[Cell]) -> tuple[set[bool], list[Cell]]:
    """Whether days come first in dates that tell it, and the dates that may be read either way."""
    orders: set[bool] = set()
    unclear: list[Cell] = []
    for cell in cells:
        possible = _possible_orders(cell.text)
        if len(possible) == 1:
            orders.update(possible)
        elif possible:
            unclear.append(cell)
    return orders, unclear


def _possible_orders(text: str) -> list[bool]:
    """Whether the day may come first in a date, or may not; [] = it is the same either way."""
    day_first = parse_clock(text, day_first=True)
    month_first = parse_clock(text, day_first=False)
    if day_first == month_first:
        return []
    readings = {True: day_first, False: month_first}
    return [order for order, reading in readings.items() if isinstance(reading, Clock)]


def _check_frame_rate(time_format: TimeFormat, frame_rate_hz: float | None) -> None:
    """Raise DatasetError where time codes have no frame rate, or others have one."""
    if time_format == "auto":
        return
    has_frames, has_rate = time_format == "hh:mm:ss:ff", frame_rate_hz is not None
    setting = Setting("format.frame_rate_hz")
    if has_frames == has_rate:
        return
    if has_frames:
        raise DatasetError(
            "the times are time codes (hh:mm:ss:ff)",
            hint=Text("give their frames per second with ", setting),
        )
    raise DatasetError(
        f"got {frame_rate_hz:g}, but the times are written as {time_format}; only hh:mm:ss:ff "
        "has frames. Leave it out.",
        key=setting.key,
    )
