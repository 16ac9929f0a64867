"""Null detectors that move a session's events within its own observed time.

``shifted``: all together around a circle by a random amount, which keeps their number, spacing and
clumping, and breaks only their place (circular-shift surrogates; Schreiber & Schmitz 2000,
"Surrogate time series", review). It presumes that events and annotations are as likely early as
late in a session.

``jittered``: each anew within a short stretch of time around it, which keeps how many there are in
each stretch, so slow changes of their rate, and breaks their place within it (interval jitter of
spike trains; Amarasingham et al. 2012, "Conditional modeling and the jitter method of spike
resampling"). It presumes that within such a stretch any place is as likely as any other.

``random``: as many, anywhere in the observed time.

An event whose extent reaches beyond the circle's seam may match at either end; annotations whose
window reaches beyond the observed time stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.matching.many_draws import AT_ONCE, Counted, Counting
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.chance import Null, Track
from ferbench.scoring.uncertainty.circle import Circle
from ferbench.types import F64

SHORTEST: Final = 30
"""A session has a least shift from so many of them on. The least shift keeps an event from any
surrogate of its own match, so a lone hit has the smallest p; a random event makes one with a
probability of window / session.
"""


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
    circles = [Circle(track) for track in tracks]
    shortest_s = SHORTEST * least_s

    def placed(circle: Circle, rng: np.random.Generator, rows: int) -> F64:
        low_s = least_s if circle.length_s >= shortest_s else 0.0
        shift_s = rng.uniform(low_s, circle.length_s - low_s, (rows, 1))
        return np.asarray((circle.place_s + shift_s) % circle.length_s, np.float64)

    is_short = [circle.has_events and 0 < circle.length_s < shortest_s for circle in circles]
    null = _null(tracks, circles, placed, count, draws=draws, seed=seed)
    return replace(null, num_short=sum(is_short))


def jittered(
    tracks: Sequence[Track], *, count: Counting, half_width_s: float, draws: int, seed: int
) -> Null:
    """What events score that are drawn anew within short stretches of the observed time.

    The observed time of a session is cut into equal stretches of about twice ``half_width_s``; each
    event gets a place in its own, uniform and independent of the others. Where events and
    annotations are independent given the number of events in each stretch, and any place within one
    is as likely, p is exact.

    Args:
        tracks: the sessions.
        count: how events are matched.
        half_width_s: half the length of a stretch; more than the matching window, or events would
            keep their matches.
        draws: how many surrogates, 1 or more.
        seed: of the random numbers.

    Raises:
        ConfigError: fewer than one draw.
    """

    def placed(circle: Circle, rng: np.random.Generator, rows: int) -> F64:
        num_cells = max(round(circle.length_s / (2 * half_width_s)), 1)
        width_s = circle.length_s / num_cells
        cell = np.minimum(circle.place_s // width_s, num_cells - 1)
        return np.asarray(cell * width_s + rng.uniform(0, width_s, (rows, len(cell))), np.float64)

    circles = [Circle(track) for track in tracks]
    return _null(tracks, circles, placed, count, draws=draws, seed=seed)


def random(tracks: Sequence[Track], *, count: Counting, draws: int, seed: int) -> Null:
    """What as many events per session score, each uniform over the observed time.

    Arguments as ``shifted``.
    """

    def placed(circle: Circle, rng: np.random.Generator, rows: int) -> F64:
        return rng.uniform(0, circle.length_s, (rows, len(circle.place_s)))

    circles = [Circle(track) for track in tracks]
    return _null(tracks, circles, placed, count, draws=draws, seed=seed)


_Placing = Callable[[Circle, np.random.Generator, int], F64]
"""Places of a session's events on its circle f64 (rows, N), from random numbers."""


def _null(
    tracks: Sequence[Track],
    circles: Sequence[Circle],
    placed: _Placing,
    count: Counting,
    *,
    draws: int,
    seed: int,
) -> Null:
    """What events score that ``placed`` puts somewhere; ``num_short`` is left at 0."""
    if draws < 1:
        raise ConfigError(key="draws", expected="at least 1", got=draws)
    # Random numbers of its own for each session: events elsewhere change none of them.
    rngs = np.random.default_rng(seed).spawn(len(tracks))
    num_unplaced = sum(circle.has_events and circle.length_s == 0 for circle in circles)
    if num_unplaced:
        unknown = np.full(draws, np.nan)
        nothing = Tally(tp=unknown, fp=unknown, fn=unknown, observed_s=unknown)
        return Null(tally=nothing, num_unplaced=num_unplaced)
    columns = np.zeros((3, len(tracks), draws))
    for row, (track, circle, rng) in enumerate(zip(tracks, circles, rngs, strict=True)):
        found = _counted(track, circle, placed, count, draws=draws, rng=rng)
        false = len(track.times_s) - found.matches - found.ignored
        columns[:, row] = found.matches, false, len(track.marks_s) - found.matches
    tp, fp, fn = columns
    lasts_s = np.array([circle.length_s for circle in circles], np.float64)
    by_session = Tally(tp=tp, fp=fp, fn=fn, observed_s=np.broadcast_to(lasts_s[:, None], tp.shape))
    tally = Tally(
        tp=tp.sum(axis=0),
        fp=fp.sum(axis=0),
        fn=fn.sum(axis=0),
        observed_s=np.full(draws, sum(circle.length_s for circle in circles)),
    )
    return Null(tally=tally, by_session=by_session)


def _counted(
    track: Track,
    circle: Circle,
    placed: _Placing,
    count: Counting,
    *,
    draws: int,
    rng: np.random.Generator,
) -> Counted:
    """What became of the events of one session in each draw."""
    found = Counted(*np.zeros((2, draws), np.int64))
    if not len(track.times_s) or not len(track.marks_s):
        return found
    step = max(AT_ONCE // len(track.times_s), 1)
    for row in range(0, draws, step):
        place_s = placed(circle, rng, min(step, draws - row))
        times_s = circle.to_session(place_s)
        around_s = circle.around(place_s, track.lasts_s)
        rows = slice(row, row + step)
        some = count(times_s, track.lasts_s, track.marks_s, around_s)
        found.matches[rows], found.ignored[rows] = some
    return found
