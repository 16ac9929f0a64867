"""Chance: what events score that know nothing of the annotations.

Two null detectors. ``shifted``: the detector's own events, moved around a circle of the session's
observed time by a random amount, which keeps their number, spacing and clumping, and breaks only
their place (circular-shift surrogates; Schreiber & Schmitz 2000, "Surrogate time series", review).
``random``: as many events per session, anywhere in its observed time.

The shift presumes that events and annotations are as likely early as late in a session. An event
whose extent reaches beyond the circle's seam may match at either end; annotations whose window
reaches beyond the observed time stay what they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ferbench.errors import ConfigError, DataError
from ferbench.scoring.matching.many_draws import AT_ONCE, Counting
from ferbench.scoring.tally import Tally
from ferbench.timespans import Stretches, spans_of
from ferbench.types import F64, I64

_EQUAL: Final = 1e-12  # scores that differ by less are ties

SHORTEST: Final = 30
"""A session has a least shift from so many of them on. The least shift keeps an event from any
surrogate of its own match, so a lone hit has the smallest p; a random event makes one with a
probability of window / session.
"""


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
    """

    times_s: F64
    lasts_s: F64
    marks_s: F64
    observed: Stretches

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
            All NaN where sessions with events have no known time to place them in.
        num_short: sessions with events that are shorter than ``SHORTEST`` least shifts; theirs are
            shifted by any amount.
        num_unplaced: sessions with events whose observed time is not known.
    """

    tally: Tally
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


def shifted(
    tracks: Sequence[Track], *, count: Counting, least_s: float, draws: int, seed: int
) -> Null:
    """What circularly shifted events score.

    Every draw shifts each session by an amount of its own, uniform between ``least_s`` and the
    observed time less ``least_s``, on the observed time alone: what was not observed is cut out of
    the circle. Sessions shorter than ``SHORTEST`` times ``least_s`` are shifted by any amount: a
    least shift would keep their events away from where the annotations are, and p would be too
    small.

    Args:
        tracks: the sessions.
        count: how events are matched.
        least_s: least shift in both directions; the width of the window, so that no event keeps its
            match.
        draws: how many surrogates, 1 or more.
        seed: of the random numbers.

    Raises:
        ConfigError: fewer than one draw.
    """
    circles = [_Circle(track) for track in tracks]
    shortest_s = SHORTEST * least_s

    def placed(circle: _Circle, rng: np.random.Generator, rows: int) -> F64:
        low_s = least_s if circle.length_s >= shortest_s else 0.0
        shift_s = rng.uniform(low_s, circle.length_s - low_s, (rows, 1))
        return np.asarray((circle.place_s + shift_s) % circle.length_s, np.float64)

    is_short = [circle.has_events and 0 < circle.length_s < shortest_s for circle in circles]
    null = _null(tracks, circles, placed, count, draws=draws, seed=seed)
    return replace(null, num_short=sum(is_short))


def random(tracks: Sequence[Track], *, count: Counting, draws: int, seed: int) -> Null:
    """What as many events per session score, each uniform over the observed time.

    Arguments as ``shifted``.
    """

    def placed(circle: _Circle, rng: np.random.Generator, rows: int) -> F64:
        return rng.uniform(0, circle.length_s, (rows, len(circle.place_s)))

    circles = [_Circle(track) for track in tracks]
    return _null(tracks, circles, placed, count, draws=draws, seed=seed)


class _Circle:
    """A session's observed time, put together to one stretch that closes to a circle."""

    def __init__(self, track: Track) -> None:
        spans = spans_of(track.observed)
        self.start_s = spans[:, 0]
        self.before_s = np.concatenate(([0.0], np.cumsum(spans[:, 1] - spans[:, 0])))
        self.length_s = float(self.before_s[-1])
        self.place_s = np.zeros(len(track.times_s))
        if len(spans):
            # A trigger at the very end of a stretch belongs to that stretch, not to the next one.
            index = (np.searchsorted(self.start_s, track.times_s, side="right") - 1).clip(0)
            lasts_s = np.diff(self.before_s)[index]
            inside_s = (track.times_s - self.start_s[index]).clip(0, lasts_s)
            self.place_s = self.before_s[index] + inside_s

    @property
    def has_events(self) -> bool:
        """Whether there is anything to place."""
        return len(self.place_s) > 0

    def to_session(self, place_s: F64) -> F64:
        """Times in the session of places on the circle, in [0, length_s)."""
        index = np.searchsorted(self.before_s, place_s, side="right") - 1
        index = index.clip(0, len(self.start_s) - 1)
        inside_s = place_s - self.before_s[index]
        return np.asarray(self.start_s[index] + inside_s, np.float64)

    def around(self, place_s: F64, lasts_s: F64) -> F64:
        """Times in the session of what comes in at its start because it reaches beyond the seam.

        NaN elsewhere.
        """
        again_s = self.start_s[0] + place_s - self.length_s
        return np.where(place_s + lasts_s > self.length_s, again_s, np.nan)


_Placing = Callable[[_Circle, np.random.Generator, int], F64]
"""Places of a session's events on its circle f64 (rows, N), from random numbers."""


def _null(
    tracks: Sequence[Track],
    circles: Sequence[_Circle],
    placed: _Placing,
    count: Counting,
    *,
    draws: int,
    seed: int,
) -> Null:
    """What events score that ``placed`` puts somewhere; ``num_short`` is left at 0."""
    if draws < 1:
        raise ConfigError(key="draws", expected="at least 1", got=draws)
    rng = np.random.default_rng(seed)
    num_unplaced = sum(circle.has_events and circle.length_s == 0 for circle in circles)
    if num_unplaced:
        tp = np.full(draws, np.nan)
        observed_s = math.nan
    else:
        tp = np.zeros(draws)
        for track, circle in zip(tracks, circles, strict=True):
            tp += _matches(track, circle, placed, count, draws=draws, rng=rng)
        observed_s = sum(circle.length_s for circle in circles)
    num_events = sum(len(track.times_s) for track in tracks)
    num_ref = sum(len(track.marks_s) for track in tracks)
    tally = Tally(tp=tp, fp=num_events - tp, fn=num_ref - tp, observed_s=np.full(draws, observed_s))
    return Null(tally=tally, num_unplaced=num_unplaced)


def _matches(
    track: Track,
    circle: _Circle,
    placed: _Placing,
    count: Counting,
    *,
    draws: int,
    rng: np.random.Generator,
) -> I64:
    """Matches of one session in each draw, i64 (draws,)."""
    matches = np.zeros(draws, np.int64)
    if not len(track.times_s) or not len(track.marks_s):
        return matches
    step = max(AT_ONCE // len(track.times_s), 1)
    for row in range(0, draws, step):
        place_s = placed(circle, rng, min(step, draws - row))
        times_s = circle.to_session(place_s)
        around_s = circle.around(place_s, track.lasts_s)
        matches[row : row + step] = count(times_s, track.lasts_s, track.marks_s, around_s)
    return matches
