"""A run in a tracking store, from its first moment to its end, whatever happens in between."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ferbench.checks import from_home
from ferbench.config.settings import Settings
from ferbench.datasets.pseudonyms import check_place
from ferbench.errors import FerbenchError, TrackingError, errors_within
from ferbench.places import without_folders
from ferbench.results import Report
from ferbench.secret_texts import masked
from ferbench.sentences import Words
from ferbench.system_errors import FORESEEN as SYSTEM
from ferbench.system_errors import said
from ferbench.tracking.record import Record
from ferbench.tracking.settings import Predictions
from ferbench.tracking.store import CELL_TAG, NOTE_TAG, Store, end_failed
from ferbench.tracking.view import artifact_page
from ferbench.workflows.evaluation import Evaluation
from ferbench.workflows.recording import log_predictions
from ferbench.workflows.run_notes import run_note
from ferbench.workflows.run_report import REPORT_FILE, write_run_report
from ferbench.workflows.tidy_runs import close_dead

log = logging.getLogger("ferbench")

FORESEEN: Final = (FerbenchError, *SYSTEM)
"""Errors that end one run and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepContext:
    """What the cells of a sweep share; written once by the parent before any cell starts.

    Attributes:
        experiment_id: the store's name for the experiment.
        parent_run_id: the sweep's own run.
        claims: folder in which cells say which prediction tables they log.
        logged: first 12 digits of keys whose tables the experiment had before the sweep.
        finished: names of the folders of cells that an earlier process finished.
        records: records that an earlier process began, by the digest of their cell.
    """

    experiment_id: str
    parent_run_id: str
    claims: Path
    logged: frozenset[str]
    finished: frozenset[str] = frozenset()
    records: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """An open run of a store.

    Attributes:
        store: where it is.
        run_id: its id there.
        experiment_id: the store's name for its experiment.
        predictions: which prediction tables are logged.
        sweep: the sweep that it is a cell of; None = it is a run of its own.
    """

    store: Store
    run_id: str
    experiment_id: str
    predictions: Predictions
    sweep: SweepContext | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """A run that is recorded, or not.

    Attributes:
        stored: the record; None = nothing is recorded.
        name: readable name of the run.
    """

    stored: StoredRun | None
    name: str = ""

    @classmethod
    @contextmanager
    def open(
        cls,
        settings: Settings,
        choices: Mapping[str, str],
        *,
        name: str,
        sweep: SweepContext | None = None,
        digest: str = "",
        words: Words | None = None,
    ) -> Iterator[TrackedRun]:
        """Start a record; what is raised inside ends it as failed, with its reason.

        Args:
            settings: whose tracking says where.
            choices: whose experiment names the store's experiment.
            name: readable name of the run.
            sweep: the sweep that the run is a cell of.
            digest: of a cell, by which the same command again finds its record; "" = it does not.
            words: in which the reason names settings and actions; None = in the library's.

        Raises:
            TrackingError: the store cannot be used.
        """
        run = cls(stored=_start(settings, choices, name, sweep, digest), name=name)
        try:
            yield run
        except BaseException as error:
            run.break_off(reason_of(error, words))
            raise

    @property
    def run_id(self) -> str:
        """The record's id; "" = nothing is recorded."""
        return self.stored.run_id if self.stored else ""

    def finish(
        self, evaluation: Evaluation, *, config_yaml: str, output: Path | None
    ) -> Evaluation:
        """Write the files of an evaluation, log everything and end the record.

        Args:
            evaluation: the results.
            config_yaml: the configuration, so that the run can be repeated.
            output: folder for the files; None = only the record gets them.

        Returns:
            The evaluation with its record's id.
        """
        recorded = replace(evaluation, run_id=self.run_id)
        if output is not None:
            self._write_and_log(recorded, output, config_yaml)
        elif self.stored:
            with tempfile.TemporaryDirectory(prefix="ferbench-run-") as scratch:
                self._write_and_log(recorded, Path(scratch), config_yaml)
        return recorded

    def _write_and_log(self, evaluation: Evaluation, folder: Path, config_yaml: str) -> None:
        evaluation.write(folder, config_yaml=config_yaml)
        write_run_report(evaluation, folder, name=self.name)
        self.log(evaluation, folder)

    def log(self, evaluation: Evaluation, artifacts: Path) -> None:
        """Log numbers, texts, tables and the files of a folder, and end the record."""
        if self.stored is None:
            return
        stored, page = self.stored, ""
        if stored.store.has_pages and stored.sweep is None:
            page = artifact_page(stored.experiment_id, stored.run_id, REPORT_FILE)
        record = Record(
            params=evaluation.params,
            tags={**evaluation.tags, NOTE_TAG: run_note(evaluation, page=page)},
            metrics=evaluation.metrics,
            inputs=evaluation.inputs,
            artifacts=artifacts,
            failed=bool(evaluation.report.failures),
        )
        _log_predictions(stored, evaluation.report)
        stored.store.log(stored.run_id, record)

    def break_off(self, reason: str) -> None:
        """End the record of a run that broke off, with its reason."""
        if self.stored is None:
            return
        end_broken_off(self.stored.store, self.stored.run_id, reason)


