"""Reads videos with OpenCV, as the thesis' programs did.

Frames are counted, their times are not asked.

Frame i starts at ``i / fps``, with the rate that OpenCV reports (the container's average), because
that is what the thesis' rules count with. In a video of variable frame rate these times drift from
the true ones; the ``pyav`` reader gives those. Pixels are OpenCV's own, upright and square as with
``pyav``. 8-bit video comes out as with ``pyav``, while 10-bit video differs by the rounding of the
conversion to 8 bits; that nothing else differs is checked on a sample of the frames (see
``ferbench.video.picture_check``). Where the size of the pictures changes, OpenCV scales them to the
first one's size.

OpenCV says nothing about damage: it stops. So the file is opened with PyAV first, for the reasons
why it cannot be read, and its packets are listed after decoding (not decoded again), for its
announced end; see ``ferbench.video.announced``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

import av.error
import cv2
import numpy as np

from ferbench.errors import VideoError
from ferbench.types import FrameBatch, Timeline, VideoInfo
from ferbench.video.announced import Announced, is_last
from ferbench.video.buffers import Pixels, batched
from ferbench.video.container import (
    REPLACE,
    TOLERATED_S,
    about_frames,
    check_asked,
    check_first_frame,
    damaged,
    opened,
    video_stream,
)
from ferbench.video.limits import FFMPEG_OPTIONS
from ferbench.video.picture_check import FIRST, PictureCheck, picture_check
from ferbench.video.shown_picture import ShownPicture

if TYPE_CHECKING:
    from ferbench.protocols import OpenVideo

TOLERATED_DRIFT: Final = 0.05
"""Share by which frames x rate may differ from the length that the frames' own times give."""

