"""A leaderboard as texts: a table, warnings, and what a reader should know."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from ferbench.report.statistics_words import number
from ferbench.report.text_table import TextTable
from ferbench.scoring.classification import Share
from ferbench.sentences import Text
from ferbench.wording import plural, some
from ferbench.workflows.standings.board import Board, Standing

_HEADER: Final = (
    "model",
    "crop",
    "accuracy",
    "95 %",
    "published",
    "if found",
    "macro F1",
    "ECE",
    "images/s",
    "speed",
    "balanced",
    "Brier",
    "log loss",
    "no face",
)
_SHORT_HEADER: Final = (
    *("model", "crop", "acc", "95 %", "publ", "found", "F1", "ECE", "img/s"),
    *("speed", "balanced", "Brier", "log loss", "no face"),
)
_IMPORTANCE: Final = (
    "model",
    "crop",
    "accuracy",
    "95 %",
    "published",
    "macro F1",
    "ECE",
    "images/s",
    "if found",
    "no face",
)
_MARK: Final = "!"
"""Beside a published accuracy that the measured one is clearly below."""


def text_table(board: Board) -> TextTable:
    """One row per model and crop, best first."""
    rows = [_row(board, standing) for standing in board.standings]
    has_published = any(each.published for each in board.standings)
    kept = [k for k, name in enumerate(_HEADER) if has_published or name != "published"]
    return TextTable(
        title=title(board),
        header=tuple(_HEADER[k] for k in kept),
        rows=tuple(tuple(row[k] for k in kept) for row in rows),
        importance=_IMPORTANCE,
        essential=("published",),
        short_header=tuple(_SHORT_HEADER[k] for k in kept),
    )


def title(board: Board) -> str:
    """``RAF-DB, test: 3068 images of 7 classes``."""
    images = board.images
    name = images.name or images.folder.name
    part = f", {images.split}" if images.split else ""
    counted = f"{plural(len(images.images), 'image')} of {len(images.labels)} classes"
    return f"{name}{part}: {counted}"


def _row(board: Board, standing: Standing) -> tuple[str, ...]:
    scores = standing.scores
    every = scores.accuracy
    stored = "*" if standing.was_stored else ""
    return (
        standing.model,
        standing.way.name,
        number(every.value),
        _interval(every),
        published_text(board, standing),
        number(scores.accuracy_found.value),
        number(scores.macro_f1),
        number(scores.calibration.ece),
        f"{number(standing.images_per_s, 1)}{stored}",
        f"{number(board.relative_speed(standing), 2)} x",
        number(scores.balanced_accuracy),
        number(scores.brier),
        number(scores.log_loss),
        str(scores.no_face),
    )


def _interval(share: Share) -> str:
    if math.isnan(share.value):
        return "-"
    return f"{_without_zero(share.low)}-{_without_zero(share.high)}"


def _without_zero(value: float) -> str:
    """``.599``; a screen has little room."""
    return f"{value:.3f}".removeprefix("0")


def published_text(board: Board, standing: Standing) -> str:
    """The published accuracy, marked where the measured one is clearly below it; "" = none."""
    if standing.published is None:
        return ""
    mark = f" {_MARK}" if standing.is_below(board.no_face) else ""
    return f"{standing.published.value:.3f}{mark}"


def warnings(board: Board) -> tuple[str, ...]:
    """Models that are clearly worse than their authors say, and images that are broken."""
    told = [_below(board, each) for each in board.standings if each.is_below(board.no_face)]
    if board.broken:
        reasons = [f"{name}: {reason}" for name, reason in board.broken.items()]
        told.append(
            f"{plural(len(reasons), 'image')} that cannot be used, for no model: {some(reasons)}"
        )
    return tuple(told)


def _below(board: Board, standing: Standing) -> str:
    share = standing.scores.headline(board.no_face)
    published = standing.published
    assert published is not None
    cut = _cut(standing)
    return (
        f"{standing.name}: {share.value:.3f} ({_interval(share)}) is below the published "
        f"{published.value:.3f} on {published.data_set}: crop mismatch? {cut}"
    )


def _cut(standing: Standing) -> str:
    """How faces are cut beside how they were in training."""
    if standing.differences:
        return f"Faces are cut otherwise than in training: {', '.join(standing.differences)}"
    if standing.way.preprocessing is None:
        return "Faces are as the data set cuts them"
    return "Faces are cut as in training, as far as that is told"


def notes(board: Board) -> tuple[str, ...]:
    """What a reader should know."""
    return tuple(dict.fromkeys(_notes(board)))


def _notes(board: Board) -> Iterator[str]:
    images = board.images
    yield f"{images.layout}; parts: {', '.join(part for part in images.splits if part) or 'none'}"
    yield from images.notices
    left_out = [f"{count} {reason}" for reason, count in images.left_out.items()]
    if left_out:
        yield f"labelled images that were left out: {', '.join(left_out)}"
    yield from _compared(board)
    yield from _without_face(board)
    for each in board.standings:
        if each.way.note:
            yield f"{each.name}: {each.way.note}"
    yield from _regressions(board)
    yield from _best_two(board)
    yield from _speed(board)
    reasons: dict[str, list[str]] = {}
    for one in board.left_out:
        reasons.setdefault(one.reason, []).append(one.name)
    for reason, names in reasons.items():
        yield Text(f"not measured: {', '.join(names)}: ", reason)


def _compared(board: Board) -> Iterator[str]:
    """What is compared, of models with the same classes together."""
    groups: dict[tuple[tuple[str, ...], int], list[str]] = {}
    for each in board.standings:
        key = (each.scores.classes, each.scores.other_classes)
        groups.setdefault(key, []).append(each.model)
    for (classes, others), models in groups.items():
        names = some(list(dict.fromkeys(models))) if len(groups) > 1 else "all models"
        missing = [label for label in board.images.labels if label not in classes]
        text = f"{names} in {len(classes)} classes: {', '.join(classes)}"
        if missing:
            fate = "left out" if board.other_classes == "left_out" else "counted as wrong"
            text += f"; {plural(others, 'image')} of {', '.join(missing)} {fate}"
        yield text


def _without_face(board: Board) -> Iterator[str]:
    counts = [each.scores for each in board.standings if each.scores.no_face]
    if not counts:
        return
    most = max(scores.no_face for scores in counts)
    order = "as wrong" if board.no_face == "wrong" else "as left out"
    yield (
        f"no face was found in up to {most} of {counts[0].images} images: accuracy counts them as "
        f"wrong, 'if found' leaves them out; the order takes them {order}"
    )


def _regressions(board: Board) -> Iterator[str]:
    for each in board.standings:
        told = [
            f"{one.name} CCC {number(one.ccc)}, RMSE {number(one.rmse)} on {one.images}"
            for one in each.regressions
        ]
        if told:
            yield f"{each.name}: {'; '.join(told)}"


def _best_two(board: Board) -> Iterator[str]:
    test = board.best_two
    if test is None:
        return
    first, second = board.standings[:2]
    p = "< 0.0001" if test.p < 0.0001 else f"= {test.p:.4f}"
    yield (
        f"{first.name} and {second.name} differ on {test.only_first + test.only_second} of "
        f"{plural(test.images, 'image')}: only the first is right on {test.only_first}, only the "
        f"second on {test.only_second}, McNemar's exact p {p} (chosen as the best two, "
        "not corrected for that)"
    )


def _speed(board: Board) -> Iterator[str]:
    if not board.standings:
        return
    lanes = board.standings[0].lanes
    text = (
        f"images/s: by the model alone, faces cut before, on {board.device}, "
        f"{plural(lanes, 'lane')}; speed: beside the fastest of the table"
    )
    if any(each.was_stored for each in board.standings):
        text += "; * = as measured when its answers were stored, perhaps under other load"
    yield text
