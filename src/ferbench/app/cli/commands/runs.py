"""``ferbench runs``: what has been recorded, kept in order."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

runs = typer.Typer(no_args_is_help=True, help="Keep recorded runs in order.")


@runs.command("tidy")
def runs_tidy(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN...]",
            help="Close these, also of another machine or container. "
            "Default: all whose process is gone for certain.",
        ),
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(
            help="MLflow store, folder of tracking=files, or 'files'; "
            "default: both places where runs are recorded."
        ),
    ] = None,
) -> None:
    """Close runs whose process died without saying so: killed, or ended with its machine.

    They become failed, with that as their reason. Runs that go on are left alone.
    """
    from ferbench.wording import plural
    from ferbench.workflows.tidy_runs import tidy_runs

    tidied = tidy_runs(names or (), uri=uri)
    for run in tidied.closed:
        typer.echo(f"closed   {run.row.kind:11}  {run.short_name}")
    for run in tidied.going_on:
        typer.echo(f"goes on  {run.row.kind:11}  {run.short_name}")
    for run in tidied.unknown:
        typer.echo(f"unknown  {run.row.kind:11}  {run.short_name}")
    typer.echo(f"{plural(len(tidied.closed), 'run')} closed")
    if tidied.unknown:
        typer.echo(
            "unknown: their processes cannot be seen from here; if one has died: "
            "ferbench runs tidy RUN",
            err=True,
        )


@runs.command("migrate")
def runs_migrate(
    database: Annotated[
        Path | None,
        typer.Argument(help="The file of the store. Default: mlflow.db of the runs' folder."),
    ] = None,
) -> None:
    """Bring the store of an older MLflow into today's form, after a copy.

    End what uses the store before: runs, and MLflow's pages.
    """
    from ferbench.workflows.migrate_runs import migrate_runs

    migrated = migrate_runs(database)
    rows = ", ".join(f"{count} {name}" for name, count in migrated.counts.items())
    typer.echo(f"migrated {migrated.database}: {migrated.before} -> {migrated.after}")
    typer.echo(f"rows before and after: {rows}")
    typer.echo(f"as it was: {migrated.backup}")
