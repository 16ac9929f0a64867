"""Stage tables on disk, found by key; and the memory of which file has which digest."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from ferbench.errors import CacheError
from ferbench.pipeline import tables
from ferbench.provenance import library_versions, revision
from ferbench.results import StageKey
from ferbench.rights import make_folder
from ferbench.version import __version__
from ferbench.weights.digests import sha256_of

log = logging.getLogger("ferbench")

WAIT_TOLD_S = 10.0
"""Waiting for another process is told after so many seconds."""


class Cache:
    """Tables below one folder: ``<folder>/<stage>/<first two digits>/<key>.parquet``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
        """Be the only process that makes what belongs to a key; others wait.

        The lock is the system's, so it ends with the process that holds it, however that ends; its
        empty file stays.

        Args:
            key: whose table is made.
            waiting: called once when another process has held it for ``WAIT_TOLD_S``.

        Raises:
            CacheError: the folder cannot be written.
        """
        file = self.folder / "locks" / f"{key.key}.lock"
        held = FileLock(file)
        try:
            make_folder(file.parent)
            try:
                held.acquire(timeout=WAIT_TOLD_S)
            except Timeout:
                waiting()
                held.acquire()
        except OSError as error:
            raise CacheError(f"{file} cannot be locked: {error.strerror or error}") from error
        try:
            yield
        finally:
            held.release()

    def digest(self, path: Path) -> str:
        """SHA-256 of a file, remembered by path, size, modification time and inode."""
        status = path.stat()
        mark = (str(path.resolve()), status.st_size, status.st_mtime_ns, str(status.st_ino))
        known = self._remembered(
            "SELECT sha256, seal FROM sealed_digest "
            "WHERE path = ? AND size = ? AND mtime_ns = ? AND inode = ?",
            mark,
        )
        if known and known[1] == _seal(*mark, known[0]):
            return str(known[0])
        sha256 = sha256_of(path)
        self._remembered(
            "INSERT OR REPLACE INTO sealed_digest VALUES (?, ?, ?, ?, ?, ?)",
            (*mark, sha256, _seal(*mark, sha256)),
        )
        return sha256

    def _remembered(self, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Ask or tell the memory of digests.

        Without a usable one, files are read again each time.
        """
        file = self.folder / "digests.sqlite"
        try:
            make_folder(self.folder)
            with closing(sqlite3.connect(file, timeout=30)) as memory, memory:
                memory.execute(
                    "CREATE TABLE IF NOT EXISTS sealed_digest "
                    "(path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, "
                    "inode TEXT, sha256 TEXT, seal TEXT)"
                )
                found: tuple[Any, ...] | None = memory.execute(statement, values).fetchone()
                return found
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            log.warning(
                "%s cannot be used (%s); delete it. Until then every video is read twice",
                file,
                error,
            )
        except OSError as error:
            raise CacheError(
                f"the cache folder {self.folder} cannot be used: {error.strerror or error}"
            ) from error
        return None

    def size_bytes(self) -> int:
        """Bytes that all stored tables take."""
        return (
            sum(p.stat().st_size for p in self.folder.rglob("*.parquet"))
            if self.folder.is_dir()
            else 0
        )


def _seal(*values: object) -> str:
    """The digest of a row of the memory: a bit that flipped on the disk changes no video's key."""
    return hashlib.sha256(repr(values).encode()).hexdigest()
