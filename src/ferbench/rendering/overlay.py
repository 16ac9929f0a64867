"""What is known of a video's frames and drawn on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ferbench.thesis.frame_csv import EXPRESSIONS, ThesisPredictions
from ferbench.thesis.rows import thesis_predictions
from ferbench.types import (
    F64,
    I64,
    Annotation,
    Event,
    Expressions,
    Faces,
    Regression,
    Timeline,
)

if TYPE_CHECKING:
    from ferbench.video.seeking import FileClock

SAME_S = 1e-6
"""What two times of one frame may differ by, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """Predictions of one video, its events and its annotations.

    A row is what the predictions say of one frame, or of all frames until the next row's.

    Attributes:
        session_id: the video's name.
        edges_s: f64 (R+1,), when the rows begin and the last one ends, seconds of the session.
        row: i64 (T,), row of each frame of the video.
        faces: all faces; their ``frame`` is a row.
        values: f64 (M, K), probability of each expression for each face; NaN = not classified.
        labels: K expressions.
        regressed: f64 (M, R), what else the model says of each face; NaN = not classified.
        regressions: what that is.
        chosen: i64 (R,), face of the participant in each row, -1 = none.
        picture_px: width and height of the pictures that boxes are in; None = not told.
        has_all_faces: False = of each frame one face at most is told.
        thesis: the chosen faces as the thesis' programs stored them.
        events: in time order.
        annotations: in time order.
    """

    session_id: str
    edges_s: F64
    row: I64
    faces: Faces
    values: F64
    labels: tuple[str, ...]
    chosen: I64
    regressed: F64 = field(default_factory=lambda: np.empty((0, 0)))
    regressions: tuple[Regression, ...] = ()
    picture_px: tuple[int, int] | None = None
    has_all_faces: bool = True
    thesis: ThesisPredictions | None = None
    events: tuple[Event, ...] = ()
    annotations: tuple[Annotation, ...] = ()

    def faces_in(self, row: int) -> range:
        """The faces of a row."""
        first, last = np.searchsorted(self.faces.frame, [row, row + 1])
        return range(int(first), int(last))

    def event_frames(self) -> list[int]:
        """The first frame of each event, as far as the video has it."""
        frames = [self.first_frame(event.onset_s) for event in self.events]
        return sorted(frame for frame in frames if frame < len(self.row))

    def first_frame(self, time_s: float) -> int:
        """The first frame that begins at a time or later; T = none does."""
        row = int(np.searchsorted(self.edges_s[:-1], time_s - SAME_S))
        return int(np.searchsorted(self.row, row))


def overlay_of_tables(
    timeline: Timeline, faces: Faces, expressions: Expressions, chosen: I64, clock: FileClock
) -> Overlay:
    """What ferbench's tables say.

    Args:
        timeline: of the predictions, R frames.
        faces: all faces.
        expressions: of the classified faces.
        chosen: i64 (R,), row in Faces per frame, -1 = none.
        clock: of the video's file.
    """
    values, regressed = _of_faces(faces, expressions)
    width_px, height_px = timeline.video.width_px, timeline.video.height_px
    return Overlay(
        session_id=timeline.video.video_id,
        edges_s=timeline.edges_s,
        row=rows_of_frames(timeline.edges_s, clock),
        faces=faces,
        values=values,
        labels=expressions.labels,
        chosen=chosen,
        regressed=regressed,
        regressions=expressions.regressions,
        picture_px=(width_px, height_px) if width_px and height_px else None,
        thesis=_as_thesis(timeline, faces, expressions, chosen),
    )


def _of_faces(faces: Faces, expressions: Expressions) -> tuple[F64, F64]:
    """Probabilities, f64 (M, K), and regressions, f64 (M, R), of all faces; NaN = none."""
    values = np.full((len(faces), len(expressions.labels)), np.nan)
    values[expressions.face] = expressions.probs()
    regressed = np.full((len(faces), len(expressions.regressions)), np.nan)
    regressed[expressions.face] = expressions.regressed
    return values, regressed


