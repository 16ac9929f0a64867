"""Which stored results go when a cache is to be smaller, and their removal."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.atomic import part_beside
from ferbench.errors import CacheError
from ferbench.pipeline import key_lock
from ferbench.pipeline.cache_contents import CHUNKS, KEPT, Contents, Entry, Leftover, last_used
from ferbench.pipeline.chunks import KEPT_S

IN_USE_S: Final = 24 * 3600.0
"""What was used within so long is not deleted to reach a size: a run may still need it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What is deleted.

    Attributes:
        entries: stored results, in that order.
        leftovers: what dead processes left.
        left_bytes: what all other results take.
    """

    entries: tuple[Entry, ...]
    leftovers: tuple[Leftover, ...]
    left_bytes: int

    @property
    def freed_bytes(self) -> int:
        """What the deleted take."""
        of_leftovers = sum(leftover.size_bytes for leftover in self.leftovers)
        return of_leftovers + sum(entry.size_bytes for entry in self.entries)


def choose(
    contents: Contents,
    *,
    to_bytes: int | None = None,
    unused_s: float | None = None,
    stages: Collection[str] = (),
) -> Pruning:
    """Choose what is deleted: unfinished videos first, then what was not used for longest.

    Args:
        contents: of the cache.
        to_bytes: no more than needed to come to this size; None = all that may be deleted.
        unused_s: what was not used for so long may be; None = ``IN_USE_S`` where a size is asked
            for, else nothing but old chunks.
        stages: only results of these; () = of all.
    """
    old = [each for each in contents.entries if _is_old_chunk(each, contents)]
    may_go: list[Entry] = []
    if to_bytes is not None or unused_s is not None:
        least_s = IN_USE_S if unused_s is None else unused_s
        may_go = [
            each
            for each in contents.entries
            if each not in old and _may_go(each, contents, least_s, stages)
        ]
    may_go.sort(key=lambda each: (each.stage != CHUNKS, each.used_unix_s, str(each.path)))
    left_bytes = contents.size_bytes - sum(each.size_bytes for each in old)
    chosen = list(old)
    for entry in may_go:
        if to_bytes is not None and left_bytes <= to_bytes:
            break
        chosen.append(entry)
        left_bytes -= entry.size_bytes
    return Pruning(entries=tuple(chosen), leftovers=contents.leftovers, left_bytes=left_bytes)


def delete(pruning: Pruning) -> None:
    """Delete what was chosen; what was used meanwhile stays.

    Raises:
        CacheError: something cannot be deleted.
    """
    for leftover in pruning.leftovers:
        delete_leftover(leftover)
    for entry in pruning.entries:
        _delete(entry.path, entry.used_unix_s)


def delete_leftover(leftover: Leftover) -> None:
    """Delete what a dead process left.

    Raises:
        CacheError: it cannot be deleted.
    """
    path = leftover.path
    if path.suffix != key_lock.SUFFIX:
        _delete(path, None)
        return
    try:
        seen = key_lock.look_at(path)
        if seen is not None:
            key_lock.remove(path, seen.text)
    except OSError as error:
        raise _cannot(path, error) from error


def _is_old_chunk(entry: Entry, contents: Contents) -> bool:
    return entry.stage == CHUNKS and _may_go(entry, contents, KEPT_S, ())


def _may_go(entry: Entry, contents: Contents, unused_s: float, stages: Collection[str]) -> bool:
    is_asked = not stages or entry.stage in stages
    is_free = entry.stage != KEPT and entry.key not in contents.held
    if entry.stage == CHUNKS and contents.held:  # a pass stores more tables than it locks
        return False
    return is_asked and is_free and contents.now_unix_s - entry.used_unix_s >= unused_s


def _delete(path: Path, used_unix_s: float | None) -> None:
    """Delete a file or a folder, unless it was used since; it goes as a whole."""
    try:
        if used_unix_s is not None and last_used(path) != used_unix_s:
            return
        if path.is_dir():
            aside = part_beside(path)
            path.rename(aside)
            shutil.rmtree(aside)
        else:
            path.unlink()
    except FileNotFoundError:
        return  # another process has deleted it
    except OSError as error:
        raise _cannot(path, error) from error


def _cannot(path: Path, error: OSError) -> CacheError:
    return CacheError(f"{path} cannot be deleted: {error.strerror or error}")