def end_broken_off(store: Store, run_id: str, reason: str) -> None:
    """End a record that broke off, with its reason; that it cannot be is told."""
    try:
        end_failed(store, run_id, without_folders(reason))
    except TrackingError as error:
        log.error("%s", error)


@contextmanager
def ended_whatever_happens(store: Store, run_id: str) -> Iterator[None]:
    """A record that is begun is ended: as failed, with the reason, by an error or interrupt."""
    try:
        yield
    except BaseException as error:
        end_broken_off(store, run_id, reason_of(error))
        raise
    store.end(run_id, failed=False)


def reason_of(error: BaseException, words: Words | None = None) -> str:
    """Why a run broke off, in one sentence; None = in the library's words."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, FerbenchError) and words is not None:
        return error.told(words)
    if isinstance(error, FORESEEN):
        return masked(said(error))
    return masked(f"{type(error).__name__}: {error}".removesuffix(": "))


def check_target(settings: Settings, choices: Mapping[str, str]) -> None:
    """Look at where a run is to be recorded, before anything is read; nothing is created.

    Raises:
        TrackingError: that is no place for records.
        ConfigError: the key of pseudonyms lies among them.
    """
    keys = getattr(settings.dataset, "pseudonyms", None)
    if keys is not None:
        with errors_within("dataset"):
            check_place(from_home(keys), settings.paths.root)
    settings.tracking.target(settings.paths.root, chosen=choices.get("experiment"))


def _start(
    settings: Settings,
    choices: Mapping[str, str],
    name: str,
    sweep: SweepContext | None,
    digest: str,
) -> StoredRun | None:
    target = settings.tracking.target(settings.paths.root, chosen=choices.get("experiment"))
    if target is None:
        return None
    store = target.store
    if sweep:
        experiment_id = sweep.experiment_id
        run_id = _cell_record(store, sweep, name, digest)
    else:
        experiment_id = store.prepare(target.experiment)
        close_dead(store, experiment_id)
        run_id = store.start(experiment_id, name, kind="run")
    return StoredRun(
        store=store,
        run_id=run_id,
        experiment_id=experiment_id,
        predictions=target.predictions,
        sweep=sweep,
    )


def _cell_record(store: Store, sweep: SweepContext, name: str, digest: str) -> str:
    """The record of a cell: the one that an earlier process began, or a new one."""
    begun = sweep.records.get(digest)
    if begun is not None:
        store.reopen(begun, kind="cell")
        return begun
    run_id = store.start(sweep.experiment_id, name, kind="cell", parent=sweep.parent_run_id)
    if digest:
        store.log_numbers(run_id, params={}, metrics={}, tags={CELL_TAG: digest})
    return run_id


def _log_predictions(run: StoredRun, report: Report) -> None:
    """Once per key in an experiment (in a sweep: on its parent), in each run, or not at all."""
    if run.predictions == "each":
        log_predictions(report, run.store, run.run_id, known=frozenset(), claims=None)
    elif run.predictions == "once":
        if run.sweep:
            target, known, claims = run.sweep.parent_run_id, run.sweep.logged, run.sweep.claims
            log_predictions(report, run.store, target, known=known, claims=claims)
        else:
            known = run.store.logged_predictions(run.experiment_id)
            log_predictions(report, run.store, run.run_id, known=known, claims=None)
