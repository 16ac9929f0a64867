"""Small tables of faces, and times of frames."""

from __future__ import annotations

import numpy as np

from ferbench.types import Faces


def faces_of(sightings) -> Faces:
    """Faces at (frame, x1, y1, x2, y2)."""
    rows = np.array(sorted(sightings, key=lambda row: row[0]), np.float64).reshape(-1, 5)
    return Faces(
        frame=rows[:, 0].astype(np.int64),
        box_xyxy=rows[:, 1:].astype(np.float32),
        score=np.full(len(rows), 0.01, np.float32),
        landmarks_xy=np.full((len(rows), 5, 2), np.nan, np.float32),
    )


def at_10_hz(num_frames: int) -> np.ndarray:
    """Edges of frames, seconds."""
    return np.arange(num_frames + 1) / 10
