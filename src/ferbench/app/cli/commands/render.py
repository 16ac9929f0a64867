"""``ferbench render``: videos with what was found drawn on them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ferbench.app.cli.options import errors_in_words, pairs
from ferbench.app.cli.table_options import (
    ColumnsOption,
    KeepOption,
    LabelsOption,
    RuleOption,
    SelectorOption,
    SessionNameOption,
    TimeFormatOption,
)
from ferbench.app.words import OptionWords

OPTIONS: Final = {
    "annotations": "--annotations",
    "annotator": "--annotator",
    "anonymize": "--anonymize",
    "context_s": "--context",
    "event": "--rule",
    "events": "--events",
    "hidden": "--hidden",
    "format.columns": "--column",
    "format.keep": "--keep",
    "format.time_format": "--time-format",
    "label": "--label",
    "labels": "--label",
    "layout": "--layout",
    "model": "--model",
    "out": "--out",
    "overwrite": "--overwrite",
    "rule": "--rule",
    "selector": "--selector",
    "session_name": "--session-name",
}
"""The option of each field that a message may name."""
WORDS: Final = OptionWords(OPTIONS)


def render(
    source: Annotated[
        Path, typer.Argument(metavar="VIDEO|DIR", help="A video, or a folder of videos.")
    ],
    predictions: Annotated[
        Path,
        typer.Argument(
            metavar="PREDICTIONS|DIR",
            help="Its table of 'predict' (.parquet, .csv), or the thesis' CSV; or a folder.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for the rendered videos, or of one video its .mp4.")
    ] = Path("rendered"),
    compilation: Annotated[
        bool, typer.Option("--compilation", help="A clip per event instead of the whole video.")
    ] = False,
    context: Annotated[
        float, typer.Option(min=0, help="compilation: seconds before and after each event.")
    ] = 2.0,
    layout: Annotated[
        str, typer.Option(help="ferbench, or thesis (as the thesis' programs drew).")
    ] = "ferbench",
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Events to show (table of 'events --out' or of a run); default: found as by "
            "'events', with --rule and --label.",
        ),
    ] = None,
    rule: RuleOption = None,
    label: LabelsOption = None,
    selector: SelectorOption = None,
    model: Annotated[
        str | None, typer.Option(help="Of the thesis CSVs in a folder those of this model.")
    ] = None,
    annotations: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="Annotations to show, as 'score' reads them."),
    ] = None,
    annotator: Annotated[str | None, typer.Option(help="Only this annotator's.")] = None,
    time_format: TimeFormatOption = "auto",
    column: ColumnsOption = None,
    keep: KeepOption = None,
    session_name: SessionNameOption = "{session}",
    anonymize: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help="Hide all faces that were found: blur, pixelate, or box, of which nothing can be "
            "recovered. Voices stay.",
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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace rendered videos that are there.")
    ] = False,
) -> None:
    """Draw boxes, landmarks, expressions, events and annotations on videos.

    Writes H.264 with the video's own sound and times, which browsers play. Faces are shown as they
    are, unless --anonymize hides them. Ends with 1 where a video failed; the others are written.
    """
    from ferbench.app.cli.render_show import Drawn, Request, find_and_render

    with errors_in_words(WORDS):
        drawn = Drawn(
            events=events,
            rule=rule,
            labels=tuple(label or ["Surprise"]),
            selector=selector,
            annotations=annotations,
            annotator=annotator,
            time_format=time_format,
            columns=pairs("--column", column or ()),
            keep=pairs("--keep", keep or ()),
            session_name=session_name,
        )
        request = Request(
            source=source,
            predictions=predictions,
            model=model,
            out=out,
            drawn=drawn,
            layout=layout,
            compilation=compilation,
            context_s=context,
            anonymize=anonymize,
            hidden=hidden,
            overwrite=overwrite,
        )
        code = find_and_render(request, WORDS)
    if code:
        raise typer.Exit(code)
