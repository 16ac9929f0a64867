"""Passes dealt out to the machines of a Ray cluster.

A task is a video with all that is wanted of it. It takes paths and settings, and brings back
numbers; tables go through the cache, which all machines see.
"""

from __future__ import annotations

import logging
import os
import pickle
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ferbench.atomic import write_bytes
from ferbench.errors import CacheError, ClusterError
from ferbench.interrupts import InHand, in_hand
from ferbench.pipeline.cache_contents import SEEN
from ferbench.pipeline.on_ray import node
from ferbench.pipeline.on_ray.cluster import check_nodes, here, pinned
from ferbench.pipeline.on_ray.engine import RayEngine
from ferbench.pipeline.on_ray.work import NodeOutcome, versions
from ferbench.pipeline.plan import Elsewhere
from ferbench.pipeline.plan_parts import PlanOutcome, VideoJob
from ferbench.pipeline.workers import Died
from ferbench.sentences import Text

log = logging.getLogger("ferbench")

_LOOK_S: Final = 1.0
"""Time between two looks at how far the passes are."""
_LAST_S: Final = 10.0
"""Time in which the tally answers when all passes are over."""
_PATIENCE_S: Final = 10.0
"""Time in which tasks that are told to end may store what they have finished."""
_UNSEEN: Final = -1
"""Size of a video that is not there any more: no machine sees one of it."""
_PASSED_ON: Final = ("FERBENCH_HOME", "FERBENCH_MODELS", "FERBENCH_UMASK")
"""Variables that are on all machines what they are here; none of them is a secret."""
_AGAIN: Final = Text("run again; what the other videos gave is kept")


