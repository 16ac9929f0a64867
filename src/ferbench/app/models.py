"""``ferbench models``: which weight files there are, where they come from, and whether they are here and right."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
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

from ferbench.app.compose import published_files
from ferbench.app.console import error_console, rows_table
from ferbench.app.importing import Imported
from ferbench.errors import ConfigError, WeightsError
from ferbench.weights import Notice, OnFileBytes, PublishedFile, check, fetch, is_there

GROUPS: Final = ("detector", "model")
SHOWN: Final = 10  # names of unknown files


def catalogue() -> dict[str, tuple[PublishedFile, ...]]:
    """Files by ``group/choice``."""
    return {f"{group}/{name}": files for group in GROUPS for name, files in published_files(group).items()}


def by_choice(names: Iterable[str]) -> dict[str, tuple[PublishedFile, ...]]:
    """Files of the named choices (``mtcnn`` or ``detector/mtcnn``), by choice; of all without names.

    Raises:
        ConfigError: no such choice; names those there are.
    """
    everything = catalogue()
    found: dict[str, tuple[PublishedFile, ...]] = {}
    for name in list(names) or list(everything):
        hits = [key for key in everything if name in (key, key.split("/")[1])]
        if not hits:
            raise ConfigError(f"no detector or model {name!r} with weights; there are: {', '.join(everything)}")
        found |= {key: everything[key] for key in hits}
    return found


def all_files() -> tuple[PublishedFile, ...]:
    """Every file that some choice names, once."""
    return tuple({item.file: item for files in catalogue().values() for item in files}.values())


def listing(folder: Path) -> Group:
    """What ``models list`` shows, readable at 80 columns: a table of the files, then licence, origin and paper."""
    states: list[list[str]] = []
    details: list[Text | Table] = []
    for choice, files in catalogue().items():
        lines = Table.grid(padding=(0, 1))
        for item in files:
            states.append([choice if item is files[0] else "", item.file, _state(item, folder)])
            lines.add_row("  source", Text(str(item.source), overflow="fold"))
        for name in ("licence", "paper"):
            for said in dict.fromkeys(getattr(item, name) for item in files):
                lines.add_row(f"  {name}", Text(said))
        details += [Text(f"\n{choice}", style="bold"), lines]
    return Group(rows_table(f"weight files in {folder}", ("choice", "file", "state"), states), *details)


def _state(item: PublishedFile, folder: Path) -> str:
    return "here" if is_there(item, folder) else "missing"


def fetch_chosen(names: Iterable[str], folder: Path, notify: Notice) -> tuple[list[Path], list[str]]:
    """Fetch choice by choice, so that one that cannot be had keeps none of the others away.

    Returns:
        The files that are there and checked, and what went wrong.

    Raises:
        ConfigError: no such choice.
    """
    paths: dict[Path, None] = {}
    errors: dict[str, None] = {}
    choices = by_choice(names)
    with download_progress() as on_bytes:
        for files in choices.values():
            try:
                paths |= dict.fromkeys(fetch(files, folder, notify=notify, on_bytes=on_bytes))
            except WeightsError as error:
                errors[str(error)] = None
    return list(paths), list(errors)


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
            good.append(f"{item.file}: not here (ferbench models fetch)")
            continue
        try:
            check(item, folder)
            good.append(f"{item.file}: as published (sha256 {item.sha256[:12]})")
        except WeightsError as error:
            bad.append(str(error))
    return good, bad
