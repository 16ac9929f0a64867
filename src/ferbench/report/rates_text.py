"""Recall at fixed rates of false alarms, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ferbench.report.statistics_words import interval_text, number
from ferbench.scoring.curves.froc import Froc
from ferbench.scoring.uncertainty.intervals import Interval


def froc_lines(froc: Froc, intervals: Mapping[str, Interval]) -> list[str]:
    """Recall at each rate, their mean, and where the curve ends; none where it is undefined.

    Args:
        froc: of all sessions.
        intervals: by the names that numbers are logged under.
    """
    if math.isnan(froc.mean):
        return []
    rates = froc.rates_per_min.tolist()
    at_rates = [
        f"{value:.3f} at {rate:g}" for rate, value in zip(rates, froc.recall.tolist(), strict=True)
    ]
    mean = f"{number(froc.mean)}{interval_text(intervals.get('event/froc'))}"
    line = f"recall over false alarms per minute: {', '.join(at_rates)}; mean {mean}"
    if froc.largest_per_min < rates[-1]:
        line = f"{line} (the lowest threshold has {froc.largest_per_min:.2f} per minute)"
    return [line]
