"""When the decoded frames of a video are on screen."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.video import pulse
from ferbench.video.edges import frame_edges
from ferbench.video.time_zero import container_start, tells_only_decoding

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ferbench.types import F64
    from ferbench.video.announced import Announced

TOLERATED_RATE: Final = 0.01
"""Share by which the container's average rate may differ from the measured one and still be used.
"""


TOLERATED_REPAIRS: Final = 0.05
"""Share of frames whose timestamp may be repaired in a sound video."""


class FrameTimes:
    """Takes in the frames of one stream, in the order of display.

    Attributes:
        announced: follows the packets of the same stream.
        start: the container's start, seconds of its own clock.
        counted_hz: rate of a file without a clock; None = it has one.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        announced: Announced,
        *,
        counted_hz: float | None,
    ) -> None:
        self._stream = stream
        self._only_decoding = tells_only_decoding(container)
        self._time_base = stream.time_base or Fraction(1, 1000)
        self._pts: list[int | None] = []
        self._last_duration = 0
        self.announced = announced
        self.start = container_start(container)
        self.counted_hz = counted_hz

    def __len__(self) -> int:
        return len(self._pts)

    def note(self, frame: VideoFrame) -> None:
        """Take in the next frame."""
        self._pts.append(frame.pts)
        self._last_duration = frame.duration or 0
        pulse.frame()

    def edges_s(self) -> tuple[F64, int]:
        """Edges of T frames, and how many timestamps were repaired.

        Returns:
            f64 (T+1,), seconds from the container's start; T is at least 1.
        """
        if self.counted_hz is not None:
            return np.arange(len(self) + 1) / self.counted_hz, 0
        rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        edges, repaired = frame_edges(
            self._times(),
            last_duration=self._last_duration,
            usual_step=float(1 / (rate * self._time_base)),
        )
        zero = float(self.start / self._time_base) + self._delay(float(edges[0]))
        return (edges - zero) * self._time_base.numerator / self._time_base.denominator, repaired

    def too_many_repairs(self) -> str:
        """What is wrong with the timestamps of a video that counts as damaged for them; else ""."""
        _, repaired = self.edges_s()
        if repaired <= TOLERATED_REPAIRS * len(self):
            return ""
        return (
            f"{repaired} of {len(self)} timestamps are missing or do not rise, "
            f"expected at most {TOLERATED_REPAIRS:.0%}"
        )

    def since_first_s(self) -> float:
        """Seconds from the first frame to the one that came last, as far as is known yet."""
        if self.counted_hz is not None:
            return (len(self) - 1) / self.counted_hz
        first, last = self._pts[0], self._pts[-1]
        if first is None or last is None:
            rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
            return float((len(self) - 1) / rate)
        return float((last - first) * self._time_base)

    def lasts_s(self) -> float:
        """Seconds from the first frame's start to the last one's end; 0 without frames."""
        if not self._pts:
            return 0.0
        edges_s, _ = self.edges_s()
        return float(edges_s[-1] - edges_s[0])

    def until_s(self, end: int | None) -> float:
        """Seconds from the first frame's start to a time in ticks of the stream.

        0 where one of them is not known.
        """
        first = next((pts for pts in self._times() if pts is not None), None)
        if end is None or first is None or self.counted_hz is not None:
            return 0.0
        return float((end - first) * self._time_base)

    def rate_hz(self) -> float:
        """The container's average rate where the frames bear it out, else the measured one.

        Rules that count frames round lengths up to whole frames, so a rate that is off by one bit,
        or by the milliseconds of a Matroska file, would change them.
        """
        if self.counted_hz is not None:
            return self.counted_hz
        measured_hz = len(self) / self.lasts_s()
        announced = self._stream.average_rate
        if announced is None:
            return measured_hz
        announced_hz = float(announced)
        if abs(announced_hz - measured_hz) > TOLERATED_RATE * measured_hz:
            return measured_hz
        return announced_hz

    def _times(self) -> list[int | None]:
        """Timestamps of the frames in the order of display."""
        known = sorted(pts for pts in self._pts if pts is not None)
        if self._only_decoding and len(known) == len(self._pts):
            return [*known]
        return self._pts

    def _delay(self, first: float) -> float:
        """Ticks by which a decoder that puts frames into order gives the first one too late."""
        first_decoded = self.announced.first_decoded
        if not self._only_decoding or first_decoded is None:
            return 0.0
        return first - first_decoded
