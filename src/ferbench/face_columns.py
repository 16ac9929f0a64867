"""What is known of each face of a video, in flat columns: a row per face and per empty frame."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferbench.types import Expressions, Faces, Regression, Timeline

BOX_COLUMNS: Final = ("x1", "y1", "x2", "y2")
LANDMARK_COLUMNS: Final = tuple(
    f"{point}_{axis}"
    for point in ("left_eye", "right_eye", "nose", "left_mouth", "right_mouth")
    for axis in "xy"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: N values, and where they are missing, bool (N,); None = nowhere."""

    values: NDArray[Any]
    missing: NDArray[np.bool_] | None = None


def face_columns(timeline: Timeline, faces: Faces, expressions: Expressions) -> dict[str, Column]:
    """Columns by name, rows in order of frames.

    ``frame, start_s, end_s`` (i64, f64 seconds of the video), ``face`` (i64, row in ``faces``),
    box, score and landmarks (f32, pixels), ``logit.<label>`` (f32) and ``prob.<label>`` (f64) of
    each class, ``value.<name>`` (f32, in its own units) of each regression. What a row does not
    have is missing: all of an empty frame's face, logits of a face that was not classified.
    """
    num_frames = timeline.video.num_frames
    empty_frames = np.setdiff1d(np.arange(num_frames), faces.frame)
    frame = np.concatenate([faces.frame, empty_frames])
    order = np.argsort(frame, kind="stable")
    frame = frame[order]
    no_row = np.full(len(empty_frames), -1)
    face = np.concatenate([np.arange(len(faces)), no_row])[order]
    is_empty = face < 0
    columns = {
        "frame": Column(values=frame),
        "start_s": Column(values=timeline.edges_s[frame]),
        "end_s": Column(values=timeline.edges_s[frame + 1]),
        "face": Column(values=face, missing=is_empty),
    }
    columns |= _detections(faces, face, is_empty)
    row = expressions.rows_of(face)
    columns |= _by_label("logit", expressions.labels, expressions.logits, row)
    columns |= _by_label("prob", expressions.labels, expressions.probs(), row)
    names = tuple(regression.name for regression in expressions.regressions)
    columns |= _by_label("value", names, expressions.regressed, row)
    return columns


def regressions_as_json(regressions: Sequence[Regression]) -> list[dict[str, Any]]:
    """What regressions are, as tables say it beside their columns; an end not told is null."""
    return [
        {
            "name": each.name,
            "low": each.low if math.isfinite(each.low) else None,
            "high": each.high if math.isfinite(each.high) else None,
            "meaning": each.meaning,
        }
        for each in regressions
    ]


def regressions_from_json(told: Sequence[Mapping[str, Any]]) -> tuple[Regression, ...]:
    """The inverse of ``regressions_as_json``."""
    return tuple(
        Regression(
            name=each["name"],
            low=-math.inf if each["low"] is None else each["low"],
            high=math.inf if each["high"] is None else each["high"],
            meaning=each["meaning"],
        )
        for each in told
    )


def _detections(faces: Faces, face: NDArray[Any], is_empty: NDArray[np.bool_]) -> dict[str, Column]:
    """Box, score and landmarks of each row's face."""
    landmarks = faces.landmarks_xy.reshape(-1, len(LANDMARK_COLUMNS))
    table = np.concatenate([faces.box_xyxy, faces.score[:, None], landmarks], axis=1)
    padded = _with_blank_row(table)
    columns = {}
    for number, name in enumerate((*BOX_COLUMNS, "score", *LANDMARK_COLUMNS)):
        values = np.ascontiguousarray(padded[face, number])
        columns[name] = Column(values=values, missing=is_empty | np.isnan(values))
    return columns


def _by_label(
    prefix: str, labels: tuple[str, ...], table: NDArray[Any], row: NDArray[Any]
) -> dict[str, Column]:
    """A column per label, missing where a face was not classified."""
    padded = _with_blank_row(table)
    columns = {}
    for number, label in enumerate(labels):
        values = np.ascontiguousarray(padded[row, number])
        columns[f"{prefix}.{label}"] = Column(values=values, missing=(row < 0) | np.isnan(values))
    return columns


def _with_blank_row(table: NDArray[Any]) -> NDArray[Any]:
    """The table with a last row of zeros, which row -1 is."""
    return np.concatenate([table, np.zeros((1, table.shape[1]), table.dtype)])
