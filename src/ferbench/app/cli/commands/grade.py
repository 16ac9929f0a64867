"""``ferbench grade``: a page for grading events without knowing whose they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from ferbench.app.cli.completion import choices
from ferbench.app.cli.options import errors_in_words, expressions

OPTIONS: Final = {
    "anonymize": "--anonymize",
    "context_s": "--context",
    "embed": "--embed",
    "event": "--rule",
    "fps": "--fps",
    "hidden": "--hidden",
    "label": "--label",
    "labels": "--label",
    "out": "--out",
    "rule": "--rule",
    "stamp": "--stamp",
    "tolerance_s": "--tolerance",
    "video": "--video",
}


def grade(
    results: Annotated[
        list[str],
        typer.Argument(
            metavar="[MODEL=]FILE|DIR...",
            help="A table of events (of a run or of 'events --out') or predictions of each model; "
            "a folder of the thesis' CSVs has several.",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The page; its key goes beside it.")] = Path(
        "grading.html"
    ),
    context: Annotated[
        float, typer.Option(help="Seconds shown before each event's onset and after its offset.")
    ] = 5.0,
    tolerance: Annotated[
        float,
        typer.Option(help="Events of several models within so many seconds are shown once."),
    ] = 1.0,
    stamp: Annotated[
        str, typer.Option(help="An event's time for --tolerance: trigger or onset.")
    ] = "trigger",
    seed: Annotated[int, typer.Option(min=0, help="Of the order in which events are shown.")] = 0,
    label: Annotated[
        list[str] | None,
        typer.Option(
            help="Predictions: expression, or several (also by several --label); default: surprise."
        ),
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(
            help="Predictions: event rule, a choice of conf/event.", autocompletion=choices("event")
        ),
    ] = None,
    fps: Annotated[float | None, typer.Option(help="Thesis CSVs: rows per second.")] = None,
    video: Annotated[
        Path | None, typer.Option(help="Thesis CSVs: take the rate from the videos in here.")
    ] = None,
    embed: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Carry a small clip of each event within the page, cut from the videos in here.",
        ),
    ] = None,
    anonymize: Annotated[
        str | None,
        typer.Option(
            metavar="METHOD",
            help="embed: hide all faces that any of the predictions has: blur, pixelate, or box, "
            "of which nothing can be recovered. Voices stay.",
        ),
    ] = None,
    hidden: Annotated[
        Path | None,
        typer.Option(
            metavar="PREDICTIONS|DIR",
            help="anonymize: further tables whose faces are hidden too; tables of events need "
            "them.",
        ),
    ] = None,
) -> None:
    """Write a page on which people grade events without knowing whose they are.

    Events of all models come in an order by lot, near-identical ones once; curves and scores are
    not shown. The page plays videos that its user opens, or with --embed its own clips, whose
    faces --anonymize hides. What it exports is counted by 'score --grades' with the key, which
    raters should not see. Ends with 1 if a file cannot be used.
    """
    from ferbench.app.words import OptionWords, reason_in
    from ferbench.workflows.write_grading_page import write_grading_page

    words = OptionWords(OPTIONS)
    with errors_in_words(words):
        written = write_grading_page(
            results,
            out,
            labels=expressions(label or ["surprise"]),
            rule=rule,
            fps=fps,
            video=video,
            context_s=context,
            tolerance_s=tolerance,
            stamp=stamp,  # type: ignore[arg-type]
            seed=seed,
            embed=embed,
            anonymize=anonymize,  # type: ignore[arg-type]
            hidden=hidden,
        )
    for path, error in written.failures.items():
        typer.echo(f"{path}: {reason_in(words, error)}", err=True)
    typer.echo(
        f"wrote {written.page}: {written.items} items for {written.events} events of "
        f"{', '.join(written.models)}"
    )
    typer.echo(f"wrote {written.key}: not for raters; score --grades FILE --key {written.key}")
    if written.failures:
        raise typer.Exit(1)
