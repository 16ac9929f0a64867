"""The page of a single run, among its files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from ferbench.fingerprint import fingerprint
from ferbench.pages.document import write_page
from ferbench.pages.sweep_page import SweepContents, sweep_page
from ferbench.report.compare import compare
from ferbench.results import RunRow
from ferbench.workflows.cell_tables import (
    SESSION_PAGES,
    pages_below,
    read_cell,
    stamp_of,
    tables_below,
)
from ferbench.workflows.evaluation import Evaluation

REPORT_FILE: Final = "report.html"


def write_run_report(evaluation: Evaluation, artifacts: Path, *, name: str) -> None:
    """Write a run's page into the folder that has its tables.

    Args:
        evaluation: the run.
        artifacts: with the tables, and the pages of its sessions where it has some.
        name: readable name of the run.

    Raises:
        TrackingError: a table cannot be read.
    """
    row = row_of(evaluation, name=name)
    tables = read_cell(
        tables_below(artifacts),
        stamp=stamp_of(row),
        place=f"{SESSION_PAGES}/",
        pages=pages_below(artifacts),
    )
    contents = SweepContents(
        title=name,
        where="",
        comparison=compare([row]),
        tables={row.run_id: tables},
        broken_off=[],
        made=datetime.now().astimezone(),
        is_running=False,
    )
    write_page(sweep_page(contents), artifacts / REPORT_FILE)


def row_of(evaluation: Evaluation, *, name: str, number: int = 0) -> RunRow:
    """A run as a row of a comparison.

    Args:
        evaluation: the run.
        name: readable name of it.
        number: of those that were recorded nowhere, so that each has an id of its own.
    """
    params = evaluation.params
    return RunRow(
        run_id=evaluation.run_id or fingerprint({**params, "": str(number)})[:32],
        name=name,
        params=params,
        metrics=evaluation.metrics,
        tags=evaluation.tags,
        state="failed" if evaluation.report.failures else "finished",
    )
