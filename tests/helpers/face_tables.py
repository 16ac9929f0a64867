"""Small tables of faces, and the timelines that they belong to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ferbench.types import Faces, Timeline, VideoInfo


def timeline_of(edges_s) -> Timeline:
    edges_s = np.asarray(edges_s, np.float64)
    video = VideoInfo(
        video_id="v", path=Path("v.mp4"), sha256="", num_frames=len(edges_s) - 1,
        width_px=640, height_px=360, fps_hz=10.0, picture_start_s=float(edges_s[0]),
    )  # fmt: skip
    return Timeline(video=video, edges_s=edges_s)


def faces_of(sightings) -> Faces:
    """Faces at (frame, x1, y1, x2, y2)."""
    rows = np.array(sorted(sightings, key=lambda row: row[0]), np.float64).reshape(-1, 5)
    return Faces(
        frame=rows[:, 0].astype(np.int64),
        box_xyxy=rows[:, 1:].astype(np.float32),
        score=np.full(len(rows), 0.01, np.float32),
        landmarks_xy=np.full((len(rows), 5, 2), np.nan, np.float32),
    )


def at_10_hz(num_frames: int) -> Timeline:
    return timeline_of(np.arange(num_frames + 1) / 10)
