"""Recall over false alarms per minute, at every threshold: free-response operating characteristic.

As where lesions are marked on images (Bunch et al. 1977; Chakraborty 1989): a detector may fire as
often as it likes, so what it costs is false alarms per time and not a share of negatives. Recall at
a rate is the largest recall of all thresholds with at most so many false alarms per minute; nothing
is interpolated, and a detector that never fires (recall 0, no false alarm) always counts as one of
them. The mean over fixed rates is the challenges' FROC score (LUNA16, CAMELYON16; what differs:
these interpolate, and count false alarms per image).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.scoring.curves.threshold_curve import Curve
from ferbench.scoring.curves.thresholds import Band, band_of, thinned
from ferbench.scoring.metrics import false_alarms_per_min, recall
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.intervals import Statistic
from ferbench.timespans import TOLERANCE
from ferbench.types import F64

_LEVELS: Final = 400  # of the curve, for intervals
_PER_DECADE: Final = 12  # rates of the band


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Froc:
    """Recall at fixed rates of false alarms.

    Attributes:
        rates_per_min: f64 (R,), rising.
        recall: f64 (R,), at most at these rates; NaN without annotations or where the observed time
            is not known.
        level: f64 (R,), the highest threshold that has this recall; inf = no threshold has fewer
            false alarms.
        mean: of these recalls.
        largest_per_min: the largest rate of all thresholds; beyond it recall cannot rise.
        band: interval of confidence of recall over rates; None = not asked for.
    """

    rates_per_min: F64
    recall: F64
    level: F64
    mean: float
    largest_per_min: float
    band: Band | None


def recall_at(tally: Tally, rates_per_min: F64) -> F64:
    """The largest recall of all thresholds with at most so many false alarms per minute.

    Args:
        tally: entries (..., L), of L thresholds.
        rates_per_min: f64 (R,).

    Returns:
        f64 (..., R); 0 where no threshold has so few; NaN where recall or rate are undefined.
    """
    recalls, rates = recall(tally), false_alarms_per_min(tally)
    undefined = np.asarray((np.isnan(recalls) | np.isnan(rates)).any(axis=-1))
    found = [
        np.where(rates <= rate + TOLERANCE, recalls, 0.0).max(axis=-1, initial=0.0)
        for rate in rates_per_min.tolist()
    ]
    return np.where(undefined[..., None], np.nan, np.stack(found, axis=-1))


def froc_of(
    curve: Curve, rates_per_min: Sequence[float], *, weights: F64 | None, confidence: float
) -> Froc:
    """Recall at fixed rates.

    Args:
        curve: counts at every threshold.
        rates_per_min: false alarms per minute, one or more.
        weights: resamples of the participants, f64 (draws, P); None = no band.
        confidence: of the band.
    """
    pooled, rates = curve.pooled(), np.array(sorted(rates_per_min))
    at_rates = recall_at(pooled, rates)
    per_min = false_alarms_per_min(pooled)
    band = None
    if weights is not None and len(curve.level):
        grid = _grid(rates, float(np.nanmax(per_min, initial=0.0)))
        draws = curve.at_levels(froc_levels(curve)).weighted(weights)
        band = band_of(grid, recall_at(draws, grid), confidence)
    return Froc(
        rates_per_min=rates,
        recall=at_rates,
        level=_levels_of(curve, pooled, rates, at_rates),
        mean=float(at_rates.mean()),
        largest_per_min=float(np.nanmax(per_min, initial=0.0)),
        band=band,
    )


def _levels_of(curve: Curve, pooled: Tally, rates: F64, recalls: F64) -> F64:
    """The highest threshold that has each recall, f64 (R,)."""
    per_min, reached = false_alarms_per_min(pooled), recall(pooled)
    levels = np.full(len(rates), np.inf)
    for at, (rate, value) in enumerate(zip(rates.tolist(), recalls.tolist(), strict=True)):
        has = np.flatnonzero((per_min <= rate + TOLERANCE) & (reached >= value))
        if value > 0 and len(has):
            levels[at] = curve.level[has[0]]
    return levels


def _grid(rates: F64, largest: float) -> F64:
    """Rates to draw the band at, evenly on a logarithmic scale, the fixed ones among them."""
    low, high = float(rates[0]) / 2, max(float(rates[-1]), largest)
    points = 2 + int(_PER_DECADE * np.log10(high / low))
    return np.unique(np.concatenate([np.geomspace(low, high, points), rates]))


def froc_levels(curve: Curve, points: int = _LEVELS) -> F64:
    """Thresholds that are enough for recall at any rate, f64 (at most ``points``,), falling.

    All at which more is found, or fewer false alarms are raised, than at the one above; or every
    n-th of them.
    """
    pooled = curve.pooled()
    finds_more = np.diff(pooled.tp, prepend=0) > 0
    costs_less = np.diff(pooled.fp, prepend=0) < 0
    return thinned(curve, np.flatnonzero(finds_more | costs_less), points)


def recall_at_rate(curve: Curve, rates_per_min: Sequence[float]) -> Statistic:
    """Mean recall at some rates, as a function of the participants taken.

    For ``intervals.bootstrap``; each draw has thresholds of its own.
    """
    by_participant = curve.at_levels(froc_levels(curve))
    rates = np.array(rates_per_min, np.float64)

    def statistic(weights: F64) -> F64:
        mean: F64 = recall_at(by_participant.weighted(weights), rates).mean(axis=-1)
        return mean

    return statistic
