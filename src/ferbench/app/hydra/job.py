"""One run or one cell of a sweep: evaluate, print, record, and say how it ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ferbench.app import console
from ferbench.app.compare_screen import compare_command
from ferbench.app.hydra import status
from ferbench.app.tables import FittedTable
from ferbench.app.words import RunWords, reason_in
from ferbench.config.settings import Settings, settings_from
from ferbench.errors import FerbenchError
from ferbench.pipeline.kept_parts import KeptParts
from ferbench.report.run_text import failure_line, one_line, sessions_table, totals
from ferbench.secret_texts import masked
from ferbench.types import LoadedDataset
from ferbench.workflows.cache import keep_in_order
from ferbench.workflows.cell_digest import cell_digest
from ferbench.workflows.evaluate import evaluate_settings, load_dataset
from ferbench.workflows.evaluation import Evaluation
from ferbench.workflows.progress import Progress
from ferbench.workflows.run_outcome import ARTIFACTS, Outcome, clear_cell, outcome_of
from ferbench.workflows.run_report import write_run_report
from ferbench.workflows.run_statistics import makes_statistics
from ferbench.workflows.sweep_report import SweepPlace, renew_report
from ferbench.workflows.tracked_run import (
    FORESEEN,
    SweepContext,
    TrackedRun,
    check_target,
    reason_of,
)

log = logging.getLogger("ferbench")

KEPT_PARTS: Final = KeptParts()
"""Of the cells that run in this process, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a cell knows of its sweep.

    Attributes:
        context: where the sweep is recorded.
        folder: of the sweep.
        of: readable name of the sweep.
        number: which cell this is, from 0.
        side_by_side: cells run in processes of their own, so several may use the screen at once.
    """

    context: SweepContext
    folder: Path
    of: str
    number: int
    side_by_side: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run as it was asked for.

    Attributes:
        config: composed and resolved configuration.
        config_yaml: the same as text.
        choices: chosen file of each group.
        overrides: as written on the command line.
        name: readable name of the run.
        output: folder of the run's files.
        cell: None = a single run.
    """

    config: Mapping[str, Any]
    config_yaml: str
    choices: Mapping[str, str]
    overrides: tuple[str, ...]
    name: str
    output: Path
    cell: Cell | None

    @property
    def sweep(self) -> SweepContext | None:
        """Where its sweep is recorded; None = a single run."""
        if self.cell is None:
            return None
        return self.cell.context


def run_job(job: Job) -> Outcome:
    """Run, record, print, write ``result.json``; foreseen errors are in the outcome, not raised."""
    run = TrackedRun(stored=None)
    try:
        settings = settings_from(job.config)
        check_target(settings, job.choices)
        loaded = load_dataset(settings.dataset)  # what cannot be read leaves no record
        digest = _digest(job, settings, loaded)
        finished = _finished(job, digest)
        if finished is not None:
            return finished
        clear_cell(job.output)
        with TrackedRun.open(
            settings,
            job.choices,
            name=job.name,
            sweep=job.sweep,
            digest=digest,
            words=RunWords(),
        ) as run:
            outcome = _evaluate_and_record(job, settings, loaded, run, digest)
    except FORESEEN as error:
        text = reason_in(RunWords(), error)
        log.error("%s: %s", type(error).__name__, status.full_once(text))
        outcome = Outcome(name=job.name, run_id=run.run_id, error=text)
    except BaseException as error:  # unforeseen, or Ctrl-C: told by whoever called
        outcome = Outcome(name=job.name, run_id=run.run_id, error=reason_of(error))
        outcome.write(job.output)
        raise
    outcome.write(job.output)
    if job.cell is not None and outcome.metrics:
        _renew_report(job.cell, run)
    return outcome


def _digest(job: Job, settings: Settings, loaded: LoadedDataset) -> str:
    """By which the same command again knows a cell; "" = it does not."""
    if job.cell is None or job.cell.side_by_side:
        return ""
    return cell_digest(job.config, settings, loaded, number=job.cell.number)


