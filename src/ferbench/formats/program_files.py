"""What annotation programs' files have in common, and how they become a table of annotations.

Their times are seconds, and they name a session after its video file.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Final
from urllib.parse import unquote

from ferbench.errors import DatasetError
from ferbench.formats.annotation_format import Source
from ferbench.formats.annotation_table import (
    AnnotationRow,
    AnnotationTable,
    Columns,
    RefusedRow,
    line_of,
)
from ferbench.formats.choosing import (
    Time,
    check_usable,
    names_of_columns,
    row_of,
    unclear_reactions,
    without_repeats,
)
from ferbench.formats.keeping import kept_rows
from ferbench.formats.times import parse_time
from ferbench.sentences import Setting, Text

OWN_COLUMNS: Final = ("session", "participant", "onset_s", "offset_s", "kind", "annotator")
"""Columns that the rows of every program have; its own come after them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFile:
    """What one file of an annotation program holds.

    Attributes:
        path: the file.
        columns: the program's own columns, which each row has in ``AnnotationRow.columns``.
        rows: annotations in the file's order, ``session`` named after the video file where the
            file names one, times in seconds.
        refused: the others.
        sessions: sessions that somebody went through, also those without an annotation.
        unmarked: session, and columns, of what was gone through without an annotation (an empty
            tier).
        notes: what else a reader should know.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[AnnotationRow, ...]
    refused: tuple[RefusedRow, ...] = ()
    sessions: frozenset[str] = frozenset()
    unmarked: tuple[tuple[str, Mapping[str, str]], ...] = ()
    notes: tuple[str, ...] = ()


def media_stem(name: str) -> str:
    r"""The name of a linked file without folders and suffix; Windows' paths and addresses too.

    >>> media_stem("file:///C:/videos/P01%20front.mp4"), media_stem(r"D:\videos\P02.MP4")
    ('P01 front', 'P02')
    """
    path = name.strip()
    if path.startswith("file:"):
        path = unquote(path)
    return PureWindowsPath(path).stem


def ends_before_it_begins(onset_s: float, offset_s: float) -> str:
    """What is wrong with an annotation's times; "" = nothing."""
    if onset_s <= offset_s:
        return ""
    return f"ends before it begins: {onset_s:g} s, {offset_s:g} s"


def annotations_of(files: Sequence[ImportedFile], source: Source) -> AnnotationTable:
    """The annotations of a program's files, with the columns and rows that were asked for.

    Of files of the same session, annotations without an annotator are of one named after the file.
    Sessions that somebody went through without marking anything are in the rows as not kept.

    Args:
        files: what was read.
        source: where from, and how it is to be read.

    Raises:
        DatasetError: a time format was given, a column is missing, no row is kept, or no row is
            usable.
    """
    path, options = source.path, source.options
    _check_time_format(source)
    rows = _of_all_files(files)
    header = _header(files)
    names = names_of_columns(header, options.columns, path)
    texts = {number: _RowTexts(row) for number, row in enumerate(rows)}
    kept, keep_notes = kept_rows(header, texts, options.keep or {}, path)
    usable, refused = _chosen_rows(rows, names, options.columns, kept)
    usable, repeats = without_repeats(usable)
    refused += _refused_by_files(files)
    check_usable(usable, refused, path)
    usable += _gone_through(files, usable, refused, options.columns)
    notes = [note for file in files for note in file.notes]
    notes += [*keep_notes, *repeats]
    if "reacted" in names:
        notes += _unclear_reactions([rows[number] for number in sorted(kept)], names["reacted"])
    return AnnotationTable(
        rows=tuple(usable),
        refused=tuple(refused),
        time_format="seconds" if kept else "auto",
        notes=tuple(notes),
        by_video=True,
    )


def _unclear_reactions(rows: Sequence[AnnotationRow], column: str) -> list[str]:
    """A note on annotations whose text in a column says neither yes nor no."""
    answers = [(line_of(row), _RowTexts(row)[column]) for row in rows]
    return unclear_reactions(column, answers)


def _check_time_format(source: Source) -> None:
    time_format = source.options.time_format
    if time_format == "auto":
        return
    raise DatasetError(
        Text(
            f"{source.path}: ",
            Setting("format.time_format", time_format),
            " is for CSV files; an annotation program's file tells how its times are written",
        ),
        hint=Text("set ", Setting("format.time_format", "auto")),
    )


def _header(files: Sequence[ImportedFile]) -> tuple[str, ...]:
    """Names of all columns: first those that every program has."""
    names = dict.fromkeys(OWN_COLUMNS)
    for file in files:
        names |= dict.fromkeys(file.columns)
    return tuple(names)


