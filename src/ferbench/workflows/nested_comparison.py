"""What is left of the best of several runs once its being chosen is paid for: numbers, words."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferbench.report.statistics_words import interval_text, number
from ferbench.report.text_table import TextTable
from ferbench.results import RunRow
from ferbench.scoring.participants.chosen_within import ChosenWithin
from ferbench.scoring.ratios import defined
from ferbench.scoring.uncertainty.selection import BestOf, Selection
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NestedComparison:
    """Runs of which the best is chosen, and what may be said of such a choice.

    Attributes:
        runs: that were chosen between.
        values: F1 of each, on the sessions that all have.
        selection: each participant left out in turn, and the run that is best on the others.
        within: the run chosen on a participant's other sessions; None = nobody has
            several with annotations.
        best_of: the best of all beside the best of all by chance; None = see ``no_chance``.
        no_chance: why there is no such p; "" = there is.
        participants: that were left out in turn.
        draws: of the interval, and of each null detector.
        seed: of the random numbers.
        notes: what a reader should know.
        what: what was chosen between, such as a sweep's name.
    """

    runs: tuple[RunRow, ...]
    values: tuple[float, ...]
    selection: Selection
    within: ChosenWithin | None
    best_of: BestOf | None
    no_chance: str
    participants: int
    draws: int
    seed: int
    notes: tuple[str, ...]
    what: str = "the runs"

    def __repr__(self) -> str:
        """``NestedComparison: 48 runs, 12 participants; F1 0.310 [0.210, 0.420]``."""
        runs, participants = plural(len(self.runs), "run"), plural(self.participants, "participant")
        return f"NestedComparison: {runs}, {participants}; F1 {self._value_text()}"

    def _value_text(self) -> str:
        return f"{number(self.selection.value)}{interval_text(self.selection.interval)}"

    def times_chosen(self) -> list[tuple[int, int]]:
        """Position of each run that was chosen, and for how many participants, most first."""
        counted = Counter(at for at in self.selection.chosen.tolist() if at >= 0)
        return sorted(counted.items(), key=lambda item: (-item[1], item[0]))

    def lines(self) -> list[str]:
        """What a paper would say."""
        best = self.selection.best
        if best < 0:
            return ["no run has a defined F1: nothing can be chosen", *self.notes]
        participants = plural(self.participants, "participant")
        lines = [
            f"chosen on the others, scored on the one left out, {participants}: "
            f"F1 {self._value_text()}; in-sample best {number(self.selection.best_value)} "
            f"({self.runs[best].name})",
            "times chosen: for how many participants it was best on the others",
            *self._within_lines(),
            *self._chance_lines(),
        ]
        return [*lines, *self.notes]

    def _within_lines(self) -> list[str]:
        if self.within is None:
            return []
        one = self.within
        left_out = f" ({one.left_out} have no other session to choose on)" if one.left_out else ""
        return [
            f"chosen on the same participant's other sessions, "
            f"{plural(one.participants, 'participant')}{left_out}: F1 {number(one.value)}"
            f"{interval_text(one.interval)}; on the same sessions, chosen on the other "
            f"participants {number(one.between)}, best {number(one.best)} (optimistic)"
        ]

    def _chance_lines(self) -> list[str]:
        if self.best_of is None or self.best_of.hardest is None:
            return [self.no_chance] if self.no_chance else []
        chance = self.best_of.chances[self.best_of.hardest]
        return [
            f"best of {plural(len(self.runs), 'run')} by chance: F1 {number(chance.mean)}, "
            f"p = {chance.p:.4f} ({self.best_of.hardest}, max-T)"
        ]

    def text_table(self) -> TextTable:
        """The runs that were chosen, and how often."""
        rows = [
            (self.runs[at].run_id[:8], self.runs[at].name, number(self.values[at]), str(times))
            for at, times in self.times_chosen()
        ]
        header = ("run", "name", "f1", "times chosen")
        return TextTable(
            title=f"best of {self.what}", header=header, rows=tuple(rows), importance=header
        )

    def to_frame(self) -> pd.DataFrame:
        """A row per run: its F1 on everybody, and for how many participants it was chosen."""
        import pandas as pd

        times = dict(self.times_chosen())
        return pd.DataFrame(
            {
                "run_id": [run.run_id for run in self.runs],
                "name": [run.name for run in self.runs],
                "f1": self.values,
                "chosen": [times.get(at, 0) for at in range(len(self.runs))],
            }
        )

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values; undefined is None."""
        interval = self.selection.interval
        best = self.selection.best
        chances = {}
        if self.best_of is not None:
            for name, chance in self.best_of.chances.items():
                chances[name] = {"f1": defined(chance.mean), "p": defined(chance.p)}
        return {
            "f1": defined(self.selection.value),
            "interval": [defined(interval.low), defined(interval.high)],
            "within": self._plain_within(),
            "best": self.runs[best].run_id if best >= 0 else None,
            "best_f1": defined(self.selection.best_value),
            "chosen": {self.runs[at].run_id: times for at, times in self.times_chosen()},
            "max_t": chances,
            "participants": self.participants,
            "draws": self.draws,
            "seed": self.seed,
            "notes": list(self.notes),
        }

    def _plain_within(self) -> dict[str, Any] | None:
        if self.within is None:
            return None
        one = self.within
        return {
            "f1": defined(one.value),
            "interval": [defined(one.interval.low), defined(one.interval.high)],
            "between": defined(one.between),
            "best_f1": defined(one.best),
            "participants": one.participants,
            "left_out": one.left_out,
        }

    def numbers(self) -> dict[str, float]:
        """As a sweep logs them: ``nested/f1``, its interval, and p of the best of all."""
        found = {
            "nested/f1": self.selection.value,
            "nested/f1.lo": self.selection.interval.low,
            "nested/f1.hi": self.selection.interval.high,
            "nested/best_f1": self.selection.best_value,
        }
        if self.best_of is not None and self.best_of.hardest is not None:
            chance = self.best_of.chances[self.best_of.hardest]
            found |= {"nested/best_f1.chance": chance.mean, "nested/best_f1.p": chance.p}
        if self.within is not None:
            found |= {
                "nested/within_f1": self.within.value,
                "nested/within_f1.lo": self.within.interval.low,
                "nested/within_f1.hi": self.within.interval.high,
                "nested/within_f1.between": self.within.between,
                "nested/within_f1.best": self.within.best,
            }
        return {name: value for name, value in found.items() if not math.isnan(value)}
