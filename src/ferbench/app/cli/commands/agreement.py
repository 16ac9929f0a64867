"""``ferbench agreement``: compare, print, write, record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ferbench.app.cli.options import (
    ThemeOption,
    VectorFlag,
    csv_flag,
    errors_in_options,
    json_flag,
    picture_style,
)

OPTIONS: Final = {
    "allow_targets": "--allow-target",
    "format": "--format",
    "fps": "--fps",
    "max_events": "--max-events",
    "models": "--models",
    "out": "--out",
    "segment_s": "--segment",
    "uri": "--uri",
    "video": "--video",
}
"""The options of the fields that messages name."""


def agreement(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|DIR|RUN|SWEEP|EXPERIMENT]",
            help="A Results.csv or graded sheet of the thesis, a folder of its frame CSVs, or "
            "recorded runs; default: the newest sweep.",
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
    allow_target: Annotated[
        list[str] | None,
        typer.Option(metavar="PACKAGE", help="Runs: a package that their rules may come from."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write tables and pictures to this folder.")
    ] = None,
    theme: ThemeOption = "light",
    vector: VectorFlag = False,
    csv_: Annotated[bool, csv_flag("Print all numbers as CSV.")] = False,
    as_json: Annotated[bool, json_flag("Print JSON with all numbers and notes.")] = False,
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
    from ferbench.app.cli.agreement_show import show, show_recorded, show_written
    from ferbench.app.words import OptionWords
    from ferbench.workflows.agree import agree
    from ferbench.workflows.agreement.files import check_folder, write_agreement
    from ferbench.workflows.agreement.record import record_agreement

    chosen_models = None if models is None else [name.strip() for name in models.split(",")]
    style = picture_style(theme, vector=vector)
    with errors_in_options(OPTIONS):
        if out is not None:
            check_folder(out)
        result = agree(
            source,
            fps=fps,
            video=video,
            models=chosen_models,
            max_events=max_events,
            segment_s=segment,
            uri=uri,
            allow_targets=allow_target or (),
        )
        show(result, OptionWords(OPTIONS), as_csv=csv_, as_json=as_json)
        if out is not None:
            show_written(write_agreement(result, out, style), out)
        is_recorded = result.runs is not None if record is None else record
        if is_recorded:
            show_recorded(record_agreement(result, style=style))
