"""Tables that programs write: comma-separated, UTF-8, a name per column."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from ferbench.errors import FormatError
from ferbench.formats.file_sizes import check_rows
from ferbench.formats.sheet import fitted
from ferbench.sentences import Text


def rows_of(
    path: Path, *, needed: Sequence[str], what: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a CSV by column name, with the line on which each ends.

    Blanks around cells are dropped; cells that a row lacks at its end are empty.

    Raises:
        FormatError: no such file, no CSV, a needed column is missing (``what`` says what was
            expected), or a row has more cells than the header.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream)
            header = [name.strip() for name in next(reader, [])]
            _check_header(path, header, needed, what)
            for count, row in enumerate(reader, start=1):
                check_rows(path, count)
                cells = fitted([cell.strip() for cell in row], len(header))
                if any(cells):
                    line = reader.line_num
                    _check_width(path, line, cells, header)
                    yield line, dict(zip(header, cells, strict=True))
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: not a CSV file in UTF-8 ({error})") from error


def _check_header(path: Path, header: Sequence[str], needed: Sequence[str], what: str) -> None:
    missing = [name for name in needed if name not in header]
    if missing:
        found = ", ".join(header) or "nothing"
        lacks = f": it has no column {', '.join(missing)}; found: {found}"
        raise FormatError(Text(f"{path} is not ", what, lacks))


def _check_width(path: Path, line: int, cells: Sequence[str], header: Sequence[str]) -> None:
    if len(cells) != len(header):
        raise FormatError(
            f"{path.name}, line {line}: expected {len(header)} cells as in the header, "
            f"got {len(cells)}"
        )


def first_cells(path: Path) -> list[str]:
    """Cells of the first line of a comma-separated file, [] where it is empty or no text."""
    try:
        with path.open("rb") as stream:
            line = stream.readline(4000).decode("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        return []
    if not line:
        return []
    return [cell.strip().strip('"') for cell in line.split(",")]


def seconds_of(where: str, name: str, value: object) -> float:
    """A cell as seconds; ``valid_s`` may be NaN. Raises FormatError, naming ``where``."""
    seconds = _number(value)
    may_be_unknown = name == "valid_s"
    if math.isinf(seconds) or (math.isnan(seconds) and not may_be_unknown):
        raise FormatError(
            f"{where}: {name} is {value!r}, expected seconds with a decimal point such as 12.5"
        )
    return seconds


def _number(value: object) -> float:
    """A cell or a value of JSON as a number; infinite where it is none."""
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.inf
