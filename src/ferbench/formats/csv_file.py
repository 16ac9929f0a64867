"""CSV files as spreadsheets and scripts write them.

Their encoding, delimiter, line ends and quotes.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ferbench.errors import DatasetError

Delimiter = Literal["auto", ",", ";", "tab"]
Encoding = Literal["auto", "utf-8", "cp1252", "utf-16"]

_DELIMITERS: Final[dict[str, str]] = {",": ",", ";": ";", "tab": "\t"}
_SEPARATOR_LINES: Final[dict[str, Delimiter]] = {"sep=,": ",", "sep=;": ";", "sep=\t": "tab"}
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENCODING_NAMES: Final = {"utf-8": "UTF-8", "cp1252": "Windows-1252", "utf-16": "UTF-16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFile:
    """The cells of a CSV file, without white space around them.

    Attributes:
        header: names of the columns; empty = the file has no header.
        rows: line on which each row begins, from 1, and its cells; blank rows are left out.
        delimiter: what separates the cells.
        notes: what was guessed and may be wrong.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str
    notes: tuple[str, ...]


def read_csv(
    path: Path,
    *,
    fits: Callable[[Sequence[str]], bool],
    delimiter: Delimiter = "auto",
    encoding: Encoding = "auto",
    what: str = "annotations file",
) -> CsvFile:
    """Read a CSV file.

    Lines that start with ``#`` before the header are comments; blank lines are ignored; a first
    line such as ``sep=;`` names the delimiter.

    Args:
        path: the file.
        fits: whether a header has the columns that are needed; decides the delimiter.
        delimiter: auto = the first of ``, ; tab`` under which the header fits, else the one that
            gives most columns.
        encoding: auto = UTF-16 where the file begins with its mark, else UTF-8, else Windows-1252
            (with a note).
        what: what the file is, for messages.

    Raises:
        DatasetError: it cannot be read or decoded, is a workbook, or a quote is out of place.
    """
    data = _bytes(path, what)
    _check_no_workbook(data, path)
    text, notes = _decoded(data, encoding, path)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    separator = _separator_line(lines[0])
    skipped = _num_before_header(lines, separator)
    if delimiter == "auto" and separator is not None:
        delimiter = separator
    character = _DELIMITERS.get(delimiter) or _fitting_delimiter(lines, skipped, fits, path)
    header_and_rows = list(_rows(lines, skipped, character, path))
    (_, header), *rows = header_and_rows or [(0, ())]
    return CsvFile(header=header, rows=tuple(rows), delimiter=character, notes=notes)


def _bytes(path: Path, what: str) -> bytes:
    if path.is_dir():
        raise DatasetError(f"{path}: expected a CSV file, got a folder")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such {what}. Check the path.") from error
    except OSError as error:
        raise DatasetError(f"{path}: the {what} cannot be read: {error.strerror}") from error
    return data


def _check_no_workbook(data: bytes, path: Path) -> None:
    if data.startswith(_WORKBOOKS):
        raise DatasetError(
            f"{path}: expected a CSV, got a spreadsheet's workbook. Save it as 'CSV UTF-8'."
        )


def _decoded(data: bytes, encoding: Encoding, path: Path) -> tuple[str, tuple[str, ...]]:
    """The file's text and notes about it."""
    notes: tuple[str, ...] = ()
    chosen = encoding
    if encoding == "auto":
        chosen = _likely_encoding(data)
        if chosen == "cp1252":
            notes = ("read as Windows-1252 (not UTF-8)",)
    expected = "UTF-8 or Windows-1252" if notes else _ENCODING_NAMES[chosen]
    text = _text(data, chosen, expected, path)
    _check_no_zero_bytes(text, path)
    return text, notes


def _text(data: bytes, encoding: Encoding, expected: str, path: Path) -> str:
    try:
        return data.decode(_codec(encoding, data))
    except UnicodeDecodeError as error:
        line = _num_line_ends(data[: error.start]) + 1
        raise DatasetError(
            f"{path}, line {line}: expected {expected} text, got the byte "
            f"0x{data[error.start]:02x}. Save the file as 'CSV UTF-8'."
        ) from error


def _check_no_zero_bytes(text: str, path: Path) -> None:
    if "\0" in text:
        raise DatasetError(
            f"{path}: expected text, got zero bytes. If it is UTF-16 without a byte order mark, "
            "save it as 'CSV UTF-8', or give its encoding (utf-16)."
        )


def _likely_encoding(data: bytes) -> Encoding:
    if data.startswith(_UTF16_MARKS):
        return "utf-16"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _codec(encoding: Encoding, data: bytes) -> str:
    """Python's name; of UTF-16 without a mark, the place of the zero bytes tells."""
    if encoding == "utf-8":
        return "utf-8-sig"
    if encoding != "utf-16" or data.startswith(_UTF16_MARKS):
        return encoding
    return "utf-16-be" if data[:1] == b"\0" else "utf-16-le"


def _num_line_ends(data: bytes) -> int:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")


def _separator_line(line: str) -> Delimiter | None:
    """What a line such as ``sep=;`` names (spreadsheets put it first).

    None = it is no such line.
    """
    return _SEPARATOR_LINES.get(line.strip(' "').lower())


def _num_before_header(lines: Sequence[str], separator: Delimiter | None) -> int:
    """How many lines are above the header: one that names the separator, comments, blank ones."""
    number = 0 if separator is None else 1
    while number < len(lines) and _is_no_header(lines[number]):
        number += 1
    return number


def _is_no_header(line: str) -> bool:
    """Whether a line is a comment or blank."""
    return line.startswith("#") or not line.strip()


def _fitting_delimiter(
    lines: Sequence[str], skipped: int, fits: Callable[[Sequence[str]], bool], path: Path
) -> str:
    """The delimiter under which the header fits, else the one that gives most columns."""
    headers = _headers(lines, skipped, path)
    fitting = [delimiter for delimiter, header in headers.items() if fits(header)]
    if fitting:
        return fitting[0]
    return max(headers, key=lambda delimiter: len(headers[delimiter]))


def _headers(lines: Sequence[str], skipped: int, path: Path) -> dict[str, tuple[str, ...]]:
    """The header under each delimiter. Raises DatasetError where there is none under any."""
    headers: dict[str, tuple[str, ...]] = {}
    problems = []
    for delimiter in _DELIMITERS.values():
        try:
            _, headers[delimiter] = next(_rows(lines, skipped, delimiter, path), (0, ()))
        except DatasetError as error:  # quotes that make no sense under a wrong delimiter
            problems.append(error)
    if not headers:
        raise problems[0]
    return headers


def _rows(
    lines: Sequence[str], skipped: int, delimiter: str, path: Path
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Rows that are not blank, with the line on which each begins; the first is the header."""
    ended_lines = (f"{line}\n" for line in lines[skipped:])
    reader = csv.reader(ended_lines, delimiter=delimiter, strict=True)
    begins = skipped + 1
    try:
        for row in reader:
            cells = tuple(cell.strip() for cell in row)
            if any(cells):
                yield begins, cells
            begins = skipped + reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(
            f"{path}, line {begins}: a row that is no CSV: {error}. Check its quotes."
        ) from error
