"""How much a pickle may ask for: torch follows its instructions one by one, in Python.

A pickle of 60 kB in a zip archive unfolds to millions of instructions, minutes and gigabytes.
"""

from __future__ import annotations

import pickletools
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from ferbench.weights import archives

MOST_INSTRUCTIONS: Final = 500_000
"""Of all pickles of a file; a tensor takes about thirty."""

MOST_BYTES: Final = 16 * 2**20
"""Of a pickle in an archive, where the numbers lie beside it."""

_IN_OLD_FILES: Final = 5
"""Mark, version, machine, what was saved, and names of the numbers that follow."""
_DAMAGED: Final = (ValueError, OverflowError, EOFError, zlib.error, zipfile.BadZipFile)


class TooMuchError(Exception):
    """A pickle is beyond a limit; the message says which."""


def check_torch_file(path: Path) -> None:
    """Check how much the pickles of a file ask for, of torch's archives and of its older files.

    Raises:
        TooMuchError: more than any network.
        OSError: it cannot be read.
        zipfile.BadZipFile: it is a damaged archive. Other damage is for torch to find.
    """
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            file.seek(0)
            _count(file, _IN_OLD_FILES)
            return
        with archives.opened(file) as archive:
            check_members(archive)
            for name in _pickles(archive):
                with archive.open(name) as member:
                    _count(member, 1)


def check_members(archive: zipfile.ZipFile) -> None:
    """Check the sizes of an archive's pickles. Raises TooMuchError."""
    for name in _pickles(archive):
        size = archive.getinfo(name).file_size
        if size > MOST_BYTES:
            raise TooMuchError(
                f"its pickle has {size} bytes, expected at most {MOST_BYTES}; numbers lie beside it"
            )


def check_instructions(pickled: Iterable[object], done: int = 0) -> int:
    """Count instructions up to the limit. Raises TooMuchError."""
    num = done
    for _ in pickled:
        num += 1
        if num > MOST_INSTRUCTIONS:
            raise TooMuchError(
                f"its pickle has more than {MOST_INSTRUCTIONS} instructions, more than any network"
            )
    return num


def _count(stream: IO[bytes], pickles: int) -> None:
    num = 0
    with suppress(*_DAMAGED):  # torch stops at the same place, and says why
        for _ in range(pickles):
            num = check_instructions(pickletools.genops(stream), num)


def _pickles(archive: zipfile.ZipFile) -> list[str]:
    return [name for name in archive.namelist() if name.endswith(".pkl")]
