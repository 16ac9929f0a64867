"""One run: settings in, report out, everything recorded."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ferbench.app import console
from ferbench.app.config import Settings, params_of, settings_from
from ferbench.app.recording import inputs_of, log_predictions, tags_of, write_description
from ferbench.errors import FerbenchError, TrackingError, VideoError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.stages import Analyser
from ferbench.report.files import write_files
from ferbench.results import Report
from ferbench.tracking.mlflow_store import KIND_TAG, MlflowStore
from ferbench.tracking.record import Record, metrics_of
from ferbench.tracking.settings import MlflowTracking

log = logging.getLogger("ferbench")

RESULT_FILE = "result.json"
CLAIMS_FOLDER = "predictions"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepContext:
    """What the cells of a sweep share; written once by the parent before any cell starts."""

    folder: Path
    experiment_id: str
    parent_run_id: str


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
    notices: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything worked."""
        return not self.error and not self.failed_sessions


def run_job(job: Job) -> Outcome:
    """Run, record, print; never raises for an error that ferbench foresees. Writes ``result.json``."""
    try:
        outcome = _run(job)
    except (FerbenchError, OSError, sqlite3.Error, MemoryError) as error:
        log.error("%s: %s", type(error).__name__, error)
        outcome = Outcome(name=job.name, run_id="", error=str(error))
    write_outcome(outcome, job.output)
    return outcome


def write_outcome(outcome: Outcome, folder: Path) -> None:
    """Leave the outcome in the run's folder, where a sweep collects it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULT_FILE).write_text(json.dumps(asdict(outcome), indent=1), encoding="utf-8")


def _run(job: Job) -> Outcome:
    settings = settings_from(job.config)
    tracked = _start(job, settings)
    try:
        return _evaluate_and_record(job, settings, tracked)
    except BaseException:
        if tracked:
            try:
                tracked.store.end(tracked.run_id, failed=True)
            except TrackingError as error:
                log.error("%s", error)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tracked:
    store: MlflowStore
    run_id: str
    experiment_id: str


def _start(job: Job, settings: Settings) -> _Tracked | None:
    if not isinstance(settings.tracking, MlflowTracking):
        return None
    store = MlflowStore(uri=settings.tracking.uri, root=settings.paths.root)
    parent = job.sweep.parent_run_id if job.sweep else None
    if job.sweep:
        experiment_id = job.sweep.experiment_id
    else:
        experiment_id = store.prepare(settings.tracking.experiment_name(job.choices.get("experiment")))
    run_id = store.start(experiment_id, job.name, {KIND_TAG: "cell" if job.sweep else "run"}, parent=parent)
    return _Tracked(store=store, run_id=run_id, experiment_id=experiment_id)


def _evaluate_and_record(job: Job, settings: Settings, tracked: _Tracked | None) -> Outcome:
    analyser, report = _evaluate(settings)
    metrics, params = metrics_of(report), params_of(settings, job.choices)
    _print(job, report, metrics)
    artifacts = job.output / "artifacts"
    write_files(
        report,
        artifacts,
        stamp_s=settings.recipe.scoring.stamp_s,
        level=settings.recipe.event.level,
        max_timelines=settings.report.timelines,
    )
    write_description(artifacts, report, config_yaml=job.config_yaml, overrides=job.overrides)
    if tracked:
        inputs = inputs_of(settings, report, analyser.cache)
        record = Record(
            params=params,
            tags=tags_of(settings, report, device=str(analyser.device), inputs=inputs),
            metrics=metrics,
            inputs=inputs,
            artifacts=artifacts,
            failed=bool(report.failures),
        )
        _log_predictions(job, settings, tracked, report)
        tracked.store.log(tracked.run_id, record)
    return Outcome(
        name=job.name,
        run_id=tracked.run_id if tracked else "",
        error="",
        failed_sessions=tuple(f"{f.session_id} ({f.file.name}): {f.reason}" for f in report.failures),
        metrics=metrics,
        params=params,
        notices=report.notices,
    )


def _log_predictions(job: Job, settings: Settings, tracked: _Tracked, report: Report) -> None:
    """Once per key in an experiment (in a sweep: on its parent), in each run, or not at all."""
    how = settings.tracking.predictions if isinstance(settings.tracking, MlflowTracking) else "none"
    if how == "each":
        log_predictions(report, tracked.store, tracked.run_id, known=frozenset(), claims=None)
    elif how == "once":
        known = tracked.store.logged_predictions(tracked.experiment_id)
        target = job.sweep.parent_run_id if job.sweep else tracked.run_id
        claims = job.sweep.folder / CLAIMS_FOLDER if job.sweep else None
        log_predictions(report, tracked.store, target, known=known, claims=claims)


def _evaluate(settings: Settings) -> tuple[Analyser, Report]:
    sessions, notices = settings.dataset.sessions(), settings.dataset.notices()
    cache = Cache(settings.paths.cache)
    analyser = Analyser(settings.recipe, settings.runtime, cache, settings.paths.models, notify=log.info)
    paths = [part.path for session in sessions for part in session.parts]
    missing = [path for path in paths if _needs_pixels(analyser, path)]
    if missing:
        analyser.bring_weights()
    total = sum(analyser.estimated_frames(path) for path in missing)
    with console.progress(total, f"{len(missing)} of {len(paths)} videos") as advance:
        analyser.on_frames = advance
        report = evaluate(sessions, analyser, notices=notices)
    return analyser, report


def _needs_pixels(analyser: Analyser, path: Path) -> bool:
    """Whether a video will be decoded; one that cannot be read will be told of in its turn."""
    try:
        return not analyser.is_cached(path)
    except VideoError:
        return False


def _print(job: Job, report: Report, metrics: dict[str, float]) -> None:
    """The sessions' table for a single run, one line for a cell (its sweep prints the rest)."""
    screen = console.output_console()
    if job.sweep is not None:
        screen.print(f"      {console.one_line(report, metrics)}", markup=False)
        return
    for notice in report.notices:
        console.error_console().print(f"note: {notice}", markup=False)
    for failure in report.failures:
        text = f"failed: {failure.session_id} ({failure.file.name}): {failure.reason}"
        console.error_console().print(text, markup=False, style="red")
    screen.print(console.summary(report))
    screen.print(console.totals(report, metrics), markup=False)
