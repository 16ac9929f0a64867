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
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import ConfigError, DataError
from ferbench.scoring.counts import Stretches, joined
from ferbench.scoring.matching.many_draws import CountMatches
from ferbench.scoring.metrics import Tally
from ferbench.types import F64

_EQUAL: Final = 1e-12  # scores that differ by less are ties
_AT_ONCE: Final = 4_000_000  # events that are looked at together

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
        if (
            self.times_s.ndim != 1
            or self.lasts_s.shape != self.times_s.shape
            or self.marks_s.shape[1:] != (2,)
        ):
            raise DataError(
                f"Track: expected times (N,), durations (N,) and annotations (M, 2), got {self.times_s.shape}, "
                f"{self.lasts_s.shape} and {self.marks_s.shape}"
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
    if not draws or math.isnan(value) or bool(np.isnan(null).any()):
        return Chance(
            value=value, mean=math.nan, p=math.nan, z=math.nan, times=math.nan, draws=draws
        )
    mean, spread = float(null.mean()), float(null.std(ddof=1)) if draws > 1 else 0.0
    return Chance(
        value=value,
        mean=mean,
        p=(1 + int((null >= value - _EQUAL).sum())) / (1 + draws),
        z=(value - mean) / spread if spread > _EQUAL else math.nan,
        times=value / mean if mean > 0 else math.nan,
        draws=draws,
    )


def randomised_p(value: float, null: F64, rng: np.random.Generator) -> float:
    """P value with ties broken at random.

    Uniform on (0, 1) for a null detector, where ``Chance.p`` is too large.

    (number of larger draws + u (1 + number of equal ones)) / (1 + draws), u uniform on [0, 1): for
    checks of the test itself, not for reports, because it differs from draw to draw.
    """
    if not len(null) or math.isnan(value) or bool(np.isnan(null).any()):
        return math.nan
    larger, equal = int((null > value + _EQUAL).sum()), int((np.abs(null - value) <= _EQUAL).sum())
    return (larger + float(rng.random()) * (1 + equal)) / (1 + len(null))


def shifted(
    tracks: Sequence[Track], *, count: CountMatches, least_s: float, draws: int, seed: int
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

    def placed(circle: _Circle, rng: np.random.Generator, rows: int) -> F64:
        low = least_s if circle.length_s >= SHORTEST * least_s else 0.0
        shift_s = rng.uniform(low, circle.length_s - low, (rows, 1))
        return np.asarray((circle.place_s + shift_s) % circle.length_s, np.float64)

    short = sum(len(c.place_s) > 0 and 0 < c.length_s < SHORTEST * least_s for c in circles)
    return _null(tracks, circles, placed, count, draws=draws, seed=seed, short=short)


def random(tracks: Sequence[Track], *, count: CountMatches, draws: int, seed: int) -> Null:
    """What as many events per session score, each uniform over the observed time (arguments as
    ``shifted``).
    """

    def placed(circle: _Circle, rng: np.random.Generator, rows: int) -> F64:
        return rng.uniform(0, circle.length_s, (rows, len(circle.place_s)))

    return _null(
        tracks, [_Circle(track) for track in tracks], placed, count, draws=draws, seed=seed, short=0
    )


class _Circle:
    """A session's observed time, put together to one stretch that closes to a circle."""

    def __init__(self, track: Track) -> None:
        stretches = np.array(joined(track.observed), np.float64).reshape(-1, 2)
        self.start_s = stretches[:, 0]
        self.before_s = np.concatenate(([0.0], np.cumsum(stretches[:, 1] - stretches[:, 0])))
        self.length_s = float(self.before_s[-1])
        self.place_s = np.zeros(len(track.times_s))
        if len(stretches):
            # A trigger at the very end of a stretch belongs to that stretch, not to the next one.
            index = (np.searchsorted(self.start_s, track.times_s, side="right") - 1).clip(0)
            inside_s = (track.times_s - self.start_s[index]).clip(0, np.diff(self.before_s)[index])
            self.place_s = self.before_s[index] + inside_s

    def to_session(self, place_s: F64) -> F64:
        """Times in the session of places on the circle, in [0, length_s)."""
        index = (np.searchsorted(self.before_s, place_s, side="right") - 1).clip(
            0, len(self.start_s) - 1
        )
        return np.asarray(self.start_s[index] + (place_s - self.before_s[index]), np.float64)

    def around(self, place_s: F64, lasts_s: F64) -> F64:
        """Times in the session of what comes in at its start because it reaches beyond the seam.

        NaN elsewhere.
        """
        again_s = self.start_s[0] + place_s - self.length_s
        return np.where(place_s + lasts_s > self.length_s, again_s, np.nan)


def _null(
    tracks: Sequence[Track],
    circles: Sequence[_Circle],
    placed: Callable[[_Circle, np.random.Generator, int], F64],
    count: CountMatches,
    *,
    draws: int,
    seed: int,
    short: int,
) -> Null:
    if draws < 1:
        raise ConfigError(f"chance: expected at least 1 draw, got {draws}")
    rng = np.random.default_rng(seed)
    tp = np.zeros(draws)
    unplaced = sum(len(c.place_s) > 0 and c.length_s == 0 for c in circles)
    if unplaced:
        tp[:] = np.nan
    else:
        for track, circle in zip(tracks, circles, strict=True):
            if not len(track.times_s) or not len(track.marks_s):
                continue
            step = max(_AT_ONCE // len(track.times_s), 1)
            for row in range(0, draws, step):
                place_s = placed(circle, rng, min(step, draws - row))
                around_s = circle.around(place_s, track.lasts_s)
                tp[row : row + step] += count(
                    circle.to_session(place_s), track.lasts_s, track.marks_s, around_s
                )
    num_events, num_ref = sum(len(t.times_s) for t in tracks), sum(len(t.marks_s) for t in tracks)
    observed_s = math.nan if unplaced else sum(c.length_s for c in circles)
    tally = Tally(tp=tp, fp=num_events - tp, fn=num_ref - tp, observed_s=np.full(draws, observed_s))
    return Null(tally=tally, num_short=short, num_unplaced=unplaced)
