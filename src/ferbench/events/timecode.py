"""Frame rates, and times as ``HH:MM:SS:FF``."""

from __future__ import annotations

import math

from ferbench.errors import DataError


def check_rate(fps: float) -> float:
    """Return the frame rate in Hz as it is.

    Raises:
        DataError: it is not a finite number above 0.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise DataError(
            "frame rate: expected a finite number of frames per second above 0, "
            f"got {fps!r}; check that the video can be opened, or give the rate yourself"
        )
    return fps


def timecode(frame_number: int, fps: float) -> str:
    """``HH:MM:SS:FF`` of a frame number, as the thesis writes it.

    Elapsed time at the true rate with the rest of the second in whole frames: not the drop-frame
    nor the non-drop-frame code of SMPTE at fractional rates. Computed in doubles on purpose; exact
    arithmetic gives other codes at 29.97 Hz from frame 30000 on. More than 99 hours take more than
    two digits.

    Args:
        frame_number: 0 or more.
        fps: frames per second.

    Raises:
        DataError: the rate is not a finite number above 0, or the frame number is negative.

    >>> timecode(251, 25.0)
    '00:00:10:01'
    """
    check_rate(fps)
    if frame_number < 0:
        raise DataError(f"frame number: expected 0 or more, got {frame_number}")
    in_minute = frame_number % (60 * fps)
    hours = int(frame_number / (3600 * fps))
    minutes = int(frame_number / (60 * fps)) % 60
    seconds, frames = int(in_minute / fps), int(in_minute % fps)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}:{frames:02d}"


def clock_code(time_s: float) -> str:
    """``HH:MM:SS.mmm`` of a time of at least 0, cut to whole milliseconds.

    >>> clock_code(3723.4567)
    '01:02:03.456'
    """
    milliseconds = max(0, math.floor(time_s * 1000 + 1e-3))
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}"
