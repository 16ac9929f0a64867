"""Reads videos with FFmpeg through PyAV.

Pictures are those that a player shows (PyAV hands frames out as they are stored): see
``ferbench.video.shown_picture`` and ``ferbench.video.colour``. Frames that the container marks to
be discarded do not come out, and times are the frames' own presentation timestamps, counted from
the container's start (``ferbench.video.time_zero``) with jumps of its clock closed
(``ferbench.video.clock``). A file counts as damaged when the decoder reports an error, or when the
last decoded frame ends more than ``TOLERATED_S`` before its announced end
(``ferbench.video.announced``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import av
import av.error

from ferbench.errors import VideoError
from ferbench.types import FrameBatch, Timeline, VideoInfo
from ferbench.video.announced import Announced, to_decode
from ferbench.video.asked import Asked
from ferbench.video.buffers import batched
from ferbench.video.clock import Clock, jumps_note
from ferbench.video.colour import RgbConverter
from ferbench.video.container import (
    REPLACE,
    TOLERATED_S,
    announced_frames,
    damaged,
    decoder_error,
    header_s,
    opened,
    stopped_early,
    video_stream,
)
from ferbench.video.frame_times import FrameTimes
from ferbench.video.sampling import Sampling
from ferbench.video.shown_picture import ShownPicture, shown_picture
from ferbench.video.stream_choice import choice_note
from ferbench.video.time_zero import TimeZero, check_time_settings, from_zero, given_rate

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ferbench.protocols import OpenVideo


@dataclass(frozen=True, slots=True, kw_only=True)
class PyavReader:
    """Decodes the recording of a file on the CPU. Source: https://pyav.basswood-io.com.

    Attributes:
        time_zero: what times are counted from: the container's start, as players show them, or the
            first frame.
        rate_hz: frames per second of files without a clock (elementary streams); others keep their
            own times. None = files without a clock are refused.
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

        Its batches are RGB u8 (N, 3, H, W) on the CPU, N = ``batch_frames`` but for the last.

        Args:
            path: a video file.
            batch_frames: frames per batch, at least 1.
            threads: decoding threads; 0 = FFmpeg decides.
            keep_damaged: stop quietly where a damaged video stops; its timeline says why.
            target_fps: frames per second that come out; None = all.
            first_frame: the first of these that is in a batch; those before it are decoded too.

        Raises:
            VideoError: the file is missing, empty, no video, has no video stream that can be
                decoded, or has no clock and no rate was given.
            ConfigError: a number is out of range.
        """
        asked = Asked(batch_frames, threads, keep_damaged, target_fps, first_frame)
        with opened(path) as container:
            stream = video_stream(container, path)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = threads
            times = FrameTimes(
                container,
                stream,
                Announced(path),
                counted_hz=given_rate(container, path, self.rate_hz),
            )
            yield _Decoding(
                path,
                container,
                stream,
                times,
                time_zero=self.time_zero,
                asked=asked,
            )


class _Decoding:
    """One pass over one video: iterate it once, then ask for the timeline."""

    def __init__(
        self,
        path: Path,
        container: InputContainer,
        stream: VideoStream,
        times: FrameTimes,
        *,
        time_zero: TimeZero,
        asked: Asked,
    ) -> None:
        self._path = path
        self._asked = asked
        self._sampling = Sampling(asked.target_fps)
        self._container = container
        self._stream = stream
        self._times = times
        self._time_zero = time_zero
        self._clock = Clock(container, stream, start=times.start)
        self._announced = times.announced
        self._converter = RgbConverter(path)
        self._picture = ShownPicture(stored_hw=(0, 0))
        self._damage = ""
        self._state = "new"

    @property
    def estimated_frames(self) -> int:
        """Frames that the container announces, 0 = unknown; for progress bars only."""
        announced = announced_frames(self._container, self._stream)
        return self._sampling.estimate(announced, float(self._stream.average_rate or 0))

    def __iter__(self) -> Iterator[FrameBatch]:
        """Decode. Raises VideoError where the video is damaged (unless damaged videos are kept)."""
        if self._state != "new":
            raise VideoError(
                f"{self._path}: this pass over the video has been used. Open the video again."
            )
        self._state = "begun"
        yield from batched(
            self._whole(),
            self._asked.batch_frames,
            first_frame=self._asked.first_frame,
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
        every_edge_s, repaired = self._times.edges_s()
        edges_s, rate_hz = self._sampling.edges_s(every_edge_s), self._times.rate_hz()
        height, width = self._picture.shown_hw
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
            picture_start_s=float(edges_s[0]),
        )
        notes = (
            choice_note(self._container, self._stream),
            jumps_note(self._clock.jumps),
            self._sampling.note(rate_hz),
        )
        return Timeline(
            video=video,
            edges_s=from_zero(edges_s, self._time_zero),
            num_repaired=repaired,
            damage=self._damage,
            notes=tuple(note for note in notes if note),
        )

    def _whole(self) -> Iterator[VideoFrame]:
        """Frames to look at in display order, and then what only shows at the end."""
        for frame in self._frames():
            if self._sampling.takes(len(self._times) - 1, self._times.since_first_s()):
                yield frame
        self._finish()

    def _frames(self) -> Iterator[VideoFrame]:
        """Frames in display order, up to the first error of the decoder.

        Raises:
            VideoError: there is an error, and damaged videos are not kept.
        """
        packets = to_decode(
            self._clock.pictures(self._announced.watched(self._container.demux())),
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
            expected_s = max(self._announced_s(), header_s(self._container))
            self._stopped(decoder_error(error), expected_s, cause=error)

    def _note(self, frame: VideoFrame) -> None:
        size_hw = (frame.height, frame.width)
        expected_hw = self._picture.stored_hw
        if not len(self._times):
            self._picture = shown_picture(self._stream, frame, self._path)
        elif size_hw != expected_hw:
            raise VideoError(
                f"{self._path}: frame {len(self._times)} is {size_hw[1]}x{size_hw[0]} pixels, "
                f"the frames before it {expected_hw[1]}x{expected_hw[0]}; expected one size. "
                "Cut the video there, or scale it to one size."
            )
        self._times.note(frame)

    def _finish(self) -> None:
        """Look for what only shows at the end.

        No frames, missing seconds, too many repaired timestamps.
        """
        if not len(self._times):
            raise VideoError(
                f"{self._path}: no frame can be decoded: FFmpeg found none in the video stream",
                hint=REPLACE,
            )
        if self._damage:
            return
        if self._announced_s() - self._times.lasts_s() > TOLERATED_S:
            self._stopped("the file ends too early", self._announced_s())
            return
        doubt = self._times.too_many_repairs()
        if doubt:
            self._damaged(doubt)

    def _stopped(self, what: str, expected_s: float, *, cause: Exception | None = None) -> None:
        """Take note that decoding stopped before the end."""
        count = len(self._times)
        if not count:
            message = f"{self._path}: no frame can be decoded: {what}"
            raise VideoError(message, hint=REPLACE) from cause
        damage = stopped_early(
            what,
            lasts_s=self._times.lasts_s(),
            num_frames=count,
            expected_s=expected_s,
            announced_frames=announced_frames(self._container, self._stream),
        )
        self._damaged(damage, cause=cause)

    def _damaged(self, damage: str, *, cause: Exception | None = None) -> None:
        self._damage = damage
        if not self._asked.keep_damaged:
            raise damaged(self._path, damage) from cause

    def _announced_s(self) -> float:
        """Seconds from the first decoded frame's start to the announced end.

        0 = nothing is announced.
        """
        end = self._announced.end(self._stream, clock_is_whole=not self._clock.jumps)
        return self._times.until_s(end)
