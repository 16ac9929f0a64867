"""``ferbench models import``.

Find weight files by their content, in whatever folders they lie, and copy them here.

Files are only read; nothing in them is executed or unpacked but the wanted bytes.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import uuid
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Protocol

from ferbench.errors import ConfigError, WeightsError
from ferbench.weights import lock as weights_lock
from ferbench.weights.loading import FOUND_HERE
from ferbench.weights.published import (
    CHUNK_BYTES,
    UNKNOWN,
    PublishedFile,
    check,
    digest,
    is_there,
    place,
    remove_empty,
)

ARCHIVES: Final = (
    ".whl",
    ".zip",
)  # by name: a .pth file is a zip archive too, but one file of its own
_UNREADABLE: Final = (
    *(OSError, EOFError, NotImplementedError, RuntimeError),  # RuntimeError: a password
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)


class Confirm(Protocol):
    """Holds to a file in its place.

    WeightsError where it is not what it should be (``models.confirm``).
    """

    def __call__(self, item: PublishedFile, folder: Path, *, origin: str) -> None:
        """Do it; ``origin`` is for the lock."""


@dataclass(kw_only=True)
class Imported:
    """What was found in a folder.

    Attributes:
        copied: wanted files that were put into their place, with where they were found.
        here: wanted files that had been in their place before.
        missing: wanted files that are neither there nor here.
        differing: files with the name of a wanted one that are not the one in ``weights.lock``,
            with what to do.
        unknown: files that nobody named (of archives: those without a named file).
        unreadable: files that could not be read or used, with the reason.
    """

    copied: list[tuple[PublishedFile, str]] = field(default_factory=list)
    here: list[PublishedFile] = field(default_factory=list)
    missing: list[PublishedFile] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A file, or a member of an archive."""

    path: Path
    member: str | None
    where: str
    sha256: str

    @property
    def name(self) -> str:
        return (self.member or self.path.name).rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lacking:
    """A wanted file that is not here.

    Its digest as far as somebody knows it, and the lock that says it ("" = none).
    """

    item: PublishedFile
    sha256: str
    lock: str

    def told_of(self, content: _Found) -> str:
        """What to say of a file that has this one's name and another digest."""
        return (
            f"{content.where} has the name of {self.item.file}, but its sha256 is {content.sha256}, and {self.lock} "
            f"keeps {self.sha256}. If it is the one that you want, delete the line of {self.item.file} there and "
            "import again (every result of it gets a new key)"
        )


def import_files(
    wanted: Iterable[PublishedFile], source: Path, folder: Path, *, confirm: Confirm
) -> Imported:
    """Copy the wanted files that lie anywhere below ``source`` to where they belong.

    A file is known by its digest, under any name: by that of the yaml, of ``weights.lock`` in the
    models folder or in ``source``, or by the beginning that the yaml gives. Where nobody knows the
    digest, it is known by its published name, if only one content has that. Looks also into wheels
    and zip archives. Links to folders are followed, each folder once.

    Args:
        wanted: the files.
        source: the folder to search.
        folder: the models folder; a file that is there but is not what it should be is replaced.
        confirm: has the last word on each file in its place.

    Raises:
        ConfigError: ``source`` is no folder.
        WeightsError: a ``weights.lock`` cannot be read, or contradicts a yaml.
    """
    if not source.is_dir():
        raise ConfigError(
            f"{source} is not a folder; expected the folder that holds the weight files"
        )
    found = Imported()
    lacking = _lacking(wanted, source, folder, found, confirm)
    known = {digest(item, folder) for item in found.here}
    named: dict[str, dict[str, _Found]] = {}  # candidates by file and digest
    for path in _files_below(source, found.unreadable):
        name = path.relative_to(source).as_posix()
        try:
            if not path.is_file():  # a pipe, a device, a broken link
                continue
            contents = list(_contents(path, name))
        except _UNREADABLE as error:
            found.unreadable.append(f"{name}: {getattr(error, 'strerror', None) or error}")
            continue
        meant = any(content.sha256 in known for content in contents)
        for content in contents:
            for file, sought in list(lacking.items()):
                is_named = content.name == Path(file).name
                if sought.sha256 and content.sha256.startswith(sought.sha256):
                    _take(lacking.pop(file).item, content, folder, found, confirm)
                elif not sought.sha256 and is_named:
                    named.setdefault(file, {}).setdefault(content.sha256, content)
                elif sought.lock and is_named:
                    found.differing.append(sought.told_of(content))
                else:
                    continue
                meant = True
                known.add(content.sha256)
        if not meant:
            found.unknown.append(name)
    for file, candidates in named.items():
        if len(candidates) == 1:
            _take(lacking.pop(file).item, next(iter(candidates.values())), folder, found, confirm)
        else:
            places = ", ".join(candidate.where for candidate in candidates.values())
            found.unreadable.append(
                f"{places}: several files with the name of {file}, whose sha256 nobody published; leave the right one"
            )
    found.missing += [sought.item for sought in lacking.values()]
    return found


