"""The formats of annotation files: each is a file of this folder that has a ``FORMAT``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import AnnotationTable, Table
from ferbench.formats.choosing import missing_columns
from ferbench.formats.folders import merged
from ferbench.formats.sheet import Sheet
from ferbench.formats.sheet_files import read_sheet
from ferbench.formats.spreadsheet import FORMAT as SPREADSHEET
from ferbench.formats.spreadsheet import with_plain_columns
from ferbench.sentences import Setting, Text
from ferbench.wording import some

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
    every other file is a spreadsheet. A folder has files of annotation programs, or tables; tables
    beside the files of a program that hold no annotations are named.

    Args:
        path: the file or folder.
        options: how it is to be read.
        starts_known: times may be clock times.
        videos: names of videos that files may be of (``Source.videos``).

    Raises:
        DatasetError: nothing there, files that cannot be read together, or a table that cannot be
            read.
    """
    source = Source(
        path=path,
        files=(path,),
        options=options,
        starts_known=starts_known,
        videos=tuple(videos),
    )
    if path.is_dir():
        annotation_format, source = _open_folder(source)
    else:
        annotation_format, source = _open_file(source)
    _check_tier(annotation_format, source)
    _check_sheet(annotation_format, source)
    return annotation_format, source


def _open_file(source: Source) -> tuple[AnnotationFormat, Source]:
    annotation_format = program_of(source.path)
    if annotation_format is None:
        source = _with_cells(source)
        return _recognised(source.cells[0], source.options) or SPREADSHEET, source
    if not source.path.exists():
        raise DatasetError(f"{source.path}: no such annotations file. Check the path.")
    return annotation_format, source


def _open_folder(source: Source) -> tuple[AnnotationFormat, Source]:
    """The folder's format and files. Raises DatasetError."""
    files = _files_in(source.path)
    kinds = {each: those for each in _by_suffix() if (those := _files_of([each], files))}
    tables = _files_of(_tables(), files)
    if not kinds and not tables:
        raise _no_annotations(source.path)
    if not kinds:
        return _open_tables(replace(source, files=tables))
    notes = _about_tables(replace(source, files=tables), kinds)
    source = replace(source, files=tuple(file for those in kinds.values() for file in those))
    if len(kinds) == 1 and not notes:
        return next(iter(kinds)), source
    return _together(kinds, notes), source


def _together(
    kinds: Mapping[AnnotationFormat, tuple[Path, ...]], notes: Sequence[str]
) -> AnnotationFormat:
    """The format of files of several annotation programs that are read together."""

    def read(source: Source) -> AnnotationTable:
        tables = {files: each.read(replace(source, files=files)) for each, files in kinds.items()}
        return merged(source.path, tables, notes)

    return AnnotationFormat(
        name=" and ".join(each.name for each in kinds),
        suffixes=tuple(suffix for each in kinds for suffix in each.suffixes),
        read=read,
        has_tiers=any(each.has_tiers for each in kinds),
    )


def _about_tables(
    source: Source, kinds: Mapping[AnnotationFormat, Sequence[Path]]
) -> tuple[str, ...]:
    """A note on tables beside annotation programs' files, which hold no annotations.

    Raises DatasetError where one does, as it may have rows of any session.
    """
    with_annotations = []
    for file in source.files:
        try:
            [cells] = _with_cells(replace(source, files=(file,))).cells
        except DatasetError:
            continue
        if _recognised(cells, source.options):
            with_annotations.append(file.name)
    if with_annotations:
        programs = [file for files in kinds.values() for file in files]
        raise DatasetError(
            f"{source.path}: the folder has annotations of several kinds: "
            f"{_names(programs)}, and the table {some(with_annotations)}; keep one kind in it"
        )
    if not source.files:
        return ()
    return (_about_others(source.files, source.options),)


def _open_tables(source: Source) -> tuple[AnnotationFormat, Source]:
    """The format of a folder's tables, without texts that are none.

    Raises DatasetError where they are of several.
    """
    source = _with_cells(source)
    recognised = [_recognised(cells, source.options) for cells in source.cells]
    texts = [
        file
        for file, found in zip(source.files, recognised, strict=True)
        if found is None and file.suffix.lower() == ".txt"
    ]
    if len(texts) == len(source.files):
        texts = []
    of_tables: dict[AnnotationFormat, list[Path]] = {}
    for file, found in zip(source.files, recognised, strict=True):
        if file not in texts:
            of_tables.setdefault(found or SPREADSHEET, []).append(file)
    if len(of_tables) > 1:
        kinds = " and of ".join(f"{each.name} ({_names(of)})" for each, of in of_tables.items())
        raise DatasetError(f"{source.path}: the folder has tables of {kinds}; keep one kind in it")
    [(annotation_format, files)] = of_tables.items()
    cells = [sheet for file, sheet in zip(source.files, source.cells, strict=True) if file in files]
    source = replace(source, files=tuple(files), cells=tuple(cells))
    if not texts:
        return annotation_format, source
    note = _about_others(texts, source.options)

    def read(given: Source) -> AnnotationTable:
        table = annotation_format.read(given)
        return replace(table, notes=(note, *table.notes))

    return replace(annotation_format, read=read), source


def _about_others(files: Sequence[Path], options: Table) -> str:
    """A note on files of a folder that are no tables of annotations."""
    columns = with_plain_columns(options).columns
    lacking = ", ".join(missing_columns((), columns))
    return f"not read, as no table with the columns {lacking}: {_names(files)}"


def _names(files: Sequence[Path]) -> str:
    return some([file.name for file in files])


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


def _files_in(folder: Path) -> list[Path]:
    """The files of a folder, sorted, without hidden and lock files. Raises DatasetError."""
    try:
        files = [file for file in folder.iterdir() if file.is_file()]
    except OSError as error:
        raise DatasetError(f"{folder}: the folder cannot be read: {error.strerror}") from error
    return sorted(file for file in files if not file.name.startswith(_NO_ANNOTATIONS))


def _files_of(formats: Sequence[AnnotationFormat], files: Sequence[Path]) -> tuple[Path, ...]:
    suffixes = {suffix for each in formats for suffix in each.suffixes}
    return tuple(file for file in files if file.suffix.lower() in suffixes)


def _no_annotations(folder: Path) -> DatasetError:
    suffixes = dict.fromkeys(suffix for each in formats() for suffix in each.suffixes)
    return DatasetError(
        f"{folder}: expected annotations ({', '.join(suffixes)}), got a folder without such files"
    )


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


def _recognised(cells: Sheet, options: Table) -> AnnotationFormat | None:
    """The first format that recognises a table; None = none does."""
    for annotation_format in _tables():
        recognises = annotation_format.recognises
        if recognises is not None and recognises(cells, options):
            return annotation_format
    return None
