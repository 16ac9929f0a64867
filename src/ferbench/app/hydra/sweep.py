"""A sweep's beginning and end: one parent run, made before any cell; one table, after the last."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, ValueType
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from ferbench.app import console
from ferbench.app.cli.compare_report import closing_words, show
from ferbench.app.hydra import entry as _resolvers  # noqa: F401 - a cell in another process has only this class to bring them
from ferbench.app.hydra import status
from ferbench.app.hydra.cells import Cells, collect, join_counts
from ferbench.app.hydra.job import CLAIMS_FOLDER, statistics_of_cell
from ferbench.app.hydra.task import write_sweep
from ferbench.config.binding import build
from ferbench.config.compose import choices_of
from ferbench.errors import FerbenchError
from ferbench.places import without_folders
from ferbench.report.compare import Comparison, compare
from ferbench.report.files import write_csv
from ferbench.results import RunRow
from ferbench.tracking.settings import Tracking
from ferbench.tracking.store import ENDED_BY_TAG, ERROR_TAG, NOTE_TAG, Store
from ferbench.workflows.recording import predictions_tag
from ferbench.workflows.run_statistics import FOLDER as STATISTICS


class SweepCallback(Callback):
    """Hydra calls this around a multirun.

    Hydra turns what it raises into warnings, so failures are passed on.
    """

    def __init__(self) -> None:
        self.store: Store | None = None
        self.folder = Path()
        self.experiment_id = self.parent = ""
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
        swept, shared = split_overrides(
            self.overrides, dict(config.hydra.sweeper.get("params") or {})
        )
        share_processors(config, swept)
        error = ""
        try:
            self._start(config, [str(override.input_line) for override in swept])
        except FerbenchError as problem:
            error = str(problem)
        write_sweep(
            self.folder,
            experiment_id=self.experiment_id,
            parent_run_id=self.parent,
            shared=shared,
            error=error,
        )

    def _start(self, config: DictConfig, swept: list[str]) -> None:
        node: Any = OmegaConf.to_container(config.tracking, resolve=True)
        tracking: Tracking = build(
            node, where="tracking", allow_targets=tuple(config.allow_targets)
        )
        target = tracking.target(
            Path(config.paths.root), chosen=config.hydra.runtime.choices.get("experiment")
        )
        status.when_abandoned(self._finish)
        if target is None:
            return
        self.experiment_id = target.store.prepare(target.experiment)
        name = " ".join(
            ["sweep", *(text if "/" not in text else text.partition("=")[0] for text in swept)]
        )
        self.parent = target.store.start(self.experiment_id, name[:250], kind="sweep")
        self.store = target.store

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the sweep."""
        del config, kwargs
        self._finish()
        status.settled()

    def _finish(self, ended_by: str = "") -> None:
        """Collect the cells, print them as one table, put the best numbers on the parent, and close
        it.

        Args:
            ended_by: why the sweep ended before its last cell; "" = it did not.
        """
        cells = collect(self.folder)
        if not (cells.rows or cells.problems or cells.unfinished or ended_by):
            cells.problems.append(
                f"no cell left a result below {self.folder}; hydra.sweep.subdir must stay as it is"
            )
        if cells.unfinished and not (ended_by and self.detached):
            logs = self.folder / "<number>" / "ferbench.log"
            cells.problems.append(
                f"cells without a result: {', '.join(cells.unfinished)}; see {logs}"
            )
        elif cells.unfinished:
            notice = f"cells {', '.join(cells.unfinished)} were started by submitit and may go on by themselves"
            cells.notices.append(notice)
        for notice in cells.notices:
            console.error_console().print(f"note: {notice}", markup=False)
        for problem in cells.problems:
            status.failed(problem)
            console.error_console().print(f"failed: {problem}", markup=False, style="red")
        comparison = compare(cells.rows) if cells.rows else None
        if (
            comparison
            and comparison.best
            and not ended_by
            and self._add_statistics(cells, comparison.best)
        ):
            comparison = compare(cells.rows)
        if comparison:
            show(comparison, "this sweep as far as it came" if ended_by else "this sweep")
            words = closing_words(comparison, store=self.store)
            console.output_console().print(words, markup=False, soft_wrap=True)
        if self.store:
            try:
                self._close(self.store, comparison, cells, ended_by)
            except (FerbenchError, OSError) as error:
                status.failed(str(error))
                console.error_console().print(
                    f"{type(error).__name__}: {error}", markup=False, style="red"
                )

    def _add_statistics(self, cells: Cells, best: RunRow) -> bool:
        """Chance levels and intervals of the best cell, where the cells did not make their own.

        Whether it got some.
        """
        try:
            made = statistics_of_cell(self.folder / cells.folders[best.run_id])
            if made is None:
                return False
            if self.store and best.run_id:
                self.store.log_numbers(
                    best.run_id, params={}, metrics=made.numbers, tags=_chosen(cells)
                )
                self.store.log_files(best.run_id, made.files, STATISTICS)
        except (FerbenchError, OSError) as error:
            status.failed(f"statistics of the best cell: {error}")
            console.error_console().print(
                f"statistics of the best cell: {error}", markup=False, style="red"
            )
            return False
        cells.rows = [
            replace(r, metrics={**r.metrics, **made.numbers}) if r is best else r
            for r in cells.rows
        ]
        return True

    def _close(
        self, store: Store, comparison: Comparison | None, cells: Cells, ended_by: str
    ) -> None:
        self._close_cells(store, cells, lost=not (ended_by and self.detached))
        metrics = {"sweep/cells": float(len(cells.rows)), "sweep/failed": float(cells.failed)}
        tags = dict(
            predictions_tag([claim.name for claim in (self.folder / CLAIMS_FOLDER).glob("*")])
        )
        tags[ENDED_BY_TAG] = ended_by
        overrides = self.folder / "overrides.txt"
        overrides.write_text("".join(f"{line}\n" for line in self.overrides), encoding="utf-8")
        files = [overrides]
        if comparison:
            path, counts = self.folder / "compare.csv", self.folder / "counts.csv"
            write_csv(path, comparison.header, [comparison.cells(row) for row in comparison.rows])
            files += [path, *([counts] if join_counts(self.folder, counts) else [])]
            tags[NOTE_TAG] = f"A sweep of {len(cells.rows)} cells."
            best = comparison.best
            if best:
                metrics |= {
                    n: v for n, v in best.metrics.items() if n.startswith(("event/", "quality/"))
                }
                tags[NOTE_TAG] += (
                    f" The numbers here are those of the best cell by {comparison.by}: {best.name} (chosen in-sample)."
                )
        store.log_files(self.parent, files, "")
        store.log_numbers(
            self.parent, params={}, metrics=metrics, tags={n: v for n, v in tags.items() if v}
        )
        store.end(self.parent, failed=bool(cells.problems) or bool(ended_by))

    def _close_cells(self, store: Store, cells: Cells, *, lost: bool) -> None:
        """Record the cells that failed too early to do so themselves, and end those that are
        ``lost``: still open.
        """
        for name, error in cells.unrecorded:
            run_id = store.start(self.experiment_id, name, kind="cell", parent=self.parent)
            store.log_numbers(
                run_id, params={}, metrics={}, tags={ERROR_TAG: without_folders(error)}
            )
            store.end(run_id, failed=True)
        for row in store.search([self.experiment_id], parent=self.parent) if lost else ():
            if row.state == "running":
                store.log_numbers(
                    row.run_id, params={}, metrics={}, tags={ERROR_TAG: "its process ended"}
                )
                store.end(row.run_id, failed=True)


