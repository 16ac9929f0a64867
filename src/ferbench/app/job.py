"""One run: settings in, report out, everything recorded."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ferbench.app import console
from ferbench.app.config import Settings, params_of, settings_from
from ferbench.errors import FerbenchError
from ferbench.fingerprint import fingerprint
from ferbench.formats.predictions import predictions_table, write_predictions
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.stages import Analyser
from ferbench.report.files import write_files
from ferbench.results import Report
from ferbench.tracking.mlflow_store import KIND_TAG, MlflowStore
from ferbench.tracking.record import Input, Record, environment, metrics_of, revision, speed_source
from ferbench.tracking.settings import MlflowTracking

log = logging.getLogger("ferbench")

RESULT_FILE = "result.json"


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
    except FerbenchError as error:
        log.error("%s: %s", type(error).__name__, error)
        outcome = Outcome(name=job.name, run_id="", error=str(error))
    job.output.mkdir(parents=True, exist_ok=True)
    (job.output / RESULT_FILE).write_text(json.dumps(asdict(outcome), indent=1))
    return outcome


def _run(job: Job) -> Outcome:
    settings = settings_from(job.config)
    store, run_id = _start(job, settings)
    try:
        outcome = _evaluate_and_record(job, settings, store, run_id)
    except BaseException:
        if store:
            store.end(run_id, failed=True)
        raise
    return outcome


def _start(job: Job, settings: Settings) -> tuple[MlflowStore | None, str]:
    if not isinstance(settings.tracking, MlflowTracking):
        return None, ""
    store = MlflowStore(uri=settings.tracking.uri, root=settings.paths.root)
    parent = job.sweep.parent_run_id if job.sweep else None
    if job.sweep:
        experiment_id = job.sweep.experiment_id
    else:
        experiment_id = store.prepare(settings.tracking.experiment_name(job.choices.get("experiment")))
    kind = "cell" if job.sweep else "run"
    return store, store.start(experiment_id, job.name, {KIND_TAG: kind}, parent=parent)


def _evaluate_and_record(job: Job, settings: Settings, store: MlflowStore | None, run_id: str) -> Outcome:
    analyser, report = _evaluate(settings)
    metrics, params = metrics_of(report), params_of(settings, job.choices)
    artifacts = job.output / "artifacts"
    scoring = settings.recipe.scoring
    write_files(
        report,
        artifacts,
        stamp_s=scoring.stamp_s,
        level=settings.recipe.event.level,
        max_timelines=settings.report.timelines,
    )
    _write_description(job, report, artifacts)
    if store:
        record = Record(
            name=job.name,
            params=params,
            tags=_tags(settings, report, analyser),
            metrics=metrics,
            inputs=_inputs(settings, report, analyser.cache),
            artifacts=artifacts,
            failed=bool(report.failures),
        )
        store.log(run_id, record)
        _log_predictions(job, settings, store, run_id, report)
    _print(job, report, metrics)
    return Outcome(
        name=job.name,
        run_id=run_id,
        error="",
        failed_sessions=tuple(f"{f.session_id} ({f.file.name}): {f.reason}" for f in report.failures),
        metrics=metrics,
        params=params,
        notices=report.notices,
    )


def _evaluate(settings: Settings) -> tuple[Analyser, Report]:
    sessions, notices = settings.dataset.sessions(), settings.dataset.notices()
    cache = Cache(settings.paths.cache)
    analyser = Analyser(settings.recipe, settings.runtime, cache, settings.paths.models, notify=log.info)
    paths = [part.path for session in sessions for part in session.parts]
    missing = [path for path in paths if path.is_file() and not analyser.is_cached(path)]
    total = sum(analyser.estimated_frames(path) for path in missing)
    with console.progress(total, f"{len(missing)} of {len(paths)} videos") as advance:
        analyser.on_frames = advance
        report = evaluate(sessions, analyser, notices=notices)
    return analyser, report


def _write_description(job: Job, report: Report, folder: Path) -> None:
    """Configuration, overrides, environment and stage keys, so that the run can be repeated."""
    (folder / "config.yaml").write_text(job.config_yaml)
    (folder / "overrides.txt").write_text("".join(f"{line}\n" for line in job.overrides))
    (folder / "environment.json").write_text(json.dumps(environment(), indent=1))
    keys = {
        result.session.session_id: [
            {stage: key.key for stage, key in part.analysis.keys.items()} for part in result.parts
        ]
        for result in report.sessions
    }
    (folder / "keys.json").write_text(json.dumps(keys, indent=1))
    if report.notices:
        (folder / "notices.txt").write_text("".join(f"{line}\n" for line in report.notices))


def _tags(settings: Settings, report: Report, analyser: Analyser) -> dict[str, str]:
    commit, dirty = revision()
    recipe = settings.recipe
    videos = sorted(p.analysis.timeline.video.sha256 for r in report.sessions for p in r.parts)
    tags = {
        "ferbench.config_sha": fingerprint({"recipe": recipe}),
        "ferbench.videos_sha": hashlib.sha256("".join(videos).encode()).hexdigest(),
        "ferbench.device": str(analyser.device),
        "speed.source": speed_source(report),
        "sessions.failed": "; ".join(f"{f.session_id}: {f.reason}" for f in report.failures),
    }
    if commit:
        tags |= {"mlflow.source.git.commit": commit, "ferbench.dirty": str(dirty).lower()}
    for item in (*recipe.detector.weights_files(), *recipe.model.weights_files()):
        tags[f"weights.{item.file}"] = item.sha256
    return {name: value for name, value in tags.items() if value}


def _inputs(settings: Settings, report: Report, cache: Cache) -> tuple[Input, ...]:
    videos = [
        Input(name=part.path.name, sha256=result_part.analysis.timeline.video.sha256, kind="video")
        for result in report.sessions
        for part, result_part in zip(result.session.parts, result.parts, strict=True)
    ]
    annotations = settings.dataset.annotations_path
    if annotations is not None:
        videos.append(Input(name=annotations.name, sha256=cache.digest(annotations), kind="annotations"))
    return tuple(videos)


def _log_predictions(job: Job, settings: Settings, store: MlflowStore, run_id: str, report: Report) -> None:
    """Prediction tables: once per key on the sweep's parent, or on this run."""
    tracking = settings.tracking
    if not isinstance(tracking, MlflowTracking) or tracking.predictions == "none":
        return
    once = job.sweep is not None and tracking.predictions == "once"
    target = job.sweep.parent_run_id if job.sweep and once else run_id
    for result in report.sessions:
        for number, part in enumerate(result.parts):
            analysis = part.analysis
            key = analysis.keys["expressions"].key
            if once and job.sweep and not _claim(job.sweep.folder / "predictions", key):
                continue
            stem = result.session.session_id + (f".part{number}" if len(result.parts) > 1 else "")
            table = predictions_table(analysis.timeline, analysis.faces, analysis.expressions)
            files = write_predictions(job.output / "predictions" / key[:12], stem, table)
            store.log_files(target, files, f"predictions/{key[:12]}")


def _claim(folder: Path, key: str) -> bool:
    """Whether this process is the first of the sweep to ask for a key."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        (folder / key).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


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
