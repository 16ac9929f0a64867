"""Pictures of latencies, participants and chance, each with its numbers as CSV beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferbench.report.figures import (
    CHANCE_DASH,
    SECOND_DASH,
    PictureStyle,
    add_legend,
    mark_place,
    one_picture,
    save,
)
from ferbench.report.files import write_csv
from ferbench.timespans import TOLERANCE
from ferbench.types import F64

_ROWS_PER_INCH = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One line of a forest plot; NaN ends = no interval."""

    name: str
    value: float
    low: float
    high: float
    n: int


def latencies(
    path: Path,
    *,
    lags_s: Sequence[float],
    pre_s: float,
    post_s: float,
    title: str,
    style: PictureStyle,
) -> None:
    """How late matched events are.

    A histogram over the window, or over all where some are outside; with quartiles.
    """
    from matplotlib.ticker import MaxNLocator

    figure, axes = one_picture(title, "event after the annotation's onset, s", "matches", style)
    ends = min([-pre_s, *lags_s]), max([post_s, *lags_s])
    axes.hist(
        lags_s,
        bins=np.linspace(*ends, 23).tolist(),
        color=style.grid,
        edgecolor=style.faint,
        linewidth=0.8,
    )
    axes.axvline(0, color=style.faint, linewidth=0.8)
    if len(lags_s):
        low, middle, high = np.quantile(lags_s, (0.25, 0.5, 0.75))
        mark_place(axes, middle, f"median {middle:.2f} s", style)
        quartiles = f"quartiles {low:.2f} to {high:.2f} s"
        axes.axvspan(
            low,
            high,
            facecolor="none",
            edgecolor=style.faint,
            hatch="////",
            linewidth=0,
            label=quartiles,
        )
        add_legend(axes, style)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    save(figure, path, style)
    write_csv(path.with_suffix(".csv"), ("lag_s",), [(lag,) for lag in lags_s])


def forest(
    path: Path,
    *,
    rows: Sequence[ForestRow],
    pooled: ForestRow,
    chance: float,
    title: str,
    style: PictureStyle,
) -> None:
    """F1 of each participant, and of all with its interval."""
    lines = [*rows, pooled]
    figure, axes = one_picture(title, "F1", "", style, height_in=1.3 + len(lines) / _ROWS_PER_INCH)
    for place, row in enumerate(reversed(lines)):
        colour, marker = style.faint, "o"
        if row is pooled:
            colour, marker = style.ink, "D"
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.2)
        axes.plot(row.value, place, marker=marker, markersize=5, color=colour)
    axes.set_yticks(
        range(len(lines)), [f"{row.name}  (n={row.n})" for row in reversed(lines)], fontsize=8
    )
    for label in axes.get_yticklabels():
        label.set_parse_math(False)
    if np.isfinite(chance):
        axes.axvline(
            chance,
            color=style.faint,
            linestyle=SECOND_DASH,
            linewidth=1,
            label=f"chance {chance:.3f}",
        )
        add_legend(axes, style)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.6, len(lines) - 0.4)
    save(figure, path, style)
    header = ("name", "f1", "low", "high", "n")
    table = [(row.name, row.value, row.low, row.high, row.n) for row in lines]
    write_csv(path.with_suffix(".csv"), header, table)


def null(
    path: Path, *, draws: F64, value: float, p: float, title: str, style: PictureStyle
) -> None:
    """What a null detector scores (f64 (draws,)), and where the run's own F1 lies."""
    figure, axes = one_picture(title, "F1 of the null detector", "draws", style)
    defined = draws[~np.isnan(draws)]
    if len(defined):
        axes.hist(
            defined,
            bins=_bins_beside(defined, value).tolist(),
            color=style.grid,
            edgecolor=style.background,
            linewidth=0.4,
        )
        axes.axvline(
            float(defined.mean()),
            color=style.faint,
            linestyle=CHANCE_DASH,
            linewidth=1,
            label=f"chance {defined.mean():.3f}",
        )
    if np.isfinite(value):
        axes.axvline(
            value, color=style.ink, linewidth=1.6, label=f"this run {value:.3f}, p = {p:.4f}"
        )
    add_legend(axes, style)
    axes.set_xlim(left=-0.02)
    save(figure, path, style)
    write_csv(path.with_suffix(".csv"), ("f1",), [(v,) for v in draws.tolist()])


def _bins_beside(draws: F64, value: float) -> F64:
    """Edges of bins, of which one is just below the value.

    Draws that are as good stand on its right side.
    """
    if not np.isfinite(value):
        value = float(draws.min())
    low = min(float(draws.min()), value)
    high = max(float(draws.max()), value)
    distances = np.diff(np.unique(np.append(draws, value)))
    least_width = 0.05
    if len(distances):
        least_width = float(distances.min())
    width = max((high - low) / 40, least_width)
    edge = value - min(width, 1e-6)
    first = np.floor((low - edge) / width)
    last = np.ceil((high - edge) / width + TOLERANCE)
    return edge + width * np.arange(first, last + 1)
