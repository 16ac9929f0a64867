"""From a decoded frame to RGB as a screen of today shows it (BT.709), by FFmpeg's swscale.

What a file tells of its colours are three numbers of ITU-T H.273: matrix, transfer and primaries.

- The matrix is FFmpeg's; one that is not told is BT.601's, as in FFmpeg's own programs. One that
  swscale has not is refused by name.
- High dynamic range (PQ, HLG) is converted to BT.709 as a screen shows it that cannot do better:
  diffuse white, 203 cd/m2 by ITU-R BT.2408, becomes white, darker light stays what it is, and what
  is brighter or more saturated is clipped.
- With other transfers and primaries the values stay, as in FFmpeg's own programs; where that is
  far from what a player shows (logarithmic, linear light, wide primaries), it is told.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av.error
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc, VideoReformatter

from ferbench.errors import VideoError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from ferbench.video.buffers import Pixels

_MATRICES: Final = {
    0: "RGB",
    1: "BT.709",
    2: "not told",
    4: "FCC",
    5: "BT.470 B/G",
    6: "BT.601",
    7: "SMPTE 240M",
    8: "YCgCo",
    9: "BT.2020 non-constant luminance",
    10: "BT.2020 constant luminance",
    11: "SMPTE ST 2085",
    12: "chromaticity-derived non-constant luminance",
    13: "chromaticity-derived constant luminance",
    14: "ICtCp",
    15: "IPT-PQ-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
_UNTOLD: Final = 2
_HDR: Final = {ColorTrc.SMPTE2084.value: "PQ", ColorTrc.ARIB_STD_B67.value: "HLG"}
_NOT_CONVERTED: Final = {
    ColorTrc.LINEAR.value: "linear light",
    ColorTrc.LOG.value: "logarithmic, 100:1",
    ColorTrc.LOG_SQRT.value: "logarithmic, 316:1",
    ColorTrc.SMPTE428.value: "SMPTE ST 428",
}
"""Transfers far from those of standard dynamic range."""

_WIDE: Final = {
    ColorPrimaries.FILM.value: "film",
    ColorPrimaries.BT2020.value: "BT.2020",
    ColorPrimaries.SMPTE428.value: "SMPTE ST 428",
    ColorPrimaries.SMPTE431.value: "DCI-P3",
    ColorPrimaries.SMPTE432.value: "Display P3",
}


_hdr = threading.local()
"""One converter for high dynamic range per thread: preparing it for a size takes seconds."""


class RgbConverter:
    """Converts the frames of one video; keeps what the conversion needs between frames."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> Pixels:
        """The frame as it is stored, u8 (H, W, 3), RGB.

        Raises:
            VideoError: FFmpeg cannot convert such colours; says which.
        """
        try:
            if frame.color_trc in _HDR:
                converted = _to_bt709(frame)
            else:
                converted = self._reformatter.reformat(frame, format="rgb24")
        except av.error.FFmpegError as error:
            raise VideoError(
                f"{self._path}: FFmpeg cannot convert the colours of its frames to RGB: "
                f"{_description(frame)} ({error.strerror})",
                hint="convert the video to H.264 with the matrix BT.709, with the program that "
                "made it",
            ) from error
        return np.asarray(converted.to_ndarray(), np.uint8)


def _to_bt709(frame: VideoFrame) -> VideoFrame:
    """A frame of high dynamic range as standard RGB."""
    if frame.color_primaries == _UNTOLD:
        frame.color_primaries = ColorPrimaries.BT2020  # ITU-R BT.2100 has no others
    if not hasattr(_hdr, "reformatter"):
        _hdr.reformatter = VideoReformatter()
    converted: VideoFrame = _hdr.reformatter.reformat(
        frame,
        format="rgb24",
        dst_color_trc=ColorTrc.BT709,
        dst_color_primaries=ColorPrimaries.BT709,
    )
    return converted


def _description(frame: VideoFrame) -> str:
    """What makes colours unusual, for messages."""
    matrix = int(frame.colorspace)
    name = _MATRICES.get(matrix, "unknown")
    return f"matrix {name} ({matrix} in ITU-T H.273), pixels {frame.format.name}"


def colour_sentences(frame: VideoFrame) -> list[str]:
    """What a reader of the numbers should know of a video's colours."""
    transfer, primaries = int(frame.color_trc), int(frame.color_primaries)
    if transfer in _HDR:
        return [f"its colours ({_HDR[transfer]}) were converted to BT.709"]
    sentences = []
    if transfer in _NOT_CONVERTED:
        sentences.append(
            f"its transfer ({_NOT_CONVERTED[transfer]}) is not converted: its colours look other "
            "than in a player; convert the video to BT.709 first"
        )
    if primaries in _WIDE:
        sentences.append(
            f"its primaries ({_WIDE[primaries]}) are not converted: its colours are a little "
            "paler than in a player"
        )
    return sentences
