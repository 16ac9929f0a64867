"""How many threads decode where others need the cores."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ferbench.errors import VideoError
from ferbench.video.container import opened, video_stream

FEW_LANES: Final = 2
SMALL_PX: Final = 1280 * 720
"""Pixels of a picture that one thread decodes in a small part of the time that networks need."""


def decoder_threads(path: Path, *, lanes: int) -> int:
    """Decoder threads beside so many lanes that need a core each; 0 = as many as FFmpeg likes.

    With few lanes and small pictures one is enough, and handing pictures between threads costs more
    than it gains: 4 % of a pass over 640 x 360 on two cores. Frames are the same with any number.
    """
    if lanes > FEW_LANES:
        return 0
    try:
        with opened(path) as container:
            stream = video_stream(container, path)
            return 1 if stream.width * stream.height <= SMALL_PX else 0
    except VideoError:
        return 0  # the reader tells
