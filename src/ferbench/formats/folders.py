"""Annotations of several files become one table, which says of each row in which file it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TypeVar

from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow
from ferbench.formats.choosing import without_repeats
from ferbench.sentences import Text
from ferbench.spelling import comparable_name
from ferbench.wording import some

_Row = TypeVar("_Row", AnnotationRow, RefusedRow)


def merged(
    folder: Path,
    tables: Mapping[tuple[Path, ...], AnnotationTable],
    notes: Sequence[str] = (),
) -> AnnotationTable:
    """One table of those that were read of a folder's files.

    Of a session that is in several tables, annotations without an annotator are of one named after
    the file, as those of annotation programs are.

    Args:
        folder: whose files they are.
        tables: each with its files.
        notes: what else a reader should know.

    Raises:
        DatasetError: some tables have clock times, and others have none.
    """
    _check_times(folder, tables)
    sessions: dict[tuple[str, str], set[tuple[Path, ...]]] = defaultdict(set)
    for files, table in tables.items():
        for row in table.rows:
            sessions[_session_of(row)].add(files)
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    all_notes = [*notes, *_of_files(tables)]
    for files, table in tables.items():
        for row in _with_file(table.rows, files):
            stem = PurePath(row.file).stem if len(sessions[_session_of(row)]) > 1 else ""
            rows.append(replace(row, annotator=row.annotator or stem))
        refused += _with_file(table.refused, files)
    different, repeats = without_repeats(rows)
    time_formats = {table.time_format for table in tables.values()} - {"auto"}
    return AnnotationTable(
        rows=tuple(different),
        refused=tuple(refused),
        time_format=time_formats.pop() if len(time_formats) == 1 else "auto",
        notes=(*all_notes, *repeats),
        by_video=any(table.by_video for table in tables.values()),
    )


def _session_of(row: AnnotationRow) -> tuple[str, str]:
    return comparable_name(row.participant), comparable_name(row.session)


def _with_file(rows: Sequence[_Row], files: Sequence[Path]) -> list[_Row]:
    """Rows with their file's name, which those of a single file do not have yet."""
    if len(files) > 1:
        return list(rows)
    return [replace(row, file=files[0].name) for row in rows]


def _of_files(tables: Mapping[tuple[Path, ...], AnnotationTable]) -> list[str]:
    """The tables' notes with the names of their files, each once."""
    files_of: dict[str, list[str]] = {}
    for files, table in tables.items():
        for note in table.notes:
            is_clear = len(files) > 1 or note.startswith(files[0].name)
            files_of.setdefault(note, []).extend([] if is_clear else [files[0].name])
    return [Text(f"{some(names)}: ", note) if names else note for note, names in files_of.items()]


def _check_times(folder: Path, tables: Mapping[tuple[Path, ...], AnnotationTable]) -> None:
    """Raise DatasetError where only some tables have clock times."""
    with_times = {files: table for files, table in tables.items() if table.time_format != "auto"}
    on_clock = [files[0].name for files, table in with_times.items() if table.clock]
    others = [files[0].name for files, table in with_times.items() if not table.clock]
    if on_clock and others:
        raise DatasetError(
            f"{folder}: {on_clock[0]} has clock times and {others[0]} has not; write them alike"
        )
