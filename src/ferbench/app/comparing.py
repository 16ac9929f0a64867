"""A comparison of runs on the screen, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
from typing import Any

from ferbench.app import console
from ferbench.report.compare import Comparison


def show(table: Comparison, what: str) -> None:
    """Print a comparison; what all runs have in common is left out."""
    screen = console.output_console()
    count = len(table.rows)
    title = f"{what}: {count} run{'s' if count > 1 else ''}, sorted by {table.by or 'name'}"
    screen.print(console.rows_table(title, table.header, [table.cells(row) for row in table.rows]))


def as_csv(table: Comparison) -> str:
    """The shown columns as CSV, with full run ids and all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run_id", *table.params, *table.metrics])
    for row in table.rows:
        params = [row.params.get(name, "") for name in table.params]
        writer.writerow([row.run_id, *params, *(row.metrics.get(name, "") for name in table.metrics)])
    return text.getvalue()


def as_plain(table: Comparison) -> dict[str, Any]:
    """Everything: common choices, and each run with all its params and metrics."""
    runs = [
        {"run_id": row.run_id, "name": row.name, "params": dict(row.params), "metrics": dict(row.metrics)}
        for row in table.rows
    ]
    return {"sorted_by": table.by or "name", "constant": dict(table.constant), "runs": runs}
