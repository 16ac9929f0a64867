"""Evaluate a data set: decode, detect, classify, find events, score them, and record the run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ferbench.checks import path_of
from ferbench.config.choices import Choice, settings_for
from ferbench.config.saved import saved_settings
from ferbench.config.settings import Settings
from ferbench.config.yaml_files import text_of_yaml
from ferbench.errors import ConfigError, errors_within
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate as evaluate_sessions
from ferbench.pipeline.kept_parts import KeptParts
from ferbench.pipeline.stages import Analyser
from ferbench.protocols import Dataset
from ferbench.rights import make_folder
from ferbench.sentences import Text
from ferbench.types import LoadedDataset
from ferbench.workflows.evaluation import Evaluation
from ferbench.workflows.prepare import prepare_pixels
from ferbench.workflows.progress import OnProgress, untold
from ferbench.workflows.recording import inputs_of
from ferbench.workflows.run_statistics import RunStatistics, makes_statistics, statistics_of
from ferbench.workflows.thesis_exact import exact_notice
from ferbench.workflows.tracked_run import TrackedRun, check_target

log = logging.getLogger("ferbench")


def evaluate(
    *,
    dataset: Choice = None,
    reader: Choice = None,
    detector: Choice = None,
    classify: Choice = None,
    preprocessing: Choice = None,
    model: Choice = None,
    selector: Choice = None,
    signal: Choice = None,
    event: Choice = None,
    scoring: Choice = None,
    statistics: Choice = None,
    tracking: Choice = None,
    runtime: Choice = None,
    experiment: str | None = None,
    settings: Sequence[str] = (),
    config_dirs: Sequence[Path] = (),
    output: str | Path | None = None,
    on_progress: OnProgress = untold,
) -> Evaluation:
    """Evaluate a data set with one choice for every group; what is not chosen is as in ``conf/``.

    Args:
        dataset: where sessions and annotations come from; None = the demo.
        reader: decodes videos.
        detector: finds faces.
        classify: which faces are classified.
        preprocessing: from box to crop.
        model: classifies crops.
        selector: which face is the participant.
        signal: from probabilities to one value per frame.
        event: from the signal to events.
        scoring: which events count for which annotations.
        statistics: how chance levels, intervals and the like are made.
        tracking: where the run is recorded; None = nowhere.
        runtime: how this machine computes.
        experiment: a named combination of choices.
        settings: single values, such as ``event.enter=0.6``.
        config_dirs: folders with further choices.
        output: folder for tables and pictures; None = only the record gets them.
        on_progress: told how far the pixels are.

    Raises:
        FerbenchError: a choice that cannot be used, a data set that cannot be read, weights that
            are missing, or a store that cannot be used. A video that fails is in the report.
    """
    choices: dict[str, Choice] = {
        "dataset": dataset,
        "reader": reader,
        "detector": detector,
        "classify": classify,
        "preprocessing": preprocessing,
        "model": model,
        "selector": selector,
        "signal": signal,
        "event": event,
        "scoring": scoring,
        "statistics": statistics,
        "tracking": tracking,
        "runtime": runtime,
    }
    chosen = settings_for(
        choices, experiment=experiment, settings=settings, config_dirs=config_dirs
    )
    folder = None if output is None else _new_folder(output)
    check_target(chosen.settings, chosen.choices)
    loaded = load_dataset(chosen.settings.dataset)  # what cannot be read leaves no record
    with TrackedRun.open(chosen.settings, chosen.choices, name=run_name(chosen.choices)) as run:
        evaluation = evaluate_settings(
            chosen.settings, chosen.choices, loaded, on_progress=on_progress, notify=log.info
        )
        return run.finish(evaluation, config_yaml=text_of_yaml(chosen.config), output=folder)


def _new_folder(output: str | Path) -> Path:
    """The folder for tables and pictures; it is made before anything is computed.

    Raises:
        ConfigError: it cannot be made.
    """
    folder = path_of("output", output)
    try:
        make_folder(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"{folder} cannot be made ({reason})", key="output") from error
    return folder


def run_name(choices: Mapping[str, str]) -> str:
    """A readable name for a run."""
    groups = ("dataset", "detector", "preprocessing", "model", "event")
    return " ".join(choices.get(group, "") for group in groups)


def evaluate_settings(
    settings: Settings,
    choices: Mapping[str, str],
    loaded: LoadedDataset,
    *,
    statistics: bool | None = None,
    pictures: bool = True,
    on_progress: OnProgress = untold,
    notify: Callable[[str], None] = lambda _: None,
    kept: KeptParts | None = None,
) -> Evaluation:
    """Evaluate what settings describe; nothing is recorded.

    Args:
        settings: all objects of the run.
        choices: name of the choice of every group.
        loaded: of the settings' data set (see ``load_dataset``).
        statistics: also chance levels, intervals and curves; None = as the settings say for a
            single run.
        pictures: statistics with pictures.
        on_progress: told how far the pixels are.
        notify: told a sentence before each download.
        kept: of a sweep, what its cells made of the videos.

    Raises:
        FerbenchError: weights are missing. A session that fails is in the report.
    """
    sessions = loaded.sessions
    notices = (*loaded.notices, *exact_notice(settings.recipe, choices))
    cache = Cache(settings.paths.cache)
    analyser = Analyser(
        settings.recipe, settings.runtime, cache, settings.paths.models, notify=notify
    )
    videos = [(part.path, session.camera) for session in sessions for part in session.parts]
    prepare_pixels(analyser, videos, on_progress)
    report = evaluate_sessions(sessions, analyser, notices=notices, kept=kept)
    with_statistics = statistics
    if with_statistics is None:
        with_statistics = makes_statistics(settings.recipe.statistics, cell=False)
    run_statistics = None
    if with_statistics:
        style = settings.report.style if pictures else None
        run_statistics = statistics_of(report, loaded, settings.recipe, cache, pictures=style)
    return Evaluation(
        settings=settings,
        choices=choices,
        report=report,
        statistics=run_statistics,
        device=str(analyser.device),
        inputs=inputs_of(loaded, report, cache),
        everybody=loaded.all_annotators,
    )


def load_dataset(dataset: Dataset) -> LoadedDataset:
    """What a data set says; settings that it names are fields of ``dataset``.

    Raises:
        FerbenchError: it cannot be read.
    """
    with errors_within("dataset"):
        loaded = dataset.load()
    notices = [
        notice.within("dataset") if isinstance(notice, Text) else notice
        for notice in loaded.notices
    ]
    return replace(loaded, notices=tuple(notices))


def statistics_of_saved(
    config: Path, *, allow_targets: tuple[str, ...] = ()
) -> RunStatistics | None:
    """Statistics with pictures of a run that is done, from its configuration and stored tables.

    Args:
        config: the run's ``config.yaml``.
        allow_targets: packages outside ferbench that its components may come from.

    Returns:
        None = the configuration asks for none, or nothing is annotated.

    Raises:
        FerbenchError: the run cannot be evaluated again.
    """
    settings = saved_settings(config, allow_targets=allow_targets)
    if settings.recipe.statistics.intervals == "none":
        return None
    settings = replace(settings, runtime=replace(settings.runtime, measure=False))
    loaded = load_dataset(settings.dataset)
    return evaluate_settings(settings, {}, loaded, statistics=True).statistics
