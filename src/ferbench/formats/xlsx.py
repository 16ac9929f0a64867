"""Workbooks (.xlsx, .xlsm), read with openpyxl: values only, nothing is executed or fetched.

Format: ECMA-376. Cells become the texts that a CSV would have: numbers in full, dates and times by
their values, formulas by the value that their program last computed.
"""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ferbench.errors import DatasetError, FerbenchError
from ferbench.formats.sheet import Fits, Row, Sheet, sheet_of
from ferbench.formats.xlsx_cells import cell_value_text, merged_ranges, with_merged
from ferbench.formats.xlsx_parts import check_xml, xml_parts
from ferbench.sentences import Setting, Text
from ferbench.spelling import same_name
from ferbench.wording import plural, some

MOST_UNPACKED: Final = 64 * 2**20
"""Bytes of xml that a workbook may unpack to; a table of annotations has a few MB at most."""
MOST_CELLS: Final = 4_000_000
"""Cells of a sheet up to its last row and column."""
MOST_ROWS: Final = 2**20

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s/>]")
_NO_VALUE: Final = (
    "a formula without its value; open the workbook in the program that made it, and save it again"
)
_BROKEN: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError),
    *(LookupError, ValueError, TypeError, AttributeError, ArithmeticError, SyntaxError),
    *(AssertionError, NotImplementedError),
)
"""What reading a broken workbook may end in."""


def is_workbook(data: bytes) -> bool:
    """Whether a file is a workbook, of any program."""
    return data.startswith((_ZIP, _OLE))


def read_workbook(data: bytes, path: Path, *, fits: Fits, name: str | None = None) -> Sheet:
    """Read one sheet of a workbook.

    The value of merged cells counts in each of their rows that has a value of its own. A cell with
    a formula whose value was not saved, or with an error value, is told in ``Sheet.faults``.

    Args:
        data: the file's content.
        path: the file, for messages.
        fits: whether a header has the columns that are needed; decides which row is the header.
        name: of the sheet; None = the first that is visible (with a note, where there are several).

    Raises:
        DatasetError: it is no workbook that can be read, is too large, has no such sheet, or
            several rows may be the header.
    """
    _check_kind(data, path)
    with _broken_told(path), zipfile.ZipFile(io.BytesIO(data)) as archive:
        _check_parts(archive, path)
        check_xml(archive, path)
        book = _Book(data, archive, path, fits)
        chosen = book.chosen(name)
        sheet = book.sheet(chosen)
        if sheet.header and not fits(sheet.header):
            others = [other for other in book.names if other != chosen]
            fitting = [other for other in others if fits(book.sheet(other).header)]
            if fitting:
                sheet = replace(sheet, hint=_about_fitting(fitting))
    return sheet


def _about_fitting(names: Sequence[str]) -> Text:
    setting = Setting("format.sheet", names[0])
    return Text(f"the sheet {some(list(map(repr, names)))} has such columns: ", setting)


