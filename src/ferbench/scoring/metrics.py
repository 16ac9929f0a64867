"""Counts of many sessions or draws at once, and metrics as functions of them.

As in sed_eval (github.com/TUT-ARG/sed_eval); what differs: F1 is 0, not undefined, when only one of
events and annotations is empty. Metrics are NaN where there is nothing to divide by.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import DataError
from ferbench.types import F64, I64, Counts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Counts in columns: f64 arrays of one shape (of sessions, participants, thresholds or draws).

    Attributes:
        tp: matched events.
        fp: events without an annotation.
        fn: annotations without an event.
        observed_s: seconds that count; NaN = not known.
    """

    tp: F64
    fp: F64
    fn: F64
    observed_s: F64

    def __post_init__(self) -> None:
        """Check the shapes."""
        if (
            not np.shape(self.tp)
            == np.shape(self.fp)
            == np.shape(self.fn)
            == np.shape(self.observed_s)
        ):
            raise DataError(
                "Tally: expected columns of one shape, got "
                f"{[np.shape(c) for c in (self.tp, self.fp, self.fn, self.observed_s)]}"
            )

    @classmethod
    def of(cls, counts: Iterable[Counts]) -> Tally:
        """One entry per Counts."""
        rows = np.array([(c.tp, c.fp, c.fn, c.observed_s) for c in counts], np.float64).reshape(
            -1, 4
        )
        return cls(tp=rows[:, 0], fp=rows[:, 1], fn=rows[:, 2], observed_s=rows[:, 3])

    @classmethod
    def joined(cls, tallies: Iterable[Tally]) -> Tally:
        """The entries of several, each (N,), after each other."""
        each = list(tallies)
        return cls(
            tp=np.concatenate([t.tp for t in each]),
            fp=np.concatenate([t.fp for t in each]),
            fn=np.concatenate([t.fn for t in each]),
            observed_s=np.concatenate([t.observed_s for t in each]),
        )

    def weighted(self, weights: F64) -> Tally:
        """Sums over the entries (N,), each taken as often as ``weights`` f64 (..., N) says.

        Entries (...).

        An entry of unknown seconds makes the seconds of every sum unknown.
        """
        return Tally(
            tp=weights @ self.tp,
            fp=weights @ self.fp,
            fn=weights @ self.fn,
            observed_s=weights @ self.observed_s,
        )

    def grouped(self, group: I64, groups: int) -> Tally:
        """Sums over the entries (N,) of each group, entries (groups,).

        ``group`` i64 (N,) from 0.
        """

        def sums(column: F64) -> F64:
            return np.bincount(group, weights=column, minlength=groups).astype(np.float64)

        return Tally(
            tp=sums(self.tp), fp=sums(self.fp), fn=sums(self.fn), observed_s=sums(self.observed_s)
        )


def _ratio(part: F64, whole: F64) -> F64:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(whole) > 0, np.divide(part, whole), np.nan)


def precision(tally: Tally) -> F64:
    """Share of the events that match an annotation, tp / (tp + fp); NaN without events."""
    return _ratio(tally.tp, tally.tp + tally.fp)


def recall(tally: Tally) -> F64:
    """Share of the annotations that match an event, tp / (tp + fn); NaN without annotations."""
    return _ratio(tally.tp, tally.tp + tally.fn)


def f1(tally: Tally) -> F64:
    """Harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn).

    NaN without events and annotations.
    """
    return _ratio(2 * tally.tp, 2 * tally.tp + tally.fp + tally.fn)


def false_alarms_per_min(tally: Tally) -> F64:
    """Events without an annotation per observed minute; NaN without observed time."""
    return _ratio(tally.fp, tally.observed_s / 60)


Metric = Callable[[Tally], F64]
METRICS: Final[dict[str, Metric]] = {
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "false_alarms_per_min": false_alarms_per_min,
}


def latency_s(lags_s: Sequence[float]) -> float:
    """Median of (event's time - annotation's onset) over matches, seconds; negative = early.

    NaN without matches.
    """
    return float(statistics.median(lags_s)) if lags_s else math.nan


def values_of(counts: Counts) -> dict[str, float]:
    """All metrics of one Counts by name.

    >>> values_of(Counts(tp=1, fp=1, fn=0, n_ref=1, observed_s=60.0, valid_s=60.0))["f1"]
    0.6666666666666666
    """
    tally = Tally.of([counts])
    return {name: float(metric(tally)[0]) for name, metric in METRICS.items()}
