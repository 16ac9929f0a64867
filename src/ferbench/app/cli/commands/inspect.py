"""``ferbench inspect``: what each module of recorded runs gave, as a page and tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ferbench.app.cli.options import errors_in_options, written_by
from ferbench.errors import ConfigError

if TYPE_CHECKING:
    from ferbench.workflows.inspection.result import Inspection

OPTIONS: Final = {
    "allow_targets": "--allow-target",
    "crops": "--crops",
    "labels": "--labels",
    "out": "--out",
    "uri": "--uri",
}
"""The options of the fields that messages name."""


def inspect(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN|SWEEP|EXPERIMENT...]",
            help="Runs, sweeps or experiments, by id or name; default: the newest.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the page and its CSVs go; default: inspect."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Labels of frames (session, frame from 0, label), for the calibration.",
        ),
    ] = None,
    crops: Annotated[
        bool,
        typer.Option(
            "--crops",
            help="Also faces as the network saw them. Decodes the videos again; the page then "
            "holds images of people's faces.",
        ),
    ] = False,
    uri: Annotated[
        str | None, typer.Option(help="Where the runs are recorded, as for 'compare'.")
    ] = None,
    allow_target: Annotated[
        list[str] | None,
        typer.Option(metavar="PACKAGE", help="A package that the runs' rules may come from."),
    ] = None,
) -> None:
    """What detector, preprocessing, classifier and event rule gave: a page, and a CSV each.

    Reads the stored tables of recorded runs and computes nothing anew. Of a sweep, detectors are
    compared by their boxes and classifiers by their labels.
    """
    folder = out or Path("inspect")
    if folder.is_file():
        raise ConfigError(f"--out: {folder} is a file; expected the name of a folder")
    with errors_in_options(OPTIONS):
        found = _inspected(
            targets or [], labels=labels, crops=crops, uri=uri, allow_targets=allow_target or []
        )
    with written_by("--out", folder):
        paths = found.write(folder)
    for note in found.findings.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{found!r}")
    if found.findings.sheets:
        typer.echo("note: the page holds images of people's faces", err=True)
    typer.echo(f"wrote {paths[0]} and {len(paths) - 1} tables beside it")


def _inspected(
    targets: list[str],
    *,
    labels: Path | None,
    crops: bool,
    uri: str | None,
    allow_targets: list[str],
) -> Inspection:
    from ferbench.app.console import frames_bar
    from ferbench.workflows.inspect import inspect as inspect_runs
    from ferbench.workflows.progress import Progress

    with frames_bar(quiet=not crops) as bar:

        def show(progress: Progress) -> None:
            bar(progress.done_frames, progress.total_frames, progress.videos)

        return inspect_runs(
            *targets,
            labels=labels,
            crops=crops,
            uri=uri,
            allow_targets=allow_targets,
            on_progress=show,
        )
