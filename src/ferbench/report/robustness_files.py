"""F1 under neighbouring settings as a table and a picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.report.figures import PictureStyle, blank_figure, dress, save
from ferbench.report.files import write_csv
from ferbench.report.statistics_words import number
from ferbench.scoring.robustness import Robustness, RobustnessCell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLUMNS = ("post_s", "threshold", "baseline", "events", "f1", "chance", "p", "above", "own")
_TITLE_IN: Final = 6.4
"""As wide as the picture's title."""


def write_robustness(robustness: Robustness, path: Path, pictures: PictureStyle | None) -> None:
    """Write the table, and beside it the picture.

    Args:
        robustness: what to write.
        path: of the table.
        pictures: how the picture is drawn; None = only the table.
    """
    rows = []
    for cell in robustness.cells:
        settings = (cell.post_s, cell.threshold, cell.baseline)
        is_above = cell.p <= robustness.alpha
        found = (cell.events, cell.f1, cell.chance, cell.p, int(is_above), int(cell.is_own))
        rows.append((*settings, *found))
    write_csv(path, _COLUMNS, rows)
    if pictures:
        _picture(robustness, path.with_suffix(".png"), pictures)


def _picture(robustness: Robustness, path: Path, style: PictureStyle) -> None:
    """A square for each setting: F1, bold where above chance, framed where it is the run's own."""
    baselines = list(dict.fromkeys(cell.baseline for cell in robustness.cells))
    columns = min(len(baselines), 2)
    rows = math.ceil(len(baselines) / columns)
    windows = _values(robustness, "post_s")
    levels = _values(robustness, "threshold")
    height_in = rows * (1.1 + 0.42 * len(windows)) + 0.7
    width_in = max(1.6 + columns * (0.9 + 0.62 * len(levels)), _TITLE_IN)
    figure = blank_figure(width_in, height_in, style)
    panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    largest = max((c.f1 for c in robustness.cells if not math.isnan(c.f1)), default=0.0)
    for axes, baseline in zip(panels, baselines, strict=False):
        dress(axes, style, ruled=False)
        title = f"baseline {baseline}" if baseline else "this run's events"
        axes.set_title(title, loc="left", fontsize=9, color=style.ink)
        for cell in robustness.cells:
            if cell.baseline == baseline:
                place = (_position(levels, cell.threshold), _position(windows, cell.post_s))
                _square(axes, cell, place, robustness.alpha, largest, style)
        axes.set_xlim(-0.5, len(levels) - 0.5)
        axes.set_ylim(-0.5, len(windows) - 0.5)
        axes.set_xticks(range(len(levels)), [_title(x) for x in levels], fontsize=8)
        axes.set_yticks(range(len(windows)), [f"{_title(x)} s" for x in windows], fontsize=8)
    for axes in panels[len(baselines) :]:
        axes.set_axis_off()
    if not math.isnan(levels[0]):
        figure.supxlabel("threshold", fontsize=9, color=style.ink)
    figure.supylabel("window", fontsize=9, color=style.ink)
    figure.suptitle(
        f"F1 under neighbouring settings: bold = above chance (p <= {robustness.alpha:g}), "
        "frame = this run",
        fontsize=9,
        color=style.ink,
    )
    save(figure, path, style)


def _square(
    axes: Axes,
    cell: RobustnessCell,
    place: tuple[int, int],
    alpha: float,
    largest: float,
    style: PictureStyle,
) -> None:
    """The larger the F1, the darker, up to half of the grid's shade, so that text stays legible."""
    from matplotlib.patches import Rectangle

    share = cell.f1 / largest if largest > 0 and not math.isnan(cell.f1) else 0.0
    x, y = place
    corner = (x - 0.46, y - 0.46)
    axes.add_patch(Rectangle(corner, 0.92, 0.92, facecolor=style.grid, alpha=share, linewidth=0))
    if cell.is_own:
        axes.add_patch(
            Rectangle(corner, 0.92, 0.92, fill=False, edgecolor=style.ink, linewidth=1.6)
        )
    is_above = cell.p <= alpha
    axes.text(
        x,
        y,
        number(cell.f1, 2),
        ha="center",
        va="center",
        fontsize=8,
        color=style.ink if is_above else style.faint,
        fontweight="bold" if is_above else "normal",
    )


def _values(robustness: Robustness, name: str) -> list[float]:
    """The values of a setting, rising; one that is not known alone."""
    values = {getattr(cell, name) for cell in robustness.cells}
    known = sorted(value for value in values if not math.isnan(value))
    return known or [math.nan]


def _position(values: list[float], value: float) -> int:
    return 0 if math.isnan(value) else values.index(value)


def _title(value: float) -> str:
    return "" if math.isnan(value) else f"{value:g}"
