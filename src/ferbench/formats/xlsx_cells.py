"""The values of a workbook's cells as the texts that a CSV would have."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from ferbench.formats.cell_text import cell_text
from ferbench.formats.sheet import Row

_NO_CODE: Final = re.compile(r'"[^"]*"|\[\$[^\]]*\]|\[(?:color ?\d+|[a-z]{3,})\]|\\.|_.', re.I)
"""Parts of a number format that are shown as they are, or not at all."""
_MERGED: Final = re.compile(
    rb'<(?:\w+:)?mergeCell\s[^>]*?ref="\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})"'
)
_MOST_MERGED: Final = 4 * 2**20
"""Rows of all merged cells together."""


def cell_value_text(value: Any, number_format: str) -> str:
    """A cell's value as a text.

    Numbers are written in full and whole ones without decimals; dates as 2024-03-05; times as
    hours, minutes and seconds, without the parts that their number format does not show: 12:30 in a
    cell of hours and minutes is what its writer sees, and may have meant minutes and seconds.

    >>> cell_value_text(7.0, "General"), cell_value_text(datetime.time(0, 0, 10), "h:mm:ss")
    ('7', '00:00:10')
    >>> cell_value_text(datetime.timedelta(minutes=75, seconds=3), "[mm]:ss")
    '75:03'
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime):
        return _moment(value, number_format)
    if isinstance(value, datetime.time):
        of_day = datetime.timedelta(
            hours=value.hour,
            minutes=value.minute,
            seconds=value.second,
            microseconds=value.microsecond,
        )
        return _elapsed(of_day, number_format)
    if isinstance(value, datetime.timedelta):
        return _elapsed(value, number_format)
    return cell_text(str(value))


def _moment(value: datetime.datetime, number_format: str) -> str:
    """A date, with its time unless it has none and shows none."""
    shows_time = re.search("[hs]", _codes(number_format)) is not None
    if value.time() == datetime.time() and not shows_time:
        return str(value.date())
    return value.isoformat(sep=" ").removesuffix("000") if value.microsecond else str(value)


def _elapsed(value: datetime.timedelta, number_format: str) -> str:
    """A time of the day, or a duration."""
    codes = _codes(number_format)
    microseconds = round(value / datetime.timedelta(microseconds=1))
    sign = "-" if microseconds < 0 else ""
    seconds, microseconds = divmod(abs(microseconds), 10**6)
    fraction = f".{microseconds:06d}".rstrip("0") if microseconds else ""
    if "h" in codes and "s" not in codes and seconds % 60 == 0 and not fraction:
        return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    if "h" not in codes and "m" in codes:
        return f"{sign}{seconds // 60:02d}:{seconds % 60:02d}{fraction}"
    if "h" not in codes and "s" in codes:
        return f"{sign}{seconds}{fraction}"
    minutes, seconds = divmod(seconds, 60)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}{fraction}"


def _codes(number_format: str) -> str:
    """The codes of a number format's first section, in lower case."""
    return _NO_CODE.sub("", number_format).split(";")[0].lower()


class Range(NamedTuple):
    """Cells that are merged: rows from 1, indices of columns from 0, the last ones included."""

    top: int
    left: int
    bottom: int
    right: int


def merged_ranges(xml: bytes) -> list[Range]:
    """The merged cells that a sheet's xml lists."""
    return [
        Range(top=int(top), left=_column(left), bottom=int(bottom), right=_column(right))
        for left, top, right, bottom in _MERGED.findall(xml)
    ]


def _column(letters: bytes) -> int:
    """The index of a column, from 0.

    >>> _column(b"A"), _column(b"AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def with_merged(rows: Sequence[Row], ranges: Iterable[Range]) -> tuple[list[Row], int]:
    """Rows in which the value of merged cells stands in each of their rows, and how many cells so.

    Only in the first column of the merged cells, and in rows that have a value of their own.

    Raises:
        ValueError: they are more than a sheet can have.
    """
    by_line = {row.line: row for row in rows if any(row.cells)}
    below = [each for each in ranges if each.bottom > each.top and each.top in by_line]
    if sum(each.bottom - each.top for each in below) > _MOST_MERGED:
        raise ValueError("merged cells of more rows than a sheet has")
    num_filled = sum(_fill_below(each, by_line, rows[-1].line) for each in below)
    return [by_line.get(row.line, row) for row in rows], num_filled


def _fill_below(merged: Range, by_line: dict[int, Row], last_line: int) -> int:
    """Put the value of merged cells into their other rows; return how many."""
    origin = by_line[merged.top]
    text = origin.cells[merged.left] if merged.left < len(origin.cells) else ""
    fault = origin.faults.get(merged.left, "")
    if not (text or fault):
        return 0
    lines = range(merged.top + 1, min(merged.bottom, last_line) + 1)
    filled = [line for line in lines if line in by_line]
    for line in filled:
        by_line[line] = _with_cell(by_line[line], merged.left, text, fault)
    return len(filled)


def _with_cell(row: Row, index: int, text: str, fault: str) -> Row:
    cells = [*row.cells, *[""] * (index + 1 - len(row.cells))]
    cells[index] = text
    faults = {**row.faults, index: fault} if fault else row.faults
    return replace(row, cells=tuple(cells), faults=faults)
