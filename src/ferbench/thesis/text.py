"""Lines of the thesis' CSV files, in and out: what all of them have in common."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from ferbench.atomic import replacing
from ferbench.errors import FormatError
from ferbench.formats.file_sizes import check_rows

_MOST_ROWS: Final = 2**22
"""One for each frame: 38 hours at 30 Hz."""


def write_rows(path: Path, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as the thesis' programs do (UTF-8, CR LF), as a whole or not at all."""
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\r\n").writerows(rows)


def read_records(path: Path, *, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Every record of a file with the number of its first line (from 1).

    Blank lines at the end are left out.

    Raises:
        FormatError: the file cannot be read, or is not text in UTF-8.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from _without_blank_end(_records(path, lines, delimiter))
    except OSError as error:
        raise FormatError(
            f"{path}: cannot be read ({error.strerror})", hint="check the name"
        ) from error
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path}: not a text file in UTF-8 ({error.reason} at byte {error.start})"
        ) from error


def _records(path: Path, lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=delimiter)
    line = 1
    try:
        for count, cells in enumerate(reader, start=1):
            check_rows(path, count, _MOST_ROWS)
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise FormatError(f"{path}, line {line}: not CSV ({error})") from error


def _without_blank_end(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Leave out empty records after the last one with content; those before it stay."""
    waiting: list[tuple[int, list[str]]] = []
    for record in records:
        waiting.append(record)
        _, cells = record
        if cells:
            yield from waiting
            waiting = []


def delimiter_of(path: Path) -> str:
    """What separates the cells of a file: a comma or a semicolon.

    Spreadsheets of some countries write semicolons.
    """
    try:
        with path.open("rb") as stream:
            first_line = stream.readline(4000)
    except OSError:
        return ","
    if first_line.count(b";") > first_line.count(b","):
        return ";"
    return ","
