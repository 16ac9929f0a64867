"""The stages that touch pixels (decode, detect, classify).

Read where they are stored, computed where they are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.errors import VideoError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.compute import computed, digest_of, stored_tables
from ferbench.pipeline.networks import LoadedNetworks, Networks
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stage_keys import PICTURES, STAGES, stage_keys
from ferbench.pipeline.suspects import Suspects
from ferbench.pipeline.wanted import Request, Stored
from ferbench.pipeline.watching import Watch
from ferbench.results import Analysis, StageKey, Work
from ferbench.sentences import Setting, Text
from ferbench.wording import plural

if TYPE_CHECKING:
    import torch

log = logging.getLogger("ferbench")


def first_missing(request: Request, stored: Stored) -> str:
    """The stage whose key is locked to make what is missing; "" = nothing is missing."""
    if "timeline" not in stored or "faces" not in stored:
        return "faces"
    return next((stage for stage in request.keys if stage not in stored), "")


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
        watch: sees what is found while it is found; None = nobody does.
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
        loaded: LoadedNetworks | None = None,
    ) -> None:
        self.recipe = recipe
        self.runtime = runtime
        self.cache = cache
        self.networks = Networks(recipe, runtime, models, notify=notify, loaded=loaded)
        self.on_frames = on_frames
        self.on_decoded: Callable[[], None] = lambda: None
        self.watch: Watch | None = None
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
            sha256=digest_of(self.cache, path),
            device_kind=self.device.type,
            runtime=self.runtime,
            camera=camera,
        )

    def is_cached(self, path: Path, *, camera: str = "") -> bool:
        """Whether nothing of this video needs pixels.

        Raises VideoError and ConfigError (see ``keys``).
        """
        if self.runtime.measure:
            return False
        return all(self.cache.has(key) for key in self.keys(path, camera=camera).values())

    def estimated_frames(self, path: Path) -> int:
        """Frames that the container announces; 0 where it does not say or cannot be opened."""
        reader = self.recipe.reader
        suspects = Suspects(folder=self.cache.suspects, is_retrying=self.runtime.retry_suspects)
        try:
            with (
                suspects.watch(path, digest_of(self.cache, path), reader),
                self.runtime.isolated(reader).open(
                    path,
                    batch_frames=1,
                    threads=1,
                    keep_damaged=True,
                    target_fps=self.runtime.target_fps,
                ) as video,
            ):
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
        request = self.request(path, video_id=video_id, camera=camera)
        if self.runtime.measure:
            analysis = self._compute(request, {})
        else:
            analysis = self._read_or_compute(request)
        damage = analysis.timeline.damage
        if damage and self.runtime.on_damaged == "error":
            keep = Setting("runtime.on_damaged", "keep")
            raise VideoError(
                f"{path}: damaged video: {damage}",
                hint=Text(
                    "replace the file by a sound copy, or set ", keep, " to use what decodes"
                ),
            )
        return analysis

    def request(self, path: Path, *, video_id: str, camera: str = "") -> Request:
        """What this recipe asks for of a video.

        Raises:
            VideoError: there is no such file.
            ConfigError: the recipe has no region for this camera.
            WeightsError: see ``Networks.resolved_recipe``.
        """
        return Request(
            path=path,
            video_id=video_id,
            sha256=digest_of(self.cache, path),
            recipe=self.recipe,
            networks=self.networks,
            classify=self.recipe.classify.of(camera),
            keys=self.keys(path, camera=camera),
        )

    def _read_or_compute(self, request: Request) -> Analysis:
        """The tables as they are stored, or made by the one process that holds the lock."""
        while True:
            stored = stored_tables(self.cache, request)
            missing = first_missing(request, stored)
            if not missing:
                return _analysis(request, stored)
            with self.cache.lock(request.keys[missing], waiting=request.tell_waiting):
                stored = stored_tables(self.cache, request)
                if first_missing(request, stored) != missing:
                    continue  # another process made it before we had the lock
                self._tell_unreadable(request, stored)
                return self._compute(request, stored)

    def _tell_unreadable(self, request: Request, stored: Stored) -> None:
        """Warn once of what is there and cannot be used."""
        missing = [key for stage, key in request.keys.items() if stage not in stored]
        files = [str(self.cache.path(key)) for key in missing if self.cache.has(key)]
        if files:
            log.warning(
                "%s of %s cannot be read as written and will be made again: %s",
                plural(len(files), "stored table"),
                request.path.name,
                ", ".join(files),
            )

    def _compute(self, request: Request, stored: Stored) -> Analysis:
        """Make what is missing in one pass, and store it."""
        self.networks.ensure_weights()
        try:
            (results,), profile = computed(
                [(request, stored)],
                runtime=self.runtime,
                cache=self.cache,
                work=self.work,
                on_frames=self.on_frames,
                watch=self.watch,
            )
        finally:
            self.on_decoded()
        return replace(_analysis(request, results), profile=profile)


def _analysis(request: Request, results: Stored) -> Analysis:
    """All tables of a video as one."""
    timeline, faces, expressions = (results[stage][0] for stage in STAGES)
    return Analysis(
        timeline=timeline,
        faces=faces,
        expressions=expressions,
        keys=request.keys,
        timing={stage: results[stage][1] for stage in STAGES},
        pictures=results[PICTURES][0] if PICTURES in request.keys else None,
    )
