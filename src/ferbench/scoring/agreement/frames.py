"""Agreement of models with each other on the expression of each frame.

Counts first, shares as functions of counts.

Source: as ``segments`` (analyze_emotions). What differs: the totals of a class are its frames, for
any number of models (that program's are right for exactly three); frames of which one model says
nothing are counted and not compared; and a share of nothing is NaN. Where that program comes to an
end, the numbers are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferbench.errors import DataError
from ferbench.scoring.ratios import ratio
from ferbench.types import F64, I64

NO_LABEL = -1
"""Code of a frame without a face, or with a label that is not among the classes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameCounts:
    """Frames by what two models say of them.

    Attributes:
        table: i64 (K, K): row = class of the first model, column = class of the second.
        first_only: frames of which only the first model says something.
        second_only: frames of which only the second does.
        neither: frames of which none does.
        unpaired: frames beyond the end of the shorter list.
    """

    table: I64
    first_only: int
    second_only: int
    neither: int
    unpaired: int

    def __add__(self, other: FrameCounts) -> FrameCounts:
        return FrameCounts(
            table=self.table + other.table,
            first_only=self.first_only + other.first_only,
            second_only=self.second_only + other.second_only,
            neither=self.neither + other.neither,
            unpaired=self.unpaired + other.unpaired,
        )

    @staticmethod
    def none(classes: int) -> FrameCounts:
        """No frame at all."""
        return FrameCounts(
            table=np.zeros((classes, classes), np.int64),
            first_only=0,
            second_only=0,
            neither=0,
            unpaired=0,
        )


def frame_counts(first: I64, second: I64, classes: int) -> FrameCounts:
    """Compare two models frame by frame from the first.

    Args:
        first: i64 (T1,), class of each frame, 0 to classes - 1, or ``NO_LABEL``.
        second: i64 (T2,), likewise.
        classes: K.

    Raises:
        DataError: a code is not among the classes.
    """
    _check_codes(first, classes)
    _check_codes(second, classes)
    common = min(len(first), len(second))
    a = first[:common]
    b = second[:common]
    a_known = a >= 0
    b_known = b >= 0
    both_known = a_known & b_known
    cell = a[both_known] * classes + b[both_known]
    table = np.bincount(cell, minlength=classes * classes).reshape(classes, classes)
    return FrameCounts(
        table=table.astype(np.int64),
        first_only=int(np.sum(a_known & ~b_known)),
        second_only=int(np.sum(~a_known & b_known)),
        neither=int(np.sum(~a_known & ~b_known)),
        unpaired=max(len(first), len(second)) - common,
    )


def _check_codes(codes: I64, classes: int) -> None:
    if len(codes) and not (codes.min() >= NO_LABEL and codes.max() < classes):
        raise DataError(
            f"expected classes from 0 to {classes - 1} or {NO_LABEL}, "
            f"got {codes.min()} to {codes.max()}"
        )


def row_shares(table: I64) -> F64:
    """Each row divided by its sum, f64 (K, K); a row without frames is NaN."""
    total = table.sum(axis=1, keepdims=True)
    result: F64 = np.divide(table, total, out=np.full(table.shape, np.nan), where=total > 0)
    return result


def frame_agreement(table: I64) -> float:
    """Share of the compared frames in which both models give the same class; NaN without frames."""
    return ratio(int(np.trace(table)), int(table.sum()))


def class_totals(codes: I64, classes: int) -> I64:
    """Frames of each class, i64 (K,); frames without a label are in none."""
    return np.bincount(codes[codes >= 0], minlength=classes).astype(np.int64)
