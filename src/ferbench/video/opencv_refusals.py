"""Why OpenCV gives no frames of a video: it says nothing itself."""

from __future__ import annotations

import math
from pathlib import Path

import cv2

from ferbench.errors import VideoError
from ferbench.video.container import REPLACE
from ferbench.video.decoder_memory import check_memory_left
from ferbench.video.picture_check import PictureCheck


def cannot_open(path: Path, check: PictureCheck) -> VideoError:
    """The error for a video that OpenCV does not open. Raises MemoryError where that is why."""
    _check_memory(check)
    return VideoError(
        f"{path}: OpenCV cannot open this video ({check.codec}), though FFmpeg knows its format",
        hint="convert it, e.g. to H.264 in mp4, or take the reader pyav",
    )


def no_frame(path: Path, check: PictureCheck) -> VideoError:
    """The error for a video without a frame, and by whose fault it has none.

    Raises MemoryError where that is why.
    """
    _check_memory(check)
    if check.picture is not None:
        return VideoError(
            f"{path}: OpenCV decodes no frame of this video, whose codec is {check.codec}, though "
            "its first frame is sound: the FFmpeg inside OpenCV has no decoder that works for it",
            hint="take the reader pyav, which reads this video",
        )
    return VideoError(
        f"{path}: no frame can be decoded: OpenCV found none in the video stream", hint=REPLACE
    )


def _check_memory(check: PictureCheck) -> None:
    if check.picture is not None:
        check_memory_left(3 * math.prod(check.picture.stored_hw))


def rate_of(capture: cv2.VideoCapture, path: Path) -> float:
    """Frames per second that OpenCV reports.

    Raises:
        VideoError: they are no rate that frames can be timed by.
    """
    fps_hz = capture.get(cv2.CAP_PROP_FPS)
    if not (math.isfinite(fps_hz) and fps_hz > 0):
        raise VideoError(
            f"{path}: OpenCV reports a frame rate of {fps_hz:g} Hz, "
            "expected one above 0 to time the frames by",
            hint="take the reader pyav, which reads the frames' own times, or convert the file",
        )
    return float(fps_hz)
