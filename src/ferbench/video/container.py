"""What all readers ask of a file before they decode it.

Is it there, is it a video, which stream is it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import av.error
import av.logging

from ferbench.errors import ConfigError, VideoError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

TOLERATED_S: Final = 0.5
"""Seconds that may be missing at the end of a sound video."""

REPLACE: Final = "Replace the file, e.g. by a fresh copy of the recording."

av.logging.set_level(None)  # FFmpeg's own messages; what matters reaches the user as a VideoError


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a file and read its headers.

    Raises:
        VideoError: the file is missing, a folder, empty, or nothing that FFmpeg reads as a video.
    """
    if not path.exists():
        raise VideoError(f"{path}: no such file. Check the path.")
    if path.is_dir():
        raise VideoError(f"{path}: expected a video file, got a folder. Give the file inside it.")
    if path.stat().st_size == 0:
        raise VideoError(
            f"{path}: the file is empty (0 bytes). Copy it again from where it came from."
        )
    try:  # "file:" keeps FFmpeg from reading a colon in the name as a protocol
        container = av.open(f"file:{path}", mode="r", metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise VideoError(
            f"{path}: FFmpeg cannot read this as a video ({error.strerror}). Expected a video file such as mp4, mov, "
            "mkv, webm or avi. A recording that was cut off before its index was written looks like this too."
        ) from error
    with container:
        yield container


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first video stream that is no cover art.

    Raises:
        VideoError: there is none, or FFmpeg has no decoder for it.
    """
    pictures = av.stream.Disposition.attached_pic  # cover art of a sound file
    streams = [s for s in container.streams.video if not s.disposition & pictures]
    if not streams:
        others = ", ".join(sorted({s.type for s in container.streams})) or "nothing"
        raise VideoError(
            f"{path}: the file holds no video stream, only: {others}. Expected a video."
        )
    if streams[0].codec_context is None:
        raise VideoError(
            f"{path}: this FFmpeg has no decoder for its video stream. Convert the file, e.g. to H.264."
        )
    return streams[0]


def damaged(path: Path, damage: str) -> VideoError:
    """The error for a damaged video that nobody asked to keep."""
    return VideoError(
        f"{path}: damaged video: {damage}. {REPLACE} Or set runtime.on_damaged=keep to use what decodes."
    )


def check_asked(batch_frames: int, threads: int) -> None:
    """Raise ConfigError unless a reader can be opened with these."""
    if batch_frames < 1 or threads < 0:
        raise ConfigError(
            f"expected batch_frames >= 1 and threads >= 0, got batch_frames {batch_frames}, threads {threads}"
        )
