"""``ferbench score``, ``score-frames`` and ``compare``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ferbench.errors import FerbenchError

if TYPE_CHECKING:
    from ferbench.results import RunRow
    from ferbench.tracking.store import Store


SCORE_OPTIONS: Final = {
    "annotator": "--annotator",
    "format.columns": "--column",
    "format.frame_rate_hz": "--frame-rate",
    "format.keep": "--keep",
    "format.tier": "--tier",
    "format.time_format": "--time-format",
    "label": "--label",
    "lengths": "--sessions",
    "matches": "--matches",
    "post_s": "--post",
    "pre_s": "--pre",
    "scoring": "--set",
    "session_name": "--session-name",
    "stamp": "--stamp",
    "unlisted": "--unlisted",
}
"""The option of ``ferbench score`` for each setting."""


def score(
    events: Annotated[
        Path,
        typer.Argument(
            help="Table of events (CSV of a run or of 'events --out'; JSON of 'events --json')."
        ),
    ],
    annotations: Annotated[
        Path,
        typer.Argument(
            help="Annotations, as for a run: a CSV, .eaf, .vtt, BORIS's table, or a folder of these."
        ),
    ],
    pre: Annotated[
        float, typer.Option(help="Seconds before an annotation's onset in which an event matches.")
    ] = 0.5,
    post: Annotated[float, typer.Option(help="Seconds after it.")] = 5.0,
    stamp: Annotated[
        str | None,
        typer.Option(help="An event's time: trigger (default, where the table has it) or onset."),
    ] = None,
    label: Annotated[str | None, typer.Option(help="Only events of this expression.")] = None,
    sessions: Annotated[
        Path | None,
        typer.Option(help="CSV with session and duration_s; default: the one beside EVENTS."),
    ] = None,
    unlisted: Annotated[
        str,
        typer.Option(
            help="A session without a row is unannotated (not scored), or empty (nothing to find)."
        ),
    ] = "unannotated",
    time_format: Annotated[
        str, typer.Option(help="How times are written: auto, seconds, mm:ss, ...")
    ] = "auto",
    frame_rate: Annotated[
        float | None, typer.Option(help="Frames per second of hh:mm:ss:ff.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="OURS=THEIRS", help="A column's name, as session=participant_id."),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Only such rows are annotations, as type=robot."),
    ] = None,
    tier: Annotated[
        str | None,
        typer.Option(
            help="ELAN: this tier's annotations; all = of all tiers (--column kind=tier)."
        ),
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(help="Only this annotator's rows; all = everybody's.")
    ] = None,
    session_name: Annotated[
        str, typer.Option(help="How a row names its session, as '{participant}_{session}'.")
    ] = "{session}",
    scoring: Annotated[
        str,
        typer.Option(
            help="How to match: events (a window around the onset), onset_offset, overlap or errhri."
        ),
    ] = "events",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A value of that scoring, as criterion.least_iou=0.3 or seed=1.",
        ),
    ] = None,
    intervals: Annotated[
        bool, typer.Option(help="Chance levels and intervals over participants.")
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option(help="Write pictures and tables of the statistics to this folder."),
    ] = None,
    matches: Annotated[
        Path | None,
        typer.Option(
            help="Write hits, false alarms and misses: '{session}.eaf', '{session}.vtt' or NAME.boris.tsv."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; undefined is null.")] = False,
) -> None:
    """Compare a table of events with annotations, with the scoring of a run; no video is touched.

    Sessions are compared by name. One that has a row that cannot be read, or that is in one of the
    files only, is left out and named. Ends with 0 if something was scored and every row could be
    read, else with 1.
    """
    from ferbench.app.cli.options import OptionWords, errors_in, pairs
    from ferbench.app.cli.score_report import show
    from ferbench.datasets.naming import Naming
    from ferbench.formats.writing import write_tracks
    from ferbench.report.statistics_files import write_statistics
    from ferbench.workflows.score import match_tracks_of
    from ferbench.workflows.score import score as compare_tables
    from ferbench.workflows.score_tables import Request, table_from

    for option, given, allowed in (
        ("--stamp", stamp, (None, "trigger", "onset")),
        ("--unlisted", unlisted, ("unannotated", "empty")),
    ):
        if given not in allowed:
            raise FerbenchError(
                f"{option}: expected {' or '.join(filter(None, allowed))}, got {given!r}"
            )
    words = OptionWords(SCORE_OPTIONS)
    with errors_in(words):
        table = table_from(
            columns=pairs("--column", column or ()),
            keep=pairs("--keep", keep or ()),
            time_format=time_format,
            frame_rate_hz=frame_rate,
            tier=tier,
        )
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
                write_tracks(matches, match_tracks_of(scored), key="matches")
        if out is not None:
            with _written("--out", out):
                write_statistics(scored.statistics, out, scored.scoring)
    show(scored, words, as_json=as_json)
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


def score_frames(
    table: Annotated[
        Path,
        typer.Argument(
            help="CSV with a row per frame: truth, prediction and, of several sessions, session."
        ),
    ],
    tolerance: Annotated[
        int,
        typer.Option(
            min=0,
            help="Of the tolerant scores: a label that is true so many frames away is forgiven.",
        ),
    ] = 1,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="OURS=THEIRS", help="A column's name, as truth=y_true."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; undefined is null.")] = False,
) -> None:
    """Score labels of frames as the ERR@HRI 2024 challenge does.

    Accuracy and macro precision, recall and F1.
    """
    from ferbench.app.cli.options import pairs
    from ferbench.app.cli.score_frames_report import show

    show(table, columns=pairs("--column", column or ()), tolerance=tolerance, as_json=as_json)


def compare(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN|SWEEP|EXPERIMENT]",
            help="Default: the newest sweep, or else the newest experiment's runs.",
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Metric to sort by, such as recall; default: event/f1.")
    ] = None,
    uri: Annotated[
        str | None,
        typer.Option(
            help="MLflow store, folder of tracking=files, or 'files'; default: where runs are recorded."
        ),
    ] = None,
    csv_: Annotated[bool, typer.Option("--csv", help="Print CSV with all columns.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON with all params, metrics and tags.")
    ] = False,
    paired: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="RUN RUN", help="The second against the first, by participant."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="RUN", help="Each of the runs against this one, by participant; corrected p."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draws of --paired and --against.")] = 0,
) -> None:
    """Runs beside each other: what differs between them and how they did, best first."""
    from ferbench.app.cli.compare_report import as_csv, as_plain, show
    from ferbench.places import default_root
    from ferbench.report.compare import compare as compare_runs
    from ferbench.tracking.query import open_store, other_runs, runs_of

    store = open_store(uri, root=default_root())
    for option, given in (("--by", by), ("--csv", csv_ or None), ("--against", against)):
        if paired is not None and given is not None:
            raise FerbenchError(
                f"--paired and {option}: expected one of them; --paired compares two runs and sorts nothing"
            )
        if against is not None and given is not None and option != "--against":
            raise FerbenchError(
                f"--against and {option}: expected one of them; --json prints all numbers"
            )
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
        raise FerbenchError(
            f"{name!r} is {found.what} with {len(found.runs)} runs; expected one run's id or name"
        )
    return found.runs[0]


def _show_paired(
    store: Store, first: RunRow, others: list[RunRow], *, seed: int, as_json: bool, leave_out: bool
) -> None:
    from ferbench.app.console import output_console
    from ferbench.workflows.compare_paired import closing, compare_paired, plain, tables

    found = compare_paired(store, first, others, seed=seed, leave_out=leave_out)
    if as_json:
        typer.echo(json.dumps(plain(found), indent=1))
        return
    for table in tables(found):
        output_console().print(table)
    for line in closing(found):
        typer.echo(line)