def split_overrides(
    overrides: list[str], params: dict[str, Any]
) -> tuple[list[Override], list[str]]:
    """Overrides that are swept (also by ``hydra.sweeper.params``), and the keys of those that all
    cells share.
    """
    lines = [*overrides, *(f"{name}={values}" for name, values in params.items())]
    parsed = OverridesParser.create().parse_overrides(lines)
    swept = [o for o in parsed if o.is_sweep_override()]
    return swept, [o.get_key_element() for o in parsed if not o.is_sweep_override()]


def number_of_values(override: Override) -> int:
    """Values of a swept override; 1 where they cannot be counted (an interval)."""
    if not override.is_discrete_sweep():
        return 1
    if override.value_type == ValueType.GLOB_CHOICE_SWEEP:  # at most these
        return len(choices_of(override.key_or_group)) or 1
    return sum(1 for _ in override.sweep_string_iterator())


def share_processors(config: DictConfig, swept: list[Override]) -> None:
    """Keep submitit's local launcher, which starts all cells at once, within this machine's
    processors.

    As many cells as there are processors run at a time (``hydra.sweeper.max_batch_size``, unless it
    is set), each with its share of threads (``OMP_NUM_THREADS``, unless it is set). joblib does
    both by itself.
    """
    if not str(config.hydra.launcher.get("_target_", "")).endswith(".LocalLauncher"):
        return
    processors = os.cpu_count() or 1
    sweeper = config.hydra.sweeper
    if "max_batch_size" in sweeper and sweeper.max_batch_size is None:
        with read_write(config), open_dict(config):
            sweeper.max_batch_size = processors
    cells = math.prod(number_of_values(override) for override in swept)
    at_once = max(1, min(cells, sweeper.get("max_batch_size") or cells))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, processors // at_once)))


def _chosen(cells: Cells) -> dict[str, str]:
    """What a reader of the best cell's numbers must know."""
    told = f"best of {len(cells.rows)} cells on the data it is scored on; its p and intervals do not account for that"
    return {"ferbench.chosen": told}
