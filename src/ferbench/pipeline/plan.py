"""Shared passes: what many jobs lack of a video is made while it is decoded once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from ferbench.errors import FerbenchError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.compute import computed, stored_tables
from ferbench.pipeline.networks import LoadedNetworks
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser, first_missing
from ferbench.pipeline.wanted import Request, Stored, wanted_by
from ferbench.protocols import Reader
from ferbench.results import StageKey, Work
from ferbench.types import PassProfile

log = logging.getLogger("ferbench")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VideoJob:
    """A video that a job needs the tables of.

    Attributes:
        recipe: of the job.
        path: the video.
        video_id: its name for people.
        camera: which camera it is; "" = the only one.
    """

    recipe: Recipe
    path: Path
    video_id: str
    camera: str = ""


@dataclass(slots=True, kw_only=True)
class PlanOutcome:
    """What shared passes did.

    Attributes:
        passes: videos that were decoded, once per reader.
        work: what was really computed.
        profiles: where the time of each pass went.
        failures: why a pass could not be made, by video; the jobs that need it meet the reason
            themselves.
    """

    passes: int = 0
    work: Work = field(default_factory=Work)
    profiles: list[PassProfile] = field(default_factory=list)
    failures: dict[Path, Exception] = field(default_factory=dict)

    @property
    def frames_decoded(self) -> int:
        """Frames that were decoded."""
        return self.work.frames_decoded


@dataclass(slots=True, kw_only=True)
class _Group:
    """Requests for one video through one reader."""

    sha256: str
    reader: Reader
    requests: list[Request] = field(default_factory=list)


class Plan:
    """The union of what jobs lack.

    Attributes:
        outcome: what has been done.
    """

    def __init__(
        self,
        jobs: Iterable[VideoJob],
        *,
        runtime: Runtime,
        cache: Cache,
        models: Path,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._runtime = runtime
        self._cache = cache
        self._models = models
        self._notify = notify
        self._loaded = LoadedNetworks()
        self._analysers: list[Analyser] = []
        self._groups: list[_Group] = []
        self.outcome = PlanOutcome()
        for job in jobs:
            self._add(job)

    @property
    def videos(self) -> tuple[Path, ...]:
        """Videos that will be decoded, one for each pass."""
        return tuple(group.requests[0].path for group in self._groups)

    def estimated_frames(self) -> int:
        """Frames that the containers of these videos announce."""
        return sum(
            self._analyser(group.requests[0].recipe).estimated_frames(path)
            for group, path in zip(self._groups, self.videos, strict=True)
        )

    def run(
        self,
        *,
        on_frames: Callable[[int], None] = lambda _: None,
        on_decoded: Callable[[], None] = lambda: None,
    ) -> PlanOutcome:
        """Make everything, a pass for each video and reader.

        A pass that fails is noted, and the others go on.

        Args:
            on_frames: told how many frames were done.
            on_decoded: told when a pass is over.
        """
        for group in self._groups:
            path = group.requests[0].path
            try:
                self._run(group, on_frames)
            except Exception as error:  # noqa: BLE001  # whatever it is, its jobs meet it
                reason = f"{type(error).__name__}: {error}"
                log.debug("the shared pass over %s failed: %s", path, reason)
                self.outcome.failures[path] = error
            on_decoded()
        return self.outcome

    def _add(self, job: VideoJob) -> None:
        """Note what a job lacks of a video. What is wrong with a job is told when it runs."""
        try:
            analyser = self._analyser(job.recipe)
            request = analyser.request(job.path, video_id=job.video_id, camera=job.camera)
        except FerbenchError as error:
            log.debug("%s: %s", job.path, error)
            return
        if all(self._cache.has(key) for key in request.keys.values()):
            return
        self._group_of(request).requests.append(request)

    def _analyser(self, recipe: Recipe) -> Analyser:
        """That of an equal recipe, as far as pixels are concerned."""
        for analyser in self._analysers:
            if _same_pixels(analyser.recipe, recipe):
                return analyser
        analyser = Analyser(
            recipe,
            self._runtime,
            self._cache,
            self._models,
            notify=self._notify,
            loaded=self._loaded,
        )
        self._analysers.append(analyser)
        return analyser

    def _group_of(self, request: Request) -> _Group:
        reader = request.recipe.reader
        for group in self._groups:
            if (group.sha256, group.reader) == (request.sha256, reader):
                return group
        group = _Group(sha256=request.sha256, reader=reader)
        self._groups.append(group)
        return group

    def _run(self, group: _Group, on_frames: Callable[[int], None]) -> None:
        """One pass, unless other processes made everything meanwhile."""
        with ExitStack() as locks:
            for key, request in _to_lock(self._lacking(group)):
                locks.enter_context(self._cache.lock(key, waiting=request.tell_waiting))
            lacking = self._lacking(group)
            if lacking:
                self.outcome.passes += 1
                _, profile = computed(
                    lacking,
                    runtime=self._runtime,
                    cache=self._cache,
                    work=self.outcome.work,
                    on_frames=on_frames,
                )
                if profile is not None:
                    self.outcome.profiles.append(profile)

    def _lacking(self, group: _Group) -> list[tuple[Request, Stored]]:
        """Requests that lack something now and whose networks can be loaded, with what they have.

        What is wrong with the other networks is told when their jobs run.
        """
        lacking = []
        for request in group.requests:
            stored = stored_tables(self._cache, request)
            if not first_missing(stored):
                continue
            try:
                request.networks.ensure_weights()
                wanted_by([(request, stored)])
            except FerbenchError as error:
                log.debug("%s: %s", request.path, error)
            else:
                lacking.append((request, stored))
        return lacking


def _to_lock(lacking: Iterable[tuple[Request, Stored]]) -> list[tuple[StageKey, Request]]:
    """The keys of what is made, each once, in the order in which every process locks them."""
    keys = {}
    for request, stored in lacking:
        key = request.keys[first_missing(stored)]
        keys[key.key] = (key, request)
    return [keys[name] for name in sorted(keys)]


def _same_pixels(one: Recipe, other: Recipe) -> bool:
    """Whether two recipes have the same tables of any video."""
    parts = ("reader", "detector", "classify", "preprocessing", "model")
    return all(
        type(getattr(one, part)) is type(getattr(other, part))
        and getattr(one, part) == getattr(other, part)
        for part in parts
    )
