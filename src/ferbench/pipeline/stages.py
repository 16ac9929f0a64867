"""The stages that touch pixels (decode, detect, classify).

Read where they are stored, computed where they are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.errors import ConfigError, FerbenchError, VideoError
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.cold import ColdPass
from ferbench.pipeline.networks import Networks
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stage_keys import STAGES, stage_keys
from ferbench.results import Analysis, StageKey, StageTiming, Work
from ferbench.selectors.classify import Classify
from ferbench.sentences import Setting, Text
from ferbench.types import Expressions, Faces, Timeline
from ferbench.wording import plural

if TYPE_CHECKING:
    import torch

log = logging.getLogger("ferbench")

_Tables = tuple[Timeline, Faces, Expressions, dict[str, StageTiming]]
_Stored = dict[str, tuple[Any, StageTiming]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Video:
    """A video that is asked for: its digest, its keys, and which of its faces are classified."""

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

    Attributes:
        recipe: what to compute.
        runtime: how this machine computes.
        cache: stored tables.
        networks: detector and model; each is loaded at its first use.
        work: what was really computed, counted where it is done.
        on_frames: told how many frames were done.
        on_decoded: told when the pixels of a video are done, or cannot be had.
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
        self.recipe = recipe
        self.runtime = runtime
        self.cache = cache
        self.networks = Networks(recipe, runtime, models, notify=notify)
        self.on_frames = on_frames
        self.on_decoded: Callable[[], None] = lambda: None
        self.work = Work()

    @property
    def device(self) -> torch.device:
        """Where the networks run."""
        return self.networks.device

    def keys(self, path: Path, *, camera: str = "") -> dict[str, StageKey]:
        """Keys of a video's stages (reads the file once if its digest is not remembered).

        Raises:
            VideoError: there is no such file.
            ConfigError: the recipe has no region for this camera.
            WeightsError: see ``Networks.resolved_recipe``.
        """
        return stage_keys(
            self.networks.resolved_recipe,
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
        if self.runtime.measure:
            return False
        return all(self.cache.has(key) for key in self.keys(path, camera=camera).values())

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
        if self.runtime.measure:
            timeline, faces, expressions, timing = self._compute(video, {})
        else:
            timeline, faces, expressions, timing = self._read_or_compute(video)
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

    def _read_or_compute(self, video: _Video) -> _Tables:
        """The tables as they are stored, or made by the one process that holds the lock."""
        while True:
            stored = self._stored(video)
            missing = _first_missing(stored)
            if not missing:
                timeline, faces, expressions = (stored[stage][0] for stage in STAGES)
                timing = {stage: stage_timing for stage, (_, stage_timing) in stored.items()}
                return timeline, faces, expressions, timing
            with self.cache.lock(video.keys[missing], waiting=video.tell_waiting):
                stored = self._stored(video)
                if _first_missing(stored) != missing:
                    continue  # another process made it before we had the lock
                self._tell_unreadable(video, stored)
                return self._compute(video, stored)

    def _tell_unreadable(self, video: _Video, stored: _Stored) -> None:
        """Warn once of what is there and cannot be used."""
        missing = [video.keys[stage] for stage in STAGES if stage not in stored]
        files = [str(self.cache.path(key)) for key in missing if self.cache.has(key)]
        if files:
            log.warning(
                "%s of %s cannot be read as written and will be made again: %s",
                plural(len(files), "stored table"),
                video.path.name,
                ", ".join(files),
            )

    def _stored(self, video: _Video) -> _Stored:
        """What can be read of a video's tables; an unreadable one counts as missing."""
        stored: _Stored = {}
        for stage, key in video.keys.items():
            if not self.cache.has(key):
                continue
            try:
                table, about = self.cache.read(key)
                timing = StageTiming(**about["timing"], cached=True)
                stored[stage] = (_parsed(stage, table, about, video), timing)
            except (FerbenchError, KeyError, TypeError, ValueError) as error:
                log.debug("%s: %s", type(error).__name__, error)
        return stored

    def _compute(self, video: _Video, stored: _Stored) -> _Tables:
        """Make what is missing in one pass, and store it."""
        self.networks.ensure_weights()
        cold = ColdPass(
            recipe=self.recipe,
            runtime=self.runtime,
            device=self.device,
            engines=self.networks,
            admission=video.classify,
            work=self.work,
            stored=stored["faces"][0] if "faces" in stored else None,
            classify="expressions" not in stored,
        )
        timeline = self._run(cold, video)
        faces = cold.faces()
        if "expressions" in stored:
            expressions = stored["expressions"][0]
        else:
            expressions = cold.expressions(faces)
        timing: dict[str, StageTiming] = {}
        for stage in STAGES:
            if stage in stored:
                timing[stage] = stored[stage][1]
                continue
            timing[stage] = cold.timing(stage, timeline)
            table, about = _table(stage, timeline, faces, expressions)
            self.cache.write(video.keys[stage], table, {**about, "timing": timing[stage].about()})
        return timeline, faces, expressions, timing

    def _run(self, cold: ColdPass, video: _Video) -> Timeline:
        """Decode a video once.

        Raises:
            ConfigError: it does not fit into the device's memory.
            VideoError: nothing of it can be decoded, or it changed meanwhile.
        """
        path = video.path
        try:
            timeline = cold.run(
                path, video_id=video.video_id, sha256=video.sha256, on_frames=self.on_frames
            )
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and type(error).__name__ != "OutOfMemoryError":
                raise
            size = Setting("runtime.batch_size", str(self.runtime.batch_size))
            raise ConfigError(
                Text(f"{path} does not fit into the memory of {self.device} with ", size),
                hint="lower it",
            ) from error
        finally:
            self.on_decoded()
        if self._digest(path) != video.sha256:
            raise VideoError(
                f"{path} changed while it was read; nothing of it was stored. Run again when it "
                "is complete."
            )
        return timeline


def _parsed(
    stage: str, table: Any, about: dict[str, Any], video: _Video
) -> Timeline | Faces | Expressions:
    """A stage's result from its stored table."""
    if stage == "timeline":
        return tables.timeline_from(table, about, video_id=video.video_id, path=video.path)
    if stage == "faces":
        return tables.faces_from(table)
    return tables.expressions_from(table, about)


def _table(
    stage: str, timeline: Timeline, faces: Faces, expressions: Expressions
) -> tuple[Any, dict[str, Any]]:
    """A stage's result as a table, and what is stored about it."""
    if stage == "timeline":
        return tables.timeline_table(timeline)
    if stage == "faces":
        return tables.faces_table(faces), {}
    return tables.expressions_table(expressions)