@dataclass(slots=True, kw_only=True, eq=False)
class RayCrew:
    """The machines of a cluster, as a crew (``ferbench.pipeline.plan.Crew``).

    Attributes:
        ray: the module, connected.
        engine: what each pass needs.
        work: what is done with the jobs of a video.
        on_progress: told how many frames are done; fewer than none where a pass began again.
    """

    ray: Any
    engine: RayEngine
    work: Elsewhere
    on_progress: Callable[[int], None]
    _frames: dict[int, int] = field(default_factory=dict)
    _begun: dict[int, int] = field(default_factory=dict)
    _over: set[int] = field(default_factory=set)

    def results(
        self, pieces: Sequence[list[VideoJob]], /
    ) -> Generator[tuple[int, PlanOutcome | Died], None, None]:
        """Number and outcome of each piece, as they come. No task is left when this ends.

        Raises:
            ClusterError: a machine cannot make passes, or the cluster is gone.
            CacheError: the cache cannot be written.
            KeyboardInterrupt: the work was asked to end; the tasks kept what they had finished.
        """
        self.engine.check_device(self.work.runtime.device)
        with _mark(self.work.cache) as mark:
            expected = {
                "versions": versions(),
                "environment": self._environment(),
                "marks": {str(self.work.cache): mark},
                "folders": [str(self.work.models)],
            }
            check_nodes(self.ray, self.engine, expected)
            with in_hand() as hand:
                hand.begin()
                yield from self._dealt_out(expected, pieces, hand)

    def _environment(self) -> dict[str, str]:
        own = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {"OMP_NUM_THREADS": str(self.engine.num_cpus), **own}

    def _dealt_out(
        self, expected: dict[str, Any], pieces: Sequence[list[VideoJob]], hand: InHand
    ) -> Generator[tuple[int, PlanOutcome | Died], None, None]:
        tally = self.ray.remote(node.Tally).options(**pinned(self.ray, here(self.ray))).remote()
        asked: list[Any] = []
        waiting = self._tasks(expected, pieces, tally)
        try:
            while waiting:
                if hand.should_end:
                    raise KeyboardInterrupt
                ready, _ = self.ray.wait(list(waiting), timeout=_LOOK_S)
                asked = self._looked(tally, asked, pieces)
                for ref in ready:
                    number = waiting.pop(ref)
                    yield number, self._outcome(ref, number, pieces[number])
            self._looked(tally, [tally.told.remote()], pieces, patience_s=_LAST_S)
        except self.ray.exceptions.RayError as error:
            raise ClusterError(
                f"the Ray cluster is gone ({type(error).__name__})", hint=_AGAIN
            ) from error
        finally:
            with suppress(self.ray.exceptions.RayError):
                self._end(list(waiting))

    def _end(self, tasks: list[Any]) -> None:
        """End tasks: a KeyboardInterrupt in each has it store what it has finished."""
        if not tasks:
            return
        try:
            for ref in tasks:
                self.ray.cancel(ref, force=False)
            self.ray.wait(tasks, num_returns=len(tasks), timeout=_PATIENCE_S, fetch_local=False)
        finally:  # also where somebody cannot wait
            for ref in tasks:
                self.ray.cancel(ref, force=True)

    def _tasks(
        self, expected: dict[str, Any], pieces: Sequence[list[VideoJob]], tally: Any
    ) -> dict[Any, int]:
        """A task for each piece. Nothing that Ray shows of it names a person or a folder."""
        needs = {
            "num_cpus": self.engine.num_cpus,
            "num_gpus": self.engine.num_gpus,
            "max_retries": self.engine.max_retries,
            "scheduling_strategy": "SPREAD",
        }
        do = self.ray.remote(**needs)(node.passed)
        work = pickle.dumps(self.work)
        tasks = {}
        for number, jobs in enumerate(pieces):
            videos = [(str(path), size_of(path)) for path in {job.path for job in jobs}]
            about = {**expected, "videos": videos}
            do_this = do.options(name=f"ferbench pass {number}")
            tasks[do_this.remote(about, number, work, pickle.dumps(jobs), tally)] = number
        return tasks

    def _looked(
        self,
        tally: Any,
        asked: list[Any],
        pieces: Sequence[list[VideoJob]],
        *,
        patience_s: float = 0.0,
    ) -> list[Any]:
        """Tell of what the tally said meanwhile, and ask it again; a lost one is not missed."""
        if not asked:
            return [tally.told.remote()]
        ready, _ = self.ray.wait(asked, timeout=patience_s)
        if not ready:
            return asked
        try:
            frames, begun = self.ray.get(ready[0])
        except self.ray.exceptions.RayError:
            return asked
        for number in frames.keys() - self._over:
            self._show(number, frames[number])
        for number, times in begun.items():
            if times > max(1, self._begun.get(number, 0)):
                name = pieces[number][0].path.name
                log.warning("the pass over %s began again: its process or machine died", name)
            self._begun[number] = times
        return []

    def _show(self, number: int, frames: int) -> None:
        """Tell how many more frames of a piece are done than when it was told last."""
        self.on_progress(frames - self._frames.get(number, 0))
        self._frames[number] = frames

    def _outcome(self, ref: Any, number: int, jobs: list[VideoJob]) -> PlanOutcome | Died:
        try:
            name, reason, found = self.ray.get(ref)
        except self.ray.exceptions.RayTaskError as error:
            how = f"{type(error.cause).__name__}: {error.cause}".splitlines()[0]
            return Died(how=how, is_from_outside=False, hint=_AGAIN)
        except self.ray.exceptions.OutOfMemoryError:
            return Died(how="by Ray", is_from_outside=True, hint=_AGAIN)
        except self.ray.exceptions.RayError as error:
            tries = self.engine.max_retries + 1
            how = f"{type(error).__name__}, {tries} times" if tries > 1 else type(error).__name__
            return Died(how=how, is_from_outside=False, hint=_AGAIN)
        if reason:
            return PlanOutcome(failures={jobs[0].path: ClusterError(f"{name}: {reason}")})
        assert isinstance(found, NodeOutcome)
        for warning in found.warnings:
            log.warning("%s: %s", name, warning)
        work = found.outcome.work
        self._show(number, work.frames_decoded + work.frames_continued)
        self._over.add(number)
        return found.outcome


def size_of(video: Path) -> int:
    """Bytes of a video, by which a machine sees that its own is the same."""
    try:
        return video.stat().st_size
    except OSError:  # it vanished since it was planned; the machine that is given it says so
        return _UNSEEN


@contextmanager
def _mark(cache: Path) -> Iterator[str]:
    """A file in the cache by which machines see that theirs is the same; gives its name.

    Raises:
        CacheError: the folder cannot be written.
    """
    name = f"{SEEN}{uuid.uuid4().hex}"
    try:
        write_bytes(cache / name, b"")
    except OSError as error:
        raise CacheError(f"{cache} cannot be written: {error.strerror or error}") from error
    try:
        yield name
    finally:
        (cache / name).unlink(missing_ok=True)
