"""Pictures of how good and how sure scores are, each with its numbers as CSV beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferbench.report.files import write_csv
from ferbench.timespans import TOLERANCE
from ferbench.types import F64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MAIN, _SECOND, _BAND, _CHANCE, _MARK = "#1f77b4", "#2ca02c", "#1f77b433", "#7f7f7f", "#d62728"
_BAND_COLUMNS = ("recall", "precision_low", "precision_high", "undefined")
_ROWS_PER_INCH = 4.5
_TOLERANCE_TICKS = (1, 2, 5, 10, 20, 30, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A marked point of a curve: ``label`` says what it is."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One line of a forest plot; NaN ends = no interval."""

    name: str
    value: float
    low: float
    high: float
    n: int


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
    """
    figure, axes = _one(title, "recall", "precision")
    if len(band[0]):
        axes.fill_between(
            *band[:3],
            color=_BAND,
            linewidth=0,
            label=f"{100 * confidence:g} % of draws of participants",
        )
    # Up to a recall counts the precision that it is first reached with: the staircase of the
    # average precision.
    first = np.flatnonzero(np.diff(np.maximum.accumulate(np.nan_to_num(recall)), prepend=-1.0) > 0)
    axes.plot(recall, precision, color=_MAIN, linewidth=0.8, alpha=0.4, label="every threshold")
    axes.step(
        recall[first],
        precision[first],
        where="pre",
        color=_MAIN,
        linewidth=1.4,
        label="average precision's steps",
    )
    if len(chance[0]):
        axes.plot(
            *chance,
            color=_CHANCE,
            linestyle="--",
            linewidth=1,
            label="as many events at random times",
        )
    _points(axes, points)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.05)
    _legend(axes)
    _save(figure, path)
    write_csv(
        path.with_suffix(".csv"),
        ("level", "recall", "precision"),
        _columns(level, recall, precision),
    )
    if len(band[0]):
        write_csv(path.with_name(f"{path.stem}_band.csv"), _BAND_COLUMNS, _columns(*band))
    if len(chance[0]):
        write_csv(
            path.with_name(f"{path.stem}_chance.csv"), ("recall", "precision"), _columns(*chance)
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
) -> None:
    """F1 over the threshold, and false alarms per minute over recall.

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
    """
    figure, (left, right) = _two(title)
    down = min(floor, chosen) if np.isfinite(floor) and np.isfinite(chosen) else floor
    lowest = down if np.isfinite(down) else level[-1]
    left.step([*level, lowest], [*f1, f1[-1]], where="post", color=_MAIN, linewidth=1.4)
    left.axvline(chosen, color=_MARK, linewidth=0.8, label=f"this run's {chosen:g}")
    _points(left, (best,))
    left.set_xlabel("threshold")
    left.set_ylabel("F1")
    left.set_ylim(-0.02, 1.02)
    _legend(left)
    right.plot(recall, false_alarms_per_min, color=_MAIN, linewidth=1.4)
    right.set_xlabel("recall")
    right.set_ylabel("false alarms per minute")
    right.set_xlim(-0.02, 1.02)
    right.set_ylim(bottom=0)
    _save(figure, path)
    header = ("level", "f1", "recall", "false_alarms_per_min")
    write_csv(path.with_suffix(".csv"), header, _columns(level, f1, recall, false_alarms_per_min))


def tolerance(
    path: Path, *, post_s: F64, f1: F64, precision: F64, recall: F64, chosen_s: float, title: str
) -> None:
    """F1, precision and recall over the window after an annotation (arguments f64 (K,);
    ``chosen_s`` is marked).
    """
    figure, axes = _one(title, "window after the annotation's onset, s", "score")
    for values, name, width in (
        (f1, "F1", 1.8),
        (precision, "precision", 1.0),
        (recall, "recall", 1.0),
    ):
        axes.plot(post_s, values, linewidth=width, marker=".", markersize=4, label=name)
    axes.axvline(chosen_s, color=_MARK, linewidth=0.8, label=f"this run's {chosen_s:g} s")
    axes.set_xscale("log")
    axes.set_xticks(_TOLERANCE_TICKS, [str(tick) for tick in _TOLERANCE_TICKS])
    axes.minorticks_off()
    axes.set_ylim(-0.02, 1.02)
    _legend(axes)
    _save(figure, path)
    header = ("post_s", "f1", "precision", "recall")
    write_csv(path.with_suffix(".csv"), header, _columns(post_s, f1, precision, recall))


def lag_scan(
    path: Path, *, offset_s: F64, f1: F64, kappa: F64, peak_s: float, window_s: float, title: str
) -> None:
    """F1 and kappa over an offset of the annotations, f64 (K,) each.

    The peak of F1 is where reactions follow best.
    """
    figure, axes = _one(title, "annotations moved by, s", "score")
    axes.plot(offset_s, f1, color=_MAIN, linewidth=1.4, label=f"F1 within ±{window_s:g} s")
    if not np.isnan(kappa).all():
        axes.plot(offset_s, kappa, color=_SECOND, linewidth=1, label="kappa of time")
    axes.axvline(0, color=_CHANCE, linewidth=0.8)
    if np.isfinite(peak_s):
        axes.axvline(peak_s, color=_MARK, linewidth=0.8, label=f"peak of F1 at {peak_s:.2f} s")
    _legend(axes)
    axes.set_ylim(bottom=min(0.0, float(np.nanmin(kappa, initial=0.0))) * 1.1)
    _save(figure, path)
    write_csv(path.with_suffix(".csv"), ("offset_s", "f1", "kappa"), _columns(offset_s, f1, kappa))


def latencies(
    path: Path, *, lags_s: Sequence[float], pre_s: float, post_s: float, title: str
) -> None:
    """How late matched events are.

    A histogram over the window, or over all where some are outside; with quartiles.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = _one(title, "event after the annotation's onset, s", "matches")
    ends = min([-pre_s, *lags_s]), max([post_s, *lags_s])
    axes.hist(
        lags_s, bins=np.linspace(*ends, 23).tolist(), color=_MAIN, edgecolor="white", linewidth=0.5
    )
    axes.axvline(0, color=_CHANCE, linewidth=0.8)
    if len(lags_s):
        low, middle, high = np.quantile(lags_s, (0.25, 0.5, 0.75))
        axes.axvline(middle, color=_MARK, linewidth=1, label=f"median {middle:.2f} s")
        axes.axvspan(
            low, high, color="#d6272822", linewidth=0, label=f"quartiles {low:.2f} to {high:.2f} s"
        )
        _legend(axes)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _save(figure, path)
    write_csv(path.with_suffix(".csv"), ("lag_s",), [(lag,) for lag in lags_s])


