"""Reads the cells of a table's file, a CSV or a workbook, as its content tells."""

from __future__ import annotations

from pathlib import Path

from ferbench.errors import DatasetError, FormatError
from ferbench.formats.csv_file import Delimiter, Encoding, read_csv
from ferbench.formats.file_sizes import check_size
from ferbench.formats.sheet import Fits, Sheet
from ferbench.formats.xlsx import is_workbook, read_workbook


def read_sheet(
    path: Path,
    *,
    fits: Fits,
    delimiter: Delimiter = "auto",
    encoding: Encoding = "auto",
    sheet: str | None = None,
    what: str = "annotations file",
) -> Sheet:
    """Read a CSV, or a sheet of a workbook.

    Args:
        path: the file.
        fits: whether a header has the columns that are needed.
        delimiter: of a CSV, see ``read_csv``.
        encoding: likewise.
        sheet: of a workbook, see ``read_workbook``.
        what: what the file is, for messages.

    Raises:
        DatasetError: it cannot be read, see ``read_csv`` and ``read_workbook``; or a sheet is named
            of a CSV.
    """
    data = _bytes(path, what)
    if is_workbook(data):
        return read_workbook(data, path, fits=fits, name=sheet)
    if sheet is not None:
        raise DatasetError(
            f"{path.name} is no workbook and has no sheets. Leave it out.", key="format.sheet"
        )
    return read_csv(data, path, fits=fits, delimiter=delimiter, encoding=encoding)


def _bytes(path: Path, what: str) -> bytes:
    if path.is_dir():
        raise DatasetError(f"{path}: expected a CSV file, got a folder")
    try:
        check_size(path)
        data = path.read_bytes()
    except FormatError as error:
        raise DatasetError(error.message) from error
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: no such {what}. Check the path.") from error
    except OSError as error:
        raise DatasetError(f"{path}: the {what} cannot be read: {error.strerror}") from error
    return data
