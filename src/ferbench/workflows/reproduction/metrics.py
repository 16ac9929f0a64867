"""Numbers of a run beside those of its reproduction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ferbench.scoring.ratios import defined
from ferbench.tracking.record import as_logged

_OF_THE_MACHINE: Final = ("speed/", "work/")
"""What a run tells of its own pace and effort; never the same twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricDrift:
    """A number of two runs; undefined is NaN.

    Attributes:
        name: as it is logged.
        recorded: in the run.
        now: in the reproduction.
    """

    name: str
    recorded: float
    now: float

    @property
    def drifts(self) -> bool:
        """Whether the two differ; undefined is the same as undefined."""
        if math.isnan(self.recorded) or math.isnan(self.now):
            return math.isnan(self.recorded) != math.isnan(self.now)
        return self.recorded != self.now

    @property
    def difference(self) -> float:
        """The reproduction's less the run's."""
        return self.now - self.recorded

    @property
    def relative(self) -> float:
        """The difference as a share of the run's number; NaN where that is 0."""
        return self.difference / abs(self.recorded) if self.recorded else math.nan

    def as_plain(self) -> dict[str, Any]:
        """Plain values; undefined is None."""
        numbers = {
            "recorded": self.recorded,
            "now": self.now,
            "difference": self.difference,
            "relative": self.relative,
        }
        plain = {name: defined(number) for name, number in numbers.items()}
        return {"name": self.name, "drifts": self.drifts, **plain}


def compare_metrics(
    recorded: Mapping[str, float], now: Mapping[str, float]
) -> tuple[MetricDrift, ...]:
    """Every number of either run, by name, without those of pace and effort.

    They are compared with the digits that mean something (``as_logged``).
    """
    recorded, now = as_logged(recorded), as_logged(now)
    names = {name for name in {*recorded, *now} if not name.startswith(_OF_THE_MACHINE)}
    return tuple(
        MetricDrift(name=name, recorded=recorded.get(name, math.nan), now=now.get(name, math.nan))
        for name in sorted(names)
    )
