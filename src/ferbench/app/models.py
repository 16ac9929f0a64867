"""``ferbench models``: which weight files there are, where they come from, and whether they are here and right."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Group
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table
from rich.text import Text

from ferbench import weights_lock
from ferbench.app.compose import published_files
from ferbench.app.console import error_console, rows_table
from ferbench.app.importing import Imported
from ferbench.errors import ConfigError, WeightsError
from ferbench.weights import Notice, OnFileBytes, PublishedFile, check, digest, fetch, is_there

GROUPS: Final = ("detector", "model")
SHOWN: Final = 10  # names of unknown files


def catalogue() -> dict[str, tuple[PublishedFile, ...]]:
    """Files by ``group/choice``."""
    return {f"{group}/{name}": files for group in GROUPS for name, files in published_files(group).items()}


def by_choice(names: Iterable[str]) -> dict[str, tuple[PublishedFile, ...]]:
    """Files of the named choices (``mtcnn`` or ``detector/mtcnn``) by choice, and the named files themselves.

    Raises:
        ConfigError: no such choice or file; names the choices there are.
    """
    everything = catalogue()
    found: dict[str, tuple[PublishedFile, ...]] = {}
    for name in names:
        hits = {key: files for key, files in everything.items() if name in (key, key.split("/")[1])}
        hits = hits or {f.file: (f,) for files in everything.values() for f in files if f.file == name}
        if not hits:
            raise ConfigError(f"no detector or model {name!r} with weights; there are: {', '.join(everything)}")
        found |= hits
    return found


def all_files() -> tuple[PublishedFile, ...]:
    """Every file that some choice names, once."""
    return tuple({item.file: item for files in catalogue().values() for item in files}.values())


def listing(folder: Path) -> Group:
    """What ``models list`` shows, readable at 80 columns: a line per choice."""
    rows = [
        [choice, _state(files, folder), size_text(files), "research only" if is_restricted(files) else ""]
        for choice, files in catalogue().items()
    ]
    table = rows_table(f"weights in {folder}", ("choice", "state", "size", "use"), rows)
    return Group(table, Text("\nfiles, licences, origins and papers of one: ferbench models list NAME", style="dim"))


def details(names: Iterable[str], folder: Path) -> Group:
    """What ``models list NAME`` shows: all that is known of a choice's files.

    Raises:
        ConfigError: no such choice or file.
    """
    shown: list[Text | Table] = []
    for choice, files in by_choice(names).items():
        lines = Table.grid(padding=(0, 1))
        for item in files:
            lines.add_row("  file", Text(f"{item.file}: {_state((item,), folder)}, size {size_text((item,))}"))
            lines.add_row("  sha256", Text(digest(item, folder) or f"{item.sha256}...", overflow="fold"))
            lines.add_row("  source", Text(str(item.source), overflow="fold"))
        for name in ("licence", "accuracy", "paper"):
            for said in dict.fromkeys(getattr(item, name) for item in files):
                lines.add_row(f"  {name}", Text(said or "not published"))
        use = "research only" if is_restricted(files) else "see the licence"
        lines.add_row("  use", Text(use))
        shown += [Text(choice, style="bold"), lines]
    return Group(*shown)


def is_restricted(files: Iterable[PublishedFile]) -> bool:
    """Whether one of the files is for research only."""
    return any(item.research_only for item in files)


def size_text(files: Iterable[PublishedFile]) -> str:
    """Their size together.

    >>> size_text(())
    '0.0 MB'
    """
    sizes = [item.size_bytes for item in files]
    total = sum(size or 0 for size in sizes) / 1e6
    if None in sizes:
        return f"over {total:.1f} MB" if total else "unknown"
    return f"{total:.1f} MB"


def _state(files: Sequence[PublishedFile], folder: Path) -> str:
    here = sum(is_there(item, folder) for item in files)
    return "here" if here == len(files) else "missing" if not here else f"{here} of {len(files)} here"


def fetch_chosen(
    choices: Mapping[str, Sequence[PublishedFile]], folder: Path, notify: Notice
) -> tuple[dict[Path, str], list[str]]:
    """Fetch choice by choice, so that one that cannot be had keeps none of the others away.

    Returns:
        The files that are there and checked, with what vouches for them, and what went wrong.
    """
    paths: dict[Path, str] = {}
    errors: dict[str, None] = {}
    with download_progress() as on_bytes:
        for choice, files in choices.items():
            restricted = [item for item in files if item.research_only and not is_there(item, folder)]
            if restricted:
                notify(f"{choice} is for research only: {restricted[0].licence}")
            try:
                fetched = fetch(files, folder, notify=notify, on_bytes=on_bytes)
                paths |= {path: how_known(item) for path, item in zip(fetched, files, strict=True)}
            except WeightsError as error:
                errors[str(error)] = None
    return paths, list(errors)


@contextmanager
def download_progress() -> Iterator[OnFileBytes]:
    """A bar per download on stderr; silent in CI and where that is no terminal."""
    quiet = bool(os.environ.get("CI")) or not sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    shown = Progress(
        *columns,
        TimeRemainingColumn(),
        console=error_console(),
        transient=True,
        disable=quiet,
        redirect_stdout=sys.stdout.isatty(),  # what goes into a file stays there
    )
    tasks: dict[str, TaskID] = {}

    def on_bytes(item: PublishedFile, done_bytes: int, total_bytes: int | None) -> None:
        if item.file not in tasks:
            tasks[item.file] = shown.add_task(item.file, total=total_bytes)
        shown.update(tasks[item.file], completed=done_bytes, total=total_bytes)

    with shown:
        yield on_bytes


def import_lines(found: Imported, folder: Path) -> list[str]:
    """What an import found beside the copied files, in sentences."""
    lines = [f"{item.file}: was here already" for item in found.here]
    lines += [f"could not be read: {said}" for said in found.unreadable]
    if found.unknown:
        more = f" and {len(found.unknown) - SHOWN} more" if len(found.unknown) > SHOWN else ""
        lines.append(f"not known (no yaml names their sha256): {', '.join(found.unknown[:SHOWN])}{more}")
    lines += [f"still missing: {item.file}, from {item.source}" for item in found.missing]
    lines.append(f"{len(found.copied)} copied into {folder}, {len(found.missing)} still missing")
    return lines


def verify(folder: Path) -> tuple[list[str], list[str]]:
    """Check every file that is here; return sentences: those in order, and those not."""
    good, bad = [], []
    for item in all_files():
        if not is_there(item, folder):
            good.append(f"{item.file}: not here (ferbench models fetch {item.file})")
            continue
        try:
            check(item, folder)
            good.append(f"{item.file}: {how_known(item)} (sha256 {(digest(item, folder) or '')[:12]})")
        except WeightsError as error:
            bad.append(str(error))
    return good, bad


def how_known(item: PublishedFile) -> str:
    """What a right digest means: the publisher's, or that of the file that came first."""
    return "as published" if len(item.sha256) == 64 else f"as in {weights_lock.NAME}"
