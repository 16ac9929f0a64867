"""Thresholds on a curve: the best one, those chosen on others, bands of confidence, chance.

The best F1 over all thresholds is chosen on the very data that it is computed on, and therefore
optimistic. The nested one is not: the threshold of each participant is the best one of the others
(leave-one-participant-out).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.curves.threshold_curve import Curve, average_precision, counted
from ferbench.scoring.matching.duplicates import Duplicates
from ferbench.scoring.metrics import precision, recall
from ferbench.scoring.scored_session import ScoredSession, Stamp
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.intervals import Statistic
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.timespans import Stretches, pieces, total_s, union
from ferbench.types import F64, I64

_EQUAL: Final = 1e-12  # recalls that differ by less are equal


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
        undefined = np.array(math.nan)
        no_counts = Tally(tp=undefined, fp=undefined, fn=undefined, observed_s=undefined)
        return Best(level=math.nan, tally=no_counts)
    pooled = curve.pooled()
    level = best_level(curve, pooled.tp, pooled.tp + pooled.fp, int(curve.num_ref.sum()))
    by_participant = curve.at_levels(np.array([level]))
    everybody = by_participant.weighted(np.ones(len(curve.participants)))
    tally = Tally(
        tp=everybody.tp[0],
        fp=everybody.fp[0],
        fn=everybody.fn[0],
        observed_s=everybody.observed_s[0],
    )
    return Best(level=level, tally=tally)


def nested(curve: Curve) -> Nested:
    """Choose each participant's threshold on the others; of equally good ones the highest.

    Thresholds at which nothing changes for the others are as good for them as the next higher one
    at which something does; that one is taken.
    """
    pooled = curve.pooled()
    tp = pooled.tp.astype(np.int64)
    num_events = (pooled.tp + pooled.fp).astype(np.int64)
    num_ref = int(curve.num_ref.sum())
    chosen: dict[int, float] = {}
    left_out = []
    for number, name in enumerate(curve.participants):
        others_ref = num_ref - int(curve.num_ref[number])
        if not others_ref:
            left_out.append(name)
            continue
        own_tp, own_events = curve.of_participant(number)
        chosen[number] = best_level(curve, tp - own_tp, num_events - own_events, others_ref)
    level = np.array(list(chosen.values()), np.float64)
    at = curve.at_levels(level)
    # Of each participant the counts at its own level.
    cells = (np.array(list(chosen), np.int64), np.arange(len(chosen)))
    tally = Tally(
        tp=at.tp[cells],
        fp=at.fp[cells],
        fn=at.fn[cells],
        observed_s=at.observed_s[cells],
    )
    return Nested(
        participants=tuple(curve.participants[number] for number in chosen),
        level=level,
        tally=tally,
        left_out=tuple(left_out),
    )


def best_level(curve: Curve, tp: F64 | I64, num_events: F64 | I64, num_ref: int) -> float:
    """The highest level with the largest F1; inf on an empty curve.

    Args:
        curve: that has the levels.
        tp: matches at each, (L,).
        num_events: events at each, (L,).
        num_ref: annotations, more than 0.
    """
    if not len(curve.level):
        return math.inf
    f1 = 2 * tp / (num_events + num_ref)
    return float(curve.level[np.argmax(f1)])


def display_levels(curve: Curve, points: int = 200) -> F64:
    """Thresholds to draw a curve at, spread evenly over the steps of recall.

    All levels at which more annotations are found than at any higher one, or every n-th of them;
    with the first and the last level of the curve.

    Returns:
        f64 (at most ``points``,), falling.
    """
    if points < 2:
        raise ConfigError(key="points", expected="at least 2", got=points)
    if not len(curve.level):
        return np.empty(0)
    most_found = np.maximum.accumulate(curve.pooled().tp)
    recall_rises = np.flatnonzero(np.diff(most_found, prepend=0) > 0)
    return thinned(curve, recall_rises, points)


def thinned(curve: Curve, positions: I64, points: int) -> F64:
    """Levels of a curve at some positions, or every n-th of them; with its first and last level.

    Returns:
        f64 (at most ``points``,), falling.
    """
    if not len(curve.level):
        return np.empty(0)
    every = np.unique(np.concatenate([[0], positions, [len(curve.level) - 1]]))
    num_shown = min(points, len(every))
    evenly = np.linspace(0, len(every) - 1, num_shown).round().astype(np.int64)
    shown: F64 = curve.level[every[np.unique(evenly)]]
    return shown


def average_precision_of(curve: Curve, levels: F64) -> Statistic:
    """Average precision at some thresholds as a function of the participants taken.

    For ``intervals.bootstrap``. At ``display_levels`` it is close to that of the whole curve, and
    equal where these hold every step of recall.
    """
    by_participant = curve.at_levels(levels)
    return lambda weights: average_precision(by_participant.weighted(weights))


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
    precisions = precision(draws)
    rows = np.arange(len(weights))
    replicates = np.full((len(weights), len(recalls)), np.nan)
    if len(levels):
        for k, asked_recall in enumerate(recalls):
            is_reached = reached >= asked_recall - _EQUAL
            highest = is_reached.argmax(axis=1)
            replicates[:, k] = np.where(is_reached[:, -1], precisions[rows, highest], np.nan)
    return band_of(recalls, replicates, confidence)


def band_of(x: F64, replicates: F64, confidence: float) -> Band:
    """Pointwise interval at each of x f64 (G,), from replicates f64 (draws, G)."""
    if not 0 < confidence < 1:
        raise ConfigError(key="confidence", expected="a number between 0 and 1", got=confidence)
    undefined = np.isnan(replicates)
    has_value = ~undefined.all(axis=0)
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    ends = np.full((2, len(x)), np.nan)
    ends[:, has_value] = np.nanquantile(replicates[:, has_value], tails, axis=0)
    return Band(x=x, low=ends[0], high=ends[1], undefined=undefined.mean(axis=0))


def at_random(
    sessions: Sequence[ScoredSession],
    levels: F64,
    *,
    pre_s: float,
    post_s: float,
    stamp: Stamp,
    duplicates: Duplicates = "false_alarm",
) -> Tally:
    """Expected counts of as many events per session and threshold at random times.

    The chance line of a curve.

    An annotation is found by one of n random events with probability 1 - (1 - w/T)**n, w = its
    window's observed seconds, T = the session's; but no more are found than events are expected in
    any window. Exact for windows apart; where windows overlap a little too high, so a detector is
    not flattered.

    Args:
        sessions: sessions with their profiles.
        levels: thresholds, f64 (G,).
        pre_s: window before an annotation's onset.
        post_s: window after it.
        stamp: an event's time.
        duplicates: ``ignored`` = events in windows are no false alarms.

    Returns:
        Entries (G,), over all sessions; NaN where a session's observed time is not known.
    """
    tp, fp = np.zeros((2, len(levels)))
    for session in sessions:
        num_events = _num_events(counted(session, stamp), levels)
        found, num_in_windows = _at_random_in(session, num_events, pre_s=pre_s, post_s=post_s)
        tp += found
        fp += num_events - (num_in_windows if duplicates == "ignored" else found)
    num_ref = sum(len(session.annotations) for session in sessions)
    observed_s = np.full(len(levels), sum(session.observed_s for session in sessions))
    return Tally(tp=tp, fp=fp, fn=num_ref - tp, observed_s=observed_s)


def _num_events(profile: ThresholdSweep, levels: F64) -> I64:
    """How many events there are at each level, i64 (G,)."""
    num_begun = len(profile.upto) - np.searchsorted(np.sort(profile.upto), levels, side="left")
    num_ended = len(profile.below) - np.searchsorted(np.sort(profile.below), levels, side="left")
    num_events: I64 = num_begun - num_ended
    return num_events


def _at_random_in(
    session: ScoredSession, num_events: I64, *, pre_s: float, post_s: float
) -> tuple[F64, F64]:
    """What is expected of random events in a session, f64 (G,) each.

    Annotations that they find, and how many of them lie in any window.
    """
    session_s = session.observed_s if session.observed else math.nan
    windows = [(each.onset_s - pre_s, each.onset_s + post_s) for each in session.annotations]
    window_s = [_observed_s([window], session) for window in windows]
    share = np.array(window_s, np.float64) / session_s
    each_is_found = 1 - (1 - share) ** num_events[:, None]
    in_any_window = num_events * (_observed_s(windows, session) / session_s)
    found: F64 = np.minimum(each_is_found.sum(axis=1), in_any_window)
    return found, np.asarray(in_any_window, np.float64)


def _observed_s(windows: Stretches, session: ScoredSession) -> float:
    """Observed seconds in any of the windows."""
    return total_s(pieces(union(windows), session.observed))
