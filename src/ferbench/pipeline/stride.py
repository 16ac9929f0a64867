"""Detection in every n-th frame, and the faces of the frames between.

Within a read of ``frames_of_read`` frames the detector looks at the first, every n-th after it, and
the last. Between two of these, boxes, landmarks and scores of the same face change evenly from
frame to frame. A face that is found in only one of the two is held in the frames that are nearer to
it than to the other.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from ferbench.types import F32, F64, I64, Faces

LEAST_OVERLAP: Final = 0.3
"""Intersection over union from which two boxes are the same face."""

_STEPS: Final = 10


def frames_of_read(every: int) -> int:
    """Frames of a read with a stride: a whole number of steps and the frame that ends the last."""
    return _STEPS * every + 1


def looked_at(num_frames: int, every: int) -> I64:
    """Frames of a read that the detector looks at.

    >>> looked_at(9, 3).tolist()
    [0, 3, 6, 8]
    """
    return np.unique(np.append(np.arange(0, num_frames, every), num_frames - 1))


def filled_in(faces: Faces, looked: I64) -> Faces:
    """Faces of all frames of a read.

    Args:
        faces: found; ``frame`` counts the frames that were looked at.
        looked: i64, numbers of these frames in the read, rising.
    """
    tables = [_rows_of(faces, number) for number in range(len(looked))]
    done: list[F64] = []
    for number, (first, last) in enumerate(pairwise(looked)):
        done += _step(tables[number], tables[number + 1], int(first), int(last))
    done.append(_at(tables[-1], int(looked[-1])))
    rows = np.concatenate(done)
    return Faces(
        frame=rows[:, 0].astype(np.int64),
        box_xyxy=rows[:, 1:5].astype(np.float32),
        score=rows[:, 5].astype(np.float32),
        landmarks_xy=rows[:, 6:].astype(np.float32).reshape(-1, 5, 2),
    )


def _rows_of(faces: Faces, frame: int) -> F64:
    """Box, score and landmarks of a frame's faces, f64 (F, 15)."""
    low, high = np.searchsorted(faces.frame, [frame, frame + 1])
    rows = slice(low, high)
    points: F32 = faces.landmarks_xy[rows].reshape(high - low, 10)
    parts = (faces.box_xyxy[rows], faces.score[rows, None], points)
    return np.concatenate(parts, axis=1).astype(np.float64)


def _at(rows: F64, frame: int) -> F64:
    return np.concatenate((np.full((len(rows), 1), frame, np.float64), rows), axis=1)


def _step(before: F64, after: F64, first: int, last: int) -> list[F64]:
    """Faces of the frames from one that was looked at until the next, f64 (F, 16) each."""
    match = _same_faces(before[:, :4], after[:, :4])
    only_after = np.setdiff1d(np.arange(len(after)), match)
    done = [_at(before, first)]
    for frame in range(first + 1, last):
        part = (frame - first) / (last - first)
        rows = before.copy()
        both = match >= 0
        rows[both] += part * (after[match[both]] - before[both])
        if part <= 0.5:
            done.append(_at(rows, frame))
        else:
            done.append(_at(np.concatenate((rows[both], after[only_after])), frame))
    return done


def _same_faces(before: F64, after: F64) -> I64:
    """Which face of ``after`` each of ``before`` is, i64; -1 = none. The best pairs come first."""
    match = np.full(len(before), -1, np.int64)
    overlap = _overlaps(before, after)
    while overlap.size and overlap.max() >= LEAST_OVERLAP:
        one, other = np.unravel_index(np.argmax(overlap), overlap.shape)
        match[one] = other
        overlap[one, :] = overlap[:, other] = -1
    return match


def _overlaps(before: F64, after: F64) -> F64:
    """Intersection over union of all pairs; 0 where it is not defined."""
    start = np.maximum(before[:, None, :2], after[None, :, :2])
    stop = np.minimum(before[:, None, 2:], after[None, :, 2:])
    shared = (stop - start).clip(min=0).prod(axis=2)
    area = [(boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1) for boxes in (before, after)]
    union = area[0][:, None] + area[1][None, :] - shared
    overlap: F64 = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return overlap
