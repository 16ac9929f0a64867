"""One run: settings in, report out, everything recorded."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ferbench.app import console
from ferbench.app.cli.compare_report import compare_command
from ferbench.config.settings import Settings, params_of, settings_from
from ferbench.errors import FerbenchError, Text, TrackingError, VideoError, errors_within
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.stages import Analyser
from ferbench.places import without_folders
from ferbench.report.files import write_files
from ferbench.results import Report, RunKind
from ferbench.tracking.record import Record, metrics_of
from ferbench.tracking.settings import Predictions
from ferbench.tracking.store import ERROR_TAG, Store
from ferbench.types import LoadedDataset
from ferbench.workflows.recording import (
    CONFIG_FILE,
    inputs_of,
    log_predictions,
    tags_of,
    write_description,
)
from ferbench.workflows.run_statistics import Made, statistics_of, wanted
from ferbench.workflows.thesis_exact import exact_notice, exact_tags

log = logging.getLogger("ferbench")

RESULT_FILE = "result.json"
ARTIFACTS = "artifacts"
CLAIMS_FOLDER = "predictions"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepContext:
    """What the cells of a sweep share; written once by the parent before any cell starts.

    Attributes:
        folder: Hydra's folder of the sweep.
        experiment_id: the store's name for the experiment.
        parent_run_id: the sweep's own run.
        number: which cell this is, from 0.
        side_by_side: cells run in processes of their own, so several may use the screen at once.
    """

    folder: Path
    experiment_id: str
    parent_run_id: str
    number: int
    side_by_side: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run as it was asked for.

    Attributes:
        config: composed and resolved configuration.
        choices: chosen file of each group.
        overrides: as written on the command line.
        name: readable name of the run.
        output: folder of the run's files.
        sweep: None = a single run.
    """

    config: Mapping[str, Any]
    config_yaml: str
    choices: Mapping[str, str]
    overrides: tuple[str, ...]
    name: str
    output: Path
    sweep: SweepContext | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended: ``error`` is empty unless the whole run failed."""

    name: str
    run_id: str
    error: str
    failed_sessions: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything worked."""
        return not self.error and not self.failed_sessions


def run_job(job: Job) -> Outcome:
    """Run, record, print; never raises for an error that ferbench foresees.

    Writes ``result.json``.
    """
    tracked = None
    try:
        settings = settings_from(job.config)
        tracked = _start(job, settings)
        outcome = _evaluate_and_record(job, settings, tracked)
    except (FerbenchError, OSError, sqlite3.Error, MemoryError) as error:
        text = str(error) or type(error).__name__
        log.error("%s: %s", type(error).__name__, text)
        outcome = Outcome(name=job.name, run_id=_broken_off(tracked, text), error=text)
    except (
        BaseException
    ) as error:  # unforeseen, or Ctrl-C: told by whoever called, but recorded here
        told = f"{type(error).__name__}: {error}".removesuffix(": ")
        text = "interrupted" if isinstance(error, KeyboardInterrupt) else told
        write_outcome(
            Outcome(name=job.name, run_id=_broken_off(tracked, text), error=text), job.output
        )
        raise
    write_outcome(outcome, job.output)
    return outcome


def write_outcome(outcome: Outcome, folder: Path) -> None:
    """Leave the outcome in the run's folder, where a sweep collects it."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{RESULT_FILE}.part"  # a sweep may look while a worker is being ended
    part.write_text(json.dumps(asdict(outcome), indent=1), encoding="utf-8")
    part.replace(folder / RESULT_FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tracked:
    store: Store
    run_id: str
    experiment_id: str
    predictions: Predictions


def _start(job: Job, settings: Settings) -> _Tracked | None:
    target = settings.tracking.target(settings.paths.root, chosen=job.choices.get("experiment"))
    if target is None:
        return None
    store, sweep = target.store, job.sweep
    experiment_id = sweep.experiment_id if sweep else store.prepare(target.experiment)
    kind: RunKind = "cell" if sweep else "run"
    run_id = store.start(
        experiment_id, job.name, kind=kind, parent=sweep.parent_run_id if sweep else ""
    )
    return _Tracked(
        store=store, run_id=run_id, experiment_id=experiment_id, predictions=target.predictions
    )


def _broken_off(tracked: _Tracked | None, reason: str) -> str:
    """End the record of a run that broke off, with its reason.

    Return the run's id ("" = there is no record).
    """
    if tracked is None:
        return ""
    try:
        tracked.store.log_numbers(
            tracked.run_id, params={}, metrics={}, tags={ERROR_TAG: without_folders(reason)}
        )
        tracked.store.end(tracked.run_id, failed=True)
    except TrackingError as error:
        log.error("%s", error)
    return tracked.run_id


def _evaluate_and_record(job: Job, settings: Settings, tracked: _Tracked | None) -> Outcome:
    loaded = _load(settings)
    analyser, report = _evaluate(job, settings, loaded)
    single, made = job.sweep is None, None
    if wanted(settings, cell=not single):
        made = statistics_of(report, loaded, settings, analyser.cache, pictures=single)
    metrics, params = (
        {**metrics_of(report), **(made.numbers if made else {})},
        params_of(settings, job.choices),
    )
    _print(job, report, metrics, made.summary if made else [])
    artifacts = job.output / ARTIFACTS
    write_files(
        report,
        artifacts,
        stamp_s=settings.recipe.scoring.stamp_s,
        level=settings.recipe.event.level,
        max_timelines=settings.report.timelines,
    )
    if made:
        made.copy_to(artifacts)
    write_description(artifacts, report, config_yaml=job.config_yaml, overrides=job.overrides)
    inputs = inputs_of(loaded, report, analyser.cache)
    tags = tags_of(settings, report, device=str(analyser.device), inputs=inputs)
    tags |= exact_tags(settings.recipe, job.choices)
    if tracked:
        record = Record(
            params=params,
            tags=tags,
            metrics=metrics,
            inputs=inputs,
            artifacts=artifacts,
            failed=bool(report.failures),
        )
        _log_predictions(job, tracked, report)
        tracked.store.log(tracked.run_id, record)
    if job.sweep is None:
        _say_where(tracked, artifacts)
    return Outcome(
        name=job.name,
        run_id=tracked.run_id if tracked else "",
        error="",
        failed_sessions=tuple(console.failure(f) for f in report.failures),
        metrics=metrics,
        params=params,
        tags=tags,
        notices=report.notices,
    )


def _say_where(tracked: _Tracked | None, artifacts: Path) -> None:
    """One line: where a single run's results are, and what to do with them."""
    if tracked is None:
        text = f"results: {artifacts}   (nothing was recorded)"
    else:
        look = (
            f"{'ferbench ui, ' if tracked.store.has_pages else ''}{compare_command(tracked.store)}"
        )
        text = f"run {tracked.run_id[:8]}: {tracked.store.location(tracked.run_id)}   (look at runs: {look})"
    console.output_console().print(text, markup=False, soft_wrap=True)


