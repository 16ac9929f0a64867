"""What ``ferbench models`` shows: tables, progress bars, sentences."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
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

from ferbench.app.console import error_console
from ferbench.app.tables import rows_table
from ferbench.app.words import OptionWords
from ferbench.errors import Action, told
from ferbench.weights import lock as weights_lock
from ferbench.weights.fetching import OnFileBytes
from ferbench.weights.importing import Imported
from ferbench.weights.published import UNKNOWN, PublishedFile
from ferbench.workflows.weights_results import (
    Basis,
    WeightChoice,
    WeightFile,
    WeightList,
    WeightReport,
    size_text,
)

WORDS: Final = OptionWords()
_SHOWN: Final = 10  # names of unknown files
_BASIS_WORDS: Final[dict[Basis, str]] = {
    "published": "as published",
    "locked": f"as in {weights_lock.NAME}",
    "unproven": "it may be the right one; the first run that can load it writes its sha256 into "
    f"{weights_lock.NAME}",
}


def listing(weights: WeightList) -> Group:
    """``models list``, readable at 80 columns: a line per choice."""
    rows = []
    for choice in weights.choices:
        use = "research only" if choice.is_restricted else ""
        rows.append([choice.name, _state_of_choice(choice), choice.size_text, use])
    table = rows_table(f"weights in {weights.folder}", ("choice", "state", "size", "use"), rows)
    hint = "\nfiles, licences, origins and papers of one: ferbench models list NAME"
    return Group(table, Text(hint, style="dim"))


def _state_of_choice(choice: WeightChoice) -> str:
    wrong = [Path(file.item.file).name for file in choice.files if file.state == "wrong"]
    if wrong:
        return f"WRONG: {', '.join(wrong)}"
    here = sum(file.state == "here" for file in choice.files)
    if here == len(choice.files):
        return "here"
    return f"{here} of {len(choice.files)} here" if here else "missing"


def details(weights: WeightList) -> Group:
    """``models list NAME``: all that is known of the files of some choices."""
    shown: list[Text | Table] = []
    for choice in weights.choices:
        shown += [Text(choice.name, style="bold"), _details_of(choice)]
    return Group(*shown)


def _details_of(choice: WeightChoice) -> Table:
    lines = Table.grid(padding=(0, 1))
    for file in choice.files:
        _add_file(lines, file)
    for name in ("licence", "accuracy", "paper"):
        texts = dict.fromkeys(getattr(file.item, name) for file in choice.files)
        for text in texts:
            lines.add_row(f"  {name}", Text(text or "not published"))
    lines.add_row("  use", Text("research only" if choice.is_restricted else "see the licence"))
    return lines


def _add_file(lines: Table, file: WeightFile) -> None:
    item = file.item
    state = f"{item.file}: {_state_of_file(file)}, size {size_text((item,))}"
    lines.add_row("  file", Text(state))
    lines.add_row("  sha256", Text(_digest_text(file), overflow="fold"))
    lines.add_row("  source", Text(str(item.source), overflow="fold"))


def _state_of_file(file: WeightFile) -> str:
    if file.state == "wrong":
        return f"WRONG ({told(file.problem, WORDS)})"
    return file.state


def _digest_text(file: WeightFile) -> str:
    if file.basis == "published":
        return str(file.sha256)
    if file.basis == "locked":
        return f"{file.sha256} (of {weights_lock.NAME})"
    published = digest_words(file.item)
    return f"{published}; {weights_lock.NAME} keeps that of the file that is loaded first"


def digest_words(item: PublishedFile) -> str:
    """What is published of a digest that is not wholly published."""
    if item.sha256 == UNKNOWN:
        return "not published"
    return f"{item.sha256}..., no more is published"


def fetched_lines(report: WeightReport) -> list[str]:
    """The files that are there, each with what it is right by."""
    return [
        f"{report.folder / file.item.file}: {_BASIS_WORDS[file.basis]}" for file in report.files
    ]


def verified_lines(report: WeightReport) -> list[str]:
    """A sentence per file: those in order, then those not."""
    lines = []
    for file in report.files:
        if file.state == "missing":
            command = WORDS.action(Action("fetch_weights", file.item.file))
            lines.append(f"{file.item.file}: not here ({command})")
        elif file.state == "here":
            digest = (file.sha256 or UNKNOWN)[:12]
            lines.append(f"{file.item.file}: {_BASIS_WORDS[file.basis]} (sha256 {digest})")
    return lines + [told(problem, WORDS) for problem in report.problems]


def imported_lines(imported: Imported, folder: Path) -> list[str]:
    """What an import copied, and what else it saw, in sentences."""
    lines = [f"{item.file}: copied from {where}" for item, where in imported.copied]
    lines += [f"{item.file}: was here already" for item in imported.here]
    lines += [f"cannot be used: {told(reason, WORDS)}" for reason in imported.unreadable]
    lines += [f"another file: {difference}" for difference in imported.differing]
    if imported.unknown:
        lines.append(f"not known (no yaml names their sha256): {_some(imported.unknown)}")
    lines += [f"still missing: {item.file}, from {item.source}" for item in imported.missing]
    copied, missing = len(imported.copied), len(imported.missing)
    return [*lines, f"{copied} copied into {folder}, {missing} still missing"]


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


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
