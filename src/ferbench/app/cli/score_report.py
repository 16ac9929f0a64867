"""What ``ferbench score`` prints."""

from __future__ import annotations

import json
import math
from typing import Any

import typer

from ferbench.app.console import output_console
from ferbench.app.tables import FittedTable, number, rows_table
from ferbench.errors import Words, told
from ferbench.report.statistics_text import summary
from ferbench.report.statistics_words import scores_line
from ferbench.scoring.evaluation import Scores
from ferbench.scoring.metrics import MAIN, METRICS, headline_values, values_of
from ferbench.scoring.session_outcome import SessionOutcome
from ferbench.workflows.score_files import ScoredTables


def show(scored: ScoredTables, words: Words, *, as_json: bool) -> None:
    """Print a table and totals, and what was left out to the error output.

    Or JSON with all of it.
    """
    if as_json:
        typer.echo(json.dumps(_plain(scored, words), indent=1))
        return
    scores = scored.scores
    output_console().print(sessions_table(scores))
    typer.echo(f"all sessions: {scores_line(scores.values())}")
    for line in summary(scores.statistics, scores.criterion, scores.rules):
        typer.echo(line)
    for text in scored.refused:
        typer.echo(f"refused: {told(text, words)}", err=True)
    for text in scored.left_out:
        typer.echo(told(text, words), err=True)
    for text in scored.notes:
        typer.echo(f"note: {told(text, words)}", err=True)


def _plain(scored: ScoredTables, words: Words) -> dict[str, Any]:
    """Everything as plain values; undefined is None."""
    scores = scored.scores
    return {
        "sessions": {name: _plain_counts(outcome) for name, outcome in scores.outcomes.items()},
        "scores": {score.name: _defined(score.value) for score in scores.values()},
        "statistics": {name: _defined(value) for name, value in scores.numbers.items()},
        "params": dict(scores[MAIN].params),
        "left_out": [told(text, words) for text in scored.left_out],
        "refused_rows": [told(text, words) for text in scored.refused],
        "notes": [told(text, words) for text in scored.notes],
    }


def sessions_table(scores: Scores) -> FittedTable:
    """One row per session, and one for all."""
    rows = [_row(name, outcome) for name, outcome in scores.outcomes.items()]
    tp, fp, fn = (scores[name].value for name in ("tp", "fp", "fn"))
    counts = [f"{count:.0f}" for count in (tp + fp, tp, fp, fn)]
    rows.append(("all sessions", *counts, number(scores[MAIN].value)))
    header = ("session", "events", "matched", "false", "missed", METRICS[MAIN].title)
    return rows_table("events against annotations", header, rows)


def _row(name: str, outcome: SessionOutcome) -> tuple[str, ...]:
    counts = outcome.counts
    numbers = (counts.tp + counts.fp, counts.tp, counts.fp, counts.fn)
    return (name, *map(str, numbers), number(values_of(counts)[MAIN]))


def _plain_counts(outcome: SessionOutcome) -> dict[str, float | int | None]:
    counts = outcome.counts
    values = headline_values(counts, outcome.lags_s)
    return {
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        **{name: _defined(value) for name, value in values.items()},
        "observed_s": _defined(counts.observed_s),
    }


def _defined(value: float) -> float | None:
    if math.isnan(value):
        return None
    return value