class _Book:
    """A workbook that is open, and its sheets."""

    def __init__(self, data: bytes, archive: zipfile.ZipFile, path: Path, fits: Fits) -> None:
        self._data = data
        self._archive = archive
        self._path = path
        self._fits = fits
        self._values = _opened(data)
        self._sheets: dict[str, Any] = {
            str(sheet.title): sheet for sheet in self._values.worksheets
        }
        self.names: list[str] = [
            str(sheet.title) for sheet in self._values.worksheets if sheet.sheet_state == "visible"
        ]

    def chosen(self, name: str | None) -> str:
        """The sheet of a name, or the first. Raises DatasetError where there is none."""
        if not self._sheets:
            raise DatasetError(
                f"{self._path}: the workbook has no sheet that can be read; save it as 'Excel "
                "Workbook (.xlsx)' (not 'Strict Open XML'), or as 'CSV UTF-8'"
            )
        if name is None:
            return self.names[0] if self.names else next(iter(self._sheets))
        for title in self._sheets:
            if title == name:
                return title
        alike = [title for title in self._sheets if same_name(title, name)]
        if len(alike) == 1:
            return alike[0]
        expected = f"one of the sheets of {self._path.name}: {', '.join(self._sheets)}"
        raise DatasetError(key="format.sheet", expected=expected, got=name)

    def sheet(self, title: str) -> Sheet:
        """The cells of a sheet."""
        worksheet = self._sheets[title]
        xml = self._archive.read(worksheet._worksheet_path)
        rows = [_row(cells, number) for number, cells in self._rows(worksheet) if cells]
        formulas: dict[int, set[int]] = {}
        if _FORMULA.search(xml):
            book = _opened(self._data, formulas=True)
            formulas = dict(self._formulas(book[title]))
        rows = [_without_values(row, formulas.get(row.line, set())) for row in rows]
        rows, num_filled = with_merged(rows, merged_ranges(xml))
        notes = []
        if len(self.names) > 1:
            shown = ", ".join(map(repr, self.names))
            notes.append(f"read from the sheet {title!r} (there are {shown})")
        if num_filled:
            notes.append(f"merged cells count in all their rows ({plural(num_filled, 'cell')})")
        filled = [row for row in rows if any(row.cells) or row.faults]
        return sheet_of(
            filled, fits=self._fits, path=self._path, delimiter="", notes=notes, name=title
        )

    def _rows(self, worksheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
        """The sheet's rows, from 1. Raises DatasetError where there are too many cells."""
        worksheet.reset_dimensions()  # what a file says of them is often wrong
        num_cells = 0
        for number, cells in enumerate(worksheet.iter_rows(), start=1):
            num_cells += len(cells)
            if num_cells > MOST_CELLS or number > MOST_ROWS:
                raise DatasetError(
                    f"{self._path}: its sheet {worksheet.title!r} has more than {MOST_CELLS} cells "
                    f"or {MOST_ROWS} rows; expected a table of annotations"
                )
            yield number, cells

    def _formulas(self, worksheet: Any) -> Iterator[tuple[int, set[int]]]:
        """Lines with formulas, and the indices of their cells."""
        for number, cells in self._rows(worksheet):
            indices = {index for index, cell in enumerate(cells) if cell.data_type == "f"}
            if indices:
                yield number, indices


def _row(cells: Sequence[Any], number: int) -> Row:
    texts: list[str] = []
    faults: dict[int, str] = {}
    for index, cell in enumerate(cells):
        text = cell_value_text(cell.value, cell.number_format or "")
        texts.append(text)
        if cell.data_type == "e":
            faults[index] = f"{text!r}, a spreadsheet's error value"
    return Row(line=number, cells=tuple(texts), faults=faults)


def _without_values(row: Row, formulas: set[int]) -> Row:
    """A row with the cells told whose formula has no value."""
    empty = {index for index in formulas if index >= len(row.cells) or not row.cells[index]}
    if not empty:
        return row
    width = max(len(row.cells), *(index + 1 for index in empty))
    faults = {**row.faults, **dict.fromkeys(empty, _NO_VALUE)}
    return Row(line=row.line, cells=(*row.cells, *[""] * (width - len(row.cells))), faults=faults)


def _check_kind(data: bytes, path: Path) -> None:
    """Raise DatasetError where a file is a workbook of another kind."""
    if data.startswith(_OLE):
        raise DatasetError(
            f"{path}: an old workbook (.xls), or one with a password; save it as 'Excel Workbook "
            "(.xlsx)' without a password, or as 'CSV UTF-8'"
        )


def _check_parts(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise DatasetError unless an archive is a workbook of a size that can be read."""
    infos = archive.infolist()
    names = {info.filename for info in infos}
    if "[Content_Types].xml" not in names:
        kind = "another program's (.ods)" if "content.xml" in names else "none, but an archive"
        raise DatasetError(
            f"{path}: expected a workbook (.xlsx), got {kind}; save it as 'Excel Workbook (.xlsx)' "
            "or as 'CSV UTF-8'"
        )
    if any(name.endswith("workbook.bin") for name in names):
        raise DatasetError(
            f"{path}: a binary workbook (.xlsb); save it as 'Excel Workbook (.xlsx)' or as 'CSV "
            "UTF-8'"
        )
    num_bytes = sum(info.file_size for info in xml_parts(archive))
    if num_bytes > MOST_UNPACKED:
        raise DatasetError(
            f"{path}: the workbook unpacks to {num_bytes / 2**20:.0f} MiB; expected at most "
            f"{MOST_UNPACKED // 2**20} MiB. Save the sheet of annotations as 'CSV UTF-8'."
        )


def _opened(data: bytes, *, formulas: bool = False) -> Any:
    """The workbook, with its formulas or (else) their values."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on parts that are not read
        return load_workbook(
            io.BytesIO(data), read_only=True, data_only=not formulas, keep_links=False
        )


@contextmanager
def _broken_told(path: Path) -> Iterator[None]:
    """What a broken workbook ends in is told as a DatasetError."""
    try:
        yield
    except FerbenchError:
        raise
    except _BROKEN as error:
        reason = f"{type(error).__name__}: {error}".strip(": ")
        raise DatasetError(
            f"{path}: the workbook is damaged ({reason}); open it in the program that made it and "
            "save it again, or save it as 'CSV UTF-8'"
        ) from error
