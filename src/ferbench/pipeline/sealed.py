"""Stored results that tell whether they are still the bytes that were written.

A disk, a copy or a crash may change a bit of a file without anybody being told. So what is stored
has the SHA-256 of its bytes with it, and every read compares.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ferbench.errors import CacheError

MANIFEST: Final = "sha256.txt"
"""In a sealed folder: a line ``<digest>  <name>`` for each file, as ``sha256sum`` writes them."""

_MAGIC: Final = b"ferbench-sha256:"
_SEAL_BYTES: Final = len(_MAGIC) + hashlib.sha256().digest_size
_END_BYTES: Final = 8
"""The end of a Parquet file: the footer's length (4 bytes, little endian) and ``PAR1``."""


def sealed_parquet(data: bytes | memoryview) -> tuple[memoryview, bytes, memoryview]:
    """The three pieces of a sealed Parquet file: what comes before the seal, the seal, the footer.

    The seal lies between the last row group and the footer, where no reader of Parquet looks: any
    of them reads the file. Format: https://parquet.apache.org/docs/file-format.

    Args:
        data: a whole Parquet file.
    """
    whole = memoryview(data)
    at = len(whole) - _END_BYTES - _footer_bytes(whole)
    before, footer = whole[:at], whole[at:]
    return before, _MAGIC + _digest(before, footer), footer


def check_parquet(data: bytes) -> None:
    """Check that a sealed Parquet file is the bytes that were written.

    Raises:
        CacheError: it is not, or has no seal.
    """
    whole = memoryview(data)
    if len(whole) < _END_BYTES + _SEAL_BYTES:
        raise CacheError("it is cut short")
    end = len(whole) - _END_BYTES - _footer_bytes(whole)
    start = end - _SEAL_BYTES
    if start < 0 or bytes(whole[start : start + len(_MAGIC)]) != _MAGIC:
        raise CacheError("it has no digest of its bytes: they changed, or an older version made it")
    if bytes(whole[start + len(_MAGIC) : end]) != _digest(whole[:start], whole[end:]):
        raise CacheError("its bytes are not those that were written")


def _footer_bytes(whole: memoryview) -> int:
    return int.from_bytes(whole[-_END_BYTES:-4], "little")


def _digest(*pieces: memoryview) -> bytes:
    hasher = hashlib.sha256()
    for piece in pieces:
        hasher.update(piece)
    return hasher.digest()


def seal_folder(folder: Path) -> None:
    """Write the digests of a folder's files into it.

    Raises:
        OSError: it cannot be read or written.
    """
    (folder / MANIFEST).write_bytes(_manifest(_contents(folder)))


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files of a sealed folder by name.

    Raises:
        CacheError: it cannot be read, has no digests, or is not what was written.
    """
    try:
        contents = _contents(folder)
    except OSError as error:
        raise CacheError(f"{folder} cannot be read: {error.strerror or error}") from error
    if contents.pop(MANIFEST, None) != _manifest(contents):
        raise CacheError(f"{folder}: its files are not those that were written")
    return contents


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def _manifest(contents: Mapping[str, bytes]) -> bytes:
    lines = [f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in contents.items()]
    return "".join(lines).encode()
