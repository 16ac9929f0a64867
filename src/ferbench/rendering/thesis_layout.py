"""Drawing as the thesis' programs did: ``predict -r``, ``playback`` and the render of ``detect``.

A face is drawn where its box is wider than 90 pixels: a thin grey frame, and a panel of 112 pixels
at its right, or at its left where that has no room, or none. In the panel the seven scores stand by
size, each with a bar of 35 pixels per unit, which is not clipped. Clips of ``detect`` have the
frame alone, number and time code. Source: the pictures that
playback.py of github.com/TimDeelstra/FER hands to its window. What differs: the letters are those
of this OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from ferbench.errors import FormatError
from ferbench.thesis.frame_csv import SCORES

if TYPE_CHECKING:
    from ferbench.rendering.overlay import Overlay
    from ferbench.types import F64
    from ferbench.video.buffers import Pixels

GREY: Final = (67, 67, 67)
PANEL_GREY: Final = 64
WHITE: Final = (255, 255, 255)
LEAST_WIDTH_PX: Final = 90
"""A face is drawn where its box is wider."""
PANEL_PX: Final = 112
"""Width of the panel."""
PANEL_SHARE: Final = 0.6
"""Of the panel's grey in the mixture with the picture."""
ROW_PX: Final = 20
BAR_X_PX: Final = 70
BAR_PX: Final = 35
"""Length of a bar per unit of its score."""


class ThesisLayout:
    """Draws the chosen face of each frame.

    Attributes:
        zoom: 1, pictures keep their size.
    """

    zoom = 1

    def __init__(self, overlay: Overlay) -> None:
        """Take what is drawn.

        Raises:
            FormatError: the model lacks one of the thesis' seven expressions.
        """
        if overlay.thesis is None:
            raise FormatError(
                f"{overlay.session_id}: the thesis' layout shows {', '.join(SCORES)}; the model "
                f"has {', '.join(overlay.labels)}",
                hint="take the other layout",
            )
        self._overlay = overlay
        self._predictions = overlay.thesis

    def draw(self, picture: Pixels, frame: int, title: str = "") -> None:
        """Draw on a frame, u8 (H, W, 3), RGB, in place; with a title: as ``detect`` draws."""
        row = int(self._overlay.row[frame])
        has_face = self._predictions.labels[row] is not None
        if has_face:
            x, y, width, height = (int(number) for number in self._predictions.box_xywh[row])
        if has_face and title:
            cv2.rectangle(picture, (x, y), (x + width, y + height), GREY, 1)
        elif has_face:
            scores = self._predictions.scores[row].astype(np.float64)
            draw_face(picture, (x, y, width, height), scores)
        for number, line in enumerate(title.splitlines()):
            at_xy = (50, 50 + 30 * number)
            cv2.putText(picture, line, at_xy, cv2.FONT_HERSHEY_SIMPLEX, 1, WHITE, 2, cv2.LINE_AA)


def draw_face(picture: Pixels, box_xywh: tuple[int, int, int, int], scores: F64) -> None:
    """Draw one face.

    Args:
        picture: u8 (H, W, 3), drawn on in place.
        box_xywh: whole pixels.
        scores: f64 (7,) in the order of the thesis' columns.
    """
    x, y, width, height = box_xywh
    if width <= LEAST_WIDTH_PX:
        return
    cv2.rectangle(picture, (x, y), (x + width, y + height), GREY, 1)
    if x + width + PANEL_PX < picture.shape[1]:
        _panel(picture, x + width, y, height, scores, rows_end=y + height - 1)
    elif x - PANEL_PX > 0:
        _panel(picture, x - PANEL_PX, y, height, scores, rows_end=y + height)


def _panel(picture: Pixels, x: int, y: int, height: int, scores: F64, *, rows_end: int) -> None:
    """Draw the panel whose left top corner is (x, y)."""
    below = picture[max(y, 0) : y + height + 1, max(x, 0) : x + PANEL_PX + 1]
    grey = np.full_like(below, PANEL_GREY)
    below[:] = cv2.addWeighted(grey, PANEL_SHARE, below, 1 - PANEL_SHARE, 0)
    for place, column in enumerate(np.argsort(-scores, kind="stable")):
        row_y = y + ROW_PX + (place + 1) * ROW_PX
        if row_y > rows_end:
            return
        cv2.putText(
            picture,
            SCORES[column],
            (x, row_y),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            WHITE,
            1,
            cv2.LINE_AA,
        )
        end = (x + BAR_X_PX + int(BAR_PX * scores[column]), row_y - 2)
        cv2.rectangle(picture, (x + BAR_X_PX, row_y - 7), end, WHITE, cv2.FILLED)
