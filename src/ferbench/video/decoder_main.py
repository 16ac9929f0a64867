"""The process that decodes: it opens what it is told to, and writes frames into shared memory.

It says ``("ready",)``, is sent ``("here", folder, search_path)`` and ``("open", job)``, then
``("frames",)``, ``("timeline", video_id, sha256)`` and ``("close",)``; in between, memory:
``("memory", number, num_bytes)`` with a descriptor after it, and ``("free", number)`` for what may
be written again. It answers ``opened``, ``batch``, ``wants`` (memory), ``end``, ``timeline`` and
``closed``, or ``error``.
"""

from __future__ import annotations

import faulthandler
import math
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from ferbench.video import pulse
from ferbench.video.buffers import BatchBuffers, Pixels, use_buffers
from ferbench.video.decoder_memory import (
    MEMORY_GIB,
    DecoderMemoryError,
    is_of_memory,
    limit_memory,
)
from ferbench.video.decoder_threads import decoder_threads
from ferbench.video.shared_memory import mapped

if TYPE_CHECKING:
    import torch

    from ferbench.protocols import OpenVideo, Reader

_IDLE_S: Final = 60.0
"""A process that has had nothing to do for so long ends."""
_PARENT_S: Final = 2.0
"""So often a process looks whether its parent is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is opened, and how: see ``Reader.open``.

    Attributes:
        lanes: threads that need the cores besides, by which the decoder's threads are chosen; None
            = ``threads`` are.
        memory_gib: that opening and decoding may take.
    """

    reader: Reader
    path: Path
    batch_frames: int
    threads: int
    keep_damaged: bool
    target_fps: float | None
    first_frame: int
    lanes: int | None
    memory_gib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A function of a module, and the file that it opens.

    It is sent as a job is, and its result comes as what was opened.
    """

    function: Callable[[Path], object]
    path: Path
    memory_gib: float = MEMORY_GIB


class _Closed(Exception):  # noqa: N818
    """The parent needs no more of a video."""


def serve(descriptor: int, counts: int) -> None:
    """Do one job after the other, until the parent closes its end or has had nothing for long.

    Args:
        descriptor: of the connection.
        counts: of the memory of ``ferbench.video.pulse``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; the parent heeds it
    faulthandler.enable()
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    pulse.share(mapped(counts, pulse.NUM_BYTES))
    os.close(counts)
    connection = Connection(descriptor)
    with suppress(EOFError, OSError):  # the parent is gone
        connection.send(("ready",))
        while connection.poll(_IDLE_S):
            _one_video(connection)


def _one_video(connection: Connection) -> None:
    """From ``open`` to ``closed``."""
    memory = _SharedBuffers(connection)
    try:
        _, folder, sys.path[:] = connection.recv()
        with suppress(OSError):  # a folder that is gone; whole paths need none
            os.chdir(folder)
        job: Job | Question = connection.recv()[1]
        pulse.reset()
        use_buffers(memory.of_shape)
        limit_memory(job.memory_gib)
        if isinstance(job, Question):
            connection.send(("opened", job.function(job.path)))
            while True:
                memory.heed()
        _Video(connection, memory).serve(job)
    except _Closed:
        pass
    except (EOFError, OSError):
        raise
    except Exception as error:  # noqa: BLE001  # whatever it is, the parent is to know
        told = DecoderMemoryError.of(job.path, job.memory_gib) if is_of_memory(error) else error
        connection.send(("error", _sent(told), traceback.format_exc()))
        with suppress(_Closed):
            while True:
                memory.heed()
    finally:
        use_buffers(BatchBuffers)
        limit_memory(math.inf)
    del memory
    connection.send(("closed",))


