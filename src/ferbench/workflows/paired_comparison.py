"""Runs compared with a first one by participant: numbers, tables, plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferbench.report.statistics_words import number
from ferbench.report.text_table import TextTable
from ferbench.results import RunRow
from ferbench.scoring.metrics import MAIN
from ferbench.scoring.ratios import defined
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.paired import Difference
from ferbench.scoring.uncertainty.power import POWER
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd

_HEADER = ("metric", "first", "other", "difference", "95 % interval", "p")
_OF_SEVERAL = ("run", "name", "f1", "difference", "95 % interval", "p (Holm)", "p (max-T)", "p")
"""The columns where several runs are compared with the first."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PairedComparison:
    """Other runs against a first one.

    Attributes:
        first: the run that all are compared with.
        others: the other runs.
        values: by metric, the first run's and then each other's, on the sessions that all have.
        rules: how intervals were made.
        seed: of the random numbers.
        differences: by metric, one for each other run.
        participants: that all were compared on.
        notes: what a reader should know.
    """

    first: RunRow
    others: tuple[RunRow, ...]
    values: dict[str, tuple[float, ...]]
    rules: StatisticsRules
    seed: int
    differences: dict[str, tuple[Difference, ...]]
    participants: int
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """``PairedComparison: 2 runs against hysteresis, 9 participants``."""
        runs = plural(len(self.others), "run")
        participants = plural(self.participants, "participant")
        return f"PairedComparison: {runs} against {self.first.name}, {participants}"

    def to_frame(self) -> pd.DataFrame:
        """A row per other run and metric: both values, difference, interval, p values."""
        import pandas as pd

        rows = []
        for k, other in enumerate(self.others):
            for name, differences in self.differences.items():
                values = self.values[name]
                numbers = {"first": values[0], "other": values[k + 1]}
                difference = _difference_values(differences[k])
                rows.append({"run_id": other.run_id, "metric": name, **numbers, **difference})
        return pd.DataFrame(rows)

    def text_table(self) -> TextTable:
        """The metrics of one other run; of several, the F1 of each."""
        first = f"{self.first.name} ({self.first.run_id[:8]})"
        if len(self.others) > 1:
            return self._table_of_several(first)
        other = self.others[0]
        return TextTable(
            title=f"{other.name} ({other.run_id[:8]}) against {first}",
            header=_HEADER,
            rows=tuple(self._text_row(name) for name in self.differences),
            importance=_HEADER,
        )

    def _text_row(self, name: str) -> tuple[str, ...]:
        """A metric of the other run beside that of the first."""
        first, other = self.values[name][:2]
        row = _difference_texts(self.differences[name][0])
        return (name, number(first), number(other), *row)

    def _table_of_several(self, first: str) -> TextTable:
        """F1 of each other run: corrected p stay longer than that of a single comparison."""
        rows = []
        for other, value, difference in zip(
            self.others, self.values[MAIN][1:], self.differences[MAIN], strict=True
        ):
            change, interval, p = _difference_texts(difference)
            corrected = (number(difference.p_holm, 4), number(difference.p_max, 4))
            rows.append(
                (other.run_id[:8], other.name, number(value), change, interval, *corrected, p)
            )
        return TextTable(
            title=f"F1 of {len(self.others)} runs against {first}, "
            f"F1 {number(self.values[MAIN][0])}",
            header=_OF_SEVERAL,
            rows=tuple(rows),
            importance=_OF_SEVERAL,
        )

    def basis(self) -> list[str]:
        """What the numbers rest on, and what a reader should know."""
        example = self.differences[MAIN][0]
        swaps = f"{example.swaps} random swaps"
        if example.exact:
            swaps = f"all {example.swaps} swaps"
        return [
            f"{self.participants} participants; p by {swaps} of the two runs within "
            f"participants; intervals by {self.rules.draws} draws of them, method "
            f"{self.rules.method}; seed {self.seed}",
            *self._what_could_be_found(),
            *self.notes,
        ]

    def _what_could_be_found(self) -> list[str]:
        """The least difference that would mostly be found, where none was by Holm's p."""
        alpha = self.rules.alpha
        sizes = [
            each.least_detectable
            for each in self.differences[MAIN]
            if each.p_holm > alpha and not math.isnan(each.least_detectable)
        ]
        if not sizes:
            return []
        least, most = number(min(sizes)), number(max(sizes))
        size = f"of {least}" if least == most else f"of {least} to {most}"
        several = len(self.others) > 1
        each = f"{alpha:g} divided by {len(self.others)} comparisons" if several else f"{alpha:g}"
        return [
            f"{plural(self.participants, 'participant')} like these would show a difference in F1 "
            f"{size} in {POWER:.0%} of studies (p <= {each}); a smaller one may be there unseen"
        ]

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values; undefined is None."""
        return {
            "first": self.first.run_id,
            "values": {name: defined(values[0]) for name, values in self.values.items()},
            "participants": self.participants,
            "draws": self.rules.draws,
            "confidence": self.rules.confidence,
            "method": self.rules.method,
            "seed": self.seed,
            "others": [self._plain_run(k) for k in range(len(self.others))],
            "notes": list(self.notes),
        }

    def _plain_run(self, k: int) -> dict[str, Any]:
        metrics: dict[str, Any] = {}
        for name, differences in self.differences.items():
            difference = differences[k]
            numbers = {key: defined(x) for key, x in _difference_values(difference).items()}
            metrics[name] = {
                "value": defined(self.values[name][k + 1]),
                **numbers,
                "exact": difference.exact,
                "swaps": difference.swaps,
            }
        return {"run_id": self.others[k].run_id, **metrics}


def _difference_values(difference: Difference) -> dict[str, float]:
    return {
        "difference": difference.value,
        "low": difference.interval.low,
        "high": difference.interval.high,
        "p": difference.p,
        "p_holm": difference.p_holm,
        "p_max": difference.p_max,
        "least_detectable": difference.least_detectable,
    }


def _difference_texts(difference: Difference) -> tuple[str, str, str]:
    """Difference with its sign, interval, p."""
    low, high = difference.interval.low, difference.interval.high
    sign = ""
    if difference.value > 0:
        sign = "+"
    interval = f"{number(low)} to {number(high)}"
    return f"{sign}{number(difference.value)}", interval, number(difference.p, 4)
