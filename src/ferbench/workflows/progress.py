"""How workflows tell how far they are, and how they are stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from ferbench.wording import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the pixels of a workflow are.

    Attributes:
        done_frames: frames that are done.
        total_frames: frames that will be decoded, as their containers announce; 0 = not known.
        decoded_videos: videos whose pixels are done.
        num_videos: videos that will be decoded.
        num_stored: videos whose tables are stored already.
    """

    done_frames: int
    total_frames: int
    decoded_videos: int
    num_videos: int
    num_stored: int

    def __str__(self) -> str:
        """One line for a screen."""
        share = f" ({self.done_frames / self.total_frames:.0%})" if self.total_frames else ""
        return f"{self.done_frames} of {self.total_frames or '?'} frames{share}"

    @property
    def videos(self) -> str:
        """How many videos are done, the stored ones among them: ``3 of 12 videos``."""
        every = plural(self.num_videos + self.num_stored, "video")
        return f"{self.decoded_videos + self.num_stored} of {every}"


OnProgress = Callable[[Progress], None]
"""Called from the thread of the workflow after every batch. What it raises ends the workflow:
finished videos stay stored, so the same call goes on from there.
"""


def untold(progress: Progress) -> None:
    """Tell nobody."""
    del progress


class FrameCount:
    """Counts frames and videos, and tells how far they are."""

    def __init__(self, start: Progress, on_progress: OnProgress) -> None:
        """Tell the start."""
        self._progress = start
        self._on_progress = on_progress
        on_progress(start)

    def frames(self, number: int) -> None:
        """So many more frames are done."""
        self._tell(replace(self._progress, done_frames=self._progress.done_frames + number))

    def video(self) -> None:
        """The pixels of one more video are done."""
        self._tell(replace(self._progress, decoded_videos=self._progress.decoded_videos + 1))

    def _tell(self, progress: Progress) -> None:
        self._progress = progress
        self._on_progress(progress)


class FrameLines:
    """How far frames are, a line every half minute: for logs, where no bar can be drawn."""

    def __init__(
        self, tell: Callable[[str], None], *, every_s: float = 30.0, unit: str = "frames"
    ) -> None:
        """Begin to count the time; ``tell`` gets the lines."""
        self._tell = tell
        self._unit = unit
        self._every_s = every_s
        self._began_s = self._told_s = time.monotonic()

    def __call__(self, done_frames: int, total_frames: int, label: str, /) -> None:
        """Tell a line, if the last one is long enough ago."""
        now_s = time.monotonic()
        if not total_frames or now_s - self._told_s < self._every_s:
            return
        self._told_s = now_s
        rate_hz = done_frames / (now_s - self._began_s)
        left = ""
        if rate_hz > 0 and total_frames > done_frames:
            left = f", about {_duration((total_frames - done_frames) / rate_hz)} left"
        frames = f"{done_frames} of about {total_frames} {self._unit}"
        self._tell(f"{label}, {frames}, {rate_hz:.0f} {rate_word(self._unit)}{left}")


def rate_word(unit: str) -> str:
    """How a rate is written.

    >>> rate_word("frames"), rate_word("images")
    ('fps', 'images/s')
    """
    return "fps" if unit == "frames" else f"{unit}/s"


def _duration(seconds: float) -> str:
    """A time for people: ``40 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
