"""The metrics of the ERR@HRI challenges: frames (2024) and events (2.0, 2025).

2024: accuracy and macro precision, recall and F1 of frames, strict and with a tolerance in frames.
Source: github.com/ERR-HRI-Challenge/baseline2024, training/get_metrics.py; the numbers are the
same. What to know of them: with a tolerance, a prediction counts as true where its value occurs in
the truth nearby. That forgives a prediction of 0 beside an error as well, so a system that never
says 1 scores a perfect tolerant F1 where errors are short; the window is a range of rows, so that
of sessions whose rows are mixed it takes in rows of others; what cannot be divided counts 0; and
the tolerance of 1 frame that results were published with is 1/30 s.

2.0: an error is detected if a prediction overlaps [onset - 1 s, offset + 1 s]:
``matching.errhri.AnyOverlap``, which pairs predictions and errors one to one within a session, as
many as can be. The public evaluator of that edition is not followed where it departs from its
description: it takes predictions of another trial at the same clock time for hits, marks whole rows
while it counts false positives, so that one long prediction over two errors is counted wrongly,
lets any number of predictions hit one error without a cost, and stops with an error where nothing
is predicted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import DataError
from ferbench.timespans import TOLERANCE_S
from ferbench.types import F64, I64

RATE_HZ: Final = 30.0
"""Frames per second of the 2024 edition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameScores:
    """Accuracy, and the means over the classes that occur; NaN without frames.

    Attributes:
        accuracy: share of the frames that are right.
        precision: macro mean; a class that is never predicted counts 0.
        recall: macro mean; a class that never occurs counts 0.
        f1: macro mean of the classes' F1.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float


def frame_labels(
    spans: Iterable[tuple[float, float]], num_frames: int, *, rate_hz: float = RATE_HZ
) -> I64:
    """1 for frames inside of a span, else 0, i64 (num_frames,).

    Frame i is at i / rate_hz, inside of [from_s, to_s) within 1e-9 s. A span that lies between two
    frames is in none.

    >>> frame_labels([(0.1, 0.2)], 8, rate_hz=30.0)
    array([0, 0, 0, 1, 1, 1, 0, 0])
    """
    labels = np.zeros(num_frames, np.int64)
    for from_s, to_s in spans:
        first = first_frame(from_s, rate_hz=rate_hz)
        stop = first_frame(to_s, rate_hz=rate_hz)
        labels[first:stop] = 1
    return labels


def first_frame(time_s: float, *, rate_hz: float) -> int:
    """The first frame at a time or later, 0 for times before; frame i is at i / rate_hz.

    >>> first_frame(0.1, rate_hz=30.0), first_frame(0.11, rate_hz=30.0)
    (3, 4)
    """
    return max(math.ceil((time_s - TOLERANCE_S) * rate_hz), 0)


def forgiven(truth: I64, predicted: I64, *, tolerance: int, sessions: I64 | None = None) -> I64:
    """Predictions, replaced by the truth where their value occurs in the truth nearby, i64 (T,).

    Args:
        truth: i64 (T,), class of each frame.
        predicted: i64 (T,), predicted class.
        tolerance: how many frames away.
        sessions: i64 (T,), which session a frame is of; the window ends at the session's first and
            last row. None = all are of one.

    Raises:
        DataError: the arrays are not equally long, or the tolerance is negative.
    """
    num_frames = len(truth)
    lengths = [num_frames, len(predicted)]
    if sessions is not None:
        lengths.append(len(sessions))
    if len(set(lengths)) > 1 or tolerance < 0:
        raise DataError(
            "ERR@HRI frames: expected equally many of truth, predicted and sessions (if any) and "
            f"a tolerance of 0 or more, got {lengths} and {tolerance}"
        )
    first, stop = _bounds(num_frames, sessions)
    rows = np.arange(num_frames)
    low = np.maximum(first, rows - tolerance)
    high = np.minimum(stop, rows + tolerance + 1)
    result = predicted.copy()
    for value in np.unique(predicted):
        num_before = np.concatenate(([0], np.cumsum(truth == value)))
        is_nearby = num_before[high] > num_before[low]
        is_forgiven = (predicted == value) & is_nearby
        result[is_forgiven] = truth[is_forgiven]
    return result


def _bounds(num_frames: int, sessions: I64 | None) -> tuple[I64, I64]:
    """Of each frame the first row of its session and the one behind the last, i64 (T,) each."""
    if sessions is None:
        return np.zeros(num_frames, np.int64), np.full(num_frames, num_frames)
    rows = np.arange(num_frames)
    number = np.unique(sessions, return_inverse=True)[1]
    first = np.full(num_frames, num_frames)
    last = np.full(num_frames, -1)
    np.minimum.at(first, number, rows)
    np.maximum.at(last, number, rows)
    return first[number], last[number] + 1


def confusion(truth: I64, predicted: I64, classes: I64) -> I64:
    """Frames by true (row) and predicted class (column), i64 (K, K).

    Args:
        truth: i64 (T,).
        predicted: i64 (T,).
        classes: i64 (K,), all that occur, rising.
    """
    size = len(classes)
    row = np.searchsorted(classes, truth)
    column = np.searchsorted(classes, predicted)
    cells = np.bincount(row * size + column, minlength=size * size)
    return cells.reshape(size, size).astype(np.int64)


def macro(table: I64 | F64) -> FrameScores:
    """Scores of a confusion table (K, K).

    Classes that neither occur nor are predicted do not count.
    """
    counts = np.asarray(table, np.float64)
    right = np.diagonal(counts)
    true = counts.sum(axis=1)
    predicted = counts.sum(axis=0)
    occurs = true + predicted > 0
    if not occurs.any():
        return FrameScores(accuracy=math.nan, precision=math.nan, recall=math.nan, f1=math.nan)

    def mean(part: F64, whole: F64) -> float:
        shares = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
        return float(shares[occurs].mean())

    return FrameScores(
        accuracy=float(right.sum() / counts.sum()),
        precision=mean(right, predicted),
        recall=mean(right, true),
        f1=mean(2 * right, true + predicted),
    )


def macro_f1(tables: F64) -> F64:
    """``macro``'s F1 of many confusion tables (..., K, K), f64 (...); NaN without frames."""
    right = np.diagonal(tables, axis1=-2, axis2=-1)
    whole = tables.sum(axis=-1) + tables.sum(axis=-2)
    occurs = whole > 0
    f1_of_class = np.divide(2 * right, whole, out=np.full(right.shape, np.nan), where=occurs)
    num_classes = occurs.sum(axis=-1)
    undefined = np.full(num_classes.shape, np.nan)
    total = np.nansum(f1_of_class, axis=-1)
    means: F64 = np.divide(total, num_classes, out=undefined, where=num_classes > 0)
    return means


def frame_metrics(
    truth: I64, predicted: I64, *, tolerance: int, sessions: I64 | None = None
) -> tuple[FrameScores, FrameScores]:
    """Strict and tolerant scores of the 2024 edition (arguments and errors as ``forgiven``)."""
    lenient = forgiven(truth, predicted, tolerance=tolerance, sessions=sessions)
    classes = np.unique(np.concatenate([truth, predicted]))
    strict = macro(confusion(truth, predicted, classes))
    tolerant = macro(confusion(truth, lenient, classes))
    return strict, tolerant
