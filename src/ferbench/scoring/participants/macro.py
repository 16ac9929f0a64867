"""Means over participants: each participant counts alike, however many annotations there are.

The other scores add counts first (micro), so that who has more annotations weighs more. A
participant whose own number is undefined is left out of its mean and counted, never taken as 0.
As scikit-learn's ``average="samples"`` with ``zero_division=nan``, a participant for a sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.metrics import count_formulas
from ferbench.scoring.ratios import ratios
from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Method,
    Statistic,
    bootstrap,
    on_everybody,
)
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroMean:
    """A mean over participants.

    Attributes:
        value: of those with a number; NaN = nobody has one.
        interval: by bootstrap over participants; None = not asked for.
        participants: that it is a mean of.
        left_out: participants whose own number is undefined.
    """

    value: float
    interval: Interval | None
    participants: int
    left_out: int


def macro_of(tally: Tally, formula: Formula) -> Statistic:
    """The mean over participants as a function of how often each is taken.

    Args:
        tally: one entry per participant (N,).
        formula: of each entry; undefined ones have no weight.
    """
    values = formula(tally)
    has_value = ~np.isnan(values)
    known = np.where(has_value, values, 0.0)
    counting = has_value.astype(np.float64)

    def mean(weights: F64) -> F64:
        return ratios(weights @ known, weights @ counting)

    return mean


def macro_means(
    tally: Tally, *, weights: F64 | None, level: float, method: Method
) -> Mapping[str, MacroMean]:
    """The mean over participants of each headline metric of counts, by its name.

    Args:
        tally: one entry per participant (N,).
        weights: resamples of the participants, f64 (draws, N); None = no intervals.
        level: of confidence.
        method: of the intervals.
    """
    participants = len(tally.tp)
    found = {}
    for name, formula in count_formulas().items():
        mean = macro_of(tally, formula)
        left_out = int(np.isnan(formula(tally)).sum())
        interval = None
        if weights is None:
            value = on_everybody(mean, participants)
        else:
            value, interval = bootstrap(
                mean, weights, level=level, method=method, resting_on=participants - left_out
            )
        found[name] = MacroMean(
            value=value,
            interval=interval,
            participants=participants - left_out,
            left_out=left_out,
        )
    return found
