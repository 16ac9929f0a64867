"""Pictures of how far models agree: matrices of shares, and how many events sessions have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferbench.types import F64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_COLUMNS = 3
_UNDEFINED = "#d9d9d9"


def shares_png(panels: Mapping[str, F64], models: Sequence[str], path: Path, *, title: str) -> None:
    """Draw matrices of shares between models side by side.

    An undefined cell is grey, the diagonal is empty.

    Args:
        panels: by title f64 (M, M) from 0 to 1 or NaN: row = first model, column = second.
        models: M names.
        path: file to write.
        title: above all of them.
    """
    size_in = max(2.4, 0.75 * len(models) + 0.8)
    longest_in = 0.06 * max(map(len, models))  # names under the columns
    figure = _figure(1.8 + longest_in + len(panels) * size_in, size_in + longest_in + 1.0, title)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for k, (name, shares) in enumerate(panels.items()):
        image = _matrix(
            axes[k], shares, models, models if k == 0 else [""] * len(models), diagonal=False
        )
        axes[k].set_title(name, fontsize=9, parse_math=False)
        axes[k].set_xlabel("second model", fontsize=8)
    axes[0].set_ylabel("first model", fontsize=8)
    _save(figure, image, list(axes), path)


def expressions_png(
    first: str, others: Mapping[str, F64], classes: Sequence[str], path: Path
) -> None:
    """Draw what other models say of the frames of each class of one model.

    A class it never gives is grey.

    Args:
        first: the model whose classes are the rows.
        others: by model f64 (K, K), rows add up to 1 or are NaN.
        classes: K names.
        path: file to write.
    """
    wide = min(_COLUMNS, len(others))
    high = -(-len(others) // wide)
    figure = _figure(
        1.6 + wide * 4.2,
        high * 4.2 + 0.6,
        f"expressions: share of the frames of each class of {first}",
    )
    axes = figure.subplots(high, wide, squeeze=False)
    for place, (name, shares) in zip(axes.flat, others.items(), strict=False):
        image = _matrix(place, shares, classes, classes)
        place.set_xlabel(name, fontsize=9, parse_math=False)
        place.set_ylabel(first, fontsize=9, parse_math=False)
    for place in axes.flat[len(others) :]:
        place.set_visible(False)
    _save(figure, image, list(axes.flat), path)


def events_png(histograms: Mapping[str, Sequence[int]], path: Path) -> None:
    """Draw how many sessions have 0, 1, ... events, a panel per model.

    Args:
        histograms: by model the sessions with 0, 1, ... events.
        path: file to write.
    """
    figure = _figure(8, 1.1 + 1.5 * len(histograms), "events per session")
    axes = figure.subplots(len(histograms), 1, sharex=True, squeeze=False)[:, 0]
    for place, (name, numbers) in zip(axes, histograms.items(), strict=True):
        place.bar(np.arange(len(numbers)), numbers, width=0.85, color="#4878a8")
        place.set_title(name, fontsize=9, loc="left", parse_math=False)
        place.set_ylabel("sessions", fontsize=8)
        place.yaxis.get_major_locator().set_params(integer=True)
        place.tick_params(labelsize=8)
    axes[-1].xaxis.get_major_locator().set_params(integer=True)
    axes[-1].set_xlim(-0.7, max(map(len, histograms.values())) - 0.3)
    axes[-1].set_xlabel("events in a session", fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def _figure(width_in: float, height_in: float, title: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=10, parse_math=False)
    return figure


def _matrix(
    axes: Axes,
    shares: F64,
    rows: Sequence[str],
    row_labels: Sequence[str],
    *,
    diagonal: bool = True,
) -> AxesImage:
    """One matrix with its numbers; without its diagonal where that says nothing."""
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    colours = colormaps["Blues"].with_extremes(bad=_UNDEFINED)
    image = axes.imshow(np.ma.masked_invalid(shares), cmap=colours, vmin=0.0, vmax=1.0)
    ticks = np.arange(len(rows))
    axes.set_xticks(
        ticks,
        list(rows),
        rotation=40,
        ha="right",
        rotation_mode="anchor",
        fontsize=8,
        parse_math=False,
    )
    axes.set_yticks(ticks, list(row_labels), fontsize=8, parse_math=False)
    for (row, column), share in np.ndenumerate(shares):
        if row == column and not diagonal:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="white", zorder=1))
            continue
        text = "-" if np.isnan(share) else f"{share:.2f}"
        axes.text(
            column,
            row,
            text,
            ha="center",
            va="center",
            fontsize=7,
            color="white" if share > 0.6 else "black",
        )
    return image


def _save(figure: Figure, image: AxesImage, axes: Sequence[Axes], path: Path) -> None:
    figure.colorbar(image, ax=list(axes), shrink=0.8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
