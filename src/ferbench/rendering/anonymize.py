"""Makes faces in a picture unrecognisable: blurred, in large blocks, or covered.

Each face's box (``held_faces``) is enlarged on all sides and replaced as a whole:

- ``box``: by one colour. Nothing of the face is left.
- ``pixelate``: by the mean colours of ``blocks`` x ``blocks`` squares.
- ``blur``: by a smooth surface through the same mean colours. A blur by a filter keeps more than it
  seems to: what a wide filter leaves can be sharpened again. Here nothing is left beyond the means.

Numbers: a detector's box goes from the forehead to the chin. ``margin`` = 0.4 of its sides on each
side takes in hair, ears and neck. ``blocks`` = 6 over the enlarged box are 3 to 4 over the face.
People recognise faces in 16 x 16 blocks (Harmon and Julesz 1973, "Masking in visual recognition").
The blocks' size follows the face's: a large face does not keep more than a small one. Where a face
lies partly outside the picture, blocks are as large as for the whole face.

What blur and pixelate leave still tells skin and hair, and means of many frames together tell more
than those of one. Learned methods compare such pictures with photographs of known people. Where
that matters, use ``box``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ferbench.checks import check_at_least_1, check_choice, check_finite
from ferbench.errors import ConfigError, DataError, VideoError
from ferbench.rendering.held_faces import HeldFaces, HoldRules, held_faces
from ferbench.types import F64, Faces

Method = Literal["blur", "pixelate", "box"]
METHODS: Final = get_args(Method)
Picture = NDArray[np.uint8]
"""RGB u8 (H, W, 3), written to."""

_COVER_RGB: Final = (32, 32, 32)
_MOST_BLOCKS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymization:
    """How faces are made unrecognisable.

    Attributes:
        method: ``blur``, ``pixelate`` or ``box``.
        margin: share of a box's sides that is added on each side.
        blocks: mean colours that are left along the enlarged box's longer side, 1 to 8.
        hold: for how long a face is taken to be there where the detector does not see it.
    """

    method: Method
    margin: float = 0.4
    blocks: int = 6
    hold: HoldRules = field(default_factory=HoldRules)

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("method", self.method, METHODS)
        check_finite("margin", self.margin)
        if self.margin < 0:
            raise ConfigError(key="margin", expected="0 or more", got=self.margin)
        check_at_least_1("blocks", self.blocks)
        if self.blocks > _MOST_BLOCKS:
            raise ConfigError(
                key="blocks",
                expected=f"at most {_MOST_BLOCKS}, in more of them faces can be recognised",
                got=self.blocks,
            )

    def of_video(
        self, name: str, faces: Faces, edges_s: F64, *, size_px: tuple[int, int] | None
    ) -> Anonymizer:
        """What hides the faces of one video.

        Args:
            name: of the video, for messages.
            faces: all faces of the video, not those of one person.
            edges_s: f64 (T+1,), edges of its frames, as far as faces were looked for.
            size_px: width and height of the pictures that the boxes are in; None = not told.

        Raises:
            DataError: a face's box is not finite, or lies in a frame that is not there.
        """
        held = held_faces(faces, edges_s, self.hold)
        return Anonymizer(how=self, name=name, held=held, size_px=size_px)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anonymizer:
    """Hides the faces of one video, picture by picture.

    Attributes:
        how: method and numbers.
        name: of the video.
        held: where faces are.
        size_px: width and height of the pictures; None = not told.
    """

    how: Anonymization
    name: str
    held: HeldFaces
    size_px: tuple[int, int] | None = None

    def __call__(self, picture: Picture, frame: int) -> None:
        """Hide all faces of a frame, in place.

        Args:
            picture: RGB u8 (H, W, 3), as the reader gives it.
            frame: its number in the video, from 0.

        Raises:
            VideoError: the table of faces says nothing about this frame, or is of pictures of
                another size: faces would stay visible.
            DataError: it is no such picture.
        """
        self._check(picture, frame)
        for x1, y1, x2, y2 in self.held.boxes(frame).tolist():
            hide(picture, (x1, y1, x2, y2), self.how)

    def _check(self, picture: Picture, frame: int) -> None:
        if not 0 <= frame < self.held.num_frames:
            raise VideoError(
                f"{self.name}: the predictions say nothing about frame {frame}, they have frames "
                f"0 to {self.held.num_frames - 1}; its faces would stay visible",
                hint="predict the whole video again",
            )
        check_picture(picture)
        size_px = (picture.shape[1], picture.shape[0])
        if self.size_px not in (None, size_px):
            told = "x".join(map(str, self.size_px or ()))
            raise VideoError(
                f"{self.name}: frame {frame} has {size_px[0]}x{size_px[1]} pixels, the predictions "
                f"are of {told}; faces would stay visible",
                hint="predict this video again",
            )


def check_picture(picture: Any) -> None:
    """Raise DataError unless it is RGB u8 (H, W, 3) that can be written to."""
    is_one = (
        isinstance(picture, np.ndarray)
        and picture.dtype == np.uint8
        and picture.ndim == 3
        and picture.shape[2] == 3
        and picture.flags.writeable
    )
    if not is_one:
        got = getattr(picture, "shape", None), getattr(picture, "dtype", type(picture).__name__)
        raise DataError(key="picture", expected="RGB u8 (H, W, 3) that can be written to", got=got)


def hide(picture: Picture, box_xyxy: tuple[float, float, float, float], how: Anonymization) -> None:
    """Replace an enlarged box of a picture, in place; what lies outside the picture is left out.

    Args:
        picture: RGB u8 (H, W, 3).
        box_xyxy: x1, y1, x2, y2, pixels.
        how: method and numbers.
    """
    x1, y1, x2, y2 = box_xyxy
    more_x, more_y = how.margin * (x2 - x1), how.margin * (y2 - y1)
    left, top = max(math.floor(x1 - more_x), 0), max(math.floor(y1 - more_y), 0)
    right = min(math.ceil(x2 + more_x), picture.shape[1])
    bottom = min(math.ceil(y2 + more_y), picture.shape[0])
    if left >= right or top >= bottom:
        return
    region = picture[top:bottom, left:right]
    if how.method == "box":
        region[:] = _COVER_RGB
        return
    block_px = max(x2 - x1 + 2 * more_x, y2 - y1 + 2 * more_y) / how.blocks
    _keep_means(region, block_px, smooth=how.method == "blur")


def _keep_means(region: Picture, block_px: float, *, smooth: bool) -> None:
    """Keep nothing of a region but mean colours of blocks of at least ``block_px``, in place."""
    import cv2

    height_px, width_px = region.shape[:2]
    across, down = max(int(width_px / block_px), 1), max(int(height_px / block_px), 1)
    means = cv2.resize(region, (across, down), interpolation=cv2.INTER_AREA)
    between = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    region[:] = cv2.resize(means, (width_px, height_px), interpolation=between)
