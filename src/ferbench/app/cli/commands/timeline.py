"""``ferbench timeline``: a session's page from stored predictions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from ferbench.app.cli.completion import choices
from ferbench.app.cli.options import (
    DirectionOption,
    check_level,
    errors_in_options,
    expressions,
    pairs,
    value_pairs,
)
from ferbench.app.cli.table_options import (
    ColumnsOption,
    KeepOption,
    SessionNameOption,
    TimeFormatOption,
)

OPTIONS: Final = {
    "annotations": "--annotations",
    "annotator": "--annotator",
    "anonymize": "--anonymize",
    "embed": "--embed",
    "direction": "--direction",
    "event": "--rule",
    "format.columns": "--column",
    "format.keep": "--keep",
    "format.time_format": "--time-format",
    "event.enter": "--enter",
    "hidden": "--hidden",
    "kind": "--kind",
    "labels": "--label",
    "out": "--out",
    "post_s": "--post",
    "pre_s": "--pre",
    "scoring": "--scoring",
    "scoring.post_s": "--post",
    "scoring.pre_s": "--pre",
    "selector": "--selector",
    "session_name": "--session-name",
    "unlisted": "--unlisted",
    "video": "--video",
}
"""The option of each field that a message may name."""


def timeline(
    predictions: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|DIR...",
            help="Tables of 'predict' (.parquet, .csv); of a folder all below it.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The page (.html), or a folder for pages; default: beside the table."),
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(
            help="Annotations: CSV, .xlsx, an annotation program's file, or a folder of these."
        ),
    ] = None,
    video: Annotated[
        Path | None,
        typer.Option(help="The video, which is compared with the predictions (one table only)."),
    ] = None,
    embed: Annotated[
        bool,
        typer.Option(
            help="Carry the video within the page (faces are seen then, unless --anonymize hides "
            "them); a page has 50 MiB at most."
        ),
    ] = False,
    anonymize: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help="embed: hide all faces that were found in a copy of the video: blur, pixelate, or "
            "box, of which nothing can be recovered. Voices stay.",
        ),
    ] = None,
    hidden: Annotated[
        Path | None,
        typer.Option(
            metavar="PREDICTIONS|DIR",
            help="anonymize: further tables whose faces are hidden too, as of "
            "'predict --min-score 0.1'.",
        ),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            help="A choice of conf/event; default: that of runs.", autocompletion=choices("event")
        ),
    ] = None,
    enter: Annotated[
        float | None, typer.Option(help="The rule's threshold (the page's slider has others).")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Another value of the rule."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL[,LABEL...]",
            help="Expression, or another output of the model (arousal), or several (surprise).",
        ),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="probability (default), or top (the most likely).")
    ] = None,
    direction: DirectionOption = None,
    selector: Annotated[
        str | None, typer.Option(help="Which face is the participant (largest).")
    ] = None,
    scoring: Annotated[
        str | None,
        typer.Option(
            help="How to match, a choice of conf/scoring.", autocompletion=choices("scoring")
        ),
    ] = None,
    pre: Annotated[
        float | None, typer.Option(help="Seconds before an annotation's onset that match.")
    ] = None,
    post: Annotated[float | None, typer.Option(help="Seconds after it.")] = None,
    annotator: Annotated[
        str | None, typer.Option(help="Whose annotations are scored against; all = everybody's.")
    ] = None,
    unlisted: Annotated[
        str,
        typer.Option(
            help="A session without a row is unannotated (not scored), or empty (nothing to find)."
        ),
    ] = "unannotated",
    session_name: SessionNameOption = "{session}",
    time_format: TimeFormatOption = "auto",
    column: ColumnsOption = None,
    keep: KeepOption = None,
) -> None:
    """Write a session's page: curves, events, annotations, thresholds and video on one time axis.

    It is one file that needs no network, for a browser. The video is opened from disk in the page,
    or carried within it with --embed; --anonymize hides its faces. Runs write such pages too
    (report.pages).
    """
    from ferbench.sentences import joined
    from ferbench.workflows.score_tables import table_from
    from ferbench.workflows.session_report import write_session_report

    fields: dict[str, Any] = dict(value_pairs("--set", set_ or ()))
    fields |= _given(enter=enter, choice=rule)
    matching = _given(pre_s=pre, post_s=post, choice=scoring)

    with errors_in_options(OPTIONS):
        labels = expressions(label or ["surprise"])
        check_level("--enter", enter, labels, direction=direction)
        format_ = table_from(
            columns=pairs("--column", column or ()),
            keep=pairs("--keep", keep or ()),
            time_format=time_format,
            frame_rate_hz=None,
            sheet=None,
            tier=None,
        )

    def write(table: Path) -> list[str]:
        report = write_session_report(
            table,
            out or table.parent,
            annotations=annotations,
            video=video,
            embed=embed,
            anonymize=anonymize,  # type: ignore[arg-type]
            hidden=hidden,
            labels=labels,
            rule=fields or None,
            kind=kind,  # type: ignore[arg-type]
            direction=direction,  # type: ignore[arg-type]
            selector=selector,
            criterion=matching or None,
            annotator=annotator,
            unlisted=unlisted,  # type: ignore[arg-type]
            session_name=session_name,
            format=format_,
        )
        unscored = report.result.session.unscored if annotations is not None else ""
        reasons = [joined("", ["not scored: ", unscored])] if unscored else []
        return [f"{report.path}: {str(report).partition(', ')[2]}", *reasons, *report.notes]

    with errors_in_options(OPTIONS):
        num_failed = _each(predictions, write, video=video, out=out)
    if num_failed:
        raise typer.Exit(1)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _each(sources: Sequence[Path], write: Any, *, video: Path | None, out: Path | None) -> int:
    """Write the page of each table; a table that cannot be used is told, the others go on.

    Returns how many failed. Of a single table the error is raised.
    """
    from ferbench.app.words import OptionWords, reason_in
    from ferbench.errors import ConfigError, FerbenchError
    from ferbench.sentences import told
    from ferbench.wording import some
    from ferbench.workflows.prediction_sources import prediction_sources

    files = prediction_sources(sources, model=None, several=True)
    if len(files.paths) > 1 and video is not None:
        raise ConfigError("is of one table of predictions; give one", key="video")
    if len(files.paths) > 1 and out is not None and out.suffix.lower() in (".html", ".htm"):
        raise ConfigError("expected a folder for several pages", key="out")
    words = OptionWords(OPTIONS)
    reasons: dict[str, list[str]] = {}
    for path in files.paths:
        try:
            first, *notes = write(path)
        except (FerbenchError, OSError) as error:
            if len(files.paths) == 1 and isinstance(error, FerbenchError):
                raise
            reason = reason_in(words, error).removeprefix(f"{path}: ")
            if reason not in reasons:
                typer.echo(f"failed: {path}: {reason}", err=True)
            reasons.setdefault(reason, []).append(path.name)
            continue
        typer.echo(first)
        for note in notes:
            typer.echo(f"note: {told(note, words)}", err=True)
    for names in reasons.values():
        if len(names) > 1:
            typer.echo(f"failed for the same reason as {names[0]}: {some(names[1:])}", err=True)
    return sum(map(len, reasons.values()))
