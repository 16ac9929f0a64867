"""The ``ferbench`` command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ferbench.app.cli.agreement import agreement
from ferbench.app.cli.events import events
from ferbench.app.cli.models import models_app
from ferbench.app.cli.predict import predict
from ferbench.app.cli.scores import compare, score, score_frames
from ferbench.errors import FerbenchError
from ferbench.version import __version__

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Evaluate facial expression recognition on video of people meeting a robot.",
)
app.add_typer(models_app, name="models")


def main() -> None:
    """Entry of the command; ``ferbench run`` goes straight to Hydra."""
    if sys.argv[1:2] == ["run"]:
        sys.argv = ["ferbench run", *sys.argv[2:]]
        from ferbench.app.hydra.entry import main as run_main

        run_main()
        return
    try:
        app()
    except FerbenchError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(1)


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


@app.command("ui")
def ui(
    port: Annotated[
        int | None,
        typer.Option(help="Port on this machine; default: the first free one from 5000."),
    ] = None,
    uri: Annotated[
        str | None, typer.Option(help="MLflow store; default: where runs are recorded.")
    ] = None,
) -> None:
    """Open MLflow's pages for the runs: on this machine only, without telemetry.

    Stop with Ctrl-C.
    """
    from ferbench.places import default_root
    from ferbench.tracking.pages import DEFAULT_PORT, held_port, serve
    from ferbench.tracking.query import open_store

    store = open_store(uri, root=default_root())
    if not store.has_pages:
        raise FerbenchError(
            f"ferbench ui shows MLflow stores; for the plain files in {store.uri} use: ferbench compare"
        )
    if store.uri.startswith("http"):
        typer.echo(f"runs: {store.uri}   (the server is already there)")
        return
    folder = default_root() / ".ferbench"
    with held_port(port, folder=folder) as usable:
        if port is None and usable != DEFAULT_PORT:
            typer.echo(f"port {DEFAULT_PORT} is in use; taking {usable}")
        serve(store, usable, folder=folder, say=typer.echo)


@app.command("doctor")
def doctor(
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE...]",
            help="As for a run, such as model=NAME: whose weights are checked.",
        ),
    ] = None,
) -> None:
    """Check versions, device, decoders, store, cache and weights.

    Say how to mend what is missing.
    """
    from ferbench.workflows.doctor import findings

    found = findings(settings or ())
    for finding in found:
        mark = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}[finding.state]
        typer.echo(
            f"{mark}  {finding.what}: {finding.seen}"
            + (f"\n         -> {finding.mend}" if finding.mend else "")
        )
    if any(finding.state == "problem" for finding in found):
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
