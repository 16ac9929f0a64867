"""The stages that touch pixels (decode, detect, classify): read where they are stored, computed where they are not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench import weights
from ferbench.errors import CacheError, ConfigError, VideoError
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.cold import ColdPass
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.results import Analysis, StageKey, StageTiming, Work
from ferbench.types import Expressions, Faces, Timeline

if TYPE_CHECKING:
    import torch

log = logging.getLogger("ferbench")

STAGES = ("timeline", "faces", "expressions")


def stage_keys(recipe: Recipe, *, sha256: str, device_kind: str, tf32: bool) -> dict[str, StageKey]:
    """Keys of the three stages of a video; paths, batch size and threads are not in them."""
    numerics = {"device": device_kind, "dtype": "float32", "tf32": tf32 and device_kind == "cuda"}
    timeline = StageKey.of("timeline", {"video": sha256, "reader": recipe.reader})
    faces = StageKey.of("faces", {"frames": timeline.key, "detector": recipe.detector, "numerics": numerics})
    expressions = StageKey.of(
        "expressions",
        {
            "faces": faces.key,
            "classify": recipe.classify,
            "preprocessing": recipe.preprocessing,
            "model": recipe.model,
            "numerics": numerics,
        },
    )
    return {"timeline": timeline, "faces": faces, "expressions": expressions}


class Analyser:
    """Runs or reads the pixel stages of videos with one recipe; loads networks at their first use."""

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

    @cached_property
    def detect(self) -> Callable[[torch.Tensor], Faces]:
        """The detector, loaded."""
        self._set_numerics()
        return self.recipe.detector.load(self.device, self.models)

    @cached_property
    def recognise(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The model, loaded."""
        self._set_numerics()
        return self.recipe.model.load(self.device, self.models)

    def _set_numerics(self) -> None:
        import torch

        torch.backends.cuda.matmul.allow_tf32 = self.runtime.tf32
        torch.backends.cudnn.allow_tf32 = self.runtime.tf32

    def bring_weights(self) -> None:
        """Fetch the weight files that are missing, if the runtime allows it.

        Raises:
            WeightsError: one cannot be had; better once, before the first video, than at every video.
        """
        if self.runtime.fetch_weights:
            files = (*self.recipe.detector.weights_files(), *self.recipe.model.weights_files())
            weights.fetch(files, self.models, notify=self.notify)

    def keys(self, path: Path) -> dict[str, StageKey]:
        """Keys of a video's stages (reads the file once if its digest is not remembered).

        Raises:
            VideoError: there is no such file.
        """
        return stage_keys(self.recipe, sha256=self._digest(path), device_kind=self.device.type, tf32=self.runtime.tf32)

    def _digest(self, path: Path) -> str:
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "missing"
            raise VideoError(f"{path} is {kind}; expected a video file")
        try:
            return self.cache.digest(path)
        except OSError as error:
            raise VideoError(f"{path} cannot be read: {error.strerror or error}") from error

    def is_cached(self, path: Path) -> bool:
        """Whether nothing of this video needs pixels. Raises VideoError."""
        return not self.runtime.measure and all(self.cache.has(key) for key in self.keys(path).values())

    def estimated_frames(self, path: Path) -> int:
        """Frames that the container announces; 0 where it does not say or cannot be opened."""
        try:
            with self.recipe.reader.open(path, batch_frames=1, threads=1, keep_damaged=True) as video:
                return video.estimated_frames
        except VideoError:
            return 0

    def analyse(self, path: Path, *, video_id: str) -> Analysis:
        """Timeline, faces and expressions of a video, from the cache where they are there.

        What can be decoded of a damaged video is stored like any other, so that it is decoded once only; whether it is
        used is decided each time.

        Raises:
            VideoError: it cannot be decoded, or is damaged and ``runtime.on_damaged`` is ``error``.
        """
        digest, keys = self._digest(path), self.keys(path)
        stored = {} if self.runtime.measure else self._stored(keys, video_id, path)
        if set(stored) == set(STAGES):
            timing = {stage: timing for stage, (_, timing) in stored.items()}
            timeline, faces, expressions = (stored[stage][0] for stage in STAGES)
        else:
            timeline, faces, expressions, timing = self._compute(path, video_id, digest, keys, stored)
        if timeline.damage and self.runtime.on_damaged == "error":
            raise VideoError(
                f"{path}: damaged video: {timeline.damage}. Replace the file by a sound copy, "
                "or set runtime.on_damaged=keep to use what decodes."
            )
        return Analysis(timeline=timeline, faces=faces, expressions=expressions, keys=keys, timing=timing)

    def _stored(self, keys: dict[str, StageKey], video_id: str, path: Path) -> dict[str, tuple[Any, StageTiming]]:
        """What can be read of a video's tables; an unreadable one is told, and counts as missing."""
        parse: dict[str, Callable[[Any, dict[str, Any]], Timeline | Faces | Expressions]] = {
            "timeline": lambda table, about: tables.timeline_from(table, about, video_id=video_id, path=path),
            "faces": lambda table, _: tables.faces_from(table),
            "expressions": tables.expressions_from,
        }
        found: dict[str, tuple[Any, StageTiming]] = {}
        for stage, key in keys.items():
            if self.cache.has(key):
                try:
                    table, about = self.cache.read(key)
                    found[stage] = (parse[stage](table, about), StageTiming(**about["timing"], cached=True))
                except (CacheError, KeyError, TypeError, ValueError) as error:
                    log.warning("a stored table is unreadable and will be made again: %s", error)
        return found

    def _compute(
        self,
        path: Path,
        video_id: str,
        digest: str,
        keys: dict[str, StageKey],
        stored: dict[str, tuple[Any, StageTiming]],
    ) -> tuple[Timeline, Faces, Expressions, dict[str, StageTiming]]:
        """Make what is missing in one pass, and store it."""
        self.bring_weights()
        cold = ColdPass(
            recipe=self.recipe,
            runtime=self.runtime,
            device=self.device,
            engines=self,
            work=self.work,
            stored=stored["faces"][0] if "faces" in stored else None,
            classify="expressions" not in stored,
        )
        try:
            timeline = cold.run(path, video_id=video_id, sha256=digest, on_frames=self.on_frames)
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and type(error).__name__ != "OutOfMemoryError":
                raise
            raise ConfigError(
                f"{path} does not fit into the memory of {self.device} with runtime.batch_size="
                f"{self.runtime.batch_size}; lower it"
            ) from error
        if self._digest(path) != digest:
            raise VideoError(
                f"{path} changed while it was read; nothing of it was stored. Run again when it is complete."
            )
        faces = cold.faces()
        expressions = stored["expressions"][0] if "expressions" in stored else cold.expressions(faces)
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
                self.cache.write(keys[stage], table, {**about, "timing": timing[stage].about()})
        return timeline, faces, expressions, timing
