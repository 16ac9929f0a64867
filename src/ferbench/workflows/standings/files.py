"""A leaderboard as files: a page, tables, pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ferbench.atomic import replacing, write_text
from ferbench.pages.document import write_page
from ferbench.places import file_stem
from ferbench.report.classification_pictures import confusion, reliability
from ferbench.report.figures import PictureStyle
from ferbench.report.files import write_csv
from ferbench.workflows.standings import tables
from ferbench.workflows.standings.board import Board, Standing
from ferbench.workflows.standings.sections import page_of


def write(board: Board, folder: Path, *, style: PictureStyle) -> list[Path]:
    """Write a page, tables as CSV and JSON, and pictures; return the paths, the page first."""
    page = folder / "leaderboard.html"
    write_page(page_of(board), page)
    paths = [page, folder / "leaderboard.json"]
    write_text(paths[1], json.dumps(tables.as_plain(board), indent=1) + "\n")
    whole = {
        "leaderboard": (tables.HEADER, tables.rows_of(board)),
        "classes": tables.classes_table(board),
        "calibration": tables.calibration_table(board),
    }
    if any(standing.regressions for standing in board.standings):
        whole["regressions"] = tables.regressions_table(board)
    for name, table in whole.items():
        paths.append(_write_table(folder / f"{name}.csv", table))
    for standing in board.standings:
        paths += _write_standing(standing, folder, style)
    return paths


def _write_table(path: Path, table: tables.Table) -> Path:
    header, rows = table
    with replacing(path) as part:
        write_csv(part, header, rows)
    return path


def _write_standing(standing: Standing, folder: Path, style: PictureStyle) -> list[Path]:
    stem = file_stem(f"{standing.model}-{standing.way.name}")
    header, rows = tables.confusion_table(standing)
    matrix, diagram = folder / "confusion" / f"{stem}.png", folder / "reliability" / f"{stem}.png"
    scores = standing.scores
    confusion(
        matrix,
        counts=np.array([row[1:] for row in rows], np.int64),
        true=scores.classes,
        said=header[1:],
        title=standing.name,
        style=style,
    )
    reliability(diagram, found=scores.calibration, title=standing.name, style=style)
    return [matrix, _write_table(matrix.with_suffix(".csv"), (header, rows)), diagram]
