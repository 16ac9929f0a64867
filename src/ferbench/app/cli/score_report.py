"""What ``ferbench score`` prints."""

from __future__ import annotations

import json
import math
from typing import Any

import typer

from ferbench.app.console import FittedTable, number, output_console, rows_table
from ferbench.errors import Words, told
from ferbench.report.statistics_text import summary
from ferbench.scoring.matching.event_scoring import SessionOutcome
from ferbench.scoring.metrics import latency_s, values_of
from ferbench.scoring.numbers import numbers
from ferbench.workflows.score import Scored

TOTALS = ("precision", "recall", "f1", "false_alarms_per_min", "latency_s")


def show(scored: Scored, words: Words, *, as_json: bool) -> None:
    """Print a table and totals, and what was left out to the error output.

    Or JSON with all of it.
    """
    if as_json:
        typer.echo(json.dumps(_plain(scored, words), indent=1))
        return
    output_console().print(sessions_table(scored))
    typer.echo(totals(scored))
    for line in summary(scored.statistics, scored.scoring):
        typer.echo(line)
    for text in scored.refused:
        typer.echo(f"refused: {told(text, words)}", err=True)
    for text in scored.left_out:
        typer.echo(told(text, words), err=True)
    for text in scored.notes:
        typer.echo(f"note: {told(text, words)}", err=True)


def _plain(scored: Scored, words: Words) -> dict[str, Any]:
    """Everything as plain values; undefined is None."""
    return {
        "sessions": {name: _plain_counts(outcome) for name, outcome in scored.sessions.items()},
        "scores": {score.name: _defined(score.value) for score in scored.scores},
        "statistics": {name: _defined(value) for name, value in numbers(scored.statistics).items()},
        "params": dict(scored.scores[0].params),
        "left_out": [told(text, words) for text in scored.left_out],
        "refused_rows": list(scored.refused),
        "notes": [told(text, words) for text in scored.notes],
    }


def sessions_table(scored: Scored) -> FittedTable:
    """One row per session, and one for all."""
    value = {score.name.removeprefix("event/"): score.value for score in scored.scores}
    rows = [_row(name, outcome) for name, outcome in scored.sessions.items()]
    counts = [value["tp"] + value["fp"], value["tp"], value["fp"], value["fn"]]
    rows.append(("all sessions", *(f"{count:.0f}" for count in counts), number(value["f1"])))
    return rows_table(
        "events against annotations",
        ("session", "events", "matched", "false", "missed", "F1"),
        rows,
    )


def totals(scored: Scored) -> str:
    """The scores over all sessions in one line."""
    value = {score.name.removeprefix("event/"): score.value for score in scored.scores}
    said = f"all sessions: {', '.join(f'{name} {number(value[name])}' for name in TOTALS)}"
    return said


def _row(name: str, outcome: SessionOutcome) -> tuple[str, ...]:
    c = outcome.counts
    return (name, str(c.tp + c.fp), str(c.tp), str(c.fp), str(c.fn), number(values_of(c)["f1"]))


def _plain_counts(outcome: SessionOutcome) -> dict[str, float | int | None]:
    counts = outcome.counts
    return {
        "tp": counts.tp,
        "fp": counts.fp,
        "fn": counts.fn,
        **{name: _defined(value) for name, value in values_of(counts).items()},
        "latency_s": _defined(latency_s(outcome.lags_s)),
        "observed_s": _defined(counts.observed_s),
    }


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
