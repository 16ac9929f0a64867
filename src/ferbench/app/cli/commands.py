"""The commands of ``ferbench``; ``ferbench run`` goes to Hydra before they are reached."""

from __future__ import annotations

from typing import Annotated

import typer

from ferbench.app.cli.agreement import agreement
from ferbench.app.cli.compare import compare
from ferbench.app.cli.doctor import doctor
from ferbench.app.cli.events import events
from ferbench.app.cli.init import init
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


app.command("init")(init)
app.command("predict")(predict)
app.command("events")(events)
app.command("score")(score)
app.command("score-frames")(score_frames)
app.command("compare")(compare)
app.command("agreement")(agreement)
app.command("ui")(ui)
app.command("doctor")(doctor)
