"""The stages that touch pixels (decode, detect, classify).

Read where they are stored, computed where they are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.errors import CacheError, ConfigError, Setting, Text, VideoError
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.cold import ColdPass
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.results import Analysis, StageKey, StageTiming, Work
from ferbench.selectors.classify import Classify
from ferbench.types import Expressions, Faces, Timeline
from ferbench.weights import loading
from ferbench.weights.checking import check_all, is_there
from ferbench.weights.digests import known_digest, with_resolved_digests
from ferbench.weights.fetching import fetch
from ferbench.weights.published import PublishedFile

if TYPE_CHECKING:
    import torch

log = logging.getLogger("ferbench")

STAGES = ("timeline", "faces", "expressions")


def stage_keys(
    recipe: Recipe, *, sha256: str, device_kind: str, tf32: bool, camera: str = ""
) -> dict[str, StageKey]:
    """Keys of the three stages of a video.

    Paths, batch size, threads and names of cameras are not in them.

    The recipe's weights have their whole digests (``Analyser.resolved_recipe``), so that a key
    says which files made a result.

    Raises:
        ConfigError: the recipe classifies faces in a region, and has none for this camera.
    """
    numerics = {"device": device_kind, "dtype": "float32", "tf32": tf32 and device_kind == "cuda"}
    timeline = StageKey.of("timeline", {"video": sha256, "reader": recipe.reader})
    faces = StageKey.of(
        "faces", {"frames": timeline.key, "detector": recipe.detector, "numerics": numerics}
    )
    expressions = StageKey.of(
        "expressions",
        {
            "faces": faces.key,
            "classify": recipe.classify.of(camera),
            "preprocessing": recipe.preprocessing,
            "model": recipe.model,
            "numerics": numerics,
        },
    )
    return {"timeline": timeline, "faces": faces, "expressions": expressions}


_Made = tuple[Timeline, Faces, Expressions, dict[str, StageTiming]]
_Stored = dict[str, tuple[Any, StageTiming]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Video:
    """A video that is asked for: its file's digest, its keys, and which of its faces are
    classified.
    """

    path: Path
    video_id: str
    sha256: str
    classify: Classify
    keys: dict[str, StageKey]

    def tell_waiting(self) -> None:
        log.warning("waiting for another process that analyses %s", self.path.name)


def _first_missing(stored: _Stored) -> str:
    """The stage whose key is locked to make what is missing; "" = nothing is missing."""
    if "timeline" not in stored or "faces" not in stored:
        return "faces"
    return "" if "expressions" in stored else "expressions"


class Analyser:
    """Runs or reads the pixel stages of videos with one recipe.

    Loads networks at their first use.
    """

    def __init__(
        self,
        recipe: Recipe,
        runtime: Runtime,
        cache: Cache,
        models: Path,
        *,
        on_frames: Callable[[int], None] = lambda _: None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.recipe, self.runtime, self.cache, self.models = recipe, runtime, cache, models
        self.on_frames, self.notify = on_frames, notify
        self.device = runtime.torch_device()
        self.work = Work()
        self._origins: dict[str, str] = {}  # of weight files that were fetched now
        self._seen: tuple[
            tuple[int, int], ...
        ] = ()  # size and time of the weight files when they were checked

    @cached_property
    def detect(self) -> Callable[[torch.Tensor], Faces]:
        """The detector, loaded."""
        self._set_numerics()
        return loading.load(self.recipe.detector, self.device, self.models, origins=self._origins)

    @cached_property
    def recognise(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The model, loaded."""
        self._set_numerics()
        return loading.load(self.recipe.model, self.device, self.models, origins=self._origins)

    def _set_numerics(self) -> None:
        import torch

        torch.backends.cuda.matmul.allow_tf32 = self.runtime.tf32
        torch.backends.cudnn.allow_tf32 = self.runtime.tf32

    @cached_property
    def resolved_recipe(self) -> Recipe:
        """The recipe with the whole digest of every weight file.

        Raises:
            WeightsError: nobody knows a file's digest yet, and it cannot be had, or does not fit.
        """
        if any(self._is_new(file) for file in self._files()):
            self.ensure_weights()
        return with_resolved_digests(self.recipe, self.models)

    def _files(self) -> tuple[PublishedFile, ...]:
        return (*self.recipe.detector.weights_files(), *self.recipe.model.weights_files())

    def ensure_weights(self) -> None:
        """Fetch the weight files that are missing, if the runtime allows it, and check them all.

        Networks of files whose digest nobody knows yet are loaded: then it is known. A file is
        hashed again only where its size or time changed.

        Raises:
            WeightsError: one cannot be had, or is not what it should be; better once, before the
                first video, than at every video. One error tells all.
        """
        files = self._files()
        if self._seen and self._seen == self._marks():
            return
        if self.runtime.fetch_weights:
            missing = [file for file in files if not is_there(file, self.models)]
            self._origins |= {file.file: str(file.source) for file in missing}
            fetch(files, self.models, notify=self.notify)
        else:
            check_all(files, self.models)
        if any(self._is_new(file) for file in self.recipe.detector.weights_files()):
            _ = self.detect
        if any(self._is_new(file) for file in self.recipe.model.weights_files()):
            _ = self.recognise
        self._seen = self._marks()

    def _is_new(self, file: PublishedFile) -> bool:
        return known_digest(file, self.models) is None

    def _marks(self) -> tuple[tuple[int, int], ...]:
        """Size and time of every weight file; () where one is missing."""
        try:
            about = [(self.models / file.file).stat() for file in self._files()]
        except OSError:
            return ()
        return tuple((one.st_size, one.st_mtime_ns) for one in about)

    def keys(self, path: Path, *, camera: str = "") -> dict[str, StageKey]:
        """Keys of a video's stages (reads the file once if its digest is not remembered).

        Raises:
            VideoError: there is no such file.
            ConfigError: the recipe has no region for this camera.
            WeightsError: see ``resolved_recipe``.
        """
        return stage_keys(
            self.resolved_recipe,
            sha256=self._digest(path),
            device_kind=self.device.type,
            tf32=self.runtime.tf32,
            camera=camera,
        )

    def _digest(self, path: Path) -> str:
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "missing"
            raise VideoError(f"{path} is {kind}; expected a video file")
        try:
            return self.cache.digest(path)
        except OSError as error:
            raise VideoError(f"{path} cannot be read: {error.strerror or error}") from error

    def is_cached(self, path: Path, *, camera: str = "") -> bool:
        """Whether nothing of this video needs pixels.

        Raises VideoError and ConfigError (see ``keys``).
        """
        return not self.runtime.measure and all(
            self.cache.has(key) for key in self.keys(path, camera=camera).values()
        )

    def estimated_frames(self, path: Path) -> int:
        """Frames that the container announces; 0 where it does not say or cannot be opened."""
        try:
            with self.recipe.reader.open(
                path, batch_frames=1, threads=1, keep_damaged=True
            ) as video:
                return video.estimated_frames
        except VideoError:
            return 0

    def analyse(self, path: Path, *, video_id: str, camera: str = "") -> Analysis:
        """Timeline, faces and expressions of a video, from the cache where they are there.

        What can be decoded of a damaged video is stored like any other, so that it is decoded once
        only; whether it is used is decided each time. While another process makes the same tables,
        this one waits and then reads them.

        Args:
            path: the video.
            video_id: its name for people.
            camera: which camera it is, for ``classify``'s regions; "" = the only one.

        Raises:
            VideoError: it cannot be decoded, or is damaged and ``runtime.on_damaged`` is ``error``.
            ConfigError: the recipe has no region for this camera.
        """
        digest, keys = self._digest(path), self.keys(path, camera=camera)
        video = _Video(
            path=path,
            video_id=video_id,
            sha256=digest,
            classify=self.recipe.classify.of(camera),
            keys=keys,
        )
        timeline, faces, expressions, timing = (
            self._compute(video, {}) if self.runtime.measure else self._read_or_compute(video)
        )
        if timeline.damage and self.runtime.on_damaged == "error":
            keep = Setting("runtime.on_damaged", "keep")
            raise VideoError(
                f"{path}: damaged video: {timeline.damage}",
                hint=Text(
                    "replace the file by a sound copy, or set ", keep, " to use what decodes"
                ),
            )
        return Analysis(
            timeline=timeline, faces=faces, expressions=expressions, keys=keys, timing=timing
        )

    def _read_or_compute(self, video: _Video) -> _Made:
        """The tables as they are stored, or made by the one process that holds the lock for what is
        missing.
        """
        while True:
            stored = self._stored(video)
            missing = _first_missing(stored)
            if not missing:
                timeline, faces, expressions = (stored[stage][0] for stage in STAGES)
                return (
                    timeline,
                    faces,
                    expressions,
                    {stage: timing for stage, (_, timing) in stored.items()},
                )
            with self.cache.lock(video.keys[missing], waiting=video.tell_waiting):
                stored = self._stored(video)
                if (
                    _first_missing(stored) == missing
                ):  # else another process made it before we had the lock
                    for stage in set(STAGES) - set(stored):
                        if self.cache.has(video.keys[stage]):
                            file = self.cache.path(video.keys[stage])
                            log.warning(
                                "a stored table is unreadable and will be made again: %s", file
                            )
                    return self._compute(video, stored)

    def _stored(self, video: _Video) -> _Stored:
        """What can be read of a video's tables; an unreadable one counts as missing."""
        parse: dict[str, Callable[[Any, dict[str, Any]], Timeline | Faces | Expressions]] = {
            "timeline": lambda table, about: tables.timeline_from(
                table, about, video_id=video.video_id, path=video.path
            ),
            "faces": lambda table, _: tables.faces_from(table),
            "expressions": tables.expressions_from,
        }
        found: _Stored = {}
        for stage, key in video.keys.items():
            if self.cache.has(key):
                try:
                    table, about = self.cache.read(key)
                    found[stage] = (
                        parse[stage](table, about),
                        StageTiming(**about["timing"], cached=True),
                    )
                except (CacheError, KeyError, TypeError, ValueError) as error:
                    log.debug("%s: %s", type(error).__name__, error)
        return found

    def _compute(self, video: _Video, stored: _Stored) -> _Made:
        """Make what is missing in one pass, and store it."""
        path = video.path
        self.ensure_weights()
        cold = ColdPass(
            recipe=self.recipe,
            runtime=self.runtime,
            device=self.device,
            engines=self,
            admission=video.classify,
            work=self.work,
            stored=stored["faces"][0] if "faces" in stored else None,
            classify="expressions" not in stored,
        )
        try:
            timeline = cold.run(
                path, video_id=video.video_id, sha256=video.sha256, on_frames=self.on_frames
            )
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and type(error).__name__ != "OutOfMemoryError":
                raise
            raise ConfigError(
                f"{path} does not fit into the memory of {self.device} with runtime.batch_size="
                f"{self.runtime.batch_size}; lower it"
            ) from error
        if self._digest(path) != video.sha256:
            raise VideoError(
                f"{path} changed while it was read; nothing of it was stored. Run again when it is complete."
            )
        faces = cold.faces()
        expressions = (
            stored["expressions"][0] if "expressions" in stored else cold.expressions(faces)
        )
        contents: dict[str, Callable[[], tuple[Any, dict[str, Any]]]] = {
            "timeline": lambda: tables.timeline_table(timeline),
            "faces": lambda: (tables.faces_table(faces), {}),
            "expressions": lambda: tables.expressions_table(expressions),
        }
        timing: dict[str, StageTiming] = {}
        for stage in STAGES:
            timing[stage] = stored[stage][1] if stage in stored else cold.timing(stage, timeline)
            if stage not in stored:
                table, about = contents[stage]()
                self.cache.write(
                    video.keys[stage], table, {**about, "timing": timing[stage].about()}
                )
        return timeline, faces, expressions, timing
