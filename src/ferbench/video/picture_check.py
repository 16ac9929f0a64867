"""Whether the pictures that OpenCV hands out are those in the file.

``VideoCapture.read`` says that it has a frame also where its conversion to BGR failed (interlaced
material, some matrices and transfers), and then the picture is what lay in memory. So some frames
are decoded and converted here a second time, with PyAV, and compared: the first three, and then
the first intra-coded frame that is at least twice as far as the one before. Frames are found again
by their times: where times do not rise (joined recordings), nothing after that is compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av.error
import cv2
import numpy as np

from ferbench.errors import VideoError
from ferbench.video.buffers import Pixels
from ferbench.video.colour import RgbConverter
from ferbench.video.container import check_memory, opened, video_stream
from ferbench.video.shown_picture import ShownPicture, shown_picture

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

FIRST: Final = 3
"""Frames from the start that are compared one by one."""

AHEAD: Final = 8
"""Frames to look through for one that OpenCV shows."""

BLOCK_PX: Final = 8
"""Pictures are compared by the means of blocks of this side, which rounding does not reach."""

TOLERATED_LEVELS: Final = 8
"""How far a block's colour may be off; 10-bit noise is up to 5 off, as its rounding differs."""

TOLERATED_BLOCKS: Final = 0.01
"""Share of blocks that may be further off."""

SAME_TIME_S: Final = 0.002
"""Frames of times that differ by less are the same frame."""


@contextmanager
def picture_check(path: Path) -> Iterator[PictureCheck]:
    """Open a video a second time, for comparisons.

    Raises:
        VideoError: the file cannot be read as a video, or FFmpeg cannot convert its colours.
    """
    with opened(path) as container:
        yield PictureCheck(path, container, video_stream(container, path))


class PictureCheck:
    """Compares sample frames of one video.

    Attributes:
        picture: how the video is shown; None = no frame decodes here either.
        codec: name of the video's codec.
    """

    def __init__(self, path: Path, container: InputContainer, stream: VideoStream) -> None:
        self._path = path
        self._container = container
        self._stream = stream
        stream.codec_context.thread_count = 1  # more threads would read ahead
        self._converter = RgbConverter(path)
        self._before: tuple[Pixels, Pixels] | None = None
        self._next: float = FIRST
        self._last_ms = -math.inf
        self._is_interlaced = False
        self.codec = stream.codec_context.codec.canonical_name
        self.picture: ShownPicture | None = None
        decoded = self._decoded()
        first = list(islice(decoded, 1))
        self._from_start = chain(first, decoded)
        if first:
            self.picture = shown_picture(stream, first[0], path)

    def wants(self, number: int) -> bool:
        """Whether to compare a frame (from 0), provided that it is among the first or intra."""
        return self.picture is not None and (number < FIRST or number >= self._next)

    def note(self, at_ms: float) -> None:
        """A frame came out; where its time is no later than another's, the comparison ends."""
        if at_ms <= self._last_ms:
            self._next = math.inf
        self._last_ms = max(self._last_ms, at_ms)

    def compare(self, number: int, bgr: Pixels, *, at_ms: float) -> None:
        """Compare a frame of OpenCV, u8 (H, W, 3), as it is stored.

        Args:
            number: of the frame, from 0.
            bgr: OpenCV's picture of it.
            at_ms: when OpenCV says that it is shown.

        Raises:
            VideoError: its picture is not the one in the file.
        """
        rgb = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        if number < FIRST:
            self._compare_next(number, rgb)
        else:
            self._next = 2 * number
            self._compare_at(at_ms, number, rgb)

    def _compare_next(self, number: int, rgb: Pixels) -> None:
        """Compare with the next frame, or one after it, should OpenCV have left some out."""
        has_frames = False
        for frame in islice(self._from_start, AHEAD):
            has_frames = True
            self._is_interlaced = frame.interlaced_frame
            expected = self._converter.rgb(frame)
            if _alike(rgb, expected):
                self._check_new(number, rgb, expected)
                return
        if has_frames:
            self._raise(number, "is not the one that FFmpeg decodes")

    def _compare_at(self, at_ms: float, number: int, rgb: Pixels) -> None:
        """Compare with the frames around a time, provided that one has this very time."""
        time_base = self._stream.time_base
        if time_base is None:
            return
        ticks = round(at_ms / 1000 / time_base) + (self._stream.start_time or 0)
        is_there = False
        for frame in islice(self._decoded_from(ticks), AHEAD):
            expected = self._converter.rgb(frame)
            self._is_interlaced = frame.interlaced_frame
            if expected.shape != rgb.shape or _alike(rgb, expected):
                return
            is_at_time = frame.pts is not None and (
                abs(frame.pts - ticks) * time_base <= SAME_TIME_S
            )
            is_there = is_there or is_at_time
        if is_there:
            self._raise(number, "is not the one that FFmpeg decodes")

    def _decoded_from(self, ticks: int) -> Iterator[VideoFrame]:
        """Frames from the key frame before a time."""
        try:
            self._container.seek(ticks, stream=self._stream)
        except av.error.FFmpegError:
            return
        yield from self._decoded()

    def _decoded(self) -> Iterator[VideoFrame]:
        """Frames from where the container stands, up to the first error."""
        try:
            yield from self._container.decode(self._stream)
        except av.error.FFmpegError as error:
            check_memory(error)
            return

    def _check_new(self, number: int, rgb: Pixels, expected: Pixels) -> None:
        """Raise VideoError where a picture stays to the bit though the next one is another."""
        before, self._before = self._before, (rgb, expected)
        if before is None or expected.shape != before[1].shape:
            return
        is_left_over = np.array_equal(rgb, before[0])
        change = cv2.absdiff(expected, before[1]).max()
        if is_left_over and change > TOLERATED_LEVELS:
            self._raise(number, "is still the one before it")

    def _raise(self, number: int, what: str) -> None:
        reason = ""
        if self._is_interlaced:
            reason = ". The video is interlaced, which OpenCV cannot convert"
        elif self.picture and self.picture.colours:
            reason = f". With the reader pyav {'; '.join(self.picture.colours)}"
        raise VideoError(
            f"{self._path}: the picture that OpenCV gives for frame {number} {what}, though it "
            f"reports no error{reason}",
            hint="take the reader pyav, which reads this video",
        )


def _alike(ours: Pixels, theirs: Pixels) -> bool:
    """Whether two pictures, u8 (H, W, 3), look the same."""
    if ours.shape != theirs.shape:
        return False
    off = cv2.absdiff(_blocks(ours), _blocks(theirs)).max(axis=2)
    return bool(np.mean(off > TOLERATED_LEVELS) <= TOLERATED_BLOCKS)


def _blocks(rgb: Pixels) -> Pixels:
    """Means of blocks."""
    height, width = rgb.shape[:2]
    size = (max(1, width // BLOCK_PX), max(1, height // BLOCK_PX))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
