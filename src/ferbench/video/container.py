"""What all readers ask of a file before they decode it.

Is it there, is it a video, which stream is it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import av.error
import av.logging

from ferbench.errors import VideoError
from ferbench.sentences import Setting, Text
from ferbench.video.limits import FFMPEG_OPTIONS, FORMATS, MOST_PIXELS
from ferbench.video.stream_choice import candidates, recording
from ferbench.video.time_zero import has_clock

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

TOLERATED_S: Final = 0.5
"""Seconds that may be missing at the end of a sound video."""

REPLACE: Final = "replace the file, e.g. by a fresh copy of the recording"

av.logging.set_level(None)  # FFmpeg's own messages; what matters reaches the user as a VideoError


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a file and read its headers.

    Raises:
        VideoError: the file is missing, a folder, empty, or nothing that FFmpeg reads as a video.
    """
    _check_is_file(path)
    try:  # "file:" keeps FFmpeg from reading a colon in the name as a protocol
        container = av.open(
            f"file:{path}",
            mode="r",
            format=FORMATS.get(path.suffix.lower()),
            metadata_errors="replace",
            options=FFMPEG_OPTIONS,
        )
    except av.error.ArgumentError as error:
        raise VideoError(
            f"{path}: FFmpeg takes this for a list of other files, a picture, a text or a kind of "
            "file that no camera writes; nothing was read. Expected a video file such as mp4, mov, "
            "mkv, webm or avi."
        ) from error
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path}: FFmpeg cannot read this as a video ({error.strerror}). Expected a video file "
            "such as mp4, mov, mkv, webm or avi. A recording that was cut off before its index was "
            "written looks like this too."
        ) from error
    with container:
        yield container


def _check_is_file(path: Path) -> None:
    """Raise VideoError unless there is a file with something in it."""
    if not path.exists():
        raise VideoError(f"{path}: no such file. Check the path.")
    if path.is_dir():
        raise VideoError(f"{path}: expected a video file, got a folder. Give the file inside it.")
    if path.stat().st_size == 0:
        raise VideoError(
            f"{path}: the file is empty (0 bytes). Copy it again from where it came from."
        )


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The video stream that is the recording (see ``ferbench.video.stream_choice``).

    Raises:
        VideoError: there is none, FFmpeg has no decoder for it, or its frames are too large.
    """
    stream = _recording(container, path)
    if stream is None:
        raise VideoError(
            f"{path}: the file holds no video stream, only: {_kinds(container)}. Expected a video."
        )
    if stream.codec_context is None:
        raise VideoError(
            f"{path}: this FFmpeg has no decoder for its video stream. "
            "Convert the file, e.g. to H.264."
        )
    _check_size(stream, path)
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}  # the header may not be true
    return stream


def check_first_frame(container: InputContainer, stream: VideoStream, path: Path) -> None:
    """Where the headers tell no size of frames, ask the first frame; for readers without a limit.

    Raises:
        VideoError: there is none, or it is too large.
    """
    if stream.width and stream.height:
        return
    try:
        frame = next(container.decode(stream), None)
    except av.error.FFmpegError as error:
        message = f"{path}: no frame can be decoded: {decoder_error(error)}"
        raise VideoError(message, hint=REPLACE) from error
    if frame is None:
        raise VideoError(f"{path}: no frame can be decoded", hint=REPLACE)


def _check_size(stream: VideoStream, path: Path) -> None:
    """Refuse frames that no camera records, before there is memory for them."""
    if stream.width * stream.height > MOST_PIXELS:
        side = math.isqrt(MOST_PIXELS)
        raise VideoError(
            f"{path}: the file announces frames of {stream.width} x {stream.height} pixels, "
            f"expected at most {MOST_PIXELS} in all (such as {side} x {side}). Scale the video "
            "down; if it is not that large, its header is damaged."
        )


def _kinds(container: InputContainer) -> str:
    """Which kinds of streams a file holds, for messages."""
    kinds = {stream.type for stream in container.streams}
    return ", ".join(sorted(kinds)) or "nothing"


def _recording(container: InputContainer, path: Path) -> VideoStream | None:
    ranked = candidates(container)
    if len(ranked) < 2:
        return next(iter(ranked), None)
    with opened(path) as fresh:
        index = recording(fresh, ranked)
    return next(stream for stream in ranked if stream.index == index)


def container_rate(path: Path) -> float:
    """Average frame rate that the container announces, frames per second; nothing is decoded.

    Raises:
        VideoError: the file cannot be read as a video, or announces no rate (what an elementary
            stream announces is a guess).
    """
    with opened(path) as container:
        rate = video_stream(container, path).average_rate if has_clock(container) else None
    if not rate:
        raise VideoError(f"{path}: the container announces no frame rate. Give the rate by hand.")
    return float(rate)


def check_memory(error: av.error.FFmpegError) -> None:
    """Raise MemoryError where there was none left, for frames or for a thread (EAGAIN)."""
    if isinstance(error, (MemoryError, BlockingIOError)):
        raise MemoryError from error


def decoder_error(error: av.error.FFmpegError) -> str:
    """What a decoder says, for messages; of frames that are too large it says nothing else.

    Raises:
        MemoryError: it has none left, which says nothing of the video.
    """
    check_memory(error)
    reason = str(error.strerror)
    if isinstance(error, av.error.ArgumentError):
        reason += f", which is also said of frames of more than {MOST_PIXELS} pixels"
    return f"decoder error ({reason})"


def damaged(path: Path, damage: str) -> VideoError:
    """The error for a damaged video that nobody asked to keep."""
    keep = Setting("runtime.on_damaged", "keep")
    return VideoError(
        f"{path}: damaged video: {damage}",
        hint=Text(f"{REPLACE}, or set ", keep, " to use what decodes"),
    )


def about_frames(count: int) -> str:
    """How many frames a video should have, for messages; "" where it is not known (0)."""
    return f" (about {count} frames)" if count else ""


def header_s(container: InputContainer) -> float:
    """Seconds that the container's header tells, 0 = unknown."""
    return (container.duration or 0) / av.time_base


def announced_frames(container: InputContainer, stream: VideoStream) -> int:
    """Frames that the container announces, 0 = unknown."""
    if stream.frames:
        return int(stream.frames)
    return round(header_s(container) * float(stream.average_rate or 0))


def stopped_early(
    what: str, *, lasts_s: float, num_frames: int, expected_s: float, announced_frames: int
) -> str:
    """What is wrong with a video whose decoding stopped before its end.

    Args:
        what: happened.
        lasts_s: seconds that could be decoded.
        num_frames: frames that could be decoded.
        expected_s: seconds that it should have; 0 = unknown.
        announced_frames: frames that it should have; 0 = unknown.
    """
    expected = f"expected {expected_s:.3f} s" if expected_s else "its expected length is unknown"
    stopped = f"stopped at {lasts_s:.3f} s after {num_frames} frames"
    return f"{what}: {stopped}, {expected}{about_frames(announced_frames)}"