def _lacking(
    wanted: Iterable[PublishedFile], source: Path, folder: Path, found: Imported, confirm: Confirm
) -> dict[str, _Lacking]:
    """What is not here yet, by file; the others go into ``found.here``."""
    carried = weights_lock.read(source)
    lacking: dict[str, _Lacking] = {}
    for item in wanted:
        if is_there(item, folder) and _is_good(item, folder, confirm):
            found.here.append(item)
            continue
        told = "" if item.sha256 == UNKNOWN else item.sha256
        known, line = digest(item, folder), carried.get(item.file)
        lock = ""
        if len(told) < 64 and known is not None:
            lock = str(folder / weights_lock.NAME)
        elif known is None and line is not None and line.sha256.startswith(told):
            known, lock = line.sha256, str(source / weights_lock.NAME)
        lacking[item.file] = _Lacking(item=item, sha256=known or told, lock=lock)
    return lacking


def _take(
    item: PublishedFile, content: _Found, folder: Path, found: Imported, confirm: Confirm
) -> None:
    """Copy a file to its place; where it cannot be what it should be, tell of it and leave all as
    it was.
    """
    path = folder / item.file
    aside = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        if path.exists():
            path.replace(aside)
        place(_chunks(content.path, content.member), item, folder, origin=content.where)
        confirm(item, folder, origin="imported")
    except (WeightsError, OSError) as error:
        path.unlink(missing_ok=True)
        if aside.exists():
            aside.replace(path)
        remove_empty(path, folder)
        said = str(error).replace(str(path), content.where)
        found.unreadable.append(
            said if said.startswith(content.where) else f"{content.where}: {said}"
        )
        found.missing.append(item)
        return
    aside.unlink(missing_ok=True)
    found.copied.append((item, content.where))


def _is_good(item: PublishedFile, folder: Path, confirm: Confirm) -> bool:
    try:
        check(item, folder)
        confirm(item, folder, origin=FOUND_HERE)
    except WeightsError:
        return False
    return True


def _files_below(top: Path, unreadable: list[str]) -> Iterator[Path]:
    """All but folders and our lock, sorted within each folder.

    Links are followed, no folder is visited twice.
    """
    visited: set[tuple[int, int]] = set()
    ours = (weights_lock.FETCHING, weights_lock.NAME)

    def failed(error: OSError) -> None:
        unreadable.append(f"{error.filename}: {error.strerror}")

    for folder, subfolders, names in os.walk(top, followlinks=True, onerror=failed):
        about = Path(folder).stat()
        if (about.st_dev, about.st_ino) in visited:
            subfolders.clear()
            continue
        visited.add((about.st_dev, about.st_ino))
        subfolders.sort()
        yield from (Path(folder) / name for name in sorted(names) if name not in ours)


def _contents(path: Path, name: str) -> Iterator[_Found]:
    """A file, and what lies in it, if it is an archive by its name."""
    yield _Found(path=path, member=None, where=name, sha256=_digest(_chunks(path, None)))
    if path.suffix.lower() in ARCHIVES:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir():
                    with archive.open(member) as stream:
                        sha256 = _digest(_pieces(stream))
                    where = f"{member.filename} in {name}"
                    yield _Found(path=path, member=member.filename, where=where, sha256=sha256)


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
    hasher = hashlib.sha256()
    for chunk in chunks:
        hasher.update(chunk)
    return hasher.hexdigest()
