"""The files below a folder, and those in its archives, with their digests.

Files are only read; nothing in them is executed or unpacked.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ferbench.weights import archives
from ferbench.weights import lock as weights_lock

CHUNK_BYTES: Final = 1 << 20
ARCHIVES: Final = (".whl", ".zip")  # by name: a .pth file is a zip archive too, but one file
_FERBENCHS_OWN: Final = (weights_lock.FETCHING, weights_lock.NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file, or a member of an archive.

    Attributes:
        path: the file, or the archive.
        member: its name in the archive; None = it is no member of one.
        where: where it was found, for people.
        sha256: its digest.
    """

    path: Path
    member: str | None
    where: str
    sha256: str

    @property
    def name(self) -> str:
        """Its name without folders."""
        return (self.member or self.path.name).rpartition("/")[2]

    def chunks(self) -> Iterator[bytes]:
        """Its bytes."""
        if self.member is None:
            with self.path.open("rb") as stream:
                yield from _chunks(stream)
        else:
            with archives.opened(self.path) as archive, archive.open(self.member) as stream:
                yield from _chunks(stream)


def files_below(top: Path, unreadable: list[str]) -> Iterator[Path]:
    """All files but ferbench's own, sorted within each folder.

    Links are followed; no folder is visited twice.

    Args:
        top: the folder.
        unreadable: folders that cannot be read are added to it, with the reason.
    """
    visited: set[tuple[int, int]] = set()

    def on_error(error: OSError) -> None:
        unreadable.append(f"{error.filename}: {error.strerror}")

    for folder, subfolders, names in os.walk(top, followlinks=True, onerror=on_error):
        status = Path(folder).stat()
        identity = (status.st_dev, status.st_ino)
        if identity in visited:
            subfolders.clear()
            continue
        visited.add(identity)
        subfolders.sort()
        for name in sorted(names):
            if name not in _FERBENCHS_OWN:
                yield Path(folder) / name


def candidates_in(path: Path, where: str) -> Iterator[Candidate]:
    """A file, and what lies in it, if it is an archive by its name.

    Args:
        path: the file.
        where: its name for people.

    Raises:
        one of ``archives.UNREADABLE``: it cannot be read.
    """
    with path.open("rb") as stream:
        sha256 = _digest(_chunks(stream))
    yield Candidate(path=path, member=None, where=where, sha256=sha256)
    if path.suffix.lower() not in ARCHIVES:
        return
    with archives.opened(path) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            with archive.open(member) as stream:
                sha256 = _digest(_chunks(stream))
            yield Candidate(
                path=path,
                member=member.filename,
                where=f"{member.filename} in {where}",
                sha256=sha256,
            )


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _digest(chunks: Iterable[bytes]) -> str:
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()
