"""What ``ferbench score-frames`` prints."""

from __future__ import annotations

import json

import typer

from ferbench.app.console import output_console
from ferbench.app.tables import number, rows_table
from ferbench.wording import plural, some
from ferbench.workflows.score_frames import FrameScores


def show(scores: FrameScores, *, as_json: bool) -> None:
    """Print a table of the scores and what a reader should know, or JSON with all of it."""
    if as_json:
        typer.echo(json.dumps(scores.as_plain(), indent=1))
        return
    tolerance = scores.frames.tolerance
    rows = [
        (row.score, number(row.strict), number(row.tolerant))
        for row in scores.to_frame().itertuples()
    ]
    header = ("macro over classes", "strict", f"within {plural(tolerance, 'frame')}")
    output_console().print(rows_table(f"{scores.frames.num} frames", header, rows))
    classes = [
        f"{name} ({counts.truth} true, {counts.prediction} predicted)"
        for name, counts in scores.classes.items()
    ]
    typer.echo(f"classes: {some(classes)}")
    if scores.never_true:
        typer.echo(
            f"note: predicted, but never true: {some(scores.never_true)}. Each is a class of the "
            "macro mean; probabilities must be made labels first",
            err=True,
        )
    if scores.num_sessions is None:
        typer.echo(
            "note: no column session, so all rows are of one; name it with --column session=THEIRS",
            err=True,
        )
