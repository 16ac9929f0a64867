"""Metrics of events as functions of counts; NaN where there is nothing to divide by.

As in sed_eval (github.com/TUT-ARG/sed_eval); what differs: F1 is 0, not undefined, when only one of events and
annotations is empty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from ferbench.types import Counts


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


def precision(counts: Counts) -> float:
    """Share of the events that match an annotation: tp / (tp + fp); NaN without events."""
    return _ratio(counts.tp, counts.tp + counts.fp)


def recall(counts: Counts) -> float:
    """Share of the annotations that match an event: tp / n_ref; NaN without annotations."""
    return _ratio(counts.tp, counts.n_ref)


def f1(counts: Counts) -> float:
    """Harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn); NaN without events and annotations.

    >>> f1(Counts(tp=1, fp=1, fn=0, n_ref=1, observed_s=60.0, valid_s=60.0))
    0.6666666666666666
    """
    return _ratio(2 * counts.tp, 2 * counts.tp + counts.fp + counts.fn)


def false_alarms_per_min(counts: Counts) -> float:
    """Events without an annotation per observed minute; NaN without observed time."""
    return _ratio(counts.fp, counts.observed_s / 60)


def latency_s(lags_s: Sequence[float]) -> float:
    """Median of (event's time - annotation's onset) over matches, seconds; negative = early; NaN without matches."""
    return float(median(lags_s)) if lags_s else math.nan
