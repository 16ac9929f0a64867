"""What a benchmark is held to: a bar, what was measured, and whether it was met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from benchmarks.turns import Turn, Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of the table.

    Attributes:
        what: what is measured.
        values: one per round; () = it was not measured.
        unit: ``times``, ``%``, ``s``, ``MB``, ``fps``, or that of a count.
        least: the bar, where more is better; None = there is none.
        most: the bar, where less is better; None = there is none.
        note: absolute figures beside it, or why it was not measured.
    """

    what: str
    values: tuple[float, ...]
    unit: str = "times"
    least: float | None = None
    most: float | None = None
    note: str = ""

    @property
    def value(self) -> float:
        """Median of the rounds."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the median reaches the bar; None = no bar, or not measured."""
        if not self.values or (self.least is None and self.most is None):
            return None
        above = self.least is None or self.value >= self.least
        below = self.most is None or self.value <= self.most
        return above and below

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        values = [round(value, 4) for value in self.values]
        median_of = {"median": round(self.value, 4), "met": self.met} if values else {}
        return {**asdict(self), "values": values, **median_of}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Bar:
        """From JSON."""
        known = {key: value for key, value in plain.items() if key not in ("median", "met")}
        return cls(**{**known, "values": tuple(plain["values"])})


def ratios(
    above: Turns, below: Turns, of: Callable[[Turn], float] = lambda turn: turn.wall_s
) -> tuple[float, ...]:
    """One contender's figure over another's, round for round."""
    return tuple(of(a) / of(b) for a, b in zip(above.turns, below.turns, strict=True))


def per_frame(turns: Turns) -> str:
    """``12.3 ms``, of the clock, a frame."""
    return f"{1e3 * turns.wall_s / turns.units:.2f} ms"


def text(bars: Sequence[Bar]) -> str:
    """The table, a line per bar and its note below it."""
    lines = [f"{'what':66} {'bar':>14} {'measured [least, most]':>28}  met"]
    for bar in bars:
        lines.append(f"{bar.what:66} {_bar(bar):>14} {_measured(bar):>28}  {_met(bar)}")
        if bar.note:
            lines.append(f"    {bar.note}")
    return "\n".join(lines)


def _bar(bar: Bar) -> str:
    if bar.least is not None:
        return f">= {bar.least:g} {bar.unit}"
    return "" if bar.most is None else f"<= {bar.most:g} {bar.unit}"


def _measured(bar: Bar) -> str:
    if not bar.values:
        return "not measured"
    low, high = min(bar.values), max(bar.values)
    return f"{_number(bar.value)} [{_number(low)}, {_number(high)}]"


def _number(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"


def _met(bar: Bar) -> str:
    return {True: "yes", False: "NO", None: "-"}[bar.met]
