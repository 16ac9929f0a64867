"""A comparison of runs on the screen, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import shlex
from collections.abc import Iterable
from typing import Any

from ferbench.app import console
from ferbench.report.compare import Comparison, format_number
from ferbench.results import RunRow
from ferbench.tracking.store import ERROR_TAG, Store


def show(table: Comparison, what: str, *, where: str = "") -> None:
    """Print a comparison; what all runs have in common is left out.

    Args:
        table: the comparison.
        what: what the runs are, for the title.
        where: a second line: where they were recorded.
    """
    count = len(table.rows)
    title = f"{what}: {count} run{'s' if count > 1 else ''}, sorted by {table.by or 'name'}"
    rows = [table.cells(row) for row in table.rows]
    shown = console.rows_table(
        f"{title}\n{where}" if where else title,
        table.header,
        rows,
        importance=table.importance,
        elsewhere="ferbench compare --csv has all",
    )
    console.output_console().print(shown)
    for warning in table.warnings:
        console.error_console().print(f"warning: {warning}", markup=False, style="yellow")
    for line in failures(table.rows):
        console.error_console().print(f"failed: {line}", markup=False, style="red")


def failures(rows: Iterable[RunRow]) -> list[str]:
    """Name and reason of each run that broke off."""
    return [
        f"{row.run_id[:8]} {row.name}: {row.tags.get(ERROR_TAG, 'no reason was recorded')}"
        for row in rows
        if row.state == "failed" and not row.metrics
    ]


def closing_words(comparison: Comparison, *, store: Store | None) -> str:
    """The best cell, what that is worth, and where to look."""
    lines = []
    by, best = comparison.by, comparison.best
    if best:
        value = best.metrics[by]
        same = sum(row.metrics.get(by) == value for row in comparison.rows)
        tie = f" ({same} cells share it)" if same > 1 else ""
        words = "it was chosen on the data it is scored on (in-sample)"
        if f"{by}.p" in best.metrics:
            words += "; p and interval are not corrected for this selection"
        lines.append(f"best cell by {by}: {best.name} = {format_number(value)}{tie}; {words}")
    elif comparison.warnings:
        lines.append("the cells were scored on different data, so none is called the best")
    elif by:
        lines.append(f"no cell has {by} above 0, so none is the best")
    else:
        lines.append("nothing is annotated, so no cell is better than another")
    if store:
        pages = "look at the runs: ferbench ui    " if store.has_pages else ""
        lines.append(f"{pages}compare them again: {compare_command(store)}")
    return "\n".join(lines)


def compare_command(store: Store) -> str:
    """The command that compares runs of a store.

    Without an address it takes MLflow's where there is one.
    """
    return (
        "ferbench compare"
        if store.has_pages
        else f"ferbench compare --uri {shlex.quote(store.uri)}"
    )


def as_csv(table: Comparison) -> str:
    """All columns as CSV, with full run ids, states and all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    marks = [
        (name, group) for name, group in (("state", table.states), ("data", table.data)) if group
    ]
    writer.writerow(["run_id", *(name for name, _ in marks), *table.params, *table.metrics])
    for row in table.rows:
        params = [row.params.get(name, "") for name in table.params]
        numbers = [row.metrics.get(name, "") for name in table.metrics]
        writer.writerow([row.run_id, *(group[row.run_id] for _, group in marks), *params, *numbers])
    return text.getvalue()


def as_plain(table: Comparison) -> dict[str, Any]:
    """Everything: common choices, warnings, and each run with all its params, metrics and tags."""
    runs = [
        {
            "run_id": row.run_id,
            "name": row.name,
            "state": row.state,
            "params": dict(row.params),
            "metrics": dict(row.metrics),
            "tags": dict(row.tags),
        }
        for row in table.rows
    ]
    return {
        "sorted_by": table.by or "name",
        "warnings": list(table.warnings),
        "constant": dict(table.constant),
        "runs": runs,
    }
