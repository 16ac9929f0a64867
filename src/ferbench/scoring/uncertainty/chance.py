"""Chance: an observed number beside what events score that know nothing of the annotations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from ferbench.errors import DataError
from ferbench.scoring.tally import Tally
from ferbench.timespans import Stretches
from ferbench.types import F64

NullName = Literal["circular", "jitter", "swap"]
NULLS: Final[tuple[NullName, ...]] = get_args(NullName)

_EQUAL: Final = 1e-12  # scores that differ by less are ties

_MONTE_CARLO: Final = 2.0
"""Two p differ where they are so many standard errors of their draws apart."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """One session: what was observed, when events and annotations are; only those that count.

    Attributes:
        times_s: f64 (N,), what is moved of the events: their stamps, or, where their extent counts,
            their onsets.
        lasts_s: f64 (N,), the time from there to their offsets, which moves along, also across the
            circle's seam.
        marks_s: f64 (M, 2), onsets and offsets of the annotations.
        observed: observed stretches [from_s, to_s), seconds of the session, finite; empty = not
            known.
        participant: whose it is; "" = it stands for itself.
    """

    times_s: F64
    lasts_s: F64
    marks_s: F64
    observed: Stretches
    participant: str = ""

    def __post_init__(self) -> None:
        """Check shapes."""
        events_fit = self.times_s.ndim == 1 and self.lasts_s.shape == self.times_s.shape
        if not events_fit or self.marks_s.shape[1:] != (2,):
            raise DataError(
                "Track: expected times (N,), durations (N,) and annotations (M, 2), "
                f"got {self.times_s.shape}, {self.lasts_s.shape} and {self.marks_s.shape}"
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Null:
    """What a null detector scores, draw by draw, over all sessions.

    Attributes:
        tally: entries (draws,); the numbers of events and annotations are the same in every draw.
            All NaN where sessions with events have no known time to place them in, or where there
            is nobody to swap with.
        by_session: of each session, entries (sessions, draws); None = draws do not stay within
            sessions, or none could be made.
        num_short: sessions with events that are shorter than ``SHORTEST`` least shifts; theirs are
            shifted by any amount.
        num_unplaced: sessions with events whose observed time is not known.
    """

    tally: Tally
    by_session: Tally | None = None
    num_short: int = 0
    num_unplaced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """An observed value beside its null distribution.

    Attributes:
        value: observed.
        mean: of the null distribution: the chance level.
        p: one-sided, (1 + number of draws at least as large) / (1 + number of draws).
        z: (value - mean) / standard deviation of the draws; NaN where all draws are equal.
        times: value / mean; NaN where the mean is 0.
        draws: how many.
    """

    value: float
    mean: float
    p: float
    z: float
    times: float
    draws: int


def against(value: float, null: F64) -> Chance:
    """Compare an observed value with draws from its null distribution, f64 (draws,).

    NaN where one is undefined.

    >>> against(0.5, np.array([0.1, 0.2, 0.5])).p
    0.5
    """
    draws = len(null)
    mean = p = z = times = math.nan
    if _is_comparable(value, null):
        mean = float(null.mean())
        num_as_large = int((null >= value - _EQUAL).sum())
        p = (1 + num_as_large) / (1 + draws)
        spread = float(null.std(ddof=1)) if draws > 1 else 0.0
        if spread > _EQUAL:
            z = (value - mean) / spread
        if mean > 0:
            times = value / mean
    return Chance(value=value, mean=mean, p=p, z=z, times=times, draws=draws)


def _is_comparable(value: float, null: F64) -> bool:
    """Whether there are draws, and all numbers are defined."""
    return len(null) > 0 and not math.isnan(value) and not np.isnan(null).any()


def strictest(chances: Mapping[NullName, Chance]) -> NullName | None:
    """The null detector that a number has to stand up to: that of the largest p.

    Of those whose p is not smaller by more than the error of so many draws, the one with the
    highest chance level; of equal ones the first. None = all undefined.

    >>> few, many = np.array([0.1, 0.6] + [0.1] * 98), np.array([0.6] * 100)
    >>> strictest({"circular": against(0.5, few), "swap": against(0.5, many)})
    'swap'
    >>> low, high = np.array([0.1] * 100), np.array([0.3] * 100)
    >>> strictest({"circular": against(0.5, low), "jitter": against(0.5, high)})
    'jitter'
    """
    defined = {name: chance for name, chance in chances.items() if not math.isnan(chance.p)}
    if not defined:
        return None
    largest = max(defined.values(), key=lambda chance: chance.p)
    hardest = [name for name, chance in defined.items() if not differ(chance, largest)]
    return max(hardest, key=lambda name: defined[name].mean)


def differ(one: Chance, other: Chance) -> bool:
    """Whether two p are further apart than the error of their draws."""
    variance = sum(each.p * (1 - each.p) / each.draws for each in (one, other))
    return abs(one.p - other.p) > _MONTE_CARLO * math.sqrt(variance)
