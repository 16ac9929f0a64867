"""Which faces reach the model at all: bounds the cost and keeps bystanders out of the stored expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ferbench.errors import ConfigError
from ferbench.types import I64, Faces


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Admit faces by score, size and number.

    Attributes:
        min_score: detector score must be greater (strictly).
        min_size_px: the shorter side of the box must be at least this many pixels.
        max_faces: at most this many per frame, those of the largest boxes; None = no limit.
    """

    version: ClassVar[str] = "1"
    min_score: float = 0.0
    min_size_px: float = 0.0
    max_faces: int | None = None

    def __post_init__(self) -> None:
        """Check the number of faces."""
        if self.max_faces is not None and self.max_faces < 1:
            raise ConfigError(f"classify.max_faces: expected null or at least 1, got {self.max_faces}")

    def admit(self, faces: Faces) -> I64:
        """Rows that are classified, i64, rising."""
        width = faces.box_xyxy[:, 2] - faces.box_xyxy[:, 0]
        height = faces.box_xyxy[:, 3] - faces.box_xyxy[:, 1]
        ok = (faces.score > self.min_score) & (np.minimum(width, height) >= self.min_size_px)
        rows = np.flatnonzero(ok)
        if self.max_faces is None or len(rows) == 0:
            return rows.astype(np.int64)
        order = np.lexsort((rows, -(width * height)[rows], faces.frame[rows]))
        frame = faces.frame[rows][order]
        starts = np.flatnonzero(np.diff(frame, prepend=frame[0] - 1))
        rank = np.arange(len(frame)) - np.repeat(starts, np.diff(np.append(starts, len(frame))))
        return np.sort(rows[order][rank < self.max_faces]).astype(np.int64)
