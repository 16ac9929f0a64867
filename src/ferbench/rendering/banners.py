"""What is said at the edges of a frame: the time, events, annotations, and which clip it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.events.timecode import clock_code
from ferbench.look import colour_of, rgb
from ferbench.rendering import ink
from ferbench.rendering.ink import BOLD, WHITE
from ferbench.rendering.overlay import SAME_S

if TYPE_CHECKING:
    from ferbench.rendering.overlay import Overlay
    from ferbench.video.buffers import Pixels

POINT_S: Final = 1.0
"""Seconds for which an annotation without a duration is shown."""


@dataclass(frozen=True, slots=True)
class Banner:
    """A sentence, shown on the frames from ``first`` to ``last``, the latter not included."""

    first: int
    last: int
    text: str
    colour: ink.Rgb


class Banners:
    """Draws the edges of the frames of one video.

    Attributes:
        top_px: height that is taken at the upper edge.
    """

    def __init__(
        self,
        overlay: Overlay,
        hw: tuple[int, int],
        *,
        text_px: int,
        gap_px: int,
        is_titled: bool,
    ) -> None:
        """Take what is said, sizes in pixels, and whether frames have titles."""
        self._overlay = overlay
        self._hw = hw
        self._text_px, self._gap_px = text_px, gap_px
        self._line_px = round(text_px * 1.6)
        self._strip_px = max(4, gap_px)
        self._banners = [*_event_banners(overlay), *_annotation_banners(overlay)]
        self._strip = _strip(overlay, self._banners, hw[1], self._strip_px)
        self.top_px = self._line_px if is_titled else 0

    def draw(self, picture: Pixels, frame: int, title: str) -> None:
        """Draw on a frame, u8 (H, W, 3), RGB, in place."""
        height, width = self._hw
        bottom = height - self._strip_px
        self._progress(picture, frame, bottom)
        top = bottom - self._line_px
        time_s = float(self._overlay.edges_s[self._overlay.row[frame]])
        code = clock_code(time_s)
        right = 2 * self._gap_px + ink.digits_width(code, self._text_px)
        ink.plate(picture, 0, top, min(right, width), bottom)
        ink.write_digits(picture, code, (self._gap_px, top + self._line_px // 8), self._text_px)
        for banner in self._banners:
            if banner.first <= frame < banner.last:
                top -= self._line_px
                self._line(picture, banner.text, top, banner.colour)
        if title:
            ink.plate(picture, 0, 0, width, self._line_px)
            at_xy = (self._gap_px, self._line_px // 8)
            ink.write(picture, title, at_xy, self._text_px, weight=BOLD)

    def _line(self, picture: Pixels, text: str, top: int, colour: ink.Rgb) -> None:
        width = ink.letters(text, self._text_px, BOLD).shape[1]
        right = min(self._hw[1], width + 4 * self._gap_px)
        ink.plate(picture, 0, top, right, top + self._line_px)
        ink.fill(picture, 0, top, self._gap_px, top + self._line_px, colour)
        at_xy = (2 * self._gap_px, top + self._line_px // 8)
        ink.write(picture, text, at_xy, self._text_px, weight=BOLD)

    def _progress(self, picture: Pixels, frame: int, top: int) -> None:
        """The whole video as a strip, with its events and annotations, and where the frame is."""
        picture[top:] = self._strip[:, : picture.shape[1]]
        x = int(frame * self._hw[1] / max(1, len(self._overlay.row)))
        ink.fill(picture, x - 1, top, x + 2, self._hw[0], WHITE)


def _event_banners(overlay: Overlay) -> list[Banner]:
    count = len(overlay.events)
    banners = []
    for number, event in enumerate(overlay.events, start=1):
        first = overlay.first_frame(event.onset_s)
        last = max(overlay.first_frame(event.offset_s), first + 1)
        text = f"event {number} of {count}: {event.label}"
        banners.append(Banner(first, last, text, rgb(colour_of(event.label))))
    return banners


def _annotation_banners(overlay: Overlay) -> list[Banner]:
    banners = []
    for annotation in overlay.annotations:
        first = overlay.first_frame(annotation.onset_s)
        end_s = annotation.offset_s
        if end_s <= annotation.onset_s + SAME_S:
            end_s = annotation.onset_s + POINT_S
        last = max(overlay.first_frame(end_s), first + 1)
        whose = f" ({annotation.annotator})" if annotation.annotator else ""
        what = f": {annotation.kind}" if annotation.kind else ""
        banners.append(Banner(first, last, f"annotation{whose}{what}", WHITE))
    return banners


def _strip(overlay: Overlay, banners: list[Banner], width: int, height: int) -> Pixels:
    """The strip without the mark of the frame, u8 (height, width, 3): annotations above events."""
    strip = np.full((height, width, 3), ink.DARK, np.uint8)
    count = max(1, len(overlay.row))
    for banner in banners:
        left = banner.first * width // count
        right = max(left + 2, banner.last * width // count)
        is_annotation = banner.colour == WHITE
        rows = slice(0, height // 2) if is_annotation else slice(height // 2, height)
        strip[rows, left:right] = banner.colour
    return strip
