"""Letters, dark plates and marks on a picture: only the pixels that they cover are touched."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.look import BACKGROUND, INK, rgb

if TYPE_CHECKING:
    from ferbench.video.buffers import Pixels

Rgb = tuple[int, int, int]

WHITE: Final[Rgb] = rgb(INK["dark"])
DARK: Final[Rgb] = rgb(BACKGROUND["dark"])
REGULAR: Final = 400
BOLD: Final = 700
_SHIFT: Final = 2
"""One part in 2**2 of what lies below a plate shines through."""
_SPRITES: Final = 2048
_FULL: Final = 255
_SIDE_PX: Final = 2
"""What letters may reach beyond their box."""


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    """OpenCV's own font; what it has not becomes a question mark."""
    return cv2.FontFace("sans")


@lru_cache(maxsize=_SPRITES)
def letters(text: str, size_px: int, weight: int = REGULAR) -> NDArray[np.uint8]:
    """A text as coverage, u8 (H, W): 255 = all of a pixel. H is the line's, the same for all texts.

    Args:
        text: one line.
        size_px: height of the font.
        weight: ``REGULAR`` or ``BOLD``.
    """
    shown = " ".join(text.split()) or " "
    line_px = round(size_px * 1.25)
    canvas = np.zeros((line_px, (len(shown) + 2) * size_px + 2 * _SIDE_PX, 3), np.uint8)
    (end_x, _), canvas = cast(
        "tuple[tuple[int, int], NDArray[np.uint8]]",
        cv2.putText(
            canvas,
            shown,
            (_SIDE_PX, round(size_px * 0.95)),
            (255, 255, 255),
            _font(),
            size_px,
            weight,
        ),
    )
    covered: NDArray[np.uint8] = canvas[:, : end_x + _SIDE_PX, 0].copy()
    return covered


def write(
    picture: Pixels,
    text: str,
    at_xy: tuple[int, int],
    size_px: int,
    *,
    colour: Rgb = WHITE,
    weight: int = REGULAR,
) -> int:
    """Write one line, its left top corner at ``at_xy``; return how wide it is, pixels."""
    covered = letters(text, size_px, weight)
    _blend(picture, covered, at_xy, colour)
    return int(covered.shape[1])


def write_digits(picture: Pixels, text: str, at_xy: tuple[int, int], size_px: int) -> int:
    """Write a text that changes with every frame, all digits equally wide; return its width."""
    x, y = at_xy
    step = letters("0", size_px).shape[1] - _SIDE_PX
    narrow = letters(":", size_px).shape[1] - _SIDE_PX
    for character in text:
        _blend(picture, letters(character, size_px), (x, y), WHITE)
        x += step if character.isalnum() else narrow
    return x - at_xy[0]


def digits_width(text: str, size_px: int) -> int:
    """How wide ``write_digits`` makes a text, pixels."""
    step = letters("0", size_px).shape[1] - _SIDE_PX
    narrow = letters(":", size_px).shape[1] - _SIDE_PX
    return sum(step if character.isalnum() else narrow for character in text)


def enlarged(picture: Pixels, zoom: int) -> Pixels:
    """A picture, u8 (H, W, 3), a whole number of times as large; bicubic."""
    if zoom == 1:
        return picture
    size = (picture.shape[1] * zoom, picture.shape[0] * zoom)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def plate(picture: Pixels, left: int, top: int, right: int, bottom: int) -> None:
    """Darken a rectangle, so that letters can be read on it."""
    height, width = picture.shape[:2]
    below = picture[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    below >>= _SHIFT
    dark = [value - (value >> _SHIFT) for value in DARK]
    below += np.tile(np.array(dark, np.uint8), below.shape[1]).reshape(1, -1, 3)


def fill(picture: Pixels, left: int, top: int, right: int, bottom: int, colour: Rgb) -> None:
    """Fill a rectangle, right and bottom not included."""
    picture[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = colour


def frame(
    picture: Pixels, box_xyxy: tuple[float, float, float, float], thick_px: int, colour: Rgb
) -> None:
    """A rectangle's outline with a dark rim, so that it is seen on any ground."""
    left, top, right, bottom = (_whole(value) for value in box_xyxy)
    corners = (left, top), (right, bottom)
    cv2.rectangle(picture, *corners, DARK, thick_px + 2)
    cv2.rectangle(picture, *corners, colour, thick_px)


def dot(picture: Pixels, at_xy: tuple[float, float], radius_px: int, colour: Rgb) -> None:
    """A round mark with a dark rim."""
    centre = _whole(at_xy[0]), _whole(at_xy[1])
    cv2.circle(picture, centre, radius_px + 1, DARK, cv2.FILLED, cv2.LINE_AA)
    cv2.circle(picture, centre, radius_px, colour, cv2.FILLED, cv2.LINE_AA)


def _whole(value: float) -> int:
    """A pixel; those far outside are as good as just outside, and OpenCV takes no larger ones."""
    return round(min(max(value, -32_000.0), 32_000.0))


def _blend(
    picture: Pixels, covered: NDArray[np.uint8], at_xy: tuple[int, int], colour: Rgb
) -> None:
    """Lay a colour over a picture where ``covered`` says; what lies outside is left out."""
    x, y = at_xy
    top, left = max(0, y), max(0, x)
    below = picture[top : y + covered.shape[0], left : x + covered.shape[1]]
    if y + covered.shape[0] <= 0 or x + covered.shape[1] <= 0 or not below.size:
        return
    share = covered[top - y :, left - x :][: below.shape[0], : below.shape[1]]
    shares = np.repeat(share, 3, axis=1).astype(np.uint16)  # rows of bytes: pixels are slow
    new = np.tile(np.array(colour, np.uint16), below.shape[1]) * shares
    old = below.reshape(below.shape[0], -1) * (_FULL - shares)
    below[:] = ((old + new + _FULL // 2) // _FULL).reshape(below.shape)
