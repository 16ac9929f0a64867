"""Reads annotations from a CSV file, one row per annotation, as spreadsheets and annotation programs write it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from ferbench.datasets.csv_file import CsvFile, Delimiter, Encoding, read_csv
from ferbench.datasets.naming import canonical
from ferbench.datasets.time_format import Cell, Times, find_times
from ferbench.datasets.times import Clock, TimeFormat, since
from ferbench.errors import ConfigError, DatasetError

_ORDER: Final = ("session", "participant", "onset", "offset", "kind", "annotator")
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the CSV calls its columns; other columns are not read.

    ``session`` (or, where that is None, ``participant``) and ``onset`` must be there. The others may be absent under
    the name given here as the default (under another name they must be there), or None = not read. Without ``offset``
    annotations are points.
    """

    session: str | None = "session"
    participant: str | None = "participant"
    onset: str = "onset_s"
    offset: str | None = "offset_s"
    kind: str | None = "kind"
    annotator: str | None = "annotator"

    def __post_init__(self) -> None:
        """Check that a row says whose it is."""
        if self.session is None and self.participant is None:
            raise ConfigError("columns: session and participant are both null; rows must name one of them")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How the CSV is written.

    Attributes:
        columns: what it calls its columns.
        time_format: how its times are written; auto = found out, refused where more than one reading is possible.
        frame_rate_hz: frames per second of hh:mm:ss:ff; None for the other formats.
        delimiter: what separates the columns.
        encoding: auto = UTF-16 by its mark, else UTF-8, else Windows-1252.
        keep: column of the file -> values; only rows that have one of them are annotations. None = all rows. Values
            are compared as names are (``naming.canonical``): in any case and Unicode form, without leading zeros.
    """

    columns: Columns = field(default_factory=Columns)
    time_format: TimeFormat = "auto"
    frame_rate_hz: float | None = None
    delimiter: Delimiter = "auto"
    encoding: Encoding = "auto"
    keep: Mapping[str, tuple[str, ...]] | None = None

    def __post_init__(self) -> None:
        """Check the frame rate and the values to keep, which a configuration hands over as it has them."""
        rate, coded = self.frame_rate_hz, self.time_format == "hh:mm:ss:ff"
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise ConfigError(f"frame_rate_hz: expected a finite number above 0, got {rate!r}")
        if rate is None and coded:
            raise ConfigError("frame_rate_hz: expected the frames per second of hh:mm:ss:ff, got null")
        if rate is not None and not coded and self.time_format != "auto":
            raise ConfigError(f"frame_rate_hz: expected null, as {self.time_format} has no frames, got {rate:g}")
        if self.keep is not None:
            object.__setattr__(self, "keep", {column: _values(column, given) for column, given in self.keep.items()})


def _values(column: str, given: Any) -> tuple[str, ...]:
    """The values of ``keep`` for one column, as text."""
    fits = isinstance(given, list | tuple) and all(isinstance(value, str | int) for value in given)
    if not fits or not given or any(isinstance(value, bool) for value in given):
        raise ConfigError(f"keep.{column}: expected a list of texts such as [robot], got {given!r}")
    return tuple(str(value).strip() for value in given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One usable row.

    Attributes:
        line: where it begins in the file, from 1.
        session: as written; "" = the file has no such column.
        participant: as written; "" = none.
        onset: seconds of the session; in a table of clock times a Clock.
        offset: likewise.
        kind: as written; "" = none.
        annotator: as written; "" = none.
        kept: False = not an annotation (``Table.keep``), but its session is in the file; its times are not read (NaN).
    """

    line: int
    session: str
    participant: str
    onset: float | Clock
    offset: float | Clock
    kind: str
    annotator: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row that was left out: its line in the file, from 1, why, and whose it is ("" = cannot be read)."""

    line: int
    reason: str
    session: str = ""
    participant: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationTable:
    """What a CSV holds.

    Attributes:
        rows: usable rows in the file's order.
        problems: rows that were left out.
        clock: the times of kept rows are Clock, else seconds (float).
        time_format: how they were read; "auto" = there was none to read.
        notes: what else a reader should know, such as a guessed encoding.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    clock: bool
    time_format: TimeFormat
    notes: tuple[str, ...] = ()


