"""``ferbench score``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ferbench.app.cli.completion import choices
from ferbench.app.cli.options import (
    JsonFlag,
    ThemeOption,
    VectorFlag,
    errors_in_words,
    pairs,
    picture_style,
    written_by,
)
from ferbench.app.cli.score_words import OWN_OPTIONS, WORDS, WORDS_OF_DATASET
from ferbench.app.cli.table_options import ColumnsOption, SessionNameOption
from ferbench.errors import FerbenchError
from ferbench.sentences import told

if TYPE_CHECKING:
    from ferbench.scoring.evaluation import Scores


def score(
    events: Annotated[
        Path | None,
        typer.Argument(
            help="Table of events (CSV of a run or of 'events --out'; JSON of 'events --json'); "
            "not needed with --grades."
        ),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Argument(
            help="Annotations, as for a run: CSV, .xlsx, an annotation program's file (.eaf, .vtt, "
            ".srt, BORIS's table, ...), or a folder: of such files, or of tables; not needed with "
            "--dataset."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="A study's data set, as 'init' writes it: its annotations, and how they are "
            "written (whose to use, --annotator can say).",
            autocompletion=choices("dataset"),
        ),
    ] = None,
    config_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with data sets of your own.")
    ] = None,
    camera: Annotated[
        str | None,
        typer.Option(help="With --dataset: by whose videos clock times are placed, of several."),
    ] = None,
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
    column: ColumnsOption = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Only such rows are annotations, as type=robot."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Workbook (.xlsx): the sheet to read; default: the first.")
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
    session_name: SessionNameOption = "{session}",
    scoring: Annotated[
        str,
        typer.Option(
            help="How to match, a choice of conf/scoring: window (around the onset), onset_offset, "
            "overlap, errhri, ..."
        ),
    ] = "window",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="A value of that criterion or of the statistics, as least_iou=0.3 or seed=1.",
        ),
    ] = None,
    intervals: Annotated[
        bool, typer.Option(help="Chance levels and intervals over participants.")
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option(help="Write pictures and tables of the statistics to this folder."),
    ] = None,
    theme: ThemeOption = "light",
    vector: VectorFlag = False,
    matches: Annotated[
        Path | None,
        typer.Option(
            help="Write hits, false alarms and misses: "
            "'{session}.eaf', '{session}.vtt', '{session}.srt', NAME.boris.tsv, ..."
        ),
    ] = None,
    link_videos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where the videos are that .eaf files of --matches link (beside the files).",
        ),
    ] = None,
    grades: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE|DIR",
            help="Instead of annotations: what people said of events in a page, right, wrong or "
            "unsure. Repeat it for several raters and models. Also the thesis' grade files.",
        ),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="--grades of a blind page: the key written beside it.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="--grades: seconds within which events of several models are one (default: 1)."
        ),
    ] = None,
    grade_file: Annotated[
        Path | None,
        typer.Option(help="--grades: write the verdicts as the thesis' grade file."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Compare a table of events with annotations, with the scoring of a run; no video is touched.

    Sessions are compared by name. One that has a row that cannot be read, or that is in one of the
    files only, is left out and named. Ends with 0 if something was scored and every row could be
    read, else with 1.
    """
    from ferbench.app.cli.score_report import show
    from ferbench.datasets.naming import Naming
    from ferbench.workflows.linked_videos import check_link
    from ferbench.workflows.score_files import score_files
    from ferbench.workflows.score_source import Given, annotations_of
    from ferbench.workflows.score_tables import Request, table_from

    _check("--stamp", stamp or "trigger", ("trigger", "onset"))
    if grades:
        from ferbench.app.cli.grades_report import GradeOptions, score_and_show

        score_and_show(
            GradeOptions(
                events=events,
                grades=grades,
                key=key,
                tolerance_s=tolerance,
                stamp=stamp,  # type: ignore[arg-type]
                settings=_settings(set_ or ()),
                intervals=intervals,
                out=out,
                grade_file=grade_file,
                as_json=as_json,
            )
        )
        return
    if events is None:
        raise FerbenchError("expected EVENTS and ANNOTATIONS, or --grades FILE")
    _check_no_grades({"--key": key, "--tolerance": tolerance, "--grade-file": grade_file})
    _check("--unlisted", unlisted, ("unannotated", "empty"))
    _check("--theme", theme, ("light", "dark"))
    words = WORDS if dataset is None else WORDS_OF_DATASET
    with errors_in_words(words):
        given = Given(
            annotations=annotations,
            table=table_from(
                columns=pairs("--column", column or ()),
                keep=pairs("--keep", keep or ()),
                time_format=time_format,
                frame_rate_hz=frame_rate,
                sheet=sheet,
                tier=tier,
            ),
            naming=Naming(template=session_name),
            annotator=annotator,
            unlisted=unlisted,  # type: ignore[arg-type]
        )
        source = annotations_of(given, dataset, config_dir=config_dir, camera=camera)
        request = Request(
            events=events,
            annotations=source.annotations,
            lengths=sessions,
            table=source.table,
            naming=source.naming,
            annotator=source.annotator,
            label=label,
            pre_s=pre,
            post_s=post,
            stamp=stamp,  # type: ignore[arg-type]
            unlisted=source.unlisted,
            scoring=scoring,
            settings=_settings(set_ or ()),
            intervals=intervals,
            study=source.study,
        )
        check_link(link_videos, matches)
        scores = score_files(request)
    place = request.annotations
    beside = [place if place.is_dir() else place.parent, events.parent]
    _write_matches(scores, matches, link_videos=link_videos, beside=beside)
    _write_statistics(scores, out, theme, vector=vector)
    show(scores, words, as_json=as_json)
    if scores.refused:
        raise typer.Exit(1)


def _check_no_grades(options: Mapping[str, object]) -> None:
    for name, value in options.items():
        if value is not None:
            raise FerbenchError(f"{name} goes with --grades")


def _settings(texts: Sequence[str]) -> list[tuple[str, str]]:
    """``--set`` as pairs. Raises FerbenchError where a setting has an option of its own."""
    settings = pairs("--set", texts)
    for name, _ in settings:
        own_option = OWN_OPTIONS.get(name.rpartition(".")[2])
        if own_option:
            raise FerbenchError(f"--set: {name} has an option of its own, {own_option}")
    return settings


def _write_matches(
    scores: Scores, matches: Path | None, *, link_videos: Path | None, beside: Sequence[Path]
) -> None:
    """Write what became of each event, where that was asked for."""
    from ferbench.workflows.score_files import write_matches

    if matches is not None:
        with written_by("--matches", matches), errors_in_words(WORDS):
            for note in write_matches(scores, matches, folder=link_videos, beside=beside):
                typer.echo(f"note: {told(note, WORDS)}", err=True)


def _write_statistics(scores: Scores, out: Path | None, theme: str, *, vector: bool) -> None:
    """Write the statistics, where that was asked for."""
    from ferbench.report.statistics_files import write_statistics

    if out is not None:
        style = picture_style(theme, vector=vector)
        with written_by("--out", out):
            write_statistics(scores.statistics, out, scores.criterion, scores.rules, pictures=style)


def _check(option: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise FerbenchError(f"{option}: expected {' or '.join(allowed)}, got {given!r}")
