"""What the cells of a sweep left in its folder: each cell in a folder with its number as name."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ferbench.report.compare import compare
from ferbench.report.comparison import Comparison
from ferbench.report.files import write_csv
from ferbench.report.shown_numbers import MAIN_NUMBER
from ferbench.results import RunRow, RunState
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.secret_texts import masked
from ferbench.types import CountsRow
from ferbench.workflows.against_baseline import beside_baseline
from ferbench.workflows.evaluate import statistics_of_saved
from ferbench.workflows.nested_choice import chosen_between, nested_of
from ferbench.workflows.nested_comparison import NestedComparison
from ferbench.workflows.recorded_counts import COUNTS_TABLE, counts_of
from ferbench.workflows.recording import CONFIG_FILE
from ferbench.workflows.run_outcome import ARTIFACTS, Outcome, read_outcome
from ferbench.workflows.run_statistics import RunStatistics

_COMPARISON_TABLE = "compare.csv"
_MAIN_P = f"{MAIN_NUMBER}.p"


@dataclass(slots=True, kw_only=True)
class SweepResults:
    """Results of a sweep.

    Attributes:
        folder: of the sweep.
        rows: cells that came to an end, in order.
        problems: what went wrong, a sentence per cell or session.
        unfinished: numbers of cells that were started and left no result.
        notices: what the data set left out.
        unrecorded: names and errors of cells that failed before they were recorded.
        folders: name of the folder of each row, by its run id.
        broken_off: names and errors of cells that ended with an error.
        run_ids: of all records that cells have.
    """

    folder: Path
    rows: list[RunRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    unrecorded: list[tuple[str, str]] = field(default_factory=list)
    folders: dict[str, str] = field(default_factory=dict)
    broken_off: list[tuple[str, str]] = field(default_factory=list)
    run_ids: set[str] = field(default_factory=set)

    @property
    def num_broken_off(self) -> int:
        """How many cells ended with an error."""
        return len(self.broken_off)

    @property
    def num_failed(self) -> int:
        """Cells without a complete result: broken off, unfinished, or with a failed session."""
        num_partly = sum(row.state == "failed" for row in self.rows)
        return self.num_broken_off + len(self.unfinished) + num_partly

    @property
    def is_empty(self) -> bool:
        """Whether no cell left anything."""
        return not (self.rows or self.problems or self.unfinished)

    @property
    def caution(self) -> str:
        """What a reader of the best cell's numbers must know."""
        return (
            f"best of {len(self.rows)} cells on the data it is scored on; "
            "p and intervals are not corrected for this selection"
        )

    def comparison(self) -> Comparison | None:
        """The cells beside each other; None = none came to an end."""
        if not self.rows:
            return None
        return compare(self.rows)

    def beside_baseline(self, comparison: Comparison) -> Comparison:
        """The comparison with its best cell against its best baseline, where it has both.

        Args:
            comparison: of these cells.

        Raises:
            FerbenchError: the two cannot be compared; it says why.
        """
        best = comparison.best
        if best is None:
            return comparison
        return beside_baseline(comparison, self._counts_of, rules=_rules_of(best))

    def _counts_of(self, row: RunRow) -> list[CountsRow]:
        return counts_of(self._file_of(row, COUNTS_TABLE), row)

    def nested(self, comparison: Comparison) -> NestedComparison | None:
        """What is left of the best cell once its being chosen is paid for.

        Args:
            comparison: of these cells by F1.

        Returns:
            None = there are no statistics, nothing to choose between, or none is the best.

        Raises:
            FerbenchError: the cells cannot be chosen between; it says why.
        """
        with_scores = [row for row in self.rows if MAIN_NUMBER in row.metrics]
        has_statistics = any(_MAIN_P in row.metrics for row in self.rows)
        best = comparison.best
        if best is None or not has_statistics or len(chosen_between(with_scores)) < 2:
            return None
        return nested_of(with_scores, self._file_of, rules=_rules_of(best))

    def _file_of(self, row: RunRow, name: str) -> Path:
        return self.folder / self.folders[row.run_id] / ARTIFACTS / name

    def add_statistics(
        self, cell: RunRow, *, allow_targets: tuple[str, ...] = ()
    ) -> tuple[RunStatistics, list[Path]] | None:
        """Make the statistics of a cell, and add them to its files and its row.

        Args:
            cell: which.
            allow_targets: packages outside ferbench that its components may come from.

        Returns:
            They, and their files; None = its configuration asks for none, or nothing is annotated.

        Raises:
            FerbenchError: the cell cannot be evaluated again.
        """
        artifacts = self.folder / self.folders[cell.run_id] / ARTIFACTS
        statistics = statistics_of_saved(artifacts / CONFIG_FILE, allow_targets=allow_targets)
        if statistics is None:
            return None
        files = statistics.copy_to(artifacts)
        with_statistics = replace(cell, metrics={**cell.metrics, **statistics.numbers})
        self.rows = [with_statistics if row is cell else row for row in self.rows]
        return statistics, files

    def write_tables(
        self, comparison: Comparison | None, *, overrides: Sequence[str]
    ) -> list[Path]:
        """Write the tables of the whole sweep to its folder.

        Args:
            comparison: of the cells; None = none came to an end.
            overrides: what was asked for, as it was written.

        Returns:
            The files.
        """
        asked = self.folder / "overrides.txt"
        asked.write_text(masked("".join(f"{line}\n" for line in overrides)), encoding="utf-8")
        if comparison is None:
            return [asked]
        table, counts = self.folder / _COMPARISON_TABLE, self.folder / COUNTS_TABLE
        write_csv(table, comparison.header, [comparison.cells(row) for row in comparison.rows])
        if join_counts(self.folder, counts):
            return [asked, table, counts]
        return [asked, table]


