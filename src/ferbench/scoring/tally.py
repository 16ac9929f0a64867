"""Counts of many sessions, participants, thresholds or draws at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

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


Formula = Callable[[Tally], F64]
"""A number of each entry of a tally, f64 of the entries' shape; NaN = undefined."""
