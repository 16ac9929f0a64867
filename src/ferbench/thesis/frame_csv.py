"""The thesis' CSV files: frame predictions and faces, in and out.

Predictions, ``<video>.<model>.<backend>.csv``: one line per video frame, no header, 12 columns: x,
y, w, h of the face (whole pixels), seven scores, label. A frame without a face has eleven zeros and
``None``. Faces, ``<video>.<backend>.csv``: x1, y1, x2, y2, score, five zeros where there is no
face. Lines end in CR LF, numbers are the shortest text that gives the same float32. Source: the
files that github.com/TimDeelstra/FER writes and reads. What differs: that program silently stops at
a line that does not have 12 columns, and counts a header as a frame; here both are errors. Lines
without content at the end of the file are ignored.

What is read and written again is the same to the byte, but for line ends, blank lines at the end,
spellings of numbers that the thesis' program does not use (``0.10``, a box of ``2.0``), and numbers
in a line whose label is ``None``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import FormatError
from ferbench.labels import expression_name
from ferbench.thesis.text import read_records, write_rows
from ferbench.types import F32, F64

COLUMNS: Final = (
    "x",
    "y",
    "w",
    "h",
    "angry",
    "disgust",
    "fear",
    "happy",
    "sad",
    "surprise",
    "neutral",
    "label",
)
SCORES: Final = COLUMNS[4:11]
EXPRESSIONS: Final = tuple(expression_name(name) for name in SCORES)
"""The expressions of ``SCORES`` as ferbench spells them."""
FACE_COLUMNS: Final = ("x1", "y1", "x2", "y2", "score")
NO_FACE: Final = "None"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThesisPredictions:
    """The content of one file of predictions, N rows.

    Attributes:
        path: where it was read from, or what it is named after.
        labels: N labels exactly as written (other programs' spellings, blanks and quotes kept);
            None = no face.
        scores: f32 (N, 7) in the order of ``SCORES``: logits or probabilities, depending on the
            model that wrote them; NaN where there is no face.
        box_xywh: f64 (N, 4) pixels, whole numbers; NaN where there is no face.
    """

    path: Path
    labels: tuple[str | None, ...]
    scores: F32
    box_xywh: F64

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThesisFaces:
    """The content of one file of faces: the best face of each of N frames, whatever its score.

    Attributes:
        box_xyxy: f32 (N, 4) pixels, not clipped; NaN where there is no face.
        score: f32 (N,), NaN where there is no face. Some files write such a row as ``0.0``: then
            all five are 0.
    """

    box_xyxy: F32
    score: F32

    def __len__(self) -> int:
        return len(self.score)

    def has_face(self) -> NDArray[np.bool_]:
        """Rows with a face, bool (N,)."""
        zero = (self.score == 0) & (self.box_xyxy == 0).all(axis=1)
        result: NDArray[np.bool_] = ~(np.isnan(self.score) | zero)
        return result


def read_thesis_csv(path: Path) -> ThesisPredictions:
    """Read a file of frame predictions; any line end, quoted fields allowed.

    Raises:
        FormatError: the file cannot be read, or a line is not a frame; names file and line (from
            1).
    """
    labels: list[str | None] = []
    numbers: list[list[float]] = []
    for line, cells in read_records(path):
        _check_width(path, line, cells, COLUMNS)
        *number_cells, label_cell = cells
        numbers.append(_numbers(path, line, number_cells, "11 numbers and a label", cells))
        labels.append(None if label_cell == NO_FACE else label_cell)
    table = np.array(numbers, np.float64).reshape(len(numbers), len(COLUMNS) - 1)
    without_face = [label is None for label in labels]
    table[without_face] = np.nan
    return ThesisPredictions(
        path=path,
        labels=tuple(labels),
        scores=_single(table[:, 4:]),
        box_xywh=table[:, :4],
    )


def write_thesis_csv(path: Path, predictions: ThesisPredictions) -> None:
    """Write a file of frame predictions (see the head of this module).

    Raises:
        FormatError: a box is not of whole pixels.
    """
    _check_whole_pixels(path, predictions)
    rows = (
        _prediction_cells(label, box_xywh, scores)
        for label, box_xywh, scores in zip(
            predictions.labels, predictions.box_xywh, predictions.scores, strict=True
        )
    )
    write_rows(path, rows)


def _check_whole_pixels(path: Path, predictions: ThesisPredictions) -> None:
    boxes_xywh = predictions.box_xywh
    has_face = np.array([label is not None for label in predictions.labels], np.bool_)
    is_whole = (boxes_xywh == np.trunc(boxes_xywh)).all(axis=1)
    broken = np.flatnonzero(has_face & ~is_whole)
    if not len(broken):
        return
    row = broken[0]
    raise FormatError(
        f"{path.name}: expected boxes of whole pixels, got {boxes_xywh[row].tolist()} "
        f"in row {row} (from 0)"
    )


def _prediction_cells(label: str | None, box_xywh: F64, scores: F32) -> list[object]:
    if label is None:
        return [0] * (len(COLUMNS) - 1) + [NO_FACE]
    whole_box = [int(number) for number in box_xywh]
    return [*whole_box, *map(str, scores), label]


def read_thesis_faces(path: Path) -> ThesisFaces:
    """Read a file of faces; any line end.

    Raises:
        FormatError: the file cannot be read, or a line is not a frame; names file and line (from
            1).
    """
    width = len(FACE_COLUMNS)
    numbers: list[list[float]] = []
    without_face: list[bool] = []
    for line, cells in read_records(path):
        _check_width(path, line, cells, FACE_COLUMNS)
        numbers.append(_numbers(path, line, cells, "5 numbers", cells))
        without_face.append(cells == ["0"] * width)
    table = _single(np.array(numbers, np.float64).reshape(len(numbers), width))
    table[without_face] = np.nan
    return ThesisFaces(box_xyxy=table[:, :4], score=table[:, 4])


def write_thesis_faces(path: Path, faces: ThesisFaces) -> None:
    """Write a file of faces (see the head of this module)."""
    table = np.concatenate([faces.box_xyxy, faces.score[:, None]], axis=1)
    write_rows(path, (_face_cells(row) for row in table))


def _face_cells(row: F32) -> list[object]:
    if np.isnan(row[4]):
        return [0] * len(FACE_COLUMNS)
    return [str(number) for number in row]


def _single(values: F64) -> F32:
    with np.errstate(over="ignore"):
        result: F32 = values.astype(np.float32)
    return result


def _check_width(path: Path, line: int, cells: list[str], columns: Sequence[str]) -> None:
    if len(cells) == len(columns):
        return
    got = f"{len(cells)} columns" if cells else "an empty line"
    hint = "correct or remove the line (removing it moves all later frames)"
    kinds = {len(COLUMNS): "predictions", len(FACE_COLUMNS): "faces"}
    if line == 1 and len(cells) in kinds:
        hint = f"this looks like the thesis' file of {kinds[len(cells)]}"
    raise FormatError(
        f"{path}, line {line}: expected {len(columns)} columns ({', '.join(columns)}), got {got}",
        hint=hint,
    )


def _numbers(
    path: Path, line: int, cells: list[str], expected: str, whole: list[Any]
) -> list[float]:
    try:
        return [float(cell) for cell in cells]
    except ValueError as error:
        hint = "remove the header, these files have none" if line == 1 else "correct the line"
        raise FormatError(
            f"{path}, line {line}: expected {expected}, got {whole!r}", hint=hint
        ) from error
