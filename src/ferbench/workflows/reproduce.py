"""Reproduce: a recorded run made again from what it left, and compared with itself."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ferbench.checks import path_of
from ferbench.config.saved import saved_value
from ferbench.config.settings import Settings
from ferbench.errors import ConfigError
from ferbench.face_columns import face_columns
from ferbench.formats.predictions import read_predictions
from ferbench.pipeline.cache import Cache
from ferbench.places import default_root
from ferbench.report.run_text import failure_line
from ferbench.results import Report
from ferbench.secret_texts import masked
from ferbench.types import LoadedDataset
from ferbench.wording import some
from ferbench.workflows.evaluate import evaluate_settings, load_dataset
from ferbench.workflows.evaluation import Evaluation
from ferbench.workflows.progress import OnProgress, untold
from ferbench.workflows.recording import PREDICTIONS
from ferbench.workflows.reproduction.change import Change
from ferbench.workflows.reproduction.inputs import (
    VIDEO,
    changed_inputs,
    changed_weights,
    recorded_digests,
    with_weights,
)
from ferbench.workflows.reproduction.metrics import compare_metrics
from ferbench.workflows.reproduction.moved_videos import (
    Moved,
    moved_to,
    with_found,
)
from ferbench.workflows.reproduction.rebuilt import (
    Asked,
    changed_configuration,
    changed_settings,
    rebuilt_settings,
)
from ferbench.workflows.reproduction.recorded_run import RecordedRun, opened, tables_below
from ferbench.workflows.reproduction.result import Reproduction
from ferbench.workflows.reproduction.surroundings import changed_surroundings
from ferbench.workflows.reproduction.tables import (
    TableDrift,
    compare_csv_files,
    compare_predictions,
)

log = logging.getLogger("ferbench")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """All that is needed to run, and what is otherwise than in the run."""

    settings: Settings
    loaded: LoadedDataset
    changes: tuple[Change, ...]


def reproduce(
    run: str,
    *,
    videos: str | Path | None = None,
    settings: Sequence[str] = (),
    with_changes: bool = False,
    cached: bool = False,
    uri: str | None = None,
    root: Path | None = None,
    allow_targets: Sequence[str] = (),
    on_progress: OnProgress = untold,
) -> Reproduction:
    """Make a recorded run again from what it left, and compare every number and table.

    Nothing is recorded, and nothing of the run is changed. Where an input is another one than that
    of the run (weights, a video, annotations, or its configuration), nothing runs, unless asked.

    Args:
        run: its id (or the first characters of that, at least 6), or its name.
        videos: a folder in which its videos lie now, whatever they are called there; they are
            found by their digests. None = where they were.
        settings: what is otherwise on this machine, such as ``dataset.annotations=marks.csv``.
        with_changes: run also with inputs that are not those of the run.
        cached: take stored tables where there are some; else everything is computed anew.
        uri: the store; None = both of ``root``: MLflow's and the plain files.
        root: the folder that holds runs; None = the default one.
        allow_targets: packages outside ferbench that its components may come from.
        on_progress: told how far the pixels are.

    Raises:
        TrackingError: there is no such run, it has no results, or it left too little.
        ConfigError: its configuration cannot be used here.
        FerbenchError: its data set cannot be read, or weights are missing.
    """
    asked = Asked.of(settings, allow_targets)
    home = root or default_root()
    with (
        opened(run, uri=uri, root=home) as recorded,
        tempfile.TemporaryDirectory(prefix="ferbench-reproduce-") as scratch,
    ):
        folder = Path(scratch)
        moved = _moved(recorded, videos, folder)
        asked = asked.with_places(moved.place)
        rebuilt = rebuilt_settings(
            recorded, asked, cache=None if cached else folder / "cache", root=home
        )
        prepared = _prepared(recorded, asked, rebuilt, moved, with_changes=with_changes)
        if any(change.stops for change in prepared.changes) and not with_changes:
            return Reproduction(run=recorded.row, changes=prepared.changes)
        evaluation = evaluate_settings(
            prepared.settings,
            recorded.choices,
            prepared.loaded,
            statistics=recorded.has_statistics,
            pictures=recorded.has_pictures,
            on_progress=on_progress,
            notify=log.info,
        )
        return _compared(recorded, prepared.changes, evaluation, folder / "artifacts")


def _moved(run: RecordedRun, videos: str | Path | None, folder: Path) -> Moved:
    """Where the run's videos lie now, if they were moved."""
    if videos is None:
        return Moved()
    wanted = [item for item in run.inputs if item.kind == VIDEO]
    dataset = saved_value(run.config, "dataset")
    if not isinstance(dataset, dict):
        raise ConfigError(key="dataset", expected="the fields of a data set", got=dataset)
    digests = Cache(folder / "cache")
    place = path_of("videos", videos)
    return moved_to(place, dataset, wanted, digests.digest, folder / "videos")


def _prepared(
    run: RecordedRun, asked: Asked, settings: Settings, moved: Moved, *, with_changes: bool
) -> _Prepared:
    """Look at everything that the run rests on, before anything is computed."""
    loaded = with_found(load_dataset(settings.dataset), moved.files)
    digest_of = Cache(settings.paths.cache).digest
    recorded = recorded_digests(settings.recipe, run.row.tags)
    weights, there = changed_weights(settings.recipe, recorded, settings.paths.models)
    changes = (
        *changed_configuration(run, settings),
        *changed_settings(run, asked),
        *weights,
        *changed_inputs(run.inputs, loaded, digest_of),
        *changed_surroundings(run, settings),
    )
    digests = {**recorded, **there} if with_changes else recorded
    recipe = with_weights(settings.recipe, digests)
    return _Prepared(settings=replace(settings, recipe=recipe), loaded=loaded, changes=changes)


def _compared(
    run: RecordedRun, changes: tuple[Change, ...], evaluation: Evaluation, folder: Path
) -> Reproduction:
    """What came out, beside what the run recorded."""
    report = evaluation.report
    evaluation.write_tables(folder)
    predictions, without = _predictions(run, report)
    not_compared = []
    if without:
        not_compared.append(f"predictions of {some(without)}: the run recorded none")
    if not run.tables:
        not_compared.append("tables of events and sessions: the run recorded none")
    tables = compare_csv_files(run.tables, tables_below(folder)) if run.tables else ()
    return Reproduction(
        run=run.row,
        changes=changes,
        metrics=compare_metrics(run.row.metrics, evaluation.metrics),
        tables=(*tables, *predictions),
        not_compared=tuple(not_compared),
        failures=tuple(failure_line(failure) for failure in report.failures),
        ran=True,
        frames=report.work.frames_decoded,
        wall_s=report.wall_s,
    )


def _predictions(run: RecordedRun, report: Report) -> tuple[list[TableDrift], list[str]]:
    """Predictions of each video compared, and the videos of which the run recorded none."""
    drifts, without = [], []
    for result in report.sessions:
        for number, part in enumerate(result.parts):
            name = f"{PREDICTIONS} of {masked(result.session.parts[number].path.name)}"
            analysis = part.analysis
            now = face_columns(analysis.timeline, analysis.faces, analysis.expressions)
            with run.predictions(result.session.session_id, number) as path:
                if path is None:
                    without.append(name.removeprefix(f"{PREDICTIONS} of "))
                else:
                    recorded = face_columns(*read_predictions(path))
                    drifts.append(compare_predictions(name, recorded, now))
    return drifts, without
