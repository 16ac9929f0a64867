"""The formats of annotation files: each is a file of this folder that has a ``FORMAT``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import Table
from ferbench.formats.choosing import missing_columns
from ferbench.formats.sheet import Sheet
from ferbench.formats.sheet_files import read_sheet
from ferbench.formats.spreadsheet import FORMAT as SPREADSHEET
from ferbench.formats.spreadsheet import with_plain_columns
from ferbench.sentences import Setting, Text

_NO_ANNOTATIONS: Final = (".", "~$", ".~lock")
"""What names of hidden files, and of those that lock an open workbook, begin with."""


@cache
def formats() -> tuple[AnnotationFormat, ...]:
    """All formats, those that are told by their suffix first.

    Of formats that recognise the same table, the first counts: a plain one before a program's.
    """
    files = pkgutil.iter_modules([str(Path(__file__).parent)])
    modules = [importlib.import_module(f"{__package__}.{name}") for _, name, _ in files]
    all_formats = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return tuple(sorted(all_formats, key=_rank))


def _rank(annotation_format: AnnotationFormat) -> int:
    if annotation_format.recognises is None:
        return 0
    if annotation_format is SPREADSHEET:
        return 1
    return 2


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
    for annotation_format in formats():
        if name.endswith(annotation_format.endings):
            return annotation_format
    return None


def endings() -> tuple[str, ...]:
    """What names of files end in that can be written."""
    return tuple(ending for each in formats() for ending in each.endings)


def _by_suffix() -> list[AnnotationFormat]:
    """Formats whose files are told by their suffix."""
    return [each for each in formats() if each.recognises is None]


def _tables() -> list[AnnotationFormat]:
    """Formats whose files are tables, of which the content tells."""
    return [each for each in formats() if each.recognises is not None]


def open_annotations(
    path: Path, options: Table, *, starts_known: bool = False, videos: Sequence[str] = ()
) -> tuple[AnnotationFormat, Source]:
    """Find the format of an annotations file, or of a folder's; cells of tables are read.

    Files with the suffix of an annotation program are that program's; a table (CSV or workbook)
    whose header has not the columns that are asked for, but is that of a program, is the program's;
    every other file is a spreadsheet. Of a folder the files of one program are read.

    Args:
        path: the file or folder.
        options: how it is to be read.
        starts_known: times may be clock times.
        videos: names of videos that files may be of (``Source.videos``).

    Raises:
        DatasetError: nothing there, files of several kinds, or a table that cannot be read.
    """
    files = annotation_files(path)
    source = Source(
        path=path,
        files=files,
        options=options,
        starts_known=starts_known,
        videos=tuple(videos),
    )
    annotation_format = program_of(files[0])
    if annotation_format is None:
        source = _with_cells(source)
        annotation_format = _format_of_tables(source)
    elif not files[0].exists():
        raise DatasetError(f"{path}: no such annotations file. Check the path.")
    _check_tier(annotation_format, source)
    _check_sheet(annotation_format, source)
    return annotation_format, source


def _check_tier(annotation_format: AnnotationFormat, source: Source) -> None:
    """Raise DatasetError where a tier was asked for, and the format has none."""
    tier = source.options.tier
    if tier is None or annotation_format.has_tiers:
        return
    with_tiers = [each for each in formats() if each.has_tiers]
    named = " or ".join(f"{each.name} ({each.suffixes[0]})" for each in with_tiers)
    setting = Setting("format.tier", tier)
    raise DatasetError(
        Text(f"{source.path}: ", setting, f" is for files of {named}"), hint="leave it out"
    )


def _check_sheet(annotation_format: AnnotationFormat, source: Source) -> None:
    """Raise DatasetError where a sheet was asked for, and the files are no workbooks."""
    if source.options.sheet is None or annotation_format.recognises is not None:
        return
    setting = Setting("format.sheet", source.options.sheet)
    raise DatasetError(
        Text(f"{source.path}: ", setting, " is for workbooks (.xlsx)"), hint="leave it out"
    )


def annotation_files(path: Path) -> tuple[Path, ...]:
    """The files that are read of a path: itself, or of a folder those of annotation programs.

    Raises:
        DatasetError: the folder has none, or files of several kinds.
    """
    if not path.is_dir():
        return (path,)
    files = _files_in(path)
    kinds = [those for each in _by_suffix() if (those := _files_of(each, files))]
    if len(kinds) > 1:
        raise _several_kinds(path, kinds)
    if kinds:
        return kinds[0]
    return _tables_of(path, files)


def _tables_of(folder: Path, files: Sequence[Path]) -> tuple[Path, ...]:
    suffixes = {suffix for each in _tables() for suffix in each.suffixes}
    tables = tuple(file for file in files if file.suffix.lower() in suffixes)
    if not tables:
        raise _no_annotations(folder)
    return tables


def _several_kinds(folder: Path, kinds: Sequence[Sequence[Path]]) -> DatasetError:
    counts = " and ".join(f"{len(files)} {files[0].suffix.lower()}" for files in kinds)
    return DatasetError(
        f"{folder}: the folder has annotations of several kinds ({counts}); keep one kind in it"
    )


def _files_in(folder: Path) -> list[Path]:
    """The files of a folder, sorted, without hidden and lock files. Raises DatasetError."""
    try:
        files = [file for file in folder.iterdir() if file.is_file()]
    except OSError as error:
        raise DatasetError(f"{folder}: the folder cannot be read: {error.strerror}") from error
    return sorted(file for file in files if not file.name.startswith(_NO_ANNOTATIONS))


def _files_of(annotation_format: AnnotationFormat, files: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(file for file in files if file.suffix.lower() in annotation_format.suffixes)


def _no_annotations(folder: Path) -> DatasetError:
    suffixes = ", ".join(suffix for each in _by_suffix() for suffix in each.suffixes)
    tables = f"{_programs_of_tables()}'s tables (.tsv, .csv)"
    return DatasetError(
        f"{folder}: expected a CSV file, got a folder without {suffixes} or {tables}"
    )


def _programs_of_tables() -> str:
    return " or ".join(each.name for each in _tables() if each is not SPREADSHEET)


def _with_cells(source: Source) -> Source:
    """The same files with their cells. Raises DatasetError where one is no table."""
    options = source.options
    columns = with_plain_columns(options).columns
    cells = [
        read_sheet(
            file,
            fits=lambda header: not missing_columns(header, columns),
            delimiter=options.delimiter,
            encoding=options.encoding,
            sheet=options.sheet,
        )
        for file in source.files
    ]
    return replace(source, cells=tuple(cells))


def _format_of_tables(source: Source) -> AnnotationFormat:
    """The format of tables, by their cells. Raises DatasetError where a folder has a plain CSV."""
    of_tables = [_format_of_table(cells, source.options) for cells in source.cells]
    if source.is_folder:
        _check_one_format(source, of_tables)
    return of_tables[0]


def _check_one_format(source: Source, of_tables: Sequence[AnnotationFormat]) -> None:
    programs = _programs_of_tables()
    for file, annotation_format in zip(source.files, of_tables, strict=True):
        if annotation_format is SPREADSHEET:
            raise DatasetError(
                f"{source.path}: {file.name} is no table of {programs}; name a single CSV, or a "
                f"folder of {programs}'s"
            )
    names = dict.fromkeys(annotation_format.name for annotation_format in of_tables)
    if len(names) > 1:
        raise DatasetError(
            f"{source.path}: the folder has tables of {' and of '.join(names)}; keep one kind in it"
        )


def _format_of_table(cells: Sheet, options: Table) -> AnnotationFormat:
    """The first format that recognises a table; a spreadsheet where none does."""
    for annotation_format in _tables():
        recognises = annotation_format.recognises
        if recognises is not None and recognises(cells, options):
            return annotation_format
    return SPREADSHEET