# Quiet; what matters reaches the user as a VideoError.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
os.environ.setdefault(
    "OPENCV_FFMPEG_CAPTURE_OPTIONS", "|".join(f"{k};{v}" for k, v in FFMPEG_OPTIONS.items())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpencvReader:
    """Decodes the first video stream of a file with ``cv2.VideoCapture`` (FFmpeg).

    Source: https://opencv.org.
    """

    version: ClassVar[str] = "2"

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
                the last frame).
            ConfigError: ``batch_frames`` or ``threads`` is out of range.
        """
        check_asked(batch_frames, threads)
        with opened(path) as container:
            check_first_frame(container, video_stream(container, path), path)
        wishes = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
        with picture_check(path) as check:
            capture = cv2.VideoCapture(f"file:{path}", cv2.CAP_FFMPEG, wishes)
            try:
                if not capture.isOpened():
                    raise VideoError(
                        f"{path}: OpenCV cannot open this video ({check.codec}), though FFmpeg "
                        "knows its format",
                        hint="convert it, e.g. to H.264 in mp4, or take the reader pyav",
                    )
                capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)  # it knows no mirror images
                yield _Decoding(
                    path, capture, check, batch_frames=batch_frames, keep_damaged=keep_damaged
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
        batch_frames: int,
        keep_damaged: bool,
    ) -> None:
        self._path = path
        self._capture = capture
        self._check = check
        self._picture = check.picture or ShownPicture(stored_hw=(0, 0))
        self._batch_frames = batch_frames
        self._keep_damaged = keep_damaged
        self._fps_hz = _rate(capture, path)
        self._count = 0
        # By the frames' own timestamps; only to see whether seconds are missing.
        self._first_ms = math.inf
        self._last_ms = -math.inf
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
            self._frames(),
            self._batch_frames,
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
        video = VideoInfo(
            video_id=video_id,
            path=self._path,
            sha256=sha256,
            num_frames=self._count,
            width_px=width,
            height_px=height,
            fps_hz=self._fps_hz,
            rotation_deg=self._picture.orientation.rotation_deg,
            mirrored=self._picture.orientation.is_mirrored,
            picture_notes=self._picture.notes,
        )
        return Timeline(
            video=video, edges_s=np.arange(self._count + 1) / self._fps_hz, damage=self._damage
        )

    def _frames(self) -> Iterator[Pixels]:
        """Frames as OpenCV gives them, BGR, and then a look at what only shows at the end."""
        while True:
            there, bgr = self._capture.read()
            if not there:
                break
            pixels = np.asarray(bgr, np.uint8)
            self._compare(pixels)
            self._note()
            yield pixels
        self._finish()

    def _compare(self, bgr: Pixels) -> None:
        """Compare a sample of the frames with what is in the file."""
        if not self._check.wants(self._count):
            return
        is_intra = self._capture.get(cv2.CAP_PROP_FRAME_TYPE) == ord("I")
        if is_intra or self._count < FIRST:
            at_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
            self._check.compare(self._count, bgr, at_ms=at_ms)

    def _draw(self, bgr: Pixels, pixels: Pixels) -> None:
        """Write OpenCV's BGR as RGB, as it is shown."""
        if self._picture.is_as_stored:
            cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB, dst=pixels)
            return
        self._picture.draw(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8), pixels)

    def _note(self) -> None:
        self._count += 1
        at_ms = self._capture.get(cv2.CAP_PROP_POS_MSEC)
        self._first_ms = min(self._first_ms, at_ms)
        self._last_ms = max(self._last_ms, at_ms)

    def _finish(self) -> None:
        """Look for what only shows at the end: no frames, missing seconds."""
        if not self._count:
            self._refuse_empty()
        decoded_s = (self._last_ms - self._first_ms) / 1000 + 1 / self._fps_hz
        expected_s = announced_s(self._path)
        if expected_s - decoded_s <= TOLERATED_S:
            self._check_rate(decoded_s)
            return
        self._damage = (
            f"OpenCV stopped without a reason at {decoded_s:.3f} s after {self._count} frames, "
            f"expected {expected_s:.3f} s{about_frames(self.estimated_frames)}"
        )
        if not self._keep_damaged:
            raise damaged(self._path, self._damage)

    def _refuse_empty(self) -> NoReturn:
        """Raise VideoError, by whose fault no frame came."""
        if self._check.picture is not None:
            raise VideoError(
                f"{self._path}: OpenCV decodes no frame of this video, whose codec is "
                f"{self._check.codec}, though its first frame is sound: the FFmpeg inside OpenCV "
                "has no decoder that works for it",
                hint="take the reader pyav, which reads this video",
            )
        raise VideoError(
            f"{self._path}: no frame can be decoded: OpenCV found none in the video stream",
            hint=REPLACE,
        )

    def _check_rate(self, decoded_s: float) -> None:
        """Refuse a rate that is no average.

        OpenCV makes one up (1000 Hz) where the container has none.
        """
        counted_s = self._count / self._fps_hz
        if abs(counted_s - decoded_s) > TOLERATED_S + TOLERATED_DRIFT * decoded_s:
            raise VideoError(
                f"{self._path}: OpenCV reports {self._fps_hz:g} Hz, by which the {self._count} "
                f"frames last {counted_s:.3f} s; by their own times {decoded_s:.3f} s",
                hint="take the reader pyav, which reads these",
            )


def announced_s(path: Path) -> float:
    """Seconds from the first shown frame to the announced end of a video; nothing is decoded.

    0 = nothing is announced.

    Raises:
        VideoError: the file cannot be read as a video.
    """
    with opened(path) as container:
        stream = video_stream(container, path)
        announced = Announced()
        try:
            for packet in container.demux(stream):
                if not is_last(packet):
                    announced.note(packet)
        except av.error.FFmpegError:
            pass  # what follows cannot be read; the index may still tell how much it is
        first, end = announced.first_shown, announced.end(stream)
        if first is None or end is None:
            return 0.0
        return float((end - first) * (stream.time_base or Fraction(1, 1000)))


def _rate(capture: cv2.VideoCapture, path: Path) -> float:
    fps_hz = capture.get(cv2.CAP_PROP_FPS)
    if not (math.isfinite(fps_hz) and fps_hz > 0):
        raise VideoError(
            f"{path}: OpenCV reports a frame rate of {fps_hz:g} Hz, "
            "expected one above 0 to time the frames by",
            hint="take the reader pyav, which reads the frames' own times, or convert the file",
        )
    return float(fps_hz)
