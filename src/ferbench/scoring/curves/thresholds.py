"""Thresholds on a curve: the best one, those chosen on other people, bands of confidence, and the
chance level.

The best F1 over all thresholds is chosen on the very data that it is computed on, and therefore
optimistic. The nested one is not: the threshold of each participant is the best one of the others
(leave-one-participant-out).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.counts import joined
from ferbench.scoring.curves.threshold_curve import Curve, average_precision, counted
from ferbench.scoring.metrics import Tally, precision, recall
from ferbench.scoring.scored_session import ScoredSession, Stamp
from ferbench.scoring.uncertainty.intervals import Statistic
from ferbench.types import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Best:
    """The threshold with the largest F1 of everybody together, of equal ones the highest.

    Optimistic.

    Attributes:
        level: the threshold; inf = no threshold finds anything; NaN = there are no annotations.
        tally: counts there, entries (); NaN without annotations.
    """

    level: float
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nested:
    """Each participant scored at the threshold that is best for the others.

    Attributes:
        participants: P names.
        level: f64 (P,), the thresholds; inf = no threshold finds anything.
        tally: counts of each participant at its threshold, entries (P,).
        left_out: participants without a threshold, because the others have no annotations.
    """

    participants: tuple[str, ...]
    level: F64
    tally: Tally
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Band:
    """Pointwise interval of confidence along a curve; percentile bootstrap over participants.

    Attributes:
        x: f64 (G,), thresholds or recalls.
        low: f64 (G,), NaN where no draw has a value.
        high: f64 (G,).
        undefined: f64 (G,), share of the draws without a value; they are left out.
    """

    x: F64
    low: F64
    high: F64
    undefined: F64


def best(curve: Curve) -> Best:
    """Choose the threshold on everybody, and score everybody at it."""
    if not curve.num_ref.sum():
        nothing = np.array(math.nan)
        return Best(
            level=math.nan, tally=Tally(tp=nothing, fp=nothing, fn=nothing, observed_s=nothing)
        )
    pooled = curve.pooled()
    level = _best_level(curve, pooled.tp, pooled.tp + pooled.fp, int(curve.num_ref.sum()))
    own = curve.at_levels(np.array([level]))
    everybody = own.weighted(np.ones(len(curve.participants)))
    return Best(
        level=level,
        tally=Tally(
            tp=everybody.tp[0],
            fp=everybody.fp[0],
            fn=everybody.fn[0],
            observed_s=everybody.observed_s[0],
        ),
    )


def nested(curve: Curve) -> Nested:
    """Choose each participant's threshold on the others; of equally good ones the highest.

    Thresholds at which nothing changes for the others are as good for them as the next higher one
    at which something does; that one is taken.
    """
    pooled, num_ref = curve.pooled(), int(curve.num_ref.sum())
    tp, num_events = pooled.tp.astype(np.int64), (pooled.tp + pooled.fp).astype(np.int64)
    chosen: dict[int, float] = {}
    for p in range(len(curve.participants)):
        others_ref = num_ref - int(curve.num_ref[p])
        if others_ref:
            own_tp, own_events = curve.own(p)
            chosen[p] = _best_level(curve, tp - own_tp, num_events - own_events, others_ref)
    people, level = np.array(list(chosen), np.int64), np.array(list(chosen.values()), np.float64)
    at = curve.at_levels(level)
    cells = (people, np.arange(len(people)))
    return Nested(
        participants=tuple(curve.participants[p] for p in chosen),
        level=level,
        tally=Tally(
            tp=at.tp[cells], fp=at.fp[cells], fn=at.fn[cells], observed_s=at.observed_s[cells]
        ),
        left_out=tuple(name for p, name in enumerate(curve.participants) if p not in chosen),
    )


def _best_level(curve: Curve, tp: F64 | I64, num_events: F64 | I64, num_ref: int) -> float:
    """The highest level with the largest F1; inf on an empty curve. ``num_ref`` is above 0."""
    return (
        float(curve.level[np.argmax(2 * tp / (num_events + num_ref))])
        if len(curve.level)
        else math.inf
    )


def display_levels(curve: Curve, points: int = 200) -> F64:
    """Thresholds to draw a curve at, f64 (at most ``points``,), falling.

    Spread evenly over the steps of recall.

    All levels at which more annotations are found than at any higher one, or every n-th of them;
    with the first and the last level of the curve.
    """
    if points < 2:
        raise ConfigError(f"points: expected at least 2, got {points}")
    if not len(curve.level):
        return np.empty(0)
    more = np.flatnonzero(np.diff(np.maximum.accumulate(curve.pooled().tp), prepend=0) > 0)
    every = np.unique(np.concatenate([[0], more, [len(curve.level) - 1]]))
    some = np.unique(
        np.linspace(0, len(every) - 1, min(points, len(every))).round().astype(np.int64)
    )
    shown: F64 = curve.level[every[some]]
    return shown


def average_precision_of(curve: Curve, levels: F64) -> Statistic:
    """Average precision at some thresholds as a function of the participants taken (see
    ``intervals.bootstrap``).

    On ``display_levels`` it is close to that of the whole curve, and equal where these hold every
    step of recall.
    """
    own = curve.at_levels(levels)
    return lambda weights: average_precision(own.weighted(weights))


def precision_band(
    curve: Curve, weights: F64, *, levels: F64, recalls: F64, confidence: float = 0.95
) -> Band:
    """Band of precision over recall.

    In each draw, precision at the highest threshold that reaches a recall.

    Args:
        curve: of P participants.
        weights: see ``intervals.resampled``, f64 (draws, P).
        levels: thresholds to evaluate draws at, f64 (G,), falling.
        recalls: f64 (R,).
        confidence: of the interval, in (0, 1).
    """
    draws = curve.at_levels(levels).weighted(weights)
    reached = np.maximum.accumulate(np.nan_to_num(recall(draws)), axis=1)
    value = precision(draws)
    rows = np.arange(len(weights))
    replicates = np.full((len(weights), len(recalls)), np.nan)
    for k, wanted in enumerate(recalls if len(levels) else []):
        enough = reached >= wanted - 1e-12
        replicates[:, k] = np.where(enough[:, -1], value[rows, enough.argmax(axis=1)], np.nan)
    return _band(recalls, replicates, confidence)


def _band(x: F64, replicates: F64, confidence: float) -> Band:
    if not 0 < confidence < 1:
        raise ConfigError(f"confidence: expected a number between 0 and 1, got {confidence!r}")
    undefined = np.isnan(replicates)
    ends = np.full((2, len(x)), np.nan)
    some = ~undefined.all(axis=0)
    ends[:, some] = np.nanquantile(
        replicates[:, some], ((1 - confidence) / 2, (1 + confidence) / 2), axis=0
    )
    return Band(x=x, low=ends[0], high=ends[1], undefined=undefined.mean(axis=0))


def at_random(
    evidence: Sequence[ScoredSession], levels: F64, *, pre_s: float, post_s: float, stamp: Stamp
) -> Tally:
    """Expected counts of as many events per session and threshold at random times.

    The chance line of a curve.

    An annotation is found by one of n random events with probability 1 - (1 - w/T)**n, w = its
    window's observed seconds, T = the session's; but no more are found than events are expected in
    any window. Exact for windows apart; where windows overlap a little too high, so a detector is
    not flattered.

    Args:
        evidence: sessions with their profiles.
        levels: thresholds, f64 (G,).
        pre_s: window before an annotation's onset.
        post_s: window after it.
        stamp: an event's time.

    Returns:
        Entries (G,), over all sessions; NaN where a session's observed time is not known.
    """
    tp, num_events = np.zeros(len(levels)), np.zeros(len(levels))
    for session in evidence:
        profile = counted(session, stamp)
        events = sum(
            sign * (len(column) - np.searchsorted(np.sort(column), levels, side="left"))
            for sign, column in ((1, profile.upto), (-1, profile.below))
        )
        total_s = session.observed_s if session.observed else math.nan
        windows = [(a.onset_s - pre_s, a.onset_s + post_s) for a in session.annotations]
        share = np.array([_shared_s([window], session) for window in windows], np.float64) / total_s
        found = (1 - (1 - share) ** np.asarray(events)[:, None]).sum(axis=1)
        tp += np.minimum(found, np.asarray(events) * (_shared_s(windows, session) / total_s))
        num_events += events
    num_ref = sum(len(session.annotations) for session in evidence)
    observed_s = np.full(len(levels), sum(session.observed_s for session in evidence))
    return Tally(tp=tp, fp=num_events - tp, fn=num_ref - tp, observed_s=observed_s)


def _shared_s(windows: Sequence[tuple[float, float]], session: ScoredSession) -> float:
    """Observed seconds in any of the windows."""
    return sum(
        max(0.0, min(stop_s, to_s) - max(start_s, from_s))
        for start_s, stop_s in joined(windows)
        for from_s, to_s in session.observed
    )
