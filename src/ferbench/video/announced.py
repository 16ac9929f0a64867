"""Where a video should end, by what its container says of single samples.

Totals in headers are often wrong in sound files (they count samples that an edit list discards, or
were written ahead), so they are used only where bytes are missing that could hold what they tell
(see ``ferbench.video.cut_off``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.video import pulse
from ferbench.video.cut_off import has_room

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream


class Announced:
    """Follows the packets of one stream while they are read.

    All values are ticks of its time base.

    Attributes:
        first_shown: when the first packet that is neither empty nor discarded is shown; None =
            there was none.
        shown_end: when the last of them ends.
        first_decoded: when the first of them is decoded.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0  # bytes of the file
        self._count = 0
        self._first_dts: int | None = None
        self._first_pts: int | None = None
        self._duration = 0  # of the latest packet
        # Of the packets that are shown: neither empty nor discarded.
        self.shown_end: int | None = None
        self.first_shown: int | None = None
        self.first_decoded: int | None = None

    def note(self, packet: Packet[VideoStream]) -> None:
        """Take in the next packet, but not the empty one after the last."""
        self._count += 1
        self._duration = packet.duration or self._duration
        self._first_dts = _least(self._first_dts, packet.dts)
        self._first_pts = _least(self._first_pts, packet.pts)
        time = time_of(packet)
        if time is None or packet.is_discard or packet.size == 0:
            return
        self.first_shown = _least(self.first_shown, time)
        self.first_decoded = _least(self.first_decoded, packet.dts)
        end = time + (packet.duration or 0)
        if self.shown_end is None or end > self.shown_end:
            self.shown_end = end

    def watched(self, packets: Iterable[Packet[Any]]) -> Iterator[Packet[Any]]:
        """The packets of all streams as they are; takes note of how far the file was read."""
        for packet in packets:
            pulse.packet()
            if packet.pos is not None:
                self._read_to = max(self._read_to, packet.pos + packet.size)
            yield packet

    def end(self, stream: VideoStream, *, clock_is_whole: bool = True) -> int | None:
        """The latest announced end; None = nothing is announced.

        It is the end of the packets that were read and are not discarded, or, where that is later:
        the end of the last such sample in the index, where the index lists more samples than came
        (an mp4 with its index in front that was cut off, a fragment that was cut off). Where bytes
        are missing that could hold it: the track's frame count in an AVI that lost its index, which
        lies at the end; the track's ``DURATION`` tag in Matroska. MPEG transport streams and
        fragmented files that end between two fragments announce nothing beyond what is there.

        Args:
            stream: whose packets were noted.
            clock_is_whole: False = its clock had jumps, so what a header tells is not comparable.
        """
        ends = (self.shown_end, self._end_by_index(stream))
        end = max((end for end in ends if end is not None), default=None)
        told = self._end_by_header(stream)
        if told is None or not clock_is_whole:
            return end
        if end is None:
            return told
        there = end - (self.first_shown or 0)
        if told > end and has_room(
            self._path, read_to=self._read_to, missing=told - end, there=there
        ):
            return told
        return end

    def _end_by_index(self, stream: VideoStream) -> int | None:
        """The end of the last sample of a file whose index lists more than came."""
        index = stream.index_entries
        if len(index) <= self._count:
            return None
        for number in reversed(range(len(index))):
            sample = index[number]
            if not sample.is_discard:
                return sample.timestamp + self._duration + self._display_delay
        return None

    def _end_by_header(self, stream: VideoStream) -> int | None:
        """The end that a header tells beside the samples; None = it tells none."""
        if "avi" not in stream.container.format.name:
            return _duration_tag(stream)
        if len(stream.index_entries) > self._count:
            return None
        return stream.frames + (self._first_pts or 0)  # one tick each

    @property
    def _display_delay(self) -> int:
        """How far the display runs behind; an index holds times of decoding."""
        return (self._first_pts or 0) - (self._first_dts or 0)


def _least(first: int | None, second: int | None) -> int | None:
    if first is None:
        return second
    if second is None:
        return first
    return min(first, second)


def time_of(packet: Packet[VideoStream]) -> int | None:
    """When a packet is shown, or decoded where nothing else is known; None = nothing is known."""
    return packet.pts if packet.pts is not None else packet.dts


def is_last(packet: Packet[VideoStream]) -> bool:
    """Whether it is the empty packet after the last one, which empties the decoder."""
    return packet.size == 0 and packet.dts is None


def _duration_tag(stream: VideoStream) -> int | None:
    """Matroska's track tag ``DURATION``, "hours:minutes:seconds", as ticks.

    None where there is none.
    """
    if "matroska" not in stream.container.format.name or not stream.time_base:
        return None
    parts = stream.metadata.get("DURATION", "").split(":")
    if len(parts) != 3:
        return None
    try:
        seconds = int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2])
    except ValueError:
        return None
    return round(seconds / stream.time_base)


def to_decode(
    packets: Iterable[Packet[VideoStream]], announced: Announced, *, corrupt_is_cut_short: bool
) -> Iterator[Packet[VideoStream]]:
    """What goes to the decoder: packets with pictures, and the one that empties it at the end.

    An empty packet (AVI) says that the picture stays. Half a packet ends a file that was cut off;
    whether the decoder reports it depends on the number of threads, so it never gets there.

    Args:
        packets: of the stream, as they come.
        announced: takes note of all but the last one.
        corrupt_is_cut_short: whether a packet that is marked corrupt is such a half one.
    """
    for packet in packets:
        if is_last(packet):
            yield packet
            continue
        announced.note(packet)
        is_half = packet.is_corrupt and corrupt_is_cut_short
        if packet.size > 0 and not is_half:
            yield packet