def _finished(job: Job, digest: str) -> Outcome | None:
    """The outcome of a cell that an earlier process finished, and of which nothing has changed."""
    if job.cell is None or job.output.name not in job.cell.context.finished:
        return None
    outcome = outcome_of(job.output, digest)
    told = "finished before"
    if outcome is None:
        told = "finished before, and something that it goes by has changed: it runs again"
    console.output_console().print(f"      {told}", markup=False, soft_wrap=True)
    return outcome


def _renew_report(cell: Cell, run: TrackedRun) -> None:
    """Write the sweep's page anew; what hinders that hinders no cell."""
    store = run.stored.store if run.stored else None
    place = SweepPlace(
        folder=cell.folder, name=cell.of, store=store, run_id=cell.context.parent_run_id
    )
    try:
        renew_report(place)
    except (FerbenchError, OSError) as error:
        log.warning("the sweep's page was not written: %s", reason_in(RunWords(), error))


def _evaluate_and_record(
    job: Job, settings: Settings, loaded: LoadedDataset, run: TrackedRun, digest: str
) -> Outcome:
    is_single = job.cell is None
    evaluation = _evaluate(job, settings, loaded)
    _print(job, evaluation)
    artifacts = job.output / ARTIFACTS
    evaluation.write(
        artifacts,
        config_yaml=job.config_yaml,
        overrides=job.overrides,
        cell="" if is_single else job.name,
    )
    if is_single:
        write_run_report(evaluation, artifacts, name=job.name)
    outcome = Outcome.of(evaluation, name=job.name, run_id=run.run_id, digest=digest)
    outcome.write(job.output)  # before the record ends: what has ended there is not run again
    run.log(evaluation, artifacts)
    if is_single:
        _say_where(run, artifacts)
        told_order(settings.paths.cache, settings.paths.cache_limit_gb)
    return outcome


def _evaluate(job: Job, settings: Settings, loaded: LoadedDataset) -> Evaluation:
    is_single = job.cell is None
    is_quiet = job.cell is not None and job.cell.side_by_side
    with console.frames_bar(quiet=is_quiet) as bar:

        def show(progress: Progress) -> None:
            bar(progress.done_frames, progress.total_frames, progress.videos)

        evaluation = evaluate_settings(
            settings,
            job.choices,
            loaded,
            statistics=makes_statistics(settings.recipe.statistics, cell=not is_single),
            pictures=is_single,
            on_progress=show,
            notify=log.info,
            kept=None if is_single else KEPT_PARTS,
        )
    return evaluation.worded(RunWords())


def told_order(cache: Path, limit_gb: float | None) -> None:
    """Keep the cache within its limit, and say in a line what became of it."""
    line = keep_in_order(cache, limit_gb)
    if line:
        console.error_console().print(f"note: {line}", markup=False, soft_wrap=True)


def _say_where(run: TrackedRun, artifacts: Path) -> None:
    """One line: where a single run's results are, and what to do with them."""
    if run.stored is None:
        text = f"results: {artifacts}   (nothing was recorded)"
    else:
        store, run_id = run.stored.store, run.run_id
        look = compare_command(store)
        if store.has_pages:
            look = f"ferbench ui, {look}"
        text = f"run {run_id[:8]}: {masked(store.location(run_id))}   (look at runs: {look})"
    console.output_console().print(text, markup=False, soft_wrap=True)


def _print(job: Job, evaluation: Evaluation) -> None:
    """The sessions' table for a single run, one line for a cell (its sweep prints the rest)."""
    if job.cell is None:
        _print_run(evaluation)
        return
    whose = ""
    if job.cell.side_by_side:
        whose = f"#{job.cell.number} {job.name}: "
    line = one_line(evaluation.report, evaluation.metrics)
    console.output_console().print(f"      {whose}{line}", markup=False, soft_wrap=True)


def _print_run(evaluation: Evaluation) -> None:
    screen, errors = console.output_console(), console.error_console()
    report = evaluation.report
    for notice in report.notices:
        errors.print(f"note: {notice}", markup=False)
    for failure in report.failures:
        errors.print(f"failed: {failure_line(failure)}", markup=False, style="red")
    screen.print(FittedTable(sessions_table(report)))
    screen.print(totals(report, evaluation.metrics), markup=False, soft_wrap=True)
    if evaluation.statistics is None:
        return
    for line in evaluation.statistics.summary:
        screen.print(line, markup=False, soft_wrap=True)
