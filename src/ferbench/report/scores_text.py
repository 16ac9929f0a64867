"""Scores of events against annotations as text."""

from __future__ import annotations

from ferbench.report.statistics_words import number
from ferbench.report.text_table import TextTable
from ferbench.scoring.evaluation import Scores
from ferbench.scoring.metrics import MAIN, METRICS, values_of
from ferbench.scoring.session_outcome import SessionOutcome


def scores_table(scores: Scores) -> TextTable:
    """One row per session, and one for all."""
    rows = [_session_row(name, outcome) for name, outcome in scores.outcomes.items()]
    tp, fp, fn = (scores[name].value for name in ("tp", "fp", "fn"))
    counts = [f"{count:.0f}" for count in (tp + fp, tp, fp, fn)]
    rows.append(("all sessions", *counts, number(scores[MAIN].value)))
    return TextTable(
        title="events against annotations",
        header=("session", "events", "matched", "false", "missed", METRICS[MAIN].title),
        rows=tuple(rows),
    )


def _session_row(name: str, outcome: SessionOutcome) -> tuple[str, ...]:
    counts = outcome.counts
    numbers = (counts.tp + counts.fp, counts.tp, counts.fp, counts.fn)
    return (name, *map(str, numbers), number(values_of(counts)[MAIN]))
