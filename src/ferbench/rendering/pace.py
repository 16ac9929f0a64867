"""When which frame is shown: a clock that can be stopped, moved and made faster.

What is shown follows the time that has passed, never the number of frames that were shown, so a
machine that is too slow leaves frames out and stays in step.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ferbench.types import F64

SPEEDS: Final = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0)


class Pace:
    """The position in a video.

    Attributes:
        is_playing: False = it stands.
        speed: seconds of video per second, one of ``SPEEDS``.
    """

    def __init__(self, edges_s: F64, *, now: Callable[[], float] = time.monotonic) -> None:
        """Stand at the first frame.

        Args:
            edges_s: f64 (T+1,) of the frames, at least one.
            now: seconds of a clock that never goes back.
        """
        self._edges_s: list[float] = [float(edge_s) for edge_s in edges_s]
        self._now = now
        self._from_s: float = self._edges_s[0]
        self._since = now()
        self.is_playing = False
        self.speed = 1.0

    @property
    def last(self) -> int:
        """The last frame."""
        return len(self._edges_s) - 2

    @property
    def position_s(self) -> float:
        """Seconds of the video, from its first frame's to its last one's end."""
        position_s: float = self._from_s
        if self.is_playing:
            position_s += (self._now() - self._since) * self.speed
        return min(max(position_s, self._edges_s[0]), self._edges_s[-1])

    @property
    def frame(self) -> int:
        """The frame that is on screen."""
        return self.frame_at(self.position_s)

    def frame_at(self, time_s: float) -> int:
        """The frame that is on screen at a time, the first or last one outside of the video."""
        return min(max(0, bisect_right(self._edges_s, time_s) - 1), self.last)

    @property
    def is_at_end(self) -> bool:
        """Whether the last frame has been on screen for its time."""
        return self.position_s >= self._edges_s[-1]

    @property
    def wait_s(self) -> float:
        """Seconds until the next frame, 0 or more; while it stands: without end."""
        if not self.is_playing:
            return float("inf")
        return max(0.0, (self._edges_s[self.frame + 1] - self.position_s) / self.speed)

    def play(self) -> None:
        """Go on, from the first frame where the end is reached."""
        if self.is_at_end:
            self._go(self._edges_s[0])
        self._go(self.position_s)
        self.is_playing = True

    def pause(self) -> None:
        """Stand where it is."""
        self._go(self.position_s)
        self.is_playing = False

    def step(self, frames: int) -> None:
        """Stand so many frames later, or earlier."""
        target = self.frame + frames
        self.pause()
        self.to_frame(target)

    def to_frame(self, frame: int) -> None:
        """Go on, or stand, at a frame's beginning."""
        self._go(self._edges_s[min(max(0, frame), self.last)])

    def by_s(self, seconds: float) -> None:
        """Go on, or stand, so many seconds later, or earlier, as far as the video goes."""
        self._go(min(self.position_s + seconds, self._edges_s[self.last]))

    def change_speed(self, steps: int) -> None:
        """Take a later or an earlier one of ``SPEEDS``."""
        self._go(self.position_s)
        place = SPEEDS.index(self.speed) + steps
        self.speed = SPEEDS[min(max(0, place), len(SPEEDS) - 1)]

    def _go(self, position_s: float) -> None:
        self._from_s, self._since = max(position_s, self._edges_s[0]), self._now()
