"""CSV files as spreadsheets and scripts write them.

Their encoding, delimiter, line ends and quotes.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, Literal

from ferbench.errors import DatasetError
from ferbench.formats.csv_records import records_of
from ferbench.formats.sheet import (
    SEARCHED,
    Fits,
    Row,
    Sheet,
    fitting_places,
    header_names,
    likely_header,
    sheet_of,
)

Delimiter = Literal["auto", ",", ";", "tab"]
Encoding = Literal["auto", "utf-8", "cp1252", "utf-16"]

_DELIMITERS: Final[dict[str, str]] = {",": ",", ";": ";", "tab": "\t"}
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?[,;\t" ]*', re.IGNORECASE)
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENCODING_NAMES: Final = {"utf-8": "UTF-8", "cp1252": "Windows-1252", "utf-16": "UTF-16"}
_NO_TEXT: Final = re.compile("[\udc80-\udcff]")
"""Bytes that are no text, as ``surrogateescape`` brings them."""


def read_csv(
    data: bytes,
    path: Path,
    *,
    fits: Fits,
    delimiter: Delimiter = "auto",
    encoding: Encoding = "auto",
) -> Sheet:
    """Read a CSV file.

    Lines that start with ``#`` before the header are comments; blank lines are ignored; a first
    line such as ``sep=;`` names the delimiter. A cell with a quote out of place, or with a byte
    that is no text, is told in ``Sheet.faults``.

    Args:
        data: the file's content.
        path: the file, for messages.
        fits: whether a header has the columns that are needed; decides the delimiter and which row
            is the header.
        delimiter: auto = the first of ``, ; tab`` under which a header fits, else the one that
            gives most columns.
        encoding: auto = UTF-16 where the file begins with its mark, else UTF-8, else Windows-1252
            (with a note).

    Raises:
        DatasetError: it cannot be decoded, a quote never closes, the delimiter that its first line
            names is none of ours, or several rows may be the header.
    """
    text, expected, notes = _decoded(data, encoding, path)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    separator = _SEPARATOR_LINE.fullmatch(lines[0].strip(' "\ufeff'))
    skipped = 0 if separator is None else 1
    while skipped < len(lines) and _is_no_header(lines[skipped]):
        skipped += 1

    def rows(character: str) -> Iterator[Row]:
        return _with_no_text(records_of(lines, skipped, character, path), expected)

    if delimiter != "auto":
        character = _DELIMITERS[delimiter]
    elif separator is not None:
        character = _named_delimiter(separator[1], path)
    else:
        character = _fitting_delimiter(rows, fits)
    return sheet_of(list(rows(character)), fits=fits, path=path, delimiter=character, notes=notes)


def _decoded(data: bytes, encoding: Encoding, path: Path) -> tuple[str, str, tuple[str, ...]]:
    """The file's text, what it was expected to be, and notes about it."""
    notes: tuple[str, ...] = ()
    chosen = encoding
    if encoding == "auto":
        chosen = _likely_encoding(data)
        if chosen == "cp1252":
            notes = ("read as Windows-1252 (not UTF-8)",)
    expected = "UTF-8 or Windows-1252" if notes else _ENCODING_NAMES[chosen]
    text = _text(data, chosen, path)
    _check_no_zero_bytes(text, path)
    return text, expected, notes


def _text(data: bytes, encoding: Encoding, path: Path) -> str:
    """The file's text; single bytes that are none are kept as they come."""
    try:
        if encoding == "utf-16":
            return data.decode(_utf16_codec(data))
        codec = "utf-8-sig" if encoding == "utf-8" else encoding
        return data.decode(codec, errors="surrogateescape")
    except UnicodeDecodeError as error:
        line = _num_line_ends(data[: error.start]) + 1
        raise DatasetError(
            f"{path}, line {line}: expected UTF-16 text, got the byte "
            f"0x{data[error.start]:02x}. Save the file as 'CSV UTF-8'."
        ) from error


def _check_no_zero_bytes(text: str, path: Path) -> None:
    if "\0" in text:
        raise DatasetError(
            f"{path}: expected text, got zero bytes. If it is UTF-16 without a byte order mark, "
            "save it as 'CSV UTF-8', or give its encoding (utf-16)."
        )


def _likely_encoding(data: bytes) -> Encoding:
    """UTF-8 also where there is more of it than bytes that are none."""
    if data.startswith(_UTF16_MARKS):
        return "utf-16"
    text = data.decode("utf-8", errors="surrogateescape")
    num_no_text = len(_NO_TEXT.findall(text))
    num_beyond_ascii = sum(character > "\x7f" for character in text) - num_no_text
    return "utf-8" if num_no_text == 0 or num_no_text < num_beyond_ascii else "cp1252"


def _utf16_codec(data: bytes) -> str:
    """Python's name; without a mark, the place of the zero bytes tells."""
    if data.startswith(_UTF16_MARKS):
        return "utf-16"
    return "utf-16-be" if data[:1] == b"\0" else "utf-16-le"


def _num_line_ends(data: bytes) -> int:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")


def _named_delimiter(character: str, path: Path) -> str:
    """The delimiter that the first line names (spreadsheets put it there)."""
    if character not in _DELIMITERS.values():
        raise DatasetError(
            f"{path}: its first line names the delimiter {character!r}; expected a comma, "
            "semicolon or tab. Save it with one of these."
        )
    return character


def _is_no_header(line: str) -> bool:
    """Whether a line is a comment or blank."""
    return line.startswith("#") or not line.strip()


def _fitting_delimiter(rows: Callable[[str], Iterator[Row]], fits: Fits) -> str:
    """The delimiter under which a header fits, else the one that gives most columns.

    Raises:
        DatasetError: quotes make no sense under any delimiter.
    """
    tables: dict[str, list[Row]] = {}
    problems = []
    for delimiter in _DELIMITERS.values():
        table: list[Row] = []
        try:
            table += islice(rows(delimiter), SEARCHED)
        except DatasetError as error:  # quotes that make no sense under a wrong delimiter
            problems.append(error)
            if not table:
                continue
        tables[delimiter] = table
    if not tables:
        raise problems[0]
    for delimiter, table in tables.items():
        if table and fits(header_names(table[0])):
            return delimiter
    for delimiter, table in tables.items():
        if fitting_places(table, fits):
            return delimiter
    return max(tables, key=lambda delimiter: _num_columns(tables[delimiter]))


def _num_columns(table: Sequence[Row]) -> int:
    return len(table[likely_header(table)].cells) if table else 0


def _with_no_text(rows: Iterable[Row], expected: str) -> Iterator[Row]:
    """Rows with bytes that are no text told as faults of their cells."""
    for row in rows:
        yield _told(row, expected) if _has_no_text(row) else row


def _has_no_text(row: Row) -> bool:
    return any(map(_NO_TEXT.search, row.cells))


def _told(row: Row, expected: str) -> Row:
    faults = dict(row.faults)
    for index, cell in enumerate(row.cells):
        found = _NO_TEXT.search(cell)
        if found is not None:
            byte = ord(found[0]) - 0xDC00
            faults[index] = f"the byte 0x{byte:02x}, expected {expected} text"
    cells = tuple(_NO_TEXT.sub("\ufffd", cell) for cell in row.cells)
    return Row(line=row.line, cells=cells, faults=faults)
