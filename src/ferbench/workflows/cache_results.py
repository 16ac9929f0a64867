"""What commands about the cache give: what is stored, what was deleted, what is broken."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.pipeline.cache_check import Broken
from ferbench.pipeline.cache_contents import Contents, Entry
from ferbench.pipeline.cache_prune import Pruning
from ferbench.report.text_table import TextTable
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd


def size_text(size_bytes: int) -> str:
    """A size for people.

    >>> size_text(0), size_text(4200), size_text(83_400_000), size_text(12_000_000_000)
    ('0.0 kB', '4.2 kB', '83.4 MB', '12.0 GB')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes / 1e3:.1f} kB"


def day_text(unix_s: float) -> str:
    """A time of this machine's zone, such as ``2025-03-04 10:07``."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRow:
    """Stored results that belong together.

    Attributes:
        name: of the stage, or the first 12 digits of a video's SHA-256; "" = of none.
        results: how many there are.
        files: of how many files.
        size_bytes: what they take.
        oldest_use_unix_s: when the one was used last that was not used for longest.
        last_use_unix_s: when one was used last.
    """

    name: str
    results: int
    files: int
    size_bytes: int
    oldest_use_unix_s: float
    last_use_unix_s: float

    @classmethod
    def of(cls, name: str, entries: Sequence[Entry]) -> CacheRow:
        """Sum results up."""
        return cls(
            name=name,
            results=len(entries),
            files=sum(entry.num_files for entry in entries),
            size_bytes=sum(entry.size_bytes for entry in entries),
            oldest_use_unix_s=min(entry.used_unix_s for entry in entries),
            last_use_unix_s=max(entry.used_unix_s for entry in entries),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CacheListing:
    """What lies in a cache.

    Attributes:
        folder: the cache.
        by: what a row is about, ``stage`` or ``video``.
        rows: the largest first.
        num_leftovers: what dead processes left.
        num_held: results that a process works on now.
    """

    folder: Path
    by: str
    rows: tuple[CacheRow, ...]
    num_leftovers: int
    num_held: int

    @property
    def size_bytes(self) -> int:
        """Of all results."""
        return sum(row.size_bytes for row in self.rows)

    def __repr__(self) -> str:
        """``CacheListing: 12.0 GB, 1204 files in /data/cache``."""
        return f"CacheListing: {self.total()}"

    def total(self) -> str:
        """``12.0 GB, 1204 files in /data/cache``."""
        files = sum(row.files for row in self.rows)
        return f"{size_text(self.size_bytes)}, {plural(files, 'file')} in {self.folder}"

    def notes(self) -> list[str]:
        """A sentence about what is no result."""
        notes = []
        if self.num_held:
            notes.append(f"{plural(self.num_held, 'result')} being made now")
        if self.num_leftovers:
            notes.append(f"{plural(self.num_leftovers, 'file')} that dead processes left")
        return notes

    def to_frame(self) -> pd.DataFrame:
        """A row per stage, or video."""
        import pandas as pd

        columns = ("results", "files", "size_bytes", "oldest_use_unix_s", "last_use_unix_s")
        rows = [(row.name, *(getattr(row, name) for name in columns)) for row in self.rows]
        return pd.DataFrame(rows, columns=[self.by, *columns])

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "folder": str(self.folder),
            "size_bytes": self.size_bytes,
            "leftovers": self.num_leftovers,
            "held": self.num_held,
            "rows": self.to_frame().to_dict("records"),
        }

    def text_table(self) -> TextTable:
        """The rows, for the screen."""
        rows = tuple(
            (
                row.name or "(other)",
                f"{row.results:,}",
                f"{row.files:,}",
                size_text(row.size_bytes),
                day_text(row.oldest_use_unix_s),
                day_text(row.last_use_unix_s),
            )
            for row in self.rows
        )
        return TextTable(
            title=self.total(),
            header=(self.by, "results", "files", "size", "oldest use", "last use"),
            rows=rows,
            importance=(self.by, "size", "results", "last use"),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PrunedCache:
    """What was deleted of a cache, or would be.

    Attributes:
        pruning: which results and leftovers.
        to_bytes: the size that was asked for; None = none was.
        dry_run: nothing was deleted.
    """

    pruning: Pruning
    to_bytes: int | None
    dry_run: bool

    @property
    def is_over(self) -> bool:
        """Whether the cache takes more than was asked for still."""
        return self.to_bytes is not None and self.pruning.left_bytes > self.to_bytes

    def __repr__(self) -> str:
        """``PrunedCache: 3 results and 1 leftover deleted (1.2 GB); 8.8 GB stay``."""
        return f"PrunedCache: {self.line()}"

    def line(self) -> str:
        """What became of it, in a line."""
        results = plural(len(self.pruning.entries), "result")
        leftovers = plural(len(self.pruning.leftovers), "leftover")
        deleted = "would be deleted" if self.dry_run else "deleted"
        freed, stay = size_text(self.pruning.freed_bytes), size_text(self.pruning.left_bytes)
        return f"{results} and {leftovers} {deleted} ({freed}); {stay} stay"

    def to_frame(self) -> pd.DataFrame:
        """A row per deleted result or leftover: ``path, stage, size_bytes, used_unix_s``."""
        import pandas as pd

        rows: list[tuple[str, str, int, float | None]] = [
            (str(each.path), each.stage, each.size_bytes, each.used_unix_s)
            for each in self.pruning.entries
        ]
        rows += [
            (str(each.path), each.what, each.size_bytes, None) for each in self.pruning.leftovers
        ]
        return pd.DataFrame(rows, columns=["path", "stage", "size_bytes", "used_unix_s"])


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CheckedCache:
    """What is broken in a cache.

    Attributes:
        contents: what was looked at.
        broken: results that cannot be used.
        deleted: broken ones and leftovers were deleted.
    """

    contents: Contents
    broken: tuple[Broken, ...]
    deleted: bool

    @property
    def is_sound(self) -> bool:
        """Whether nothing is broken, and nothing left by dead processes."""
        return not self.broken and not self.contents.leftovers

    def __repr__(self) -> str:
        """``CheckedCache: 1,204 results read, 2 broken, 0 leftovers of dead processes``."""
        return f"CheckedCache: {self.line()}"

    def line(self) -> str:
        """The numbers, in a line."""
        left = plural(len(self.contents.leftovers), "leftover")
        text = (
            f"{plural(len(self.contents.entries), 'result')} read, {len(self.broken)} broken, "
            f"{left} of dead processes"
        )
        return f"{text}; all of that deleted" if self.deleted and not self.is_sound else text

    def to_frame(self) -> pd.DataFrame:
        """A row per problem: ``path, problem`` (paths seen from the cache)."""
        import pandas as pd

        folder = self.contents.folder
        rows = [(str(each.entry.path.relative_to(folder)), each.why) for each in self.broken]
        rows += [
            (str(each.path.relative_to(folder)), f"{each.what}, of a dead process")
            for each in self.contents.leftovers
        ]
        return pd.DataFrame(rows, columns=["path", "problem"])
