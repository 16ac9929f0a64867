"""A table of runs: in order, without what they have in common; as text, CSV and plain values."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ferbench.report.against_baseline import AgainstBaseline, baseline_of
from ferbench.report.shown_numbers import (
    column_titles,
    format_number,
    is_smaller_better,
    is_whole,
)
from ferbench.report.text_table import TextTable
from ferbench.results import RunRow
from ferbench.sentences import Setting, Text
from ferbench.wording import plural

if TYPE_CHECKING:
    import pandas as pd


_FIRST_CHOICES: Final = 4
"""Choices that are kept longer than a number's interval, chance level and p."""
_COMPARED: Final = ("model", "detector", "event")
_OF_A_NUMBER: Final = ("lo", "hi", "chance", "p")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison:
    """A table of runs.

    Attributes:
        params: names of the choices that differ between the runs.
        by: number that the rows are sorted by; "" = they are sorted by name, for there is nothing
            that is better.
        metrics: names of the numbers shown, ``by`` first.
        rows: best first; runs without that number last.
        constant: choices that are the same in all runs.
        data: where runs were scored on different files: a letter for each run id, the same for the
            same files.
        states: where not every run is finished: the state of each run id.
        warnings: why the numbers cannot be compared, one sentence each.
        against_baseline: the best run that is no baseline against the best baseline; None = not
            both are there, or they were not compared.
        notes: what else a reader should know, such as why they were not.
    """

    by: str
    params: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[RunRow, ...]
    constant: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    against_baseline: AgainstBaseline | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """``Comparison: 12 runs by event/f1, best 0.889 (hysteresis enter=0.6)``, and warnings."""
        order = self.by or "name"
        line = f"Comparison: {plural(len(self.rows), 'run')} by {order}"
        best = self.best
        if best is not None:
            line = f"{line}, best {format_number(best.metrics[self.by])} ({best.name})"
        lines = [line, *(f"  warning: {warning}" for warning in self.warnings)]
        if self.against_baseline is not None:
            lines.append(f"  {self.against_baseline.line()}")
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    @property
    def best(self) -> RunRow | None:
        """The first run, where it is really better than nothing; no baseline, if others are there.

        Scored above 0, and on the data of the others.
        """
        if not self.by or self.warnings or not self.rows:
            return None
        first = next((row for row in self.rows if not baseline_of(row)), self.rows[0])
        value = first.metrics.get(self.by, math.nan)
        if math.isnan(value):
            return None
        if value <= 0 and not is_smaller_better(self.by):
            return None
        return first

    def cells(self, row: RunRow) -> list[str]:
        """Texts of a row in the order of ``header``."""
        texts = [row.run_id[:8], *self._labels(row)]
        for name in self.metrics:
            value = row.metrics.get(name, math.nan)
            texts.append(format_number(value, whole=is_whole(name)))
        return texts

    @property
    def header(self) -> list[str]:
        """Column names: short run id, marks, differing choices, numbers.

        Numbers without their family (``event/f1`` is ``f1``), where that is clear.
        """
        return ["run", *self.marks, *self.params, *column_titles(self.metrics)]

    @property
    def importance(self) -> list[str]:
        """The header's names, what says most first: for a screen that has no room for all."""
        marks = [name for name in ("data", "baseline") if name in self.marks]
        telling = self._telling_choices()
        others = [name for name in self.params if name not in telling]
        first = ["run", *column_titles(self.metrics)[:1], *marks, *telling[:_FIRST_CHOICES]]
        rest = [*telling[_FIRST_CHOICES:], *self.marks, *others, *column_titles(self.metrics)]
        return list(dict.fromkeys([*first, *self._uncertainty, *rest]))

    @property
    def _uncertainty(self) -> list[str]:
        """Names of the header that a number is not to be read without, after the number."""
        titles = dict(zip(self.metrics, column_titles(self.metrics), strict=True))
        ends = [name for name in titles if name.rpartition(".")[2] in _OF_A_NUMBER]
        numbers = {name.rpartition(".")[0] for name in ends}
        return [title for name, title in titles.items() if name in numbers or name in ends]

    def _telling_choices(self) -> list[str]:
        """Choices that tell runs apart, each one that those before it leave alike.

        What was compared comes first (a model, a detector, a rule), then other choices, then the
        values that go with them.
        """
        rows = [row for row in self.rows if row.params]
        labels: list[tuple[str, ...]] = [(self.data.get(row.run_id, ""),) for row in rows]
        left = sorted(self.params, key=_rank)
        telling: list[str] = []
        while left:
            sizes = {name: len(set(_with_choice(labels, rows, name))) for name in left}
            left = [name for name in left if sizes[name] > len(set(labels))]
            if not left:
                return telling
            alike = [name for name in left if _rank(name) == _rank(left[0])]
            most = max(alike, key=lambda name: sizes[name])  # the first of equal ones
            labels = _with_choice(labels, rows, most)
            telling.append(most)
            left.remove(most)
        return telling

    @property
    def short_header(self) -> list[str]:
        """The header's names without what they share with others: ``enter``, ``chance``."""
        numbers = column_titles(self.metrics)
        titles = [*self.marks, *self.params, *numbers]
        shortened = {*self.params, *self._uncertainty}
        short = [_last_part(name, titles) if name in shortened else name for name in titles]
        return ["run", *short]

    @property
    def marks(self) -> dict[str, dict[str, str]]:
        """Titles of what marks runs apart, with each run's mark: state, data, baseline.

        Those that no run has are left out.
        """
        baselines = {row.run_id: "yes" if baseline_of(row) else "" for row in self.rows}
        found = {"state": dict(self.states), "data": dict(self.data)}
        if any(baselines.values()):
            found["baseline"] = baselines
        return {title: marks for title, marks in found.items() if marks}

    def text_table(self, title: str) -> TextTable:
        """The shown columns as texts."""
        return TextTable(
            title=title,
            header=tuple(self.header),
            rows=tuple(tuple(self.cells(row)) for row in self.rows),
            importance=tuple(self.importance),
            pairs=_pairs(self._uncertainty),
            essential=(*self.marks, *self._uncertainty),
            short_header=tuple(self.short_header),
        )

    def to_frame(self) -> pd.DataFrame:
        """A row per run, best first, by its full id: the columns of ``to_csv``, NaN = undefined."""
        import pandas as pd

        rows = []
        for row in self.rows:
            numbers = [row.metrics.get(name, math.nan) for name in self.metrics]
            rows.append([*self._labels(row), *numbers])
        columns = [*self.marks, *self.params, *self.metrics]
        run_ids = pd.Index([row.run_id for row in self.rows], name="run_id")
        return pd.DataFrame(rows, columns=columns, index=run_ids)

    def to_csv(self) -> str:
        """All columns as CSV, with full run ids, states and all digits."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["run_id", *self.marks, *self.params, *self.metrics])
        for row in self.rows:
            numbers = [row.metrics.get(name, "") for name in self.metrics]
            writer.writerow([row.run_id, *self._labels(row), *numbers])
        return text.getvalue()

    def _labels(self, row: RunRow) -> list[str]:
        """The marks and the differing choices of a run."""
        marks = [of_runs[row.run_id] for of_runs in self.marks.values()]
        choices = [row.params.get(name, "") for name in self.params]
        return [*marks, *choices]

    def as_plain(self) -> dict[str, Any]:
        """Everything: common choices, warnings, and each run with params, metrics and tags."""
        return {
            "sorted_by": self.by or "name",
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "constant": dict(self.constant),
            "against_baseline": self.against_baseline and self.against_baseline.as_plain(),
            "runs": [_plain_run(row) for row in self.rows],
        }

    def best_cell(self) -> str:
        """Which cell of a sweep is the best and what that is worth, or why none is."""
        best = self.best
        if best is None:
            return self._no_best_cell()
        value = best.metrics[self.by]
        equal = [row for row in self.rows if row.metrics.get(self.by) == value]
        num_equal = sum(bool(baseline_of(row)) == bool(baseline_of(best)) for row in equal)
        tie = ""
        if num_equal > 1:
            tie = f" ({num_equal} cells share it)"
        caution = "it was chosen on the data it is scored on (in-sample)"
        if f"{self.by}.p" in best.metrics:
            caution += "; p and interval are not corrected for this selection"
        which = "best cell"
        if "baseline" in self.marks and not baseline_of(best):
            which = "best cell that is no baseline"
        text = f"{which} by {self.by}: {best.name} = {format_number(value)}{tie}; {caution}"
        is_made = any(f"{self.by}.p" in row.metrics for row in self.rows)
        if is_made and any(f"{self.by}.p" not in row.metrics for row in self.rows if row.metrics):
            only = "\nchance level and interval are made for the best cell only; "
            return Text(text, only, Setting("statistics.intervals", "all"), " makes them for all")
        return text

    def _no_best_cell(self) -> str:
        if self.warnings:
            how = "on different data" if self.data else "in different ways"
            return f"the cells were scored {how}, so none is called the best"
        if self.by:
            return f"no cell has {self.by} above 0, so none is the best"
        return "nothing is annotated, so no cell is better than another"


def _rank(name: str) -> int:
    """How soon a choice is shown where it tells runs apart, 0 = first."""
    if name in _COMPARED:
        return _COMPARED.index(name)
    return len(_COMPARED) + ("." in name)


def _with_choice(
    labels: Sequence[tuple[str, ...]], rows: Sequence[RunRow], name: str
) -> list[tuple[str, ...]]:
    """What is shown of each run, with one more choice."""
    return [(*label, row.params.get(name, "")) for label, row in zip(labels, rows, strict=True)]


def _pairs(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Both ends of each interval among columns' names."""
    ends = [(name, f"{name.removesuffix('.lo')}.hi") for name in names if name.endswith(".lo")]
    return tuple(pair for pair in ends if pair[1] in names)


def _plain_run(row: RunRow) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "name": row.name,
        "state": row.state,
        "params": dict(row.params),
        "metrics": dict(row.metrics),
        "tags": dict(row.tags),
    }


def _last_part(name: str, titles: Sequence[str]) -> str:
    """A column's name behind its last dot, where no other column ends so."""
    tail = name.rpartition(".")[2]
    ends_alike = [title for title in titles if title.rpartition(".")[2] == tail]
    return name if len(ends_alike) > 1 else tail
