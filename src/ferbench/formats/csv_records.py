"""The records of a CSV, quotes out of place told cell by cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.cell_text import cell_text
from ferbench.formats.sheet import Row

MOST_ROWS: Final = 2**20
"""As many as a workbook's sheet can have."""
MOST_COLUMNS: Final = 2**14
"""Likewise."""
MOST_CELLS: Final = 4_000_000
MOST_TEXT: Final = 2**20
"""Characters of a cell; a workbook's has at most 32,767."""

_OUT_OF_PLACE = "a quote out of place"


def records_of(lines: Sequence[str], first: int, delimiter: str, path: Path) -> Iterator[Row]:
    """Rows that are not blank.

    A quoted cell with text after its closing quote keeps that text, as most programs read it, and
    has a fault.

    Args:
        lines: of the file, without their ends.
        first: the line to begin with, from 0.
        delimiter: what separates cells.
        path: the file, for messages.

    Raises:
        DatasetError: a quote never closes, or one out of place closes in another line; or there
            are more or longer cells than a table of annotations has.
    """
    num_cells = 0
    records = _records(lines, first, delimiter, path)
    for num_rows, (begins, cells, faults) in enumerate(records, start=1):
        num_cells += len(cells)
        if num_rows > MOST_ROWS or num_cells > MOST_CELLS or len(cells) > MOST_COLUMNS:
            raise DatasetError(
                f"{path}, line {begins + 1}: more than {MOST_ROWS} rows, {MOST_COLUMNS} columns or "
                f"{MOST_CELLS} cells; expected a table of annotations"
            )
        if max(map(len, cells), default=0) > MOST_TEXT:
            raise DatasetError(
                f"{path}, line {begins + 1}: a cell has more than {MOST_TEXT} characters; expected "
                "a table of annotations"
            )
        texts = tuple(map(cell_text, cells))
        if any(texts):
            yield Row(line=begins + 1, cells=texts, faults=faults)


def _records(
    lines: Sequence[str], first: int, delimiter: str, path: Path
) -> Iterator[tuple[int, list[str], dict[int, str]]]:
    """The line on which each record begins, from 0, its cells, and faults by index."""
    while first < len(lines):
        following = (f"{lines[index]}\n" for index in range(first, len(lines)))
        reader = csv.reader(following, delimiter=delimiter, strict=True)
        begins = first
        first = len(lines)
        try:
            start = begins
            for cells in reader:
                yield begins, cells, {}
                begins = start + reader.line_num
        except csv.Error as error:
            lenient, faults, end = _lenient_record(lines, begins, delimiter)
            if end is None or (faults and end > begins + 1):
                raise DatasetError(
                    f"{path}, line {begins + 1}: a row that is no CSV: {error}. Check its quotes."
                ) from error
            yield begins, lenient, faults
            first = end


def _lenient_record(
    lines: Sequence[str], first: int, delimiter: str
) -> tuple[list[str], dict[int, str], int | None]:
    """Cells of one record, faults by their index, and the line after it.

    The line is None where a quote never closes.
    """
    cells: list[str] = []
    faults: dict[int, str] = {}
    line, rest = first, lines[first]
    while True:
        if not rest.startswith('"'):
            text, found, rest = rest.partition(delimiter)
            cells.append(text)
        else:
            quoted, rest, line = _quoted(lines, line, rest[1:])
            if line >= len(lines):
                return cells, faults, None
            after, found, rest = rest.partition(delimiter)
            if after:
                faults[len(cells)] = _OUT_OF_PLACE
            cells.append(quoted + after)
        if not found:
            return cells, faults, line + 1


def _quoted(lines: Sequence[str], line: int, rest: str) -> tuple[str, str, int]:
    """A quoted cell's text, what follows in the line of its closing quote, and that line.

    ``len(lines)`` = the quote never closes.
    """
    pieces: list[str] = []
    while True:
        text, quote, rest = rest.partition('"')
        pieces.append(text)
        if quote and not rest.startswith('"'):
            return "".join(pieces), rest, line
        if quote:
            pieces.append('"')
            rest = rest[1:]
            continue
        line += 1
        if line >= len(lines):
            return "".join(pieces), "", line
        pieces.append("\n")
        rest = lines[line]
