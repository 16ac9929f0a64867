"""Recall over false alarms: its picture, with its numbers as CSV, and recall at fixed rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from ferbench.report.figures import (
    CHANCE_DASH,
    PictureStyle,
    Point,
    add_legend,
    columns,
    mark_points,
    one_picture,
    save,
)
from ferbench.report.files import write_csv
from ferbench.scoring.further_intervals import at_rate
from ferbench.scoring.metrics import false_alarms_per_min, recall
from ferbench.scoring.threshold_scores import Thresholds
from ferbench.scoring.uncertainty.intervals import Interval
from ferbench.types import F64

_PER_H: Final = 60
_RATE_COLUMNS: Final = ("false_alarms_per_min", "false_alarms_per_h")
_BAND_COLUMNS: Final = ("false_alarms_per_min", "recall_low", "recall_high")


def write_rates(thresholds: Thresholds, intervals: Mapping[str, Interval], path: Path) -> None:
    """Recall at fixed rates of false alarms, with its interval and threshold, and their mean.

    Args:
        thresholds: of the sessions.
        intervals: by the names that numbers are logged under.
        path: of the CSV.
    """
    froc = thresholds.froc
    rows: list[tuple[object, ...]] = []
    for rate, value, level in columns(froc.rates_per_min, froc.recall, froc.level):
        ends = _ends(intervals.get(at_rate(rate)))
        rows.append((rate, rate * _PER_H, value, *ends, level if math.isfinite(level) else None))
    rows.append(("mean", None, froc.mean, *_ends(intervals.get("event/froc")), None))
    write_csv(path, (*_RATE_COLUMNS, "recall", "low", "high", "level"), rows)


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)


def froc_picture(
    path: Path, thresholds: Thresholds, this_run: Point, *, confidence: float, style: PictureStyle
) -> None:
    """Recall over false alarms per minute at every threshold, from half the smallest fixed rate on.

    Args:
        path: picture to write; the numbers go beside it (``.csv``, ``_band.csv``, ``_chance.csv``).
        thresholds: of the sessions, with a curve.
        this_run: false alarms per minute and recall at the run's own threshold.
        confidence: of the band.
        style: how it is drawn.
    """
    froc, pooled = thresholds.froc, thresholds.pooled
    per_min, recalls = false_alarms_per_min(pooled), recall(pooled)
    figure, axes = one_picture(
        "recall at every rate of false alarms", "false alarms per minute", "recall", style
    )
    low, high = float(froc.rates_per_min[0]) / 2, max(froc.largest_per_min, froc.rates_per_min[-1])
    axes.set_xscale("log")
    axes.set_xlim(low, 1.1 * high)
    if froc.band is not None:
        axes.fill_between(
            froc.band.x,
            froc.band.low,
            froc.band.high,
            color=style.grid,
            linewidth=0,
            label=f"{100 * confidence:g} % of draws of participants",
        )
    axes.step(
        *_steps(per_min, recalls, low, high),
        where="post",
        color=style.ink,
        linewidth=1.4,
        label="most found with so few false alarms",
    )
    by_chance = false_alarms_per_min(thresholds.chance), recall(thresholds.chance)
    axes.plot(
        *by_chance,
        color=style.faint,
        linestyle=CHANCE_DASH,
        linewidth=1,
        label="as many events at random times",
    )
    fixed = f"at fixed rates: mean {froc.mean:.3f}"
    axes.plot(
        froc.rates_per_min, froc.recall, color=style.ink, linestyle="", marker=".", label=fixed
    )
    mark_points(axes, (this_run,), style)
    axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
    axes.set_ylim(-0.02, 1.02)
    per_hour = axes.secondary_xaxis("top", functions=(_to_per_h, _to_per_min))
    per_hour.xaxis.set_major_formatter(lambda rate, _: f"{rate:g}")
    per_hour.set_xlabel("per hour", color=style.ink)
    per_hour.tick_params(which="both", color=style.faint, labelcolor=style.ink)
    add_legend(axes, style)
    save(figure, path, style)
    _write_numbers(path, thresholds, by_chance)


def _to_per_h(per_min: Any) -> Any:
    return per_min * _PER_H


def _to_per_min(per_h: Any) -> Any:
    return per_h / _PER_H


def _steps(per_min: F64, recalls: F64, low: float, high: float) -> tuple[F64, F64]:
    """Rates, rising, and the largest recall up to each, from ``low`` to ``high``."""
    order = np.argsort(per_min, kind="stable")
    rates = np.concatenate([[0.0], per_min[order]])
    most = np.maximum.accumulate(np.concatenate([[0.0], np.nan_to_num(recalls[order])]))
    at_low = most[np.flatnonzero(rates <= low)[-1]]
    shown = rates > low
    return (
        np.concatenate([[low], rates[shown], [high]]),
        np.concatenate([[at_low], most[shown], most[-1:]]),
    )


def _write_numbers(path: Path, thresholds: Thresholds, by_chance: tuple[F64, F64]) -> None:
    pooled = thresholds.pooled
    per_min = false_alarms_per_min(pooled)
    rows = columns(thresholds.curve.level, per_min, per_min * _PER_H, recall(pooled))
    write_csv(path.with_suffix(".csv"), ("level", *_RATE_COLUMNS, "recall"), rows)
    band = thresholds.froc.band
    if band is not None:
        rows = columns(band.x, band.low, band.high)
        write_csv(path.with_name(f"{path.stem}_band.csv"), _BAND_COLUMNS, rows)
    rows = columns(*by_chance)
    write_csv(path.with_name(f"{path.stem}_chance.csv"), (_RATE_COLUMNS[0], "recall"), rows)
