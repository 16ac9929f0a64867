"""``ferbench play``: a video with what was found, in a window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ferbench.app.cli.options import errors_in_words
from ferbench.app.cli.table_options import LabelsOption, RuleOption, SelectorOption
from ferbench.app.words import OptionWords

OPTIONS: Final = {
    "annotations": "--annotations",
    "annotator": "--annotator",
    "anonymize": "--anonymize",
    "event": "--rule",
    "events": "--events",
    "label": "--label",
    "labels": "--label",
    "layout": "--layout",
    "rule": "--rule",
    "selector": "--selector",
}
"""The option of each field that a message may name."""


def play(
    video: Annotated[Path, typer.Argument(help="The video.")],
    predictions: Annotated[
        Path,
        typer.Argument(help="Its table of 'predict' (.parquet, .csv), or the thesis' CSV."),
    ],
    layout: Annotated[
        str, typer.Option(help="ferbench, or thesis (as the thesis' programs drew).")
    ] = "ferbench",
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Events to show; default: found as by 'events', with --rule and --label.",
        ),
    ] = None,
    rule: RuleOption = None,
    label: LabelsOption = None,
    selector: SelectorOption = None,
    annotations: Annotated[
        Path | None,
        typer.Option(metavar="FILE|DIR", help="Annotations to show, as 'score' reads them."),
    ] = None,
    annotator: Annotated[str | None, typer.Option(help="Only this annotator's.")] = None,
    anonymize: Annotated[
        str | None,
        typer.Option(metavar="METHOD", help="Hide all faces: blur, pixelate or box."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell how many frames were shown.")
    ] = False,
) -> None:
    """Play a video with what was found, at its own speed; there is no sound.

    Frames that come too late are left out. Keys: space pauses, . and , go a frame on and back,
    left and right 5 seconds, up and down change the speed, n and p go to the next and previous
    event, Home and End to the ends, q or Esc closes the window.
    """
    from ferbench.app.cli.render_show import Drawn, play_and_print

    with errors_in_words(OptionWords(OPTIONS)):
        drawn = Drawn(
            events=events,
            rule=rule,
            labels=tuple(label or ["Surprise"]),
            selector=selector,
            annotations=annotations,
            annotator=annotator,
        )
        play_and_print(
            video, predictions, drawn, layout=layout, anonymize=anonymize, verbose=verbose
        )
