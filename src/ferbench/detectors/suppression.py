"""Greedy suppression of overlapping boxes.

Source: ``py_cpu_nms`` of Fast R-CNN (Girshick), which the RetinaFace of biubug6 and the SCRFD of
insightface took over. Its sides are one pixel
longer than the difference of the corners (``extra_px=1``); torchvision's suppression takes the
plain difference (``extra_px=0``).

Differs: computed in f64 whatever the boxes' type is.
"""

from __future__ import annotations

import itertools

import numpy as np

from ferbench.types import F32, F64, I64


def nms_of_frames(
    frame: I64,
    boxes: F32 | F64,
    scores: F32 | F64,
    *,
    overlap: float,
    extra_px: int,
    most: int | None = None,
    most_kept: int | None = None,
) -> I64:
    """Greedy suppression in each of several frames.

    Args:
        frame: i64 (M,), rising.
        boxes: f32 or f64 (M, 4), x1, y1, x2, y2 in pixels.
        scores: (M,); equal scores are taken in the order of rows.
        overlap: largest intersection over union that two kept boxes may have.
        extra_px: what is added to the difference of corners to get a side, 1 or 0.
        most: only so many of the best boxes of a frame are looked at; None = all.
        most_kept: only so many of the best of a frame are kept; None = all.

    Returns:
        Kept rows, i64 (K,), by frame, best first.
    """
    kept = [np.empty(0, np.int64)]
    edges = np.flatnonzero(np.diff(frame, prepend=-1, append=-1))
    for first, stop in itertools.pairwise(edges.tolist()):
        rows = np.arange(first, stop)
        if most is not None and len(rows) > most:
            rows = rows[np.argsort(-scores[rows], kind="stable")[:most]]
        best = greedy_nms(boxes[rows], scores[rows], overlap=overlap, extra_px=extra_px)
        kept.append(rows[best[:most_kept]])
    return np.concatenate(kept)


def greedy_nms(boxes: F32 | F64, scores: F32 | F64, *, overlap: float, extra_px: int) -> I64:
    """Go through the boxes of one frame from the best on.

    Drop each that overlaps a kept one by more than ``overlap``.

    Args:
        boxes: f32 or f64 (M, 4), x1, y1, x2, y2 in pixels.
        scores: (M,); equal scores are taken in the order of rows.
        overlap: largest intersection over union that two kept boxes may have.
        extra_px: what is added to the difference of corners to get a side, 1 or 0.

    Returns:
        Kept rows, i64 (K,), best first.
    """
    if len(boxes) == 1:
        return np.zeros(1, np.int64)
    order = np.argsort(-scores, kind="stable")
    ranked = boxes[order].astype(np.float64)
    start, end = ranked[:, :2], ranked[:, 2:] + extra_px
    area = (end - start).prod(axis=1)
    alive = np.ones(len(ranked), bool)
    kept = []
    for k in range(len(ranked)):
        if not alive[k]:
            continue
        kept.append(k)
        rest = slice(k + 1, None)
        side = np.minimum(end[k], end[rest]) - np.maximum(start[k], start[rest])
        side = side.clip(min=0)
        shared = side[:, 0] * side[:, 1]
        union = (area[k] + area[rest] - shared).clip(min=0)
        # As a product: a box without area, or inside out, overlaps nothing, and nothing is divided
        # by zero.
        alive[rest] &= shared <= overlap * union
    return order[np.asarray(kept, np.int64)]
