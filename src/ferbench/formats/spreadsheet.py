"""Annotations in a CSV, one per row, as spreadsheets and scripts write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow, Table
from ferbench.formats.choosing import (
    Time,
    check_usable,
    missing_columns,
    names_of_columns,
    row_of,
    unclear_reactions,
    without_repeats,
)
from ferbench.formats.csv_file import CsvFile
from ferbench.formats.keeping import kept_rows
from ferbench.formats.time_format import Times, find_times
from ferbench.formats.times import Cell
from ferbench.sentences import Text


def read_spreadsheet(source: Source) -> AnnotationTable:
    """Read a CSV: one header line, one annotation per row.

    Lines that start with ``#`` before the header are comments; blank lines are ignored. A row is
    left out and listed if it has another number of cells than the header, an empty session, a time
    that cannot be read or is negative, or if it ends before it begins. A row that repeats an
    earlier one counts once, and is noted.

    Raises:
        DatasetError: a column is missing, its times can be read in more than one way or in none,
            no row is kept, or no row is usable.
    """
    path, options = source.path, source.options
    [cells] = source.cells
    names = names_of_columns(cells.header, options.columns, path)
    complete = _complete_rows(cells)
    kept, keep_notes = kept_rows(cells.header, complete, options.keep or {}, path)
    annotations = {line: texts for line, texts in complete.items() if line in kept}
    times = _times_of(annotations, names, source)
    rows, refused = _rows(cells, names, times, kept, options)
    usable, repeats = without_repeats(rows)
    check_usable(usable, refused, path)
    notes = [*cells.notes, *keep_notes, *repeats]
    if "reacted" in names:
        column = names["reacted"]
        answers = [(f"line {line}", texts[column]) for line, texts in annotations.items()]
        notes += unclear_reactions(column, answers)
    return AnnotationTable(
        rows=tuple(usable),
        refused=tuple(refused),
        time_format=times.time_format,
        notes=tuple(notes),
    )


def _complete_rows(cells: CsvFile) -> dict[int, dict[str, str]]:
    """Texts by name of column, of rows with as many cells as the header has, by line."""
    complete = {}
    for line, row in cells.rows:
        if len(row) == len(cells.header):
            complete[line] = dict(zip(cells.header, row, strict=True))
    return complete


def _times_of(
    annotations: Mapping[int, Mapping[str, str]], names: Mapping[str, str], source: Source
) -> Times:
    """How the file's times are written. Raises DatasetError, naming the file."""
    headers = [names[column] for column in ("onset", "offset") if column in names]
    try:
        return find_times(
            _filled_cells(annotations, headers),
            headers=headers,
            time_format=source.options.time_format,
            frame_rate_hz=source.options.frame_rate_hz,
            starts_known=source.starts_known,
            delimiter=source.cells[0].delimiter,
        )
    except DatasetError as error:
        raise DatasetError(Text(f"{source.path}: ", error.text())) from None


def _filled_cells(
    annotations: Mapping[int, Mapping[str, str]], headers: Sequence[str]
) -> list[Cell]:
    """Cells of some columns that are not empty."""
    cells = []
    for line, texts in annotations.items():
        cells += [Cell(line=line, text=texts[header]) for header in headers if texts[header]]
    return cells


def _rows(
    cells: CsvFile, names: Mapping[str, str], times: Times, kept: set[int], options: Table
) -> tuple[list[AnnotationRow], list[RefusedRow]]:
    """The rows of the file, and those that cannot be used."""
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    for line, row in cells.rows:
        read = _row(line, row, cells.header, names, times, options, kept=line in kept)
        if isinstance(read, AnnotationRow):
            rows.append(read)
        else:
            refused.append(read)
    return rows, refused


def _row(
    line: int,
    row: tuple[str, ...],
    header: tuple[str, ...],
    names: Mapping[str, str],
    times: Times,
    options: Table,
    *,
    kept: bool,
) -> AnnotationRow | RefusedRow:
    """A row of the file, or why it cannot be used."""
    values = {}
    for column, name in names.items():
        place = header.index(name)
        if place < len(row):
            values[column] = row[place]
    if len(row) != len(header):
        return RefusedRow(
            line=line,
            reason=f"expected {len(header)} cells as in the header, got {len(row)}",
            session=values.get("session", ""),
            participant=values.get("participant", ""),
        )

    def read_time(column: str) -> Time | str:
        return times.read(values[column])

    return row_of(values, options.columns, read_time, line=line, kept=kept)


def _has_columns(cells: CsvFile, options: Table) -> bool:
    return not missing_columns(cells.header, options.columns)


FORMAT: Final = AnnotationFormat(
    name="CSV",
    suffixes=(".csv", ".tsv", ".txt"),
    read=read_spreadsheet,
    recognises=_has_columns,
)
