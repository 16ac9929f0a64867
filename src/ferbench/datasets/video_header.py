"""What a video's container announces, without decoding anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av

from ferbench.errors import VideoError
from ferbench.video.container import opened, video_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a video's container announces; None = nothing, or it cannot be read."""

    length_s: float | None = None
    rate_hz: float | None = None


def read_header(path: Path) -> Header:
    """Length and average frame rate as announced; nothing is decoded."""
    try:
        with opened(path) as container:
            rate = video_stream(container, path).average_rate
            length = container.duration
    except VideoError:
        return Header()
    length_s = length / av.time_base if length else None
    rate_hz = float(rate) if rate else None
    return Header(length_s=length_s, rate_hz=rate_hz)
