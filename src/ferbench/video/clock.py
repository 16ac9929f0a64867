"""The clock of a file's pictures, with jumps closed.

Recordings that were joined (camcorders, ``copy /b``), cameras whose clock was set while they
recorded, and streams that began anew have a clock that jumps. Left alone, one frame would be on
screen for an hour, or times would fall. Here every lasting jump is closed: what follows it goes on
where the pictures before it ended, and the jump is told.

Jumps are looked for in times of decoding, which never fall in a sound file:

- backward by more than ``BACK_S``;
- forward by more than ``FORWARD_S`` in formats whose clock may be interrupted (MPEG transport and
  program streams, Ogg: FFmpeg's own rule), and by more than ``LONGEST_FRAME_S`` in all others,
  where long frames are common (recordings of a screen) and true;
- but not where another stream, such as the sound, goes on through it, nor where the clock comes
  back at once: then single times are wrong, and ``ferbench.video.edges`` repairs them.

A clock of 33 bits that begins anew after 26.5 hours is set right by FFmpeg.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import av.error
from av.format import Flags

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

BACK_S: Final = 0.1
FORWARD_S: Final = 10.0
LONGEST_FRAME_S: Final = 600.0
_LOOK_AHEAD: Final = 2
"""Packets within which a clock must come back for its times to count as single wrong ones."""
_EDGE_S: Final = 2
"""Seconds at both ends of a jump in which another stream says nothing: streams are interleaved."""
_GOES_ON: Final = 0.5
"""Share of a jump's seconds in which another stream has something, if it goes on through it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A jump that was closed.

    Attributes:
        at_s: where it was, seconds of the container, with the jumps before it closed.
        by_s: how far the clock jumped; below 0 = back.
    """

    at_s: float
    by_s: float


class Clock:
    """Follows the packets of a file and closes the jumps of one stream's clock.

    Attributes:
        jumps: those that were closed so far.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, *, start: Fraction) -> None:
        """Take the open file, the pictures' stream, and the container's start in seconds."""
        self._index = stream.index
        self._time_base = stream.time_base or Fraction(1, 1000)
        self._start = start
        is_interrupted = Flags.ts_discont in Flags(container.format.flags)
        forward_s = FORWARD_S if is_interrupted else LONGEST_FRAME_S
        self._forward = round(Fraction(forward_s) / self._time_base)
        self._back = round(Fraction(BACK_S) / self._time_base)
        self._shift = 0  # what is added to the file's times, ticks
        self._last: int | None = None  # time of decoding of the latest packet, ticks of the file
        self._step = 1
        self._others_s: set[int] = set()  # seconds of the file in which another stream has packets
        self.jumps: list[Jump] = []

    def pictures(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """The packets of the pictures' stream, with times whose jumps are closed.

        Args:
            packets: of all streams of the file, as they come.
        """
        waiting: deque[Packet[Any]] = deque()
        try:
            for packet in packets:
                if packet.stream.index != self._index:
                    self._note_other(packet)
                    continue
                waiting.append(packet)
                if len(waiting) > _LOOK_AHEAD:
                    yield self._mended(waiting.popleft(), waiting)
        except av.error.FFmpegError:
            while waiting:  # what came before the error still counts
                yield self._mended(waiting.popleft(), waiting)
            raise
        while waiting:
            yield self._mended(waiting.popleft(), waiting)

    def _note_other(self, packet: Packet[Any]) -> None:
        if packet.dts is not None and packet.time_base and packet.size:
            self._others_s.add(int(packet.dts * packet.time_base))

    def _mended(self, packet: Packet[Any], ahead: Sequence[Packet[Any]]) -> Packet[Any]:
        if packet.dts is not None:
            self._follow(packet, packet.dts, ahead)
        if self._shift:
            if packet.dts is not None:
                packet.dts += self._shift
            if packet.pts is not None:
                packet.pts += self._shift
        return packet

    def _follow(self, packet: Packet[Any], time: int, ahead: Sequence[Packet[Any]]) -> None:
        """Go on to the next time of decoding, and close the jump before it if there is one."""
        duration = self._plain_duration(packet)
        if self._last is None:
            self._last, self._step = time, duration or 1
            return
        expected = self._last + self._step
        if self._is_off(time):
            if self._comes_back(time, ahead):
                self._last = expected  # a single wrong time
                return
            self._close(expected - time)
            self._tell(packet, time, by=time - expected)
        elif time > self._last:
            self._step = duration or time - self._last
        self._last = time

    def _plain_duration(self, packet: Packet[Any]) -> int:
        """Ticks that a packet lasts, 0 = not known; an mp4 lets the one before a jump last so long.

        The packet keeps no such duration: it would be taken for the end of the video.
        """
        duration: int = packet.duration or 0
        if duration <= self._forward:
            return duration
        packet.duration = self._step
        return 0

    def _is_off(self, time: int) -> bool:
        """Whether a time cannot follow the latest one."""
        assert self._last is not None
        if time < self._last - self._back:
            return True
        expected = self._last + self._step
        return time - expected > self._forward and not self._others_go_on(expected, time)

    def _others_go_on(self, expected: int, time: int) -> bool:
        """Whether another stream has packets all the way between two times."""
        first_s = int(expected * self._time_base) + _EDGE_S
        last_s = int(time * self._time_base) - _EDGE_S
        inside = sum(first_s <= second <= last_s for second in self._others_s)
        return inside > 0 and inside >= _GOES_ON * (last_s - first_s + 1)

    def _comes_back(self, time: int, ahead: Sequence[Packet[Any]]) -> bool:
        """Whether a next packet is nearer to the clock before this time than to this time."""
        assert self._last is not None
        for steps, packet in enumerate(ahead, start=1):
            if packet.dts is None:
                continue
            from_this = abs(packet.dts - (time + steps * self._step))
            from_before = abs(packet.dts - (self._last + (steps + 1) * self._step))
            if from_before < from_this:
                return True
        return False

    def _close(self, shift: int) -> None:
        self._shift += shift
        self._others_s.clear()

    def _tell(self, packet: Packet[Any], time: int, *, by: int) -> None:
        """Keep where the pictures go on, and by how much the clock jumped there, both in ticks."""
        shown = time if packet.pts is None else packet.pts
        at_s = (shown + self._shift) * self._time_base - self._start
        self.jumps.append(Jump(at_s=float(at_s), by_s=float(by * self._time_base)))


def jumps_note(jumps: Sequence[Jump]) -> str:
    """A sentence on the jumps that were closed; "" = there were none."""
    if not jumps:
        return ""
    first = jumps[0]
    what = f"its clock jumps by {first.by_s:+.3f} s at {first.at_s:.3f} s"
    if len(jumps) > 1:
        what = f"its clock jumps {len(jumps)} times (first by {first.by_s:+.3f} s at "
        what += f"{first.at_s:.3f} s)"
    return (
        f"{what}, as joined recordings do: closed, so later times follow on without it; a player "
        "may show others"
    )
