"""``ferbench report``: a page of HTML about runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|SWEEP|EXPERIMENT]",
            help="Default: the newest sweep, or else the newest experiment's runs.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the page; default: report-<id>.")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(
            help="MLflow store, folder of tracking=files, or 'files'; "
            "default: where runs are recorded."
        ),
    ] = None,
) -> None:
    """Write one page of HTML about a sweep or a run: report.html.

    It has a table of the cells, pictures, and what two cells differ in, with the pages of their
    sessions beside it.
    """
    from ferbench.app.cli.options import errors_in_options
    from ferbench.workflows.write_report import write_report

    with errors_in_options({"out": "--out"}):
        written = write_report(target, out=out, uri=uri)
    left = ""
    if written.num_without_result:
        left = f", {written.num_without_result} without a result"
    from ferbench.wording import plural

    pages = ""
    if written.num_session_pages:
        pages = f", {plural(written.num_session_pages, 'session page')} beside it"
    runs = plural(written.num_runs, "run")
    typer.echo(f"{written.path}: {written.what}, {runs}{left}{pages}")
