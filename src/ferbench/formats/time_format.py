"""Finds out how the times of a file are written, and refuses to guess where more than one reading
is possible.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ferbench.errors import DatasetError
from ferbench.formats.times import (
    ELAPSED,
    Clock,
    DecimalMark,
    TimeFormat,
    decimal_mark,
    parse_clock,
    parse_time,
)

_MS_HEADER: Final = re.compile(r"(?:^|[^a-z])ms[)\]]?$|msec|milli")
_S_HEADER: Final = re.compile(r"(?:^|[^a-z])s[)\]]?$|sec|sek")
_OTHER_HEADER: Final = re.compile(
    r"(?:^|[^a-z])(?:min|mins|minutes?|minuten|minuut|h|hrs?|hours?|uur|uren|stunden?|frames?|frame.?n(?:r|o|umber))[)\]]?$"
)
_LONG_FRACTION: Final = re.compile(r"[.,]\d{5,}$", re.ASCII)
_DATED: Final = re.compile(r"\d+[-/.]\d+[-/.]\d+[T ].*", re.ASCII)
_SS_MSEC: Final = re.compile(r"ss[.,]ms(ec)?")
_GROUPED: Final = re.compile(r"\d{1,3}[.,]\d{3}", re.ASCII)
_FORMATS: Final[tuple[TimeFormat, ...]] = (*ELAPSED, "clock")
_NUMBERS: Final[frozenset[TimeFormat]] = frozenset({"seconds", "milliseconds"})
_BY_COLONS: Final[tuple[TimeFormat, ...]] = ("seconds", "mm:ss", "hh:mm:ss", "hh:mm:ss:ff")
_SAY_WHICH: Final = "say which with dataset.format.time_format="


class Cell(NamedTuple):
    """A time as the file has it: its line and text."""

    line: int
    text: str


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
        """Seconds, or the clock time in a file of clock times, or what is wrong, to follow
        "<column> is ".
        """
        if self.time_format == "clock":
            return parse_clock(text, day_first=self.day_first, decimal=self.decimal)
        if self.time_format == "auto":  # only the reason is wanted
            if _DATED.fullmatch(text):
                return parse_clock(text, decimal=self.decimal)
            nearest = _BY_COLONS[min(text.count(":"), 3)]
            return Times(time_format=nearest, frame_rate_hz=self.frame_rate_hz or math.inf).read(
                text
            )
        return parse_time(text, self.time_format, self.frame_rate_hz, self.decimal)


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
    rate = frame_rate_hz or math.inf
    if time_format == "auto":
        readings = {
            text: _readings(text, rate, starts_known=starts_known)
            for text in {cell.text for cell in cells}
        }
        readable = [cell for cell in cells if readings[cell.text]]
        time_format = _only_format(readable, readings, headers)
        _check_frame_rate(time_format, frame_rate_hz)
        if time_format == "clock" and not starts_known:
            raise DatasetError(
                f"{readable[0].text!r} is a clock time, but nothing says at which clock time the sessions began. Give "
                "their starts, or write times since the start of the session."
            )
    fitting = [cell for cell in cells if _fits(cell.text, time_format, rate)]
    decimal = _only_decimal(fitting)
    _check_thousands(fitting, decimal, time_format, delimiter)
    day_first = _day_first(fitting) if time_format == "clock" else None
    return Times(
        time_format=time_format, frame_rate_hz=frame_rate_hz, decimal=decimal, day_first=day_first
    )


def _fits(text: str, time_format: TimeFormat, frame_rate_hz: float) -> bool:
    if time_format == "clock":
        return any(
            isinstance(parse_clock(text, day_first=day_first), Clock) for day_first in (True, False)
        )
    return time_format != "auto" and isinstance(parse_time(text, time_format, frame_rate_hz), float)


def _readings(text: str, frame_rate_hz: float, *, starts_known: bool) -> frozenset[TimeFormat]:
    """The formats in which a cell is a time.

    Clock times without a date only where they can be used.
    """
    found = {time_format for time_format in _FORMATS if _fits(text, time_format, frame_rate_hz)}
    return frozenset(found - {"clock"} if len(found) > 1 and not starts_known else found)


def _only_format(
    cells: Sequence[Cell], readings: Mapping[str, frozenset[TimeFormat]], headers: Sequence[str]
) -> TimeFormat:
    """The one format that all cells have; "auto" = there is no cell."""
    examples: dict[frozenset[TimeFormat], Cell] = {}
    for cell in cells:
        examples.setdefault(readings[cell.text], cell)
    if not examples:
        return "auto"
    possible = frozenset.intersection(*examples)
    if not possible:
        raise DatasetError(_disagreement(examples))
    if possible == _NUMBERS:
        return _unit(cells, headers)
    if len(possible) > 1:
        text = cells[0].text
        raise DatasetError(
            f"{text} is {parse_time(text, 'hh:mm:ss')} s as hh:mm:ss, or {text} on the clock; {_SAY_WHICH}hh:mm:ss or "
            "clock"
        )
    return next(iter(possible))


def _disagreement(examples: Mapping[frozenset[TimeFormat], Cell]) -> str:
    """Two lines that no format fits; formats overlap so that there always are two."""
    kinds = list(examples)
    one, other = next((a, b) for i, a in enumerate(kinds) for b in kinds[i + 1 :] if not a & b)
    told = " and ".join(
        f"line {examples[kind].line} has {examples[kind].text!r} ({' or '.join(sorted(kind))})"
        for kind in (one, other)
    )
    return f"the times are written in more than one way: {told}. Write all in one way."


def _unit(cells: Sequence[Cell], headers: Sequence[str]) -> TimeFormat:
    """Seconds or milliseconds, for plain numbers."""
    units = {unit for unit in map(_unit_of, headers) if unit is not None}
    text = cells[0].text
    if len(units) == 1:
        return units.pop()
    other = next((header for header in headers if names_other_unit(header)), None)
    if not units and other is not None:
        raise DatasetError(
            f"{text} stands under {other!r}, but plain numbers can be read as seconds or milliseconds only; convert "
            "them, or say dataset.format.time_format=seconds"
        )
    if not units and _are_days([cell.text for cell in cells]):
        raise DatasetError(
            f"{text} and all other times look like days, as spreadsheets keep times; format the column as a time "
            "(10:15:00) and save again, or say dataset.format.time_format=seconds"
        )
    if not units and any(_has_fraction(cell.text) for cell in cells):
        return "seconds"
    why = f"the headers {' and '.join(map(repr, headers))} name two units; " if units else ""
    raise DatasetError(
        f"{why}{text} is {parse_time(text, 'seconds')} s as seconds, or {parse_time(text, 'milliseconds')} s as "
        f"milliseconds; {_SAY_WHICH}seconds or milliseconds"
    )


def _are_days(texts: Sequence[str]) -> bool:
    """Whether numbers are a spreadsheet's times (shares of a day) or dates with times (days since
    1900).
    """
    days = [float(text.replace(",", ".")) for text in texts]
    in_range = all(day < 1 for day in days) or all(30000 <= day < 60000 for day in days)
    return in_range and any(_LONG_FRACTION.search(text) for text in texts)


def names_other_unit(header: str) -> bool:
    """Whether a header names a unit in which times are not read, such as minutes or frames."""
    return _OTHER_HEADER.search(header.casefold()) is not None


def _unit_of(header: str) -> TimeFormat | None:
    """The unit that a header names.

    ``ss.msec`` means seconds with a fraction (annotation programs write it so).
    """
    name = _SS_MSEC.sub("sec", header.casefold())
    if _MS_HEADER.search(name):
        return "milliseconds"
    return "seconds" if _S_HEADER.search(name) else None


def _has_fraction(text: str) -> bool:
    return float(text.replace(",", ".")) % 1 != 0


def _only_decimal(cells: Sequence[Cell]) -> DecimalMark | None:
    """The decimal mark that all cells use."""
    first: dict[DecimalMark, Cell] = {}
    for cell in cells:
        mark = decimal_mark(cell.text)
        if mark is not None:
            first.setdefault(mark, cell)
    if len(first) > 1:
        point, comma = first["."], first[","]
        raise DatasetError(
            f"both decimal marks are used: line {point.line} has {point.text!r}, line {comma.line} has {comma.text!r}. "
            "Write all times with the same one."
        )
    return next(iter(first), None)


def _check_thousands(
    cells: Sequence[Cell], decimal: DecimalMark | None, time_format: TimeFormat, delimiter: str
) -> None:
    """Refuse 1,500 where it may be 1500.

    As milliseconds, and with a comma in a file that separates by commas.
    """
    if time_format != "milliseconds" and not (
        time_format == "seconds" and decimal == delimiter == ","
    ):
        return
    marked = [cell for cell in cells if decimal_mark(cell.text)]
    plain_ones = any(float(cell.text) >= 1000 for cell in cells if not decimal_mark(cell.text))
    if marked and not plain_ones and all(_GROUPED.fullmatch(cell.text) for cell in marked):
        line, text = marked[0]
        raise DatasetError(
            f"line {line} has {text!r}, which may be {text.replace(',', '.')} or, with a thousands separator, "
            f"{re.sub('[.,]', '', text)}. Write times without thousands separators and with a decimal point."
        )


def _day_first(cells: Sequence[Cell]) -> bool | None:
    """Whether the day comes before the month; None = there is no date that needs it."""
    orders: set[bool] = set()
    unclear: Cell | None = None
    for cell in cells:
        readings = {order: parse_clock(cell.text, day_first=order) for order in (True, False)}
        possible = [order for order, reading in readings.items() if isinstance(reading, Clock)]
        if len(possible) == 1:
            orders.update(possible)
        elif readings[True] != readings[False]:
            unclear = unclear or cell
    if unclear is None or len(orders) == 1:
        return orders.pop() if len(orders) == 1 else None
    raise DatasetError(
        f"line {unclear.line} has {unclear.text!r}, whose day and month cannot be told apart. "
        "Write dates as 2024-03-05."
    )


def _check_frame_rate(time_format: TimeFormat, frame_rate_hz: float | None) -> None:
    if time_format == "hh:mm:ss:ff" and frame_rate_hz is None:
        raise DatasetError(
            "the times are time codes (hh:mm:ss:ff); give their frames per second with dataset.format.frame_rate_hz"
        )
    if time_format not in ("hh:mm:ss:ff", "auto") and frame_rate_hz is not None:
        raise DatasetError(
            f"dataset.format.frame_rate_hz is {frame_rate_hz:g}, but the times are written as {time_format}; only "
            "hh:mm:ss:ff has frames. Remove it (null)."
        )
