"""Which frames of a video are looked at, where not all are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.errors import ConfigError

if TYPE_CHECKING:
    from ferbench.types import F64

_TICK: Final = 1e-6
"""Part of a cell that a timestamp may be early, so that rounded ones do not skip a cell."""


def check_target_fps(target_fps: float | None) -> None:
    """Raise ConfigError unless it is a rate, or None."""
    if target_fps is not None and not (math.isfinite(target_fps) and target_fps > 0):
        raise ConfigError(
            key="target_fps",
            expected="more than 0 frames per second, or null for all",
            got=target_fps,
        )


class Sampling:
    """Takes the first frame of every 1/``target_fps`` seconds, counted from the first frame.

    A frame that is taken stands for the time until the next one that is: signals and events stay on
    the video's own times.

    Attributes:
        target_fps: frames per second that are looked at; None = all.
    """

    def __init__(self, target_fps: float | None) -> None:
        check_target_fps(target_fps)
        self.target_fps = target_fps
        self._taken: list[int] = []
        self._last_cell = -1

    def takes(self, number: int, since_first_s: float) -> bool:
        """Whether frame ``number`` is looked at, which begins so many seconds after the first."""
        if self.target_fps is None:
            return True
        cell = math.floor(since_first_s * self.target_fps + _TICK)
        if self._taken and cell <= self._last_cell:
            return False
        self._last_cell = max(cell, self._last_cell)
        self._taken.append(number)
        return True

    def edges_s(self, edges_s: F64) -> F64:
        """Edges of the frames that were taken, from those of all: f64 (K+1,)."""
        if self.target_fps is None:
            return edges_s
        return np.append(edges_s[self._taken], edges_s[-1])

    def rate_hz(self, rate_hz: float) -> float:
        """Frames per second that are looked at, from those of the video."""
        return rate_hz if self.target_fps is None else min(rate_hz, self.target_fps)

    def estimate(self, frames: int, rate_hz: float) -> int:
        """How many of so many frames are looked at, roughly; 0 = unknown."""
        if self.target_fps is None or rate_hz <= self.target_fps:
            return frames
        return round(frames * self.target_fps / rate_hz)

    def note(self, rate_hz: float) -> str:
        """What a reader of the times should know; "" where every frame is looked at."""
        if self.target_fps is None or rate_hz <= self.target_fps:
            return ""
        return f"{self.target_fps:g} of {rate_hz:.4g} frames per second were looked at"
