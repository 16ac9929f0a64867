"""Reads videos with FFmpeg through PyAV.

Pictures are those that a player shows (PyAV hands frames out as they are stored): see
``ferbench.video.shown_picture`` and ``ferbench.video.colour``. Frames that the container marks
to be discarded do not come out, and times are the frames' own presentation timestamps. A file
counts as damaged when the decoder reports an error, or when the last decoded frame ends more than
``TOLERATED_S`` before its announced end (see ``ferbench.video.announced``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import av
import av.error

from ferbench.errors import VideoError
from ferbench.types import FrameBatch, Timeline, VideoInfo
from ferbench.video.announced import Announced, to_decode
from ferbench.video.buffers import batched
from ferbench.video.colour import RgbConverter
from ferbench.video.container import (
    REPLACE,
    TOLERATED_S,
    about_frames,
    check_asked,
    damaged,
    decoder_error,
    opened,
    video_stream,
)
from ferbench.video.edges import frame_edges
from ferbench.video.shown_picture import ShownPicture, shown_picture

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ferbench.protocols import OpenVideo
    from ferbench.types import F64

TOLERATED_REPAIRS: Final = 0.05
"""Share of frames whose timestamp may be repaired in a sound video."""

TOLERATED_RATE: Final = 0.01
"""Share by which the container's average rate may differ from the measured one and be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PyavReader:
    """Decodes the first video stream of a file on the CPU. Source: https://pyav.basswood-io.com."""

    version: ClassVar[str] = "2"

    @contextmanager
    def open(
        self, path: Path, *, batch_frames: int, threads: int, keep_damaged: bool
    ) -> Iterator[OpenVideo]:
        """Open a video.

        Its batches are RGB u8 (N, 3, H, W) on the CPU, N = ``batch_frames`` but for the last.

        Args:
            path: a video file.
            batch_frames: frames per batch, at least 1.
            threads: decoding threads; 0 = FFmpeg decides.
            keep_damaged: stop quietly where a damaged video stops; its timeline says why.

        Raises:
            VideoError: the file is missing, empty, no video, or has no video stream that can be
                decoded.
            ConfigError: ``batch_frames`` or ``threads`` is out of range.
        """
        check_asked(batch_frames, threads)
        with opened(path) as container:
            stream = video_stream(container, path)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = threads
            yield _Decoding(
                path, container, stream, batch_frames=batch_frames, keep_damaged=keep_damaged
            )


