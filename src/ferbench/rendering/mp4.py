"""An MP4 that browsers play: H.264 with true times, and sound.

Times are ticks of 1/90000 s, which hold 24, 25, 30 and 60 Hz, 30000/1001 Hz and milliseconds
without rounding or to 6 microseconds. Pictures of odd sizes get a last row or column twice, as
H.264's usual kind of colours needs even sizes: what was drawn stays where it is. The index stands
in front, so that a player begins before it has the whole file.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, VideoReformatter

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

    from ferbench.rendering.sound import Sound
    from ferbench.video.buffers import Pixels

TIME_BASE: Final = Fraction(1, 90_000)
PRESET: Final = "veryfast"
QUALITY: Final = 20
"""Constant rate factor of x264: 18 cannot be told from the source, 23 is its default."""
KEY_EVERY_S: Final = 2.0
"""Seconds from one key frame to the next at most: so long a player decodes to seek."""


class Mp4:
    """Writes one file; a context manager."""

    def __init__(
        self, path: Path, *, hw: tuple[int, int], rate_hz: float, sound: Sound | None = None
    ) -> None:
        """Begin the file.

        Args:
            path: the file, whose name ends in .mp4.
            hw: height and width of the pictures.
            rate_hz: pictures per second, roughly; times are each picture's own.
            sound: what is heard; None = nothing.
        """
        self._hw = hw
        self._even_hw = (hw[0] + hw[0] % 2, hw[1] + hw[1] % 2)
        self._container: OutputContainer = av.open(
            f"file:{path}", "w", format="mp4", options={"movflags": "faststart"}
        )
        self._video = self._video_stream(rate_hz)
        self._reformatter = VideoReformatter()
        self._lasts: deque[int] = deque()  # ticks of the pictures that are not written yet
        self._next = 0  # tick from which on the next picture may be shown
        self._sound = sound
        if sound is not None:
            sound.add_to(self._container)

    def __enter__(self) -> Mp4:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._finish()
        self._container.close()

    def picture(self, rgb: Pixels, *, start_s: float, end_s: float) -> None:
        """Write the next picture.

        Args:
            rgb: u8 (H, W, 3).
            start_s: from when on it is shown, seconds of the file.
            end_s: until when.
        """
        frame = self._frame(rgb)
        start = max(_ticks(start_s), self._next)
        self._next = start + 1
        frame.pts = start
        frame.time_base = TIME_BASE
        self._lasts.append(max(_ticks(end_s) - start, 1))
        self._write(self._video.encode(frame))
        if self._sound is not None:
            self._sound.write_until(end_s)

    def _video_stream(self, rate_hz: float) -> VideoStream:
        stream: VideoStream = self._container.add_stream(
            "libx264", rate=Fraction(rate_hz).limit_denominator(1001)
        )
        stream.height, stream.width = self._even_hw
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = TIME_BASE
        context.gop_size = max(1, round(KEY_EVERY_S * rate_hz))
        context.max_b_frames = 0
        context.colorspace = Colorspace.ITU709.value
        context.color_range = ColorRange.MPEG.value
        context.color_primaries = ColorPrimaries.BT709.value
        context.color_trc = ColorTrc.BT709.value
        stream.options = {"preset": PRESET, "crf": str(QUALITY)}
        return stream

    def _frame(self, rgb: Pixels) -> VideoFrame:
        height, width = self._hw
        even_height, even_width = self._even_hw
        if self._even_hw != self._hw:
            missing = ((0, even_height - height), (0, even_width - width), (0, 0))
            rgb = np.pad(rgb, missing, mode="edge")
        return self._reformatter.reformat(
            VideoFrame.from_numpy_buffer(np.ascontiguousarray(rgb), format="rgb24"),
            format="yuv420p",
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
        )

    def _write(self, packets: list[Packet[VideoStream]]) -> None:
        for packet in packets:
            packet.duration = self._lasts.popleft()
            self._container.mux(packet)

    def _finish(self) -> None:
        """Write what the encoders still hold."""
        self._write(self._video.encode(None))
        if self._sound is not None:
            self._sound.finish()


def _ticks(seconds: float) -> int:
    return round(seconds / TIME_BASE)
