"""The ``ferbench`` command."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ferbench import __version__
from ferbench.errors import FerbenchError

if TYPE_CHECKING:
    from ferbench.results import RunRow
    from ferbench.tracking.store import Store

app = typer.Typer(
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Evaluate facial expression recognition on video of people meeting a robot.",
)
models_app = typer.Typer(no_args_is_help=True, help="Weight files: list, fetch, import, verify.")
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


@app.command("init")
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The study's videos, in this folder and below.")],
    annotations: Annotated[Path | None, typer.Option(metavar="CSV", help="A row per annotation.")] = None,
    starts: Annotated[Path | None, typer.Option(metavar="CSV", help="When each session began, on the clock.")] = None,
    camera: Annotated[str | None, typer.Option(metavar="NAME", help="Which camera to use.")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files.")] = Path("ferbench-conf"),
    pattern: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX", help="Regular expression with groups (?P<session>...), participant, camera, part, start."
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
    """Look at a study's videos and annotations; write a list of them and a data set, and say what has no place."""
    from ferbench.app.console import output_console
    from ferbench.app.init import Request
    from ferbench.app.init import init as run_init
    from ferbench.app.init_show import show
    from ferbench.app.options import pairs

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
    source: Annotated[Path, typer.Argument(metavar="VIDEO|DIR", help="A video, or a folder of videos.")],
    recursive: Annotated[bool, typer.Option("--recursive", help="Also the videos in the folders below.")] = False,
    experiment: Annotated[str | None, typer.Option(help="All choices of an experiment, for example thesis.")] = None,
    model: Annotated[str | None, typer.Option(help="Expression model (mini_xception).")] = None,
    detector: Annotated[str | None, typer.Option(help="Face detector (mtcnn).")] = None,
    preprocessing: Annotated[str | None, typer.Option(help="From box to crop (square_margin).")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Frames per detector call.")] = 16,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("predictions"),
    form: Annotated[
        str,
        typer.Option("--format", help="tables (.parquet and .csv, all faces) or thesis (the thesis' CSV, one face)."),
    ] = "tables",
    selector: Annotated[str | None, typer.Option(help="thesis: which face is the participant (largest).")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace tables of other videos.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    keep_damaged: Annotated[bool, typer.Option(help="Use what can be decoded of a damaged video.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what was computed and how fast.")] = False,
) -> None:
    """Find faces and classify their expressions; write tables per video.

    The thesis' CSV, <video>.<model>.<detector>.csv, has a line per frame: box of the chosen face, scores of angry,
    disgust, fear, happy, sad, surprise and neutral, label. Models whose name ends in _thesis store scores and label as
    the thesis' program did, its errors included; others probabilities, and label and columns agree.
    <video>.<detector>.csv beside it has the detector's first faces.
    """
    from ferbench.app.predict import Request
    from ferbench.app.predict import predict as run_predict

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
        Path | None, typer.Option(help="Take the rate from this video, or from the file's video in this folder.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Of the thesis CSVs in a folder those of this model.")] = None,
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
    results: Annotated[
        Path | None, typer.Option(help="Thesis CSVs: write the thesis' Results.csv, all models together.")
    ] = None,
    grades: Annotated[
        Path | None, typer.Option(help="Thesis CSVs: write the thesis' grade file, to be filled in by hand.")
    ] = None,
    max_events: Annotated[
        int, typer.Option(min=0, help="Sessions with more events of a model are left out of --grades.")
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; of several files an object by session.")] = False,
) -> None:
    """Find events in stored predictions; no video is touched.

    A line per event: its number; the time code HH:MM:SS:FF of its first frame, where frames are counted from 1 as in
    the thesis (a video's first frame is 00:00:00:01); label; seconds from the video's start (the first frame is at 0).
    """
    from ferbench.app.event_files import events_of
    from ferbench.app.events import Question, rule_from
    from ferbench.app.thesis_export import Export

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
    export = Export(results=results, grades=grades, max_events=max_events) if results or grades else None
    if events_of(predictions, question, model=model, out=out, as_json=as_json, export=export):
        raise typer.Exit(1)


