"""Where a video should end, by what its container says of single samples.

Totals in headers are often wrong in sound files (they count samples that an edit list discards), so
they are used only where nothing else is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.stream import VideoStream


class Announced:
    """Follows the packets of one stream while they are read.

    All values are ticks of its time base.
    """

    def __init__(self) -> None:
        self._count = 0
        self._first_dts: int | None = None
        self._first_pts: int | None = None
        self._duration = 0  # of the latest packet
        self._end: int | None = None  # of the packets that are not discarded

    def note(self, packet: Packet[VideoStream]) -> None:
        """Take in the next packet, but not the empty one after the last."""
        self._count += 1
        self._duration = packet.duration or self._duration
        self._first_dts = _least(self._first_dts, packet.dts)
        self._first_pts = _least(self._first_pts, packet.pts)
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None or packet.is_discard or packet.size == 0:
            return
        end = time + (packet.duration or 0)
        self._end = end if self._end is None else max(self._end, end)

    def end(self, stream: VideoStream) -> int | None:
        """The latest announced end; None = nothing is announced.

        It is the end of the packets that were read and are not discarded, or, where that is later:
        the end of the last such sample in the index, where the index lists more samples than came
        (an mp4 with its index in front that was cut off, a fragment that was cut off); the track's
        frame count in an AVI that lost its index, which lies at the end; the track's ``DURATION``
        tag in Matroska. MPEG transport streams and fragmented files that end between two fragments
        announce nothing beyond what is there.
        """
        ends = (self._end, self._end_by_index(stream), _duration_tag(stream))
        return max((end for end in ends if end is not None), default=None)

    def _end_by_index(self, stream: VideoStream) -> int | None:
        index = stream.index_entries
        if "avi" in stream.container.format.name and len(index) <= self._count:
            return stream.frames + (self._first_pts or 0)  # one tick each
        if len(index) <= self._count:
            return None
        for at in range(len(index) - 1, -1, -1):
            if not index[
                at
            ].is_discard:  # an index holds decoding times; the display runs behind by a fixed delay
                delay = (self._first_pts or 0) - (self._first_dts or 0)
                return index[at].timestamp + self._duration + delay
        return None


def _least(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else min(a, b)


def _duration_tag(stream: VideoStream) -> int | None:
    """Matroska's track tag ``DURATION``, "hours:minutes:seconds", as ticks.

    None where there is none.
    """
    parts = stream.metadata.get("DURATION", "").split(":")
    if "matroska" not in stream.container.format.name or len(parts) != 3 or not stream.time_base:
        return None
    try:
        seconds = int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2])
    except ValueError:
        return None
    return round(seconds / stream.time_base)
