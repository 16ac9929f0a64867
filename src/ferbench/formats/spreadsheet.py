"""Annotations in a spreadsheet, one per row: a CSV as programs write them, or a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import (
    AnnotationRow,
    AnnotationTable,
    Columns,
    RefusedRow,
    Table,
)
from ferbench.formats.cell_text import column_name, name_text
from ferbench.formats.choosing import (
    Time,
    check_usable,
    missing_columns,
    names_of_columns,
    points_among_extents,
    row_of,
    unclear_reactions,
    without_repeats,
)
from ferbench.formats.folders import merged
from ferbench.formats.keeping import kept_rows, no_row_kept
from ferbench.formats.sheet import Sheet
from ferbench.formats.time_format import Times, find_times
from ferbench.formats.times import Cell
from ferbench.sentences import Setting, Text
from ferbench.wording import some

_NAMES: Final = ("session", "participant", "annotator")
"""Columns whose cells are names, which programs put into quotes."""
_MAY_BE_ABSENT: Final = ("participant", "offset", "kind", "annotator")


def read_spreadsheets(source: Source) -> AnnotationTable:
    """Read a spreadsheet, or those of a folder; see ``read_spreadsheet``.

    Of a folder's, some may have no row that is kept or usable.

    Raises:
        DatasetError: see ``read_spreadsheet`` and ``folders.merged``.
    """
    if not source.is_folder:
        return read_spreadsheet(source)
    singles = [
        replace(source, path=file, files=(file,), cells=(sheet,))
        for file, sheet in zip(source.files, source.cells, strict=True)
    ]
    table = merged(source.path, _read_alike(singles))
    if source.options.keep and not table.annotations:
        raise no_row_kept(source.options.keep, source.path)
    check_usable(table.rows, table.refused, source.path)
    return table


def _read_alike(sources: Sequence[Source]) -> dict[tuple[Path, ...], AnnotationTable]:
    """Each file's annotations; times that can be read in several ways are read as the others' are.

    Raises DatasetError where one cannot be read.
    """
    tables: dict[tuple[Path, ...], AnnotationTable | DatasetError] = {}
    for source in sources:
        try:
            tables[source.files] = read_spreadsheet(source, among_others=True)
        except DatasetError as error:
            tables[source.files] = error
    read = [table for table in tables.values() if isinstance(table, AnnotationTable)]
    time_formats = {table.time_format for table in read} - {"auto"}
    result: dict[tuple[Path, ...], AnnotationTable] = {}
    for source in sources:
        table = tables[source.files]
        if isinstance(table, DatasetError):
            if len(time_formats) != 1 or source.options.time_format != "auto":
                raise table
            [time_format] = time_formats
            options = replace(source.options, time_format=time_format)
            table = read_spreadsheet(replace(source, options=options), among_others=True)
        result[source.files] = table
    return result


def read_spreadsheet(source: Source, *, among_others: bool = False) -> AnnotationTable:
    """Read a spreadsheet: one row with the columns' names, then one annotation per row.

    Lines that start with ``#`` before the header are comments; blank lines are ignored; titles
    above the header are, with a note. Cells that a row lacks at its end are empty. A row is left
    out and listed if it has filled cells beyond the header's, an empty session, a time that cannot
    be read or is negative, a fault in a cell that is read, or if it ends before it begins. A row
    that repeats an earlier one counts once, and is noted.

    Args:
        source: where from, and how it is to be read.
        among_others: it is one of several, and may have no row that is kept or usable.

    Raises:
        DatasetError: a column is missing, its times can be read in more than one way or in none,
            no row is kept, or no row is usable.
    """
    source = replace(source, options=with_plain_columns(source.options))
    path, options = source.path, source.options
    [sheet] = source.cells
    names = _names_of_columns(sheet, options.columns, source)
    complete = _complete_rows(sheet, names, options)
    kept, keep_notes = kept_rows(
        sheet.header, complete, options.keep or {}, path, may_be_none=among_others
    )
    annotations = {line: texts for line, texts in complete.items() if line in kept}
    times = _times_of(annotations, names, source)
    rows, refused = _rows(sheet, complete, names, times, kept, options)
    usable, repeats = without_repeats(rows)
    if not among_others:
        check_usable(usable, refused, path)
    notes = [*sheet.notes, *keep_notes, *repeats]
    if "reacted" in names:
        column = names["reacted"]
        answers = [(f"line {line}", texts[column]) for line, texts in annotations.items()]
        notes += unclear_reactions(column, answers)
    notes += _about_unread(sheet, names, options)
    if "offset" in names:
        notes += points_among_extents(names["offset"], annotations)
    return AnnotationTable(
        rows=tuple(usable),
        refused=tuple(refused),
        time_format=times.time_format,
        notes=tuple(notes),
    )


def with_plain_columns(options: Table) -> Table:
    """The options with columns' names as ``Sheet.header`` has them."""
    names = {field.name: getattr(options.columns, field.name) for field in fields(Columns)}
    plain = {field: name and column_name(name) for field, name in names.items()}
    keep = options.keep and {column_name(name): texts for name, texts in options.keep.items()}
    return replace(options, columns=Columns(**plain), keep=keep)