@app.command("score")
def score(
    events: Annotated[
        Path, typer.Argument(help="Table of events (CSV of a run or of 'events --out'; JSON of 'events --json').")
    ],
    annotations: Annotated[
        Path, typer.Argument(help="Annotations, as for a run: a CSV, .eaf, .vtt, BORIS's table, or a folder of these.")
    ],
    pre: Annotated[float, typer.Option(help="Seconds before an annotation's onset in which an event matches.")] = 0.5,
    post: Annotated[float, typer.Option(help="Seconds after it.")] = 5.0,
    stamp: Annotated[
        str | None, typer.Option(help="An event's time: trigger (default, where the table has it) or onset.")
    ] = None,
    label: Annotated[str | None, typer.Option(help="Only events of this expression.")] = None,
    sessions: Annotated[
        Path | None, typer.Option(help="CSV with session and duration_s; default: the one beside EVENTS.")
    ] = None,
    unlisted: Annotated[
        str, typer.Option(help="A session without a row is unannotated (not scored), or empty (nothing to find).")
    ] = "unannotated",
    time_format: Annotated[str, typer.Option(help="How times are written: auto, seconds, mm:ss, ...")] = "auto",
    frame_rate: Annotated[float | None, typer.Option(help="Frames per second of hh:mm:ss:ff.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="OURS=THEIRS", help="A column's name, as session=participant_id.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Only such rows are annotations, as type=robot.")
    ] = None,
    tier: Annotated[
        str | None, typer.Option(help="ELAN: this tier's annotations; all = of all tiers (--column kind=tier).")
    ] = None,
    annotator: Annotated[str | None, typer.Option(help="Only this annotator's rows; all = everybody's.")] = None,
    session_name: Annotated[
        str, typer.Option(help="How a row names its session, as '{participant}_{session}'.")
    ] = "{session}",
    scoring: Annotated[
        str, typer.Option(help="How to match: events (a window around the onset), onset_offset, overlap or errhri.")
    ] = "events",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="A value of that scoring, as criterion.least_iou=0.3 or seed=1."
        ),
    ] = None,
    intervals: Annotated[bool, typer.Option(help="Chance levels and intervals over participants.")] = True,
    out: Annotated[
        Path | None, typer.Option(help="Write pictures and tables of the statistics to this folder.")
    ] = None,
    matches: Annotated[
        Path | None,
        typer.Option(help="Write hits, false alarms and misses: '{session}.eaf', '{session}.vtt' or NAME.boris.tsv."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; undefined is null.")] = False,
) -> None:
    """Compare a table of events with annotations, with the scoring of a run; no video is touched.

    Sessions are compared by name. One that has a row that cannot be read, or that is in one of the files only, is left
    out and named. Ends with 0 if something was scored and every row could be read, else with 1.
    """
    from ferbench.app.event_formats import write_tracks
    from ferbench.app.options import options_in_messages, pairs
    from ferbench.app.score import SPELLED, Request, match_tracks_of, table_from
    from ferbench.app.score import score as compare_tables
    from ferbench.app.score_report import show
    from ferbench.datasets.naming import Naming
    from ferbench.report.statistics_files import write_statistics

    for option, given, allowed in (
        ("--stamp", stamp, (None, "trigger", "onset")),
        ("--unlisted", unlisted, ("unannotated", "empty")),
    ):
        if given not in allowed:
            raise FerbenchError(f"{option}: expected {' or '.join(filter(None, allowed))}, got {given!r}")
    table = table_from(
        columns=pairs("--column", column or ()),
        keep=pairs("--keep", keep or ()),
        time_format=time_format,
        frame_rate_hz=frame_rate,
        tier=tier,
    )
    with options_in_messages(SPELLED):
        naming = Naming(template=session_name)
    request = Request(
        events=events,
        annotations=annotations,
        lengths=sessions,
        table=table,
        naming=naming,
        annotator=annotator,
        label=label,
        pre_s=pre,
        post_s=post,
        stamp=stamp,  # type: ignore[arg-type]
        unlisted=unlisted,  # type: ignore[arg-type]
        scoring=scoring,
        settings=pairs("--set", set_ or ()),
        intervals=intervals,
    )
    scored = compare_tables(request)
    if matches is not None:
        with _written("--matches", matches):
            write_tracks(matches, match_tracks_of(scored), option="--matches")
    if out is not None:
        with _written("--out", out):
            write_statistics(scored.statistics, out, scored.scoring)
    show(scored, as_json=as_json)
    if scored.refused:
        raise typer.Exit(1)


@contextmanager
def _written(option: str, path: Path) -> Iterator[None]:
    """What cannot be written is told with the option that asked for it."""
    try:
        yield
    except OSError as error:
        raise FerbenchError(
            f"{option}: {error.filename or path} cannot be written: {error.strerror or error}"
        ) from error


@app.command("score-frames")
def score_frames(
    table: Annotated[
        Path, typer.Argument(help="CSV with a row per frame: truth, prediction and, of several sessions, session.")
    ],
    tolerance: Annotated[
        int, typer.Option(min=0, help="Of the tolerant scores: a label that is true so many frames away is forgiven.")
    ] = 1,
    column: Annotated[
        list[str] | None, typer.Option(metavar="OURS=THEIRS", help="A column's name, as truth=y_true.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; undefined is null.")] = False,
) -> None:
    """Score labels of frames as the ERR@HRI 2024 challenge does: accuracy and macro precision, recall and F1."""
    from ferbench.app.options import pairs
    from ferbench.app.score_frames import show

    show(table, columns=pairs("--column", column or ()), tolerance=tolerance, as_json=as_json)


def _store(uri: str | None) -> Any:
    from ferbench.places import default_root
    from ferbench.tracking.query import open_store

    return open_store(uri, root=default_root())


@app.command("compare")
def compare(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|SWEEP|EXPERIMENT]", help="Default: the newest sweep, or else the newest experiment's runs."
        ),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Metric to sort by, such as recall; default: event/f1.")] = None,
    uri: Annotated[
        str | None,
        typer.Option(help="MLflow store, folder of tracking=files, or 'files'; default: where runs are recorded."),
    ] = None,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV with all columns.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with all params, metrics and tags.")] = False,
    paired: Annotated[
        tuple[str, str] | None, typer.Option(metavar="RUN RUN", help="The second against the first, by participant.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="RUN", help="Each of the runs against this one, by participant; corrected p.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draws of --paired and --against.")] = 0,
) -> None:
    """Runs beside each other: what differs between them and how they did, best first."""
    from ferbench.app.comparing import as_csv, as_plain, show
    from ferbench.places import default_root
    from ferbench.report.compare import compare as compare_runs
    from ferbench.tracking.query import other_runs, runs_of

    store = _store(uri)
    for option, given in (("--by", by), ("--csv", csv_ or None), ("--against", against)):
        if paired is not None and given is not None:
            raise FerbenchError(
                f"--paired and {option}: expected one of them; --paired compares two runs and sorts nothing"
            )
        if against is not None and given is not None and option != "--against":
            raise FerbenchError(f"--against and {option}: expected one of them; --json prints all numbers")
    if paired is not None:
        first, second = (_one_run(store, name) for name in paired)
        _show_paired(store, first, [second], seed=seed, as_json=as_json, leave_out=False)
        return
    found = runs_of(store, target)
    if not found.runs:
        raise FerbenchError(f"{found.what} has no runs to compare ({found.where})")
    if against is not None:
        first = _one_run(store, against)
        others = [run for run in found.runs if run.run_id != first.run_id and run.metrics]
        _show_paired(store, first, others, seed=seed, as_json=as_json, leave_out=True)
        return
    table = compare_runs(found.runs, by=by)
    if as_json:
        typer.echo(json.dumps(as_plain(table), indent=1))
    elif csv_:
        typer.echo(as_csv(table), nl=False)
    else:
        show(table, found.what, where=found.where)
        hint = other_runs(store, root=default_root()) if uri is None else ""
        if hint:
            typer.echo(hint, err=True)


def _one_run(store: Store, name: str) -> RunRow:
    from ferbench.tracking.query import runs_of

    found = runs_of(store, name)
    if len(found.runs) != 1:
        raise FerbenchError(f"{name!r} is {found.what} with {len(found.runs)} runs; expected one run's id or name")
    return found.runs[0]


def _show_paired(
    store: Store, first: RunRow, others: list[RunRow], *, seed: int, as_json: bool, leave_out: bool
) -> None:
    from ferbench.app.console import output_console
    from ferbench.app.paired import closing, compare_paired, plain, tables

    found = compare_paired(store, first, others, seed=seed, leave_out=leave_out)
    if as_json:
        typer.echo(json.dumps(plain(found), indent=1))
        return
    for table in tables(found):
        output_console().print(table)
    for line in closing(found):
        typer.echo(line)


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
    video: Annotated[Path | None, typer.Option(help="DIR: take the rates from the videos in this folder.")] = None,
    models: Annotated[
        str | None, typer.Option(metavar="NAME,NAME...", help="Only these, in this order; default: all, sorted.")
    ] = None,
    max_events: Annotated[
        int | None, typer.Option(min=0, help="Leave out sessions in which a model has more events (thesis: 10).")
    ] = None,
    segment: Annotated[
        float | None, typer.Option(help="Runs without the windowed rule: seconds per segment (5).")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(help="Runs: MLflow store, folder of tracking=files, or 'files'; default: the usual one."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write tables and pictures to this folder.")] = None,
    csv_: Annotated[bool, typer.Option("--csv", help="Print all numbers as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with all numbers and notes.")] = False,
    record: Annotated[
        bool | None,
        typer.Option("--record/--no-record", help="Log numbers and pictures to the store; default: for runs."),
    ] = None,
) -> None:
    """How far models agree with each other, whatever is true: on segments, and on the expression of each frame.

    Of recorded runs each counts as a model, named by what differs between them. A sheet that was graded by hand is
    counted: true, false and missed events of each model.
    """
    from ferbench.app.agreement_command import Request
    from ferbench.app.agreement_command import run as run_agreement

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
        int | None, typer.Option(help="Port on this machine; default: the first free one from 5000.")
    ] = None,
    uri: Annotated[str | None, typer.Option(help="MLflow store; default: where runs are recorded.")] = None,
) -> None:
    """Open MLflow's pages for the runs: on this machine only, without telemetry. Stop with Ctrl-C."""
    from ferbench.app.ui import DEFAULT_PORT, held_port, serve
    from ferbench.places import default_root

    store = _store(uri)
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
        typer.Argument(metavar="[KEY=VALUE...]", help="As for a run, such as model=NAME: whose weights are checked."),
    ] = None,
) -> None:
    """Check versions, device, decoders, store, cache and weights; say how to mend what is missing."""
    from ferbench.app.doctor import findings

    found = findings(settings or ())
    for finding in found:
        mark = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}[finding.state]
        typer.echo(
            f"{mark}  {finding.what}: {finding.seen}" + (f"\n         -> {finding.mend}" if finding.mend else "")
        )
    if any(finding.state == "problem" for finding in found):
        raise typer.Exit(1)


