"""Where the clock of a file begins, and whether it has one.

Times are seconds from the container's start: the earliest time that any of its pictures or sounds
has, which is what players, ELAN and BORIS show as 0. The picture may begin later than that: a sound
that starts first, an edit list, a cut without re-encoding.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Literal

import av
from av.format import Flags

from ferbench.errors import ConfigError, VideoError
from ferbench.sentences import Setting, Text

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer

    from ferbench.types import F64

TimeZero = Literal["container", "first_frame"]
"""What times are counted from."""

_MICROSECONDS: Final = 1_000_000


def container_start(container: InputContainer) -> Fraction:
    """When the container begins, seconds of its own clock (an MPEG transport stream often at 1.4).

    FFmpeg keeps it in whole microseconds; the stream that begins there has it exactly. 0 where a
    file does not say.
    """
    start = container.start_time
    if start is None:
        return Fraction(0)
    for stream in container.streams:
        if stream.start_time is None or not stream.time_base:
            continue
        start_s = stream.start_time * stream.time_base
        if abs(start_s * _MICROSECONDS - start) <= 1:
            return start_s
    return Fraction(start, av.time_base)


def from_zero(edges_s: F64, time_zero: TimeZero) -> F64:
    """Edges in seconds of the container as seconds of what times are counted from."""
    if time_zero == "container":
        return edges_s
    first_s: float = edges_s[0]
    return edges_s - first_s


def has_clock(container: InputContainer) -> bool:
    """Whether a file says when its frames are.

    Elementary streams (.h264, .hevc, .m1v, .m4v, .obu, .mjpeg) are pictures after each other, with
    no times: what FFmpeg tells of them is a guess.
    """
    container_format = container.format
    if Flags.no_timestamps in Flags(container_format.flags):
        return False
    return not container_format.name.endswith("_pipe")


def tells_only_decoding(container: InputContainer) -> bool:
    """Whether a container tells the order of decoding only: AVI counts its pictures as they come.

    The first one is on screen from the first picture's time on.
    """
    return "avi" in container.format.name


def given_rate(container: InputContainer, path: Path, rate_hz: float | None) -> float | None:
    """The rate to count the frames of a file without a clock with; None = the file has one.

    Args:
        container: the open file.
        path: where it is, for the message.
        rate_hz: what somebody gave; None = nobody did.

    Raises:
        VideoError: the file has no clock, and nobody gave a rate.
    """
    if has_clock(container):
        return None
    if rate_hz is not None:
        return rate_hz
    raise VideoError(
        f"{path}: an elementary stream ({container.format.name}) has no clock, so nobody knows "
        "when its frames were",
        hint=Text(
            "give the frames per second that it was recorded with (",
            Setting("reader.rate_hz"),
            "), or put it into a container such as mp4 with its rate",
        ),
    )


def check_time_settings(time_zero: str, rate_hz: float | None) -> None:
    """Raise ConfigError unless a reader can count times so."""
    if time_zero not in ("container", "first_frame"):
        raise ConfigError(key="time_zero", expected="container or first_frame", got=time_zero)
    if rate_hz is not None and not (math.isfinite(rate_hz) and rate_hz > 0):
        raise ConfigError(key="rate_hz", expected="a rate above 0, or null", got=rate_hz)
