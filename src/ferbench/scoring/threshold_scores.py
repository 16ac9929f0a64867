"""Scores over all thresholds: the curve, its best threshold, its band and its chance level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.scoring.curves.froc import Froc, froc_of
from ferbench.scoring.curves.threshold_curve import Curve, average_precision, curve_of
from ferbench.scoring.curves.thresholds import (
    Band,
    Best,
    Nested,
    at_random,
    best,
    display_levels,
    nested,
    precision_band,
)
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.types import F64

RECALLS: Final = np.linspace(0, 1, 101)
NO_PROFILES: Final = (
    "no curves over thresholds: only the threshold that the events were made with is known"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thresholds:
    """Scores over all thresholds.

    Attributes:
        curve: counts at every level.
        pooled: of everybody, entries (L,).
        average_precision: area under its steps.
        best: the best threshold, chosen in-sample.
        nested: each participant at the threshold that is best for the others.
        band: of precision over recall; None = no intervals asked for.
        chance: expected counts of as many events at random times, entries (G,).
        froc: recall at fixed rates of false alarms.
    """

    curve: Curve
    pooled: Tally
    average_precision: float
    best: Best
    nested: Nested
    band: Band | None
    chance: Tally
    froc: Froc


def why_no_thresholds(sessions: Sequence[ScoredSession], criterion: Criterion) -> str:
    """Why there are no scores over thresholds; "" = there are."""
    if criterion.no_curves:
        return criterion.no_curves
    if any(session.profile is None for session in sessions):
        return NO_PROFILES
    return ""


def thresholds_of(
    sessions: Sequence[ScoredSession],
    criterion: Criterion,
    *,
    weights: F64 | None,
    rules: StatisticsRules,
) -> Thresholds | None:
    """Scores over all thresholds; None = there are none (see ``why_no_thresholds``).

    Args:
        sessions: with their profiles.
        criterion: with a window around the onset.
        weights: resamples of the participants, f64 (draws, P); None = no band.
        rules: the bands' level of confidence, the rates of false alarms.
    """
    window = criterion.onset_window
    if window is None or why_no_thresholds(sessions, criterion):
        return None
    pre_s, post_s, tolerance_s = window
    curve = curve_of(
        sessions,
        pre_s=pre_s,
        post_s=post_s,
        stamp=criterion.stamp,
        tolerance_s=tolerance_s,
        duplicates=criterion.duplicates,
    )
    pooled = curve.pooled()
    levels = display_levels(curve)
    by_luck = at_random(
        sessions,
        levels,
        pre_s=pre_s,
        post_s=post_s,
        stamp=criterion.stamp,
        duplicates=criterion.duplicates,
    )
    band = None
    if weights is not None:
        band = precision_band(
            curve, weights, levels=levels, recalls=RECALLS, confidence=rules.confidence
        )
    return Thresholds(
        curve=curve,
        pooled=pooled,
        average_precision=float(average_precision(pooled)),
        best=best(curve),
        nested=nested(curve),
        band=band,
        chance=by_luck,
        froc=froc_of(
            curve,
            rules.false_alarm_rates_per_min,
            weights=weights,
            confidence=rules.confidence,
        ),
    )
