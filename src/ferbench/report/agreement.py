"""Pictures of how far models agree: matrices of shares, and how many events sessions have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferbench.report.figures import PictureStyle, blank_figure, dress, save
from ferbench.types import F64

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_MAX_COLUMNS = 3


def shares_png(
    panels: Mapping[str, F64],
    models: Sequence[str],
    path: Path,
    *,
    title: str,
    style: PictureStyle,
) -> list[Path]:
    """Draw matrices of shares between models side by side.

    An undefined cell is grey, the diagonal is empty.

    Args:
        panels: by title f64 (M, M) from 0 to 1 or NaN: row = first model, column = second.
        models: M names.
        path: file to write.
        title: above all of them.
        style: how it is drawn.

    Returns:
        The files.
    """
    size_in = max(2.4, 0.75 * len(models) + 0.8)
    longest_in = 0.06 * max(map(len, models))  # names under the columns
    figure = _figure(
        1.8 + longest_in + len(panels) * size_in, size_in + longest_in + 1.0, title, style
    )
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    row_labels: Sequence[str] = models
    for axis, (name, shares) in zip(axes, panels.items(), strict=True):
        image = _matrix(axis, shares, models, row_labels, style, diagonal=False)
        axis.set_title(name, fontsize=9, color=style.ink, parse_math=False)
        axis.set_xlabel("second model", fontsize=8)
        row_labels = [""] * len(models)  # the first matrix has the names for all
    axes[0].set_ylabel("first model", fontsize=8)
    return _save(figure, image, list(axes), path, style)


def expressions_png(
    first: str, others: Mapping[str, F64], classes: Sequence[str], path: Path, style: PictureStyle
) -> list[Path]:
    """Draw what other models say of the frames of each class of one model.

    A class it never gives is grey.

    Args:
        first: the model whose classes are the rows.
        others: by model f64 (K, K), rows add up to 1 or are NaN.
        classes: K names.
        path: file to write.
        style: how it is drawn.

    Returns:
        The files.
    """
    num_columns = min(_MAX_COLUMNS, len(others))
    num_rows = -(-len(others) // num_columns)
    figure = _figure(
        1.6 + num_columns * 4.2,
        num_rows * 4.2 + 0.6,
        f"expressions: share of the frames of each class of {first}",
        style,
    )
    panels = figure.subplots(num_rows, num_columns, squeeze=False)
    for panel, (name, shares) in zip(panels.flat, others.items(), strict=False):
        image = _matrix(panel, shares, classes, classes, style)
        panel.set_xlabel(name, fontsize=9, parse_math=False)
        panel.set_ylabel(first, fontsize=9, parse_math=False)
    for panel in panels.flat[len(others) :]:
        panel.set_visible(False)
    return _save(figure, image, list(panels.flat), path, style)


def events_png(
    histograms: Mapping[str, Sequence[int]], path: Path, style: PictureStyle
) -> list[Path]:
    """Draw how many sessions have 0, 1, ... events, a panel per model.

    Args:
        histograms: by model the sessions with 0, 1, ... events.
        path: file to write.
        style: how it is drawn.

    Returns:
        The files.
    """
    figure = _figure(8, 1.1 + 1.5 * len(histograms), "events per session", style)
    panels = figure.subplots(len(histograms), 1, sharex=True, squeeze=False)[:, 0]
    for panel, (name, sessions) in zip(panels, histograms.items(), strict=True):
        dress(panel, style)
        panel.bar(np.arange(len(sessions)), sessions, width=0.85, color=style.faint)
        panel.set_title(name, fontsize=9, loc="left", color=style.ink, parse_math=False)
        panel.set_ylabel("sessions", fontsize=8)
        panel.yaxis.get_major_locator().set_params(integer=True)
        panel.tick_params(labelsize=8)
    most = max(len(sessions) for sessions in histograms.values())
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    panels[-1].set_xlim(-0.7, most - 0.3)
    panels[-1].set_xlabel("events in a session", fontsize=8)
    return save(figure, path, style)


def _figure(width_in: float, height_in: float, title: str, style: PictureStyle) -> Figure:
    figure = blank_figure(width_in, height_in, style)
    figure.suptitle(title, fontsize=10, color=style.ink, parse_math=False)
    return figure


def _matrix(
    axes: Axes,
    shares: F64,
    rows: Sequence[str],
    row_labels: Sequence[str],
    style: PictureStyle,
    *,
    diagonal: bool = True,
) -> AxesImage:
    """One matrix with its numbers; without its diagonal where that says nothing."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.patches import Rectangle

    dress(axes, style, ruled=False)
    ends = [style.background, style.ink]
    colours = LinearSegmentedColormap.from_list("shares", ends).with_extremes(bad=style.grid)
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
            axes.add_patch(
                Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=style.background, zorder=1)
            )
            continue
        text = "-" if np.isnan(share) else f"{share:.2f}"
        colour = style.background if share > 0.5 else style.ink
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    return image


def _save(
    figure: Figure, image: AxesImage, axes: Sequence[Axes], path: Path, style: PictureStyle
) -> list[Path]:
    bar = figure.colorbar(image, ax=list(axes), shrink=0.8)
    dress(bar.ax, style, ruled=False)
    return save(figure, path, style)
