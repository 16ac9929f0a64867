"""From presentation timestamps, as a container gives them, to strictly rising frame edges."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np

from ferbench.types import F64, I64


def trusted(pts: Sequence[int | None]) -> I64:
    """Positions of the timestamps to keep.

    The longest strictly rising subsequence of the known ones.

    So one stray timestamp costs one repair, wherever it lies. Where several could be kept, the
    earlier ones are.

    >>> trusted([0, 1, 9, 2, None, 3, 3, 4]).tolist()
    [0, 1, 3, 5, 7]
    """
    known = [(frame, value) for frame, value in enumerate(pts) if value is not None]
    if not known:
        return np.empty(0, dtype=np.int64)
    table = np.array(known, dtype=np.int64)
    frames, ticks = table[:, 0], table[:, 1]
    if bool(np.all(np.diff(ticks) > 0)):
        return frames
    return frames[_longest_rising(ticks.tolist())]


def _longest_rising(ticks: Sequence[int]) -> list[int]:
    """Positions of the longest strictly rising subsequence of some values."""
    before = _rising_runs(ticks)
    after = _rising_runs([-tick for tick in reversed(ticks)])[::-1]
    longest = max(before)
    kept: list[int] = []
    last_tick = -math.inf
    # Of the values that lie on a longest run, take the first that goes on.
    for position, tick in enumerate(ticks):
        on_longest = before[position] + after[position] - 1 == longest
        is_next = before[position] == len(kept) + 1
        if on_longest and is_next and tick > last_tick:
            kept.append(position)
            last_tick = tick
    return kept


def _rising_runs(values: Sequence[int]) -> list[int]:
    """Length of the longest strictly rising subsequence that ends at each value."""
    ends: list[int] = []  # ends[n]: smallest last value of such a subsequence of n + 1 values
    lengths = []
    for value in values:
        n = bisect_left(ends, value)
        ends[n : n + 1] = [value]
        lengths.append(n + 1)
    return lengths


def frame_edges(
    pts: Sequence[int | None], *, last_duration: int, usual_step: float
) -> tuple[F64, int]:
    """Edges of T frames in ticks of the time base, on the timestamps' clock.

    A missing, repeated or backward timestamp is put on the line between its trusted neighbours;
    before the first and after the last trusted one, frames follow at the average step.

    Args:
        pts: T timestamps in decoding order, at least one frame.
        last_duration: ticks that the last frame lasts; 0 = unknown, the average step is used.
        usual_step: ticks per frame (> 0) where fewer than two timestamps can be trusted.

    Returns:
        f64 (T+1,) strictly rising (from 0 where no timestamp is known); and how many timestamps
        were repaired.

    >>> edges, repaired = frame_edges([10, None, 30], last_duration=0, usual_step=1.0)
    >>> edges.tolist(), repaired
    ([10.0, 20.0, 30.0, 40.0], 1)
    """
    count = len(pts)
    known = trusted(pts)
    ticks = np.array([pts[frame] for frame in known.tolist()], dtype=np.float64)
    step = float(usual_step)
    if len(known) > 1:
        step = float((ticks[-1] - ticks[0]) / (known[-1] - known[0]))
    starts = _starts(count, known, ticks, step)
    last_step = step
    if last_duration > 0 and count - 1 in known:
        last_step = last_duration
    edges = np.append(starts, starts[-1] + last_step)
    return edges, count - len(known)


def _starts(count: int, known: I64, ticks: F64, step: float) -> F64:
    """Where each of ``count`` frames begins, ticks: between and around the known ones."""
    frames = np.arange(count, dtype=np.float64)
    if len(known) == 0:
        return frames * step
    starts: F64 = np.interp(frames, known, ticks)
    head, tail = int(known[0]), int(known[-1])
    starts[:head] = ticks[0] - (head - frames[:head]) * step
    starts[tail + 1 :] = ticks[-1] + (frames[tail + 1 :] - tail) * step
    return starts
