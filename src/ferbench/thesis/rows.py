"""Between ferbench's tables and the thesis' frame predictions and faces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.errors import FormatError
from ferbench.events.windowed import check_rate
from ferbench.labels import EMOTIONS, expression_name
from ferbench.thesis.frame_csv import SCORES, ThesisFaces, ThesisPredictions
from ferbench.thesis.names import parse_thesis_name
from ferbench.types import F64, I64, Expressions, Faces, Signal, Timeline, VideoInfo

if TYPE_CHECKING:
    from ferbench.recognizer import StoredScores

_WANTED: Final = tuple(expression_name(name) for name in SCORES)
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
        stored: how the thesis' program stored this model's outputs; None = it did not, or not so
            that it makes sense.

    Raises:
        FormatError: the model lacks one of the seven expressions.
    """
    columns = expressions.labels if stored is None else stored.columns
    missing = [label for label in _WANTED if label not in columns]
    if missing:
        raise FormatError(
            f"the thesis' file needs {', '.join(_WANTED)}; the model has no {', '.join(missing)}: write our own tables"
        )
    as_logits = stored is not None and stored.scores == "logits"
    outputs = expressions.logits.astype(np.float64) if as_logits else expressions.probs()
    row = expressions.rows_of(chosen)
    known = (row >= 0) & ~np.isnan(_padded(outputs)[row]).any(axis=1)
    frames = timeline.video.num_frames
    scores = np.full((frames, len(SCORES)), np.nan, np.float32)
    scores[known] = outputs[row[known]][:, [columns.index(label) for label in _WANTED]]
    box_xywh = np.full((frames, 4), np.nan)
    box_xywh[known] = _whole_xywh(faces.box_xyxy[chosen[known]].astype(np.float64))
    names = [label.capitalize() for label in expressions.labels]
    top = np.full(frames, -1)
    top[known] = expressions.logits[row[known]].argmax(axis=1)
    labels = tuple(None if k < 0 else names[k] for k in top)
    return ThesisPredictions(path=path, labels=labels, scores=scores, box_xywh=box_xywh)


def thesis_faces(timeline: Timeline, faces: Faces) -> ThesisFaces:
    """The detector's first face of every frame, whatever its score.

    What the thesis' program keeps for its next model.

    Args:
        timeline: of the video, T frames.
        faces: all faces.
    """
    frames = timeline.video.num_frames
    box_xyxy, score = np.full((frames, 4), np.nan, np.float32), np.full(frames, np.nan, np.float32)
    frame, first = np.unique(faces.frame, return_index=True)
    box_xyxy[frame], score[frame] = faces.box_xyxy[first], faces.score[first]
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
    value = np.array(
        [np.nan if own is None else float(own == label) for own in predictions.labels], np.float64
    )
    name = parse_thesis_name(predictions.path.name)
    video = VideoInfo(
        video_id=name.session_id if name and name.model else predictions.path.stem,
        path=predictions.path,
        sha256="",
        num_frames=len(predictions),
        width_px=0,
        height_px=0,
        fps_hz=fps,
    )
    timeline = Timeline(
        video=video, edges_s=np.arange(len(predictions) + 1, dtype=np.float64) / fps
    )
    return Signal(timeline=timeline, value=value, label=label)
