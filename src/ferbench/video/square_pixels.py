"""Pixels that are not square: the picture is stretched to the shape that a player shows.

The shorter side of a pixel is enlarged, so nothing is lost. Ratios within 1 % of square are square:
they come of rounding sizes to whole pixels, and the stretched picture would differ by less than a
face's box does between detectors.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.errors import VideoError

if TYPE_CHECKING:
    from av.video.stream import VideoStream

    from ferbench.video.buffers import Pixels

TOLERATED: Final = Fraction(1, 100)
"""Share by which a pixel's width may differ from its height and still be square."""

BELIEVED: Final = 8
"""How many times as wide as high, or as high as wide, a pixel may be; more is no recording."""


def pixel_aspect(stream: VideoStream, path: Path) -> Fraction:
    """Width of a stored pixel by its height; 1 where nothing is told.

    The container's word counts before the codec's, as in FFmpeg's own programs.

    Raises:
        VideoError: no recording has such pixels.
    """
    told = stream.sample_aspect_ratio
    if not told or told < 0:
        return Fraction(1)
    aspect = Fraction(told)
    if not Fraction(1, BELIEVED) <= aspect <= BELIEVED:
        raise VideoError(
            f"{path}: its header says that pixels are {float(aspect):g} times as wide as high, "
            f"expected 1/{BELIEVED} to {BELIEVED}",
            hint="write the sample aspect ratio anew, e.g. with FFmpeg's option -aspect",
        )
    return aspect


def is_square(aspect: Fraction) -> bool:
    """Whether pixels of this width by height are taken as square."""
    return abs(max(aspect, 1 / aspect) - 1) <= TOLERATED


def square_hw(stored_hw: tuple[int, int], aspect: Fraction) -> tuple[int, int]:
    """Height and width of a picture once its pixels are square.

    >>> square_hw((576, 720), Fraction(64, 45))
    (576, 1024)
    >>> square_hw((480, 720), Fraction(8, 9))
    (540, 720)
    """
    height, width = stored_hw
    if is_square(aspect):
        return height, width
    if aspect > 1:
        return height, round(width * aspect)
    return round(height / aspect), width


def stretched(rgb: Pixels, hw: tuple[int, int]) -> Pixels:
    """A picture, u8 (H, W, 3), enlarged to another height and width; bicubic."""
    if rgb.shape[:2] == hw:
        return rgb
    import cv2  # few videos need it, and a decoder's process starts sooner without

    return np.asarray(cv2.resize(rgb, hw[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)
