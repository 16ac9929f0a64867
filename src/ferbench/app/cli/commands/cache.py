"""``ferbench cache``: what is stored between runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from ferbench.app.cli.options import JsonFlag, csv_flag, errors_in_words
from ferbench.app.words import OptionWords
from ferbench.errors import ConfigError

cache = typer.Typer(no_args_is_help=True, help="Stored results: list, prune, verify.")

WORDS = OptionWords({"to_gb": "--to", "older_than_days": "--older-than", "stages": "--stage"})

FolderOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Another cache (paths.cache of a run), e.g. a shared one."),
]

_SIZES_GB = {"kb": 1e-6, "mb": 1e-3, "gb": 1.0, "tb": 1e3}
_AGES_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}


@cache.command("ls")
def cache_ls(
    folder: FolderOption = None,
    by_video: Annotated[
        bool,
        typer.Option("--by-video", help="A row per video, named by the SHA-256 of its bytes."),
    ] = False,
    as_csv: Annotated[bool, csv_flag("Print the table as CSV.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """What is stored: how much of each stage, and when it was used."""
    from ferbench.app.console import output_console
    from ferbench.app.tables import FittedTable
    from ferbench.workflows.cache import list_cache

    found = list_cache(folder=folder, by="video" if by_video else "stage")
    if as_json:
        typer.echo(json.dumps(found.as_plain(), indent=1))
    elif as_csv:
        typer.echo(found.to_frame().to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        output_console().print(FittedTable(found.text_table(), elsewhere="--csv has all"))
    for note in found.notes():
        typer.echo(f"note: {note}", err=True)


@cache.command("prune")
def cache_prune(
    to: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Delete until it is so small, as 20GB or 500MB."),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Delete what was not used for so long, as 30d or 12h."),
    ] = None,
    stage: Annotated[
        list[str] | None, typer.Option(help="Only results of this stage, as faces.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be deleted.")
    ] = False,
    folder: FolderOption = None,
) -> None:
    """Delete what was not used for longest; it is made again when it is needed.

    What is in use stays: what a process works on, and with --to what was used within a day (with
    --older-than, within that time). What killed processes left goes in any case, and so do videos
    that were broken off more than a week ago. The list of videos that crashed their decoder stays.
    Ends with 1 where the cache stays larger than --to.
    """
    from ferbench.workflows.cache import prune_cache

    with errors_in_words(WORDS):
        pruned = prune_cache(
            folder=folder,
            to_gb=None if to is None else _read(to, _SIZES_GB, "to_gb", "20GB"),
            older_than_days=None
            if older_than is None
            else _read(older_than, _AGES_DAYS, "older_than_days", "30d"),
            stages=stage or (),
            dry_run=dry_run,
        )
    if dry_run:
        for path in pruned.to_frame().path:
            typer.echo(path)
    typer.echo(pruned.line())
    if pruned.is_over:
        others = "of other stages, " if stage else ""
        typer.echo(
            f"what stays is {others}in use, or was used just now; see --older-than", err=True
        )
        raise typer.Exit(1)


@cache.command("verify")
def cache_verify(
    delete: Annotated[
        bool,
        typer.Option("--delete", help="Delete what is broken; it is made again when needed."),
    ] = False,
    folder: FolderOption = None,
) -> None:
    """Read everything that is stored and compare it with its digest, key and place.

    Files that are half written, and locks, are broken where their process is gone. Ends with 1 if
    something is broken and stays.
    """
    from ferbench.app.console import error_console
    from ferbench.workflows.cache import verify_cache

    with error_console().status("reading the cache"):
        checked = verify_cache(folder=folder, delete=delete)
    for row in checked.to_frame().itertuples():
        typer.echo(f"broken  {row.path}: {row.problem}")
    typer.echo(checked.line())
    if not checked.is_sound and not delete:
        raise typer.Exit(1)


def _read(text: str, units: dict[str, float], key: str, example: str) -> float:
    """A number with its unit.

    Raises:
        ConfigError: it is none.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", text.lower())
    if found is None or found[2] not in units:
        expected = f"a number with one of {', '.join(units)}, as {example}"
        raise ConfigError(key=key, expected=expected, got=text)
    return float(found[1]) * units[found[2]]
