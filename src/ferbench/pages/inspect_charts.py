"""Small charts as SVG within a page: histograms and reliability diagrams, in the page's colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

_WIDTH: Final = 190.0
_HEIGHT: Final = 56.0
_BELOW: Final = 16.0
_SIDE: Final = 210.0
_EDGE: Final = 34.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A histogram: its bins stand side by side with one width each.

    Attributes:
        what: the quantity with its unit, for those who cannot see it.
        edges: of N bins, N + 1 texts.
        counts: N counts.
        ticks: which edges are written below it, by their position.
        is_centred: ticks stand below the middle of the bin that they begin.
    """

    what: str
    edges: tuple[str, ...]
    counts: tuple[int, ...]
    ticks: tuple[int, ...]
    is_centred: bool = False

    def __html__(self) -> str:
        """The chart; each bar tells its bin and its count."""
        if not any(self.counts):
            return Markup('<span class="faint">none</span>')
        most = max(self.counts)
        step = _WIDTH / len(self.counts)
        parts = []
        for place, count in enumerate(self.counts):
            if count:
                height = max(_HEIGHT * count / most, 1.0)
                tip = f"{self.edges[place]} to {self.edges[place + 1]}: {count}"
                if self.is_centred:
                    tip = f"{self.edges[place]}: {count}"
                parts.append(
                    f'<rect x="{place * step:.2f}" y="{_HEIGHT - height:.2f}" '
                    f'width="{max(step - 0.6, 0.6):.2f}" height="{height:.2f}">'
                    f"<title>{escape(tip)}</title></rect>"
                )
        parts.append(f'<path class="rule" d="M0 {_HEIGHT}H{_WIDTH}"/>')
        parts += [self._tick(place, step) for place in self.ticks]
        summary = f"histogram of {self.what}, the highest bin has {most}"
        return Markup(
            f'<svg class="bars" role="img" aria-label="{escape(summary)}" '
            f'viewBox="0 0 {_WIDTH:g} {_HEIGHT + _BELOW:g}">{"".join(parts)}</svg>'
        )

    def _tick(self, place: int, step: float) -> str:
        anchor = "start" if place == 0 else "end" if place == len(self.counts) else "middle"
        x = place * step
        if self.is_centred:
            anchor, x = "middle", x + step / 2
        return (
            f'<text x="{x:.2f}" y="{_HEIGHT + 12:g}" text-anchor="{anchor}">'
            f"{escape(self.edges[place])}</text>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How often a classifier is right over how sure it is.

    Attributes:
        confidence: mean of each bin, NaN = empty.
        correct: share of each bin.
        frames: of each bin.
        unit: what they are.
    """

    confidence: tuple[float, ...]
    correct: tuple[float, ...]
    frames: tuple[int, ...]
    unit: str = "frames"

    def __html__(self) -> str:
        """The diagram: a point for each bin, larger ones for more frames, and the diagonal."""
        size = _SIDE - _EDGE
        low, right = _SIDE - _EDGE, _SIDE - 4
        most = max(self.frames, default=0)
        grid = "".join(
            f'<path class="grid" d="M{_EDGE + share * (right - _EDGE):.1f} 4V{low}"/>'
            f'<path class="grid" d="M{_EDGE} {low - share * (low - 4):.1f}H{right}"/>'
            for share in (0.0, 0.25, 0.5, 0.75, 1.0)
        )
        points = []
        for confidence, correct, frames in zip(
            self.confidence, self.correct, self.frames, strict=True
        ):
            if frames and math.isfinite(confidence):
                x = _EDGE + confidence * (right - _EDGE)
                y = low - correct * (low - 4)
                radius = 3 + 5 * math.sqrt(frames / most)
                tip = f"sure {confidence:.3f}, right {correct:.3f}, {frames} {self.unit}"
                points.append(
                    f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
                    f"<title>{tip}</title></circle>"
                )
        words = (
            f'<text x="{_EDGE}" y="{low + 13}">0</text>'
            f'<text x="{right}" y="{low + 13}" text-anchor="end">1</text>'
            f'<text x="{_EDGE + size / 2:.0f}" y="{low + 28}" text-anchor="middle">'
            "confidence</text>"
            f'<text x="{_EDGE - 4}" y="{low}" text-anchor="end">0</text>'
            f'<text x="{_EDGE - 4}" y="14" text-anchor="end">1</text>'
            f'<text transform="translate(12 {low / 2:.0f}) rotate(-90)" text-anchor="middle">'
            "share that is right</text>"
        )
        diagonal = f'<path class="diagonal" d="M{_EDGE} {low}L{right} 4"/>'
        return Markup(
            '<svg class="reliability" role="img" aria-label="reliability diagram; its numbers are '
            f'in calibration.csv" viewBox="0 0 {_SIDE:g} {_SIDE:g}">'
            f"{grid}{diagonal}{''.join(points)}{words}</svg>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """What a classifier takes for what.

    Attributes:
        true: names of the rows.
        said: names of the columns.
        counts: of each row.
    """

    true: tuple[str, ...]
    said: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def rows(self) -> tuple[tuple[str | MatrixCell, ...], ...]:
        """The rows of a table, their names first."""
        return tuple(
            (
                f"{name} ({sum(counts)})",
                *(MatrixCell(count=count, of=sum(counts)) for count in counts),
            )
            for name, counts in zip(self.true, self.counts, strict=True)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixCell:
    """A cell of a matrix: the darker, the larger its share of the row.

    Attributes:
        count: what it holds.
        of: what its row holds.
    """

    count: int
    of: int

    def __html__(self) -> str:
        """Share and count; nothing where it is empty."""
        if not self.count:
            return Markup("")
        share = self.count / self.of
        return Markup(
            f'<span class="cell" style="--share: {share:.3f}">{100 * share:.0f} % '
            f"({self.count})</span>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of labels as bars with their names.

    Attributes:
        of: names and shares, 0 to 1 or NaN.
    """

    of: tuple[tuple[str, float], ...]

    def __html__(self) -> str:
        """A line for each label; expressions have their colour, and all their name and number."""
        lines = []
        for name, share in self.of:
            width = 100 * share if math.isfinite(share) else 0
            text = f"{100 * share:.1f} %" if math.isfinite(share) else "–"
            lines.append(
                f'<div class="share"><span>{escape(name)}</span><span class="track">'
                f'<span style="width: {width:.2f}%; background: var(--{escape(name)}, '
                f'var(--faint))"></span></span><span class="number">{text}</span></div>'
            )
        return Markup("".join(lines))


def number(value: float, digits: int = 3) -> str:
    """A number for a cell; undefined is a dash.

    >>> number(0.12345), number(1200.0), number(float("nan"))
    ('0.123', '1200', '–')
    """
    if not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}" if abs(value) < 100 and value != int(value) else f"{value:.0f}"


def even_ticks(edges: Sequence[float], digits: int = 2) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Texts of evenly spaced edges, and that the first, middle and last are written."""
    texts = tuple(f"{edge:.{digits}f}".rstrip("0").rstrip(".") or "0" for edge in edges)
    return texts, (0, (len(edges) - 1) // 2, len(edges) - 1)
