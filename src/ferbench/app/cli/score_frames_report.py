"""What ``ferbench score-frames`` prints."""

from __future__ import annotations

import json

import typer

from ferbench.app.console import output_console
from ferbench.app.tables import FittedTable
from ferbench.app.words import OptionWords
from ferbench.sentences import told
from ferbench.workflows.score_frames import FrameScores


def show(scores: FrameScores, words: OptionWords, *, as_json: bool) -> None:
    """Print a table of the scores and what a reader should know, or JSON with all of it."""
    if as_json:
        typer.echo(json.dumps(scores.as_plain(), indent=1))
        return
    output_console().print(FittedTable(scores.text_table()))
    typer.echo(scores.classes_line())
    for note in scores.notes:
        typer.echo(f"note: {told(note, words)}", err=True)