class _Video:
    """One open video."""

    def __init__(self, connection: Connection, memory: _SharedBuffers) -> None:
        self._connection = connection
        self._memory = memory

    def serve(self, job: Job) -> None:
        """Open it, and do what is asked for."""
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
            self._connection.send(("opened", video.estimated_frames))
            while True:
                asked = self._memory.heed()
                if asked[0] == "frames":
                    self._send_frames(video)
                elif asked[0] == "timeline":
                    timeline = video.timeline(video_id=asked[1], sha256=asked[2])
                    self._connection.send(("timeline", timeline))

    def _send_frames(self, video: OpenVideo) -> None:
        batches = iter(video)
        while True:
            start, waited_s = time.perf_counter(), self._memory.waited_s
            batch = next(batches, None)
            busy_s = time.perf_counter() - start - (self._memory.waited_s - waited_s)
            if batch is None:
                self._connection.send(("end", busy_s, self._memory.waited_s))
                return
            pulse.packet()
            number, shape = self._memory.number_of(batch.rgb)
            self._connection.send(("batch", number, shape, batch.index, busy_s))
            del batch


@dataclass(slots=True, eq=False)
class _SharedBuffers:
    """The memory that frames are drawn into, which the parent gives and lends again.

    Attributes:
        waited_s: seconds that were spent on waiting for memory.
    """

    connection: Connection
    waited_s: float = 0.0
    _all: dict[int, Pixels] = field(default_factory=dict)
    _free: list[int] = field(default_factory=list)
    _shape: tuple[int, ...] = ()
    _taken: int = -1
    _lent: object = None

    def of_shape(self, shape: tuple[int, int, int, int]) -> _SharedBuffers:
        """The buffers of a reader: u8 (N, H, W, 3)."""
        self._shape = shape
        return self

    def take(self) -> Pixels:
        """A buffer that nobody reads."""
        self._taken = self._number(int(np.prod(self._shape)))
        return self._pixels(self._shape)

    def lend(self, buffer: Pixels, count: int) -> torch.Tensor:
        """The first ``count`` frames of a taken buffer as u8 (count, 3, H, W).

        It is no tensor here: nothing but its place is sent, and torch would take a second to load.
        """
        self._lent = buffer[:count].transpose(0, 3, 1, 2)
        return cast("torch.Tensor", self._lent)

    def number_of(self, rgb: Any) -> tuple[int, tuple[int, ...]]:
        """Which memory holds frames, u8 (N, 3, H, W), and their shape there, (N, H, W, 3).

        Those of a reader with buffers of its own are copied.
        """
        shape = tuple(int(rgb.shape[axis]) for axis in (0, 2, 3, 1))
        if rgb is not self._lent:
            self._shape = shape
            self.take()[:] = np.asarray(rgb).transpose(0, 2, 3, 1)
        self._lent = None
        return self._taken, shape

    def heed(self) -> tuple[Any, ...]:
        """The next message; memory is kept.

        Raises:
            _Closed: the video is not needed any more.
        """
        message: tuple[Any, ...] = self.connection.recv()
        if message[0] == "memory":
            _, number, num_bytes = message
            descriptor = recv_handle(self.connection)
            self._all[number] = np.frombuffer(mapped(descriptor, num_bytes), np.uint8)
            os.close(descriptor)
            self._free.append(number)
        elif message[0] == "free":
            self._free.append(message[1])
        elif message[0] == "close":
            raise _Closed
        return message

    def _pixels(self, shape: tuple[int, ...]) -> Pixels:
        return self._all[self._taken][: int(np.prod(shape))].reshape(shape)

    def _number(self, num_bytes: int) -> int:
        """The number of free memory of at least this size, which is taken."""
        while self.connection.poll():
            self.heed()
        has_asked = False
        while True:
            for number in self._free:
                if len(self._all[number]) >= num_bytes:
                    self._free.remove(number)
                    return number
            if not has_asked:
                self.connection.send(("wants", num_bytes))
                has_asked = True
            start = time.perf_counter()
            self.heed()
            self.waited_s += time.perf_counter() - start


def _sent(error: Exception) -> Exception:
    """An error as it can go to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  # of any library
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


def _end_with_parent(parent: int) -> None:
    """End a process whose parent is gone, also while a decoder hangs."""
    while os.getppid() == parent:
        time.sleep(_PARENT_S)
    os._exit(1)
