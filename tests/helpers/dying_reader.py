"""A reader whose decoder ends its process, or stands still, at a chosen moment."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from ferbench.video.pyav import PyavReader


@dataclass(frozen=True, slots=True, kw_only=True)
class DyingReader:
    """Reads as PyavReader does, but for videos of one size in bytes.

    Attributes:
        num_bytes: of the videos that it dies of.
        at: number of the frame at which that happens; -1 = while the file is opened.
        how: name of a signal, ``exit`` or ``hang``.
        never_in: the process that has to survive.
    """

    version: ClassVar[str] = "1"
    num_bytes: int = field(compare=False)
    at: int = field(default=20, compare=False)
    how: str = field(default="SIGSEGV", compare=False)
    never_in: int = field(default_factory=os.getpid, compare=False)

    @contextmanager
    def open(self, path, *, batch_frames, **asked):
        dies = path.stat().st_size == self.num_bytes
        if dies and self.at < 0:
            self._die()
        with PyavReader().open(path, batch_frames=batch_frames, **asked) as video:
            yield _Dying(video, self._die, self.at) if dies else video

    def _die(self):
        assert os.getpid() != self.never_in, "it would have been this process"
        if self.how == "hang":
            time.sleep(1000)
        elif self.how == "exit":
            os._exit(3)
        else:
            os.kill(os.getpid(), getattr(signal, self.how))


class _Dying:
    def __init__(self, video, die, at):
        self._video, self._die, self._at = video, die, at
        self.estimated_frames = video.estimated_frames
        self.timeline = video.timeline

    def __iter__(self):
        for batch in self._video:
            if self._at in batch.index:
                self._die()
            yield batch


def crash(path):
    """A question about a file that ends who answers it."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return path
