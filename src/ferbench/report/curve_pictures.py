"""Pictures of curves over thresholds, widths and lags, each with its numbers as CSV beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.report.figures import (
    CHANCE_DASH,
    SECOND_DASH,
    PictureStyle,
    Point,
    add_legend,
    columns,
    mark_place,
    mark_points,
    one_picture,
    save,
    two_pictures,
)
from ferbench.report.files import write_csv
from ferbench.types import F64

_BAND_COLUMNS = ("recall", "precision_low", "precision_high", "undefined")
_TOLERANCE_TICKS = (1, 2, 5, 10, 20, 30, 60)


def precision_recall(
    path: Path,
    *,
    level: F64,
    recall: F64,
    precision: F64,
    band: tuple[F64, F64, F64, F64],
    confidence: float,
    chance: tuple[F64, F64],
    points: Sequence[Point],
    title: str,
    style: PictureStyle,
) -> None:
    """Precision over recall at every threshold.

    Args:
        path: picture to write; the numbers go beside it (``.csv``).
        level: f64 (K,), thresholds, falling.
        recall: f64 (K,).
        precision: f64 (K,), NaN without events.
        band: recall, lower and upper precision of the interval's band, and the share of draws that
            do not reach the recall, each (B,); empty = none.
        confidence: of the band.
        chance: recall and precision of as many events at random times, each (G,); empty = none.
        points: marked points.
        title: above the picture.
        style: how it is drawn.
    """
    figure, axes = one_picture(title, "recall", "precision", style)
    if len(band[0]):
        axes.fill_between(
            *band[:3],
            color=style.grid,
            linewidth=0,
            label=f"{100 * confidence:g} % of draws of participants",
        )
    # Up to a recall counts the precision that it is first reached with: the staircase of the
    # average precision.
    first = np.flatnonzero(np.diff(np.maximum.accumulate(np.nan_to_num(recall)), prepend=-1.0) > 0)
    axes.plot(recall, precision, color=style.faint, linewidth=0.8, label="every threshold")
    axes.step(
        recall[first],
        precision[first],
        where="pre",
        color=style.ink,
        linewidth=1.4,
        label="average precision's steps",
    )
    if len(chance[0]):
        axes.plot(
            *chance,
            color=style.faint,
            linestyle=CHANCE_DASH,
            linewidth=1,
            label="as many events at random times",
        )
    mark_points(axes, points, style)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.05)
    add_legend(axes, style)
    save(figure, path, style)
    write_csv(
        path.with_suffix(".csv"),
        ("level", "recall", "precision"),
        columns(level, recall, precision),
    )
    if len(band[0]):
        write_csv(path.with_name(f"{path.stem}_band.csv"), _BAND_COLUMNS, columns(*band))
    if len(chance[0]):
        write_csv(
            path.with_name(f"{path.stem}_chance.csv"), ("recall", "precision"), columns(*chance)
        )


def thresholds(
    path: Path,
    *,
    level: F64,
    f1: F64,
    recall: F64,
    false_alarms_per_min: F64,
    floor: float,
    chosen: float,
    best: Point,
    title: str,
    style: PictureStyle,
) -> None:
    """F1 over the threshold, and the false alarms per minute that a recall costs.

    Args:
        path: picture to write; the numbers go beside it.
        level: f64 (K,), thresholds, falling.
        f1: f64 (K,).
        recall: f64 (K,).
        false_alarms_per_min: f64 (K,).
        floor: lowest level that the rule allows; the scores stay the same from the last level down
            to it.
        chosen: this run's threshold.
        best: the threshold with the largest F1.
        title: above the picture.
        style: how it is drawn.
    """
    figure, (left, right) = two_pictures(title, "false alarms that a recall costs", style)
    down = min(floor, chosen) if np.isfinite(floor) and np.isfinite(chosen) else floor
    lowest = down if np.isfinite(down) else level[-1]
    left.step([*level, lowest], [*f1, f1[-1]], where="post", color=style.ink, linewidth=1.4)
    mark_place(left, chosen, f"this run's {chosen:g}", style)
    mark_points(left, (best,), style)
    left.set_xlabel("threshold")
    left.set_ylabel("F1")
    left.set_ylim(-0.02, 1.02)
    add_legend(left, style)
    right.plot(
        recall,
        false_alarms_per_min,
        color=style.faint,
        linestyle="",
        marker=".",
        markersize=4,
        label="every threshold",
    )
    right.step(
        *_fewest_false_alarms(recall, false_alarms_per_min),
        where="pre",
        color=style.ink,
        linewidth=1.4,
        label="fewest at this recall or more",
    )
    add_legend(right, style)
    right.set_xlabel("recall")
    right.set_ylabel("false alarms per minute")
    right.set_xlim(-0.02, 1.02)
    right.set_ylim(bottom=0)
    save(figure, path, style)
    header = ("level", "f1", "recall", "false_alarms_per_min")
    write_csv(path.with_suffix(".csv"), header, columns(level, f1, recall, false_alarms_per_min))


def _fewest_false_alarms(recall: F64, false_alarms_per_min: F64) -> tuple[F64, F64]:
    """Recalls, rising, and the fewest false alarms of a threshold that reaches them, (K,) each."""
    order = np.argsort(recall, kind="stable")
    fewest = np.minimum.accumulate(false_alarms_per_min[order][::-1])[::-1]
    return recall[order], fewest


def tolerance(
    path: Path,
    *,
    post_s: F64,
    f1: F64,
    precision: F64,
    recall: F64,
    chosen_s: float,
    title: str,
    style: PictureStyle,
) -> None:
    """F1, precision and recall over the window after an annotation, f64 (K,) each.

    ``chosen_s`` is marked.
    """
    figure, axes = one_picture(title, "window after the annotation's onset, s", "score", style)
    curves: tuple[tuple[F64, str, dict[str, Any]], ...] = (
        (f1, "F1", {"linewidth": 2.0, "marker": "o", "color": style.ink}),
        (precision, "precision", {"linewidth": 1.2, "marker": "^", "color": style.faint}),
        (recall, "recall", {"linewidth": 1.2, "marker": "s", "color": style.faint}),
    )
    for (values, name, looks), dash in zip(curves, ("-", SECOND_DASH, CHANCE_DASH), strict=True):
        axes.plot(post_s, values, markersize=4, linestyle=dash, label=name, **looks)
    mark_place(axes, chosen_s, f"this run's {chosen_s:g} s", style)
    axes.set_xscale("log")
    axes.set_xticks(_TOLERANCE_TICKS, [str(tick) for tick in _TOLERANCE_TICKS])
    axes.minorticks_off()
    axes.set_ylim(-0.02, 1.02)
    add_legend(axes, style)
    save(figure, path, style)
    header = ("post_s", "f1", "precision", "recall")
    write_csv(path.with_suffix(".csv"), header, columns(post_s, f1, precision, recall))


def lag_scan(
    path: Path,
    *,
    offset_s: F64,
    f1: F64,
    kappa: F64,
    peak_s: float,
    window_s: float,
    title: str,
    style: PictureStyle,
) -> None:
    """F1 and kappa over an offset of the annotations, f64 (K,) each.

    The peak of F1 is where reactions follow best.
    """
    figure, axes = one_picture(title, "annotations moved by, s", "score", style)
    axes.plot(offset_s, f1, color=style.ink, linewidth=1.4, label=f"F1 within ±{window_s:g} s")
    if not np.isnan(kappa).all():
        axes.plot(
            offset_s,
            kappa,
            color=style.faint,
            linestyle=SECOND_DASH,
            linewidth=1.2,
            label="kappa of time",
        )
    axes.axvline(0, color=style.faint, linewidth=0.8)
    if np.isfinite(peak_s):
        mark_place(axes, peak_s, f"peak of F1 at {peak_s:.2f} s", style)
    add_legend(axes, style)
    axes.set_ylim(bottom=min(0.0, float(np.nanmin(kappa, initial=0.0))) * 1.1)
    save(figure, path, style)
    write_csv(path.with_suffix(".csv"), ("offset_s", "f1", "kappa"), columns(offset_s, f1, kappa))
