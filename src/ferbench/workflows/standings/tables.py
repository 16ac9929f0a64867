"""A leaderboard as tables and plain values."""

from __future__ import annotations

from dataclasses import asdict, astuple, fields
from typing import Any, Final

from ferbench.scoring.calibration import edges
from ferbench.scoring.ratios import defined
from ferbench.scoring.regression import RegressionScores
from ferbench.workflows.standings.board import Board, Standing

HEADER: Final = (
    "model",
    "crop",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "published",
    "below_published",
    "accuracy_if_found",
    "accuracy_if_found_low",
    "accuracy_if_found_high",
    "macro_f1",
    "balanced_accuracy",
    "ece",
    "log_loss",
    "brier",
    "classes",
    "images",
    "no_face",
    "other_classes",
    "broken",
    "images_per_s",
    "relative_speed",
    "device",
    "lanes",
    "was_stored",
    "crop_differences",
)
"""Columns of ``leaderboard.csv``; ``accuracy`` counts images without a face as wrong."""

Rows = list[tuple[object, ...]]
Table = tuple[tuple[str, ...], Rows]


def rows_of(board: Board) -> Rows:
    """One row per model and crop, in the columns of ``HEADER``."""
    return [_row(board, standing) for standing in board.standings]


def _row(board: Board, standing: Standing) -> tuple[object, ...]:
    scores = standing.scores
    every, found = scores.accuracy, scores.accuracy_found
    published = float("nan") if standing.published is None else standing.published.value
    return (
        standing.model,
        standing.way.name,
        *(every.value, every.low, every.high),
        published,
        standing.is_below(board.no_face),
        *(found.value, found.low, found.high),
        scores.macro_f1,
        scores.balanced_accuracy,
        scores.calibration.ece,
        scores.log_loss,
        scores.brier,
        len(scores.classes),
        scores.images,
        scores.no_face,
        scores.other_classes,
        scores.broken,
        standing.images_per_s,
        board.relative_speed(standing),
        board.device,
        standing.lanes,
        standing.was_stored,
        "; ".join(standing.differences),
    )


def classes_table(board: Board) -> Table:
    """Each class of each model and crop."""
    rows: Rows = [
        (each.model, each.way.name, one.name, one.images, one.precision, one.recall, one.f1)
        for each in board.standings
        for one in each.scores.by_class
    ]
    return ("model", "crop", "class", "images", "precision", "recall", "f1"), rows


def regressions_table(board: Board) -> Table:
    """Each regression of each model and crop that the data set rates."""
    rows: Rows = [
        (each.model, each.way.name, *astuple(one))
        for each in board.standings
        for one in each.regressions
    ]
    return ("model", "crop", *(one.name for one in fields(RegressionScores))), rows


def calibration_table(board: Board) -> Table:
    """The bins of each reliability picture."""
    ends = edges().tolist()
    rows: Rows = []
    for standing in board.standings:
        found = standing.scores.calibration
        bins = zip(ends, ends[1:], found.frames, found.confidence, found.correct, strict=False)
        for low, high, images, confidence, correct in bins:
            numbers = (int(images), float(confidence), float(correct))
            rows.append((standing.model, standing.way.name, low, high, *numbers))
    return ("model", "crop", "from", "to", "images", "confidence", "correct"), rows


def confusion_table(standing: Standing) -> Table:
    """Rows are true, columns said: the classes; another one and no face where there are any."""
    scores = standing.scores
    said = [*scores.classes, "another class", "no face"]
    totals = scores.confusion.sum(axis=0).tolist()
    kept = [k for k, total in enumerate(totals) if total or k < len(scores.classes)]
    counts = scores.confusion[:, kept].tolist()
    header = ("true", *(said[k] for k in kept))
    return header, [(name, *row) for name, row in zip(scores.classes, counts, strict=True)]


def as_plain(board: Board) -> dict[str, Any]:
    """Everything as plain values; undefined is None."""
    images = board.images
    best_two = board.best_two
    return {
        "data_set": {
            "name": images.name or None,
            "folder": images.folder.name,
            "layout": images.layout,
            "split": images.split or None,
            "images": len(images.images),
            "labels": list(images.labels),
            "left_out": dict(images.left_out),
            "notices": list(images.notices),
        },
        "other_classes": board.other_classes,
        "no_face": board.no_face,
        "standings": [_plain(board, standing) for standing in board.standings],
        "left_out": {each.name: str(each.reason) for each in board.left_out},
        "broken": dict(board.broken),
        "best_two": None
        if best_two is None
        else {
            "images": best_two.images,
            "only_first": best_two.only_first,
            "only_second": best_two.only_second,
            "p": best_two.p,
        },
    }


def _plain(board: Board, standing: Standing) -> dict[str, Any]:
    row = dict(zip(HEADER, _row(board, standing), strict=True))
    plain = {
        name: defined(value) if isinstance(value, float) else value for name, value in row.items()
    }
    header, rows = confusion_table(standing)
    plain["regressions"] = {
        one.name: {
            name: defined(value) if isinstance(value, float) else value
            for name, value in asdict(one).items()
            if name != "name"
        }
        for one in standing.regressions
    }
    plain["classes"] = list(standing.scores.classes)
    plain["confusion"] = {
        str(name): dict(zip(header[1:], counts, strict=True)) for name, *counts in rows
    }
    return plain
