"""Selectors that look at one frame at a time: drop faces by score, then take the best of what is left.

All of them keep rows whose score is strictly greater than ``min_score`` and whose box and score are finite; of equal
rows the first wins. A frame without such a row gets -1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ferbench.errors import ConfigError, DataError
from ferbench.types import F64, I64, Faces


def _usable(faces: Faces, min_score: float) -> I64:
    """Rows with a finite box and a finite score strictly above ``min_score``, i64, rising."""
    finite = np.isfinite(faces.box_xyxy).all(axis=1) & np.isfinite(faces.score)
    above = faces.score > np.float32(min_score)  # both f32: a stored 0.3 is not above 0.3
    return np.flatnonzero(finite & above).astype(np.int64)


def _best_per_frame(faces: Faces, rows: I64, merit: F64, num_frames: int) -> I64:
    """The row with the largest merit in each frame.

    Args:
        faces: all faces.
        rows: i64 (R,), rising rows of ``faces`` to choose from.
        merit: f64 (R,), larger is better.
        num_frames: length of the result.

    Raises:
        DataError: a face lies in a frame outside 0..num_frames-1.
    """
    if len(faces) and not (faces.frame[0] >= 0 and faces.frame[-1] < num_frames):
        raise DataError(
            f"Faces.frame: got frames {faces.frame[0]}..{faces.frame[-1]}, expected 0..{num_frames - 1}; "
            "check that faces and timeline come from the same video"
        )
    chosen = np.full(num_frames, -1, np.int64)
    if len(rows) == 0:
        return chosen
    frame = faces.frame[rows]
    order = np.lexsort((-merit, frame))  # stable: equal rows stay in their order
    frame = frame[order]
    first = np.concatenate(([True], frame[1:] != frame[:-1]))
    chosen[frame[first]] = rows[order[first]]
    return chosen


def _check_min_score(min_score: float) -> None:
    if not np.isfinite(min_score):
        raise ConfigError(f"min_score: expected a finite number, got {min_score!r}")


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
        _check_min_score(self.min_score)

    def select(self, faces: Faces, *, num_frames: int, width_px: int, height_px: int) -> I64:  # noqa: ARG002
        """Row of ``faces`` chosen in each frame, i64 (num_frames,); -1 = none."""
        rows = _usable(faces, self.min_score)
        return _best_per_frame(faces, rows, np.zeros(len(rows)), num_frames)


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
        _check_min_score(self.min_score)

    def select(self, faces: Faces, *, num_frames: int, width_px: int, height_px: int) -> I64:  # noqa: ARG002
        """Row of ``faces`` chosen in each frame, i64 (num_frames,); -1 = none."""
        rows = _usable(faces, self.min_score)
        return _best_per_frame(faces, rows, faces.score[rows].astype(np.float64), num_frames)


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
        _check_min_score(self.min_score)

    def select(self, faces: Faces, *, num_frames: int, width_px: int, height_px: int) -> I64:  # noqa: ARG002
        """Row of ``faces`` chosen in each frame, i64 (num_frames,); -1 = none."""
        rows = _usable(faces, self.min_score)
        box = faces.box_xyxy[rows].astype(np.float64)
        sides = np.maximum(box[:, 2:] - box[:, :2], 0.0)
        return _best_per_frame(faces, rows, sides[:, 0] * sides[:, 1], num_frames)


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
        _check_min_score(self.min_score)

    def select(self, faces: Faces, *, num_frames: int, width_px: int, height_px: int) -> I64:
        """Row of ``faces`` chosen in each frame, i64 (num_frames,); -1 = none."""
        rows = _usable(faces, self.min_score)
        box = faces.box_xyxy[rows].astype(np.float64)
        offset = (box[:, :2] + box[:, 2:]) / 2 - np.array([width_px, height_px]) / 2
        return _best_per_frame(faces, rows, -np.square(offset).sum(axis=1), num_frames)
