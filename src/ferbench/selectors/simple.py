"""Selectors that look at one frame at a time.

Drop faces by score, then take the best of what is left.

All of them keep rows whose score is strictly greater than ``min_score`` and whose box and score are
finite; of equal rows the first wins. A frame without such a row gets -1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ferbench.checks import check_finite
from ferbench.selectors.rows import areas_px2, best_per_frame, off_centre_px2, usable
from ferbench.types import I64, Faces, Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """The detector's own first face (RetinaFace, SCRFD: by score; MTCNN: by area).

    Attributes:
        min_score: faces must score strictly more than this.
    """

    version: ClassVar[str] = "1"
    min_score: float = 0.0

    def __post_init__(self) -> None:
        """Check the threshold."""
        check_finite("min_score", self.min_score)

    def select(self, faces: Faces, timeline: Timeline, *, camera: str = "") -> I64:  # noqa: ARG002
        """Row of ``faces`` chosen in each frame, i64 (T,); -1 = none."""
        rows = usable(faces, timeline, self.min_score)
        return best_per_frame(faces, rows, np.zeros(len(rows)), timeline)


@dataclass(frozen=True, slots=True, kw_only=True)
class BestScore:
    """The face with the highest detector score.

    Attributes:
        min_score: faces must score strictly more than this.
    """

    version: ClassVar[str] = "1"
    min_score: float = 0.0

    def __post_init__(self) -> None:
        """Check the threshold."""
        check_finite("min_score", self.min_score)

    def select(self, faces: Faces, timeline: Timeline, *, camera: str = "") -> I64:  # noqa: ARG002
        """Row of ``faces`` chosen in each frame, i64 (T,); -1 = none."""
        rows = usable(faces, timeline, self.min_score)
        return best_per_frame(faces, rows, faces.score[rows].astype(np.float64), timeline)


@dataclass(frozen=True, slots=True, kw_only=True)
class Largest:
    """The face with the largest box in square pixels; parts of a box outside the frame count.

    Attributes:
        min_score: faces must score strictly more than this.
    """

    version: ClassVar[str] = "1"
    min_score: float = 0.0

    def __post_init__(self) -> None:
        """Check the threshold."""
        check_finite("min_score", self.min_score)

    def select(self, faces: Faces, timeline: Timeline, *, camera: str = "") -> I64:  # noqa: ARG002
        """Row of ``faces`` chosen in each frame, i64 (T,); -1 = none."""
        rows = usable(faces, timeline, self.min_score)
        return best_per_frame(
            faces, rows, areas_px2(faces.box_xyxy[rows].astype(np.float64)), timeline
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Central:
    """The face whose box centre is nearest to the centre of the frame.

    Attributes:
        min_score: faces must score strictly more than this.
    """

    version: ClassVar[str] = "1"
    min_score: float = 0.0

    def __post_init__(self) -> None:
        """Check the threshold."""
        check_finite("min_score", self.min_score)

    def select(self, faces: Faces, timeline: Timeline, *, camera: str = "") -> I64:  # noqa: ARG002
        """Row of ``faces`` chosen in each frame, i64 (T,).

        -1 = none. Raises ConfigError: the frame has no size.
        """
        rows = usable(faces, timeline, self.min_score)
        box = faces.box_xyxy[rows].astype(np.float64)
        return best_per_frame(faces, rows, -off_centre_px2(box, timeline), timeline)
