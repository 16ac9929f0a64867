"""Figures of all pictures: their look, marked points, and saving.

Colour means an expression or an outcome, as ``ferbench.look`` has them. What is neither is drawn in
ink and greys, and told apart by dashes, widths and shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from ferbench import look
from ferbench.atomic import replacing
from ferbench.types import F64
from ferbench.wording import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Outcome = Literal["hit", "false alarm", "missed", "ignored", "not scored"]

OUTCOMES: Final[dict[Outcome, tuple[str, str]]] = {
    "hit": ("o", look.HIT_COLOUR),
    "false alarm": ("X", look.FALSE_ALARM_COLOUR),
    "missed": ("v", look.MISSED_COLOUR),
    "ignored": ("P", look.NOT_SCORED_COLOUR),
    "not scored": ("s", look.NOT_SCORED_COLOUR),
}
"""Shape and colour of the mark of each outcome."""

SECOND_DASH: Final = (0, (6.0, 2.0))
CHANCE_DASH: Final = (0, (2.0, 2.0))

_DPI: Final = 110
_LEGEND_PT: Final = 8
_BELOW_LABELS: Final = 4.5
"""From the picture's lower edge to its legend, in sizes of the legend's font: room for ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureStyle:
    """How pictures are drawn.

    Attributes:
        theme: light, as in a paper, or dark, as on slides.
        vector: write each picture as SVG too, beside its PNG, with its text as text.
    """

    theme: look.Theme = "light"
    vector: bool = False

    @property
    def background(self) -> str:
        """Behind everything."""
        return look.BACKGROUND[self.theme]

    @property
    def ink(self) -> str:
        """Of text and of the main curve."""
        return look.INK[self.theme]

    @property
    def faint(self) -> str:
        """Of second curves, of lines that mark a place, and of axes."""
        return look.FAINT[self.theme]

    @property
    def grid(self) -> str:
        """Of rules, bands and bars of what is in the background."""
        return look.GRID[self.theme]


PLAIN: Final = PictureStyle()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A marked point of a curve: ``label`` says what it is."""

    x: float
    y: float
    label: str


def blank_figure(width_in: float, height_in: float, style: PictureStyle) -> Figure:
    """A figure without pictures."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor=style.background)
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes, style: PictureStyle, *, ruled: bool = True) -> None:
    """Give a picture the colours of its style; ``ruled`` = with a grid."""
    axes.set_facecolor(style.background)
    for spine in axes.spines.values():
        spine.set_color(style.faint)
    axes.tick_params(which="both", color=style.faint, labelcolor=style.ink)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(style.ink)
    if ruled:
        axes.grid(visible=True, linewidth=0.6, color=style.grid)
        axes.set_axisbelow(True)


def one_picture(
    title: str, x: str, y: str, style: PictureStyle, *, height_in: float = 4.2
) -> tuple[Figure, Axes]:
    """A figure with one picture: its title, and what its axes are."""
    figure = blank_figure(6.4, height_in, style)
    axes = figure.subplots()
    dress(axes, style)
    axes.set_title(title, loc="left", fontsize=10, color=style.ink, parse_math=False)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    return figure, axes


def two_pictures(
    left_title: str, right_title: str, style: PictureStyle
) -> tuple[Figure, tuple[Axes, Axes]]:
    """A figure with two pictures side by side."""
    figure = blank_figure(9.6, 4.4, style)
    left, right = figure.subplots(1, 2)
    for axes, title in ((left, left_title), (right, right_title)):
        dress(axes, style)
        axes.set_title(title, loc="left", fontsize=10, color=style.ink, parse_math=False)
    return figure, (left, right)


def mark_points(axes: Axes, points: Sequence[Point], style: PictureStyle) -> None:
    """Mark points of a curve, each in a form of its own; undefined ones are left out.

    The first is the largest: others may lie on it.
    """
    for point, marker, size in zip(points, "oD^sv", (11, 7, 7, 7, 7), strict=False):
        if np.isfinite([point.x, point.y]).all():
            axes.plot(
                point.x,
                point.y,
                marker=marker,
                markersize=size,
                markerfacecolor=style.background,
                markeredgecolor=style.ink,
                markeredgewidth=1.6,
                linestyle="",
                label=point.label,
            )


def mark_place(axes: Axes, x: float, label: str, style: PictureStyle) -> None:
    """An upright line where something lies."""
    axes.axvline(x, color=style.ink, linewidth=1, linestyle=CHANCE_DASH, label=label)


def add_legend(axes: Axes, style: PictureStyle) -> None:
    """A legend below the picture, where it hides no curve; none where nothing has a label."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            borderaxespad=_BELOW_LABELS,
            ncols=2,
            fontsize=_LEGEND_PT,
            labelcolor=style.ink,
            frameon=False,
            handlelength=3.5,
        )


def columns(*arrays: F64) -> list[tuple[float, ...]]:
    """Rows of a table from its columns."""
    return list(zip(*(array.tolist() for array in arrays), strict=True))


def _write_out_controls(figure: Figure) -> None:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        shown = readable(text.get_text())
        if shown != text.get_text():
            text.set_text(shown)


def save(figure: Figure, path: Path, style: PictureStyle) -> list[Path]:
    """Write a picture, whole or not at all; return the files, the PNG first.

    The same picture gives the same bytes, in SVG too. Control characters are written out: no font
    has a shape for them.
    """
    _write_out_controls(figure)
    with replacing(path) as part:
        figure.savefig(part, dpi=_DPI, facecolor=style.background)
    if not style.vector:
        return [path]
    from matplotlib import rc_context

    drawing = path.with_suffix(".svg")
    with (
        rc_context({"svg.hashsalt": "ferbench", "svg.fonttype": "none"}),
        replacing(drawing) as part,
    ):
        figure.savefig(part, facecolor=style.background, metadata={"Date": None})
    return [path, drawing]
