"""A comparison of runs on the screen, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Iterable
from typing import Any

from ferbench.app.console import error_console, output_console
from ferbench.app.tables import rows_table
from ferbench.report.compare import Comparison
from ferbench.report.shown_numbers import format_number
from ferbench.results import RunRow
from ferbench.tracking.store import ERROR_TAG, Store
from ferbench.wording import plural


def show(table: Comparison, what: str, *, where: str = "") -> None:
    """Print a comparison; what all runs have in common is left out.

    Args:
        table: the comparison.
        what: what the runs are, for the title.
        where: a second line: where they were recorded.
    """
    title = f"{what}: {plural(len(table.rows), 'run')}, sorted by {table.by or 'name'}"
    shown = rows_table(
        f"{title}\n{where}" if where else title,
        table.header,
        [table.cells(row) for row in table.rows],
        importance=table.importance,
        elsewhere="ferbench compare --csv has all",
    )
    output_console().print(shown)
    for warning in table.warnings:
        error_console().print(f"warning: {warning}", markup=False, style="yellow")
    for line in failures(table.rows):
        error_console().print(f"failed: {line}", markup=False, style="red")


def failures(rows: Iterable[RunRow]) -> list[str]:
    """Name and reason of each run that broke off."""
    lines = []
    for row in rows:
        if row.state == "failed" and not row.metrics:
            reason = row.tags.get(ERROR_TAG, "no reason was recorded")
            lines.append(f"{row.run_id[:8]} {row.name}: {reason}")
    return lines


def closing_words(comparison: Comparison, *, store: Store | None) -> str:
    """The best cell, what that is worth, and where to look."""
    lines = [_best_cell(comparison)]
    if store:
        pages = "look at the runs: ferbench ui    " if store.has_pages else ""
        lines.append(f"{pages}compare them again: {compare_command(store)}")
    return "\n".join(lines)


def _best_cell(comparison: Comparison) -> str:
    by, best = comparison.by, comparison.best
    if best is None:
        return _no_best_cell(comparison)
    value = best.metrics[by]
    same = sum(row.metrics.get(by) == value for row in comparison.rows)
    tie = f" ({same} cells share it)" if same > 1 else ""
    caution = "it was chosen on the data it is scored on (in-sample)"
    if f"{by}.p" in best.metrics:
        caution += "; p and interval are not corrected for this selection"
    return f"best cell by {by}: {best.name} = {format_number(value)}{tie}; {caution}"


def _no_best_cell(comparison: Comparison) -> str:
    if comparison.warnings:
        return "the cells were scored on different data, so none is called the best"
    if comparison.by:
        return f"no cell has {comparison.by} above 0, so none is the best"
    return "nothing is annotated, so no cell is better than another"


def compare_command(store: Store) -> str:
    """The command that compares runs of a store; without an address it takes MLflow's."""
    if store.has_pages:
        return "ferbench compare"
    return f"ferbench compare --uri {shlex.quote(store.uri)}"


def as_csv(table: Comparison) -> str:
    """All columns as CSV, with full run ids, states and all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    named = (("state", table.states), ("data", table.data))
    marks = {name: group for name, group in named if group}
    writer.writerow(["run_id", *marks, *table.params, *table.metrics])
    for row in table.rows:
        marked = [group[row.run_id] for group in marks.values()]
        params = [row.params.get(name, "") for name in table.params]
        numbers = [row.metrics.get(name, "") for name in table.metrics]
        writer.writerow([row.run_id, *marked, *params, *numbers])
    return text.getvalue()


def as_plain(table: Comparison) -> dict[str, Any]:
    """Everything: common choices, warnings, and each run with all its params, metrics and tags."""
    return {
        "sorted_by": table.by or "name",
        "warnings": list(table.warnings),
        "constant": dict(table.constant),
        "runs": [_plain_run(row) for row in table.rows],
    }


def _plain_run(row: RunRow) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "name": row.name,
        "state": row.state,
        "params": dict(row.params),
        "metrics": dict(row.metrics),
        "tags": dict(row.tags),
    }
