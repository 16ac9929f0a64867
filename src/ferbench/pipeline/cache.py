"""Stage tables on disk, found by key; and the memory of which file has which digest."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from ferbench.atomic import write_text
from ferbench.errors import CacheError
from ferbench.last_use import mark_used
from ferbench.pipeline import tables
from ferbench.pipeline.key_lock import SUFFIX, locked
from ferbench.provenance import library_versions, revision
from ferbench.results import StageKey
from ferbench.rights import make_folder
from ferbench.version import __version__
from ferbench.weights.digests import sha256_of

log = logging.getLogger("ferbench")

_told: Final[set[str]] = set()
WAIT_TOLD_S = 10.0
"""Waiting for another process is told after so many seconds."""


class Cache:
    """Tables below one folder: ``<folder>/<stage>/<first two digits>/<key>.parquet``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def locks(self) -> Path:
        """Folder of the locks that are held."""
        return self.folder / "locks"

    @property
    def suspects(self) -> Path:
        """Folder of what is known of videos that ended their decoder."""
        return self.folder / "suspects"

    @property
    def chunks(self) -> Path:
        """Folder of what is finished of videos that are not done yet."""
        return self.folder / "chunks"

    def path(self, key: StageKey) -> Path:
        """Where the table of a key lies, or would lie."""
        return self.folder / key.stage / key.key[:2] / f"{key.key}.parquet"

    def has(self, key: StageKey) -> bool:
        """Whether the table is there."""
        return self.path(key).is_file()

    def read(self, key: StageKey) -> tuple[pa.Table, dict[str, Any]]:
        """The table and its description.

        Raises:
            CacheError: not readable, or it says it is another key's.
        """
        table, about = tables.read(self.path(key))
        if about.get("key") != key.key:
            raise CacheError(
                f"{self.path(key)} holds the table of another key ({about.get('key')}); delete it"
            )
        mark_used(self.path(key))
        return table, about

    def write(self, key: StageKey, table: pa.Table, about: Mapping[str, Any]) -> dict[str, Any]:
        """Store a table; its description is completed with key, spec and versions, and returned.

        Raises:
            CacheError: the disk is full, or the folder cannot be written.
        """
        full = {
            **about,
            "stage": key.stage,
            "key": key.key,
            "spec": key.spec,
            "ferbench": __version__,
            "revision": revision()[0] + ("-dirty" if revision()[1] else ""),
            "versions": library_versions(),
            "made_unix_s": time.time(),
        }
        try:
            tables.write(self.path(key), table, full)
        except OSError as error:
            raise CacheError(
                f"{self.path(key)} cannot be written: {error.strerror or error}"
            ) from error
        return full

    @contextmanager
    def lock(self, key: StageKey, *, waiting: Callable[[], None]) -> Iterator[None]:
        """Be the only process, of all machines, that makes what belongs to a key; others wait.

        A process that ended with the lock loses it (``ferbench.pipeline.key_lock``).

        Args:
            key: whose table is made.
            waiting: called once when another process has held it for ``WAIT_TOLD_S``.

        Raises:
            CacheError: the folder cannot be written.
        """
        file = self.locks / f"{key.key}{SUFFIX}"
        with ExitStack() as held:
            try:
                held.enter_context(locked(file, told_after_s=WAIT_TOLD_S, waiting=waiting))
            except OSError as error:
                raise CacheError(f"{file} cannot be locked: {error.strerror or error}") from error
            yield

    def digest(self, path: Path) -> str:
        """SHA-256 of a file, remembered by path, size, modification time and inode.

        Each is remembered in a file of its own, named by a digest of these: any number of machines
        may write them, and no path stands in them.

        Raises:
            CacheError: the cache folder cannot be used.
        """
        status = path.stat()
        mark = (str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)
        name = _digest_of(*mark)
        memory = self.folder / "digests" / name[:2] / f"{name}.txt"
        known = remembered(memory)
        if known:
            mark_used(memory)
            return known
        sha256 = sha256_of(path)
        self._remember(memory, sha256)
        return sha256

    def _remember(self, memory: Path, sha256: str) -> None:
        """Keep a digest; without a usable memory, files are read again each time."""
        try:
            make_folder(self.folder)
        except OSError as error:
            raise CacheError(
                f"the cache folder {self.folder} cannot be used: {error.strerror or error}"
            ) from error
        try:
            write_text(memory, f"{sha256} {_digest_of(memory.name, sha256)}\n")
        except OSError as error:
            self._tell(f"{memory.parent.parent} cannot be written ({error.strerror or error})")

    def _tell(self, text: str) -> None:
        """Say once why the memory of digests is of no use: it is asked for every video."""
        if text not in _told:
            _told.add(text)
            log.warning("%s. Until it can be, every video is read twice", text)

    def size_bytes(self) -> int:
        """Bytes that all stored tables take."""
        return (
            sum(p.stat().st_size for p in self.folder.rglob("*.parquet"))
            if self.folder.is_dir()
            else 0
        )


def remembered(memory: Path) -> str:
    """The digest that a file of the memory holds; "" = none, or one that changed on the disk."""
    try:
        sha256, _, seal = memory.read_text(encoding="utf-8").strip().partition(" ")
    except (OSError, UnicodeDecodeError):
        return ""
    if seal != _digest_of(memory.name, sha256):
        return ""
    return sha256


def _digest_of(*values: object) -> str:
    return hashlib.sha256(repr(values).encode()).hexdigest()
