"""Decoders in a process of their own: what crashes or hangs there is one video."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from ferbench.errors import VideoError
from ferbench.video import pulse
from ferbench.video.decoder_death import (
    DecoderDeath,
    DecoderDiedError,
    Kind,
    how_it_ended,
    is_from_outside,
)
from ferbench.video.shared_memory import mapped, new_descriptor
from ferbench.video.waiting_file import can_be_read

if TYPE_CHECKING:
    from ferbench.video.decoder_main import Job, Question

log = logging.getLogger("ferbench")

CAN_ISOLATE: Final = sys.platform == "linux"
"""Whether memory can be handed to another process by its descriptor.

Python waits for an answer to each descriptor on macOS, among the messages of the same connection.
"""

_START_S: Final = 120.0
"""Time in which a process has to be ready."""
_STEP_S: Final = 1.0
"""So often it is looked whether a decoder gets on."""
_PATIENCE_S: Final = 5.0
"""Time in which a process may end, or leave a video that is not needed any more."""
_PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[3:]; "
    "from ferbench.video.decoder_main import serve; serve(int(sys.argv[1]), int(sys.argv[2]))"
)


class DecoderProcess:
    """A process that decodes one video at a time.

    Attributes:
        stage: what it is at, for people.
        path: the video.
        patience_s: seconds in which at least a packet or a frame has to come while it is asked.
    """

    def __init__(self) -> None:
        """Start it.

        Raises:
            OSError: no process can be started.
        """
        self.stage, self.path, self.patience_s = "", Path(), 0.0
        ours, theirs = socket.socketpair()
        counts = new_descriptor(pulse.NUM_BYTES)
        self._messages: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        self._counts = mapped(counts, pulse.NUM_BYTES).cast("q")
        handed = (theirs.fileno(), counts)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *map(str, handed), *sys.path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._messages,
            pass_fds=handed,
        )
        theirs.close()
        os.close(counts)
        self._connection = Connection(ours.detach())
        self._is_ready = self._was_idle = False
        self._folder = "."

    def open(self, job: Job | Question, patience_s: float) -> Any:
        """Open a video; returns how many frames are announced, or the answer to a question.

        Raises:
            DecoderDiedError: it died of that.
            EOFError: it had been idle and was gone already.
            VideoError: the video cannot be opened.
        """
        self.stage, self.path, self.patience_s = "opening it", job.path, patience_s
        self._wait_until_ready()
        self._counts[0] = self._counts[1] = 0
        with suppress(OSError):
            self._folder = str(Path.cwd())
        self.send("here", self._folder, sys.path)  # both may have changed since it was started
        self.send("open", job)
        _, told = self.receive()
        self.stage = "decoding"
        return told

    def _wait_until_ready(self) -> None:
        """Let a process start; that is no time of the video."""
        if self._is_ready:
            return
        try:
            if not self._connection.poll(_START_S):
                raise EOFError(f"it was not ready within {_START_S:g} s")
            self._connection.recv()
        except (EOFError, OSError) as error:
            self.kill()
            reason = self._said().rpartition("\n")[2] or error
            raise VideoError(
                f"{self.path}: no process can be started that decodes it: {reason}"
            ) from error
        self._is_ready = True

    def send(self, *message: object) -> None:
        """Tell it something; that it is gone shows in what it answers."""
        with suppress(OSError):
            self._connection.send(message)

    def give_memory(self, number: int, num_bytes: int) -> memoryview:
        """New memory that both share."""
        descriptor = new_descriptor(num_bytes)
        try:
            memory = mapped(descriptor, num_bytes)
            with suppress(OSError):
                self._connection.send(("memory", number, num_bytes))
                send_handle(self._connection, descriptor, self._process.pid)
            return memory
        finally:
            os.close(descriptor)

    def receive(self) -> tuple[Any, ...]:
        """Its next message.

        Raises:
            DecoderDiedError: it died, or gets nowhere.
            EOFError: it had been idle, and had ended before it took the video.
            Exception: what its reader raised.
        """
        message = self._received()
        if message[0] == "error":
            _, error, origin = message
            log.debug("%s: %s", self.path, origin)
            raise error
        return message

    def _received(self) -> tuple[Any, ...]:
        seen, stalled_s = self._state(), 0.0
        while True:
            start = time.monotonic()
            if self._connection.poll(min(_STEP_S, self.patience_s)):
                break
            state = self._state()
            # a process that was stopped for a while (Ctrl-Z, a sleeping laptop) has not hung
            stalled_s += min(time.monotonic() - start, 2 * _STEP_S)
            if state != seen:
                seen, stalled_s = state, 0.0
            if stalled_s >= self.patience_s:
                raise self._hung()
        try:
            message: tuple[Any, ...] = self._connection.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        return message

    def _state(self) -> tuple[int, int]:
        """Packets and frames so far."""
        return self._counts[0], self._counts[1]

    def _hung(self) -> DecoderDiedError:
        kind: Kind = "hung" if can_be_read(self.path, self._process.pid) else "cut off"
        self.kill()
        return self._error(kind, f"no packet and no frame came for {self.patience_s:g} s")

    def _died(self) -> Exception:
        exit_code = self.end()
        if self._was_idle and self.stage == "opening it" and exit_code in (0, -signal.SIGKILL):
            return EOFError()
        kind: Kind = "killed" if is_from_outside(exit_code) else "crashed"
        return self._error(kind, how_it_ended(exit_code))

    def _error(self, kind: Kind, how: str) -> DecoderDiedError:
        death = DecoderDeath(kind=kind, how=how, stage=self.stage, num_frames=self._counts[1])
        log.debug("%s: its decoder %s: %s", self.path, death, self._said())
        return DecoderDiedError.of(self.path, death)

    def _said(self) -> str:
        """What it wrote where errors go."""
        self._messages.seek(0)
        return self._messages.read().decode("utf-8", "replace").strip()

    def leave(self) -> bool:
        """Have it leave the video; whether it can take another one."""
        self.send("close")
        until = time.monotonic() + _PATIENCE_S
        try:
            while time.monotonic() < until:
                if not self._connection.poll(until - time.monotonic()):
                    return False
                if self._connection.recv()[0] == "closed":
                    self._was_idle = True
                    return True
        except (EOFError, OSError):
            pass
        return False

    def end(self) -> int | None:
        """Have it end; its exit code, None = it cannot even be killed."""
        self._connection.close()
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(_PATIENCE_S)
        return self.kill()

    def kill(self) -> int | None:
        """End it at once; its exit code."""
        self._connection.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # waits for a mount that is lost
            return self._process.wait(_PATIENCE_S)
        return None


_lock = threading.Lock()
_idle: list[DecoderProcess] = []
"""At most one, which is kept for the next video."""


def taken(path: Path) -> DecoderProcess:
    """A process for a video.

    Raises:
        VideoError: none can be started.
    """
    with _lock:
        if _idle:
            return _idle.pop()
    return started(path)


def started(path: Path) -> DecoderProcess:
    """A new process for a video.

    Raises:
        VideoError: none can be started.
    """
    try:
        return DecoderProcess()
    except OSError as error:
        reason = error.strerror or error
        raise VideoError(f"{path}: no process can be started that decodes it: {reason}") from error


def put_back(process: DecoderProcess) -> None:
    """Keep a process for the next video, or end it."""
    with _lock:
        if not _idle:
            _idle.append(process)
            return
    process.end()


@atexit.register
def end_idle() -> None:
    """End the process that is kept."""
    with _lock:
        while _idle:
            _idle.pop().end()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # it is the parent's
