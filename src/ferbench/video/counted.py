"""Frames that are counted rather than timed, held against the clock of their file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import VideoError
from ferbench.video.container import TOLERATED_S, about_frames
from ferbench.video.packet_clock import PacketClock, drift_note

TOLERATED_DRIFT: Final = 0.05
"""Share by which frames x rate may differ from the length that the frames' own times give."""

FEW_FRAMES: Final = 10
"""So few frames say nothing of a rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedEnd:
    """What only shows after the last frame.

    Attributes:
        picture_start_s: seconds from the container's start to the first frame.
        drift_s: the largest difference between counted times and the file's clock, seconds.
        notes: what a reader should know, a sentence each.
        damage: why the video counts as damaged; "" = it is sound.
    """

    picture_start_s: float = 0.0
    drift_s: float = 0.0
    notes: tuple[str, ...] = ()
    damage: str = ""


class CountedFrames:
    """The frames of a video as they come out, each 1 / rate long.

    Attributes:
        count: frames so far.
        fps_hz: their rate.
    """

    def __init__(self, path: Path, fps_hz: float) -> None:
        """Begin to count the frames of a video."""
        self.count = 0
        self.fps_hz = fps_hz
        self._path = path
        # By the frames' own timestamps, after the stream's start.
        self._first_ms = math.inf
        self._last_ms = -math.inf

    def note(self, at_ms: float) -> None:
        """A frame came out, with this time stamp."""
        self.count += 1
        self._first_ms = min(self._first_ms, at_ms)
        self._last_ms = max(self._last_ms, at_ms)

    def held_against(self, clock: PacketClock, announced_frames: int) -> CountedEnd:
        """Look at what the packets say: missing seconds, the picture's start, drift.

        Where the clock jumps, ``fps_hz`` becomes the rate without the jumps.

        Args:
            clock: of the file's packets.
            announced_frames: by the container, 0 = unknown.

        Raises:
            VideoError: the rate is no average of the frames' own times.
        """
        picture_start_s = clock.picture_start_s(self._first_ms / 1000)
        decoded_s = (self._last_ms - self._first_ms) / 1000 + 1 / self.fps_hz
        if clock.has_jumps:  # who counts does not close them
            missing = max(0, len(clock.shown_s) - self.count)
            decoded_s = clock.announced_s * self.count / (self.count + missing)
            if not self._is_average(decoded_s):
                self.fps_hz = self.count / decoded_s  # the reported one has the jumps in it
        if clock.announced_s - decoded_s > TOLERATED_S:
            damage = (
                f"OpenCV stopped without a reason at {decoded_s:.3f} s after {self.count} frames, "
                f"expected {clock.announced_s:.3f} s{about_frames(announced_frames)}"
            )
            return CountedEnd(picture_start_s=picture_start_s, notes=clock.notes, damage=damage)
        self._check_rate(decoded_s)
        drift_s, at_end_s = clock.drift_s(self.count, self.fps_hz)
        notes = (*clock.notes, drift_note(drift_s, at_end_s, rate_hz=self.fps_hz))
        return CountedEnd(
            picture_start_s=picture_start_s,
            drift_s=drift_s,
            notes=tuple(note for note in notes if note),
        )

    def _is_average(self, decoded_s: float) -> bool:
        """Whether the rate fits the seconds that the frames' own times give."""
        counted_s = self.count / self.fps_hz
        if self.count >= FEW_FRAMES and not 0.1 < counted_s / decoded_s < 10:
            return False
        return abs(counted_s - decoded_s) <= TOLERATED_S + TOLERATED_DRIFT * decoded_s

    def _check_rate(self, decoded_s: float) -> None:
        """Refuse a rate that is no average.

        OpenCV makes one up (1000 Hz) where the container has none.
        """
        if not self._is_average(decoded_s):
            counted_s = self.count / self.fps_hz
            raise VideoError(
                f"{self._path}: OpenCV reports {self.fps_hz:g} Hz, by which the {self.count} "
                f"frames last {counted_s:.3f} s; by their own times {decoded_s:.3f} s",
                hint="take the reader pyav, which reads these",
            )