def _rules_of(row: RunRow) -> StatisticsRules:
    """Numbers of draws as a cell's statistics have them."""
    return StatisticsRules(
        surrogates=int(row.params["statistics.surrogates"]),
        draws=int(row.params["statistics.draws"]),
    )


def collect(folder: Path) -> SweepResults:
    """Read the outcome of every cell below a sweep's folder.

    A problem that several cells share is told once.
    """
    results = SweepResults(folder=folder)
    failed_sessions: dict[str, list[str]] = {}
    cells_of_notice: dict[str, list[str]] = {}
    cells = cells_below(folder)
    for cell in cells:
        outcome = read_outcome(cell)
        if outcome is not None:
            results.run_ids.add(outcome.run_id)
        if outcome is None:
            results.unfinished.append(cell.name)
        elif outcome.error:
            _add_broken_off(results, cell.name, outcome)
        else:
            _add_finished(results, cell.name, outcome)
            for notice in dict.fromkeys(outcome.notices):
                cells_of_notice.setdefault(notice, []).append(cell.name)
            for session in outcome.failed_sessions:
                failed_sessions.setdefault(session, []).append(cell.name)
    for notice, numbers in cells_of_notice.items():
        results.notices.append(f"{notice}{_whose(numbers, results)}")
    for session, numbers in failed_sessions.items():
        which = _which_cells(numbers, num_all=len(cells))
        results.problems.append(f"session {session} (in {which})")
    return results


def cells_below(folder: Path) -> list[Path]:
    """The folders of the cells, in order of their numbers."""
    numbered = [path for path in folder.glob("*") if path.is_dir() and path.name.isdecimal()]
    return sorted(numbered, key=lambda path: int(path.name))


def _whose(numbers: Sequence[str], results: SweepResults) -> str:
    """Which cells a notice is of, by the choice that they share and no other has; "" = of all."""
    telling = [row for row in results.rows if results.folders[row.run_id] in numbers]
    others = [row for row in results.rows if results.folders[row.run_id] not in numbers]
    if not others:
        return ""
    for param in sorted(telling[0].params, key=lambda name: (name.count("."), name)):
        values = dict.fromkeys(row.params.get(param, "") for row in telling)
        if not any(row.params.get(param, "") in values for row in others):
            return f" ({param} {', '.join(values)})"
    return f" ({_which_cells(numbers, num_all=len(results.rows))})"


def _which_cells(numbers: Sequence[str], *, num_all: int) -> str:
    if len(numbers) == num_all:
        return "all cells"
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    return f"cells {', '.join(numbers)}"


def _add_broken_off(results: SweepResults, number: str, outcome: Outcome) -> None:
    results.broken_off.append((outcome.name, outcome.error))
    results.problems.append(f"cell {number} ({outcome.name}): {outcome.error}")
    if not outcome.run_id:
        results.unrecorded.append((outcome.name, outcome.error))


def _add_finished(results: SweepResults, number: str, outcome: Outcome) -> None:
    run_id = outcome.run_id or number
    results.folders[run_id] = number
    state: RunState = "finished"
    if outcome.failed_sessions:
        state = "failed"
    row = RunRow(
        run_id=run_id,
        name=outcome.name,
        params=outcome.params,
        metrics=outcome.metrics,
        tags=outcome.tags,
        kind="cell",
        state=state,
    )
    results.rows.append(row)


def join_counts(folder: Path, target: Path) -> bool:
    """Write the counts tables of all cells as one, with a first column that names the cell.

    False = there are none.
    """
    header: list[str] = []
    rows: list[list[str]] = []
    tables = folder.glob(f"*/{ARTIFACTS}/{target.name}")
    for path in sorted(tables, key=lambda path: int(path.parts[-3])):
        outcome = read_outcome(path.parents[1])
        if outcome is None:
            continue
        with path.open(encoding="utf-8", newline="") as stream:
            first, *others = csv.reader(stream)
        header = ["cell", *first]
        rows += [[outcome.name, *row] for row in others]
    if rows:
        write_csv(target, header, rows)
    return bool(rows)