def forest(
    path: Path, *, rows: Sequence[ForestRow], pooled: ForestRow, chance: float, title: str
) -> None:
    """F1 of each participant, and of all with its interval."""
    lines = [*rows, pooled]
    figure, axes = _one(title, "F1", "", height_in=1.3 + len(lines) / _ROWS_PER_INCH)
    for place, row in enumerate(reversed(lines)):
        own = row is not pooled
        axes.plot([row.low, row.high], [place, place], color=_MAIN if own else _MARK, linewidth=1.2)
        axes.plot(
            row.value,
            place,
            marker="o" if own else "D",
            markersize=5,
            color=_MAIN if own else _MARK,
        )
    axes.set_yticks(
        range(len(lines)), [f"{row.name}  (n={row.n})" for row in reversed(lines)], fontsize=8
    )
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    if np.isfinite(chance):
        axes.axvline(
            chance, color=_CHANCE, linestyle="--", linewidth=1, label=f"chance {chance:.3f}"
        )
        _legend(axes)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.6, len(lines) - 0.4)
    _save(figure, path)
    header = ("name", "f1", "low", "high", "n")
    write_csv(
        path.with_suffix(".csv"), header, [(r.name, r.value, r.low, r.high, r.n) for r in lines]
    )


def null(path: Path, *, draws: F64, value: float, p: float, title: str) -> None:
    """What shifted events score (f64 (draws,)), and where the run's own F1 lies."""
    figure, axes = _one(title, "F1 of shifted events", "draws")
    defined = draws[~np.isnan(draws)]
    if len(defined):
        axes.hist(
            defined,
            bins=_bins_beside(defined, value).tolist(),
            color="#c7c7c7",
            edgecolor="white",
            linewidth=0.4,
        )
        axes.axvline(
            float(defined.mean()),
            color="black",
            linestyle="--",
            linewidth=1,
            label=f"chance {defined.mean():.3f}",
        )
    if np.isfinite(value):
        axes.axvline(value, color=_MARK, linewidth=1.6, label=f"this run {value:.3f}, p = {p:.4f}")
    _legend(axes)
    axes.set_xlim(left=-0.02)
    _save(figure, path)
    write_csv(path.with_suffix(".csv"), ("f1",), [(v,) for v in draws.tolist()])


def _bins_beside(draws: F64, value: float) -> F64:
    """Edges of bins, of which one is just below the value.

    Draws that are as good stand on its right side.
    """
    if not np.isfinite(value):
        value = float(draws.min())
    low, high = min(float(draws.min()), value), max(float(draws.max()), value)
    distances = np.diff(np.unique(np.append(draws, value)))
    width = max((high - low) / 40, float(distances.min()) if len(distances) else 0.05)
    edge = value - min(width, 1e-6)
    return edge + width * np.arange(
        np.floor((low - edge) / width), np.ceil((high - edge) / width + TOLERANCE) + 1
    )


def _one(title: str, x: str, y: str, *, height_in: float = 4.2) -> tuple[Figure, Axes]:
    figure = _figure(6.4, height_in)
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=10, parse_math=False)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    _ruled(axes)
    return figure, axes


def _two(title: str) -> tuple[Figure, tuple[Axes, Axes]]:
    figure = _figure(9.6, 4.2)
    left, right = figure.subplots(1, 2)
    left.set_title(title, loc="left", fontsize=10, parse_math=False)
    for axes in (left, right):
        _ruled(axes)
    return figure, (left, right)


def _figure(width_in: float, height_in: float) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _ruled(axes: Axes) -> None:
    axes.grid(visible=True, linewidth=0.3, alpha=0.6)
    axes.set_axisbelow(True)


def _points(axes: Axes, points: Sequence[Point]) -> None:
    for point, marker, size in zip(points, "oD^sv", (11, 7, 7, 7, 7), strict=False):
        if np.isfinite(point.x) and np.isfinite(
            point.y
        ):  # the first is the largest: others may lie on it
            axes.plot(
                point.x, point.y, marker=marker, markersize=size, linestyle="", label=point.label
            )


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)


def _columns(*arrays: F64) -> list[tuple[float, ...]]:
    return list(zip(*(array.tolist() for array in arrays), strict=True))


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
