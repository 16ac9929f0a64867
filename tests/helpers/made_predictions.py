"""Predictions of a video that no network made: a face that moves, and what it expresses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ferbench.formats.predictions import predictions_table, write_predictions
from ferbench.results import Analysis
from ferbench.types import Expressions, Faces, Timeline
from ferbench.video.pyav import PyavReader
from ferbench.weights.digests import sha256_of

LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def timeline_of(video: Path, *, target_fps: float | None = None) -> Timeline:
    """When the reader shows each frame of a video."""
    opened = PyavReader().open(
        video, batch_frames=16, threads=1, keep_damaged=True, target_fps=target_fps
    )
    with opened as frames:
        for _ in frames:
            pass
        return frames.timeline(video_id=video.stem, sha256=sha256_of(video))


def made_analysis(
    video: Path, *, surprised: slice = slice(0, 0), target_fps: float | None = None
) -> Analysis:
    """A face in all frames but the first, and a second one that is not classified.

    ``surprised`` are the rows in which the first expresses surprise; in others it is neutral.
    """
    timeline = timeline_of(video, target_fps=target_fps)
    count, width, height = (
        timeline.video.num_frames,
        timeline.video.width_px,
        timeline.video.height_px,
    )
    frame = np.repeat(np.arange(1, count), 2)
    first = np.array([0.3, 0.3, 0.6, 0.7]) * [width, height, width, height]
    second = np.array([0.8, 0.1, 0.9, 0.3]) * [width, height, width, height]
    boxes = np.tile([first, second], (count - 1, 1)).astype(np.float32)
    faces = Faces(
        frame=frame,
        box_xyxy=boxes,
        score=np.full(len(frame), 0.9, np.float32),
        landmarks_xy=np.repeat(boxes[:, None, :2] + 2, 5, axis=1).astype(np.float32),
    )
    logits = np.full((count - 1, len(LABELS)), -3, np.float32)
    top = np.full(count, LABELS.index("neutral"))
    top[surprised] = LABELS.index("surprise")
    logits[np.arange(count - 1), top[1:]] = 3
    expressions = Expressions(
        frame=np.arange(1, count),
        face=np.arange(0, 2 * (count - 1), 2),
        logits=logits,
        labels=LABELS,
    )
    return Analysis(timeline=timeline, faces=faces, expressions=expressions, keys={}, timing={})


def made_predictions(video: Path, folder: Path, **how: object) -> Path:
    """The same as a table; the path of its Parquet file."""
    analysis = made_analysis(video, **how)
    table = predictions_table(analysis.timeline, analysis.faces, analysis.expressions)
    return write_predictions(folder, video.stem, table, video=video)[0]
