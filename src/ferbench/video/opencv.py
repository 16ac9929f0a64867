"""Reads videos with OpenCV, as the thesis' programs did.

Frames are counted, their times are not asked.

Frame i starts ``i / fps`` after the first one, with the rate that OpenCV reports (the container's
average), because that is what the thesis' rules count with. In a video of variable frame rate these
times drift from the true ones, which is told; the ``pyav`` reader gives those. Pixels are OpenCV's
own, rotated as the container says; 8-bit H.264 comes out as with ``pyav``, while 10-bit video
differs by the rounding of the conversion to 8 bits. Where the size of the pictures changes, OpenCV
scales them to the first one's size.

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
from typing import TYPE_CHECKING, ClassVar, Final

import cv2
import numpy as np

from ferbench.errors import VideoError
from ferbench.types import FrameBatch, Timeline, VideoInfo
from ferbench.video.buffers import Pixels, batched
from ferbench.video.container import (
    REPLACE,
    TOLERATED_S,
    about_frames,
    check_asked,
    damaged,
    opened,
    video_stream,
)
from ferbench.video.packet_clock import PacketClock, drift_note, packet_clock
from ferbench.video.stream_choice import check_is_first
from ferbench.video.time_zero import TimeZero, check_time_settings, given_rate

if TYPE_CHECKING:
    from ferbench.protocols import OpenVideo

TOLERATED_DRIFT: Final = 0.05
"""Share by which frames x rate may differ from the length that the frames' own times give."""

FEW_FRAMES: Final = 10
"""So few frames say nothing of a rate."""

# Quiet; what matters reaches the user as a VideoError.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")


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
        self, path: Path, *, batch_frames: int, threads: int, keep_damaged: bool
    ) -> Iterator[OpenVideo]:
        """Open a video.

        Its batches are RGB u8 (N, 3, H, W) on the CPU, N = ``batch_frames`` but for the last. The
        channels are OpenCV's BGR in reverse, so a model that takes BGR gets OpenCV's bytes.

        Args:
            path: a video file.
            batch_frames: frames per batch, at least 1.
            threads: decoding threads; 0 = OpenCV decides.
            keep_damaged: stop quietly where a damaged video stops; its timeline says why.

        Raises:
            VideoError: the file is missing, empty, no video, has no video stream that OpenCV can
                decode, or OpenCV knows no frame rate for it (that it made one up only shows after
                the last frame); or its recording is not the first stream, which alone OpenCV
                decodes; or it has no clock and no rate was given.
            ConfigError: ``batch_frames`` or ``threads`` is out of range.
        """
        check_asked(batch_frames, threads)
        with opened(path) as container:
            check_is_first(container, video_stream(container, path), path)
            counted_hz = given_rate(container, path, self.rate_hz)
        wishes = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
        capture = cv2.VideoCapture(f"file:{path}", cv2.CAP_FFMPEG, wishes)
        try:
            if not capture.isOpened():
                raise VideoError(
                    f"{path}: OpenCV cannot open this video, though FFmpeg knows its format",
                    hint="convert it, e.g. to H.264 in mp4, or take the reader pyav",
                )
            yield _Decoding(
                path,
                capture,
                counted_hz=counted_hz,
                time_zero=self.time_zero,
                batch_frames=batch_frames,
                keep_damaged=keep_damaged,
            )
        finally:
            capture.release()


