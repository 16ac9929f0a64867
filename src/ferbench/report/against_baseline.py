"""The best detector of expressions beside the best one that knows nothing of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ferbench.report.statistics_words import interval_text, number
from ferbench.results import RunRow
from ferbench.scoring.ratios import defined
from ferbench.scoring.uncertainty.paired import Difference
from ferbench.wording import plural

BASELINE_TAG: Final = "ferbench.baseline"
"""Tag of a run whose detector knows nothing of expressions: what it goes by."""

_MERELY: Final[Mapping[str, str]] = {
    "head_motion": "a face that merely moves",
    "mouth_opening": "a mouth that merely moves",
    "face_size": "a face that merely comes nearer",
    "brightness": "a picture that merely gets brighter",
    "any_motion": "a picture in which something moves",
    "periodic": "an alarm clock",
    "random": "events at random times",
}


def baseline_of(run: RunRow) -> str:
    """What a run goes by whose detector knows nothing of expressions; "" = it is no such run."""
    return run.tags.get(BASELINE_TAG, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgainstBaseline:
    """The best run that is no baseline against the best that is one, both by F1 and in-sample.

    Attributes:
        best: the best run that is no baseline.
        baseline: the best baseline.
        values: F1 of both, on the sessions that both have.
        difference: F1 of the first less that of the baseline, paired by participant.
        participants: that both were compared on.
        notes: what a reader should know.
    """

    best: RunRow
    baseline: RunRow
    values: tuple[float, float]
    difference: Difference
    participants: int
    notes: tuple[str, ...] = ()

    @property
    def is_better(self) -> bool:
        """Whether the best run is better than the baseline at the level of the interval."""
        found = self.difference
        return found.value > 0 and found.p <= 1 - found.interval.level + 1e-12

    def line(self) -> str:
        """One sentence: difference, interval, p, participants, and what follows."""
        found = self.difference
        sign = "+" if found.value > 0 else ""
        verdict = "better than" if self.is_better else "not shown to be better than"
        too_few = ""
        if found.least_p > 1 - found.interval.level:
            too_few = f" (of so few p is never below {found.least_p:.2g})"
        values = " and ".join(number(value) for value in self.values)
        return (
            f"{self.best.name} against the best baseline ({self._which()}): F1 {values}, "
            f"difference {sign}{number(found.value)}{interval_text(found.interval)}, "
            f"p = {number(found.p, 4)}, {plural(self.participants, 'participant')}{too_few}: "
            f"{verdict} {self._than()}"
        )

    def _which(self) -> str:
        goes_by, name = baseline_of(self.baseline), self.baseline.name
        return name if goes_by in name else f"{goes_by}: {name}"

    def _than(self) -> str:
        goes_by = baseline_of(self.baseline)
        return _MERELY.get(goes_by, f"a detector that goes by {goes_by}")

    def numbers(self) -> dict[str, float]:
        """As a sweep logs them: ``baseline/f1``, the difference, its interval and p."""
        found = {
            "baseline/f1": self.values[1],
            "baseline/f1_difference": self.difference.value,
            "baseline/f1_difference.lo": self.difference.interval.low,
            "baseline/f1_difference.hi": self.difference.interval.high,
            "baseline/f1_difference.p": self.difference.p,
        }
        return {name: value for name, value in found.items() if not math.isnan(value)}

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values; undefined is None."""
        interval = self.difference.interval
        return {
            "best": self.best.run_id,
            "best_f1": defined(self.values[0]),
            "baseline": self.baseline.run_id,
            "goes_by": baseline_of(self.baseline),
            "baseline_f1": defined(self.values[1]),
            "difference": defined(self.difference.value),
            "interval": [defined(interval.low), defined(interval.high)],
            "p": defined(self.difference.p),
            "participants": self.participants,
            "is_better": self.is_better,
            "notes": list(self.notes),
        }
