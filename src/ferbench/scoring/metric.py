"""What a metric is: a number of counts, or of the matches' lags."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.intervals import Statistic, metric_of, statistic_of_values
from ferbench.types import F64, Counts

Basis = Literal["events", "annotations", "events and annotations", "matches", "sessions"]
"""What a score rests on: its ``n``."""

LagFormula = Callable[[F64, F64], F64]
"""A number of lags f64 (N,), rising, each taken as often as whole weights f64 (rows, N) say: f64
(rows,); NaN = undefined.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(ABC):
    """What is to know of a metric, whatever it is computed from.

    Attributes:
        name: that it is logged under, behind ``event/``.
        title: that sentences and tables for people use, with its unit.
        meaning: its formula in words.
        higher_is_better: which way is better.
        rests_on: what its ``n`` counts.
        decimals: to show in sentences; 0 = a whole number.
        unit: of the value; "" = a share or a number.
        headline: has an interval and a sentence in the summary, and is shown on the console, beside
            other runs and in MLflow's saved view; else it is only logged.
    """

    name: str
    title: str
    meaning: str
    higher_is_better: bool
    rests_on: Basis
    decimals: int = 3
    unit: str = ""
    headline: bool = True

    @property
    def logged_as(self) -> str:
        """Its full name: ``event/f1``."""
        return f"event/{self.name}"

    @abstractmethod
    def value(self, counts: Counts, lags_s: Sequence[float]) -> float:
        """Its value for some sessions together; NaN = undefined.

        Args:
            counts: of the sessions.
            lags_s: of their matches, seconds.
        """

    @abstractmethod
    def statistic(self, tally: Tally, lags_s: Sequence[Sequence[float]]) -> Statistic:
        """Its value as a function of the participants taken.

        Args:
            tally: one entry per participant (N,).
            lags_s: of each participant's matches, seconds.
        """

    def of_null(self, tally: Tally) -> F64 | None:
        """Its value in each draw of a null detector, f64 (draws,); None = there is no chance level.

        Args:
            tally: counts of each draw.
        """
        del tally
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountMetric(Metric):
    """A metric of counts.

    Attributes:
        formula: of summed counts.
        against_chance: has a chance level and a p value. Those of several metrics are the same
            where all events count: a null detector has as many events and annotations in every
            draw.
    """

    formula: Formula
    against_chance: bool = False

    def value(self, counts: Counts, lags_s: Sequence[float]) -> float:
        """See ``Metric``."""
        del lags_s
        return float(self.formula(Tally.of([counts]))[0])

    def statistic(self, tally: Tally, lags_s: Sequence[Sequence[float]]) -> Statistic:
        """See ``Metric``."""
        del lags_s
        return metric_of(tally, self.formula)

    def of_null(self, tally: Tally) -> F64 | None:
        """See ``Metric``."""
        if not self.against_chance:
            return None
        return self.formula(tally)


@dataclass(frozen=True, slots=True, kw_only=True)
class LagMetric(Metric):
    """A metric of the matches' lags: event's time - annotation's onset, negative = early.

    Attributes:
        formula: of pooled lags.
    """

    formula: LagFormula

    def value(self, counts: Counts, lags_s: Sequence[float]) -> float:
        """See ``Metric``."""
        del counts
        ordered = np.sort(np.asarray(lags_s, np.float64))
        return float(self.formula(ordered, np.ones((1, len(ordered))))[0])

    def statistic(self, tally: Tally, lags_s: Sequence[Sequence[float]]) -> Statistic:
        """See ``Metric``."""
        del tally
        return statistic_of_values(lags_s, self.formula)
