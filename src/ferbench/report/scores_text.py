"""Scores of events against annotations as text."""

from __future__ import annotations

from ferbench.report.statistics_words import number
from ferbench.report.text_table import TextTable
from ferbench.scoring.evaluation import Scores
from ferbench.scoring.metrics import MAIN, METRICS, values_of
from ferbench.types import Counts


def scores_table(scores: Scores) -> TextTable:
    """One row per session, and one for all."""
    is_ignoring = scores.criterion.duplicates == "ignored"
    outcomes = scores.outcomes.items()
    rows = [(name, *_cells(each.counts, is_ignoring=is_ignoring)) for name, each in outcomes]
    total = Counts(tp=0, fp=0, fn=0, n_ref=0, observed_s=0.0, valid_s=0.0)
    for _, outcome in outcomes:
        total += outcome.counts
    rows.append(("all sessions", *_cells(total, is_ignoring=is_ignoring)))
    counts = ("events", "matched", "false", "ignored", "missed")
    shown = [name for name in counts if is_ignoring or name != "ignored"]
    return TextTable(
        title="events against annotations",
        header=("session", *shown, METRICS[MAIN].title),
        rows=tuple(rows),
    )


def _cells(counts: Counts, *, is_ignoring: bool) -> tuple[str, ...]:
    ignored = [counts.ignored] if is_ignoring else []
    num_events = counts.tp + counts.fp + counts.ignored
    numbers = (num_events, counts.tp, counts.fp, *ignored, counts.fn)
    return (*map(str, numbers), number(values_of(counts)[MAIN]))
