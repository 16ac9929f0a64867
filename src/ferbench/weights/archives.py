"""Zip archives, read with care: one kind of error, and no more bytes than a weight file can have.

``zipfile`` raises whatever its parts raise, and an archive of a few kB may announce terabytes.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

UNREADABLE: Final = (OSError, zipfile.BadZipFile)
"""What ``opened`` and reading inside it may raise."""

MOST_GROWTH: Final = 100
"""Weights hardly compress: an archive whose files are together so many times as large is none."""

FREE_BYTES: Final = 2**26
"""Files up to this size in all may grow as they like."""

_DAMAGED: Final = (
    EOFError,
    KeyError,  # no such member
    NotImplementedError,  # a way of compression
    OverflowError,
    RuntimeError,  # a password
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)


@contextmanager
def opened(file: Path | IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open an archive, if what its list of contents announces can be weights.

    ``zipfile`` gives no more bytes of a member than the list announces.

    Raises:
        OSError: the file cannot be read.
        zipfile.BadZipFile: it, or what is read of it meanwhile, is no whole zip archive, or it
            would grow beyond all measure.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_growth(archive)
            yield archive
    except _DAMAGED as error:
        reason = str(error).strip("'\"") or type(error).__name__
        raise zipfile.BadZipFile(reason) from error


def _check_growth(archive: zipfile.ZipFile) -> None:
    members = archive.infolist()
    announced = sum(member.file_size for member in members)
    stream = archive.fp
    assert stream is not None
    stream.seek(0, 2)
    most = max(FREE_BYTES, MOST_GROWTH * stream.tell())
    if announced > most:
        raise zipfile.BadZipFile(
            f"its {len(members)} file(s) would have {announced} bytes, expected at most {most}; "
            "weights do not compress that far"
        )
