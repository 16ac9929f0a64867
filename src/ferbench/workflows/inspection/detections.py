"""What detectors found: scores, sizes, stretches without a face, faces per frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.timespans import runs_of
from ferbench.types import I64, Faces, Timeline
from ferbench.workflows.inspection.numbers import Values

GAP_EDGES_S: Final = np.array([0, 0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, np.inf])
"""Of stretches without a face; the first bin is a single frame."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """What one detector found in all videos.

    Attributes:
        frames: frames that were looked at.
        frames_with_face: those with a face at least.
        faces: all faces.
        score: of every face.
        size_px: shorter side of every box, pixels.
        gap_s: length of every stretch of frames without a face, seconds.
        frames_of_count: i64 (N+1,), frames with 0, 1, ... faces.
    """

    frames: int
    frames_with_face: int
    faces: int
    score: Values
    size_px: Values
    gap_s: Values
    frames_of_count: I64

    @property
    def faces_per_frame(self) -> float:
        """Mean; NaN without frames."""
        return self.faces / self.frames if self.frames else float("nan")


def detections_of(videos: Iterable[tuple[Timeline, Faces]]) -> Detections:
    """Put the faces of several videos together."""
    scores, sizes, gaps, counts = [], [], [], []
    for timeline, faces in videos:
        of_frame = np.bincount(faces.frame, minlength=timeline.video.num_frames)
        counts.append(of_frame)
        box = faces.box_xyxy.astype(np.float64)
        sides = box[:, 2:] - box[:, :2]
        scores.append(faces.score)
        sizes.append(sides.min(axis=1) if len(sides) else np.empty(0))
        ends_s = timeline.edges_s[runs_of(of_frame == 0)]
        gaps.append(ends_s[:, 1] - ends_s[:, 0])
    of_frames = np.concatenate(counts) if counts else np.empty(0, np.int64)
    return Detections(
        frames=len(of_frames),
        frames_with_face=int((of_frames > 0).sum()),
        faces=int(of_frames.sum()),
        score=Values.joined(scores),
        size_px=Values.joined(sizes),
        gap_s=Values.joined(gaps),
        frames_of_count=np.bincount(of_frames).astype(np.int64),
    )
