"""From a stored picture to the one that a player shows: square pixels, upright, not mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferbench.video.colour import colour_sentences
from ferbench.video.orientation import AS_STORED, Orientation, orientation_of
from ferbench.video.square_pixels import is_square, pixel_aspect, square_hw, stretched

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ferbench.video.buffers import Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPicture:
    """How the pictures of one video are shown.

    Attributes:
        stored_hw: height and width as stored.
        orientation: what the display matrix asks for.
        pixel_aspect: width of a stored pixel by its height.
        colours: sentences about colours.
    """

    stored_hw: tuple[int, int]
    orientation: Orientation = AS_STORED
    pixel_aspect: Fraction = Fraction(1)
    colours: tuple[str, ...] = ()

    @property
    def shown_hw(self) -> tuple[int, int]:
        """Height and width as shown."""
        return self.orientation.shown_hw(self._square_hw)

    @property
    def is_as_stored(self) -> bool:
        """Whether the stored picture is the shown one."""
        return self.orientation == AS_STORED and is_square(self.pixel_aspect)

    @property
    def _square_hw(self) -> tuple[int, int]:
        return square_hw(self.stored_hw, self.pixel_aspect)

    def draw(self, stored: Pixels, pixels: Pixels) -> None:
        """Write a stored picture, u8 (H, W, 3), as it is shown, u8 (H', W', 3)."""
        np.copyto(pixels, self.orientation.view(stretched(stored, self._square_hw)))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers should know, a sentence each."""
        shape: list[str] = []
        if not is_square(self.pixel_aspect):
            (height, width), (square_height, square_width) = self.stored_hw, self._square_hw
            shape.append(
                f"its pixels are not square ({self.pixel_aspect.numerator}:"
                f"{self.pixel_aspect.denominator}): stretched from {width}x{height} to "
                f"{square_width}x{square_height} pixels, in which boxes are told"
            )
        return (*shape, *self.orientation.sentences(), *self.colours)


def shown_picture(stream: VideoStream, first: VideoFrame, path: Path) -> ShownPicture:
    """How a video is shown, by its stream and its first frame.

    Raises:
        VideoError: no recording has such pixels.
    """
    return ShownPicture(
        stored_hw=(first.height, first.width),
        orientation=orientation_of(first),
        pixel_aspect=pixel_aspect(stream, path),
        colours=tuple(colour_sentences(first)),
    )
