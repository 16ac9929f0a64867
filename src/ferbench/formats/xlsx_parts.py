"""The XML of a workbook's parts, looked through before a library makes objects of it.

Elements in each other without end take minutes, and millions side by side take gigabytes.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final
from xml.parsers import expat

from ferbench.errors import DatasetError

MOST_DEPTH: Final = 50
"""Elements in each other; a workbook's have about ten."""
MOST_ELEMENTS: Final = 5_000_000
"""Of a sheet, or of the texts that all sheets share: two for each cell, and its rows."""
MOST_OTHERS: Final = 500_000
"""Of any other part, all of which lies in memory."""

_HEAD_BYTES: Final = 64
_BEFORE_XML: Final = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_LARGE: Final = ("xl/worksheets/", "xl/sharedstrings")


def xml_parts(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The parts that are XML by how they begin; a workbook may name them as it likes."""
    return [info for info in archive.infolist() if _is_xml(archive, info)]


def _is_xml(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    with archive.open(info) as part:
        head = part.read(_HEAD_BYTES)
    return head.replace(b"\0", b"").lstrip(_BEFORE_XML).startswith(b"<")


def check_xml(archive: zipfile.ZipFile, path: Path) -> None:
    """Look through the parts of a workbook.

    Raises:
        DatasetError: one has a document type, which may define entities that grow without limit;
            or more elements, or more in each other, than a workbook has.
    """
    for info in xml_parts(archive):
        name = info.filename.lower()
        data = archive.read(info)
        if b"<!DOCTYPE" in data.replace(b"\0", b""):
            raise DatasetError(
                f"{path}: its part {info.filename} has a document type, which a workbook has not"
            )
        most = MOST_ELEMENTS if name.startswith(_LARGE) else MOST_OTHERS
        _Counted(f"{path}: its part {info.filename}", most).read(data)


class _Counted:
    """Elements of a part so far."""

    def __init__(self, what: str, most: int) -> None:
        self._what, self._most = what, most
        self._depth = self._num = 0

    def read(self, data: bytes) -> None:
        """Count all; what is no XML is for who reads it to tell."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError):
            return

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        del name, attributes
        self._depth += 1
        self._num += 1
        if self._depth > MOST_DEPTH:
            raise DatasetError(f"{self._what} has elements deeper than {MOST_DEPTH} in each other")
        if self._num > self._most:
            raise DatasetError(f"{self._what} has more than {self._most} elements")

    def _end(self, name: str) -> None:
        del name
        self._depth -= 1
