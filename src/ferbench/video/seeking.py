"""Pictures of a video from any frame on, for those who know its predictions already.

Frames are numbered as readers number them, from 0 in the order of display. Where the file's clock
is sound, decoding begins at the last key frame before the wanted frame; where it has jumps, tells
the order of decoding only, or there is none, it begins at the file's start, and frames are counted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import av.error
import numpy as np

from ferbench.errors import VideoError
from ferbench.video.announced import Announced, to_decode
from ferbench.video.clock import Clock
from ferbench.video.colour import RgbConverter
from ferbench.video.container import REPLACE, decoder_error, opened, video_stream
from ferbench.video.packet_clock import packet_clock
from ferbench.video.shown_picture import ShownPicture, shown_picture
from ferbench.video.time_zero import container_start, has_clock

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ferbench.types import F64
    from ferbench.video.buffers import Pixels

_TICK_S: Final = 1e-6
"""What a frame's time may differ by from its packet's, seconds: both are whole ticks."""
_BACK_S: Final = 1.0
"""How much earlier decoding begins than the wanted frame: key frames are sought by decoding time.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileClock:
    """When the frames of a file are shown, by its packets; nothing is decoded.

    Attributes:
        edges_s: f64 (T+1,), strictly rising, seconds from the container's start, as players show
            them; an empty file has one edge. Frames that are damaged may be among them.
        can_seek: whether a frame can be found by its time.
        is_known: False = the file has no clock, the times are a guess.
    """

    edges_s: F64
    can_seek: bool
    is_known: bool

    @property
    def num_frames(self) -> int:
        """Frames that the file lists."""
        return len(self.edges_s) - 1


def file_clock(path: Path) -> FileClock:
    """List the frames of a video.

    Raises:
        VideoError: the file cannot be read as a video.
    """
    packets = packet_clock(path)
    with opened(path) as container:
        is_known = has_clock(container)
    shown_s = np.unique(packets.shown_s)
    steps_s = np.diff(shown_s)
    usual_s = float(np.median(steps_s)) if len(steps_s) else 0.04
    end_s = packets.end_s
    if len(shown_s) and not end_s > shown_s[-1]:
        end_s = float(shown_s[-1]) + usual_s
    is_sound = len(shown_s) == len(packets.shown_s) and not packets.has_jumps
    return FileClock(
        edges_s=np.append(shown_s, end_s),
        can_seek=is_known and is_sound and not packets.tells_only_decoding,
        is_known=is_known,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One frame, decoded; its colours are converted when they are asked for.

    Attributes:
        index: number of the frame, from 0.
        shown_hw: height and width as a player shows it.
    """

    index: int
    shown_hw: tuple[int, int]
    _frame: VideoFrame
    _converter: RgbConverter
    _shape: ShownPicture

    def rgb(self) -> Pixels:
        """The picture as a player shows it, u8 (H, W, 3), RGB, one's own to draw on."""
        stored = self._converter.rgb(self._frame)
        if self._shape.is_as_stored:
            return stored
        pixels = np.empty((*self.shown_hw, 3), np.uint8)
        self._shape.draw(stored, pixels)
        return pixels


class SeekableVideo:
    """A video whose frames come out from any one on.

    Attributes:
        path: the file.
        clock: its frames' times.
    """

    def __init__(self, path: Path, clock: FileClock, *, threads: int = 0) -> None:
        """Take the file and what ``file_clock`` said of it; 0 threads = FFmpeg decides."""
        self.path = path
        self.clock = clock
        self._threads = threads
        self._starts_s: list[float] = clock.edges_s[:-1].tolist()

    def pictures(self, first: int = 0) -> Iterator[Picture]:
        """The frames from one on, in their order; the file is opened anew.

        Raises:
            VideoError: it cannot be opened, or decoding stops before the last frame.
        """
        with opened(self.path) as container:
            stream = video_stream(container, self.path)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads
            converter = RgbConverter(self.path)
            shape: ShownPicture | None = None
            for index, frame in self._numbered(container, stream, first):
                if shape is None:
                    shape = shown_picture(stream, frame, self.path)
                self._check_size(index, frame, shape)
                if index >= first:
                    yield Picture(index, shape.shown_hw, frame, converter, shape)

    def _numbered(
        self, container: InputContainer, stream: VideoStream, first: int
    ) -> Iterator[tuple[int, VideoFrame]]:
        """Decoded frames with their numbers."""
        start = container_start(container)
        by_time = first > 0 and self.clock.can_seek
        if by_time:
            time_base = stream.time_base or Fraction(1, 1000)
            target_s = self._starts_s[first] - _BACK_S
            container.seek(int((target_s + float(start)) / time_base), stream=stream)
        count = -1
        for frame in self._decoded(container, stream, start):
            count += 1
            index = self._index_of(frame, start) if by_time else count
            if index >= 0:
                yield index, frame

    def _decoded(
        self, container: InputContainer, stream: VideoStream, start: Fraction
    ) -> Iterator[VideoFrame]:
        announced = Announced(self.path)
        clock = Clock(container, stream, start=start)
        packets = to_decode(
            clock.pictures(announced.watched(cast("Any", container.demux()))),
            announced,
            corrupt_is_cut_short="mpegts" not in container.format.name,
        )
        try:
            for packet in packets:
                yield from stream.decode(packet)
        except av.error.FFmpegError as error:
            raise VideoError(f"{self.path}: {decoder_error(error)}", hint=REPLACE) from error

    def _index_of(self, frame: VideoFrame, start: Fraction) -> int:
        """The number of a frame by its time; -1 = it has none, or lies before the first."""
        if frame.pts is None or frame.time_base is None:
            return -1
        shown_s = float(frame.pts * frame.time_base - start)
        return bisect_right(self._starts_s, shown_s + _TICK_S) - 1

    def _check_size(self, index: int, frame: VideoFrame, shape: ShownPicture) -> None:
        if (frame.height, frame.width) == shape.stored_hw:
            return
        height, width = shape.stored_hw
        raise VideoError(
            f"{self.path}: frame {index} is {frame.width}x{frame.height} pixels, the frames before "
            f"it {width}x{height}; expected one size. Cut the video there, or scale it to one size."
        )
