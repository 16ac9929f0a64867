"""Figures of the statistics' pictures: their look, marked points, and saving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferbench.types import F64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAIN_COLOUR, SECOND_COLOUR, BAND_COLOUR = "#1f77b4", "#2ca02c", "#1f77b433"
CHANCE_COLOUR, MARK_COLOUR = "#7f7f7f", "#d62728"

_LEGEND_PT = 8
_BELOW_LABELS = 4.5
"""From the picture's lower edge to its legend, in sizes of the legend's font: room for ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A marked point of a curve: ``label`` says what it is."""

    x: float
    y: float
    label: str


def one_picture(title: str, x: str, y: str, *, height_in: float = 4.2) -> tuple[Figure, Axes]:
    """A figure with one picture: its title, and what its axes are."""
    figure = _figure(6.4, height_in)
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=10, parse_math=False)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    _ruled(axes)
    return figure, axes


def two_pictures(left_title: str, right_title: str) -> tuple[Figure, tuple[Axes, Axes]]:
    """A figure with two pictures side by side."""
    figure = _figure(9.6, 4.4)
    left, right = figure.subplots(1, 2)
    for axes, title in ((left, left_title), (right, right_title)):
        axes.set_title(title, loc="left", fontsize=10, parse_math=False)
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


def mark_points(axes: Axes, points: Sequence[Point]) -> None:
    """Mark points of a curve, each in a form of its own; undefined ones are left out.

    The first is the largest: others may lie on it.
    """
    for point, marker, size in zip(points, "oD^sv", (11, 7, 7, 7, 7), strict=False):
        if np.isfinite([point.x, point.y]).all():
            axes.plot(
                point.x, point.y, marker=marker, markersize=size, linestyle="", label=point.label
            )


def add_legend(axes: Axes) -> None:
    """A legend below the picture, where it hides no curve; none where nothing has a label."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            borderaxespad=_BELOW_LABELS,
            ncols=2,
            fontsize=_LEGEND_PT,
            frameon=False,
        )


def columns(*arrays: F64) -> list[tuple[float, ...]]:
    """Rows of a table from its columns."""
    return list(zip(*(array.tolist() for array in arrays), strict=True))


def save(figure: Figure, path: Path) -> None:
    """Write a picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
