"""Which boxes of two detectors are the same face: one to one, by overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.selectors.rows import overlaps
from ferbench.types import F64, I64, Faces

SAME_FACE_IOU: Final = 0.5
"""Boxes that overlap less (intersection over union) are two faces."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoxPairs:
    """Faces that two tables of the same frames share.

    Attributes:
        first: i64 (P,), rows of the first table.
        second: i64 (P,), rows of the second.
        iou: f64 (P,).
    """

    first: I64
    second: I64
    iou: F64


def box_pairs(first: Faces, second: Faces, *, least_iou: float = SAME_FACE_IOU) -> BoxPairs:
    """Pair faces of the same frame, those with the largest overlap first; each is used once.

    Of equal overlaps that of the earlier row of ``first``, then of ``second``, comes first.
    """
    one, two = _in_same_frame(first.frame, second.frame)
    iou = overlaps(first.box_xyxy[one].astype(np.float64), second.box_xyxy[two].astype(np.float64))
    enough = np.flatnonzero(iou >= least_iou)
    one, two, iou = one[enough], two[enough], iou[enough]
    order = np.lexsort((two, one, -iou))
    one, two, iou = one[order], two[order], iou[order]
    taken: list[I64] = []
    left = np.arange(len(one))
    while len(left):
        best = left[_is_first(one[left]) & _is_first(two[left])]
        taken.append(best)
        is_free = ~np.isin(one[left], one[best]) & ~np.isin(two[left], two[best])
        left = left[is_free]
    chosen = np.sort(np.concatenate(taken)) if taken else np.empty(0, np.int64)
    chosen = chosen[np.lexsort((two[chosen], one[chosen]))]
    return BoxPairs(first=one[chosen], second=two[chosen], iou=iou[chosen])


def _in_same_frame(first: I64, second: I64) -> tuple[I64, I64]:
    """Rows of all pairs with the same frame; both tables are sorted by frame."""
    start = np.searchsorted(second, first, side="left")
    count = np.searchsorted(second, first, side="right") - start
    one = np.repeat(np.arange(len(first)), count)
    before = np.cumsum(count) - count
    two = np.arange(len(one)) - np.repeat(before, count) + np.repeat(start, count)
    return one.astype(np.int64), two.astype(np.int64)


def _is_first(values: I64) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether no earlier entry has the same value, bool (N,)."""
    _, first = np.unique(values, return_index=True)
    result = np.zeros(len(values), np.bool_)
    result[first] = True
    return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoxAgreement:
    """How far two detectors found the same faces on the same frames.

    Attributes:
        frames: that both looked at.
        both: faces that both found.
        first_only: faces that only the first found.
        second_only: likewise.
        iou: f64 (both,), overlap of the boxes of faces that both found.
    """

    frames: int
    both: int
    first_only: int
    second_only: int
    iou: F64

    def share(self, count: int) -> float:
        """A count as a share of all faces, each counted once; NaN without faces."""
        total = self.both + self.first_only + self.second_only
        return count / total if total else float("nan")

    @property
    def median_iou(self) -> float:
        """NaN where no face was found by both."""
        return float(np.median(self.iou)) if len(self.iou) else float("nan")


def box_agreement(videos: list[tuple[int, Faces, Faces]]) -> BoxAgreement:
    """Compare two detectors over videos: frames of each, and the faces of both."""
    both = first_only = second_only = frames = 0
    ious = [np.empty(0)]
    for num_frames, first, second in videos:
        pairs = box_pairs(first, second)
        frames += num_frames
        both += len(pairs.iou)
        first_only += len(first) - len(pairs.iou)
        second_only += len(second) - len(pairs.iou)
        ious.append(pairs.iou)
    return BoxAgreement(
        frames=frames,
        both=both,
        first_only=first_only,
        second_only=second_only,
        iou=np.concatenate(ious),
    )
