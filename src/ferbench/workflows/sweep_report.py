"""A sweep's page, written anew as its cells finish.

Whichever process ran a cell writes the page from what all cells have left in the sweep's folder:
the sweep's own process where cells run in it, else joblib's workers or a cluster's jobs. One writes
at a time, and a sweep spends at most a twentieth of its time on it; after the last cell it is
written in any case.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferbench.pages.cell_tables import CellTables
from ferbench.pages.document import write_page
from ferbench.pages.sweep_page import SweepContents, sweep_page
from ferbench.report.comparison import Comparison
from ferbench.results import RunRow
from ferbench.tracking.store import Store, artifacts_beside
from ferbench.workflows.cell_tables import (
    SESSION_PAGES,
    pages_below,
    read_cell,
    stamp_of,
    tables_below,
)
from ferbench.workflows.run_outcome import ARTIFACTS
from ferbench.workflows.run_report import REPORT_FILE
from ferbench.workflows.sweep_results import SweepResults, collect

LEAST_S: Final = 5.0
"""A page that is younger is not written anew while cells still run."""
SHARE: Final = 0.05
"""Of the time, that writing may take."""
_LOCK: Final = ".report.lock"
_STAMP: Final = ".report.time"
"""Its age is that of the page; it holds the seconds that the page took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPlace:
    """Where a sweep's page comes from and goes to.

    Attributes:
        folder: of the sweep, in which each cell has a folder with its number as name.
        name: readable name of the sweep.
        store: where the sweep is recorded; None = nowhere, and the page goes to the folder.
        run_id: of the sweep's own run in the store.
    """

    folder: Path
    name: str
    store: Store | None = None
    run_id: str = ""


def renew_report(place: SweepPlace) -> bool:
    """Write the page where it is due and nobody else is at it.

    Returns:
        Whether it was written.

    Raises:
        TrackingError: the store refuses, or a table of a cell cannot be read.
    """
    if not _is_due(place.folder):
        return False
    try:
        with FileLock(place.folder / _LOCK, timeout=0):
            if not _is_due(place.folder):
                return False
            results = collect(place.folder)
            comparison = results.comparison()
            if comparison is not None:
                _write(place, results, comparison, is_running=True)
    except Timeout:
        return False
    return comparison is not None


def write_last_report(place: SweepPlace, results: SweepResults, comparison: Comparison) -> None:
    """Write the page after the last cell.

    Args:
        place: where from and where to.
        results: what the cells left.
        comparison: of them.

    Raises:
        TrackingError: the store refuses, or a table of a cell cannot be read.
    """
    with FileLock(place.folder / _LOCK):
        _write(place, results, comparison, is_running=False)


def _is_due(folder: Path) -> bool:
    stamp = folder / _STAMP
    try:
        age_s = time.time() - stamp.stat().st_mtime
        took_s = float(stamp.read_text(encoding="ascii") or 0)
    except (OSError, ValueError):
        return True
    return not 0 <= age_s < max(LEAST_S, took_s / SHARE)


def _write(
    place: SweepPlace, results: SweepResults, comparison: Comparison, *, is_running: bool
) -> None:
    begun_s = time.perf_counter()
    contents = SweepContents(
        title=place.name,
        where="",
        comparison=comparison,
        tables={row.run_id: _tables(place, results, row) for row in comparison.rows},
        broken_off=results.broken_off,
        made=datetime.now().astimezone(),
        is_running=is_running,
    )
    page = sweep_page(contents)
    if place.store is None:
        write_page(page, place.folder / REPORT_FILE)
    else:
        with tempfile.TemporaryDirectory(prefix="ferbench-report-") as scratch:
            write_page(page, Path(scratch) / REPORT_FILE)
            place.store.log_files(place.run_id, [Path(scratch) / REPORT_FILE], "")
    took_s = time.perf_counter() - begun_s
    (place.folder / _STAMP).write_text(f"{took_s:.3f}", encoding="ascii")


def _tables(place: SweepPlace, results: SweepResults, row: RunRow) -> CellTables:
    """What a cell left, with the way from the page to its session pages."""
    number = results.folders[row.run_id]
    artifacts = place.folder / number / ARTIFACTS
    beside = f"{number}/{ARTIFACTS}/"
    if place.store is not None:
        beside = artifacts_beside(row.run_id)
    changed = tuple(_changed(artifacts / name) for name in ("", "statistics", SESSION_PAGES))
    return _read(artifacts, changed, stamp_of(row), f"{beside}{SESSION_PAGES}/")


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=4096)
def _read(artifacts: Path, changed: tuple[int, ...], stamp: str, place: str) -> CellTables:
    """A cell's tables, read once as long as its folders do not change."""
    del changed
    pages = pages_below(artifacts)
    return read_cell(tables_below(artifacts), stamp=stamp, place=place, pages=pages)
