"""Around a sweep: one parent run, made before any cell; one table, after the last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from ferbench.app import console
from ferbench.app.compare_screen import closing_words, show
from ferbench.app.hydra import status
from ferbench.app.hydra.cells import Cells, collect, join_counts
from ferbench.app.hydra.job import ARTIFACTS, CLAIMS_FOLDER
from ferbench.app.hydra.launch import share_processors, split_overrides
from ferbench.app.hydra.sweep_note import write_sweep_note
from ferbench.app.words import RunWords, reason_in
from ferbench.config.binding import build
from ferbench.config.resolvers import register_resolvers
from ferbench.errors import FerbenchError
from ferbench.report.compare import Comparison, compare
from ferbench.report.files import write_csv
from ferbench.results import RunRow
from ferbench.tracking.settings import Tracking
from ferbench.workflows.evaluate import statistics_of_saved
from ferbench.workflows.recording import CONFIG_FILE
from ferbench.workflows.run_statistics import FOLDER as STATISTICS
from ferbench.workflows.run_statistics import RunStatistics
from ferbench.workflows.tracked_sweep import TrackedSweep


class SweepCallback(Callback):
    """Hydra calls this around a multirun.

    Hydra turns what it raises into warnings, so failures are passed on.
    """

    def __init__(self) -> None:
        register_resolvers()  # a cell in another process has only this class to bring them
        self.tracked: TrackedSweep | None = None
        self.folder = Path()
        self.overrides: list[str] = []
        self.detached = False

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Create store, experiment and parent run, and leave a note for the cells."""
        del kwargs
        self.folder = Path(config.hydra.sweep.dir)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # Hydra is about to find the same, and ends the sweep before its first cell
        self.overrides = [str(line) for line in config.hydra.overrides.task]
        self.detached = "submitit" in str(config.hydra.launcher.get("_target_", ""))
        params = dict(config.hydra.sweeper.get("params") or {})
        swept, shared = split_overrides(self.overrides, params)
        share_processors(config, swept)
        error = ""
        try:
            self._start(config, [str(override.input_line) for override in swept])
        except FerbenchError as problem:
            error = problem.told(RunWords())
        write_sweep_note(
            self.folder,
            experiment_id=self.tracked.experiment_id if self.tracked else "",
            parent_run_id=self.tracked.run_id if self.tracked else "",
            shared=shared,
            error=error,
        )

    def _start(self, config: DictConfig, swept: list[str]) -> None:
        node: Any = OmegaConf.to_container(config.tracking, resolve=True)
        allowed_packages = tuple(config.allow_targets)
        tracking: Tracking = build(node, where="tracking", allow_targets=allowed_packages)
        status.when_abandoned(self._finish)
        self.tracked = TrackedSweep.start(
            tracking,
            Path(config.paths.root),
            name=_sweep_name(swept),
            experiment=config.hydra.runtime.choices.get("experiment"),
        )

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the sweep."""
        del config, kwargs
        self._finish()
        status.settled()

    def _finish(self, ended_by: str = "") -> None:
        """Collect the cells, print them as one table, and close the parent with the best numbers.

        Args:
            ended_by: why the sweep ended before its last cell; "" = it did not.
        """
        cells = collect(self.folder)
        self._note_what_is_missing(cells, ended_by)
        self._tell_problems(cells)
        comparison = self._compared(cells, ended_by)
        if comparison:
            show(comparison, "this sweep as far as it came" if ended_by else "this sweep")
            store = self.tracked.store if self.tracked else None
            words = closing_words(comparison, store=store)
            console.output_console().print(words, markup=False, soft_wrap=True)
        if self.tracked:
            with _told_errors():
                self._close(self.tracked, comparison, cells, ended_by)

    def _note_what_is_missing(self, cells: Cells, ended_by: str) -> None:
        is_empty = not (cells.rows or cells.problems or cells.unfinished)
        if is_empty and not ended_by:
            cells.problems.append(
                f"no cell left a result below {self.folder}; hydra.sweep.subdir must stay as it is"
            )
        if not cells.unfinished:
            return
        numbers = ", ".join(cells.unfinished)
        if ended_by and self.detached:
            notice = f"cells {numbers} were started by submitit and may go on by themselves"
            cells.notices.append(notice)
        else:
            logs = self.folder / "<number>" / "ferbench.log"
            cells.problems.append(f"cells without a result: {numbers}; see {logs}")

    def _tell_problems(self, cells: Cells) -> None:
        for notice in cells.notices:
            console.error_console().print(f"note: {notice}", markup=False)
        for problem in cells.problems:
            status.failed(problem)
            console.error_console().print(f"failed: {problem}", markup=False, style="red")

    def _compared(self, cells: Cells, ended_by: str) -> Comparison | None:
        """The cells beside each other; of a whole sweep the best one with its statistics."""
        if not cells.rows:
            return None
        comparison = compare(cells.rows)
        if comparison.best is None or ended_by:
            return comparison
        if self._add_statistics(cells, comparison.best):
            return compare(cells.rows)
        return comparison

    def _add_statistics(self, cells: Cells, best: RunRow) -> bool:
        """Chance levels and intervals of the best cell, where it did not make its own.

        Returns:
            Whether it got some.
        """
        with _told_errors("statistics of the best cell: "):
            statistics = self._statistics_of(cells, best)
            if statistics is None:
                return False
            with_statistics = replace(best, metrics={**best.metrics, **statistics.numbers})
            cells.rows = [with_statistics if row is best else row for row in cells.rows]
            return True
        return False

    def _statistics_of(self, cells: Cells, best: RunRow) -> RunStatistics | None:
        artifacts = self.folder / cells.folders[best.run_id] / ARTIFACTS
        statistics = statistics_of_saved(artifacts / CONFIG_FILE)
        if statistics is None:
            return None
        statistics.copy_to(artifacts)
        if self.tracked and best.run_id:
            store, tags = self.tracked.store, _chosen_in_sample(cells)
            store.log_numbers(best.run_id, params={}, metrics=statistics.numbers, tags=tags)
            store.log_files(best.run_id, statistics.files, STATISTICS)
        return statistics

    def _close(
        self, tracked: TrackedSweep, comparison: Comparison | None, cells: Cells, ended_by: str
    ) -> None:
        may_go_on = bool(ended_by) and self.detached
        tracked.close_cells(cells.unrecorded, lost=not may_go_on)
        claims = (self.folder / CLAIMS_FOLDER).glob("*")
        tracked.close(
            comparison,
            numbers={
                "sweep/cells": float(len(cells.rows)),
                "sweep/failed": float(cells.failed),
            },
            prediction_keys=[claim.name for claim in claims],
            files=self._files(comparison),
            ended_by=ended_by,
            failed=bool(cells.problems) or bool(ended_by),
        )

    def _files(self, comparison: Comparison | None) -> list[Path]:
        """Tables of the whole sweep."""
        overrides = self.folder / "overrides.txt"
        lines = [f"{line}\n" for line in self.overrides]
        overrides.write_text("".join(lines), encoding="utf-8")
        files = [overrides]
        if comparison is None:
            return files
        table, counts = self.folder / "compare.csv", self.folder / "counts.csv"
        write_csv(table, comparison.header, [comparison.cells(row) for row in comparison.rows])
        files.append(table)
        if join_counts(self.folder, counts):
            files.append(counts)
        return files


@contextmanager
def _told_errors(prefix: str = "") -> Iterator[None]:
    """Errors raised inside are told and counted, and end nothing."""
    try:
        yield
    except (FerbenchError, OSError) as error:
        kind = "" if prefix else f"{type(error).__name__}: "
        text = reason_in(RunWords(), error)
        status.failed(f"{prefix}{text}")
        console.error_console().print(f"{prefix}{kind}{text}", markup=False, style="red")


def _sweep_name(swept: list[str]) -> str:
    """What is swept; of values that are paths only the key."""
    parts = [text.partition("=")[0] if "/" in text else text for text in swept]
    return " ".join(["sweep", *parts])


def _chosen_in_sample(cells: Cells) -> dict[str, str]:
    """What a reader of the best cell's numbers must know."""
    caution = (
        f"best of {len(cells.rows)} cells on the data it is scored on; "
        "p and intervals are not corrected for this selection"
    )
    return {"ferbench.chosen": caution}
