"""Which of a file's video streams is the recording.

Cover art, thumbnails and streams of one frame are not, wherever they stand in the file. Of what is
left the one that the file marks as its default counts, else the one with most pixels, else the
first: what FFmpeg and players take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import av.error
from av.stream import Disposition

from ferbench.errors import VideoError

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer
    from av.video.stream import VideoStream

STILL: Final = Disposition.timed_thumbnails | Disposition.still_image
_ENOUGH: Final = 300
"""A stream has one frame if another one has so many by then."""


def candidates(container: InputContainer) -> list[VideoStream]:
    """The video streams that may be the recording, the likeliest first; cover art is none."""
    streams = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    return sorted(streams, key=_rank)


def _rank(stream: VideoStream) -> tuple[bool, bool, bool, int, int]:
    """Smaller is likelier."""
    context = stream.codec_context
    pixels = context.width * context.height if context is not None else 0
    return (
        context is None,
        bool(stream.disposition & STILL) or stream.frames == 1,
        not stream.disposition & Disposition.default,
        -pixels,
        stream.index,
    )


def recording(fresh: InputContainer, ranked: Sequence[VideoStream]) -> int:
    """Index of the stream that is the recording, among several: the likeliest one that moves.

    Args:
        fresh: the same file opened once more; packets are read from it as far as needed.
        ranked: ``candidates``, at least one.
    """
    counts: Counter[int] = Counter()
    likeliest = ranked[0].index
    indices = [stream.index for stream in ranked]
    try:
        for packet in fresh.demux():
            if packet.size:
                counts[packet.stream_index] += 1
            if counts[likeliest] > 1:
                return likeliest
            if max((counts[index] for index in indices), default=0) >= _ENOUGH:
                break
    except av.error.FFmpegError:
        pass  # what can be read decides
    return next((index for index in indices if counts[index] > 1), likeliest)


def choice_note(container: InputContainer, chosen: VideoStream) -> str:
    """Which of several video streams was taken, and which others there are; "" = there is one."""
    others = [stream for stream in container.streams.video if stream.index != chosen.index]
    if not others:
        return ""
    listed = ", ".join(_described(stream) for stream in others)
    count = len(others) + 1
    return f"{count} video streams: took {_described(chosen)}; not {listed}"


def check_is_first(container: InputContainer, chosen: VideoStream, path: Path) -> None:
    """Refuse a file for OpenCV, which decodes the first video stream only.

    Raises:
        VideoError: another stream was chosen.
    """
    if container.streams.video[0].index != chosen.index:
        raise VideoError(
            f"{path}: {choice_note(container, chosen)}; OpenCV decodes the first one only",
            hint="take the reader pyav, or copy the recording into a file of its own",
        )


def _described(stream: VideoStream) -> str:
    """Such as ``#1 (640x360 h264, default)``."""
    context = stream.codec_context
    parts = ["unknown codec"]
    if context is not None:
        parts = [f"{context.width}x{context.height} {context.name}"]
    if stream.disposition & Disposition.attached_pic:
        parts.append("cover art")
    elif stream.disposition & STILL:
        parts.append("thumbnail")
    elif stream.frames == 1:
        parts.append("one frame")
    elif stream.disposition & Disposition.default:
        parts.append("default")
    return f"#{stream.index} ({', '.join(parts)})"
