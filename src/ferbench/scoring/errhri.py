"""The metrics of the ERR@HRI challenges: frames (2024) and events (2.0, 2025).

2024: accuracy and macro precision, recall and F1 of frames, strict and with a tolerance in frames. Source:
github.com/ERR-HRI-Challenge/baseline2024, training/get_metrics.py; the numbers are the same. What to know of them:
with a tolerance, a prediction counts as true where its value occurs in the truth nearby. That forgives a prediction
of 0 beside an error as well, so a system that never says 1 scores a perfect tolerant F1 where errors are short; the
window is a range of rows, so that of sessions whose rows are mixed it takes in rows of others; what cannot be divided
counts 0; and the tolerance of 1 frame that results were published with is 1/30 s.

2.0: an error is detected if a prediction overlaps [onset - 1 s, offset + 1 s]: ``criteria.AnyOverlap``, which pairs
predictions and errors one to one within a session, as many as can be. The public evaluator of that edition is not
followed where it departs from its description: it takes predictions of another trial at the same clock time for hits,
marks whole rows while it counts false positives, so that one long prediction over two errors is counted wrongly, lets
any number of predictions hit one error without a cost, and stops with an error where nothing is predicted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import DataError
from ferbench.scoring.evidence import Evidence
from ferbench.scoring.matching import TOLERANCE_S
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


def frame_labels(spans: Iterable[tuple[float, float]], num_frames: int, *, rate_hz: float = RATE_HZ) -> I64:
    """1 for frames inside of a span, else 0, i64 (num_frames,).

    Frame i is at i / rate_hz, inside of [from_s, to_s) within 1e-9 s. A span that lies between two frames is in none.

    >>> frame_labels([(0.1, 0.2)], 8, rate_hz=30.0)
    array([0, 0, 0, 1, 1, 1, 0, 0])
    """
    labels = np.zeros(num_frames, np.int64)
    for start_s, stop_s in spans:
        first, stop = (math.ceil((time_s - TOLERANCE_S) * rate_hz) for time_s in (start_s, stop_s))
        labels[max(first, 0) : max(stop, 0)] = 1
    return labels


def forgiven(truth: I64, found: I64, *, tolerance: int, sessions: I64 | None = None) -> I64:
    """Predictions with those replaced by the truth whose value occurs in the truth nearby, i64 (T,).

    Args:
        truth: i64 (T,), class of each frame.
        found: i64 (T,), predicted class.
        tolerance: how many frames away.
        sessions: i64 (T,), which session a frame is of; the window ends at the session's first and last row.
            None = all are of one.

    Raises:
        DataError: the arrays are not equally long, or the tolerance is negative.
    """
    if not len(truth) == len(found) == len(truth if sessions is None else sessions) or tolerance < 0:
        raise DataError(
            f"ERR@HRI frames: expected equally many of truth, found and sessions and a tolerance of 0 or more, got "
            f"{len(truth)}, {len(found)}, {'none' if sessions is None else len(sessions)} and {tolerance}"
        )
    count, rows = len(truth), np.arange(len(truth))
    low, high = np.zeros(count, np.int64), np.full(count, count)
    if sessions is not None:
        _, own = np.unique(sessions, return_inverse=True)
        first, last = np.full(count, count), np.full(count, -1)
        np.minimum.at(first, own, rows)
        np.maximum.at(last, own, rows)
        low, high = first[own], last[own] + 1
    low, high = np.maximum(low, rows - tolerance), np.minimum(high, rows + tolerance + 1)
    result = found.copy()
    for value in np.unique(found):
        before = np.concatenate(([0], np.cumsum(truth == value)))
        here = (found == value) & (before[high] > before[low])
        result[here] = truth[here]
    return result


def confusion(truth: I64, found: I64, classes: I64) -> I64:
    """Frames by true (row) and predicted class (column), i64 (K, K).

    Args:
        truth: i64 (T,).
        found: i64 (T,).
        classes: i64 (K,), all that occur, rising.
    """
    size = len(classes)
    index = np.searchsorted(classes, truth) * size + np.searchsorted(classes, found)
    return np.bincount(index, minlength=size * size).reshape(size, size).astype(np.int64)


def macro(table: I64 | F64) -> FrameScores:
    """Scores of a confusion table (K, K); classes that neither occur nor are predicted do not count."""
    counts = np.asarray(table, np.float64)
    right, true, predicted = np.diagonal(counts), counts.sum(axis=1), counts.sum(axis=0)
    there = true + predicted > 0
    if not there.any():
        return FrameScores(accuracy=math.nan, precision=math.nan, recall=math.nan, f1=math.nan)

    def mean(whole: F64, part: F64) -> float:
        shares = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
        return float(shares[there].mean())

    return FrameScores(
        accuracy=float(right.sum() / counts.sum()),
        precision=mean(predicted, right),
        recall=mean(true, right),
        f1=mean(true + predicted, 2 * right),
    )


def frame_metrics(
    truth: I64, found: I64, *, tolerance: int, sessions: I64 | None = None
) -> tuple[FrameScores, FrameScores]:
    """Strict and tolerant scores of the 2024 edition (arguments and errors as ``forgiven``)."""
    lenient = forgiven(truth, found, tolerance=tolerance, sessions=sessions)
    classes = np.unique(np.concatenate([truth, found]))
    strict, tolerant = (macro(confusion(truth, labels, classes)) for labels in (found, lenient))
    return strict, tolerant


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Frame scores of sessions.

    Attributes:
        strict: frame by frame.
        tolerant: predictions forgiven whose value occurs in the truth nearby.
        tolerance: how many frames away.
        num: frames.
    """

    strict: FrameScores
    tolerant: FrameScores
    tolerance: int
    num: int


def frames_of(evidence: Iterable[Evidence], *, rate_hz: float, tolerance: int) -> Frames:
    """Scores of the observed frames of sessions: 1 = within an event, or an annotation.

    Frame i of a session is at i / rate_hz; each observed stretch is a window's border. All NaN where an event or
    annotation has no extent: it would be in no frame.

    Args:
        evidence: the sessions.
        rate_hz: frames per second.
        tolerance: of the tolerant scores, frames.
    """
    tables, points = np.zeros((2, 2, 2)), False
    for session in evidence:
        spans = [[(t.onset_s, t.offset_s) for t in things] for things in (session.annotations, session.events)]
        points = points or any(stop_s <= start_s for own in spans for start_s, stop_s in own)
        for from_s, to_s in session.observed:
            first, stop = (math.ceil((time_s - TOLERANCE_S) * rate_hz) for time_s in (from_s, to_s))
            truth, found = (frame_labels(own, stop, rate_hz=rate_hz)[max(first, 0) :] for own in spans)
            lenient = forgiven(truth, found, tolerance=tolerance)
            tables += [confusion(truth, labels, np.arange(2)) for labels in (found, lenient)]
    strict, tolerant = (macro(np.full((2, 2), np.nan) if points else table) for table in tables)
    return Frames(strict=strict, tolerant=tolerant, tolerance=tolerance, num=int(tables[0].sum()))
