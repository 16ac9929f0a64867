"""Between ferbench's tables and the thesis' frame predictions and faces."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ferbench.errors import FormatError
from ferbench.events.timecode import check_rate
from ferbench.labels import EMOTIONS
from ferbench.thesis.frame_csv import EXPRESSIONS, SCORES, ThesisFaces, ThesisPredictions
from ferbench.thesis.names import parse_thesis_name
from ferbench.thesis.stored_scores import StoredScores
from ferbench.types import F64, I64, Expressions, Faces, Signal, Timeline, VideoInfo

LABELS: Final = frozenset(name.capitalize() for name in EMOTIONS)
"""What the thesis' programs call the expressions in the last column."""


def thesis_predictions(
    path: Path,
    timeline: Timeline,
    faces: Faces,
    expressions: Expressions,
    chosen: I64,
    *,
    stored: StoredScores | None = None,
) -> ThesisPredictions:
    """The chosen face of every frame in the thesis' form.

    Box: corners cut to whole pixels, left and top not below 0, as the thesis' program does. Label:
    the largest of all outputs of the model, as the thesis spells it (``Happiness``). Scores: as
    ``stored`` says, else probabilities by the name of the column. What differs from the thesis'
    files: the face is the selector's; a model with further expressions (contempt) can give labels
    that have no column; and where no crop could be made, the boxes of later frames are not shifted.

    Args:
        path: what the result is named after.
        timeline: of the video, T frames.
        faces: all faces.
        expressions: of the classified faces.
        chosen: i64 (T,), row in Faces per frame, -1 = none.
        stored: how the thesis' program stored this model's outputs; None = it did not have it.

    Raises:
        FormatError: the model lacks one of the seven expressions, or has other outputs than
            ``stored`` describes.
    """
    columns = _columns(expressions, stored)
    as_logits = stored is not None and stored.scores == "logits"
    outputs = expressions.logits.astype(np.float64) if as_logits else expressions.probs()
    row = expressions.rows_of(chosen)
    known = (row >= 0) & ~np.isnan(_padded(outputs)[row]).any(axis=1)
    known_row = row[known]
    num_frames = timeline.video.num_frames
    scores = np.full((num_frames, len(SCORES)), np.nan, np.float32)
    scores[known] = outputs[known_row][:, columns]
    box_xywh = np.full((num_frames, 4), np.nan)
    box_xywh[known] = _whole_xywh(faces.box_xyxy[chosen[known]].astype(np.float64))
    labels: list[str | None] = [None] * num_frames
    top_outputs = expressions.logits[known_row].argmax(axis=1)
    for frame, output in zip(np.flatnonzero(known), top_outputs, strict=True):
        labels[frame] = expressions.labels[output].capitalize()
    return ThesisPredictions(path=path, labels=tuple(labels), scores=scores, box_xywh=box_xywh)


def _columns(expressions: Expressions, stored: StoredScores | None) -> list[int]:
    """Which output each of the seven columns has."""
    stored_under = expressions.labels
    if stored is not None:
        stored_under = stored.columns
        if len(stored_under) != len(expressions.labels):
            raise FormatError(
                f"the thesis' {stored.name} has {len(stored_under)} outputs, the model has "
                f"{len(expressions.labels)}: write our own tables"
            )
    missing = [label for label in EXPRESSIONS if label not in stored_under]
    if missing:
        raise FormatError(
            f"the thesis' file needs {', '.join(EXPRESSIONS)}; "
            f"the model has no {', '.join(missing)}: write our own tables"
        )
    return [stored_under.index(label) for label in EXPRESSIONS]


def thesis_faces(timeline: Timeline, faces: Faces) -> ThesisFaces:
    """The detector's first face of every frame, whatever its score.

    The thesis' program keeps these for its next model.

    Args:
        timeline: of the video, T frames.
        faces: all faces.
    """
    num_frames = timeline.video.num_frames
    box_xyxy = np.full((num_frames, 4), np.nan, np.float32)
    score = np.full(num_frames, np.nan, np.float32)
    frame, first_row = np.unique(faces.frame, return_index=True)
    box_xyxy[frame] = faces.box_xyxy[first_row]
    score[frame] = faces.score[first_row]
    return ThesisFaces(box_xyxy=box_xyxy, score=score)


def _padded(outputs: F64) -> F64:
    """With a last row of NaN, which stands for what was not classified (row -1)."""
    result: F64 = np.concatenate([outputs, np.full((1, outputs.shape[1]), np.nan)])
    return result


def _whole_xywh(box_xyxy: F64) -> F64:
    corners = np.trunc(box_xyxy)
    corners[:, :2] = np.maximum(corners[:, :2], 0)
    result: F64 = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    return result


def label_signal(predictions: ThesisPredictions, fps: float, *, label: str = "Surprise") -> Signal:
    """A signal for any event rule.

    1 where the row has exactly this label, else 0, NaN where there is no face.

    The scores are not used: the file does not say whether they are logits or probabilities. Row i
    lasts from i / fps to (i + 1) / fps seconds. The video is named after the file, its size is
    unknown (0).

    Args:
        predictions: rows of a file.
        fps: rows per second.
        label: compared letter by letter: case and blanks matter.

    Raises:
        DataError: the rate is not a finite number above 0.
    """
    check_rate(fps)
    value = np.array([row_label == label for row_label in predictions.labels], np.float64)
    value[[row_label is None for row_label in predictions.labels]] = np.nan
    video = VideoInfo(
        video_id=_session_id(predictions.path),
        path=predictions.path,
        sha256="",
        num_frames=len(predictions),
        width_px=0,
        height_px=0,
        fps_hz=fps,
    )
    edges_s = np.arange(len(predictions) + 1, dtype=np.float64) / fps
    timeline = Timeline(video=video, edges_s=edges_s)
    return Signal(timeline=timeline, value=value, label=label)


def _session_id(path: Path) -> str:
    name = parse_thesis_name(path.name)
    if name is None or name.model is None:
        return path.stem
    return name.session_id
