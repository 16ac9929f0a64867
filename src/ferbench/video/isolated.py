"""Readers whose decoder works in another process, so that its crash is an error like any other."""

from __future__ import annotations

import logging
import pickle
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

import numpy as np

from ferbench.types import FrameBatch, Timeline
from ferbench.video.buffers import Pixels
from ferbench.video.decoder_main import Job, Question
from ferbench.video.decoder_memory import MEMORY_GIB, DecoderMemoryError
from ferbench.video.decoder_process import CAN_ISOLATE, DecoderProcess, put_back, started, taken
from ferbench.video.decoder_threads import decoder_threads

if TYPE_CHECKING:
    from ferbench.protocols import OpenVideo, Reader

log = logging.getLogger("ferbench")
Answer = TypeVar("Answer")


class DecodedVideo(Protocol):
    """An open video that knows where its decoder's time went.

    Attributes:
        decode_s: seconds that the decoder worked.
        wait_s: seconds that it waited for memory, because frames were not used fast enough.
    """

    decode_s: float
    wait_s: float

    @property
    def estimated_frames(self) -> int:
        """As of ``OpenVideo``."""

    def __iter__(self) -> Iterator[FrameBatch]:
        """As of ``OpenVideo``."""

    def timeline(self, *, video_id: str, sha256: str) -> Timeline:
        """As of ``OpenVideo``."""


PATIENCE_S: Final = 120.0
"""Time in which a decoder has to get on, where nobody says another."""


