"""What lies in a cache: stored results, and what processes that ended left half done."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.atomic import is_part, writer_of
from ferbench.errors import CacheError
from ferbench.owner import fate_of
from ferbench.pipeline.key_lock import ASIDE, SUFFIX, look_at
from ferbench.pipeline.sealed import MANIFEST

LOCKS: Final = "locks"
CHUNKS: Final = "chunks"
"""Rows of videos that are not done yet: a folder for each table."""
KEPT: Final = "suspects"
"""What is known of videos that ended their decoder: a few bytes each, and never deleted."""
SEEN: Final = ".seen-"
"""Begin of the name of a file, at the top, by which machines see that their cache is the same."""

_LEFT_S: Final = 3600.0
"""Nothing is written for so long: what is older was left by a writer who cannot be seen from here.
"""
_SILENT_S: Final = 600.0
"""A lock whose holder, on another machine, has shown nothing for so long is one of a dead one."""
_SWEEP_S: Final = 30 * 24 * 3600.0
"""No sweep takes so long: an older file of one was left by a killed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A stored result.

    Attributes:
        path: a file, or a folder that is one result.
        stage: name of the folder of the cache that it lies in; "" = none.
        size_bytes: of all its files.
        num_files: how many these are.
        used_unix_s: when it was used last, to an hour, by the clock of the file server.
    """

    path: Path
    stage: str
    size_bytes: int
    num_files: int
    used_unix_s: float

    @property
    def key(self) -> str:
        """The key of what it is, or a name that is no key."""
        return self.path.name.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What a process left that ended: nobody writes or holds it any more.

    Attributes:
        path: a file or a folder.
        what: ``half written``, ``lock``, ``lock of an older version`` or ``mark of a sweep``.
        size_bytes: of all its files.
    """

    path: Path
    what: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that lies in a cache.

    Attributes:
        folder: the cache.
        now_unix_s: the time on the clock that dates its files.
        entries: stored results, by path.
        leftovers: what may be removed without loss.
        held: keys that a process works on.
    """

    folder: Path
    now_unix_s: float
    entries: tuple[Entry, ...]
    leftovers: tuple[Leftover, ...]
    held: frozenset[str]

    @property
    def size_bytes(self) -> int:
        """Of all stored results."""
        return sum(entry.size_bytes for entry in self.entries)


def contents_of(folder: Path) -> Contents:
    """Look at a cache; others may write to it meanwhile.

    Raises:
        CacheError: there is no such folder, or it cannot be read.
    """
    try:
        paths = sorted(folder.iterdir())
        now_unix_s = _now(folder)
        entries: list[Entry] = []
        leftovers: list[Leftover] = []
        for path in paths:
            if path.name != LOCKS:
                _look(path, path.name, now_unix_s, entries, leftovers)
        dead, held = locks_of(folder, now_unix_s)
    except OSError as error:
        raise CacheError(f"{folder} cannot be read: {error.strerror or error}") from error
    return Contents(
        folder=folder,
        now_unix_s=now_unix_s,
        entries=tuple(entries),
        leftovers=(*leftovers, *dead),
        held=frozenset(held),
    )


def locks_of(folder: Path, now_unix_s: float) -> tuple[list[Leftover], set[str]]:
    """Locks of dead processes, and the keys of all others.

    Raises:
        OSError: they cannot be read.
    """
    dead: list[Leftover] = []
    held: set[str] = set()
    with suppress(FileNotFoundError):
        for path in sorted((folder / LOCKS).iterdir()):
            seen = look_at(path)
            if seen is None:
                continue
            silent_s = now_unix_s - seen.beat_ns / 1e9
            is_lock = path.suffix == SUFFIX
            ended = seen.fate == "ended" and path.suffix != ASIDE
            if ended or silent_s > _SILENT_S:
                what = "lock" if is_lock or path.suffix == ASIDE else "lock of an older version"
                dead.append(Leftover(path=path, what=what, size_bytes=len(seen.text)))
            elif is_lock:
                held.add(path.stem)
    return dead, held


def _look(
    path: Path, stage: str, now_unix_s: float, entries: list[Entry], leftovers: list[Leftover]
) -> None:
    """Note what a file is, or a folder and all that is in it."""
    try:
        is_folder = path.is_dir()
        if is_part(path.name):
            size_bytes, _, touched_unix_s = _sized(path)
            if _is_left(path.name, now_unix_s - touched_unix_s):
                left = Leftover(path=path, what="half written", size_bytes=size_bytes)
                leftovers.append(left)
        elif path.name.startswith(SEEN):
            size_bytes, _, touched_unix_s = _sized(path)
            if now_unix_s - touched_unix_s > _SWEEP_S:
                left = Leftover(path=path, what="mark of a sweep", size_bytes=size_bytes)
                leftovers.append(left)
        elif is_folder and not _is_one(path):
            for below in sorted(path.iterdir()):
                _look(below, stage, now_unix_s, entries, leftovers)
        else:
            size_bytes, num_files, used_unix_s = _sized(path)
            entries.append(
                Entry(
                    path=path,
                    stage=stage if path.name != stage else "",
                    size_bytes=size_bytes,
                    num_files=num_files,
                    used_unix_s=used_unix_s,
                )
            )
    except FileNotFoundError:
        return  # another process has just removed it


def _is_one(folder: Path) -> bool:
    """Whether a folder is one result."""
    return folder.parent.name == CHUNKS or (folder / MANIFEST).is_file()


def _is_left(name: str, age_s: float) -> bool:
    """Whether a file that is being written was left by its writer."""
    fate = fate_of(writer_of(name))
    return fate == "ended" or (fate == "unknown" and age_s > _LEFT_S)


def last_used(path: Path) -> float:
    """When a stored result, or anything in it, was used last, in seconds since 1970."""
    return _sized(path)[2]


def _sized(path: Path) -> tuple[int, int, float]:
    """Bytes, number of files, and the latest modification of a file or a folder."""
    own = path.stat()
    if not path.is_dir():
        return own.st_size, 1, own.st_mtime
    about = [file.stat() for file in _files(path)]
    latest_unix_s = max([own.st_mtime, *(each.st_mtime for each in about)])
    return sum(each.st_size for each in about), len(about), latest_unix_s


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _now(folder: Path) -> float:
    """The time on the clock that dates files there: that of the server, of a mount."""
    probe = folder / f".{uuid.uuid4().hex}.now"
    try:
        probe.touch(mode=0o600)
        return probe.stat().st_mtime
    except OSError:  # it can be read only
        return time.time()
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
