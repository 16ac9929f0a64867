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
    found = Cells()
    failed: dict[str, list[str]] = {}
    cells = sorted(
        (p for p in folder.glob("*") if p.is_dir() and p.name.isdecimal()),
        key=lambda p: int(p.name),
    )
    for cell in cells:
        result = _result(cell)
        if result is None:
            found.unfinished.append(cell.name)
            continue
        if result["error"]:
            found.broken_off += 1
            found.problems.append(f"cell {cell.name} ({result['name']}): {result['error']}")
            if not result["run_id"]:
                found.unrecorded.append((result["name"], result["error"]))
            continue
        found.notices += [text for text in result["notices"] if text not in found.notices]
        for text in result["failed_sessions"]:
            failed.setdefault(text, []).append(cell.name)
        found.folders[result["run_id"] or cell.name] = cell.name
        found.rows.append(
            RunRow(
                run_id=result["run_id"] or cell.name,
                name=result["name"],
                params=result["params"],
                metrics=result["metrics"],
                tags=result["tags"],
                kind="cell",
                state="failed" if result["failed_sessions"] else "finished",
            )
        )
    for text, where in failed.items():
        shared = (
            "all cells"
            if len(where) == len(cells)
            else f"cell{'s' * (len(where) > 1)} {', '.join(where)}"
        )
        found.problems.append(f"session {text} (in {shared})")
    return found


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
