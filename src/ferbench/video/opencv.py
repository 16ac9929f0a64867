"""Reads videos with OpenCV, as the thesis' programs did.

Frames are counted, their times are not asked: frame i starts ``i / fps`` after the first one, with
the rate that OpenCV reports (the container's average), because the thesis' rules count with that.
In a video of variable frame rate these times drift from the true ones, which is told; the ``pyav``
reader gives those. Pixels are OpenCV's own, upright and square as with ``pyav``. 8-bit video comes
out as with ``pyav``, while 10-bit video differs by the rounding of the conversion to 8 bits; that
nothing else differs is checked on a sample of the frames (see ``ferbench.video.picture_check``).
Where the size of the pictures changes, OpenCV scales them to the first one's size.

OpenCV says nothing about damage: it stops. So the file is opened with PyAV first, for the reasons
why it cannot be read, and its packets are listed after decoding (not decoded again), for its
announced end, the picture's start and the clock (``ferbench.video.packet_clock``).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import cv2
import numpy as np

from ferbench.errors import VideoError
from ferbench.types import FrameBatch, Timeline, VideoInfo
from ferbench.video import pulse
from ferbench.video.asked import Asked
from ferbench.video.buffers import Pixels, batched
from ferbench.video.container import (
    check_first_frame,
    damaged,
    opened,
    video_stream,
)
from ferbench.video.counted import CountedEnd, CountedFrames
from ferbench.video.decoder_memory import check_memory_left
from ferbench.video.limits import FFMPEG_OPTIONS
from ferbench.video.opencv_refusals import cannot_open, no_frame, rate_of
from ferbench.video.packet_clock import packet_clock
from ferbench.video.picture_check import FIRST, PictureCheck, picture_check
from ferbench.video.sampling import Sampling
from ferbench.video.shown_picture import ShownPicture
from ferbench.video.stream_choice import check_is_first
from ferbench.video.time_zero import TimeZero, check_time_settings, given_rate

if TYPE_CHECKING:
    from ferbench.protocols import OpenVideo

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what matters comes as a VideoError
os.environ.setdefault(
    "OPENCV_FFMPEG_CAPTURE_OPTIONS", "|".join(f"{k};{v}" for k, v in FFMPEG_OPTIONS.items())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpencvReader:
    """Decodes the first video stream of a file with ``cv2.VideoCapture`` (FFmpeg).

    Source: https://opencv.org.

    Attributes:
        time_zero: what times are counted from: the container's start, as players show them, or the
            first frame, as in the thesis.
        rate_hz: frames per second of files without a clock (elementary streams); others keep the
            rate that OpenCV reports. None = files without a clock are refused.
    """

    version: ClassVar[str] = "2"
    time_zero: TimeZero = "container"
    rate_hz: float | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_time_settings(self.time_zero, self.rate_hz)

    @contextmanager
    def open(
        self,
        path: Path,
        *,
        batch_frames: int,
        threads: int,
        keep_damaged: bool,
        target_fps: float | None = None,
        first_frame: int = 0,
    ) -> Iterator[OpenVideo]:
        """Open a video.

        Its batches are RGB u8 (N, 3, H, W) on the CPU, N = ``batch_frames`` but for the last. The
        channels are OpenCV's BGR in reverse, so a model that takes BGR gets OpenCV's bytes.

        Args:
            path: a video file.
            batch_frames: frames per batch, at least 1.
            threads: decoding threads; 0 = OpenCV decides.
            keep_damaged: stop quietly where a damaged video stops; its timeline says why.
            target_fps: frames per second that come out; None = all.
            first_frame: the first of these that is in a batch; those before it are decoded too.

        Raises:
            VideoError: the file is missing, empty, no video, has no video stream that OpenCV can
                decode, or OpenCV knows no frame rate for it (that it made one up only shows after
                the last frame); or its recording is not the first stream, which alone OpenCV
                decodes; or it has no clock and no rate was given.
            ConfigError: a number is out of range.
        """
        asked = Asked(batch_frames, threads, keep_damaged, target_fps, first_frame)
        with opened(path) as container:
            stream = video_stream(container, path)
            check_is_first(container, stream, path)
            counted_hz = given_rate(container, path, self.rate_hz)
            check_first_frame(container, stream, path)
        wishes = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
        with picture_check(path) as check:
            capture = cv2.VideoCapture(f"file:{path}", cv2.CAP_FFMPEG, wishes)
            try:
                if not capture.isOpened():
                    raise cannot_open(path, check)
                capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)  # it knows no mirror images
                yield _Decoding(
                    path,
                    capture,
                    check,
                    counted_hz=counted_hz,
                    time_zero=self.time_zero,
                    asked=asked,
                )
            finally:
                capture.release()


class _Decoding:
    """One pass over one video: iterate it once, then ask for the timeline."""

    def __init__(
        self,
        path: Path,
        capture: cv2.VideoCapture,
        check: PictureCheck,
        *,
        counted_hz: float | None,
        time_zero: TimeZero,
        asked: Asked,
    ) -> None:
        self._path = path
        self._asked = asked
        self._sampling = Sampling(asked.target_fps)
        self._capture = capture
        self._check = check
        self._picture = check.picture or ShownPicture(stored_hw=(0, 0))
        self._has_clock = counted_hz is None
        self._counted = CountedFrames(path, counted_hz or rate_of(capture, path))
        self._time_zero = time_zero
        self._end = CountedEnd()
        self._state = "new"

    @property
    def estimated_frames(self) -> int:
        """Frames that the container announces, 0 = unknown; for progress bars only."""
        return self._sampling.estimate(self._announced_frames, self._counted.fps_hz)

    @property
    def _announced_frames(self) -> int:
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __iter__(self) -> Iterator[FrameBatch]:
        """Decode. Raises VideoError where the video is damaged (unless damaged videos are kept)."""
        if self._state != "new":
            raise VideoError(
                f"{self._path}: this pass over the video has been used. Open the video again."
            )
        self._state = "begun"
        yield from batched(
            self._frames(),
            self._asked.batch_frames,
            first_frame=self._asked.first_frame,
            shown_hw=lambda: self._picture.shown_hw,
            draw=self._draw,
        )
        self._state = "done"

    def timeline(self, *, video_id: str, sha256: str) -> Timeline:
        """The timeline of the frames that came out; only after the last batch.

        Raises:
            VideoError: the video was not read to its end.
        """
        if self._state != "done":
            raise VideoError(
                f"{self._path}: the timeline is known after the last batch. Read all batches first."
            )
        height, width = self._picture.shown_hw
        start_s = self._end.picture_start_s if self._time_zero == "container" else 0.0
        rate_hz = self._counted.fps_hz
        every_edge_s = start_s + np.arange(self._counted.count + 1) / rate_hz
        edges_s = self._sampling.edges_s(every_edge_s)
        sampling_note = self._sampling.note(rate_hz)
        video = VideoInfo(
            video_id=video_id,
            path=self._path,
            sha256=sha256,
            num_frames=len(edges_s) - 1,
            width_px=width,
            height_px=height,
            fps_hz=self._sampling.rate_hz(rate_hz),
            rotation_deg=self._picture.orientation.rotation_deg,
            mirrored=self._picture.orientation.is_mirrored,
            picture_notes=self._picture.notes,
            picture_start_s=self._end.picture_start_s,
        )
        return Timeline(
            video=video,
            edges_s=edges_s,
            damage=self._end.damage,
            drift_s=self._end.drift_s,
            notes=(*self._end.notes, sampling_note) if sampling_note else self._end.notes,
        )

    def _frames(self) -> Iterator[Pixels]:
        """Frames as OpenCV gives them, BGR, and then a look at what only shows at the end."""
        while True:
            there, bgr = self._capture.read()
            if not there:
                break
            pulse.frame()
            pixels = np.asarray(bgr, np.uint8)
            at_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
            self._compare(pixels, at_ms)
            self._counted.note(at_ms)
            number = self._counted.count - 1
            if self._sampling.takes(number, number / self._counted.fps_hz):
                yield pixels
        self._finish()

    def _compare(self, bgr: Pixels, at_ms: float) -> None:
        """Compare a sample of the frames with what is in the file."""
        self._check.note(at_ms)
        number = self._counted.count
        if not self._check.wants(number):
            return
        is_intra = self._capture.get(cv2.CAP_PROP_FRAME_TYPE) == ord("I")
        if is_intra or number < FIRST:
            self._check.compare(number, bgr, at_ms=at_ms)

    def _draw(self, bgr: Pixels, pixels: Pixels) -> None:
        """Write OpenCV's BGR as RGB, as it is shown."""
        if self._picture.is_as_stored:
            cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=pixels)
            return
        self._picture.draw(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8), pixels)

    def _finish(self) -> None:
        """Look for what only shows at the end: no frames, and what the packets tell."""
        if not self._counted.count:
            raise no_frame(self._path, self._check)
        if not self._has_clock:
            return
        self._end = self._counted.held_against(packet_clock(self._path), self._announced_frames)
        if self._end.damage:
            check_memory_left(3 * math.prod(self._picture.stored_hw))
        if self._end.damage and not self._asked.keep_damaged:
            raise damaged(self._path, self._end.damage)
