"""A sweep in a tracking store: one parent run, made before any cell and closed after the last."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ferbench.places import without_folders
from ferbench.report.comparison import Comparison
from ferbench.results import RunRow
from ferbench.tracking.settings import Tracking
from ferbench.tracking.store import (
    CELL_TAG,
    DIED,
    ENDED_BY_TAG,
    NOTE_TAG,
    SESSIONS_FAILED_TAG,
    SUPERSEDED_TAG,
    Store,
    end_failed,
    names_of,
)
from ferbench.workflows.recording import predictions_tag
from ferbench.workflows.run_notes import sweep_note
from ferbench.workflows.tidy_runs import close_dead

MAX_NAME: Final = 250
OF_THE_BEST: Final = ("event/", "quality/")
"""Families of the best cell's numbers that the parent shows too."""
_OF_NO_USE: Final = frozenset({SESSIONS_FAILED_TAG, SUPERSEDED_TAG})


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedSweep:
    """A sweep's own run.

    Attributes:
        store: where it is recorded.
        experiment_id: the store's name for its experiment.
        run_id: of the parent run.
        logged: first 12 digits of keys whose prediction tables the experiment had before.
        goes_on: an earlier process began it.
        cells: of such a sweep, the records of its cells by run id; None = the store cannot say.
    """

    store: Store
    experiment_id: str
    run_id: str
    logged: frozenset[str]
    goes_on: bool = False
    cells: Mapping[str, RunRow] | None = field(default_factory=dict)

    @property
    def records(self) -> dict[str, str]:
        """Records that the same cell may go on with, by its digest.

        One that ended with some sessions may have numbers that are not defined any more.
        """
        return {
            row.tags[CELL_TAG]: row.run_id
            for row in (self.cells or {}).values()
            if CELL_TAG in row.tags and not row.tags.keys() & _OF_NO_USE
        }

    @classmethod
    def start(
        cls,
        tracking: Tracking,
        root: Path,
        *,
        name: str,
        experiment: str | None,
        before: str = "",
    ) -> TrackedSweep | None:
        """Create store and experiment where they are missing, and the parent run.

        Args:
            tracking: says where.
            root: folder of runs.
            name: readable name of the sweep.
            experiment: the chosen experiment file; None or "None" = none.
            before: the sweep's own run, where an earlier process began it; "" = the sweep is new.

        Returns:
            None = nothing is recorded.

        Raises:
            TrackingError: the store cannot be used.
        """
        target = tracking.target(root, chosen=experiment)
        if target is None:
            return None
        experiment_id = target.store.prepare(target.experiment)
        close_dead(target.store, experiment_id)
        known = target.store.known(before) if before else ""
        goes_on = known != ""
        if goes_on:
            run_id = known or before
            target.store.reopen(run_id, kind="sweep")
        else:
            run_id = target.store.start(experiment_id, name[:MAX_NAME], kind="sweep")
        target.store.show_sweep(experiment_id, run_id, ())
        tracked = cls(
            store=target.store,
            experiment_id=experiment_id,
            run_id=run_id,
            logged=target.store.logged_predictions(experiment_id),
            goes_on=goes_on,
            cells=None if known is None else {},
        )
        return tracked._with_cells() if known else tracked

    def _with_cells(self) -> TrackedSweep:
        """With the records that an earlier process left; those that it did not end are ended.

        Its cells ran in it, so they are gone as it is, wherever it was.
        """
        rows = self.store.search([self.experiment_id], parent=self.run_id)
        for row in rows:
            if row.state == "running":
                end_failed(self.store, row.run_id, DIED)
        return replace(self, cells={row.run_id: row for row in rows})

    def set_aside(self, counted: Collection[str]) -> None:
        """Mark the records of an earlier process that no cell went on with.

        Args:
            counted: run ids of the cells' records.
        """
        cells = self.cells or {}
        for run_id in [each for each in cells if not names_of(cells[each]) & set(counted)]:
            self.store.log_numbers(run_id, params={}, metrics={}, tags={SUPERSEDED_TAG: "true"})

    def close_cells(self, unrecorded: Iterable[tuple[str, str]], *, lost: bool) -> None:
        """Record cells that failed too early to do so themselves, and end those that are lost.

        Args:
            unrecorded: name and error of each.
            lost: cells that are still open will never be ended by themselves.
        """
        for name, error in unrecorded:
            run_id = self.store.start(self.experiment_id, name, kind="cell", parent=self.run_id)
            end_failed(self.store, run_id, without_folders(error))
        if not lost:
            return
        for row in self.store.search([self.experiment_id], parent=self.run_id):
            if row.state == "running":
                end_failed(self.store, row.run_id, DIED)

    def close(
        self,
        comparison: Comparison | None,
        *,
        asked: str,
        numbers: Mapping[str, float],
        prediction_keys: Iterable[str],
        files: Iterable[Path],
        ended_by: str,
        failed: bool,
    ) -> None:
        """Log what the cells came to on the parent, and end it.

        Args:
            comparison: of the cells; None = none came to an end.
            asked: what was swept, as it was written.
            numbers: further metrics of the parent.
            prediction_keys: whose tables the cells logged on the parent.
            files: tables of the sweep.
            ended_by: why it ended before its last cell; "" = it did not.
            failed: whether something went wrong. Such a sweep has no params yet: the same command
                goes on with it, and may add values.
        """
        metrics = dict(numbers)
        tags = dict(predictions_tag(list(prediction_keys)))
        tags[ENDED_BY_TAG] = ended_by
        params: dict[str, str] = {}
        if comparison:
            self.store.show_sweep(self.experiment_id, self.run_id, comparison.params)
            if not failed:  # else the sweep may go on, and what is logged cannot be changed
                params = _params(comparison)
            tags[NOTE_TAG] = sweep_note(
                comparison,
                asked=asked,
                store=self.store,
                experiment_id=self.experiment_id,
                run_id=self.run_id,
            )
        if comparison and comparison.best:
            best = comparison.best.metrics
            metrics |= {name: best[name] for name in best if name.startswith(OF_THE_BEST)}
        told_tags = {name: value for name, value in tags.items() if value}
        self.store.log_files(self.run_id, files, "")
        self.store.log_numbers(self.run_id, params=params, metrics=metrics, tags=told_tags)
        self.store.end(self.run_id, failed=failed)


def _params(comparison: Comparison) -> dict[str, str]:
    """What is the same in all cells, and of what differs all values."""
    params = dict(comparison.constant)
    for name in comparison.params:
        values = dict.fromkeys(row.params[name] for row in comparison.rows if name in row.params)
        params[name] = ", ".join(sorted(values))
    return params
