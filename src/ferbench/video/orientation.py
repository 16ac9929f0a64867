"""How a picture is held: the eight ways that a display matrix can ask for.

A display matrix (ISO/IEC 14496-12, tkhd; FFmpeg's ``AV_FRAME_DATA_DISPLAYMATRIX``) takes a stored
point (x, y) to (a x + c y, b x + d y). With the stored picture's axes kept or exchanged, and either
one reversed, that makes rotations by quarter turns and their mirror images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import numpy as np

if TYPE_CHECKING:
    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame

    from ferbench.types import F64
    from ferbench.video.buffers import Pixels

TOLERATED_TILT_DEG: Final = 1.0
"""How far from a quarter turn a matrix may turn without a word, degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orientation:
    """From the stored picture to the shown one: exchange the axes, then reverse them.

    Attributes:
        transposed: rows become columns.
        flipped_x: then left and right change places.
        flipped_y: then top and bottom change places.
        tilt_deg: what the matrix turns beyond that, degrees; nobody applies it.
    """

    transposed: bool = False
    flipped_x: bool = False
    flipped_y: bool = False
    tilt_deg: float = 0.0

    @property
    def rotation_deg(self) -> int:
        """Counter-clockwise rotation that comes first: 0, 90, 180 or 270."""
        if self.transposed:
            return 90 if self.flipped_y else 270
        return 180 if self.flipped_y else 0

    @property
    def is_mirrored(self) -> bool:
        """Whether left and right change places after the rotation."""
        return (self.flipped_x != self.flipped_y) != self.transposed

    def shown_hw(self, stored_hw: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the shown picture."""
        height, width = stored_hw
        return (width, height) if self.transposed else (height, width)

    def view(self, stored: Pixels) -> Pixels:
        """The shown picture, u8 (H', W', 3), of a stored one, u8 (H, W, 3); no copy."""
        shown = stored.transpose(1, 0, 2) if self.transposed else stored
        return shown[
            :: -1 if self.flipped_y else 1,
            :: -1 if self.flipped_x else 1,
        ]

    def sentences(self) -> list[str]:
        """What a reader of the numbers should know."""
        if abs(self.tilt_deg) <= TOLERATED_TILT_DEG:
            return []
        return [
            f"its header tilts the picture by {self.tilt_deg:.0f} degrees, which is not applied: "
            "only quarter turns and mirroring are"
        ]


AS_STORED: Final = Orientation()


def orientation_of(frame: VideoFrame) -> Orientation:
    """The orientation that a decoded frame asks for."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return AS_STORED
    matrix = np.frombuffer(memoryview(cast("SideData", data)), dtype=np.int32).reshape(3, 3)
    return from_matrix(matrix.astype(np.float64))


def from_matrix(matrix: F64) -> Orientation:
    """The orientation next to a display matrix, f64 (3, 3); any scale, ``[[a, b, u], [c, d, v]]``.

    >>> from_matrix(np.array([[-1.0, 0, 0], [0, 1, 0], [0, 0, 1]])).is_mirrored
    True
    """
    (a, b), (c, d) = matrix[:2, :2].tolist()
    transposed = abs(b) + abs(c) > abs(a) + abs(d)
    along_x, along_y = (c, b) if transposed else (a, d)
    return Orientation(
        transposed=transposed,
        flipped_x=along_x < 0,
        flipped_y=along_y < 0,
        tilt_deg=_tilt_deg(abs(a), abs(b)),
    )


def _tilt_deg(along: float, across: float) -> float:
    """Angle between where the stored rows go, at least 0, and the nearest axis of the screen."""
    return math.degrees(math.atan2(min(along, across), max(along, across)))
