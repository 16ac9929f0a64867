"""Time as stretches: joining, cutting and intersecting them, and measuring time in them.

A stretch is half-open, [from_s, to_s), in seconds of the session. ``Stretches`` are pairs in any
order; they may overlap, and an end may be infinite. Spans are the same time as f64 (N, 2), in order
and apart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import ConfigError

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

Stretches = Sequence[tuple[float, float]]

TOLERANCE: Final = 1e-9
"""Numbers that differ by less are equal: their doubles missed each other by rounding errors."""

TOLERANCE_S: Final = TOLERANCE
"""The same for times, in seconds."""

LATE_PICTURE_S: Final = 0.1
"""A picture may begin so long after its file and still count as beginning with it.

In many files the sound begins a few milliseconds earlier.
"""


def union(stretches: Stretches) -> list[tuple[float, float]]:
    """The same time as stretches in order that do not touch; empty ones are dropped.

    >>> union([(5, 6), (0, 2), (1, 3)])
    [(0, 3), (5, 6)]
    """
    result: list[tuple[float, float]] = []
    for from_s, to_s in sorted(stretches):
        if to_s <= from_s:
            continue
        if result and from_s <= result[-1][1]:
            last_from_s, last_to_s = result[-1]
            result[-1] = (last_from_s, max(to_s, last_to_s))
        else:
            result.append((from_s, to_s))
    return result


def checked(stretches: Stretches, *, key: str) -> tuple[tuple[float, float], ...]:
    """Stretches that are numbers, begin before they end, and do not overlap; in order.

    Raises:
        ConfigError: they are not; names the key.

    >>> checked([(5, 6), (0, 2)], key="observed")
    ((0.0, 2.0), (5.0, 6.0))
    """
    expected = "pairs of seconds such as ((0, 60), (90, 120)), in which nothing overlaps"
    try:
        result = sorted((float(from_s), float(to_s)) for from_s, to_s in stretches)
    except (TypeError, ValueError) as error:
        raise ConfigError(key=key, expected=expected, got=stretches) from error
    limits = [limit for stretch in result for limit in stretch]
    if not result or not all(map(math.isfinite, limits)) or limits != sorted(limits):
        raise ConfigError(key=key, expected=expected, got=stretches)
    if any(from_s == to_s for from_s, to_s in result):
        raise ConfigError(key=key, expected=expected, got=stretches)
    return tuple(result)


def pieces(stretches: Stretches, within: Stretches) -> list[tuple[float, float]]:
    """What of each stretch lies in each of some others; in the order given, nothing is joined.

    >>> pieces([(7, 9), (0, 5)], [(1, 3), (4, 8)])
    [(7, 8), (1, 3), (4, 5)]
    """
    result = []
    for from_s, to_s in stretches:
        for start_s, stop_s in within:
            begin_s = max(from_s, start_s)
            end_s = min(to_s, stop_s)
            if begin_s < end_s:
                result.append((begin_s, end_s))
    return result


def clipped(stretches: Stretches, from_s: float, to_s: float) -> list[tuple[float, float]]:
    """What of each stretch lies in one other, in the order given.

    >>> clipped([(0, 5), (7, 9), (20, 21)], 4, 8)
    [(4, 5), (7, 8)]
    """
    return pieces(stretches, [(from_s, to_s)])


def intersection(one: Stretches, other: Stretches) -> tuple[tuple[float, float], ...]:
    """Time that lies in stretches of both, in order; stretches that touch are one.

    >>> intersection([(0, 5), (7, 9)], [(1, 8)])
    ((1, 5), (7, 8))
    """
    return tuple(pieces(union(one), union(other)))


def complement(stretches: Stretches) -> list[tuple[float, float]]:
    """All time outside of the stretches, in order.

    >>> complement([(0, 5), (7, 9)])
    [(-inf, 0), (5, 7), (9, inf)]
    """
    apart = union(stretches)
    starts_s = [-math.inf, *(to_s for _, to_s in apart)]
    stops_s = [*(from_s for from_s, _ in apart), math.inf]
    gaps = zip(starts_s, stops_s, strict=True)
    return [(start_s, stop_s) for start_s, stop_s in gaps if start_s < stop_s]


def closed(stretches: Stretches, duration_s: float) -> tuple[tuple[float, float], ...]:
    """Stretches of a session with a known end each, in the order given.

    They begin at 0 or later and last ``duration_s`` together at most. One without an end has what
    the others leave of that.

    >>> closed([(-1, 2), (5, math.inf)], 10.0)
    ((0.0, 2.0), (5, 13.0))
    """
    begun = [(max(from_s, 0.0), to_s) for from_s, to_s in stretches if to_s > 0]
    known_s = sum(to_s - from_s for from_s, to_s in begun if math.isfinite(to_s))
    left_s = duration_s
    result = []
    for from_s, to_s in begun:
        wanted_s = to_s - from_s if math.isfinite(to_s) else duration_s - known_s
        lasts_s = min(wanted_s, left_s)
        if lasts_s > 0:
            result.append((from_s, from_s + lasts_s))
            left_s -= lasts_s
    return tuple(result)


def total_s(stretches: Stretches) -> float:
    """Sum of their lengths; overlapping ones count twice.

    >>> total_s([(0, 2), (5, 6.5)])
    3.5
    """
    return float(sum(to_s - from_s for from_s, to_s in stretches))


def contains(stretches: Stretches, time_s: float) -> bool:
    """Whether a time lies in a stretch; its end does not.

    >>> [contains([(1, 2)], time_s) for time_s in (0.5, 1, 2)]
    [False, True, False]
    """
    return any(from_s <= time_s < to_s for from_s, to_s in stretches)


def includes(stretches: Stretches, time_s: float) -> bool:
    """Whether a time lies in a stretch or at one of its ends, allowing ``TOLERANCE_S``.

    >>> [includes([(1, 2)], time_s) for time_s in (0.5, 1, 2)]
    [False, True, True]
    """
    return any(from_s - TOLERANCE_S <= time_s <= to_s + TOLERANCE_S for from_s, to_s in stretches)


def included(stretches: Stretches, times_s: F64) -> Flags:
    """``includes`` of many times f64 (N,), bool (N,)."""
    inside = np.zeros(len(times_s), np.bool_)
    for from_s, to_s in stretches:
        inside |= (from_s - TOLERANCE_S <= times_s) & (times_s <= to_s + TOLERANCE_S)
    return inside


def spans_of(stretches: Stretches) -> F64:
    """The same time as spans."""
    return np.array(union(stretches), np.float64).reshape(-1, 2)


def borders_of(spans: Sequence[F64], stretches: Stretches) -> F64:
    """All times at which anything changes, from the first stretch's start to the last one's end.

    Args:
        spans: of several things.
        stretches: the time that is looked at.

    Returns:
        f64 (B,), rising: ends of spans and of stretches.
    """
    ends = np.array(stretches, np.float64).reshape(-1)
    every = np.unique(np.concatenate([ends, *(each.reshape(-1) for each in spans)]))
    begun = every >= ends.min(initial=np.inf)
    not_over = every <= ends.max(initial=-np.inf)
    borders: F64 = every[begun & not_over]
    return borders


def held_between(spans: Sequence[F64], borders_s: F64) -> Flags:
    """Which of N things' spans hold between two borders each.

    Args:
        spans: of the N things.
        borders_s: f64 (B,), rising; see ``borders_of``.

    Returns:
        bool (N, max(B - 1, 0)).
    """
    middle_s = (borders_s[1:] + borders_s[:-1]) / 2
    result = np.zeros((len(spans), len(middle_s)), np.bool_)
    for row, each in zip(result, spans, strict=True):
        if not len(each):
            continue
        index = np.searchsorted(each[:, 0], middle_s, side="right") - 1
        row[:] = (index >= 0) & (middle_s < each[index.clip(0), 1])
    return result


def seconds_before(spans: F64, times_s: F64) -> F64:
    """Seconds of finite spans before each of some times, f64 of the times' shape.

    >>> seconds_before(np.array([[0.0, 2.0], [5.0, 6.0]]), np.array([1.0, 4.0, 9.0]))
    array([1., 2., 3.])
    """
    if not len(spans):
        return np.zeros(times_s.shape)
    passed_s = np.concatenate(([0.0], np.cumsum(np.diff(spans, axis=1))))
    # Each span's start and end, and the seconds that have passed there.
    at_ends_s = np.repeat(passed_s, 2)[1:-1]
    return np.asarray(np.interp(times_s, spans.reshape(-1), at_ends_s), np.float64)


def runs_of(flags: Flags) -> I64:
    """Runs of neighbouring true flags, i64 (N, 2): position of the first, and behind the last.

    >>> runs_of(np.array([True, True, False, True])).tolist()
    [[0, 2], [3, 4]]
    """
    padded = np.concatenate(([False], flags, [False]))
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    return changes.astype(np.int64).reshape(-1, 2)


def observed_and_valid_s(
    edges_s: F64, defined: Flags, *, observed: Stretches | None = None
) -> tuple[float, float]:
    """How long a video was observed, and how long of that its signal had a value.

    Args:
        edges_s: f64 (T+1,), edges of the frames in seconds of the session.
        defined: bool (T,), frames with a value.
        observed: observed stretches; None = the whole video.

    Returns:
        (observed seconds inside the video, of these seconds with a value).
    """
    whole_video = [(float(edges_s[0]), float(edges_s[-1]))]
    stretches = whole_video if observed is None else union(observed)
    observed_s = valid_s = 0.0
    for from_s, to_s in stretches:
        frame_lasts_s = np.diff(np.clip(edges_s, from_s, to_s))
        observed_s += float(frame_lasts_s.sum())
        valid_s += float(frame_lasts_s[defined].sum())
    return observed_s, valid_s


def units_begun(time_s: float, unit_s: float) -> int:
    """Which unit of time a moment lies in, from 0; within ``TOLERANCE`` units of a border the next.

    >>> units_begun(14.9, 5.0), units_begun(3 * 0.1, 0.1)
    (2, 3)
    """
    return math.floor(time_s / unit_s + TOLERANCE)


def units_needed(time_s: float, unit_s: float) -> int:
    """How many units hold so much time; what goes beyond by ``TOLERANCE`` units needs no other.

    >>> units_needed(10.1, 5.0), units_needed(3 * 0.1, 0.1)
    (3, 3)
    """
    return math.ceil(time_s / unit_s - TOLERANCE)
