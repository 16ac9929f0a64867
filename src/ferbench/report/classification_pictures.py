"""Pictures of a classifier on labelled images: what it takes for what, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from ferbench import look
from ferbench.report.figures import (
    CHANCE_DASH,
    PictureStyle,
    add_legend,
    blank_figure,
    dress,
    one_picture,
    save,
)
from ferbench.scoring.calibration import Calibration
from ferbench.types import F64, I64

_DARKEST: Final = 0.55
"""Of a cell that holds its whole row: so much of the faint colour, so that its text is readable."""


def confusion(
    path: Path,
    *,
    counts: I64,
    true: Sequence[str],
    said: Sequence[str],
    title: str,
    style: PictureStyle,
) -> None:
    """A matrix: rows are true, columns said; each cell has its share of the row and its count.

    Args:
        path: of the PNG.
        counts: i64 (rows, columns).
        true: names of the rows.
        said: names of the columns.
        title: whose it is.
        style: how it is drawn.
    """
    total = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    figure = blank_figure(1.9 + 0.68 * len(said), 1.5 + 0.46 * len(true), style)
    axes = figure.subplots()
    dress(axes, style, ruled=False)
    axes.set_title(title, loc="left", fontsize=10, color=style.ink, parse_math=False)
    axes.imshow(shares, cmap=_shades(style), vmin=0, vmax=1 / _DARKEST, aspect="auto")
    axes.set_xticks(range(len(said)), said, fontsize=8, rotation=35, ha="right")
    names = [f"{name} ({count})" for name, count in zip(true, total[:, 0].tolist(), strict=True)]
    axes.set_yticks(range(len(true)), names, fontsize=8)
    axes.set_xlabel("said", color=style.ink)
    axes.set_ylabel("true", color=style.ink)
    _write_cells(axes, shares, counts, style)
    for label, name in zip(axes.get_yticklabels(), true, strict=True):
        label.set_color(look.colour_of(name))
    save(figure, path, style)


def _write_cells(axes, shares: F64, counts: I64, style: PictureStyle) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for row, column in np.ndindex(*counts.shape):
        if not counts[row, column]:
            continue
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{100 * share:.0f} %\n{counts[row, column]}",
            ha="center",
            va="center",
            fontsize=7,
            color=style.ink,
        )


def _shades(style: PictureStyle):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("share", [style.background, style.faint])


def reliability(path: Path, *, found: Calibration, title: str, style: PictureStyle) -> None:
    """How often the top label is right over how sure the model is; larger marks for more images."""
    figure, axes = one_picture(title, "confidence", "share that is right", style)
    ends, ideal = [0, 1], "as often right as sure"
    axes.plot(ends, ends, color=style.faint, linewidth=1, linestyle=CHANCE_DASH, label=ideal)
    used = found.frames > 0
    axes.plot(found.confidence[used], found.correct[used], color=style.ink, linewidth=1.2)
    most = max(1, int(found.frames.max(initial=1)))
    axes.scatter(
        found.confidence[used],
        found.correct[used],
        s=20 + 160 * found.frames[used] / most,
        facecolor=style.background,
        edgecolor=style.ink,
        linewidth=1.6,
        zorder=3,
        label=f"expected calibration error {found.ece:.3f}",
    )
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    add_legend(axes, style)
    save(figure, path, style)
