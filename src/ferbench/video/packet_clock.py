"""What the container's clock says of a video whose frames were counted.

For readers that ask no frame for its time: the packets are listed, not decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import av.error
import numpy as np

from ferbench.types import F64
from ferbench.video.announced import Announced, is_last, time_of
from ferbench.video.clock import Clock, jumps_note
from ferbench.video.container import check_memory, opened, video_stream
from ferbench.video.stream_choice import choice_note
from ferbench.video.time_zero import container_start, tells_only_decoding

if TYPE_CHECKING:
    from av.packet import Packet

TOLD_DRIFT_S: Final = 0.1
"""Counted times that differ from the container's clock by less are not worth a word."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PacketClock:
    """When the packets of a recording are shown, with jumps of the clock closed.

    Attributes:
        shown_s: f64 (P,), rising, seconds from the container's start; packets that are empty or
            discarded have no part in it.
        stream_start_s: where the stream begins, seconds from the container's start.
        end_s: where the last packet ends, seconds from the container's start.
        announced_s: seconds from the first packet to the announced end; 0 = nothing is announced.
        has_jumps: whether jumps were closed.
        tells_only_decoding: see ``time_zero.tells_only_decoding``.
        notes: on the streams and on the jumps.
    """

    shown_s: F64
    stream_start_s: float
    end_s: float
    announced_s: float
    has_jumps: bool
    tells_only_decoding: bool
    notes: tuple[str, ...]

    def picture_start_s(self, after_stream_start_s: float) -> float:
        """When the first decoded frame is shown, seconds from the container's start.

        Packets before it that cannot be decoded do not count.

        Args:
            after_stream_start_s: its time after the stream's start, by the decoder, roughly.
        """
        rough_s = self.stream_start_s + after_stream_start_s
        if not len(self.shown_s):
            return rough_s
        if self.tells_only_decoding:
            return float(self.shown_s[0])
        return float(self.shown_s[np.argmin(np.abs(self.shown_s - rough_s))])

    def drift_s(self, num_frames: int, rate_hz: float) -> tuple[float, float]:
        """By how much counted times are later than the clock: where most, and at the end.

        Args:
            num_frames: counted frames, at least 1; frame i begins at i / ``rate_hz`` seconds.
            rate_hz: frames per second.
        """
        if not len(self.shown_s):
            return 0.0, 0.0
        counted_s = np.arange(num_frames + 1) / rate_hz
        clock_s = np.append(self.shown_s, self.end_s) - self.shown_s[0]
        at_end_s = float(counted_s[-1] - clock_s[-1])
        if len(counted_s) != len(clock_s):
            return at_end_s, at_end_s  # which frame is which packet is not known
        by_s = counted_s - clock_s
        return float(by_s[np.argmax(np.abs(by_s))]), at_end_s


def packet_clock(path: Path) -> PacketClock:
    """List a video's packets.

    Raises:
        VideoError: the file cannot be read as a video.
    """
    with opened(path) as container:
        stream = video_stream(container, path)
        time_base = stream.time_base or Fraction(1, 1000)
        start = container_start(container)
        announced = Announced(path)
        clock = Clock(container, stream, start=start)
        only_decoding = tells_only_decoding(container)
        packets = clock.pictures(announced.watched(container.demux()))
        ticks = _ticks(packets, announced, only_decoding=only_decoding)
        first, end = announced.first_shown, announced.shown_end
        if only_decoding and end is not None and ticks:
            end -= (first or 0) - min(ticks)
        whole_end = announced.end(stream, clock_is_whole=not clock.jumps)
        announced_s = 0.0
        if first is not None and whole_end is not None:
            announced_s = float((whole_end - first) * time_base)
        notes = (choice_note(container, stream), jumps_note(clock.jumps))
        zero = float(start / time_base)
        return PacketClock(
            shown_s=(np.sort(np.array(ticks, np.float64)) - zero)
            * time_base.numerator
            / time_base.denominator,
            stream_start_s=float((stream.start_time or 0) * time_base - start),
            end_s=float((end or 0) * time_base - start),
            announced_s=announced_s,
            has_jumps=bool(clock.jumps),
            tells_only_decoding=only_decoding,
            notes=tuple(note for note in notes if note),
        )


def _ticks(
    packets: Iterator[Packet[Any]], announced: Announced, *, only_decoding: bool
) -> list[int]:
    """Times of the packets with a picture that is shown, in the stream's time base."""
    ticks: list[int] = []
    try:
        for packet in packets:
            if is_last(packet):
                continue
            announced.note(packet)
            time = packet.dts if only_decoding else time_of(packet)
            if time is not None and packet.size and not packet.is_discard:
                ticks.append(time)
    except av.error.FFmpegError as error:
        check_memory(error)  # what follows cannot be read; the index may still tell how much it is
    return ticks


def drift_note(most_s: float, at_end_s: float, *, rate_hz: float) -> str:
    """A sentence on counted times that left the container's clock; "" = they did not.

    Args:
        most_s: as ``PacketClock.drift_s`` gives it.
        at_end_s: the same.
        rate_hz: that the frames were counted with.
    """
    if abs(most_s) < TOLD_DRIFT_S:
        return ""
    note = (
        f"frames were counted (row / {rate_hz:g} Hz): at the end their times are "
        f"{_difference(at_end_s)} than the file's clock"
    )
    if abs(most_s - at_end_s) >= TOLD_DRIFT_S:
        note += f", at most {_difference(most_s)}"
    return note


def _difference(by_s: float) -> str:
    return f"{abs(by_s):.3f} s {'earlier' if by_s < 0 else 'later'}"
