"""How ferbench draws on a frame: boxes, landmarks, expression bars, banners, time code.

Sizes follow the picture's height. The bars stand in one place for a whole video, in the upper
corner that the participant's face covers least. Colours are those of ``ferbench.look``; a word or a
shape says the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.look import FAINT, OTHER_COLOUR, colour_of, rgb
from ferbench.rendering import ink
from ferbench.rendering.banners import Banners
from ferbench.rendering.ink import BOLD, WHITE

if TYPE_CHECKING:
    from ferbench.rendering.overlay import Overlay
    from ferbench.video.buffers import Pixels

REFERENCE_PX: Final = 720
"""Height of a picture in which sizes are as they are written here."""
LEAST_SCALE: Final = 0.5
LEAST_HEIGHT_PX: Final = 360
"""Smaller pictures are enlarged."""
TEXT_PX: Final = 20
PANEL_PX: Final = 250
FAINT_RGB: Final = rgb(FAINT["dark"])
SHARE_OF_FACE: Final = 0.02
"""Of a face's width, what a line or a dot takes at most."""
_SHOWN_SHARE: Final = 0.05
"""Share of the frames from which a face that covers a corner counts."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of the panel.

    Attributes:
        name: of the model's output.
        share: of the bar's room that is filled, cut to 0 to 1.
        text: the value; "" = there is none.
        is_best: it is the most likely expression.
    """

    name: str
    share: float
    text: str
    is_best: bool = False


