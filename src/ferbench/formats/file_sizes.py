"""How large a file may be that is read as a whole: a table of annotations, of grades, of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ferbench.errors import FormatError

MOST_BYTES: Final = 16 * 2**20
"""Of a file of an annotation program; annotations of a thousand hours have some of these."""

MOST_TABLE_BYTES: Final = 64 * 2**20
"""Of a table as CSV or workbook, which a workbook may also unpack to."""

MOST_ANNOTATIONS: Final = 2**18
"""Of one file of an annotation program; an hour has some thousands of subtitles at most."""

MOST_ROWS: Final = 2**20
"""Of a table that is read row by row, as many as a workbook's sheet can have."""


def bytes_of(path: Path) -> bytes:
    """The content of a file.

    Raises:
        FormatError: it cannot be read, or is too large.
    """
    try:
        check_size(path, MOST_BYTES)
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error


def check_size(path: Path, most: int = MOST_TABLE_BYTES) -> None:
    """Raise FormatError where a file has more bytes, OSError where there is none."""
    num_bytes = path.stat().st_size
    if num_bytes > most:
        raise FormatError(f"{path} has {num_bytes} bytes, expected at most {most}")


def check_annotations(path: Path, count: int) -> None:
    """Raise FormatError where a file has more annotations than ``MOST_ANNOTATIONS``."""
    if count > MOST_ANNOTATIONS:
        raise FormatError(f"{path} has more than {MOST_ANNOTATIONS} annotations")


def check_rows(path: Path, count: int, most: int = MOST_ROWS) -> None:
    """Raise FormatError where a table has more rows."""
    if count > most:
        raise FormatError(f"{path} has more than {most} rows")
