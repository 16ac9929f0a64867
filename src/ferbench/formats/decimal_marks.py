"""Which mark a file's numbers have before their decimals, and which separates thousands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.times import Cell, DecimalMark, TimeFormat, decimal_mark

_GROUPED: Final = re.compile(r"\d{1,3}[.,]\d{3}", re.ASCII)
_SMALLEST_WITH_THOUSANDS: Final = 1000


def only_decimal(cells: Sequence[Cell]) -> DecimalMark | None:
    """The decimal mark that all cells use."""
    first: dict[DecimalMark, Cell] = {}
    for cell in cells:
        mark = decimal_mark(cell.text)
        if mark is not None:
            first.setdefault(mark, cell)
    if len(first) > 1:
        raise _both_marks(first["."], first[","])
    return next(iter(first), None)


def _both_marks(point: Cell, comma: Cell) -> DatasetError:
    return DatasetError(
        f"both decimal marks are used: line {point.line} has {point.text!r}, line {comma.line} has "
        f"{comma.text!r}. Write all times with the same one."
    )


def may_group_thousands(
    time_format: TimeFormat, decimal: DecimalMark | None, delimiter: str
) -> bool:
    """Whether 1,500 may be 1500.

    As milliseconds, and as seconds with a comma in a file that separates by commas.
    """
    if time_format == "seconds":
        return decimal == "," and delimiter == ","
    return time_format == "milliseconds"


def check_thousands(cells: Sequence[Cell]) -> None:
    """Raise DatasetError where all decimal marks may separate thousands."""
    marked = [cell for cell in cells if decimal_mark(cell.text)]
    if _all_grouped(marked) and not _has_thousands_without_mark(cells):
        line, text = marked[0]
        raise DatasetError(
            f"line {line} has {text!r}, which may be {text.replace(',', '.')} or, with a thousands "
            f"separator, {re.sub('[.,]', '', text)}. Write times without thousands separators and "
            "with a decimal point."
        )


def _all_grouped(cells: Sequence[Cell]) -> bool:
    """Whether there are numbers, each with a mark before three digits."""
    return bool(cells) and all(_GROUPED.fullmatch(cell.text) for cell in cells)


def _has_thousands_without_mark(cells: Sequence[Cell]) -> bool:
    """Whether a number from 1000 on has no mark, so that marks do not separate thousands."""
    unmarked = [float(cell.text) for cell in cells if not decimal_mark(cell.text)]
    return any(number >= _SMALLEST_WITH_THOUSANDS for number in unmarked)
