"""The cells of a table, whether its file is a CSV or a workbook, and where its header is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.cell_text import column_name

Fits = Callable[[Sequence[str]], bool]
"""Whether a header has the columns that are needed."""

SEARCHED: Final = 50
"""Rows among which the header is looked for."""
_NUMBER_OR_TIME: Final = re.compile(r"[\d\s:.,;/+\-eET%]*\d[\d\s:.,;/+\-eET%]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table that is not blank.

    Attributes:
        line: where it begins in its file, from 1.
        cells: their texts, without white space around them.
        faults: of cells that are not as they should be, by index: what is wrong.
    """

    line: int
    cells: tuple[str, ...]
    faults: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The cells of a table, without white space around them.

    Attributes:
        header: names of the columns; empty = the table has no header.
        rows: line on which each row begins, from 1, and its cells; blank rows are left out. Rows
            have as many cells as the header, empty ones at the end that the file leaves out
            included; more only where cells are filled that have no column.
        delimiter: what separates the cells; "" = they are a workbook's.
        notes: what was guessed and may be wrong.
        faults: of cells that are not as they should be, by line and index: what is wrong.
        name: of a workbook, the name of its sheet; else "".
        hint: where the header seems to be, where it is not the one taken; "" = nowhere else.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str
    notes: tuple[str, ...]
    faults: Mapping[tuple[int, int], str] = field(default_factory=dict)
    name: str = ""
    hint: str = ""

    def fault(self, line: int, names: Iterable[str]) -> str:
        """What is wrong with a row's cells in some columns, the first; "" = nothing."""
        for name in names:
            if name in self.header:
                reason = self.faults.get((line, self.header.index(name)), "")
                if reason:
                    return f"{name} has {reason}"
        return ""


def fitted(cells: Sequence[str], width: int) -> tuple[str, ...]:
    """A row's cells, with those that are empty at its end added or left out to have a width.

    Spreadsheets leave out delimiters of empty cells at the end of rows, or write too many. A row
    keeps filled cells beyond the width.

    >>> fitted(["a", "1", "", ""], 3), fitted(["a"], 2), fitted(["a", "1", "x"], 2)
    (('a', '1', ''), ('a', ''), ('a', '1', 'x'))
    """
    filled = list(cells)
    while len(filled) > width and not filled[-1]:
        filled.pop()
    return (*filled, *[""] * (width - len(filled)))


def sheet_of(
    rows: Sequence[Row],
    *,
    fits: Fits,
    path: Path,
    delimiter: str,
    notes: Sequence[str] = (),
    name: str = "",
) -> Sheet:
    """A table of rows, of which the header and those above it are told.

    The header is the first row, or the only one below it that has the columns that are needed.

    Args:
        rows: all rows of the file that are not blank.
        fits: whether a header has the columns that are needed.
        path: the file, for messages.
        delimiter: see ``Sheet``.
        notes: what was guessed before.
        name: see ``Sheet``.

    Raises:
        DatasetError: several rows may be the header.
    """
    if not rows:
        return Sheet(header=(), rows=(), delimiter=delimiter, notes=tuple(notes), name=name)
    place = _header_place(rows, fits, path)
    hint = ""
    if place is None:
        hint = _about_likely(rows)
        place = 0
    header_row = rows[place]
    header = tuple(map(column_name, header_row.cells))
    if place > 0:
        notes = [*notes, _about_rows_above(rows[:place], header_row.line)]
    below = rows[place + 1 :]
    if not delimiter:  # a workbook's cells have their columns also where these have no name
        header = fitted(header, max([len(header), *(len(row.cells) for row in below)]))
    return Sheet(
        header=header,
        rows=tuple((row.line, fitted(row.cells, len(header))) for row in below),
        delimiter=delimiter,
        notes=tuple(notes),
        faults={(row.line, index): text for row in below for index, text in row.faults.items()},
        name=name,
        hint=hint,
    )


def _about_likely(rows: Sequence[Row]) -> str:
    """Which row below the first looks more like the header; "" = none."""
    place = likely_header(rows)
    if place == 0:
        return ""
    names = ", ".join(filter(None, header_names(rows[place])))
    return f"the header seems to be in line {rows[place].line} ({names})"


def _about_rows_above(above: Sequence[Row], line: int) -> str:
    first = next((cell for cell in above[0].cells if cell), "")
    return f"line {line} taken as the header; what is above it is not read ({first!r} ...)"


def _header_place(rows: Sequence[Row], fits: Fits, path: Path) -> int | None:
    """Which row is the header; None = none has the columns that are needed.

    Raises:
        DatasetError: several different rows may be it.
    """
    if fits(header_names(rows[0])):
        return 0
    places = fitting_places(rows, fits)
    if len({rows[place].cells for place in places}) > 1:
        lines = " or ".join(str(rows[place].line) for place in places)
        raise DatasetError(
            f"{path}: the header may be in line {lines}, as each names the columns that are "
            "needed; keep one table in a file, without lines above its header"
        )
    return places[0] if places else None


def fitting_places(rows: Sequence[Row], fits: Fits) -> list[int]:
    """Which rows below the first look like a header and have the columns that are needed."""
    candidates = range(1, min(len(rows), SEARCHED))
    return [
        place
        for place in candidates
        if _looks_like_header(rows[place]) and fits(header_names(rows[place]))
    ]


def likely_header(rows: Sequence[Row]) -> int:
    """Which row looks most like a header: it has most names, and no number; 0 where none does."""
    num_names = [
        sum(map(bool, row.cells)) if _looks_like_header(row) else 0 for row in rows[:SEARCHED]
    ]
    return num_names.index(max(num_names)) if any(num_names) else 0


def _looks_like_header(row: Row) -> bool:
    """Whether a row's cells are two names or more, all different, and no numbers."""
    names = [name for name in header_names(row) if name]
    is_distinct = len({name.casefold() for name in names}) == len(names)
    return len(names) > 1 and is_distinct and not any(map(_NUMBER_OR_TIME.fullmatch, names))


def header_names(row: Row) -> list[str]:
    """A row's cells as names of columns."""
    return [column_name(cell) for cell in row.cells]
