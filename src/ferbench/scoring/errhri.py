"""The metrics of the ERR@HRI challenges: frames (2024) and events (2.0, 2025).

2024: accuracy and macro precision, recall and F1 of frames, strict and with a tolerance in frames.
Source: github.com/ERR-HRI-Challenge/baseline2024, training/get_metrics.py; the numbers are the
same. What to know of them: with a tolerance, a prediction counts as true where its value occurs in
the truth nearby. That forgives a prediction of 0 beside an error as well, so a system that never
says 1 scores a perfect tolerant F1 where errors are short; the window is a range of rows, so that
of sessions whose rows are mixed it takes in rows of others; what cannot be divided counts 0; and
the tolerance of 1 frame that results were published with is 1/30 s.

2.0: an error is detected if a prediction overlaps [onset - 1 s, offset + 1 s]:
``criteria.AnyOverlap``, which pairs predictions and errors one to one within a session, as many as
can be. The public evaluator of that edition is not followed where it departs from its description:
it takes predictions of another trial at the same clock time for hits, marks whole rows while it
counts false positives, so that one long prediction over two errors is counted wrongly, lets any
number of predictions hit one error without a cost, and stops with an error where nothing is
predicted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ferbench.errors import DataError
from ferbench.scoring.flags import Flags, draw_shifts, overlaps
from ferbench.scoring.matching.one_to_one import TOLERANCE_S
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.uncertainty.chance import Chance, against
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
    for start_s, stop_s in spans:
        first, stop = (math.ceil((time_s - TOLERANCE_S) * rate_hz) for time_s in (start_s, stop_s))
        labels[max(first, 0) : max(stop, 0)] = 1
    return labels


def forgiven(truth: I64, found: I64, *, tolerance: int, sessions: I64 | None = None) -> I64:
    """Predictions with those replaced by the truth whose value occurs in the truth nearby, i64
    (T,).

    Args:
        truth: i64 (T,), class of each frame.
        found: i64 (T,), predicted class.
        tolerance: how many frames away.
        sessions: i64 (T,), which session a frame is of; the window ends at the session's first and
            last row. None = all are of one.

    Raises:
        DataError: the arrays are not equally long, or the tolerance is negative.
    """
    if (
        not len(truth) == len(found) == len(truth if sessions is None else sessions)
        or tolerance < 0
    ):
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
    """Scores of a confusion table (K, K).

    Classes that neither occur nor are predicted do not count.
    """
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


def macro_f1(tables: F64) -> F64:
    """``macro``'s F1 of many confusion tables (..., K, K), f64 (...); NaN without frames."""
    right = np.diagonal(tables, axis1=-2, axis2=-1)
    whole = tables.sum(axis=-1) + tables.sum(axis=-2)
    each = np.divide(2 * right, whole, out=np.full(right.shape, np.nan), where=whole > 0)
    there = (whole > 0).sum(axis=-1)
    result: F64 = np.divide(
        np.nansum(each, axis=-1), there, out=np.full(there.shape, np.nan), where=there > 0
    )
    return result


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
        chance: of ``f1`` and ``f1_tolerant`` beside circularly shifted predictions; empty = not
            asked for.
    """

    strict: FrameScores
    tolerant: FrameScores
    tolerance: int
    num: int
    chance: Mapping[str, Chance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Labels:
    """The observed frames of a session, one stretch after the other; all bool (T,).

    Attributes:
        truth: within an annotation.
        found: within an event.
        near_other: a frame of the other truth is within the tolerance, in the same stretch: a wrong
            prediction is forgiven.
    """

    truth: Flags
    found: Flags
    near_other: Flags


def frames_of(
    evidence: Iterable[ScoredSession],
    *,
    rate_hz: float,
    tolerance: int,
    surrogates: int = 0,
    least_s: float = 0.0,
    seed: int = 0,
) -> Frames:
    """Scores of the observed frames of sessions: 1 = within an event, or an annotation.

    Frame i of a session is at i / rate_hz; each observed stretch is a window's border. All NaN
    where an event or annotation has no extent: it would be in no frame.

    Args:
        evidence: the sessions.
        rate_hz: frames per second.
        tolerance: of the tolerant scores, frames.
        surrogates: circular shifts of each session's predictions; 0 = no chance level.
        least_s: least shift, seconds.
        seed: of the random numbers.
    """
    sessions = list(evidence)
    points = any(event.offset_s <= event.onset_s for own in sessions for event in own.events)
    points = points or any(
        mark.offset_s <= mark.onset_s for own in sessions for mark in own.annotations
    )
    labels = [_labels(own, rate_hz, tolerance) for own in sessions]
    tables = sum((_tables(own, own.found[None]) for own in labels), np.zeros((2, 1, 2, 2)))[:, 0]
    if points:
        tables = np.full_like(tables, np.nan)
    strict, tolerant = (macro(table) for table in tables)
    chance = {}
    if surrogates and not points:
        drawn = _shifted(labels, least=math.ceil(least_s * rate_hz), draws=surrogates, seed=seed)
        chance = {
            name: against(scores.f1, macro_f1(table))
            for name, scores, table in zip(
                ("f1", "f1_tolerant"), (strict, tolerant), drawn, strict=True
            )
        }
    num = sum(len(own.truth) for own in labels)
    return Frames(strict=strict, tolerant=tolerant, tolerance=tolerance, num=num, chance=chance)


def _labels(session: ScoredSession, rate_hz: float, tolerance: int) -> _Labels:
    spans = [
        [(t.onset_s, t.offset_s) for t in things]
        for things in (session.annotations, session.events)
    ]
    stretches: list[tuple[Flags, Flags, Flags]] = [(np.zeros(0, bool),) * 3]
    for from_s, to_s in session.observed:
        first, stop = (math.ceil((time_s - TOLERANCE_S) * rate_hz) for time_s in (from_s, to_s))
        truth, found = (
            frame_labels(own, stop, rate_hz=rate_hz)[max(first, 0) :] > 0 for own in spans
        )
        lenient = forgiven(truth.astype(np.int64), 1 - truth.astype(np.int64), tolerance=tolerance)
        stretches.append((truth, found, lenient == truth))
    truth, found, near_other = (np.concatenate(columns) for columns in zip(*stretches, strict=True))
    return _Labels(truth=truth, found=found, near_other=near_other)


def _tables(labels: _Labels, found: Flags) -> F64:
    """Strict and tolerant confusion of predictions bool (draws, T), f64 (2, draws, 2, 2)."""
    masks = np.stack(
        [labels.truth, ~labels.truth & labels.near_other, labels.truth & labels.near_other]
    )
    return _confusions(
        labels, masks.astype(np.float64) @ found.T.astype(np.float64), found.sum(axis=1)
    )


def _shifted(labels: Sequence[_Labels], *, least: int, draws: int, seed: int) -> F64:
    """Tables of shifted predictions over all sessions, f64 (2, draws, 2, 2)."""
    rng, total = np.random.default_rng(seed), np.zeros((2, draws, 2, 2))
    for own in labels:
        if len(own.truth):
            shift = draw_shifts(len(own.truth), least=least, draws=draws, rng=rng)
            masks = np.stack([own.truth, ~own.truth & own.near_other, own.truth & own.near_other])
            total += _confusions(
                own, overlaps(masks, own.found, shift), np.full(draws, own.found.sum())
            )
    return total


def _confusions(labels: _Labels, shared: F64, predicted: I64) -> F64:
    """Strict and tolerant confusion, f64 (2, draws, 2, 2), rows = truth.

    Args:
        labels: of a session.
        shared: f64 (3, draws), predicted frames that are true; false, but forgiven; true, near a
            false one.
        predicted: i64 (draws,), predicted frames.
    """
    right, forgiven_1, close = shared
    true, whole = labels.truth.sum(), len(labels.truth)
    missed, wrong = true - right, predicted - right
    forgiven_0 = (
        labels.truth & labels.near_other
    ).sum() - close  # not predicted, but near a frame that is not true
    strict = np.stack([whole - true - wrong, wrong, missed, right], axis=-1)
    change = np.stack([forgiven_1, -forgiven_1, -forgiven_0, forgiven_0], axis=-1)
    return np.stack([strict, strict + change]).reshape(2, -1, 2, 2)