def _of_all_files(files: Sequence[ImportedFile]) -> list[AnnotationRow]:
    """All rows with their files' names; several files of one session are of several annotators."""
    num_files = Counter(session for file in files for session in file.sessions)
    rows = []
    for file in files:
        name = _name_among(file, files)
        for row in file.rows:
            stem = file.path.stem if num_files[row.session] > 1 else ""
            rows.append(replace(row, annotator=row.annotator or stem, file=name))
    return rows


def _refused_by_files(files: Sequence[ImportedFile]) -> list[RefusedRow]:
    """Rows that their files' readers refused, with their files' names."""
    refused = []
    for file in files:
        name = _name_among(file, files)
        refused += [replace(row, file=name) for row in file.refused]
    return refused


def _name_among(file: ImportedFile, files: Sequence[ImportedFile]) -> str:
    """A file's name, "" where it is the only one."""
    return file.path.name if len(files) > 1 else ""


class _RowTexts(Mapping[str, str]):
    """The values of a row as texts, by the names of its columns."""

    def __init__(self, row: AnnotationRow) -> None:
        self._row = row

    def __getitem__(self, name: str) -> str:
        if name in ("onset_s", "offset_s"):
            return repr(getattr(self._row, name.removesuffix("_s")))
        if name in OWN_COLUMNS:
            return str(getattr(self._row, name))
        return self._row.columns.get(name, "").strip()

    def __iter__(self) -> Iterator[str]:
        yield from OWN_COLUMNS
        yield from self._row.columns

    def __len__(self) -> int:
        return len(OWN_COLUMNS) + len(self._row.columns)


def _seconds(row: AnnotationRow, texts: Mapping[str, str], name: str) -> Time | str:
    """A time of the program's, or a number of seconds in another of its columns."""
    if name == "onset_s":
        return row.onset
    if name == "offset_s":
        return row.offset
    return parse_time(texts[name], "seconds", decimal=".")


def _chosen_rows(
    rows: Sequence[AnnotationRow], names: Mapping[str, str], columns: Columns, kept: set[int]
) -> tuple[list[AnnotationRow], list[RefusedRow]]:
    """Rows with the values of the chosen columns, and those that cannot be used."""
    usable: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    for number, row in enumerate(rows):
        chosen = _chosen(row, names, columns, kept=number in kept)
        if isinstance(chosen, AnnotationRow):
            usable.append(chosen)
        else:
            refused.append(chosen)
    return usable, refused


def _chosen(
    row: AnnotationRow, names: Mapping[str, str], columns: Columns, *, kept: bool
) -> AnnotationRow | RefusedRow:
    """A row with the values of the chosen columns, or why it cannot be used."""
    texts = _RowTexts(row)
    return row_of(
        {column: texts[name] for column, name in names.items()},
        columns,
        lambda column: _seconds(row, texts, names[column]),
        line=row.line,
        kept=kept,
        file=row.file,
    )


def _gone_through(
    files: Sequence[ImportedFile],
    rows: Sequence[AnnotationRow],
    refused: Sequence[RefusedRow],
    columns: Columns,
) -> list[AnnotationRow]:
    """A row, not kept, for each session in which nothing was marked.

    Where the annotator is a column of the program's (a tier), for each session and annotator who
    marked nothing in it.
    """
    if columns.session != "session":
        return []
    unmarked = _unmarked_by_annotators(files, columns.annotator)
    marked = {(row.session, row.annotator) for row in rows}
    sessions = _sessions_without_rows(files, rows, refused)
    sessions -= {session for session, _ in unmarked}
    of_annotators = [_nothing_marked(*unmarked_by) for unmarked_by in sorted(unmarked - marked)]
    return of_annotators + [_nothing_marked(session) for session in sorted(sessions)]


def _sessions_without_rows(
    files: Sequence[ImportedFile], rows: Sequence[AnnotationRow], refused: Sequence[RefusedRow]
) -> set[str]:
    sessions = {session for file in files for session in file.sessions}
    with_rows = {row.session for row in rows}
    with_refused = {row.session for row in refused}
    return sessions - with_rows - with_refused


def _unmarked_by_annotators(
    files: Sequence[ImportedFile], column: str | None
) -> set[tuple[str, str]]:
    """Sessions and annotators of what was gone through without an annotation.

    Nobody where the annotator is no column of the program's.
    """
    if column is None or column in OWN_COLUMNS:
        return set()
    unmarked = [entry for file in files for entry in file.unmarked]
    named = {(session, texts.get(column, "").strip()) for session, texts in unmarked}
    return {(session, annotator) for session, annotator in named if annotator}


def _nothing_marked(session: str, annotator: str = "") -> AnnotationRow:
    return AnnotationRow(
        line=1,
        session=session,
        onset=math.nan,
        offset=math.nan,
        annotator=annotator,
        kept=False,
    )
