"""The commands of ``ferbench``; ``ferbench run`` goes to Hydra before they are reached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferbench.app.cli.agreement import agreement
from ferbench.app.cli.compare import compare
from ferbench.app.cli.doctor import doctor
from ferbench.app.cli.events import events
from ferbench.app.cli.models import models_app
from ferbench.app.cli.predict import predict
from ferbench.app.cli.score import score
from ferbench.app.cli.score_frames import score_frames
from ferbench.app.cli.ui import ui
from ferbench.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Evaluate facial expression recognition on video of people meeting a robot.",
)
app.add_typer(models_app, name="models")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ferbench {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del version


@app.command("run", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run() -> None:
    """Run the pipeline on a data set: ferbench run [-m] key=value .

    (ferbench run --help lists all keys).
    """
    raise AssertionError("main() takes 'run' before this is reached")


@app.command("init")
def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The study's videos, in this folder and below.")
    ],
    annotations: Annotated[
        Path | None, typer.Option(metavar="CSV", help="A row per annotation.")
    ] = None,
    starts: Annotated[
        Path | None, typer.Option(metavar="CSV", help="When each session began, on the clock.")
    ] = None,
    camera: Annotated[str | None, typer.Option(metavar="NAME", help="Which camera to use.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")] = Path(
        "ferbench-conf"
    ),
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Regular expression with groups (?P<session>...), participant, camera, part, start.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="OURS=THEIRS",
            help="A column of the annotations, as onset=Uhrzeit (session, participant, onset, offset, kind, "
            "annotator); offset= where there is none.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Look at a study's videos and annotations.

    Write a list of them and a data set, and say what has no place.
    """
    from ferbench.app.cli.init_show import show
    from ferbench.app.cli.options import pairs
    from ferbench.app.console import output_console
    from ferbench.workflows.init_study import Request
    from ferbench.workflows.init_study import init as run_init

    request = Request(
        folder=folder,
        annotations=annotations,
        starts=starts,
        camera=camera,
        out=out,
        pattern=pattern,
        force=force,
        columns=dict(pairs("--column", column or ())),
    )
    found, written = run_init(request)
    show(output_console(), request, found, written)
    if found.missing or found.open:
        raise typer.Exit(1)


app.command("predict")(predict)
app.command("events")(events)
app.command("score")(score)
app.command("score-frames")(score_frames)
app.command("compare")(compare)


app.command("agreement")(agreement)
app.command("ui")(ui)
app.command("doctor")(doctor)
