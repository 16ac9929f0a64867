"""The cache: what is stored, what may go, what is broken."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ferbench.checks import check_choice
from ferbench.errors import CacheError, ConfigError
from ferbench.pipeline import cache_prune
from ferbench.pipeline.cache_check import broken_ones, table_about
from ferbench.pipeline.cache_contents import Contents, Entry, contents_of, locks_of
from ferbench.places import cache_dir, default_root
from ferbench.wording import did_you_mean
from ferbench.workflows.cache_results import (
    CacheListing,
    CacheRow,
    CheckedCache,
    PrunedCache,
    size_text,
)

log = logging.getLogger("ferbench")

_DAY_S = 24 * 3600.0


def list_cache(
    *, folder: Path | str | None = None, by: Literal["stage", "video"] = "stage"
) -> CacheListing:
    """What lies in a cache; nothing is changed.

    Args:
        folder: the cache; None = the default one.
        by: a row per stage, or per video, named by its SHA-256 (names are not stored).

    Raises:
        CacheError: there is no such folder, or it cannot be read.
    """
    check_choice("by", by, ("stage", "video"))
    contents = contents_of(_usual(folder))
    groups: dict[str, list[Entry]] = {}
    videos = _videos(contents) if by == "video" else {}
    for entry in contents.entries:
        name = videos.get(entry.key, "")[:12] if by == "video" else entry.stage
        groups.setdefault(name, []).append(entry)
    rows = [CacheRow.of(name, entries) for name, entries in groups.items()]
    return CacheListing(
        folder=contents.folder,
        by=by,
        rows=tuple(sorted(rows, key=lambda row: (-row.size_bytes, row.name))),
        num_leftovers=len(contents.leftovers),
        num_held=len(contents.held),
    )


def prune_cache(
    *,
    folder: Path | str | None = None,
    to_gb: float | None = None,
    older_than_days: float | None = None,
    stages: str | Sequence[str] = (),
    dry_run: bool = False,
) -> PrunedCache:
    """Make a cache smaller: what was not used for longest goes first, what is in use stays.

    What processes left that were killed, and unfinished videos that nobody went on with for a week,
    go in any case; without ``to_gb`` and ``older_than_days`` nothing else does.

    Args:
        folder: the cache; None = the default one.
        to_gb: the size to come to, in 10^9 bytes; what was used within a day stays unless
            ``older_than_days`` says less.
        older_than_days: what was not used for so many days goes; with ``to_gb`` no more of it than
            needed.
        stages: only results of these (``faces``); none = of all.
        dry_run: only say what would be deleted.

    Raises:
        ConfigError: no such stage, or a number below 0.
        CacheError: there is no such folder, or something cannot be read or deleted.
    """
    for key, value in (("to_gb", to_gb), ("older_than_days", older_than_days)):
        if value is not None and not value >= 0:
            raise ConfigError(key=key, expected="at least 0", got=value)
    contents = contents_of(_usual(folder))
    to_bytes = None if to_gb is None else int(to_gb * 1e9)
    pruning = cache_prune.choose(
        contents,
        to_bytes=to_bytes,
        unused_s=None if older_than_days is None else older_than_days * _DAY_S,
        stages=_stages(stages, contents),
    )
    if not dry_run:
        cache_prune.delete(pruning)
    return PrunedCache(pruning=pruning, to_bytes=to_bytes, dry_run=dry_run)


def verify_cache(*, folder: Path | str | None = None, delete: bool = False) -> CheckedCache:
    """Read everything that is stored, and say what is not as it was written.

    Args:
        folder: the cache; None = the default one.
        delete: delete what is broken, and what processes left that were killed; it is made again
            when it is needed.

    Raises:
        CacheError: there is no such folder, or something cannot be deleted.
    """
    contents = contents_of(_usual(folder))
    broken = tuple(broken_ones(contents))
    if delete:
        entries = tuple(each.entry for each in broken)
        cache_prune.delete(
            cache_prune.Pruning(entries=entries, leftovers=contents.leftovers, left_bytes=0)
        )
    return CheckedCache(contents=contents, broken=broken, deleted=delete)


def keep_in_order(folder: Path, limit_gb: float | None) -> str:
    """After a run: remove the locks of dead processes, and keep the cache within its limit.

    What hinders that hinders no run: it is told.

    Args:
        folder: the cache.
        limit_gb: its limit in 10^9 bytes; None = there is none, and it is not looked through.

    Returns:
        What became of it, in a line; "" = there is nothing to say.
    """
    try:
        _remove_dead_locks(folder)
        if limit_gb is None:
            return ""
        pruned = prune_cache(folder=folder, to_gb=limit_gb)
    except (CacheError, OSError) as error:
        log.warning("the cache was not kept in order: %s", error)
        return ""
    limit = size_text(int(limit_gb * 1e9))
    if pruned.is_over:
        return (
            f"the cache is over its limit of {limit}: {size_text(pruned.pruning.left_bytes)}, "
            "used within a day"
        )
    if pruned.pruning.entries:
        return f"the cache was kept within {limit}: {pruned.line()}"
    return ""


def _remove_dead_locks(folder: Path) -> None:
    dead, _ = locks_of(folder, 0.0)  # none is old enough: those that are certain
    for leftover in dead:
        cache_prune.delete_leftover(leftover)


def _usual(folder: Path | str | None) -> Path:
    return cache_dir(default_root()) if folder is None else Path(folder)


def _stages(stages: str | Sequence[str], contents: Contents) -> tuple[str, ...]:
    """The stages that were named.

    Raises:
        ConfigError: there is none of that name.
    """
    names = (stages,) if isinstance(stages, str) else tuple(stages)
    known = sorted({entry.stage for entry in contents.entries if entry.stage})
    for name in names:
        if name not in known:
            raise ConfigError(
                f"no stage {name!r} in {contents.folder}; expected of {', '.join(known)}"
                f"{did_you_mean(name, known)}",
                key="stages",
            )
    return names


def _videos(contents: Contents) -> dict[str, str]:
    """The SHA-256 of the video that each table was made of, by the table's key."""
    made_of: dict[str, str] = {}
    videos: dict[str, str] = {}
    for entry in contents.entries:
        if entry.path.suffix != ".parquet":
            continue
        spec = _spec(entry.path)
        before = spec.get("frames") or spec.get("faces")
        if isinstance(spec.get("video"), str):
            videos[entry.key] = str(spec["video"])
        elif isinstance(before, str):
            made_of[entry.key] = before
    for key in made_of:
        at = key
        while at in made_of:
            at = made_of[at]
        if at in videos:
            videos[key] = videos[at]
    return videos


def _spec(path: Path) -> dict[str, object]:
    """What a table says that it was made from; {} = it does not."""
    try:
        spec = json.loads(str(table_about(path)["spec"]))
    except (KeyError, ValueError):
        return {}
    return spec if isinstance(spec, dict) else {}
