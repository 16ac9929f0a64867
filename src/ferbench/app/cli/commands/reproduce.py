"""``ferbench reproduce``: a recorded run made again, and compared with itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ferbench.app.cli.options import JsonFlag, errors_in_words
from ferbench.app.words import OptionWords

if TYPE_CHECKING:
    from ferbench.workflows.reproduction.result import Reproduction

OPTIONS: Final = {
    "allow_targets": "--allow-target",
    "settings": "--set",
    "uri": "--uri",
    "videos": "--videos",
    "with_changes=true": "--with-changes",
}
"""The option of each field that a message may name."""
WORDS: Final = OptionWords(OPTIONS)


def reproduce(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A run or a cell: its id, its first 6 characters or more, or name."
        ),
    ],
    videos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where its videos lie now, if they were moved: found by their sha256, whatever "
            "they are called.",
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="What is another one on this machine: dataset.annotations=marks.csv, "
            "runtime.device=cpu.",
        ),
    ] = None,
    with_changes: Annotated[
        bool,
        typer.Option(
            "--with-changes",
            help="Run also where weights, videos or annotations are not those of the run.",
        ),
    ] = False,
    cached: Annotated[
        bool,
        typer.Option("--cached", help="Take stored tables; default: compute everything anew."),
    ] = False,
    uri: Annotated[
        str | None,
        typer.Option(
            help="MLflow store, folder of tracking=files, or 'files'; "
            "default: both places where runs are recorded."
        ),
    ] = None,
    allow_target: Annotated[
        list[str] | None,
        typer.Option(metavar="PACKAGE", help="Outside ferbench: components may come from it."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Make a recorded run again from what it left, and compare every number and table with it.

    First what is otherwise is told: weights, videos, annotations, versions, decoder, device. Where
    an input is another one, nothing runs. Nothing is recorded. Ends with 0 where nothing drifts.
    """
    from ferbench.app.console import frames_bar
    from ferbench.workflows.progress import Progress
    from ferbench.workflows.reproduce import reproduce as reproduced

    with errors_in_words(WORDS), frames_bar() as bar:

        def show(progress: Progress) -> None:
            bar(progress.done_frames, progress.total_frames, progress.videos)

        found = reproduced(
            run,
            videos=videos,
            settings=set_ or (),
            with_changes=with_changes,
            cached=cached,
            uri=uri,
            allow_targets=allow_target or (),
            on_progress=show,
        )
    if as_json:
        typer.echo(json.dumps(found.as_plain(), indent=1))
    else:
        _show(found)
    if not found.is_same:
        raise typer.Exit(1)


def _show(found: Reproduction) -> None:
    from ferbench.app.console import output_console
    from ferbench.app.tables import FittedTable
    from ferbench.sentences import told

    typer.echo(found.title)
    for change in found.reasons:
        typer.echo(f"  {change.sentence}")
    for table in (found.metrics_table(), found.tables_table()):
        if table is not None:
            output_console().print(FittedTable(table, elsewhere="--json has all"))
    for note in found.notes():
        typer.echo(f"note: {note}", err=True)
    typer.echo(told(found.verdict, WORDS))
