"""The formats of annotation files: a new one is a file beside this one, and a line in the table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError, Setting, Text
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import Table
from ferbench.formats.boris import BORIS
from ferbench.formats.choosing import missing_columns
from ferbench.formats.csv_file import CsvFile, read_csv
from ferbench.formats.elan import ELAN
from ferbench.formats.spreadsheet import SPREADSHEET
from ferbench.formats.webvtt import WEBVTT

FORMATS: Final[tuple[AnnotationFormat, ...]] = (ELAN, WEBVTT, SPREADSHEET, BORIS)
"""Of formats that recognise the same table, the first counts."""


def program_of(path: Path) -> AnnotationFormat | None:
    """The annotation program whose files have such a name; None = the content must tell."""
    suffix = path.suffix.lower()
    for annotation_format in _by_suffix():
        if suffix in annotation_format.suffixes:
            return annotation_format
    return None


def writer_of(path: Path) -> AnnotationFormat | None:
    """The format in which a file of such a name is written; None = it is none's."""
    name = path.name.lower()
    for annotation_format in FORMATS:
        if name.endswith(annotation_format.endings):
            return annotation_format
    return None


def endings() -> tuple[str, ...]:
    """What names of files end in that can be written."""
    return tuple(ending for each in FORMATS for ending in each.endings)


def _by_suffix() -> list[AnnotationFormat]:
    """Formats whose files are told by their suffix."""
    return [each for each in FORMATS if each.recognises is None]


def _tables() -> list[AnnotationFormat]:
    """Formats whose files are tables, of which the content tells."""
    return [each for each in FORMATS if each.recognises is not None]


def open_annotations(
    path: Path, options: Table, *, starts_known: bool = False
) -> tuple[AnnotationFormat, Source]:
    """Find the format of an annotations file, or of a folder's; cells of tables are read.

    Files with the suffix of an annotation program are that program's; a table whose header has not
    the columns that are asked for, but is that of a program, is the program's; every other file is
    a CSV. Of a folder the files of one program are read.

    Args:
        path: the file or folder.
        options: how it is to be read.
        starts_known: times may be clock times.

    Raises:
        DatasetError: nothing there, files of several kinds, or a table that cannot be read.
    """
    files = annotation_files(path)
    source = Source(path=path, files=files, options=options, starts_known=starts_known)
    annotation_format = program_of(files[0])
    if annotation_format is None:
        cells = tuple(_cells(file, options) for file in files)
        source = replace(source, cells=cells)
        annotation_format = _format_of_tables(source)
    elif not files[0].exists():
        raise DatasetError(f"{path}: no such annotations file. Check the path.")
    if options.tier is not None and not annotation_format.has_tiers:
        with_tiers = [each for each in FORMATS if each.has_tiers]
        named = " or ".join(f"{each.name} ({each.suffixes[0]})" for each in with_tiers)
        setting = Setting("format.tier", options.tier)
        raise DatasetError(
            Text(f"{path}: ", setting, f" is for files of {named}"), hint="leave it out"
        )
    return annotation_format, source


def annotation_files(path: Path) -> tuple[Path, ...]:
    """The files that are read of a path: itself, or of a folder those of annotation programs.

    Raises:
        DatasetError: the folder has none, or files of several kinds.
    """
    if not path.is_dir():
        return (path,)
    try:
        there = [file for file in path.iterdir() if file.is_file()]
    except OSError as error:
        raise DatasetError(f"{path}: the folder cannot be read: {error.strerror}") from error
    visible = sorted(file for file in there if not file.name.startswith("."))
    files_of = {}
    for annotation_format in _by_suffix():
        files = _with_suffix(visible, annotation_format.suffixes)
        if files:
            files_of[annotation_format.suffixes[0]] = files
    if len(files_of) > 1:
        counts = " and ".join(f"{len(files)} {suffix}" for suffix, files in files_of.items())
        raise DatasetError(
            f"{path}: the folder has annotations of several kinds ({counts}); keep one kind in it"
        )
    if files_of:
        [files] = files_of.values()
        return files
    tables = _with_suffix(visible, [suffix for each in _tables() for suffix in each.suffixes])
    if not tables:
        suffixes = ", ".join(suffix for each in _by_suffix() for suffix in each.suffixes)
        raise DatasetError(
            f"{path}: expected a CSV file, got a folder without {suffixes} or {_programs_of_tables()}'s "
            "tables (.tsv, .csv)"
        )
    return tables


def _with_suffix(files: Iterable[Path], suffixes: Sequence[str]) -> tuple[Path, ...]:
    return tuple(file for file in files if file.suffix.lower() in suffixes)


def _programs_of_tables() -> str:
    return " or ".join(each.name for each in _tables() if each is not SPREADSHEET)


def _cells(path: Path, options: Table) -> CsvFile:
    return read_csv(
        path,
        fits=lambda header: not missing_columns(header, options.columns),
        delimiter=options.delimiter,
        encoding=options.encoding,
    )


def _format_of_tables(source: Source) -> AnnotationFormat:
    """The format of tables, by their cells. Raises DatasetError where a folder has a plain CSV."""
    formats = [_format_of_table(cells, source.options) for cells in source.cells]
    if not source.is_folder:
        return formats[0]
    for file, annotation_format in zip(source.files, formats, strict=True):
        if annotation_format is SPREADSHEET:
            programs = _programs_of_tables()
            raise DatasetError(
                f"{source.path}: {file.name} is no table of {programs}; name a single CSV, or a "
                f"folder of {programs}'s"
            )
        if annotation_format is not formats[0]:
            raise DatasetError(
                f"{source.path}: the folder has tables of {formats[0].name} and of "
                f"{annotation_format.name}; keep one kind in it"
            )
    return formats[0]


def _format_of_table(cells: CsvFile, options: Table) -> AnnotationFormat:
    """The first format that recognises a table; a spreadsheet where none does."""
    for annotation_format in _tables():
        recognises = annotation_format.recognises
        if recognises is not None and recognises(cells, options):
            return annotation_format
    return SPREADSHEET
