"""What the cells of a sweep left in its folder."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferbench.app.hydra.job import RESULT_FILE
from ferbench.report.files import write_csv
from ferbench.results import RunRow


@dataclass(slots=True, kw_only=True)
class Cells:
    """Results of a sweep.

    Attributes:
        rows: cells that came to an end, in order.
        problems: what went wrong, a sentence per cell or session.
        unfinished: numbers of cells that were started and left no result.
        broken_off: how many cells ended with an error.
        notices: what the data set left out.
        unrecorded: names and errors of cells that failed before they were recorded.
        folders: name of the folder of each row, by its run id.
    """

    rows: list[RunRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    broken_off: int = 0
    notices: list[str] = field(default_factory=list)
    unrecorded: list[tuple[str, str]] = field(default_factory=list)
    folders: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        """Cells without a complete result: broken off, unfinished, or with a failed session."""
        return (
            self.broken_off + len(self.unfinished) + sum(row.state == "failed" for row in self.rows)
        )


def collect(folder: Path) -> Cells:
    """Read ``result.json`` of every cell below a sweep's folder.

    A problem that several cells share is told once.
    """
    cells = Cells()
    failed_sessions: dict[str, list[str]] = {}
    numbered = [path for path in folder.glob("*") if path.is_dir() and path.name.isdecimal()]
    numbered.sort(key=lambda path: int(path.name))
    for cell in numbered:
        result = _result(cell)
        if result is None:
            cells.unfinished.append(cell.name)
        elif result["error"]:
            _add_broken_off(cells, cell.name, result)
        else:
            _add_finished(cells, cell.name, result)
            for session in result["failed_sessions"]:
                failed_sessions.setdefault(session, []).append(cell.name)
    for session, where in failed_sessions.items():
        is_everywhere = len(where) == len(numbered)
        which = "all cells" if is_everywhere else _these_cells(where)
        cells.problems.append(f"session {session} (in {which})")
    return cells


def _these_cells(names: list[str]) -> str:
    noun = "cell" if len(names) == 1 else "cells"
    return f"{noun} {', '.join(names)}"


def _add_broken_off(cells: Cells, number: str, result: dict[str, Any]) -> None:
    cells.broken_off += 1
    cells.problems.append(f"cell {number} ({result['name']}): {result['error']}")
    if not result["run_id"]:
        cells.unrecorded.append((result["name"], result["error"]))


def _add_finished(cells: Cells, number: str, result: dict[str, Any]) -> None:
    cells.notices += [text for text in result["notices"] if text not in cells.notices]
    run_id = result["run_id"] or number
    cells.folders[run_id] = number
    row = RunRow(
        run_id=run_id,
        name=result["name"],
        params=result["params"],
        metrics=result["metrics"],
        tags=result["tags"],
        kind="cell",
        state="failed" if result["failed_sessions"] else "finished",
    )
    cells.rows.append(row)


def _result(cell: Path) -> dict[str, Any] | None:
    path = cell / RESULT_FILE
    if not path.is_file():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def join_counts(folder: Path, target: Path) -> bool:
    """Write the counts tables of all cells as one, with a first column that names the cell.

    False = there are none.
    """
    header: list[str] = []
    rows: list[list[str]] = []
    for path in sorted(folder.glob(f"*/artifacts/{target.name}"), key=lambda p: int(p.parts[-3])):
        result = _result(path.parents[1])
        if result is None:
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            first, *others = csv.reader(stream)
        header = ["cell", *first]
        rows += [[result["name"], *row] for row in others]
    if rows:
        write_csv(target, header, rows)
    return bool(rows)
