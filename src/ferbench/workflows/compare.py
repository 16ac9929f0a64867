"""Compare: runs beside each other, what differs between them and how they did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ferbench.errors import ConfigError, FerbenchError, TrackingError
from ferbench.places import default_root
from ferbench.report.compare import compare as compare_runs
from ferbench.report.comparison import Comparison
from ferbench.results import RunRow
from ferbench.sentences import Text
from ferbench.tracking.query import open_store, runs_of
from ferbench.tracking.store import DIED, ERROR_TAG, Store
from ferbench.types import CountsRow
from ferbench.workflows.against_baseline import beside_baseline
from ferbench.workflows.compare_paired import CountsOf, counts_in
from ferbench.workflows.evaluate import run_name
from ferbench.workflows.evaluation import Evaluation
from ferbench.workflows.recorded_counts import of_own_window
from ferbench.workflows.run_report import row_of


def compare(
    runs: str | Sequence[Evaluation | RunRow] | None = None,
    *,
    by: str | None = None,
    uri: str | None = None,
    root: Path | None = None,
) -> Comparison:
    """Put runs in order and drop what they have in common.

    Args:
        runs: evaluations; or a recorded run's id, a sweep's or an experiment's name; None = the
            newest sweep, or else the newest experiment.
        by: number to sort by, such as ``recall``; None = F1.
        uri: of recorded runs: the store; None = where runs are recorded.
        root: of recorded runs: the folder that holds them; None = the default one.

    Raises:
        TrackingError: there is no such store or run.
        ConfigError: no run has a number of that name, or several have.
    """
    if runs is None or isinstance(runs, str):
        store = open_store(uri, root=root or default_root())
        recorded = runs_of(store, runs)
        if not recorded.runs:
            raise TrackingError(f"{recorded.what} has no runs to compare ({recorded.where})")
        return compare_recorded(store, recorded.runs, by=by)
    if not isinstance(runs, Iterable):
        runs = [runs]
    if not runs:
        raise ConfigError(key="runs", expected="at least one run", got=list(runs))
    rows = [_row(run, number) for number, run in enumerate(runs)]
    evaluations = dict(zip((row.run_id for row in rows), runs, strict=True))
    comparison = compare_runs(rows, by=by)
    return _beside_baseline(comparison, lambda row: _counts_of(evaluations[row.run_id], row))


def compare_recorded(store: Store, runs: Sequence[RunRow], *, by: str | None = None) -> Comparison:
    """Compare runs of a store; see ``compare``."""
    return _beside_baseline(compare_runs(runs, by=by), counts_in(store))


def _beside_baseline(comparison: Comparison, counts: CountsOf) -> Comparison:
    """With the best run against the best baseline; where that cannot be, a note says why."""
    if comparison.warnings:
        return comparison
    try:
        return beside_baseline(comparison, counts)
    except FerbenchError as error:
        note = Text("not set against a baseline: ", error.text())
        return replace(comparison, notes=(*comparison.notes, note))


def _counts_of(run: Evaluation | RunRow, row: RunRow) -> list[CountsRow]:
    """The counts of an evaluation with its own criterion, one row per session.

    Raises:
        ConfigError: it is a recorded run's row, which has none.
    """
    if isinstance(run, RunRow):
        raise ConfigError(f"{run.name} is a row without counts; give its name, or evaluations")
    return of_own_window(run.report.counts, row)


def broken_off(rows: Iterable[RunRow]) -> list[tuple[str, str]]:
    """Name and reason of each run that broke off."""
    runs = []
    for row in rows:
        if row.state == "died":
            runs.append((f"{row.run_id[:8]} {row.name}", DIED))
        elif row.state == "failed" and (not row.metrics or ERROR_TAG in row.tags):
            reason = row.tags.get(ERROR_TAG, "no reason was recorded")
            runs.append((f"{row.run_id[:8]} {row.name}", reason))
    return runs


def _row(run: Any, number: int) -> RunRow:
    """A run as a row; one that was recorded nowhere gets an id of its own.

    Raises:
        ConfigError: it is no run.
    """
    if isinstance(run, RunRow):
        return run
    if not isinstance(run, Evaluation):
        raise ConfigError(
            key="runs", expected="what evaluate returns, or a recorded run's name", got=run
        )
    return row_of(run, name=run_name(run.choices), number=number)
