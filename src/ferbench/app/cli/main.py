"""The ``ferbench`` command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ferbench import __version__
from ferbench.app.cli.models import models_app
from ferbench.app.cli.scores import compare, score, score_frames
from ferbench.errors import FerbenchError

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


@app.command("predict")
def predict(
    source: Annotated[
        Path, typer.Argument(metavar="VIDEO|DIR", help="A video, or a folder of videos.")
    ],
    recursive: Annotated[
        bool, typer.Option("--recursive", help="Also the videos in the folders below.")
    ] = False,
    experiment: Annotated[
        str | None, typer.Option(help="All choices of an experiment, for example thesis.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Expression model (mini_xception).")] = None,
    detector: Annotated[str | None, typer.Option(help="Face detector (mtcnn).")] = None,
    preprocessing: Annotated[
        str | None, typer.Option(help="From box to crop (square_margin).")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Frames per detector call.")] = 16,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("predictions"),
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="tables (.parquet and .csv, all faces) or thesis (the thesis' CSV, one face).",
        ),
    ] = "tables",
    selector: Annotated[
        str | None, typer.Option(help="thesis: which face is the participant (largest).")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace tables of other videos.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    keep_damaged: Annotated[
        bool, typer.Option(help="Use what can be decoded of a damaged video.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what was computed and how fast.")
    ] = False,
) -> None:
    """Find faces and classify their expressions; write tables per video.

    The thesis' CSV, <video>.<model>.<detector>.csv, has a line per frame: box of the chosen face,
    scores of angry, disgust, fear, happy, sad, surprise and neutral, label. Models whose name ends
    in _thesis store scores and label as the thesis' program did, its errors included; others
    probabilities, and label and columns agree. <video>.<detector>.csv beside it has the detector's
    first faces.
    """
    from ferbench.workflows.predict import Request
    from ferbench.workflows.predict import predict as run_predict

    if form not in ("tables", "thesis"):
        raise FerbenchError(f"--format: expected tables or thesis, got {form!r}")
    given = {
        "experiment": experiment,
        "model": model,
        "detector": detector,
        "preprocessing": preprocessing,
        "selector": selector,
    }
    request = Request(
        source=source,
        recursive=recursive,
        out=out,
        choices={group: choice for group, choice in given.items() if choice is not None},
        form=form,  # type: ignore[arg-type]
        overwrite=overwrite,
        batch_size=batch_size,
        device=device,
        keep_damaged=keep_damaged,
        verbose=verbose,
    )
    code = run_predict(request)
    if code:
        raise typer.Exit(code)


@app.command("events")
def events(
    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|DIR...",
            help="Our tables (.parquet, .csv) or the thesis' prediction CSVs; of a folder all below it.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write all events to this CSV (the sessions' lengths go beside it), or for annotation programs to "
            "'{session}.eaf' (ELAN), '{session}.vtt', NAME.boris.tsv."
        ),
    ] = None,
    fps: Annotated[float | None, typer.Option(help="Rows per second (thesis CSV).")] = None,
    video: Annotated[
        Path | None,
        typer.Option(
            help="Take the rate from this video, or from the file's video in this folder."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Of the thesis CSVs in a folder those of this model.")
    ] = None,
    rule: Annotated[
        str, typer.Option(help="windowed (the thesis' rule) or hysteresis.")
    ] = "windowed",
    label: Annotated[
        str, typer.Option(help="Expression; in a thesis CSV letter by letter.")
    ] = "Surprise",
    kind: Annotated[
        str | None, typer.Option(help="Ours: probability (default), or top (the most likely).")
    ] = None,
    selector: Annotated[
        str | None, typer.Option(help="Ours: which face is the participant (largest).")
    ] = None,
    segment_s: Annotated[float | None, typer.Option(help="windowed: seconds per segment.")] = None,
    run_s: Annotated[
        float | None, typer.Option(help="windowed: seconds that a run must exceed.")
    ] = None,
    enter: Annotated[
        float | None,
        typer.Option(
            help="A frame counts (windowed), an event opens (hysteresis), from this value on."
        ),
    ] = None,
    exit_: Annotated[
        float | None, typer.Option("--exit", help="hysteresis: closes below this value.")
    ] = None,
    min_duration_s: Annotated[
        float | None, typer.Option(help="hysteresis: drop shorter events.")
    ] = None,
    merge_gap_s: Annotated[
        float | None, typer.Option(help="hysteresis: close shorter gaps.")
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(help="Thesis CSVs: write the thesis' Results.csv, all models together."),
    ] = None,
    grades: Annotated[
        Path | None,
        typer.Option(help="Thesis CSVs: write the thesis' grade file, to be filled in by hand."),
    ] = None,
    max_events: Annotated[
        int,
        typer.Option(min=0, help="Sessions with more events of a model are left out of --grades."),
    ] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON; of several files an object by session.")
    ] = False,
) -> None:
    """Find events in stored predictions; no video is touched.

    A line per event: its number; the time code HH:MM:SS:FF of its first frame, where frames are
    counted from 1 as in the thesis (a video's first frame is 00:00:00:01); label; seconds from the
    video's start (the first frame is at 0).
    """
    from ferbench.app.cli.options import OptionWords, errors_in
    from ferbench.workflows.find_events import Question, rule_from
    from ferbench.workflows.find_events_files import events_of
    from ferbench.workflows.thesis_export import Export

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
        fps=fps,
        video=video,
        rule=rule_from(rule, numbers),
        label=label,
        kind=kind,  # type: ignore[arg-type]
        selector=selector,
    )
    export = (
        Export(results=results, grades=grades, max_events=max_events) if results or grades else None
    )
    with errors_in(OptionWords({"out": "--out"})):
        num_failed = events_of(
            predictions, question, model=model, out=out, as_json=as_json, export=export
        )
    if num_failed:
        raise typer.Exit(1)


app.command("score")(score)
app.command("score-frames")(score_frames)
app.command("compare")(compare)


@app.command("agreement")
def agreement(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|DIR|RUN|SWEEP|EXPERIMENT]",
            help="A Results.csv or graded sheet of the thesis, a folder of its frame CSVs, or recorded runs; default: "
            "the newest sweep.",
        ),
    ] = None,
    fps: Annotated[float | None, typer.Option(help="DIR: rows per second.")] = None,
    video: Annotated[
        Path | None, typer.Option(help="DIR: take the rates from the videos in this folder.")
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,NAME...", help="Only these, in this order; default: all, sorted."
        ),
    ] = None,
    max_events: Annotated[
        int | None,
        typer.Option(
            min=0, help="Leave out sessions in which a model has more events (thesis: 10)."
        ),
    ] = None,
    segment: Annotated[
        float | None, typer.Option(help="Runs without the windowed rule: seconds per segment (5).")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(
            help="Runs: MLflow store, folder of tracking=files, or 'files'; default: the usual one."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write tables and pictures to this folder.")
    ] = None,
    csv_: Annotated[bool, typer.Option("--csv", help="Print all numbers as CSV.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON with all numbers and notes.")
    ] = False,
    record: Annotated[
        bool | None,
        typer.Option(
            "--record/--no-record", help="Log numbers and pictures to the store; default: for runs."
        ),
    ] = None,
) -> None:
    """How far models agree with each other, whatever is true.

    On segments, and on the expression of each frame.

    Of recorded runs each counts as a model, named by what differs between them. A sheet that was
    graded by hand is counted: true, false and missed events of each model.
    """
    from ferbench.app.cli.agreement_command import Request
    from ferbench.app.cli.agreement_command import run as run_agreement

    request = Request(
        source=source,
        fps=fps,
        video=video,
        models=None if models is None else [name.strip() for name in models.split(",")],
        max_events=max_events,
        segment_s=segment,
        uri=uri,
        out=out,
        form="json" if as_json else "csv" if csv_ else "text",
        record=record,
    )
    run_agreement(request)


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
