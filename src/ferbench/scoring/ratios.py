"""Ratios that are NaN where there is nothing to divide by."""

from __future__ import annotations

import math

import numpy as np

from ferbench.types import F64


def ratio(part: float, whole: float) -> float:
    """``part / whole``; NaN where the whole is 0.

    >>> ratio(1, 4), ratio(0, 0)
    (0.25, nan)
    """
    if not whole:
        return math.nan
    return part / whole


def ratios(part: F64, whole: F64) -> F64:
    """``part / whole`` element by element; NaN where the whole is not above 0.

    >>> ratios(np.array([1.0, 0.0]), np.array([4.0, 0.0]))
    array([0.25,  nan])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(whole) > 0, np.divide(part, whole), np.nan)


def defined(value: float) -> float | None:
    """A number for JSON, which has no NaN: None where it is undefined.

    >>> defined(0.25), defined(math.nan)
    (0.25, None)
    """
    if math.isnan(value):
        return None
    return value