def _as_thesis(
    timeline: Timeline, faces: Faces, expressions: Expressions, chosen: I64
) -> ThesisPredictions | None:
    """The chosen faces in the thesis' form; None = the model lacks one of its expressions."""
    if not set(EXPRESSIONS) <= set(expressions.labels):
        return None
    return thesis_predictions(timeline.video.path, timeline, faces, expressions, chosen)


def overlay_of_seen(
    first: int, edges_s: F64, faces: Faces, expressions: Expressions, chosen: I64
) -> Overlay:
    """What was found in some consecutive frames of a video, while others are not known yet.

    Args:
        first: number of their first frame.
        edges_s: f64 (T+1,) of all frames of the video.
        faces: of these frames, counted from the first of them.
        expressions: of the classified faces.
        chosen: i64 (N,), row in Faces per frame, -1 = none.
    """
    count = len(edges_s) - 1
    values, regressed = _of_faces(faces, expressions)
    chosen_of_all = np.full(count, -1, np.int64)
    last = min(first + len(chosen), count)
    chosen_of_all[first:last] = chosen[: last - first]
    return Overlay(
        session_id="",
        edges_s=edges_s,
        row=np.arange(count),
        faces=faces.shifted(first),
        values=values,
        labels=expressions.labels,
        chosen=chosen_of_all,
        regressed=regressed,
        regressions=expressions.regressions,
    )


def overlay_of_thesis(
    predictions: ThesisPredictions, session_id: str, clock: FileClock, *, rate_hz: float
) -> Overlay:
    """What a file of the thesis says: a row per frame, one face at most.

    Args:
        predictions: its rows; a surplus of rows without a face at the end is left out.
        session_id: the video's name.
        clock: of the video's file.
        rate_hz: rows per second, with which events in such a file are timed.
    """
    count = min(len(predictions), clock.num_frames)
    has_face = np.array([label is not None for label in predictions.labels[:count]], bool)
    frame = np.flatnonzero(has_face).astype(np.int64)
    box_xywh = predictions.box_xywh[:count][has_face]
    faces = Faces(
        frame=frame,
        box_xyxy=np.concatenate(
            [box_xywh[:, :2], box_xywh[:, :2] + box_xywh[:, 2:]], axis=1
        ).astype(np.float32),
        score=np.ones(len(frame), np.float32),
        landmarks_xy=np.full((len(frame), 5, 2), np.nan, np.float32),
    )
    chosen = np.full(count, -1, np.int64)
    chosen[frame] = np.arange(len(frame))
    return Overlay(
        session_id=session_id,
        edges_s=np.arange(count + 1) / rate_hz,
        row=np.arange(count),
        faces=faces,
        values=_probabilities(predictions.scores[:count][has_face].astype(np.float64)),
        labels=EXPRESSIONS,
        chosen=chosen,
        has_all_faces=False,
        thesis=predictions,
    )


def _probabilities(scores: F64) -> F64:
    """Scores as probabilities: they are, where all rows say so; else they are logits."""
    sums = scores.sum(axis=1)
    if len(scores) == 0 or (scores.min() >= 0 and np.abs(sums - 1).max() < 1e-3):
        return scores
    logits: F64 = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(logits / logits.sum(axis=1, keepdims=True), np.float64)


def rows_of_frames(edges_s: F64, clock: FileClock) -> I64:
    """Row of each frame: the latest one that has begun; frames after the last row have none.

    Args:
        edges_s: f64 (R+1,) of the rows.
        clock: of the frames.

    Returns:
        i64 (T',), T' frames that have a row.
    """
    count = len(edges_s) - 1
    if count == clock.num_frames:
        return np.arange(count)
    starts_s = clock.edges_s[:-1] - clock.edges_s[0]
    row = np.searchsorted(edges_s - edges_s[0], starts_s + SAME_S, side="right") - 1
    return np.asarray(row[row < count], np.int64)
