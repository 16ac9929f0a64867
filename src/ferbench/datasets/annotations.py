"""Reads annotations: a CSV with one row per annotation, or files of annotation programs (see
``marked.read_table``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Final, TypeVar

from ferbench.datasets.annotation_table import AnnotationTable, Columns, Problem, Row, Table
from ferbench.datasets.csv_file import CsvFile
from ferbench.datasets.marked import OURS, Marked, read_table
from ferbench.datasets.naming import comparable_name
from ferbench.datasets.time_format import Times, find_times
from ferbench.datasets.times import Cell, Clock, since
from ferbench.errors import DatasetError

_ORDER: Final = ("session", "participant", "onset", "offset", "kind", "annotator", "reacted")
_YES_NO: Final = {"": None, "yes": True, "y": True, "true": True, "1": True} | dict.fromkeys(
    ("no", "n", "false", "0"), False
)
_SHOWN: Final = 10


def read_annotations(path: Path, table: Table, *, starts_known: bool = False) -> AnnotationTable:
    """Read a CSV (one header line, one annotation per row), or files of annotation programs
    (``marked.read_table``).

    Lines that start with ``#`` before the header are comments; blank lines are ignored. A row is
    left out and listed if it has another number of cells than the header, an empty session, a time
    that cannot be read or is negative, or if it ends before it begins. A row that repeats an
    earlier one counts once, and is noted.

    Args:
        path: the file, or a folder of files of annotation programs.
        table: how it is written.
        starts_known: the data set knows at which clock times sessions began, so that times may be
            clock times.

    Raises:
        DatasetError: the file cannot be read as it is described, a column is missing, its times can
            be read in more than one way or in none, no row is kept, or no row is usable.
        FormatError: an annotation program's file that is not what its name says.
    """
    columns = table.columns
    file = read_table(
        path,
        fits=lambda header: not _missing(header, columns),
        delimiter=table.delimiter,
        encoding=table.encoding,
        tier=table.tier,
    )
    if isinstance(file, Marked):
        return _of_marks(file, table, path)
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
    _check_usable(rows, problems, path)
    return AnnotationTable(
        rows=rows,
        problems=problems,
        clock=times.time_format == "clock",
        time_format=times.time_format,
        notes=(*file.notes, *notes, *repeats, *_unclear_reactions(file, at, kept)),
    )


def _of_marks(marked: Marked, table: Table, path: Path) -> AnnotationTable:
    """The rows of annotation programs' files, whose times are known to be seconds.

    Sessions that somebody went through without marking anything are in the rows as not kept.
    """
    if table.time_format != "auto":
        raise DatasetError(
            f"{path}: dataset.format.time_format={table.time_format} is for CSV files; an annotation program's file "
            "tells how its times are written. Set it to auto"
        )
    columns, file = table.columns, marked.file
    at = _positions(file.header, columns, path)
    kept, notes = _kept(file, table.keep or {}, path)
    times = Times(time_format="seconds", decimal=".")
    read, refused, repeats = _rows(file, at, columns, times, kept, where=marked.where)
    rows = [_placed(row, marked) for row in read]
    problems = [_placed(problem, marked) for problem in refused]
    problems += [
        Problem(line=bad.line, reason=bad.reason, session=bad.session, file=name)
        for name, bad in marked.problems
    ]
    _check_usable(rows, problems, path)
    if columns.session == "session":
        bare = (
            marked.sessions
            - {row.session for row in rows}
            - {problem.session for problem in problems}
        )
        if (
            columns.annotator not in OURS
        ):  # an annotator's empty tier: the session was gone through by this person
            people = {
                (session, own.get(str(columns.annotator), "").strip())
                for session, own in marked.bare
            }
            told = {(row.session, row.annotator) for row in rows}
            rows += [_empty(session, name) for session, name in sorted(people - told) if name]
            bare -= {session for session, name in people if name}
        rows += [_empty(session) for session in sorted(bare)]
    unclear = _unclear_reactions(file, at, kept, where=marked.where)
    return AnnotationTable(
        rows=tuple(rows),
        problems=tuple(problems),
        clock=False,
        time_format="seconds" if kept else "auto",
        notes=(*file.notes, *notes, *repeats, *unclear),
        by_video=True,
    )


_Placed = TypeVar("_Placed", Row, Problem)


def _placed(row: _Placed, marked: Marked) -> _Placed:
    """A row with the line of its own file instead of its number among all."""
    name, line = marked.places[row.line - 1]
    return replace(row, line=line, file=name)


def _empty(session: str, annotator: str = "") -> Row:
    """A session in which nothing was marked."""
    return Row(
        line=1,
        session=session,
        participant="",
        onset=math.nan,
        offset=math.nan,
        kind="",
        annotator=annotator,
        kept=False,
    )


def _check_usable(rows: Sequence[Row], problems: Sequence[Problem], path: Path) -> None:
    """Raise DatasetError where there are rows, and none can be used."""
    if problems and not rows:
        told = "; ".join(map(str, problems[:3]))
        raise DatasetError(f"{path}: none of the {len(problems)} rows can be used: {told}")


def _in_line(line: int) -> str:
    return f"line {line}"


def _required(columns: Columns) -> set[str]:
    """Fields of Columns whose column must be there."""
    renamed = {
        column.name for column in fields(columns) if getattr(columns, column.name) != column.default
    }
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
            raise DatasetError(
                f"{path}: the column {name!r} is there {header.count(name)} times; {found}"
            )
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


def _kept(
    file: CsvFile, keep: Mapping[str, tuple[str, ...]], path: Path
) -> tuple[set[int], list[str]]:
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
        wanted, found = set(map(comparable_name, values)), set(map(comparable_name, there))
        if complete and not wanted & found:
            raise DatasetError(
                f"{path}: keep.{column}={','.join(values)} leaves no row; there are: {shown}"
            )
        kept &= {line for line, cells in complete if comparable_name(cells[at]) in wanted}
        missing = [value for value in values if comparable_name(value) not in found]
        notes += [f"keep.{column}={value}: no row has it; there are: {shown}" for value in missing]
    if complete and not kept:
        told = " and ".join(f"keep.{column}={','.join(values)}" for column, values in keep.items())
        raise DatasetError(f"{path}: {told} leave no row: no row has all of them")
    return kept, notes


def _rows(
    file: CsvFile,
    at: Mapping[str, int],
    columns: Columns,
    times: Times,
    kept: set[int],
    *,
    where: Callable[[int], str] = _in_line,
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
                repeats.append(f"{where(line)} repeats {where(first)}; counted once")
                continue
        if isinstance(read, str):
            other = (
                len(cells) == len(file.header) and line not in kept
            )  # no annotation, so nobody's is lost
            whose = {
                name: "" if other else own.get(name, "") for name in ("session", "participant")
            }
            problems.append(Problem(line=line, reason=read, **whose))
        else:
            rows.append(read)
    return tuple(rows), tuple(problems), tuple(repeats)


def _row(
    own: Mapping[str, str], columns: Columns, times: Times, *, line: int, kept: bool
) -> Row | str:
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
        reacted=_YES_NO.get(own.get("reacted", "").casefold()),
    )


def _unclear_reactions(
    file: CsvFile, at: Mapping[str, int], kept: set[int], *, where: Callable[[int], str] = _in_line
) -> list[str]:
    """A note on cells of the column ``reacted`` that say neither yes nor no."""
    if "reacted" not in at:
        return []
    place = at["reacted"]
    odd = [
        (line, cells[place])
        for line, cells in file.rows
        if line in kept and cells[place].casefold() not in _YES_NO
    ]
    if not odd:
        return []
    line, text = odd[0]
    return [
        f"{file.header[place]}: expected yes or no (or 1, 0; empty = not told), got {text!r} in {where(line)}"
        f"{f' and others in {len(odd) - 1} more' if len(odd) > 1 else ''}; there it counts as not told"
    ]


def _ends_before(onset: float | Clock, offset: float | Clock) -> bool:
    if isinstance(onset, Clock) and isinstance(offset, Clock):
        return since(offset, onset) < 0
    return isinstance(onset, float) and isinstance(offset, float) and offset < onset
