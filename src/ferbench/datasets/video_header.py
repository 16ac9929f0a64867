"""What a video's container announces, without decoding anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av

from ferbench.errors import VideoError
from ferbench.video.container import opened, video_stream
from ferbench.video.decoder_death import DecoderDiedError
from ferbench.video.decoder_memory import DecoderMemoryError
from ferbench.video.isolated import asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a video's container announces; None = nothing, or it cannot be read.

    Attributes:
        length_s: seconds.
        rate_hz: average frames per second.
        ended: how a file ended what reads it; "" = it did not.
    """

    length_s: float | None = None
    rate_hz: float | None = None
    ended: str = ""


def read_header(path: Path) -> Header:
    """Length and average frame rate as announced; nothing is decoded."""
    try:
        return asked(_header, path)
    except (DecoderDiedError, DecoderMemoryError) as error:
        return Header(ended=error.message.removeprefix(f"{path}: "))


def _header(path: Path) -> Header:
    try:
        with opened(path) as container:
            rate = video_stream(container, path).average_rate
            length = container.duration
    except VideoError:
        return Header()
    length_s = length / av.time_base if length else None
    rate_hz = float(rate) if rate else None
    return Header(length_s=length_s, rate_hz=rate_hz)
