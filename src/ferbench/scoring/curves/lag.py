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
from ferbench.scoring.agreement.kappa import Cells, kappa
from ferbench.scoring.matching.many_draws import count_matches
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.timespans import spans_of
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
    low, middle, high = (
        np.quantile(lags_s, (0.25, 0.5, 0.75)).tolist() if len(lags_s) else (math.nan,) * 3
    )
    return Latency(median_s=middle, lower_s=low, upper_s=high, n=len(lags_s))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LagScan:
    """F1 and agreement with the annotations moved.

    Attributes:
        offset_s: f64 (K,), added to the annotations' times, rising; positive = events are compared
            with earlier marks.
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
        return int(
            np.argmin(np.abs(self.offset_s - (0.0 if math.isnan(self.peak_s) else self.peak_s)))
        )

    @property
    def kappa_peak(self) -> tuple[float, float]:
        """Offset of the largest kappa, seconds, and that kappa.

        Of equal ones the offset nearest to 0; NaN if none.
        """
        known = np.flatnonzero(~np.isnan(self.kappa))
        if not len(known):
            return math.nan, math.nan
        best = known[np.lexsort((np.abs(self.offset_s[known]), -self.kappa[known]))[0]]
        return float(self.offset_s[best]), float(self.kappa[best])


def offsets_s(first_s: float = -10.0, last_s: float = 20.0, step_s: float = 0.25) -> F64:
    """Offsets at whole multiples of a step, both ends included.

    >>> offsets_s(-0.2, 0.2, 0.1).tolist()
    [-0.2, -0.1, 0.0, 0.1, 0.2]
    """
    if not (
        all(map(math.isfinite, (first_s, last_s, step_s))) and first_s <= last_s and step_s > 0
    ):
        raise ConfigError(
            f"lag scan: expected finite first <= last and a step above 0, got {first_s!r}, {last_s!r}, {step_s!r}"
        )
    first, last = math.ceil(first_s / step_s - 1e-9), math.floor(last_s / step_s + 1e-9)
    return np.round(np.arange(first, last + 1) * step_s, 9)


def lag_scan(
    evidence: Sequence[ScoredSession],
    *,
    stamp: Stamp,
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
        evidence: the sessions.
        stamp: an event's time.
        offset_s: f64 (K,), rising, evenly spaced; None = ``offsets_s()``.
        half_width_s: of the window, above 0; about as wide as the lag is to be known.
    """
    if not (math.isfinite(half_width_s) and half_width_s > 0):
        raise ConfigError(
            f"half_width_s: expected a finite number of seconds above 0, got {half_width_s!r}"
        )
    offset_s = offsets_s() if offset_s is None else offset_s
    tp, num_events, num_ref = np.zeros(len(offset_s), np.int64), 0, 0
    for session in evidence:
        times_s = np.sort(stamps_s(session, stamp))
        onset_s = [annotation.onset_s for annotation in session.annotations]
        tp += count_matches(
            times_s - offset_s[:, None], onset_s, pre_s=half_width_s, post_s=half_width_s
        )
        num_events, num_ref = num_events + len(times_s), num_ref + len(onset_s)
    whole = num_events + num_ref
    return LagScan(
        offset_s=offset_s,
        half_width_s=half_width_s,
        tp=tp,
        f1=2 * tp / whole if whole else np.full(len(offset_s), np.nan),
        peak_s=_peak_s(offset_s, tp, half_width_s),
        kappa=kappa(_cells(evidence, offset_s, half_width_s)),
    )


def _peak_s(offset_s: F64, tp: I64, half_width_s: float) -> float:
    if not len(tp) or not tp.max():
        return math.nan
    step_s = float(offset_s[1] - offset_s[0]) if len(offset_s) > 1 else math.inf
    reach = min(round(half_width_s / step_s), len(tp))
    around = np.convolve(np.pad(tp, reach), np.ones(2 * reach + 1, np.int64), "valid")
    border = np.flatnonzero(np.diff(around == around.max(), prepend=False, append=False))
    firsts, lasts = offset_s[border[::2]], offset_s[border[1::2] - 1]
    chosen = np.lexsort((np.abs(firsts + lasts), border[::2] - border[1::2]))[0]
    return float(firsts[chosen] + lasts[chosen]) / 2


def _cells(evidence: Sequence[ScoredSession], offset_s: F64, half_width_s: float) -> Cells:
    """Seconds of observed time by what events and moved annotations say, entries (K,)."""

    def spans(things: Sequence[Event] | Sequence[Annotation], from_s: float, to_s: float) -> F64:
        extents = [
            (t.onset_s, t.offset_s)
            if t.offset_s > t.onset_s
            else (t.onset_s - half_width_s, t.onset_s + half_width_s)
            for t in things
        ]
        return spans_of(
            [(max(a, from_s), min(b, to_s)) for a, b in extents if min(b, to_s) > max(a, from_s)]
        )

    both, first, second, whole_s = np.zeros((4, len(offset_s)), np.float64)
    if any(session.unplaced for session in evidence):
        whole_s[:] = np.nan
    for session in evidence:
        marked = spans(session.annotations, -math.inf, math.inf)[:, :, None] + offset_s
        for from_s, to_s in session.observed:
            found = spans(session.events, from_s, to_s)
            both += _covered(found, marked)
            second += _covered(np.array([[from_s, to_s]]), marked)
            first += np.diff(found).sum()
            whole_s += to_s - from_s
    cells: F64 = np.stack(
        (both, first - both, second - both, whole_s - first - second + both), axis=1
    )
    return Cells.rows(cells.round(_DECIMALS))


def _covered(spans: F64, moved: F64) -> F64:
    """Seconds that spans (N, 2) share with spans (M, 2, K) at each of K places, f64 (K,)."""
    if not len(spans):
        return np.zeros(moved.shape[2])
    seconds = np.concatenate(([0.0], np.cumsum(np.diff(spans).ravel())))
    ends = np.interp(moved, spans.ravel(), np.stack([seconds[:-1], seconds[1:]], axis=1).ravel())
    result: F64 = (ends[:, 1] - ends[:, 0]).sum(axis=0)
    return result
