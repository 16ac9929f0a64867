"""The ``ferbench`` command."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ferbench import __version__
from ferbench.errors import FerbenchError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Evaluate facial expression recognition on video of people meeting a robot.",
)
models_app = typer.Typer(no_args_is_help=True, help="Weight files: what there is, fetch, verify.")
app.add_typer(models_app, name="models")


def main() -> None:
    """Entry of the command; ``ferbench run`` goes straight to Hydra."""
    if sys.argv[1:2] == ["run"]:
        sys.argv = ["ferbench run", *sys.argv[2:]]
        from ferbench.app.main import main as run_main

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
    """Run the pipeline on a data set: ferbench run [-m] key=value ... (ferbench run --help lists all keys)."""
    raise AssertionError("main() takes 'run' before this is reached")


@app.command("predict")
def predict(
    source: Annotated[Path, typer.Argument(metavar="VIDEO|DIR", help="A video, or a folder of videos.")],
    model: Annotated[str, typer.Option(help="Expression model.")] = "mini_xception",
    detector: Annotated[str, typer.Option(help="Face detector.")] = "mtcnn",
    preprocessing: Annotated[str, typer.Option(help="From box to crop.")] = "square_margin",
    batch_size: Annotated[int, typer.Option(min=1, help="Frames per detector call.")] = 16,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("predictions"),
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    keep_damaged: Annotated[bool, typer.Option(help="Use what can be decoded of a damaged video.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what was computed and how fast.")] = False,
) -> None:
    """Find faces and classify their expressions; write one Parquet and one CSV table per video."""
    from ferbench.app.predict import Request
    from ferbench.app.predict import predict as run_predict

    choices = {"model": model, "detector": detector, "preprocessing": preprocessing}
    request = Request(
        source=source,
        out=out,
        choices=choices,
        batch_size=batch_size,
        device=device,
        keep_damaged=keep_damaged,
        verbose=verbose,
    )
    if run_predict(request):
        raise typer.Exit(1)


@app.command("events")
def events(
    predictions: Annotated[Path, typer.Argument(help="Our table (.parquet, .csv) or the thesis' prediction CSV.")],
    fps: Annotated[float | None, typer.Option(help="Rows per second (thesis CSV).")] = None,
    video: Annotated[Path | None, typer.Option(help="Take the rate from this video (thesis CSV).")] = None,
    rule: Annotated[str, typer.Option(help="windowed (the thesis' rule) or hysteresis.")] = "windowed",
    label: Annotated[str, typer.Option(help="Expression; in a thesis CSV letter by letter.")] = "Surprise",
    kind: Annotated[str | None, typer.Option(help="Ours: probability (default), or top (the most likely).")] = None,
    selector: Annotated[str | None, typer.Option(help="Ours: which face is the participant (largest).")] = None,
    segment_s: Annotated[float | None, typer.Option(help="windowed: seconds per segment.")] = None,
    run_s: Annotated[float | None, typer.Option(help="windowed: seconds that a run must exceed.")] = None,
    enter: Annotated[
        float | None, typer.Option(help="A frame counts (windowed), an event opens (hysteresis), from this value on.")
    ] = None,
    exit_: Annotated[float | None, typer.Option("--exit", help="hysteresis: closes below this value.")] = None,
    min_duration_s: Annotated[float | None, typer.Option(help="hysteresis: drop shorter events.")] = None,
    merge_gap_s: Annotated[float | None, typer.Option(help="hysteresis: close shorter gaps.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find events in stored predictions; no video is touched."""
    from ferbench.app.events import Question, find_events, rule_from

    if kind not in (None, "probability", "top"):
        raise FerbenchError(f"--kind: expected probability or top, got {kind!r}")
    numbers = {
        "segment_s": segment_s,
        "run_s": run_s,
        "enter": enter,
        "exit": exit_,
        "min_duration_s": min_duration_s,
        "merge_gap_s": merge_gap_s,
    }
    question = Question(
        source=predictions,
        fps=fps,
        video=video,
        rule=rule_from(rule, numbers),
        label=label,
        kind=kind,  # type: ignore[arg-type]
        selector=selector,
    )
    found = find_events(question)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for event in found["events"]:
        span = f"{event['onset_s']:.3f} to {event['offset_s']:.3f} s, trigger {event['trigger_s']:.3f} s"
        typer.echo(f"{event['index']}  {event['timecode']}  {event['label']}  {span}")
    segments = f" in {len(found['segments'])} segments" if found["segments"] is not None else ""
    typer.echo(f"{len(found['events'])} events{segments}")


