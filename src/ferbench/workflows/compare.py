"""Compare: runs beside each other, what differs between them and how they did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ferbench.errors import ConfigError, TrackingError
from ferbench.places import default_root
from ferbench.report.compare import compare as compare_runs
from ferbench.report.comparison import Comparison
from ferbench.results import RunRow
from ferbench.tracking.query import open_store, runs_of
from ferbench.tracking.store import ERROR_TAG
from ferbench.workflows.evaluate import run_name
from ferbench.workflows.evaluation import Evaluation
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
        return compare_runs(recorded.runs, by=by)
    if not isinstance(runs, Iterable):
        runs = [runs]
    if not runs:
        raise ConfigError(key="runs", expected="at least one run", got=list(runs))
    return compare_runs([_row(run, number) for number, run in enumerate(runs)], by=by)


def broken_off(rows: Iterable[RunRow]) -> list[tuple[str, str]]:
    """Name and reason of each run that broke off."""
    runs = []
    for row in rows:
        if row.state == "failed" and not row.metrics:
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
