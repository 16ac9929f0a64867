"""From presentation timestamps, as a container gives them, to strictly rising frame edges."""

from __future__ import annotations

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
    known = [i for i, value in enumerate(pts) if value is not None]
    ticks = np.array([pts[i] for i in known], dtype=np.int64)
    if bool(np.all(np.diff(ticks) > 0)):
        return np.array(known, dtype=np.int64)
    before = _rising_runs(ticks.tolist())
    after = _rising_runs((-ticks[::-1]).tolist())[::-1]
    longest = max(before, default=0)
    kept: list[int] = []
    for here in range(
        len(known)
    ):  # of the values that lie on a longest run, take the first that goes on
        on_longest = before[here] + after[here] - 1 == longest
        if (
            on_longest
            and before[here] == len(kept) + 1
            and (not kept or ticks[here] > ticks[kept[-1]])
        ):
            kept.append(here)
    return np.array([known[here] for here in kept], dtype=np.int64)


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
    """Edges of T frames in ticks of the time base, from the first frame's start.

    A missing, repeated or backward timestamp is put on the line between its trusted neighbours;
    before the first and after the last trusted one, frames follow at the average step.

    Args:
        pts: T timestamps in decoding order, at least one frame.
        last_duration: ticks that the last frame lasts; 0 = unknown, the average step is used.
        usual_step: ticks per frame (> 0) where fewer than two timestamps can be trusted.

    Returns:
        f64 (T+1,) strictly rising, starting at 0; and how many timestamps were repaired.

    >>> edges, repaired = frame_edges([10, None, 30], last_duration=0, usual_step=1.0)
    >>> edges.tolist(), repaired
    ([0.0, 10.0, 20.0, 30.0], 1)
    """
    count = len(pts)
    at = trusted(pts)
    ticks = np.array([pts[i] for i in at.tolist()], dtype=np.float64)
    step = float((ticks[-1] - ticks[0]) / (at[-1] - at[0])) if len(at) > 1 else float(usual_step)
    edges = np.empty(count + 1, dtype=np.float64)
    if len(at) == 0:
        edges[:count] = np.arange(count) * step
    else:
        frames = np.arange(count)
        edges[:count] = np.interp(frames, at, ticks)
        head, tail = int(at[0]), int(at[-1])
        edges[:head] = ticks[0] - (head - frames[:head]) * step
        edges[tail + 1 : count] = ticks[-1] + (frames[tail + 1 :] - tail) * step
    ends_known = len(at) > 0 and int(at[-1]) == count - 1 and last_duration > 0
    edges[count] = edges[count - 1] + (last_duration if ends_known else step)
    return edges - edges[0], count - len(at)
