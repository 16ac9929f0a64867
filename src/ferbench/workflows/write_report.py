"""Write the page of recorded runs, with the pages of their sessions beside it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from ferbench import atomic
from ferbench.checks import path_of
from ferbench.errors import ConfigError, TrackingError
from ferbench.pages.cell_tables import CellTables
from ferbench.pages.document import write_page
from ferbench.pages.sweep_page import SweepContents, sweep_page
from ferbench.places import default_root
from ferbench.report.compare import compare
from ferbench.results import RunRow
from ferbench.tracking.query import open_store, runs_of
from ferbench.tracking.store import Store
from ferbench.wording import plural
from ferbench.workflows.cell_tables import (
    SESSION_PAGES,
    TABLES,
    pages_below,
    read_cell,
    tables_below,
)
from ferbench.workflows.compare import broken_off
from ferbench.workflows.run_report import REPORT_FILE

_CELLS: Final = "cells"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WrittenReport:
    """A page of runs that was written.

    Attributes:
        path: of the page.
        what: what the runs are.
        num_runs: how many are on it.
        num_without_result: further runs that broke off, or still run.
        num_session_pages: pages of sessions beside it.
    """

    path: Path
    what: str
    num_runs: int
    num_without_result: int
    num_session_pages: int

    def __repr__(self) -> str:
        """``WrittenReport: 12 runs, 36 session pages: report-1a2b3c4d/report.html``."""
        pages = plural(self.num_session_pages, "session page")
        return f"WrittenReport: {plural(self.num_runs, 'run')}, {pages}: {self.path}"


def write_report(
    runs: str | None = None,
    *,
    out: str | Path | None = None,
    uri: str | None = None,
    root: Path | None = None,
) -> WrittenReport:
    """Write one page of HTML about a sweep, a run or an experiment's runs.

    Args:
        runs: a recorded run's id, a sweep's or an experiment's name; None = the newest sweep, or
            else the newest experiment.
        out: folder for the page; made if it is missing. None = ``report-<id>`` in the working
            folder.
        uri: the store; None = where runs are recorded.
        root: the folder that holds runs; None = the default one.

    Raises:
        TrackingError: there is no such store or run, or none of the runs has a result.
        ConfigError: the folder cannot be made.
    """
    store = open_store(uri, root=root or default_root())
    found = runs_of(store, runs)
    rows = [row for row in found.runs if row.metrics]
    if not rows:
        raise TrackingError(f"{found.what} has no run with a result ({found.where})")
    folder = _folder(out, rows)
    tables = {row.run_id: _copied(store, row, folder) for row in rows}
    without = _without_result(found.runs)
    contents = SweepContents(
        title=found.what,
        where=found.where,
        comparison=compare(rows),
        tables=tables,
        broken_off=without,
        made=datetime.now().astimezone(),
        is_running=False,
    )
    write_page(sweep_page(contents), folder / REPORT_FILE)
    return WrittenReport(
        path=folder / REPORT_FILE,
        what=found.what,
        num_runs=len(rows),
        num_without_result=len(without),
        num_session_pages=sum(len(cell.pages) for cell in tables.values()),
    )


def _folder(out: str | Path | None, rows: Sequence[RunRow]) -> Path:
    """The folder of the page, made."""
    if out is None:
        identity = rows[0].parent or rows[0].run_id
        folder = Path(f"report-{identity[:8]}")
    else:
        folder = path_of("out", out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{folder} cannot be made ({reason})", key="out") from error
    return folder


def _without_result(rows: Sequence[RunRow]) -> list[tuple[str, str]]:
    running = [
        (f"{row.run_id[:8]} {row.name}", "it still runs, or its process was ended")
        for row in rows
        if row.state == "running" and not row.metrics
    ]
    return [*broken_off(rows), *running]


def _copied(store: Store, row: RunRow, folder: Path) -> CellTables:
    """A run's tables, its session pages copied beside the page."""
    place = f"{_CELLS}/{row.run_id[:8]}/{SESSION_PAGES}"
    with store.artifacts(row.run_id, only=(*TABLES, SESSION_PAGES)) as artifacts:
        pages = pages_below(artifacts)
        for name in pages:
            with atomic.replacing(folder / place / name) as part:
                shutil.copyfile(artifacts / SESSION_PAGES / name, part)
        stamp = row.params.get("scoring.stamp", "trigger")
        files = tables_below(artifacts)
        return read_cell(files, stamp=stamp, place=f"{place}/", pages=pages)
