"""Predict: faces and expressions of videos, without annotations."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.checks import path_of
from ferbench.config.choices import Choice, Chosen, settings_for
from ferbench.errors import ConfigError, FerbenchError, VideoError, WeightsError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.stages import Analyser
from ferbench.results import Analysis
from ferbench.sentences import Setting, Text
from ferbench.workflows.cache import keep_in_order
from ferbench.workflows.predict_files import Form, PredictionFiles
from ferbench.workflows.predict_videos import (
    FoundVideos,
    videos_of_dataset,
    videos_of_source,
)
from ferbench.workflows.prepare import prepare_pixels
from ferbench.workflows.progress import OnProgress, untold

if TYPE_CHECKING:
    from ferbench.workflows.watched import Watched

Notify = Callable[[str], None]
GROUPS: Final = ("reader", "detector", "classify", "preprocessing", "model")
"""Groups that decide a prediction."""

log = logging.getLogger("ferbench")


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictOptions:
    """What ``videos_to_predict`` is asked for.

    Attributes:
        source: a video, or a folder of videos; None = those of ``dataset``.
        dataset: a choice of ``conf/dataset``, whose sessions name the tables; None = ``source``.
        camera: of a study's data set, whose videos; None = as the data set says.
        config_dirs: folders with further data sets.
        recursive: also the videos in the folders below.
        out: folder for the tables.
        choices: by group; what is not chosen is as in the configuration.
        experiment: a named combination of choices.
        form: our tables, or the thesis' CSV of one face per frame.
        overwrite: replace the tables of other videos.
        show: show what is found in a window.
        realtime: show it at the video's own speed.
    """

    source: Path | None
    dataset: str | None = None
    camera: str | None = None
    config_dirs: tuple[Path, ...] = ()
    out: Path
    recursive: bool = False
    choices: Mapping[str, Choice]
    experiment: str | None = None
    form: Form = "tables"
    overwrite: bool = False
    show: bool = False
    realtime: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedVideo:
    """What became of one video: ``analysis`` and ``table``, or the ``error`` that stopped it."""

    path: Path
    analysis: Analysis | None = None
    table: Path | None = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideosToPredict:
    """The videos that were asked for, checked and named, before any is decoded.

    Attributes:
        videos: their paths, sorted.
        names: a name for each that no other has.
        num_ignored: videos in the folders below that are left out.
        left_out: what else may be a recording and is left out, a sentence per reason.
        analyser: runs or reads their stages.
        files: where their tables go.
        cache_limit_gb: most that the cache may take afterwards; None = no limit.
        show: show what is found in a window.
        realtime: show it at the video's own speed.
    """

    videos: tuple[Path, ...]
    names: Mapping[Path, str]
    num_ignored: int
    left_out: tuple[str, ...]
    analyser: Analyser
    files: PredictionFiles
    cache_limit_gb: float | None = None
    show: bool = False
    realtime: bool = False

    def run(self, on_progress: OnProgress = untold) -> Iterator[PredictedVideo]:
        """Predict one video after the other and write its tables; a video that fails is told of.

        Args:
            on_progress: told how far the frames are.

        Raises:
            WeightsError: weights are missing or do not fit: it would be the same at every video.
            ConfigError: no window can be opened.
        """
        prepare_pixels(self.analyser, [(path, "") for path in self.videos], on_progress)
        if not (self.show or self.realtime):
            yield from self._run(None)
            told = keep_in_order(self.analyser.cache.folder, self.cache_limit_gb)
            if told:
                log.info(told)
            return
        from ferbench.workflows.watched import Watched

        target_fps = self.analyser.runtime.target_fps
        selector = self.analyser.recipe.selector
        with Watched(selector, target_fps=target_fps, realtime=self.realtime) as watched:
            yield from self._run(watched)

    def _run(self, watched: Watched | None) -> Iterator[PredictedVideo]:
        for path in self.videos:
            try:
                yield self._predicted(path, watched)
            except WeightsError:
                raise
            except (FerbenchError, OSError) as error:
                yield PredictedVideo(path=path, error=error)

    def _predicted(self, path: Path, watched: Watched | None) -> PredictedVideo:
        name = self.names[path]
        if path.is_file():
            self.files.check(name, path, self.analyser.cache.digest(path))
        if watched is not None:
            watched.begin(path)
            self.analyser.watch = watched.see
        analysis = self.analyser.analyse(path, video_id=name)
        table = self.files.write(name, path, analysis)
        if watched is not None:
            watched.end(path, analysis)
        return PredictedVideo(path=path, analysis=analysis, table=table)


def predict(
    video: str | Path,
    *,
    session: str | None = None,
    detector: Choice = None,
    model: Choice = None,
    preprocessing: Choice = None,
    classify: Choice = None,
    reader: Choice = None,
    runtime: Choice = None,
    experiment: str | None = None,
    settings: Sequence[str] = (),
    config_dirs: Sequence[Path] = (),
    on_progress: OnProgress = untold,
) -> Analysis:
    """Find the faces of a video and classify their expressions; stored tables are read.

    Args:
        video: its path.
        session: its session's name; None = that of the file without its ending.
        detector: finds faces.
        model: classifies crops.
        preprocessing: from box to crop.
        classify: which faces are classified.
        reader: decodes.
        runtime: how this machine computes.
        experiment: a named combination of choices.
        settings: single values, such as ``detector.min_score=0.6``.
        config_dirs: folders with further choices.
        on_progress: told how far the frames are.

    Raises:
        ConfigError: a choice that cannot be used.
        VideoError: the video cannot be decoded, or is damaged.
        WeightsError: weights are missing or do not fit.
    """
    path = path_of("video", video)
    choices: dict[str, Choice] = {
        "detector": detector,
        "model": model,
        "preprocessing": preprocessing,
        "classify": classify,
        "reader": reader,
        "runtime": runtime,
    }
    chosen = settings_for(
        choices, experiment=experiment, settings=settings, config_dirs=config_dirs
    )
    analyser = _analyser(chosen)
    if path.is_dir():
        raise VideoError(f"{path} is a folder; expected a video, such as one of those in it")
    if not path.is_file():
        raise VideoError(f"{path}: there is no such video")
    prepare_pixels(analyser, [(path, "")], on_progress)
    return analyser.analyse(path, video_id=session or path.stem)


def videos_to_predict(options: PredictOptions, *, notify: Notify | None = None) -> VideosToPredict:
    """Check options, find the videos and name them.

    Args:
        options: what is asked for.
        notify: told a sentence before each download.

    Raises:
        FerbenchError: an option that cannot be used, or no video.
    """
    chosen = settings_for(options.choices, experiment=options.experiment)
    files = PredictionFiles.of(
        chosen.settings.recipe,
        chosen.choices,
        folder=options.out,
        form=options.form,
        overwrite=options.overwrite,
    )
    found = _found(options)
    return VideosToPredict(
        videos=found.videos,
        names=found.names,
        num_ignored=found.num_ignored,
        left_out=found.left_out,
        analyser=_analyser(chosen, notify),
        files=files,
        cache_limit_gb=chosen.settings.paths.cache_limit_gb,
        show=options.show,
        realtime=options.realtime,
    )


def _found(options: PredictOptions) -> FoundVideos:
    """The videos of the folder, or of the data set.

    Raises:
        FerbenchError: neither is given, or both, or there is no video.
    """
    if (options.source is None) == (options.dataset is None):
        raise ConfigError(
            Text(
                "expected a video or a folder, or a study's ",
                Setting("dataset"),
                "; got both" if options.source else "; got neither",
            )
        )
    if options.dataset is not None:
        return videos_of_dataset(options.dataset, options.config_dirs, options.camera)
    if options.camera is not None:
        raise ConfigError(
            Text("chooses among the videos of a study, expected its ", Setting("dataset")),
            key="camera",
        )
    assert options.source is not None
    return videos_of_source(options.source, recursive=options.recursive)


def _analyser(chosen: Chosen, notify: Notify | None = None) -> Analyser:
    settings = chosen.settings
    return Analyser(
        settings.recipe,
        settings.runtime,
        Cache(settings.paths.cache),
        settings.paths.models,
        notify=notify or _tell_nobody,
    )


def _tell_nobody(sentence: str) -> None:
    del sentence
