"""Counts of one session, and the time they rest on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.types import F64, Counts

Stretches = Sequence[tuple[float, float]]


def counts_of(
    num_matches: int, num_events: int, num_ref: int, *, observed_s: float, valid_s: float
) -> Counts:
    """Counts from the sizes of a one-to-one matching.

    >>> counts_of(2, 3, 4, observed_s=60.0, valid_s=50.0).fn
    2
    """
    return Counts(
        tp=num_matches,
        fp=num_events - num_matches,
        fn=num_ref - num_matches,
        n_ref=num_ref,
        observed_s=observed_s,
        valid_s=valid_s,
    )


def joined(stretches: Stretches) -> list[tuple[float, float]]:
    """The same time as stretches in order that do not touch; empty ones are dropped.

    >>> joined([(5, 6), (0, 2), (1, 3)])
    [(0, 3), (5, 6)]
    """
    result: list[tuple[float, float]] = []
    for start_s, stop_s in sorted(stretches):
        if stop_s <= start_s:
            continue
        if result and start_s <= result[-1][1]:
            result[-1] = (result[-1][0], max(stop_s, result[-1][1]))
        else:
            result.append((start_s, stop_s))
    return result


def seconds_of(
    edges_s: F64, defined: NDArray[np.bool_], *, observed: Stretches | None = None
) -> tuple[float, float]:
    """How long a video was observed, and how long of that its signal had a value.

    Args:
        edges_s: f64 (T+1,), edges of the frames in seconds of the session.
        defined: bool (T,), frames with a value.
        observed: observed stretches [from_s, to_s) in seconds of the session, may overlap; None =
            the whole video.

    Returns:
        (observed seconds inside the video, of these seconds with a value).
    """
    stretches = [(float(edges_s[0]), float(edges_s[-1]))] if observed is None else joined(observed)
    total_s = valid_s = 0.0
    for from_s, to_s in stretches:
        lasts_s = np.diff(np.clip(edges_s, from_s, to_s))
        total_s += float(lasts_s.sum())
        valid_s += float(lasts_s[defined].sum())
    return total_s, valid_s