def read_annotations(path: Path, table: Table, *, starts_known: bool = False) -> AnnotationTable:
    """Read a CSV: one header line, one annotation per row.

    Lines that start with ``#`` before the header are comments; blank lines are ignored. A row is left out and listed
    if it has another number of cells than the header, an empty session, a time that cannot be read or is negative, or
    if it ends before it begins. A row that repeats an earlier one counts once, and is noted.

    Args:
        path: the file.
        table: how it is written.
        starts_known: the data set knows at which clock times sessions began, so that times may be clock times.

    Raises:
        DatasetError: the file cannot be read as it is described, a column is missing, its times can be read in more
            than one way or in none, no row is kept, or no row is usable.
    """
    columns = table.columns
    file = read_csv(
        path,
        fits=lambda header: not _missing(header, columns),
        delimiter=table.delimiter,
        encoding=table.encoding,
    )
    at = _positions(file.header, columns, path)
    kept, notes = _kept(file, table.keep or {}, path)
    time_columns = [at[name] for name in ("onset", "offset") if name in at]
    try:
        times = find_times(
            [
                Cell(line=line, text=cells[column])
                for line, cells in file.rows
                if line in kept
                for column in time_columns
                if cells[column]
            ],
            headers=[file.header[column] for column in time_columns],
            time_format=table.time_format,
            frame_rate_hz=table.frame_rate_hz,
            starts_known=starts_known,
            delimiter=file.delimiter,
        )
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from None
    rows, problems, repeats = _rows(file, at, columns, times, kept)
    if problems and not rows:
        told = "; ".join(map(str, problems[:3]))
        raise DatasetError(f"{path}: none of the {len(problems)} rows can be used: {told}")
    return AnnotationTable(
        rows=rows,
        problems=problems,
        clock=times.time_format == "clock",
        time_format=times.time_format,
        notes=(*file.notes, *notes, *repeats),
    )


def _required(columns: Columns) -> set[str]:
    """Fields of Columns whose column must be there."""
    renamed = {column.name for column in fields(columns) if getattr(columns, column.name) != column.default}
    return renamed | {"onset", "participant" if columns.session is None else "session"}


def _missing(header: Sequence[str], columns: Columns) -> list[str]:
    """Names of the columns that must be there and are not."""
    names = [getattr(columns, name) for name in sorted(_required(columns), key=_ORDER.index)]
    return [name for name in names if name is not None and name not in header]


def _positions(header: Sequence[str], columns: Columns, path: Path) -> dict[str, int]:
    """Where each of our columns is in a row; raises where the header does not fit."""
    found = f"found: {', '.join(header) or 'nothing'}"
    names = [(column, name) for column in _ORDER if (name := getattr(columns, column)) is not None]
    for _, name in names:
        if header.count(name) > 1:
            raise DatasetError(f"{path}: the column {name!r} is there {header.count(name)} times; {found}")
    named = {name for _, name in names}
    absent = dict.fromkeys(name for _, name in names if name not in header)
    near = {a: b for a in absent for b in header if a.casefold() == b.casefold() and b not in named}
    missing = [name for name in absent if name in near or name in _missing(header, columns)]
    if missing:
        alike = [near[name] for name in missing if name in near]
        hint = f" (did you mean {', '.join(map(repr, alike))}?)" if alike else ""
        only = columns.session in missing and columns.participant in header
        raise DatasetError(
            f"{path}: column {', '.join(map(repr, missing))} not found{hint}; {found}. "
            "Name the file's columns in dataset.format.columns"
            + (" (session: null where rows name only the participant)." if only else ".")
        )
    return {column: header.index(name) for column, name in names if name in header}