class FerbenchLayout:
    """Draws on the frames of one video.

    Attributes:
        zoom: whole factor by which small pictures are enlarged, so that letters have room.
    """

    def __init__(self, overlay: Overlay, hw: tuple[int, int], *, is_titled: bool = False) -> None:
        """Take what is drawn, the pictures' height and width, and whether frames have titles."""
        self._overlay = overlay
        self.zoom = max(1, -(-LEAST_HEIGHT_PX // hw[0]))
        hw = (hw[0] * self.zoom, hw[1] * self.zoom)
        self._hw = hw
        self._scale = max(LEAST_SCALE, hw[0] / REFERENCE_PX)
        self._text_px = self._px(TEXT_PX)
        self._line_px = self._px(TEXT_PX * 1.4)
        self._gap_px = self._px(8)
        self._panel_px = min(self._px(PANEL_PX), hw[1])
        self._banners = Banners(
            overlay, hw, text_px=self._text_px, gap_px=self._gap_px, is_titled=is_titled
        )
        num_bars = len(overlay.labels) + len(overlay.regressions)
        room_px = hw[0] * 2 // 3 - self._banners.top_px
        self._num_lines = num_bars
        if overlay.regressions:
            self._num_lines = min(num_bars, max(1, room_px // self._line_px))
        self._panel_x = self._panel_left()

    def draw(self, picture: Pixels, frame: int, title: str = "") -> None:
        """Draw on a frame, u8 (H, W, 3), RGB, in place; a title stands above all of it."""
        row = int(self._overlay.row[frame])
        chosen = int(self._overlay.chosen[row])
        for face in self._overlay.faces_in(row):
            if face != chosen:
                self._other_face(picture, face)
        if chosen >= 0:
            self._chosen_face(picture, chosen)
        self._panel(picture, row, chosen)
        self._banners.draw(picture, frame, title)

    def _px(self, size: float) -> int:
        return max(1, round(size * self._scale))

    # Faces
    # ----------------------------------------------------------------------------------------------

    def _chosen_face(self, picture: Pixels, face: int) -> None:
        box_xyxy = self._box(face)
        label, share = self._top(face)
        colour = rgb(colour_of(label)) if label else WHITE
        stroke_px = self._stroke_px(box_xyxy)
        ink.frame(picture, box_xyxy, stroke_px, colour)
        for x, y in (self._overlay.faces.landmarks_xy[face] * self.zoom).tolist():
            if np.isfinite(x) and np.isfinite(y):
                ink.dot(picture, (x, y), stroke_px, WHITE)
        if label:
            self._tag(picture, box_xyxy, f"{label} {share:.0%}", colour)

    def _stroke_px(self, box_xyxy: tuple[float, ...]) -> int:
        """Thickness of lines and radius of dots: of a small face less, so that it is seen."""
        width = box_xyxy[2] - box_xyxy[0]
        return max(1, min(self._px(3), round(width * SHARE_OF_FACE)))

    def _other_face(self, picture: Pixels, face: int) -> None:
        box_xyxy = self._box(face)
        ink.frame(picture, box_xyxy, self._px(1), FAINT_RGB)

    def _box(self, face: int) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in the enlarged picture."""
        left, top, right, bottom = (self._overlay.faces.box_xyxy[face] * self.zoom).tolist()
        return left, top, right, bottom

    def _tag(
        self, picture: Pixels, box_xyxy: tuple[float, ...], text: str, colour: ink.Rgb
    ) -> None:
        """The most likely expression above the box, or below it where there is no room."""
        width = ink.letters(text, self._text_px, BOLD).shape[1] + 3 * self._gap_px
        left = round(min(max(box_xyxy[0], 0), max(0, self._hw[1] - width)))
        top = round(box_xyxy[1]) - self._line_px - self._px(3)
        if top < 0:
            top = min(round(box_xyxy[3]) + self._px(3), self._hw[0] - self._line_px)
        ink.plate(picture, left, top, left + width, top + self._line_px)
        ink.fill(picture, left, top, left + self._gap_px, top + self._line_px, colour)
        ink.write(picture, text, (left + 2 * self._gap_px, top), self._text_px, weight=BOLD)

    def _top(self, face: int) -> tuple[str, float]:
        """The most likely expression of a face and its probability; "" = it is not classified."""
        values = self._overlay.values[face]
        if np.isnan(values).any() or not len(values):
            return "", float("nan")
        best = int(values.argmax())
        return self._overlay.labels[best], float(values[best])

    # Bars
    # ----------------------------------------------------------------------------------------------

    def _panel(self, picture: Pixels, row: int, chosen: int) -> None:
        """A bar for each expression and each regression of the participant's face."""
        top, left = self._banners.top_px, self._panel_x
        right = left + self._panel_px
        ink.plate(picture, left, top, right, top + self._num_lines * self._line_px + self._gap_px)
        bars = self._bars(chosen)
        for place, bar in enumerate(bars[: self._num_lines]):
            y = top + self._gap_px // 2 + place * self._line_px
            if place == self._num_lines - 1 < len(bars) - 1:
                more = f"and {len(bars) - place} more"
                x = left + self._gap_px
                ink.write(picture, more, (x, y), self._text_px, colour=FAINT_RGB)
            else:
                self._bar(picture, bar, y)
        if not any(bar.text for bar in bars):
            word = "no face" if not len(self._overlay.faces_in(row)) else "not classified"
            x = left + self._panel_px // 2
            ink.write(picture, word, (x, top + self._gap_px // 2), self._text_px)

    def _bars(self, chosen: int) -> list[Bar]:
        """What the panel says of a face; -1 = of none."""
        overlay = self._overlay
        values, regressed = np.full(len(overlay.labels), np.nan), np.empty(0)
        if chosen >= 0:
            values = overlay.values[chosen]
            regressed = overlay.regressed[chosen] if overlay.regressions else regressed
        best = int(values.argmax()) if not np.isnan(values).any() and len(values) else -1
        bars = []
        for place, (label, value) in enumerate(zip(overlay.labels, values.tolist(), strict=True)):
            text = "" if np.isnan(value) else f"{value:.0%}"
            bars.append(Bar(label, value, text, is_best=place == best))
        for at, regression in enumerate(overlay.regressions):
            value = float(regressed[at]) if len(regressed) else float("nan")
            text = "" if np.isnan(value) else f"{value:.2f}"
            low, high = regression.low, regression.high
            share = (value - low) / (high - low) if regression.is_bounded else 0.0
            bars.append(Bar(regression.name, share, text))
        return bars

    def _bar(self, picture: Pixels, bar: Bar, y: int) -> None:
        left = self._panel_x + self._gap_px
        weight, colour = (BOLD, WHITE) if bar.is_best else (ink.REGULAR, FAINT_RGB)
        ink.write(picture, bar.name, (left, y), self._text_px, colour=colour, weight=weight)
        if not bar.text:
            return
        start = left + self._panel_px * 9 // 20
        room = self._panel_px * 7 // 20 - 3 * self._gap_px
        inset = self._line_px // 4
        end = start + max(1, round(room * min(max(bar.share, 0.0), 1.0)))
        label_rgb = rgb(colour_of(bar.name) if bar.name else OTHER_COLOUR)
        ink.fill(picture, start, y + inset, end, y + self._line_px - inset, label_rgb)
        width = ink.letters(bar.text, self._text_px, weight).shape[1]
        x = self._panel_x + self._panel_px - self._gap_px - width
        ink.write(picture, bar.text, (x, y), self._text_px, colour=colour, weight=weight)

    def _panel_left(self) -> int:
        """Where the bars stand: at the right, unless the participant is there more than left."""
        right = self._hw[1] - self._panel_px
        chosen = self._overlay.chosen[self._overlay.chosen >= 0]
        if not len(chosen):
            return right
        boxes = self._overlay.faces.box_xyxy[chosen] * self.zoom
        bottom = self._banners.top_px + self._num_lines * self._line_px
        is_high = boxes[:, 1] < bottom
        beside = self._panel_px * 2 // 3  # the tag of a small face is wider than the face
        covers_right = float(np.mean(is_high & (boxes[:, 0] + beside > right)))
        covers_right = max(covers_right, float(np.mean(is_high & (boxes[:, 2] > right))))
        covers_left = float(np.mean(is_high & (boxes[:, 0] < self._panel_px)))
        return 0 if covers_right > max(covers_left, _SHOWN_SHARE) else right
