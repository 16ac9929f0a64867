"""Which of a run's numbers are shown beside those of other runs, and how."""

from __future__ import annotations

import math
from typing import Final

from ferbench.scoring.metrics import MAIN, METRICS, headline

MAIN_NUMBER: Final = f"event/{MAIN}"
"""What runs are sorted by."""

BELONGING: Final = tuple(f"{MAIN_NUMBER}.{end}" for end in ("lo", "hi", "chance", "p"))
"""Shown wherever they are known: the main number is not to be read without them."""

OF_CHOICE: Final = {
    "detector": ("quality/faces", "speed/detect_fps"),
    "model": ("speed/classify_fps",),
}
"""Shown where the runs differ in this choice.

The rates are those of when the stage's tables were made.
"""

_OTHERS: Final = (
    f"{MAIN_NUMBER}_macro",
    "event/count",
    "sessions/annotated",
    "sessions/failed",
    "quality/face_share",
    "speed/e2e_fps",
)
_WHOLE: Final = ("event/count", "sessions/failed", "sessions/annotated", "quality/faces")


def shown_numbers() -> tuple[str, ...]:
    """Names of the numbers that runs are shown with, the main one first."""
    metrics = [metric.logged_as for metric in headline() if metric.name != MAIN]
    return (MAIN_NUMBER, *BELONGING, *metrics, *_OTHERS)


def is_smaller_better(name: str) -> bool:
    """Whether less is better of a number.

    >>> [is_smaller_better(name) for name in ("event/fp", "event/f1", "event/f1.p")]
    [True, False, True]
    """
    metric = METRICS.get(name.removeprefix("event/"))
    if metric is not None:
        return not metric.higher_is_better
    return name in (f"{MAIN_NUMBER}.p", "sessions/failed")


def is_whole(name: str) -> bool:
    """Whether a number is counted in whole ones."""
    metric = METRICS.get(name.removeprefix("event/"))
    if metric is not None:
        return metric.decimals == 0
    return name in _WHOLE


def format_number(value: float, *, whole: bool = False) -> str:
    """Three decimals, none for what is counted in whole numbers; empty where undefined.

    >>> format_number(0.5), format_number(2.0, whole=True)
    ('0.500', '2')
    """
    if math.isnan(value):
        return ""
    if whole:
        return f"{value:.0f}"
    return f"{value:.3f}"


def short_name(name: str) -> str:
    """A number's name without its family: ``event/f1`` is ``f1``.

    Of sessions with it, as runs fail too: ``failed_sessions``.
    """
    family, _, last = name.rpartition("/")
    return f"{last}_sessions" if family == "sessions" else last


def column_titles(names: tuple[str, ...]) -> list[str]:
    """Numbers without their family, where that leaves them different."""
    short = [short_name(name) for name in names]
    titles = []
    for name, title in zip(names, short, strict=True):
        is_clear = short.count(title) == 1
        titles.append(title if is_clear else name)
    return titles
