"""Reads annotations from a CSV file: one row per annotation, times in seconds of the session."""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError
from ferbench.types import Annotation

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the CSV calls its columns; other columns are not read.

    ``session`` and ``onset_s`` must be there. The others may be absent under the name given here as the default (under
    another name they must be there), or None = not read. Without ``offset_s`` annotations are points.
    """

    session: str = "session"
    onset_s: str = "onset_s"
    offset_s: str | None = "offset_s"
    kind: str | None = "kind"
    annotator: str | None = "annotator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row that was left out: its line in the file, from 1, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationTable:
    """What a CSV holds: annotations in the file's order, the line of each, and the rows that were left out."""

    annotations: tuple[Annotation, ...]
    lines: tuple[int, ...]
    problems: tuple[Problem, ...]


def read_annotations(path: Path, columns: Columns) -> AnnotationTable:
    """Read a CSV: UTF-8 with or without byte order mark, comma-separated, one header line.

    Lines that start with ``#`` before the header are comments; blank lines are ignored. Times are seconds, finite and
    not negative, with a decimal point. A row that breaks this, has another number of cells than the header, an empty
    session, or ends before it begins is left out and listed.

    Raises:
        DatasetError: no such file, not UTF-8, not separated by commas, a column is missing or there twice, or a quote
            is not closed.
    """
    rows = _rows(_text(path), path)
    _, header = next(rows, (0, []))
    at = _positions([name.strip() for name in header], columns, path)
    annotations: list[Annotation] = []
    lines: list[int] = []
    problems: list[Problem] = []
    for line, row in rows:
        read = _annotation([cell.strip() for cell in row], at, columns, width=len(header))
        if isinstance(read, str):
            problems.append(Problem(line=line, reason=read))
        else:
            annotations.append(read)
            lines.append(line)
    return AnnotationTable(annotations=tuple(annotations), lines=tuple(lines), problems=tuple(problems))


def _text(path: Path) -> str:
    if path.is_dir():
        raise DatasetError(f"{path}: expected an annotations file (CSV), got a folder")
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such annotations file. Check the path.") from error
    except OSError as error:
        raise DatasetError(f"{path}: the annotations file cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        utf16 = " (it looks like UTF-16)" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""
        raise DatasetError(
            f"{path}, line {line}: expected UTF-8 text, got the byte 0x{data[error.start]:02x}{utf16}. "
            "Save the file as 'CSV UTF-8'."
        ) from error


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line on which each begins, without leading comments and blank lines; the first is the header."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    comments = 0
    while comments < len(lines) and (lines[comments].startswith("#") or not lines[comments].strip()):
        comments += 1
    reader = csv.reader((f"{line}\n" for line in lines[comments:]), strict=True)
    begins = comments + 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, row
            begins = comments + reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(f"{path}, line {begins}: a row that is no CSV: {error}. Check its quotes.") from error


def _positions(header: Sequence[str], columns: Columns, path: Path) -> dict[str, int]:
    """Where each of our columns is in a row; raises where the header does not fit."""
    found = ", ".join(header) or "nothing"
    at: dict[str, int] = {}
    missing: list[str] = []
    for column in fields(columns):
        name: str | None = getattr(columns, column.name)
        if name is None:
            continue
        if header.count(name) > 1:
            raise DatasetError(f"{path}: the column {name!r} is there {header.count(name)} times; found: {found}")
        if name in header:
            at[column.name] = header.index(name)
        elif column.name in ("session", "onset_s") or name != column.default:
            missing.append(name)
    if not missing:
        return at
    for separator, spelled in ((";", "semicolons"), ("\t", "tabs")):
        if any(separator in name for name in header):
            raise DatasetError(
                f"{path}: the columns are separated by {spelled}, expected commas: {found}. "
                "Save the file with commas (and times with a decimal point)."
            )
    raise DatasetError(
        f"{path}: column {', '.join(map(repr, missing))} not found; found: {found}. "
        "Name the file's columns in dataset.columns."
    )


def _annotation(row: Sequence[str], at: dict[str, int], columns: Columns, *, width: int) -> Annotation | str:
    """The row's annotation, or why it has none."""
    if len(row) != width:
        return f"expected {width} cells as in the header, got {len(row)}"
    session = row[at["session"]]
    if not session:
        return f"{columns.session} is empty"
    onset_s = _seconds(row[at["onset_s"]], columns.onset_s)
    if isinstance(onset_s, str):
        return onset_s
    offset_s = _seconds(row[at["offset_s"]], str(columns.offset_s)) if "offset_s" in at else onset_s
    if isinstance(offset_s, str):
        return offset_s
    if offset_s < onset_s:
        return f"ends before it begins: {columns.onset_s} {onset_s:g}, {columns.offset_s} {offset_s:g}"
    return Annotation(
        session_id=session,
        onset_s=onset_s,
        offset_s=offset_s,
        kind=row[at["kind"]] if "kind" in at else "",
        annotator=row[at["annotator"]] if "annotator" in at else "",
    )


def _seconds(cell: str, column: str) -> float | str:
    """A time, or why the cell is none."""
    if not _NUMBER.fullmatch(cell):
        return f"{column} is {cell!r}, expected seconds with a decimal point such as 12.5"
    seconds = float(cell)
    if not math.isfinite(seconds) or seconds < 0:
        return f"{column} is {cell}, expected a finite time that is not negative"
    return seconds