def _store(uri: str | None) -> Any:
    from ferbench.places import default_root
    from ferbench.tracking.mlflow_store import MlflowStore

    return MlflowStore(uri=uri, root=default_root())


@app.command("compare")
def compare(
    target: Annotated[
        str | None, typer.Argument(metavar="[RUN|SWEEP|EXPERIMENT]", help="Default: the newest sweep.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Metric to sort by; default: event/f1.")] = None,
    uri: Annotated[str | None, typer.Option(help="Tracking store; default: the one in the checkout.")] = None,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with all params and metrics.")] = False,
) -> None:
    """Runs beside each other: what differs between them and how they did, best first."""
    from ferbench.app.comparing import as_csv, as_plain, show
    from ferbench.report.compare import compare as compare_runs
    from ferbench.tracking.query import runs_of

    what, runs = runs_of(_store(uri), target)
    if not runs:
        raise FerbenchError(f"{what} has no runs to compare")
    table = compare_runs(runs, by=by)
    if as_json:
        typer.echo(json.dumps(as_plain(table), indent=1))
    elif csv_:
        typer.echo(as_csv(table), nl=False)
    else:
        show(table, what)


@app.command("ui")
def ui(
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 5000,
    uri: Annotated[str | None, typer.Option(help="Tracking store; default: the one in the checkout.")] = None,
) -> None:
    """Open MLflow's pages for the runs: on this machine only, without telemetry. Stop with Ctrl-C."""
    from ferbench.app.ui import free_port, page, serve
    from ferbench.places import default_root

    store = _store(uri)
    usable = free_port(port)
    typer.echo(f"runs: {page(store, usable)}   (stop with Ctrl-C)")
    raise typer.Exit(serve(store, usable, root=default_root()))


@app.command("doctor")
def doctor() -> None:
    """Check versions, device, decoders, store, cache and weights; say how to mend what is missing."""
    from ferbench.app.doctor import findings

    found = findings()
    for finding in found:
        mark = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}[finding.state]
        typer.echo(
            f"{mark}  {finding.what}: {finding.seen}" + (f"\n         -> {finding.mend}" if finding.mend else "")
        )
    if any(finding.state == "problem" for finding in found):
        raise typer.Exit(1)


@models_app.command("list")
def models_list() -> None:
    """All weight files: what for, whether here, licence, source, paper."""
    from ferbench.app import models
    from ferbench.app.console import output_console, rows_table
    from ferbench.places import default_root, models_dir

    folder = models_dir(default_root())
    header = ("choice", "file", "state", "licence", "source", "paper")
    output_console().print(rows_table(f"weight files in {folder}", header, models.rows(folder)))


@models_app.command("fetch")
def models_fetch(names: Annotated[list[str] | None, typer.Argument(help="Choices; default: all.")] = None) -> None:
    """Bring weight files from where their yaml says, and check them."""
    from ferbench.app import models
    from ferbench.places import default_root, models_dir
    from ferbench.weights import fetch

    for path in fetch(models.chosen(names or ()), models_dir(default_root()), notify=typer.echo):
        typer.echo(f"{path}: as published")


@models_app.command("verify")
def models_verify() -> None:
    """Check the sha256 of every weight file that is here."""
    from ferbench.app import models
    from ferbench.places import default_root, models_dir

    good, bad = models.verify(models_dir(default_root()))
    for line in (*good, *bad):
        typer.echo(line)
    if bad:
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