def _log_predictions(job: Job, tracked: _Tracked, report: Report) -> None:
    """Once per key in an experiment (in a sweep: on its parent), in each run, or not at all."""
    if tracked.predictions == "each":
        log_predictions(report, tracked.store, tracked.run_id, known=frozenset(), claims=None)
    elif tracked.predictions == "once":
        known = tracked.store.logged_predictions(tracked.experiment_id)
        target = job.sweep.parent_run_id if job.sweep else tracked.run_id
        claims = job.sweep.folder / CLAIMS_FOLDER if job.sweep else None
        log_predictions(report, tracked.store, target, known=known, claims=claims)


def _load(settings: Settings) -> LoadedDataset:
    """The data set; what it says of its settings is told of those of ``dataset``."""
    with errors_within("dataset"):
        loaded = settings.dataset.load()
    notices = [
        notice.within("dataset") if isinstance(notice, Text) else notice
        for notice in loaded.notices
    ]
    return replace(loaded, notices=tuple(notices))


def _evaluate(job: Job, settings: Settings, loaded: LoadedDataset) -> tuple[Analyser, Report]:
    sessions = loaded.sessions
    notices = (*loaded.notices, *exact_notice(settings.recipe, job.choices))
    cache = Cache(settings.paths.cache)
    analyser = Analyser(
        settings.recipe, settings.runtime, cache, settings.paths.models, notify=log.info
    )
    videos = [(part.path, session.camera) for session in sessions for part in session.parts]
    missing = [path for path, camera in videos if _needs_pixels(analyser, path, camera)]
    if missing:
        analyser.bring_weights()
    total = sum(analyser.estimated_frames(path) for path in missing)
    quiet = job.sweep is not None and job.sweep.side_by_side
    with console.progress(
        0 if quiet else total, f"{len(missing)} of {len(videos)} videos"
    ) as advance:
        analyser.on_frames = advance
        report = evaluate(sessions, analyser, notices=notices)
    return analyser, report


def _needs_pixels(analyser: Analyser, path: Path, camera: str) -> bool:
    """Whether a video will be decoded; one that cannot be read will be told of in its turn."""
    try:
        return not analyser.is_cached(path, camera=camera)
    except VideoError:
        return False


def statistics_of_cell(folder: Path) -> Made | None:
    """Statistics with pictures of a cell that is done, from its folder and the stored tables.

    None = none are wanted.

    Raises:
        FerbenchError: the cell cannot be evaluated again.
    """
    config: Any = OmegaConf.to_container(
        OmegaConf.load(folder / ARTIFACTS / CONFIG_FILE), resolve=True
    )
    settings = settings_from(config)
    if settings.recipe.scoring.intervals == "none":
        return None
    settings = replace(settings, runtime=replace(settings.runtime, measure=False))
    analyser = Analyser(
        settings.recipe, settings.runtime, Cache(settings.paths.cache), settings.paths.models
    )
    loaded = _load(settings)
    report = evaluate(loaded.sessions, analyser)
    made = statistics_of(report, loaded, settings, analyser.cache, pictures=True)
    if made:
        made.copy_to(folder / ARTIFACTS)
    return made


def _print(job: Job, report: Report, metrics: dict[str, float], summary: Sequence[str]) -> None:
    """The sessions' table for a single run, one line for a cell (its sweep prints the rest)."""
    screen = console.output_console()
    if job.sweep is not None:
        whose = f"#{job.sweep.number} {job.name}: " if job.sweep.side_by_side else ""
        screen.print(
            f"      {whose}{console.one_line(report, metrics)}", markup=False, soft_wrap=True
        )
        return
    for notice in report.notices:
        console.error_console().print(f"note: {notice}", markup=False)
    for failure in report.failures:
        console.error_console().print(
            f"failed: {console.failure(failure)}", markup=False, style="red"
        )
    screen.print(console.summary(report))
    screen.print(console.totals(report, metrics), markup=False, soft_wrap=True)
    for line in summary:
        screen.print(line, markup=False, soft_wrap=True)
