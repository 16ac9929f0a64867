"""The page of a sweep, or of a single run: a table, pictures, and what two cells differ in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ferbench.pages.cell_tables import NOTHING, CellTables
from ferbench.pages.document import Page
from ferbench.pages.sweep_columns import MOST_AXES, axes_of, columns_of
from ferbench.pages.sweep_lists import f1_of_participants, session_lists
from ferbench.places import file_stem
from ferbench.report.comparison import Comparison
from ferbench.report.shown_numbers import column_titles, is_smaller_better
from ferbench.results import RunRow
from ferbench.sentences import Setting, Text

MOST_POINTS: Final = 100
"""Points of a curve that are drawn."""
SPEED: Final = "speed/e2e_fps"
_SCRIPTS: Final = ("sweep_table.js", "sweep_plots.js", "sweep_difference.js", "sweep.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepContents:
    """What is shown.

    Attributes:
        title: what the runs are.
        where: where and when they were recorded; "" = not told.
        comparison: of the runs that have numbers.
        tables: of each run, by its id; those that are missing have none.
        broken_off: name and reason of each run without a result.
        made: when the page was made.
        is_running: whether further runs are to come.
    """

    title: str
    where: str
    comparison: Comparison
    tables: Mapping[str, CellTables]
    broken_off: Sequence[tuple[str, str]]
    made: datetime
    is_running: bool


def sweep_page(contents: SweepContents) -> Page:
    """The page of some runs."""
    rows = contents.comparison.rows
    cells = [contents.tables.get(row.run_id, NOTHING) for row in rows]
    values = _values(contents, cells)
    return Page(
        title=contents.title,
        template="sweep.html",
        values=values,
        data=_data(contents.comparison, cells),
        scripts=_SCRIPTS,
        styles=("sweep.css",),
    )


def _values(contents: SweepContents, cells: Sequence[CellTables]) -> dict[str, Any]:
    comparison = contents.comparison
    constant, against = comparison.constant, comparison.against_baseline
    with_speed = [row for row in comparison.rows if SPEED in row.metrics]
    return {
        "title": contents.title,
        "where": contents.where,
        "made": f"{contents.made:%Y-%m-%d %H:%M:%S}",
        "running": contents.is_running,
        "warnings": comparison.warnings,
        "broken_off": contents.broken_off,
        "num_cells": len(comparison.rows),
        "by": _title(comparison.by),
        "choices": {name: value for name, value in constant.items() if "." not in name},
        "settings": {name: value for name, value in constant.items() if "." in name},
        "best": _best(comparison),
        "against_baseline": against.line() if against else "",
        "num_measured": len(with_speed),
        "has_curves": any(cell.curve for cell in cells),
        "num_curves": sum(bool(cell.curve) for cell in cells),
        "is_scored": any("event/recall" in row.metrics for row in comparison.rows),
        "axes_left_out": comparison.params[MOST_AXES:],
        "is_single": len(comparison.rows) == 1,
        "failed": _failed(comparison.rows),
        "has_sessions": any(cell.sessions for cell in cells),
        "has_points": any(cell.curve for cell in cells) or bool(_with_points(comparison.rows)),
    }


def _failed(rows: Sequence[RunRow]) -> list[tuple[str, str]]:
    """Names of runs of which sessions failed, and their sessions with the reasons."""
    told = [(row.name, row.tags.get("sessions.failed", "")) for row in rows]
    return [(name, reasons) for name, reasons in told if reasons]


def _with_points(rows: Sequence[RunRow]) -> list[RunRow]:
    """Runs that have a precision and a recall."""
    names = ("event/recall", "event/precision")
    return [row for row in rows if all(math.isfinite(row.metrics.get(n, math.nan)) for n in names)]


def _without_pages(is_single: bool) -> str:
    """Why no session has a link, and what stores pages."""
    if is_single:
        what, setting, whose = "this run", Setting("report.pages"), "it stores"
    else:
        what, setting, whose = (
            "these runs",
            Setting("report.cell_pages"),
            "a sweep stores of a cell",
        )
    return Text(
        f"No pages of sessions are stored with {what}; ", setting, f" says how many {whose}."
    )


def _title(name: str) -> str:
    return column_titles((name,))[0] if name else ""


def _best(comparison: Comparison) -> str:
    """The best cell and what it is worth; "" = a single run, or none is the best."""
    best = comparison.best
    if best is None or len(comparison.rows) == 1:
        return ""
    return best.name


def _data(comparison: Comparison, cells: Sequence[CellTables]) -> dict[str, Any]:
    rows = comparison.rows
    lists = session_lists(cells)
    participants, of_participants = f1_of_participants(cells)
    curves, curve_of = _curves(cells)
    names = [name for name, _ in lists.sessions]
    pages = [f"{file_stem(name)}.html" for name in names]
    shown = []
    for k, (row, cell) in enumerate(zip(rows, cells, strict=True)):
        shown.append(
            {
                "id": row.run_id[:8],
                "name": row.name,
                "lists": lists.of_cells[k],
                "f1": of_participants[k],
                "curve": curve_of[k],
                "point": [row.metrics.get("event/recall"), row.metrics.get("event/precision")],
                "place": cell.place,
                "pages": [n for n, page in enumerate(pages) if page in cell.pages],
            }
        )
    return {
        "by": _title(comparison.by),
        "columns": columns_of(comparison),
        "cells": shown,
        "sessions": [
            {"name": name, "participant": who, "page": page}
            for (name, who), page in zip(lists.sessions, pages, strict=True)
        ],
        "lists": lists.lists,
        "words": lists.words,
        "withoutPages": _without_pages(len(rows) == 1),
        "withoutLists": lists.left_out,
        "participants": participants,
        "curves": curves,
        "axes": axes_of(comparison),
        "speed": _speed(rows, comparison.by),
    }


def _curves(cells: Sequence[CellTables]) -> tuple[list[Any], list[int]]:
    """Every distinct curve once, and which one each run has, -1 = none."""
    numbers: dict[tuple[tuple[float, float], ...], int] = {}
    for cell in cells:
        if cell.curve:
            numbers.setdefault(cell.curve, len(numbers))
    curves = [
        [[round(recall, 4), round(precision, 4)] for recall, precision in _thinned(curve)]
        for curve in numbers
    ]
    return curves, [numbers.get(cell.curve, -1) for cell in cells]


def _thinned(curve: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most ``MOST_POINTS`` of a curve, evenly chosen, the first and the last among them."""
    if len(curve) <= MOST_POINTS:
        return list(curve)
    step = (len(curve) - 1) / (MOST_POINTS - 1)
    return [curve[math.floor(k * step + 0.5)] for k in range(MOST_POINTS)]


def _speed(rows: Sequence[RunRow], by: str) -> dict[str, Any]:
    """Measured frames per second and score of each run that has both, and who is on the front."""
    points = []
    for k, row in enumerate(rows):
        if by in row.metrics and SPEED in row.metrics:
            points.append((k, row.metrics[SPEED], row.metrics[by]))
    sign = -1.0 if is_smaller_better(by) else 1.0
    front = pareto_front([(fps, sign * score) for _, fps, score in points])
    return {"points": points, "front": [points[n][0] for n in front]}


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Positions of the points that no other one beats in one number and equals in the other.

    The fastest first.

    >>> pareto_front([(10.0, 0.5), (30.0, 0.4), (20.0, 0.4), (30.0, 0.4)])
    [1, 3, 0]
    """
    order = sorted(range(len(points)), key=lambda k: (-points[k][0], -points[k][1]))
    front: list[int] = []
    best = -math.inf
    for k in order:
        is_equal = bool(front) and points[k] == points[front[-1]]
        if points[k][1] > best or is_equal:
            front.append(k)
            best = points[k][1]
    return front
