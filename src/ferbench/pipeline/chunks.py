"""Chunks: finished rows of a video that is not done yet, stored so that a rerun goes on from there.

A chunk holds the rows of consecutive frames of one table, in the table's own form and sealed like
it: ``chunks/<key of the table>/<first frame>-<frame after the last>.parquet``. Each table has its
own, so that another recipe with the same detector goes on from the faces that are there. Chunks are
no results: they are used by the same versions only, end where a read of frames ends, and are
deleted once the whole table is stored.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from ferbench.errors import CacheError
from ferbench.pipeline import tables
from ferbench.provenance import library_versions
from ferbench.version import __version__

log = logging.getLogger("ferbench")

KEPT_S: Final = 7 * 24 * 3600.0
"""Chunks that nobody went on from for so long are deleted."""

_NAME: Final = re.compile(r"([0-9]{1,12})-([0-9]{1,12})\.parquet")
_told: set[Path] = set()
"""Folders of which this process has said that they cannot be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Rows of consecutive frames of a table.

    Attributes:
        first: its first frame.
        until: the frame after its last one.
        busy_s: seconds that were spent on them.
        table: the rows.
        about: what is stored about them.
    """

    first: int
    until: int
    busy_s: float
    table: pa.Table
    about: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunks:
    """The chunks of any number of tables below one folder.

    Attributes:
        folder: of all chunks.
        read_frames: frames of a read; chunks of other reads are not used.
        every_s: seconds after which a chunk is written.
        is_same_video: whether the video is still the one whose tables are made.
    """

    folder: Path
    read_frames: int
    every_s: float
    is_same_video: Callable[[], bool]

    def stored(self, key: str) -> Iterator[Chunk]:
        """The chunks of a table that follow each other from the first frame on.

        One that cannot be read, or that other versions wrote, ends them.
        """
        known: list[tuple[int, int]] = []
        with suppress(OSError):  # they are in use from now on, long before the next one is written
            os.utime(self.folder / key)
        with suppress(OSError):
            names = [_NAME.fullmatch(path.name) for path in (self.folder / key).iterdir()]
            known = [(int(name[1]), int(name[2])) for name in names if name]
        at = 0
        while True:
            longest_first = sorted((until for first, until in known if first == at), reverse=True)
            chunks = (self._read(key, at, until) for until in longest_first if until > at)
            chunk = next((chunk for chunk in chunks if chunk is not None), None)
            if chunk is None:
                return
            yield chunk
            at = chunk.until

    def write(self, key: str, chunk: Chunk) -> None:
        """Store a chunk. That it cannot be is told once, and ends nothing."""
        about = {**chunk.about, **self._marks(key, chunk.first, chunk.until)}
        try:
            tables.write(
                self._path(key, chunk.first, chunk.until),
                chunk.table,
                {**about, "busy_s": chunk.busy_s},
            )
        except OSError as error:
            if self.folder not in _told:
                _told.add(self.folder)
                log.warning(
                    "what is finished of a video cannot be stored in %s (%s); it goes on, but "
                    "would begin anew if it were broken off",
                    self.folder,
                    error.strerror or error,
                )

    def forget(self, keys: Iterable[str]) -> None:
        """Delete the chunks of tables."""
        for key in keys:
            shutil.rmtree(self.folder / key, ignore_errors=True)

    def forget_old(self) -> None:
        """Delete what nobody went on from for ``KEPT_S``."""
        folders: list[Path] = []
        with suppress(OSError):
            folders = list(self.folder.iterdir())
        for folder in folders:
            with suppress(OSError):
                if time.time() - folder.stat().st_mtime > KEPT_S:
                    shutil.rmtree(folder, ignore_errors=True)

    def _read(self, key: str, first: int, until: int) -> Chunk | None:
        try:
            table, about = tables.read(self._path(key, first, until))
            expected = self._marks(key, first, until)
            if expected != {name: about[name] for name in expected}:
                return None
            busy_s = float(about["busy_s"])
        except (CacheError, KeyError, TypeError, ValueError) as error:
            log.debug("%s: %s", type(error).__name__, error)
            return None
        return Chunk(first=first, until=until, busy_s=busy_s, table=table, about=about)

    def _path(self, key: str, first: int, until: int) -> Path:
        return self.folder / key / f"{first}-{until}.parquet"

    def _marks(self, key: str, first: int, until: int) -> dict[str, Any]:
        """What a chunk that is used has to say of itself."""
        return {
            "chunk_of": key,
            "frames": [first, until],
            "read_frames": self.read_frames,
            "versions": {"ferbench": __version__, **library_versions()},
        }
