"""Shared passes: what many jobs lack of a video is made while it is decoded once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ferbench.errors import FerbenchError, VideoError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.compute import computed, stored_tables
from ferbench.pipeline.devices import environments
from ferbench.pipeline.networks import LoadedNetworks
from ferbench.pipeline.plan_parts import Crew, PlanOutcome, VideoJob
from ferbench.pipeline.recipe import Recipe, Runtime, same_pixels
from ferbench.pipeline.stages import Analyser, first_missing
from ferbench.pipeline.wanted import Request, Stored, wanted_by
from ferbench.pipeline.workers import Died, Workers
from ferbench.protocols import Reader
from ferbench.results import StageKey
from ferbench.video.decoder_death import DecoderDiedError

log = logging.getLogger("ferbench")


@dataclass(slots=True, kw_only=True)
class _Group:
    """Requests for one video through one reader, and the jobs that they are of."""

    sha256: str
    reader: Reader
    requests: list[Request] = field(default_factory=list)
    jobs: list[VideoJob] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The video."""
        return self.requests[0].path


class Hire(Protocol):
    """Finds a crew."""

    def __call__(self, *, work: Elsewhere, on_progress: Callable[[int], None]) -> Crew:
        """A crew that does this work, and tells how many frames are done."""


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
        loaded: LoadedNetworks | None = None,
    ) -> None:
        self._runtime = runtime
        self._cache = cache
        self._models = models
        self._notify = notify
        self._loaded = loaded or LoadedNetworks()
        self._analysers: list[Analyser] = []
        self._groups: list[_Group] = []
        self.outcome = PlanOutcome()
        for job in jobs:
            self._add(job)

    @property
    def videos(self) -> tuple[Path, ...]:
        """Videos that will be decoded, one for each pass."""
        return tuple(group.path for group in self._groups)

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
        hire: Hire | None = None,
    ) -> PlanOutcome:
        """Make everything, a pass for each video and reader.

        A pass that fails is noted, and the others go on.

        Args:
            on_frames: told how many frames were done.
            on_decoded: told when a pass is over.
            hire: finds who makes the passes; None = this process, or as many of this machine as
                the runtime has workers.
        """
        if not self._groups:
            return self.outcome
        hire = hire or self._processes()
        if hire is not None:
            self._deal_out(hire, on_frames, on_decoded)
            return self.outcome
        for group in self._groups:
            try:
                self._run(group, on_frames)
            except Exception as error:  # noqa: BLE001  # whatever it is, its jobs meet it
                reason = f"{type(error).__name__}: {error}"
                log.debug("the shared pass over %s failed: %s", group.path, reason)
                self._fail(group, error)
            on_decoded()
        return self.outcome

    def _processes(self) -> Hire | None:
        """Processes of this machine, where several shall make the passes."""
        device = self._groups[0].requests[0].networks.device
        count = min(self._runtime.num_workers(device), len(self._groups))
        if count == 1:
            return None
        return partial(
            Workers[list[VideoJob], PlanOutcome], environments=environments(device, count)
        )

    def _deal_out(
        self, hire: Hire, on_frames: Callable[[int], None], on_decoded: Callable[[], None]
    ) -> None:
        """Have others make the passes. Their working folder may be another, their device is not."""
        device: Any = self._groups[0].requests[0].networks.device.type
        work = Elsewhere(
            runtime=replace(self._runtime, workers=1, device=device),
            cache=self._cache.folder.absolute(),
            models=self._models.absolute(),
        )
        pieces = [
            [replace(job, path=job.path.absolute()) for job in group.jobs] for group in self._groups
        ]
        crew = hire(work=work, on_progress=on_frames)
        with closing(crew.results(pieces)) as results:
            for number, outcome in results:
                if isinstance(outcome, Died):
                    self._lose(self._groups[number], outcome)
                else:
                    self.outcome.add(outcome)
                on_decoded()

    def _lose(self, group: _Group, died: Died) -> None:
        """Note that a worker died; its video is not tried again."""
        if died.is_from_outside:
            how = f"was killed from outside ({died.how}), mostly for want of memory"
        else:
            how = f"crashed ({died.how})"
        error = VideoError(f"{group.path}: the process that analysed it {how}", hint=died.hint)
        self.outcome.failures[group.path] = error
        self.outcome.lost[group.sha256] = error

    def _fail(self, group: _Group, error: Exception) -> None:
        """Note what a pass raised; a video that ended its decoder is not tried again."""
        self.outcome.failures[group.path] = error
        if isinstance(error, DecoderDiedError):
            self.outcome.lost[group.sha256] = error

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
        group = self._group_of(request)
        group.requests.append(request)
        group.jobs.append(job)

    def _analyser(self, recipe: Recipe) -> Analyser:
        """That of an equal recipe, as far as pixels are concerned."""
        for analyser in self._analysers:
            if same_pixels(analyser.recipe, recipe):
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
        while not self._is_made(group, on_frames):
            pass

    def _is_made(self, group: _Group, on_frames: Callable[[int], None]) -> bool:
        """Make what is missing; False = others made so much meanwhile that other locks are due."""
        with ExitStack() as locks:
            wanted = _to_lock(self._lacking(group))
            for key, request in wanted:
                locks.enter_context(self._cache.lock(key, waiting=request.tell_waiting))
            lacking = self._lacking(group)
            held = {key for key, _ in wanted}
            if not {key for key, _ in _to_lock(lacking)} <= held:
                return False
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
        return True

    def _lacking(self, group: _Group) -> list[tuple[Request, Stored]]:
        """Requests that lack something now and whose networks can be loaded, with what they have.

        What is wrong with the other networks is told when their jobs run.
        """
        lacking = []
        for request in group.requests:
            stored = stored_tables(self._cache, request)
            if not first_missing(request, stored):
                continue
            try:
                request.networks.ensure_weights()
                wanted_by([(request, stored)])
            except FerbenchError as error:
                log.debug("%s: %s", request.path, error)
            else:
                lacking.append((request, stored))
        return lacking


@dataclass(slots=True, kw_only=True)
class Elsewhere:
    """Makes the passes of one video in another process, which keeps the networks that it loaded.

    Attributes:
        runtime: how that process computes.
        cache: folder of the tables.
        models: folder of weight files.
        loaded: its networks.
    """

    runtime: Runtime
    cache: Path
    models: Path
    loaded: LoadedNetworks = field(default_factory=LoadedNetworks)

    def __call__(self, jobs: list[VideoJob], on_frames: Callable[[int], None]) -> PlanOutcome:
        """Make the passes that these jobs lack."""
        plan = Plan(
            jobs,
            runtime=self.runtime,
            cache=Cache(self.cache),
            models=self.models,
            loaded=self.loaded,
        )
        outcome = plan.run(on_frames=on_frames)
        outcome.make_sendable()
        return outcome


def _to_lock(lacking: Iterable[tuple[Request, Stored]]) -> list[tuple[StageKey, Request]]:
    """The keys of what is made, each once, in the order in which every process locks them."""
    keys = {}
    for request, stored in lacking:
        key = request.keys[first_missing(request, stored)]
        keys[key.key] = (key, request)
    return [keys[name] for name in sorted(keys)]