class _Decoding:
    """One pass over one video: iterate it once, then ask for the timeline."""

    def __init__(
        self,
        path: Path,
        container: InputContainer,
        stream: VideoStream,
        *,
        batch_frames: int,
        keep_damaged: bool,
    ) -> None:
        self._path = path
        self._container = container
        self._stream = stream
        self._time_base = stream.time_base or Fraction(1, 1000)
        self._batch_frames = batch_frames
        self._keep_damaged = keep_damaged
        self._announced = Announced()
        self._pts: list[int | None] = []
        self._last_duration = 0
        self._converter = RgbConverter(path)
        self._picture = ShownPicture(stored_hw=(0, 0))
        self._damage = ""
        self._state = "new"

    @property
    def estimated_frames(self) -> int:
        """Frames that the container announces, 0 = unknown; for progress bars only."""
        if self._stream.frames:
            return int(self._stream.frames)
        return round(self._header_s * float(self._stream.average_rate or 0))

    @property
    def _header_s(self) -> float:
        """Seconds that the container's header tells, 0 = unknown."""
        return (self._container.duration or 0) / av.time_base

    def __iter__(self) -> Iterator[FrameBatch]:
        """Decode. Raises VideoError where the video is damaged (unless damaged videos are kept)."""
        if self._state != "new":
            raise VideoError(
                f"{self._path}: this pass over the video has been used. Open the video again."
            )
        self._state = "begun"
        yield from batched(
            self._whole(),
            self._batch_frames,
            shown_hw=lambda: self._picture.shown_hw,
            draw=lambda frame, pixels: self._picture.draw(self._converter.rgb(frame), pixels),
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
        edges, repaired = self._edges()
        edges_s = edges * self._time_base.numerator / self._time_base.denominator
        height, width = self._picture.shown_hw
        video = VideoInfo(
            video_id=video_id,
            path=self._path,
            sha256=sha256,
            num_frames=len(self._pts),
            width_px=width,
            height_px=height,
            fps_hz=self._rate_hz(len(self._pts) / float(edges_s[-1])),
            rotation_deg=self._picture.orientation.rotation_deg,
            mirrored=self._picture.orientation.is_mirrored,
            picture_notes=self._picture.notes,
        )
        return Timeline(video=video, edges_s=edges_s, num_repaired=repaired, damage=self._damage)

    def _whole(self) -> Iterator[VideoFrame]:
        """Frames in display order, and then a look at what only shows at the end."""
        yield from self._frames()
        self._finish()

    def _frames(self) -> Iterator[VideoFrame]:
        """Frames in display order, up to the first error of the decoder.

        Raises:
            VideoError: there is an error, and damaged videos are not kept.
        """
        packets = to_decode(
            self._container.demux(self._stream),
            self._announced,
            # In MPEG transport streams, corrupt packets are those with lost pieces.
            corrupt_is_cut_short="mpegts" not in self._container.format.name,
        )
        try:
            for packet in packets:
                for frame in self._stream.decode(packet):
                    self._note(frame)
                    yield frame
        except av.error.FFmpegError as error:
            expected_s = max(self._announced_s(), self._header_s)
            self._stopped(decoder_error(error), expected_s, cause=error)

    def _note(self, frame: VideoFrame) -> None:
        size_hw = (frame.height, frame.width)
        expected_hw = self._picture.stored_hw
        if not self._pts:
            self._picture = shown_picture(self._stream, frame, self._path)
        elif size_hw != expected_hw:
            raise VideoError(
                f"{self._path}: frame {len(self._pts)} is {size_hw[1]}x{size_hw[0]} pixels, "
                f"the frames before it {expected_hw[1]}x{expected_hw[0]}; expected one size. "
                "Cut the video there, or scale it to one size."
            )
        self._pts.append(frame.pts)
        self._last_duration = frame.duration or 0

    def _finish(self) -> None:
        """Look for what only shows at the end.

        No frames, missing seconds, too many repaired timestamps.
        """
        if not self._pts:
            raise VideoError(
                f"{self._path}: no frame can be decoded: FFmpeg found none in the video stream",
                hint=REPLACE,
            )
        if self._damage:
            return
        if self._announced_s() - self._decoded_s() > TOLERATED_S:
            self._stopped("the file ends too early", self._announced_s())
            return
        self._check_repairs()

    def _check_repairs(self) -> None:
        _, repaired = self._edges()
        if repaired > TOLERATED_REPAIRS * len(self._pts):
            self._damaged(
                f"{repaired} of {len(self._pts)} timestamps are missing or do not rise, "
                f"expected at most {TOLERATED_REPAIRS:.0%}"
            )

    def _stopped(self, what: str, expected_s: float, *, cause: Exception | None = None) -> None:
        """Take note that decoding stopped before the end."""
        count = len(self._pts)
        if not count:
            message = f"{self._path}: no frame can be decoded: {what}"
            raise VideoError(message, hint=REPLACE) from cause
        expected = "its expected length is unknown"
        if expected_s:
            expected = f"expected {expected_s:.3f} s"
        stopped = f"stopped at {self._decoded_s():.3f} s after {count} frames"
        about = about_frames(self.estimated_frames)
        self._damaged(f"{what}: {stopped}, {expected}{about}", cause=cause)

    def _damaged(self, damage: str, *, cause: Exception | None = None) -> None:
        self._damage = damage
        if not self._keep_damaged:
            raise damaged(self._path, damage) from cause

    def _edges(self) -> tuple[F64, int]:
        rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        return frame_edges(
            self._times(),
            last_duration=self._last_duration,
            usual_step=float(1 / (rate * self._time_base)),
        )

    def _rate_hz(self, measured_hz: float) -> float:
        """The container's average rate where the frames bear it out, else the measured one.

        Rules that count frames round lengths up to whole frames, so a rate that is off by one bit,
        or by the milliseconds of a Matroska file, would change them.
        """
        announced = self._stream.average_rate
        if announced is None:
            return measured_hz
        announced_hz = float(announced)
        if abs(announced_hz - measured_hz) > TOLERATED_RATE * measured_hz:
            return measured_hz
        return announced_hz

    def _times(self) -> list[int | None]:
        """Timestamps of the frames in display order."""
        known = [pts for pts in self._pts if pts is not None]
        if "avi" in self._container.format.name and len(known) == len(self._pts):
            return [*sorted(known)]  # an AVI tells the order of decoding only
        return self._pts

    def _decoded_s(self) -> float:
        """Seconds from the first decoded frame's start to the last one's end."""
        if not self._pts:
            return 0.0
        edges, _ = self._edges()
        return float(edges[-1] * self._time_base)

    def _announced_s(self) -> float:
        """Seconds from the first decoded frame's start to the announced end.

        0 = nothing is announced.
        """
        end = self._announced.end(self._stream)
        first = next((pts for pts in self._times() if pts is not None), None)
        if end is None or first is None:
            return 0.0
        return float((end - first) * self._time_base)
