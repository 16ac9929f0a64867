"""Around a sweep: one parent run, made before any cell; one table, after the last.

Hydra imports this for any command line, also ``--help``: what a sweep needs is imported by it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from ferbench.app import console
from ferbench.app.hydra import status
from ferbench.app.hydra.launch import share_processors, split_overrides
from ferbench.app.hydra.sweep_name import sweep_name
from ferbench.app.hydra.sweep_problems import noted, tell_problems, told_errors
from ferbench.app.words import RunWords
from ferbench.config.binding import bind, build
from ferbench.config.resolvers import register_resolvers
from ferbench.errors import FerbenchError
from ferbench.folder_names import FolderNames

if TYPE_CHECKING:
    from ferbench.report.comparison import Comparison
    from ferbench.results import RunRow
    from ferbench.tracking.settings import Tracking
    from ferbench.workflows.nested_comparison import NestedComparison
    from ferbench.workflows.sweep_claim import SweepClaim
    from ferbench.workflows.sweep_results import SweepResults
    from ferbench.workflows.tracked_sweep import TrackedSweep


class SweepCallback(Callback):
    """Hydra calls this around a multirun.

    Hydra turns what it raises into warnings, so failures are passed on.
    """

    def __init__(self) -> None:
        register_resolvers()  # a cell in another process has only this class to bring them
        self.tracked: TrackedSweep | None = None
        self.folder = Path()
        self.name = ""
        self.overrides: list[str] = []
        self.folder_names: FolderNames | None = None
        self.detached = False
        self.claim: SweepClaim | None = None
        self.allow_targets: tuple[str, ...] = ()

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Create store, experiment and parent run, and leave a note for the cells.

        Where the same command began a sweep that did not come to its end, that one goes on.
        """
        from ferbench.app.hydra.same_sweep import (
            command_of,
            finished_before,
            go_to,
            tell_what_goes_on,
        )
        from ferbench.workflows.sweep_claim import claim_sweep
        from ferbench.workflows.sweep_note import write_sweep_note

        del kwargs
        command = command_of(config)
        self.folder = Path(config.hydra.sweep.dir)
        root = Path(config.paths.root)
        try:
            self.claim = claim_sweep(self.folder, root=root, command=command)
        except OSError:
            return  # Hydra is about to find the same, and ends the sweep before its first cell
        if self.claim.before is not None:
            self.folder = self.claim.folder
            go_to(config, self.folder)
        self.allow_targets = tuple(config.allow_targets)
        # As they were written: read from the configuration, what they refer to would stand in them.
        written: Any = OmegaConf.to_container(config.hydra.overrides.task, resolve=False)
        self.overrides = [str(line) for line in written]
        self.detached = "submitit" in str(config.hydra.launcher.get("_target_", ""))
        params = dict(config.hydra.sweeper.get("params") or {})
        swept, shared = split_overrides(self.overrides, params)
        share_processors(config, swept)
        swept_lines = [str(override.input_line) for override in swept]
        listed = config.hydra.sweeper.get("file")
        if listed:
            swept_lines.append(Path(listed).name)
        self.name = sweep_name(swept_lines)
        error = self._why_not_started(config)
        finished = [] if error else finished_before(self.claim, self.tracked)
        if not error:
            tell_what_goes_on(self.claim, len(finished), swept, listed)
        write_sweep_note(
            self.folder,
            self.tracked,
            name=self.name,
            shared=shared,
            error=error,
            command=command,
            before=self.claim.before,
            finished=finished,
        )

    def _why_not_started(self, config: DictConfig) -> str:
        """Start the sweep's own run; "" = it is there, or nothing is recorded."""
        try:
            self._start(config)
        except FerbenchError as error:
            return error.told(RunWords())
        return ""

    def _start(self, config: DictConfig) -> None:
        from ferbench.workflows.tracked_sweep import TrackedSweep

        node: Any = OmegaConf.to_container(config.tracking, resolve=True)
        tracking: Tracking = build(node, where="tracking", allow_targets=self.allow_targets)
        root = Path(config.paths.root)
        self.folder_names = FolderNames(root)
        self.folder_names.hidden_value(OmegaConf.to_container(config.dataset))
        status.when_abandoned(self._finish)
        before = self.claim.before if self.claim else None
        self.tracked = TrackedSweep.start(
            tracking,
            root,
            name=self.name,
            experiment=config.hydra.runtime.choices.get("experiment"),
            before=before.parent_run_id if before else "",
        )

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Close the sweep, and keep the cache that its cells shared within its limit."""
        del kwargs
        self._finish()
        with suppress(FerbenchError):  # paths that cannot be were told by the cells
            _keep_cache_in_order(config)
        status.settled()

    def _finish(self, ended_by: str = "") -> None:
        """Collect the cells, print them as one table, and close the parent with the best numbers.

        Args:
            ended_by: why the sweep ended before its last cell; "" = it did not.
        """
        from ferbench.workflows.sweep_results import collect

        results = collect(self.folder)
        self._note_what_is_missing(results, ended_by)
        tell_problems(results)
        comparison = self._compared(results, ended_by)
        nested = None
        if comparison is not None:
            beside = noted("not set against a baseline", results.beside_baseline, comparison)
            comparison = beside or comparison
            nested = noted("nothing is said of the choice", results.nested, comparison)
            self._show(comparison, nested, ended_by)
        with told_errors("the sweep's page: "):
            self._write_page(comparison, results)
        is_closed = self.tracked is None
        if self.tracked is not None:
            with told_errors():
                self._close(self.tracked, comparison, nested, results, ended_by)
                is_closed = True
        self._leave(is_whole=is_closed and not results.problems and not ended_by)

    def _leave(self, *, is_whole: bool) -> None:
        """Let the same command begin a new sweep, or else go on with this one."""
        from ferbench.workflows.sweep_note import note_end

        if self.claim is None:
            return
        if is_whole:
            with told_errors():
                note_end(self.folder)
        self.claim.release()

    def _write_page(self, comparison: Comparison | None, results: SweepResults) -> None:
        from ferbench.workflows.sweep_report import SweepPlace, write_last_report

        if comparison is None:
            return
        store, run_id = None, ""
        if self.tracked is not None:
            store, run_id = self.tracked.store, self.tracked.run_id
        place = SweepPlace(folder=self.folder, name=self.name, store=store, run_id=run_id)
        write_last_report(place, results, comparison)

    def _show(self, comparison: Comparison, nested: NestedComparison | None, ended_by: str) -> None:
        from ferbench.app.compare_screen import closing_words, show

        what = "this sweep"
        if ended_by:
            what = "this sweep as far as it came"
        show(comparison, what)
        store = None
        if self.tracked is not None:
            store = self.tracked.store
        for line in nested.lines() if nested else ():
            console.output_console().print(line, markup=False, soft_wrap=True)
        words = closing_words(comparison, store=store)
        console.output_console().print(words, markup=False, soft_wrap=True)

    def _note_what_is_missing(self, results: SweepResults, ended_by: str) -> None:
        if results.is_empty and not ended_by:
            results.problems.append(
                f"no cell left a result below {self.folder}; hydra.sweep.subdir must stay as it is"
            )
        if not results.unfinished:
            return
        numbers = ", ".join(results.unfinished)
        if ended_by and self.detached:
            notice = f"cells {numbers} were started by submitit and may go on by themselves"
            results.notices.append(notice)
        else:
            logs = self.folder / "<number>" / "ferbench.log"
            results.problems.append(f"cells without a result: {numbers}; see {logs}")

    def _compared(self, results: SweepResults, ended_by: str) -> Comparison | None:
        """The cells beside each other; of a whole sweep the best one with its statistics."""
        comparison = results.comparison()
        if comparison is None or comparison.best is None or ended_by:
            return comparison
        with told_errors("statistics of the best cell: "):
            if self._add_statistics(results, comparison.best):
                return results.comparison()
        return comparison

    def _add_statistics(self, results: SweepResults, best: RunRow) -> bool:
        """Chance levels and intervals of the best cell, where it did not make its own.

        Returns:
            Whether it got some.
        """
        from ferbench.workflows.run_statistics import FOLDER

        made = results.add_statistics(best, allow_targets=self.allow_targets)
        if made is None:
            return False
        statistics, files = made
        if self.tracked and best.run_id:
            store, tags = self.tracked.store, {"ferbench.chosen": results.caution}
            store.log_numbers(best.run_id, params={}, metrics=statistics.numbers, tags=tags)
            store.log_files(best.run_id, files, FOLDER)
        return True

    def _close(
        self,
        tracked: TrackedSweep,
        comparison: Comparison | None,
        nested: NestedComparison | None,
        results: SweepResults,
        ended_by: str,
    ) -> None:
        from ferbench.formats.pass_profiles import PROFILE_FILE
        from ferbench.workflows.recording import logged_claims
        from ferbench.workflows.sweep_note import CLAIMS_FOLDER

        profile = self.folder / PROFILE_FILE
        assert self.folder_names is not None
        overrides = self.folder_names.hidden_lines(self.overrides)
        tables = results.write_tables(comparison, overrides=overrides)
        may_go_on = bool(ended_by) and self.detached
        against = comparison.against_baseline if comparison else None
        if not ended_by:
            tracked.set_aside(results.run_ids)
        tracked.close_cells(results.unrecorded, lost=not may_go_on)
        tracked.close(
            comparison,
            asked=" ".join(overrides),
            numbers={
                "sweep/cells": float(len(results.rows)),
                "sweep/failed": float(results.num_failed),
                **(nested.numbers() if nested else {}),
                **(against.numbers() if against else {}),
            },
            prediction_keys=logged_claims(self.folder / CLAIMS_FOLDER),
            files=[*tables, profile] if profile.is_file() else tables,
            ended_by=ended_by,
            failed=bool(results.problems) or bool(ended_by),
        )


def _keep_cache_in_order(config: DictConfig) -> None:
    from ferbench.app.hydra.job import told_order
    from ferbench.config.settings import Paths

    node: Any = OmegaConf.to_container(config.paths, resolve=True)
    paths = bind(Paths, node, where="paths")
    told_order(paths.cache, paths.cache_limit_gb)
