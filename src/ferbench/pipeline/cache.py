"""Stage tables on disk, found by key; and the memory of which file has which digest."""

from __future__ import annotations

import platform
import sqlite3
import time
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow as pa

from ferbench import __version__
from ferbench.errors import CacheError
from ferbench.pipeline import tables
from ferbench.results import StageKey
from ferbench.weights import sha256_of


def library_versions() -> dict[str, str]:
    """Versions of what takes part in computing a table."""
    names = ("av", "numpy", "pyarrow", "torch", "torchvision")
    found = {name: metadata.version(name) for name in names}
    return {"python": platform.python_version(), **found}


class Cache:
    """Tables below one folder: ``<folder>/<stage>/<first two digits>/<key>.parquet``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

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
            raise CacheError(f"{self.path(key)} holds the table of another key ({about.get('key')}); delete it")
        return table, about

    def write(self, key: StageKey, table: pa.Table, about: Mapping[str, Any]) -> dict[str, Any]:
        """Store a table; its description is completed with key, spec and versions, and returned."""
        full = {
            **about,
            "stage": key.stage,
            "key": key.key,
            "spec": key.spec,
            "ferbench": __version__,
            "versions": library_versions(),
            "made_unix_s": time.time(),
        }
        tables.write(self.path(key), table, full)
        return full

    def digest(self, path: Path) -> str:
        """SHA-256 of a file, remembered by path, size, modification time and inode."""
        status = path.stat()
        mark = (str(path.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)
        self.folder.mkdir(parents=True, exist_ok=True)
        with sqlite3.connect(self.folder / "digests.sqlite", timeout=30) as memory:
            memory.execute(
                "CREATE TABLE IF NOT EXISTS digest "
                "(path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, inode TEXT, sha256 TEXT)"
            )
            known = memory.execute(
                "SELECT sha256 FROM digest WHERE path = ? AND size = ? AND mtime_ns = ? AND inode = ?",
                (*mark[:3], str(mark[3])),
            ).fetchone()
        if known:
            return str(known[0])
        sha256 = sha256_of(path)
        with sqlite3.connect(self.folder / "digests.sqlite", timeout=30) as memory:
            memory.execute("INSERT OR REPLACE INTO digest VALUES (?, ?, ?, ?, ?)", (*mark[:3], str(mark[3]), sha256))
        return sha256

    def size_bytes(self) -> int:
        """Bytes that all stored tables take."""
        return sum(p.stat().st_size for p in self.folder.rglob("*.parquet")) if self.folder.is_dir() else 0
