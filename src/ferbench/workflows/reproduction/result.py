"""What came of making a run again: changes, numbers, tables, a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from ferbench.report.text_table import TextTable
from ferbench.results import RunRow
from ferbench.sentences import Setting, Text
from ferbench.wording import plural, some
from ferbench.workflows.reproduction.change import Change
from ferbench.workflows.reproduction.metrics import MetricDrift
from ferbench.workflows.reproduction.tables import TableDrift

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS: Final = 10
_METRIC_HEADER: Final = ("metric", "in the run", "now", "difference", "relative")
_TABLE_HEADER: Final = ("table", "rows", "now", "different", "largest", "in", "first")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reproduction:
    """A run made again.

    Attributes:
        run: the run.
        changes: what is otherwise than in the run, and what it did not record.
        metrics: its numbers beside those of now, by name; none where nothing ran.
        tables: likewise its tables.
        not_compared: what could not be, and why.
        failures: sessions without a result now, and why.
        ran: False = nothing ran, as an input is another one.
        frames: frames that were decoded.
        wall_s: seconds that all sessions took.
    """

    run: RunRow
    changes: tuple[Change, ...]
    metrics: tuple[MetricDrift, ...] = ()
    tables: tuple[TableDrift, ...] = ()
    not_compared: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    ran: bool = False
    frames: int = 0
    wall_s: float = 0.0

    def __repr__(self) -> str:
        """``Reproduction of 1a2b3c4d peaks: no drift: 131 metrics and 17 tables are equal``."""
        return f"Reproduction of {self.run.run_id[:8]} {self.run.name}: {self.verdict}"

    @property
    def _compared(self) -> tuple[MetricDrift | TableDrift, ...]:
        return (*self.metrics, *self.tables)

    @property
    def drifts(self) -> bool:
        """Whether a number or a table is another one."""
        return any(each.drifts for each in self._compared)

    @property
    def is_same(self) -> bool:
        """Whether it ran, and everything came out as in the run."""
        return self.ran and not self.drifts and bool(self.metrics)

    @property
    def reasons(self) -> tuple[Change, ...]:
        """What changed for certain."""
        return tuple(change for change in self.changes if change.is_known)

    @property
    def not_recorded(self) -> tuple[Change, ...]:
        """What may have changed: the run did not record it."""
        return tuple(change for change in self.changes if not change.is_known)

    @property
    def title(self) -> str:
        """Which run, and what was done to make it again."""
        name = f"run {self.run.run_id[:8]} {self.run.name}"
        if not self.ran:
            return name
        return f"{name}, made again: {plural(self.frames, 'frame')} decoded, {self.wall_s:.1f} s"

    @property
    def verdict(self) -> str:
        """What came of it, in one sentence."""
        if not self.ran:
            stopping = some([change.subject for change in self.changes if change.stops])
            return Text(
                f"not run, as this is not what the run had: {stopping}; to run all the same: ",
                Setting("with_changes", "true"),
            )
        metrics, tables = plural(len(self.metrics), "metric"), plural(len(self.tables), "table")
        if not self.drifts:
            although = f", although this changed: {self._what_changed()}" if self.reasons else ""
            return f"no drift: {metrics} and {tables} are equal{although}"
        num_metrics = sum(each.drifts for each in self.metrics)
        num_tables = sum(each.drifts for each in self.tables)
        drift = f"drift: {num_metrics} of {metrics} and {num_tables} of {tables}"
        if self.reasons:
            return f"{drift}; what changed and may explain it: {self._what_changed()}"
        return f"{drift}; no reason is known: nothing that the run recorded has changed"

    def _what_changed(self) -> str:
        return some([change.subject for change in self.reasons])

    def notes(self) -> list[str]:
        """What a reader should know beside the verdict."""
        notes = [f"failed: {line}" for line in self.failures]
        notes += [f"not compared: {line}" for line in self.not_compared]
        if self.not_recorded:
            names = some([change.subject for change in self.not_recorded])
            notes.append(f"not recorded, so nobody knows whether it changed: {names}")
        return notes

    def to_frame(self) -> pd.DataFrame:
        """A row per metric and table: ``what, name, drifts, recorded, now, difference``.

        Of a table these are its rows, and the largest difference of two numbers.
        """
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for metric in self.metrics:
            numbers = {"recorded": metric.recorded, "now": metric.now}
            rows.append({**_identity("metric", metric), **numbers, "difference": metric.difference})
        for table in self.tables:
            sizes = {"recorded": table.rows_recorded, "now": table.rows_now}
            rows.append({**_identity("table", table), **sizes, "difference": table.largest})
        columns = ["what", "name", "drifts", "recorded", "now", "difference"]
        return pd.DataFrame(rows, columns=columns)

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values; undefined is None."""
        return {
            "run_id": self.run.run_id,
            "name": self.run.name,
            "ran": self.ran,
            "drifts": self.drifts if self.ran else None,
            "verdict": str(self.verdict),
            "changes": [asdict(change) for change in self.changes],
            "metrics": [each.as_plain() for each in self.metrics],
            "tables": [each.as_plain() for each in self.tables],
            "not_compared": list(self.not_compared),
            "failures": list(self.failures),
            "frames": self.frames,
            "wall_s": self.wall_s,
        }

    def metrics_table(self) -> TextTable | None:
        """The metrics that drift, those that drift most first; None = none does."""
        drifting = sorted((each for each in self.metrics if each.drifts), key=_size, reverse=True)
        if not drifting:
            return None
        rows = [
            (each.name, *map(_number, (each.recorded, each.now, each.difference)), _percent(each))
            for each in drifting[:_MOST_ROWS]
        ]
        title = _title("metric", drifting)
        return TextTable(title=title, header=_METRIC_HEADER, rows=tuple(rows))

    def tables_table(self) -> TextTable | None:
        """The tables that drift; None = none does."""
        drifting = [each for each in self.tables if each.drifts]
        if not drifting:
            return None
        rows = [
            (
                each.name,
                _rows(each.rows_recorded),
                _rows(each.rows_now),
                str(each.num_different),
                _number(each.largest),
                each.largest_in,
                each.first,
            )
            for each in drifting[:_MOST_ROWS]
        ]
        return TextTable(
            title=_title("table", drifting),
            header=_TABLE_HEADER,
            rows=tuple(rows),
            importance=("table", "different", "first", "rows", "now", "largest", "in"),
        )


def _identity(what: str, drift: MetricDrift | TableDrift) -> dict[str, Any]:
    return {"what": what, "name": drift.name, "drifts": drift.drifts}


def _size(drift: MetricDrift) -> float:
    """How far a metric drifted; one that is undefined on one side drifted most."""
    size = abs(drift.relative if drift.recorded else drift.difference)
    return math.inf if math.isnan(size) else size


def _title(noun: str, drifting: Sequence[object]) -> str:
    title = f"{plural(len(drifting), noun)} otherwise than in the run"
    return f"{title}, the first {_MOST_ROWS}" if len(drifting) > _MOST_ROWS else title


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.6g}"


def _percent(drift: MetricDrift) -> str:
    return "-" if math.isnan(drift.relative) else f"{drift.relative:+.2%}"


def _rows(count: int | None) -> str:
    return "none" if count is None else str(count)
