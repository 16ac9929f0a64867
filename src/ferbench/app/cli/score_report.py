"""What ``ferbench score`` prints."""

from __future__ import annotations

import json

import typer

from ferbench.app.console import output_console
from ferbench.app.tables import FittedTable
from ferbench.report.scores_text import scores_table
from ferbench.report.statistics_text import summary
from ferbench.scoring.evaluation import Scores
from ferbench.sentences import Words, told


def show(scores: Scores, words: Words, *, as_json: bool) -> None:
    """Print a table and totals, and what was left out to the error output.

    Or JSON with all of it.
    """
    refused = [told(text, words) for text in scores.refused]
    left_out = [told(text, words) for text in scores.left_out]
    notes = [told(text, words) for text in scores.notes]
    if as_json:
        sentences = {"left_out": left_out, "refused_rows": refused, "notes": notes}
        typer.echo(json.dumps({**scores.as_plain(), **sentences}, indent=1))
        return
    output_console().print(FittedTable(scores_table(scores)))
    for line in summary(scores.statistics, scores.criterion, scores.rules):
        typer.echo(line)
    for text in refused:
        typer.echo(f"refused: {text}", err=True)
    for text in left_out:
        typer.echo(text, err=True)
    for text in notes:
        typer.echo(f"note: {text}", err=True)
