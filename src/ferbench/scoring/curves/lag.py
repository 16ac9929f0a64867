"""How late events follow annotations.

Latencies of matches, and scores over an offset of the annotations.

The latency of matches is bound by the window that they were matched in. The scan is not:
annotations are moved as a whole, and a narrow window shows at which offset most events meet them,
so that a reaction time can be read off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.agreement.kappa import ContingencyTable, kappa
from ferbench.scoring.matching.duplicates import Duplicates
from ferbench.scoring.matching.many_draws import at_points
from ferbench.scoring.ratios import ratios
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.timespans import (
    Stretches,
    clipped,
    runs_of,
    seconds_before,
    spans_of,
    units_begun,
    units_needed,
)
from ferbench.types import F64, I64, Annotation, Event

_DECIMALS: Final = 9  # of sums of seconds: what is less is rounding, and no time


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Distribution of the latencies of matches; NaN without matches.

    Attributes:
        median_s: of event's time - annotation's onset, seconds; negative = early.
        lower_s: first quartile.
        upper_s: third quartile.
        n: matches.
    """

    median_s: float
    lower_s: float
    upper_s: float
    n: int

    @property
    def iqr_s(self) -> float:
        """Distance of the quartiles."""
        return self.upper_s - self.lower_s


def latency_of(lags_s: Sequence[float]) -> Latency:
    """Median and quartiles (linear between the two nearest, as numpy's default).

    >>> latency_of([1.0, 2.0, 4.0]).iqr_s
    1.5
    """
    if not len(lags_s):
        return Latency(median_s=math.nan, lower_s=math.nan, upper_s=math.nan, n=0)
    lower_s, median_s, upper_s = np.quantile(lags_s, (0.25, 0.5, 0.75)).tolist()
    return Latency(median_s=median_s, lower_s=lower_s, upper_s=upper_s, n=len(lags_s))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LagScan:
    """F1 and agreement with the annotations moved.

    Attributes:
        offset_s: f64 (K,), added to the annotations' times, rising; positive = events are compared
            with annotations of earlier times.
        half_width_s: an event within this of a moved onset matches; a point counts as the time
            within this of it.
        tp: i64 (K,), matches.
        f1: f64 (K,), NaN without events and annotations.
        peak_s: the lag that fits best, where the mean of F1 over ``half_width_s`` to both sides is
            largest (the middle of neighbouring offsets that are equally good), seconds; NaN where
            nothing matches at any offset.
        kappa: f64 (K,), Cohen's kappa of observed time; NaN where undefined, or nothing was
            observed.
    """

    offset_s: F64
    half_width_s: float
    tp: I64
    f1: F64
    peak_s: float
    kappa: F64

    @property
    def peak(self) -> int:
        """Number of the offset nearest to the peak.

        Raises:
            ValueError: there is no offset.
        """
        peak_s = 0.0 if math.isnan(self.peak_s) else self.peak_s
        return int(np.argmin(np.abs(self.offset_s - peak_s)))

    @property
    def kappa_peak(self) -> tuple[float, float]:
        """Offset of the largest kappa, seconds, and that kappa.

        Of equal ones the offset nearest to 0; NaN if none.
        """
        known = ~np.isnan(self.kappa)
        if not known.any():
            return math.nan, math.nan
        offset_s = self.offset_s[known]
        kappa = self.kappa[known]
        best = np.lexsort((np.abs(offset_s), -kappa))[0]
        return float(offset_s[best]), float(kappa[best])


def offsets_s(first_s: float = -10.0, last_s: float = 20.0, step_s: float = 0.25) -> F64:
    """Offsets at whole multiples of a step, both ends included.

    >>> offsets_s(-0.2, 0.2, 0.1).tolist()
    [-0.2, -0.1, 0.0, 0.1, 0.2]
    """
    all_finite = all(math.isfinite(number) for number in (first_s, last_s, step_s))
    if not (all_finite and first_s <= last_s and step_s > 0):
        raise ConfigError(
            "lag scan: expected finite first <= last and a step above 0, "
            f"got {first_s!r}, {last_s!r}, {step_s!r}"
        )
    first = units_needed(first_s, step_s)
    last = units_begun(last_s, step_s)
    return np.round(np.arange(first, last + 1) * step_s, _DECIMALS)