def _kept(file: CsvFile, keep: Mapping[str, tuple[str, ...]], path: Path) -> tuple[set[int], list[str]]:
    """Lines of the complete rows that may be annotations, and notes on values that no row has."""
    complete = [(line, cells) for line, cells in file.rows if len(cells) == len(file.header)]
    kept = {line for line, _ in complete}
    notes: list[str] = []
    for column, values in keep.items():
        if file.header.count(column) != 1:
            raise DatasetError(
                f"{path}: dataset.format.keep names the column {column!r}, which is there "
                f"{file.header.count(column)} times; found: {', '.join(file.header) or 'nothing'}"
            )
        at = file.header.index(column)
        there = sorted({cells[at] for _, cells in complete})
        more = f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else ""
        shown = ", ".join(text or "(empty)" for text in there[:_SHOWN]) + more or "no rows"
        wanted, found = set(map(canonical, values)), set(map(canonical, there))
        if complete and not wanted & found:
            raise DatasetError(f"{path}: keep.{column}={','.join(values)} leaves no row; there are: {shown}")
        kept &= {line for line, cells in complete if canonical(cells[at]) in wanted}
        missing = [value for value in values if canonical(value) not in found]
        notes += [f"keep.{column}={value}: no row has it; there are: {shown}" for value in missing]
    if complete and not kept:
        told = " and ".join(f"keep.{column}={','.join(values)}" for column, values in keep.items())
        raise DatasetError(f"{path}: {told} leave no row: no row has all of them")
    return kept, notes


def _rows(
    file: CsvFile, at: Mapping[str, int], columns: Columns, times: Times, kept: set[int]
) -> tuple[tuple[Row, ...], tuple[Problem, ...], tuple[str, ...]]:
    """The usable rows, why the others are not, and notes on rows that repeat others."""
    rows: list[Row] = []
    problems: list[Problem] = []
    repeats: list[str] = []
    lines: dict[Row, int] = {}
    for line, cells in file.rows:
        own = {column: cells[place] for column, place in at.items() if place < len(cells)}
        read: Row | str
        if len(cells) != len(file.header):
            read = f"expected {len(file.header)} cells as in the header, got {len(cells)}"
        else:
            read = _row(own, columns, times, line=line, kept=line in kept)
        if isinstance(read, Row) and read.kept:
            first = lines.setdefault(replace(read, line=0), line)
            if first != line:
                repeats.append(f"line {line} repeats line {first}; counted once")
                continue
        if isinstance(read, str):
            other = len(cells) == len(file.header) and line not in kept  # no annotation, so nobody's is lost
            whose = {name: "" if other else own.get(name, "") for name in ("session", "participant")}
            problems.append(Problem(line=line, reason=read, **whose))
        else:
            rows.append(read)
    return tuple(rows), tuple(problems), tuple(repeats)


def _row(own: Mapping[str, str], columns: Columns, times: Times, *, line: int, kept: bool) -> Row | str:
    """A row of the right width, or why it cannot be used."""
    whose = "participant" if columns.session is None else "session"
    if not own[whose]:
        return f"{getattr(columns, whose)} is empty"
    onset = times.read(own["onset"]) if kept else math.nan
    if isinstance(onset, str):
        return f"{columns.onset} is {onset}"
    offset = times.read(own["offset"]) if kept and "offset" in own else onset
    if isinstance(offset, str):
        return f"{columns.offset} is {offset}"
    if _ends_before(onset, offset):
        return f"ends before it begins: {columns.onset} {own['onset']}, {columns.offset} {own['offset']}"
    return Row(
        line=line,
        session=own.get("session", ""),
        participant=own.get("participant", ""),
        onset=onset,
        offset=offset,
        kind=own.get("kind", ""),
        annotator=own.get("annotator", ""),
        kept=kept,
    )


def _ends_before(onset: float | Clock, offset: float | Clock) -> bool:
    if isinstance(onset, Clock) and isinstance(offset, Clock):
        return since(offset, onset) < 0
    return isinstance(onset, float) and isinstance(offset, float) and offset < onset
