"""How things look wherever they are drawn: pictures, pages and rendered video share these colours.

The colours of the expressions were searched for: each has a contrast of at least 3:1 on white and
on the dark background (WCAG 2.2, 1.4.11), and no two are closer than 0.07 in OKLab (Ottosson 2020)
for full colour vision, protanopia, deuteranopia or tritanopia (Machado et al. 2009, severity 1).
Colour never stands alone: curves have a dash pattern each, marks have a shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from ferbench.errors import ConfigError

EXPRESSION_COLOURS: Final = {
    "anger": "#b84204",
    "contempt": "#9e78ff",
    "disgust": "#2b92bd",
    "fear": "#972cbd",
    "happiness": "#c58000",
    "neutral": "#7a7a7a",
    "sadness": "#0f4bfd",
    "surprise": "#ff26a9",
}
"""One colour per expression, the same on light and on dark backgrounds."""

OTHER_COLOUR: Final = "#7a7a7a"
"""Of a label that is no expression."""

DASHES: Final[dict[str, tuple[float, ...]]] = {
    "anger": (6.0, 2.0),
    "contempt": (1.0, 2.0),
    "disgust": (8.0, 2.0, 2.0, 2.0),
    "fear": (3.0, 3.0),
    "happiness": (10.0, 3.0),
    "neutral": (2.0, 4.0),
    "sadness": (5.0, 2.0, 1.0, 2.0),
    "surprise": (),
}
"""Lengths of strokes and gaps, in widths of the line; none is a full line."""

OTHER_DASHES: Final[tuple[tuple[float, ...], ...]] = (
    (12.0, 2.0),
    (4.0, 2.0),
    (9.0, 2.0, 1.0, 2.0),
    (2.0, 2.0),
    (6.0, 4.0, 2.0, 4.0),
    (1.0, 1.0),
)
"""Of curves without a colour of their own, in turn."""

Theme = Literal["light", "dark"]

BACKGROUND: Final[dict[Theme, str]] = {"light": "#ffffff", "dark": "#0d1117"}
INK: Final[dict[Theme, str]] = {"light": "#1b1f24", "dark": "#e6e9ed"}
FAINT: Final[dict[Theme, str]] = {"light": "#57606a", "dark": "#9da7b1"}
"""Of secondary text and rules."""
GRID: Final[dict[Theme, str]] = {"light": "#d8dee4", "dark": "#333b44"}

HIT_COLOUR: Final = "#0f7b3e"
FALSE_ALARM_COLOUR: Final = "#d1242f"
MISSED_COLOUR: Final = "#bc6c00"
NOT_SCORED_COLOUR: Final = "#7a7a7a"


def colour_of(label: str) -> str:
    """The colour of an expression, also of a falling one; grey for any other label.

    >>> colour_of("falling fear") == colour_of("fear")
    True
    """
    return EXPRESSION_COLOURS.get(label.rpartition(" ")[2], OTHER_COLOUR)


def dashes_of(labels: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Dashes of curves by name: an expression's own; the others take turns."""
    others = [label for label in dict.fromkeys(labels) if label not in DASHES]
    turns = {label: OTHER_DASHES[at % len(OTHER_DASHES)] for at, label in enumerate(others)}
    return {label: DASHES.get(label, turns.get(label, ())) for label in labels}


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green, blue, 0 to 255, of ``#rrggbb``.

    Raises:
        ConfigError: another form.
    """
    digits = colour.removeprefix("#")
    try:
        value = int(digits, 16) if len(digits) == 6 else -1
    except ValueError:
        value = -1
    if value < 0:
        raise ConfigError(key="colour", got=colour, expected="#rrggbb, six hexadecimal digits")
    return value >> 16, value >> 8 & 255, value & 255