class _Decoding:
    """One pass over one video: iterate it once, then ask for the timeline."""

    def __init__(
        self,
        path: Path,
        capture: cv2.VideoCapture,
        *,
        counted_hz: float | None,
        time_zero: TimeZero,
        batch_frames: int,
        keep_damaged: bool,
    ) -> None:
        self._path = path
        self._capture = capture
        self._batch_frames = batch_frames
        self._keep_damaged = keep_damaged
        self._has_clock = counted_hz is None
        self._fps_hz = counted_hz or _rate(capture, path)
        self._time_zero = time_zero
        # OpenCV tells the turn clockwise
        self._rotation_deg = round(-capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
        self._count = 0
        self._size_hw = (0, 0)
        # By the frames' own timestamps, after the stream's start.
        self._first_ms = math.inf
        self._last_ms = -math.inf
        self._picture_start_s = 0.0
        self._drift_s = 0.0
        self._notes: tuple[str, ...] = ()
        self._damage = ""
        self._state = "new"

    @property
    def estimated_frames(self) -> int:
        """Frames that the container announces, 0 = unknown; for progress bars only."""
        return max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __iter__(self) -> Iterator[FrameBatch]:
        """Decode. Raises VideoError where the video is damaged (unless damaged videos are kept)."""
        if self._state != "new":
            raise VideoError(
                f"{self._path}: this pass over the video has been used. Open the video again."
            )
        self._state = "begun"
        yield from batched(
            self._frames(), self._batch_frames, shown_hw=lambda: self._size_hw, draw=_draw
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
        video = VideoInfo(
            video_id=video_id,
            path=self._path,
            sha256=sha256,
            num_frames=self._count,
            width_px=self._size_hw[1],
            height_px=self._size_hw[0],
            fps_hz=self._fps_hz,
            rotation_deg=self._rotation_deg,
            picture_start_s=self._picture_start_s,
        )
        start_s = self._picture_start_s if self._time_zero == "container" else 0.0
        return Timeline(
            video=video,
            edges_s=start_s + np.arange(self._count + 1) / self._fps_hz,
            damage=self._damage,
            drift_s=self._drift_s,
            notes=self._notes,
        )

    def _frames(self) -> Iterator[Pixels]:
        """Frames as OpenCV gives them, BGR, and then a look at what only shows at the end."""
        while True:
            there, bgr = self._capture.read()
            if not there:
                break
            self._size_hw = bgr.shape[0], bgr.shape[1]
            self._note()
            yield np.asarray(bgr, np.uint8)
        self._finish()

    def _note(self) -> None:
        self._count += 1
        at_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        self._first_ms = min(self._first_ms, at_ms)
        self._last_ms = max(self._last_ms, at_ms)

    def _finish(self) -> None:
        """Look for what only shows at the end: no frames, and what the packets tell."""
        if not self._count:
            raise VideoError(
                f"{self._path}: no frame can be decoded: OpenCV found none in the video stream",
                hint=REPLACE,
            )
        if self._has_clock:
            self._compare(packet_clock(self._path))

    def _compare(self, clock: PacketClock) -> None:
        """Look at what the packets say: missing seconds, the picture's start, drift."""
        self._picture_start_s = clock.picture_start_s(self._first_ms / 1000)
        decoded_s = (self._last_ms - self._first_ms) / 1000 + 1 / self._fps_hz
        if clock.has_jumps:  # OpenCV does not close them
            missing = max(0, len(clock.shown_s) - self._count)
            decoded_s = clock.announced_s * self._count / (self._count + missing)
            if not self._is_average(decoded_s):
                self._fps_hz = self._count / decoded_s  # OpenCV's has the jumps in it
        if clock.announced_s - decoded_s <= TOLERATED_S:
            self._check_rate(decoded_s)
            self._drift_s, at_end_s = clock.drift_s(self._count, self._fps_hz)
            notes = (*clock.notes, drift_note(self._drift_s, at_end_s, rate_hz=self._fps_hz))
            self._notes = tuple(note for note in notes if note)
            return
        self._notes = clock.notes
        self._damage = (
            f"OpenCV stopped without a reason at {decoded_s:.3f} s after {self._count} frames, "
            f"expected {clock.announced_s:.3f} s{about_frames(self.estimated_frames)}"
        )
        if not self._keep_damaged:
            raise damaged(self._path, self._damage)

    def _is_average(self, decoded_s: float) -> bool:
        """Whether the rate fits the seconds that the frames' own times give."""
        counted_s = self._count / self._fps_hz
        if self._count >= FEW_FRAMES and not 0.1 < counted_s / decoded_s < 10:
            return False
        return abs(counted_s - decoded_s) <= TOLERATED_S + TOLERATED_DRIFT * decoded_s

    def _check_rate(self, decoded_s: float) -> None:
        """Refuse a rate that is no average.

        OpenCV makes one up (1000 Hz) where the container has none.
        """
        if not self._is_average(decoded_s):
            counted_s = self._count / self._fps_hz
            raise VideoError(
                f"{self._path}: OpenCV reports {self._fps_hz:g} Hz, by which the {self._count} "
                f"frames last {counted_s:.3f} s; by their own times {decoded_s:.3f} s",
                hint="take the reader pyav, which reads these",
            )


def _draw(bgr: Pixels, pixels: Pixels) -> None:
    """Write OpenCV's BGR as RGB."""
    cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=pixels)


def _rate(capture: cv2.VideoCapture, path: Path) -> float:
    fps_hz = capture.get(cv2.CAP_PROP_FPS)
    if not (math.isfinite(fps_hz) and fps_hz > 0):
        raise VideoError(
            f"{path}: OpenCV reports a frame rate of {fps_hz:g} Hz, "
            "expected one above 0 to time the frames by",
            hint="take the reader pyav, which reads the frames' own times, or convert the file",
        )
    return float(fps_hz)
