"""Numbers of statistics as words."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ferbench.scoring.metrics import headline
from ferbench.scoring.uncertainty.chance import Chance
from ferbench.scoring.uncertainty.intervals import Interval
from ferbench.types import Score


def number(value: float, decimals: int = 3) -> str:
    """A number; a dash where it is undefined.

    >>> number(0.25), number(float("nan"))
    ('0.250', '-')
    """
    if math.isnan(value):
        return "-"
    return f"{value:.{decimals}f}"


def counted(count: float, one: str, more: str = "") -> str:
    """A whole number of things; ``more`` is their plural, if it is not ``one`` with an s.

    >>> counted(1.0, "match", "matches"), counted(2.0, "event")
    ('1 match', '2 events')
    """
    things = one
    if count != 1:
        things = more or f"{one}s"
    return f"{count:.0f} {things}"


def ignored_text(num_ignored: int) -> str:
    """Further events that are no false alarms, to stand behind the other counts; "" = none."""
    return f", {num_ignored} ignored" if num_ignored else ""


def scores_line(scores: Iterable[Score]) -> str:
    """The headline metrics in one line: ``precision 0.750, recall 0.600, ...``."""
    values = {score.name: score.value for score in scores}
    return ", ".join(
        f"{metric.name} {number(values[metric.logged_as])}"
        for metric in headline()
        if metric.logged_as in values
    )


def interval_text(interval: Interval | None, decimals: int = 3) -> str:
    """An interval to stand behind its number; "" = there is none."""
    if interval is None or math.isnan(interval.low):
        return ""
    return f" [{number(interval.low, decimals)}, {number(interval.high, decimals)}]"


def beside_chance(chance: Chance | None, decimals: int = 3) -> str:
    """The chance level to stand behind a number; "" = there is none."""
    if chance is None or math.isnan(chance.mean):
        return ""
    times = ""
    if math.isfinite(chance.times):
        times = f", {chance.times:.1f} times chance"
    return f"; chance {number(chance.mean, decimals)}, p = {chance.p:.4f}{times}"