@models_app.command("list")
def models_list(
    names: Annotated[list[str] | None, typer.Argument(help="Choices to tell all of.")] = None,
) -> None:
    """All detectors and models with weights: whether here, size, use; of a named one licence, source and paper too."""
    from ferbench.app import models
    from ferbench.app.console import output_console
    from ferbench.places import default_root, models_dir

    folder = models_dir(default_root())
    output_console().print(models.details(names, folder) if names else models.listing(folder))


@models_app.command("table", hidden=True)
def models_table() -> None:
    """Print models/README.md, as it is made of conf/ and benchmarks/results/."""
    from ferbench.app.models_page import page

    typer.echo(page(), nl=False)


@models_app.command("fetch")
def models_fetch(
    names: Annotated[
        list[str] | None, typer.Argument(help="Choices or files; default: those of the default configuration.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Of every detector and model: gigabytes, some for research only.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Another folder, to carry to a machine without network.")
    ] = None,
) -> None:
    """Bring weight files from where their yaml says, and check them; goes on where a download was interrupted."""
    from ferbench.app import models
    from ferbench.app.compose import chosen_files
    from ferbench.places import default_root, models_dir

    if everything and names:
        raise FerbenchError("give names, or --all, not both")
    wanted = models.by_choice(names) if names else models.catalogue() if everything else chosen_files(models.GROUPS)
    paths, errors = models.fetch_chosen(wanted, to or models_dir(default_root()), typer.echo)
    for path, how in paths.items():
        typer.echo(f"{path}: {how}")
    for error in errors:
        typer.echo(f"WeightsError: {error}", err=True)
    if not names and not everything:
        typer.echo(
            "this is what the default configuration needs; others: ferbench models fetch NAME, or --all", err=True
        )
    if errors:
        raise typer.Exit(1)


@models_app.command("import")
def models_import(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with weight files, wheels or zip archives.")],
) -> None:
    """Find weight files below a folder by their content, under any name, and copy them to where they belong."""
    from ferbench.app import models
    from ferbench.app.console import error_console
    from ferbench.app.importing import import_files
    from ferbench.places import default_root, models_dir

    folder = models_dir(default_root())
    with error_console().status(f"reading {source}"):
        found = import_files(models.all_files(), source, folder, confirm=models.confirm)
    for item, where in found.copied:
        typer.echo(f"{item.file}: copied from {where}")
    for line in models.import_lines(found, folder):
        typer.echo(line)
    if found.missing and not found.copied:
        raise typer.Exit(1)


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