def asked(
    question: Callable[[Path], Answer], path: Path, *, patience_s: float = PATIENCE_S
) -> Answer:
    """What a function says of a file, called in another process because it opens it with FFmpeg.

    Args:
        question: a function of a module.
        path: what it gets.
        patience_s: seconds without a packet after which it has hung.

    Raises:
        DecoderDiedError: the process crashed, hung or was killed.
        DecoderMemoryError: it needs more than ``MEMORY_GIB``.
        Exception: what the function raises.
    """
    if not CAN_ISOLATE:
        return question(path)
    with _taken_up(Question(function=question, path=path), patience_s) as (_, answer):
        return cast("Answer", answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolated:
    """Opens videos with a reader in another process.

    Decoded frames lie in memory that both processes share: nothing is copied. A reader that another
    process cannot import, such as a class of a notebook, decodes in this one.

    Attributes:
        reader: what decodes.
        patience_s: seconds without a packet and without a frame after which it counts as hung.
        memory_gib: that opening and decoding a video may take; frames are not counted.
    """

    reader: Reader
    patience_s: float = PATIENCE_S
    memory_gib: float = MEMORY_GIB

    @contextmanager
    def open(
        self,
        path: Path,
        *,
        batch_frames: int,
        keep_damaged: bool,
        threads: int = 0,
        lanes: int | None = None,
        target_fps: float | None = None,
        first_frame: int = 0,
    ) -> Iterator[DecodedVideo]:
        """Open a video.

        Args:
            path: a video file.
            batch_frames: frames per batch.
            keep_damaged: stop quietly where a damaged video stops.
            threads: of the decoder; 0 = it decides.
            lanes: threads that need the cores besides: then they decide (``decoder_threads``).
            target_fps: frames per second that come out; None = all.
            first_frame: the first of these that is in a batch (see ``Reader.open``).

        Raises:
            DecoderDiedError: its decoder crashed, hung or was killed.
            DecoderMemoryError: its decoder needs more memory.
            VideoError: as the reader says.
        """
        job = Job(
            reader=self.reader,
            path=path,
            batch_frames=batch_frames,
            threads=threads,
            keep_damaged=keep_damaged,
            target_fps=target_fps,
            first_frame=first_frame,
            lanes=lanes,
            memory_gib=self.memory_gib,
        )
        opened = _opened_elsewhere(job, self.patience_s) if _can_go(job) else _opened_here(job)
        with opened as video:
            yield video


def _can_go(job: Job) -> bool:
    """Whether another process can be sent a job."""
    if not CAN_ISOLATE or type(job.reader).__module__ == "__main__":
        return False
    try:
        pickle.dumps(job)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        log.debug("%s is decoded in this process: %s", job.path, error)
        return False
    return True


@contextmanager
def _opened_here(job: Job) -> Iterator[DecodedVideo]:
    threads = job.threads
    if job.lanes is not None:
        threads = decoder_threads(job.path, lanes=job.lanes)
    with job.reader.open(
        job.path,
        batch_frames=job.batch_frames,
        threads=threads,
        keep_damaged=job.keep_damaged,
        target_fps=job.target_fps,
        first_frame=job.first_frame,
    ) as video:
        yield _Here(video)


@dataclass(slots=True, eq=False)
class _Here:
    """A video that this process decodes."""

    _video: OpenVideo
    decode_s: float = 0.0
    wait_s: float = 0.0

    @property
    def estimated_frames(self) -> int:
        return self._video.estimated_frames

    def __iter__(self) -> Iterator[FrameBatch]:
        batches = iter(self._video)
        while True:
            start = time.perf_counter()
            batch = next(batches, None)
            self.decode_s += time.perf_counter() - start
            if batch is None:
                return
            yield batch
            del batch

    def timeline(self, *, video_id: str, sha256: str) -> Timeline:
        return self._video.timeline(video_id=video_id, sha256=sha256)


@contextmanager
def _opened_elsewhere(job: Job, patience_s: float) -> Iterator[DecodedVideo]:
    with _taken_up(job, patience_s) as (process, estimated_frames):
        yield _Elsewhere(process, estimated_frames)


@contextmanager
def _taken_up(job: Job | Question, patience_s: float) -> Iterator[tuple[DecoderProcess, Any]]:
    """A process that opened what it was told to, and what it said to that."""
    process = taken(job.path)
    can_go_on = False
    try:
        try:
            told = process.open(job, patience_s)
        except EOFError:  # it had been idle for too long
            process.end()
            process = started(job.path)
            told = process.open(job, patience_s)
        yield process, told
        can_go_on = process.leave()
    except DecoderMemoryError:
        raise  # what it took is left in pieces
    except Exception:
        can_go_on = process.leave()
        raise
    finally:  # after an interrupt nobody knows what comes next from it
        if can_go_on:
            put_back(process)
        else:
            process.kill()


@dataclass(slots=True, eq=False)
class _Elsewhere:
    """A video that another process decodes."""

    _process: DecoderProcess
    estimated_frames: int
    decode_s: float = 0.0
    wait_s: float = 0.0
    _memory: dict[int, Pixels] = field(default_factory=dict)
    _lent: dict[int, weakref.ref[Pixels]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[FrameBatch]:
        self._process.send("frames")
        while True:
            self._free()
            message = self._process.receive()
            if message[0] == "wants":
                if not self._has_spare(message[1]):
                    for _ in range(1 if self._memory else 2):  # one to fill, the other is used
                        self._give(message[1])
            elif message[0] == "batch":
                _, number, shape, index, busy_s = message
                self.decode_s += busy_s
                yield self._batch(number, shape, index)
            else:
                _, busy_s, self.wait_s = message
                self.decode_s += busy_s
                return

    def timeline(self, *, video_id: str, sha256: str) -> Timeline:
        self._process.send("timeline", video_id, sha256)
        timeline: Timeline = self._process.receive()[1]
        return timeline

    def _has_spare(self, num_bytes: int) -> bool:
        """Whether memory of this size is on its way back to the process.

        What it had filled when it asked has been yielded meanwhile, so the rest is free.
        """
        return any(
            len(memory) >= num_bytes
            for number, memory in self._memory.items()
            if number not in self._lent
        )

    def _give(self, num_bytes: int) -> None:
        number = len(self._memory)
        try:
            memory = self._process.give_memory(number, num_bytes)
        except OSError as error:
            raise MemoryError(f"{num_bytes} bytes for frames: {error.strerror or error}") from error
        self._memory[number] = np.frombuffer(memory, np.uint8)

    def _batch(self, number: int, shape: tuple[int, int, int, int], index: object) -> FrameBatch:
        """A batch whose memory is lent again when nobody holds it."""
        import torch

        pixels = self._memory[number][: int(np.prod(shape))].reshape(shape)
        self._lent[number] = weakref.ref(pixels)
        rgb = torch.from_numpy(pixels).permute(0, 3, 1, 2)
        return FrameBatch(rgb=rgb, index=np.asarray(index))

    def _free(self) -> None:
        """Tell which memory nobody reads any more."""
        for number in [number for number, user in self._lent.items() if user() is None]:
            del self._lent[number]
            self._process.send("free", number)