def lag_scan(
    sessions: Sequence[ScoredSession],
    *,
    stamp: Stamp,
    duplicates: Duplicates = "false_alarm",
    offset_s: F64 | None = None,
    half_width_s: float = 1.0,
) -> LagScan:
    """Move the annotations, match anew and compare observed time anew at every offset.

    No annotation is left out because it was moved out of the observed time; at the ends of short
    sessions F1 is therefore lower. For kappa, what was moved out of the observed time does not
    count.

    A match counts at all offsets within ``half_width_s`` of its lag, so the curve of equal lags is
    a plateau around them. The mean over that width turns it into a triangle with its tip at the
    lag, which a chance match beside it does not move. Of equally long plateaus of the mean that
    nearest to 0 counts. A lag nearer than ``half_width_s`` to the scan's ends comes out a little
    nearer to its middle.

    Args:
        sessions: the sessions.
        stamp: an event's time.
        duplicates: ``ignored`` = events near an annotation that has a match are no false alarms.
        offset_s: f64 (K,), rising, evenly spaced; None = ``offsets_s()``.
        half_width_s: of the window, above 0; about as wide as the lag is to be known.
    """
    if not (math.isfinite(half_width_s) and half_width_s > 0):
        expected = "a finite number of seconds above 0"
        raise ConfigError(key="half_width_s", expected=expected, got=half_width_s)
    if offset_s is None:
        offset_s = offsets_s()
    tp, num_items = np.zeros((2, len(offset_s)), np.int64)
    count = at_points(half_width_s, half_width_s, duplicates=duplicates)
    for session in sessions:
        times_s = np.array(stamps_s(session, stamp)) - offset_s[:, None]
        annotations = session.annotations
        marks_s = np.array([(each.onset_s, each.offset_s) for each in annotations]).reshape(-1, 2)
        found = count(times_s, np.zeros(0), marks_s, np.zeros(0))
        tp += found.matches
        num_items += times_s.shape[1] + len(annotations) - found.ignored
    f1 = ratios(np.asarray(2 * tp, np.float64), num_items.astype(np.float64))
    return LagScan(
        offset_s=offset_s,
        half_width_s=half_width_s,
        tp=tp,
        f1=f1,
        peak_s=_peak_s(offset_s, tp, half_width_s),
        kappa=kappa(_agreed_s(sessions, offset_s, half_width_s)),
    )


def _peak_s(offset_s: F64, tp: I64, half_width_s: float) -> float:
    """The middle of the longest plateau of the sums around each offset, see ``LagScan.peak_s``."""
    if not len(tp) or not tp.max():
        return math.nan
    step_s = float(offset_s[1] - offset_s[0]) if len(offset_s) > 1 else math.inf
    reach = min(round(half_width_s / step_s), len(tp))
    sums = np.convolve(np.pad(tp, reach), np.ones(2 * reach + 1, np.int64), "valid")
    plateaus = runs_of(sums == sums.max())
    first_s = offset_s[plateaus[:, 0]]
    last_s = offset_s[plateaus[:, 1] - 1]
    lengths = plateaus[:, 1] - plateaus[:, 0]
    chosen = np.lexsort((np.abs(first_s + last_s), -lengths))[0]
    return float(first_s[chosen] + last_s[chosen]) / 2


def _agreed_s(
    sessions: Sequence[ScoredSession], offset_s: F64, half_width_s: float
) -> ContingencyTable:
    """Seconds of observed time by what events and moved annotations say, entries (K,)."""
    both_s, found_s, annotated_s, whole_s = np.zeros((4, len(offset_s)), np.float64)
    if any(session.unplaced for session in sessions):
        whole_s[:] = np.nan
    for session in sessions:
        event_extents = _extents(session.events, half_width_s)
        annotations = spans_of(_extents(session.annotations, half_width_s))
        moved = annotations[:, :, None] + offset_s
        for from_s, to_s in session.observed:
            events = spans_of(clipped(event_extents, from_s, to_s))
            both_s += _shared_s(events, moved)
            annotated_s += _shared_s(np.array([[from_s, to_s]]), moved)
            found_s += np.diff(events).sum()
            whole_s += to_s - from_s
    columns = (
        both_s,
        found_s - both_s,
        annotated_s - both_s,
        whole_s - found_s - annotated_s + both_s,
    )
    return ContingencyTable.rows(np.stack(columns, axis=1).round(_DECIMALS))


def _extents(items: Sequence[Event] | Sequence[Annotation], half_width_s: float) -> Stretches:
    """When events or annotations are; a point has the time around it."""
    extents = []
    for item in items:
        if item.offset_s > item.onset_s:
            extents.append((item.onset_s, item.offset_s))
        else:
            extents.append((item.onset_s - half_width_s, item.onset_s + half_width_s))
    return extents


def _shared_s(spans: F64, moved: F64) -> F64:
    """Seconds that spans (N, 2) share with spans (M, 2, K) at each of K places, f64 (K,)."""
    before_s = seconds_before(spans, moved)
    shared_s: F64 = (before_s[:, 1] - before_s[:, 0]).sum(axis=0)
    return shared_s
