"""What ``ferbench models`` shows: tables, progress bars, sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import typer
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

from ferbench.app.console import error_console
from ferbench.app.tables import FittedTable
from ferbench.app.words import OptionWords
from ferbench.sentences import told
from ferbench.weights.fetching import OnFileBytes
from ferbench.weights.published import PublishedFile
from ferbench.workflows.weights_results import WeightChoice, WeightList
from ferbench.workflows.weights_text import choice_facts, weights_table

WORDS: Final = OptionWords()
_LONG: Final = ("sha256", "source")
"""Facts that are broken anywhere where they are too long."""


def listing(weights: WeightList) -> Group:
    """``models list``, readable at 80 columns: a line per choice."""
    hint = "\nfiles, licences, origins and papers of one: ferbench models list NAME"
    return Group(FittedTable(weights_table(weights)), Text(hint, style="dim"))


def details(weights: WeightList) -> Group:
    """``models list NAME``: all that is known of the files of some choices."""
    shown: list[Text | Table] = []
    for choice in weights.choices:
        shown += [Text(choice.name, style="bold"), _details_of(choice)]
    return Group(*shown)


def _details_of(choice: WeightChoice) -> Table:
    lines = Table.grid(padding=(0, 1))
    for name, fact in choice_facts(choice):
        text = Text(told(fact, WORDS))
        if name in _LONG:
            text.overflow = "fold"
        lines.add_row(f"  {name}", text)
    return lines


def echo(lines: Iterable[str]) -> None:
    """Print sentences, a line each."""
    for line in lines:
        typer.echo(told(line, WORDS))


@contextmanager
def download_progress() -> Iterator[OnFileBytes]:
    """A bar per download on stderr; silent in CI and where that is no terminal."""
    is_silent = bool(os.environ.get("CI")) or not sys.stderr.isatty()
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=error_console(),
        transient=True,
        disable=is_silent,
        redirect_stdout=sys.stdout.isatty(),  # what goes into a file stays there
    )
    tasks: dict[str, TaskID] = {}

    def on_bytes(item: PublishedFile, done_bytes: int, total_bytes: int | None) -> None:
        if item.file not in tasks:
            tasks[item.file] = bars.add_task(item.file, total=total_bytes)
        bars.update(tasks[item.file], completed=done_bytes, total=total_bytes)

    with bars:
        yield on_bytes
