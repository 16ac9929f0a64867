"""A person's neutral level: a quantile of the signal over a window, in true time."""

from __future__ import annotations

import numpy as np

from ferbench.timespans import TOLERANCE_S
from ferbench.types import F64, I64


def quantile_over(
    value: F64, edges_s: F64, *, share: float, behind_s: float, ahead_s: float
) -> F64:
    """The quantile around each frame.

    The smallest value with at least ``share`` of the window's time at or below it.

    Frame j counts, with the time that it is on screen, where its centre is at most ``behind_s``
    before and at most ``ahead_s`` after the centre of frame i (allowing 1e-9 s, so that centres
    that are equal on paper count alike). Frames without a value count nothing; a frame whose window
    has no value gets none. Times are rounded to nanoseconds.

    All frames at once, by a wavelet matrix over the ranks of values (Claude, Navarro & Ordóñez
    2015, "The wavelet matrix"), with sums of time where that one has numbers of elements: log2(T)
    passes over T frames.

    Args:
        value: f64 (T,), NaN = undefined.
        edges_s: f64 (T+1,), strictly rising.
        share: 0 to 1; 0.5 = the median.
        behind_s: 0 or more, also infinite.
        ahead_s: likewise.

    Returns:
        f64 (T,).
    """
    defined = ~np.isnan(value)
    result = np.full(len(value), np.nan)
    levels, rank = np.unique(value[defined], return_inverse=True)
    if not len(levels):
        return result
    centre_s = (edges_s[:-1] + edges_s[1:]) / 2
    inside_s = centre_s[defined]
    first = np.searchsorted(inside_s, centre_s - behind_s - TOLERANCE_S, side="left")
    stop = np.searchsorted(inside_s, centre_s + ahead_s + TOLERANCE_S, side="right")
    lasts_ns = np.round(np.diff(edges_s)[defined] * 1e9).astype(np.int64)
    with_values = np.flatnonzero(first < stop)
    quantile_rank = _rank_at(
        rank.astype(np.int64),
        lasts_ns,
        first[with_values],
        stop[with_values],
        share=share,
        num_ranks=len(levels),
    )
    result[with_values] = levels[quantile_rank]
    return result


def _rank_at(rank: I64, weight: I64, first: I64, stop: I64, *, share: float, num_ranks: int) -> I64:
    """A weighted quantile of ranks, per query.

    The smallest rank with at least ``share`` of the weight of elements [first, stop) at or below
    it. Each pass settles one bit of the answers, the highest first: elements whose rank has this
    bit move behind the others, and each query goes on among those that its answer is among.
    """
    total = np.concatenate(([0], np.cumsum(weight)))
    least = np.maximum(np.ceil((total[stop] - total[first]) * share - 0.5), 1).astype(np.int64)
    answer = np.zeros(len(first), np.int64)
    for bit in range(max(num_ranks - 1, 1).bit_length() - 1, -1, -1):
        high = (rank >> bit) & 1 == 1
        num_low = np.concatenate(([0], np.cumsum(~high)))
        low_weight = np.concatenate(([0], np.cumsum(np.where(high, 0, weight))))
        below = low_weight[stop] - low_weight[first]
        goes_up = least > below
        answer += goes_up.astype(np.int64) << bit
        least -= np.where(goes_up, below, 0)
        first = np.where(goes_up, num_low[-1] + first - num_low[first], num_low[first])
        stop = np.where(goes_up, num_low[-1] + stop - num_low[stop], num_low[stop])
        order = np.argsort(high, kind="stable")
        rank, weight = rank[order], weight[order]
    return answer
