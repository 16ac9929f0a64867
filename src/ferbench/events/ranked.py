"""Signals of what has no unit that a threshold could be known in: told as ranks of the video."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ferbench.checks import check_choice, check_seconds_above_0
from ferbench.errors import ConfigError
from ferbench.events.treatment import Treatment
from ferbench.timespans import TOLERANCE_S
from ferbench.types import F64, I64, Channels

Scale = Literal["rank", "units"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTreatment(Treatment):
    """A treatment whose last step are ranks, the fields that trivial baselines share.

    Attributes:
        over_s: how far back motion looks, seconds.
        scale: ``rank`` = the share of the video's values that are not larger, so that 0.9 is passed
            in a tenth of the time, whatever is measured (not causal); ``units`` = as measured.
    """

    over_s: float = 0.4
    scale: Scale = "rank"

    def check_ranked(self) -> None:
        """Raise ConfigError where a field cannot be used."""
        check_choice("scale", self.scale, get_args(Scale))
        check_seconds_above_0("over_s", self.over_s)
        self.check_treatment()
        if self.scale == "rank" and self.baseline == "others":
            raise ConfigError(
                key="baseline",
                expected="none, rolling, centred or video with ranks, which are of one video",
                got=self.baseline,
            )

    def span_of(self, channels: Channels) -> tuple[float, float]:
        """Smallest and largest value that the signal can have, whatever the model tells."""
        del channels
        if self.scale == "rank":
            return 0.0, 1.0
        return (0.0, math.inf) if self.baseline == "none" else (-math.inf, math.inf)

    def finished(self, value: F64, edges_s: F64) -> F64:
        """Measured values treated and, where that is asked for, ranked, f64 (T,)."""
        treated = self.treated(value, edges_s)
        return ranks(treated) if self.scale == "rank" else treated

    def earliest(self, at_s: F64) -> I64:
        """Position of the earliest time in the ``over_s`` up to each, i64 (N,).

        It is the time's own position where there is none before it.
        """
        return np.searchsorted(at_s, at_s - self.over_s - TOLERANCE_S).astype(np.int64)

    def check_sees_motion(self, edges_s: F64) -> None:
        """Raise ConfigError where no two frames of a video are within ``over_s``."""
        apart_s = np.diff(edges_s[:-1])
        if len(apart_s) and apart_s.min() > self.over_s + TOLERANCE_S:
            raise ConfigError(
                key="signal.over_s",
                expected=f"at least {apart_s.min():.3g} seconds, which is the least time between "
                "two frames that are looked at",
                got=self.over_s,
            )


def ranks(value: F64) -> F64:
    """The share of the defined values that are not larger; equal ones share the mean of theirs.

    >>> ranks(np.array([3.0, np.nan, 1.0, 2.0, 2.0])).tolist()
    [1.0, nan, 0.25, 0.625, 0.625]
    """
    from scipy.stats import rankdata

    result = np.full(len(value), np.nan)
    defined = ~np.isnan(value)
    if defined.any():
        result[defined] = rankdata(value[defined]) / defined.sum()
    return result
