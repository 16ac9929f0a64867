"""Write the page of runs, with the pages of their sessions beside it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
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
from ferbench.report.comparison import Comparison
from ferbench.results import RunRow
from ferbench.rights import make_folder
from ferbench.tracking.query import open_store, runs_of
from ferbench.tracking.store import Store
from ferbench.wording import plural
from ferbench.workflows.cell_tables import (
    SESSION_PAGES,
    TABLES,
    pages_below,
    read_cell,
    stamp_of,
    tables_below,
)
from ferbench.workflows.compare import broken_off, compare, compare_recorded
from ferbench.workflows.evaluate import run_name
from ferbench.workflows.evaluation import Evaluation
from ferbench.workflows.run_report import REPORT_FILE, row_of

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
    runs: str | Evaluation | Sequence[Evaluation] | None = None,
    *,
    out: str | Path | None = None,
    uri: str | None = None,
    root: Path | None = None,
) -> WrittenReport:
    """Write one page of HTML about a sweep, a run or several runs.

    Args:
        runs: evaluations; or a recorded run's id, a sweep's or an experiment's name; None = the
            newest sweep, or else the newest experiment.
        out: folder for the page; made if it is missing. None = ``report-<id>`` in the working
            folder.
        uri: of recorded runs: the store; None = where runs are recorded.
        root: of recorded runs: the folder that holds them; None = the default one.

    Raises:
        TrackingError: there is no such store or run, or none of the runs has a result.
        ConfigError: there is no run, or the folder cannot be made.
    """
    if runs is None or isinstance(runs, str):
        return _of_recorded(runs, out, open_store(uri, root=root or default_root()))
    evaluations = [runs] if isinstance(runs, Evaluation) else list(runs)
    if not evaluations or not all(isinstance(one, Evaluation) for one in evaluations):
        raise ConfigError(key="runs", expected="what evaluate returns, or a run's name", got=runs)
    rows = [
        row_of(one, name=run_name(one.choices), number=number)
        for number, one in enumerate(evaluations)
    ]
    tables = {
        row.run_id: _of_evaluation(one, row) for row, one in zip(rows, evaluations, strict=True)
    }
    what = rows[0].name if len(rows) == 1 else plural(len(rows), "run")
    return _write(_folder(out, rows), compare(evaluations), tables, what=what)


def _of_recorded(target: str | None, out: str | Path | None, store: Store) -> WrittenReport:
    found = runs_of(store, target)
    rows = [row for row in found.runs if row.metrics]
    if not rows:
        raise TrackingError(f"{found.what} has no run with a result ({found.where})")
    folder = _folder(out, rows)
    tables = {row.run_id: _copied(store, row, folder) for row in rows}
    without = _without_result(found.runs)
    comparison = compare_recorded(store, rows)
    return _write(folder, comparison, tables, what=found.what, where=found.where, without=without)


def _write(
    folder: Path,
    comparison: Comparison,
    tables: Mapping[str, CellTables],
    *,
    what: str,
    where: str = "",
    without: Sequence[tuple[str, str]] = (),
) -> WrittenReport:
    contents = SweepContents(
        title=what,
        where=where,
        comparison=comparison,
        tables=tables,
        broken_off=without,
        made=datetime.now().astimezone(),
        is_running=False,
    )
    write_page(sweep_page(contents), folder / REPORT_FILE)
    return WrittenReport(
        path=folder / REPORT_FILE,
        what=what,
        num_runs=len(comparison.rows),
        num_without_result=len(without),
        num_session_pages=sum(len(cell.pages) for cell in tables.values()),
    )


def _of_evaluation(evaluation: Evaluation, row: RunRow) -> CellTables:
    """Tables of an evaluation, by the way of its files."""
    with tempfile.TemporaryDirectory(prefix="ferbench-report-") as scratch:
        folder = Path(scratch)
        evaluation.write_tables(folder)
        return read_cell(tables_below(folder), stamp=stamp_of(row))


def _folder(out: str | Path | None, rows: Sequence[RunRow]) -> Path:
    """The folder of the page, made."""
    if out is None:
        identity = rows[0].parent or rows[0].run_id
        folder = Path(f"report-{identity[:8]}")
    else:
        folder = path_of("out", out)
    try:
        make_folder(folder)
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
        files = tables_below(artifacts)
        return read_cell(files, stamp=stamp_of(row), place=f"{place}/", pages=pages)