def _names_of_columns(sheet: Sheet, columns: Columns, source: Source) -> dict[str, str]:
    """See ``names_of_columns``; an error says where the header seems to be."""
    try:
        return names_of_columns(sheet.header, columns, source.path)
    except DatasetError as error:
        if not sheet.hint:
            raise
        raise DatasetError(error.text(), hint=sheet.hint) from None


def _about_unread(sheet: Sheet, names: Mapping[str, str], options: Table) -> list[str]:
    """A note where columns were named by hand, and some were neither named nor said to be absent.

    Rows of several annotators would be one's without a word.
    """
    columns = {name: getattr(options.columns, name) for name in _MAY_BE_ABSENT}
    default = {name: getattr(Columns(), name) for name in columns}
    open_names = [name for name in columns if columns[name] == default[name] and name not in names]
    is_named = not {*asdict(options.columns).values()} <= {None, *asdict(Columns()).values()}
    read = {*names.values(), *(options.keep or {})}
    unread = [name for name in sheet.header if name and name not in read]
    if not is_named or not open_names or not unread:
        return []
    example = Setting(f"format.columns.{open_names[-1]}", unread[-1])
    return [
        Text(
            f"not read: {some(unread)}; no column was named for {', '.join(open_names)} (such as ",
            example,
            ")",
        )
    ]


def _complete_rows(
    sheet: Sheet, names: Mapping[str, str], options: Table
) -> dict[int, dict[str, str]]:
    """Texts by column, by line, of rows that say whose they are and whether they are kept."""
    complete = {}
    for line, row in sheet.rows:
        if len(row) == len(sheet.header) and not sheet.fault(line, _first_read(names, options)):
            texts = dict(zip(reversed(sheet.header), reversed(row), strict=True))
            for column in _NAMES:
                if column in names:
                    texts[names[column]] = name_text(texts[names[column]])
            complete[line] = texts
    return complete


def _first_read(names: Mapping[str, str], options: Table) -> list[str]:
    """The columns that are read of every row."""
    owners = [names[column] for column in ("session", "participant") if column in names]
    return [*owners, *(options.keep or {})]


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
    sheet: Sheet,
    complete: Mapping[int, Mapping[str, str]],
    names: Mapping[str, str],
    times: Times,
    kept: set[int],
    options: Table,
) -> tuple[list[AnnotationRow], list[RefusedRow]]:
    """The rows of the file, and those that cannot be used."""
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    for line, row in sheet.rows:
        texts = complete.get(line)
        if texts is None or (line in kept and sheet.fault(line, names.values())):
            refused.append(_refused(line, row, sheet, names, options))
            continue
        read = _row(line, texts, names, times, options, kept=line in kept)
        if isinstance(read, AnnotationRow):
            rows.append(read)
        else:
            refused.append(read)
    return rows, refused


def _refused(
    line: int, row: Sequence[str], sheet: Sheet, names: Mapping[str, str], options: Table
) -> RefusedRow:
    """A row that has too many cells, or a fault in one that is read."""
    values = {}
    for column in _NAMES:
        if column in names and not sheet.fault(line, [names[column]]):
            values[column] = name_text(row[sheet.header.index(names[column])])
    reason = sheet.fault(line, [*names.values(), *(options.keep or {})])
    if len(row) != len(sheet.header):
        reason = f"expected {len(sheet.header)} cells as in the header, got {len(row)}"
    return RefusedRow(
        line=line,
        reason=reason,
        session=values.get("session", ""),
        participant=values.get("participant", ""),
        annotator=values.get("annotator", ""),
    )


def _row(
    line: int,
    texts: Mapping[str, str],
    names: Mapping[str, str],
    times: Times,
    options: Table,
    *,
    kept: bool,
) -> AnnotationRow | RefusedRow:
    """A row of the file, or why it cannot be used."""
    values = {column: texts[name] for column, name in names.items()}

    def read_time(column: str) -> Time | str:
        return times.read(values[column])

    return row_of(values, options.columns, read_time, line=line, kept=kept)


def _has_columns(sheet: Sheet, options: Table) -> bool:
    return not missing_columns(sheet.header, with_plain_columns(options).columns)


FORMAT: Final = AnnotationFormat(
    name="CSV",
    suffixes=(".csv", ".tsv", ".txt", ".xlsx", ".xlsm"),
    read=read_spreadsheets,
    recognises=_has_columns,
)
