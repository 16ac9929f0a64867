"""The thesis' frame predictions (CSV), and its event detection on them.

One line per video frame, no header, 12 columns: x, y, w, h of the face, seven scores, label. A frame without a face
has eleven zeros and ``None``. Source: the files that github.com/TimDeelstra/FER writes and reads. What differs: that
program stops without a word at a line that does not have 12 columns and counts a header as a frame; here both are
errors. Lines without content at the end of the file are ignored.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ferbench.errors import FormatError
from ferbench.events.windowed import check_rate, segment_flags, timecode
from ferbench.types import F64, I64, Signal, Timeline, VideoInfo

COLUMNS: Final = ("x", "y", "w", "h", "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "label")
SCORES: Final = COLUMNS[4:11]
NO_FACE: Final = "None"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThesisPredictions:
    """The content of one file, N rows.

    Attributes:
        path: where it was read from.
        labels: N labels exactly as written (other programs' spellings, blanks and quotes kept); None = no face.
        scores: f64 (N, 7) in the order of ``SCORES``: logits or probabilities, depending on the model that wrote them;
            NaN where there is no face.
        box_xywh: f64 (N, 4) pixels; NaN where there is no face.
    """

    path: Path
    labels: tuple[str | None, ...]
    scores: F64
    box_xywh: F64

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThesisEvent:
    """One segment with an event.

    Attributes:
        index: running number of the event, from 0.
        timecode: of the segment's first row, counted from 1: the thesis' stamp.
        onset_s: start of the segment.
        offset_s: end of the segment or of the file.
        trigger_s: end of the row at which the run became long enough.
    """

    index: int
    timecode: str
    onset_s: float
    offset_s: float
    trigger_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThesisDetections:
    """Events of one file.

    Attributes:
        label: the label that was looked for.
        flags: i64 (floor(rows / segment rows) + 1,), 1 = the segment has an event (see ``segment_flags``).
        events: in time order.
    """

    label: str
    flags: I64
    events: tuple[ThesisEvent, ...]

    def as_json(self) -> dict[str, Any]:
        """``segments`` and ``events`` as plain values, ready for ``json.dump``."""
        return {
            "segments": [int(flag) for flag in self.flags],
            "events": [
                {
                    "index": event.index,
                    "timecode": event.timecode,
                    "onset_s": event.onset_s,
                    "offset_s": event.offset_s,
                    "trigger_s": event.trigger_s,
                    "label": self.label,
                }
                for event in self.events
            ],
        }


def read_thesis_csv(path: Path) -> ThesisPredictions:
    """Read a file of frame predictions; any line end, quoted fields allowed.

    Raises:
        FormatError: the file cannot be read, or a line is not a frame; names file and line (from 1).
    """
    labels: list[str | None] = []
    numbers: list[list[float]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for line, cells in _without_blank_end(_records(path, lines)):
                numbers.append(_numbers(path, line, cells))
                labels.append(None if cells[-1] == NO_FACE else cells[-1])
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not a text file in UTF-8 ({error.reason} at byte {error.start})") from error
    table = np.array(numbers, np.float64).reshape(len(numbers), len(COLUMNS) - 1)
    table[[label is None for label in labels]] = np.nan
    return ThesisPredictions(path=path, labels=tuple(labels), scores=table[:, 4:], box_xywh=table[:, :4])


def _records(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Every record of the file with the number of its first line."""
    reader = csv.reader(lines)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise FormatError(f"{path}, line {line}: not CSV ({error})") from error


def _without_blank_end(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """Leave out empty records after the last one with content; empty ones before it stay (and are errors)."""
    held: list[tuple[int, list[str]]] = []
    for record in records:
        held.append(record)
        if record[1]:
            yield from held
            held = []


def _numbers(path: Path, line: int, cells: list[str]) -> list[float]:
    """The 11 numbers of a record."""
    if len(cells) != len(COLUMNS):
        got = f"{len(cells)} columns" if cells else "an empty line"
        raise FormatError(
            f"{path}, line {line}: expected {len(COLUMNS)} columns ({', '.join(COLUMNS)}), got {got}; "
            "correct or remove the line (removing it moves all later frames)"
        )
    try:
        return [float(cell) for cell in cells[:-1]]
    except ValueError as error:
        hint = "remove the header, these files have none" if line == 1 else "correct the line"
        raise FormatError(f"{path}, line {line}: expected 11 numbers and a label, got {cells!r}; {hint}") from error


def _is_label(predictions: ThesisPredictions, label: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows with exactly this label, bool (N,)."""
    return np.fromiter((own == label for own in predictions.labels), np.bool_, len(predictions))


def detect(
    predictions: ThesisPredictions,
    fps: float,
    *,
    label: str = "Surprise",
    segment_s: float = 5.0,
    run_s: float = 0.2,
) -> ThesisDetections:
    """The thesis' detection: segments with a long enough run of rows of one label.

    Row i lasts from i / fps to (i + 1) / fps seconds.

    Args:
        predictions: rows of a file.
        fps: rows per second.
        label: compared letter by letter: case and blanks matter.
        segment_s: length of a segment, seconds.
        run_s: a run must have more rows than this lasts, seconds.

    Raises:
        DataError: the rate is not a finite number above 0.
        ConfigError: a length that cannot be used.
    """
    found = segment_flags(_is_label(predictions, label), fps, segment_s=segment_s, run_s=run_s)
    events = []
    for index, segment in enumerate(np.flatnonzero(found.flags)):
        first = int(segment) * found.segment_rows
        events.append(
            ThesisEvent(
                index=index,
                timecode=timecode(first + 1, fps),
                onset_s=first / fps,
                offset_s=min(first + found.segment_rows, len(predictions)) / fps,
                trigger_s=(int(found.trigger_rows[segment]) + 1) / fps,
            )
        )
    return ThesisDetections(label=label, flags=found.flags, events=tuple(events))


def label_signal(predictions: ThesisPredictions, fps: float, *, label: str = "Surprise") -> Signal:
    """A signal for any event rule: 1 where the row has exactly this label, else 0, NaN where there is no face.

    The scores are not used: the file does not say whether they are logits or probabilities. Row i lasts from i / fps
    to (i + 1) / fps seconds. The video is named after the file, its size is unknown (0).

    Raises:
        DataError: the rate is not a finite number above 0.
    """
    check_rate(fps)
    value = _is_label(predictions, label).astype(np.float64)
    value[[own is None for own in predictions.labels]] = np.nan
    video = VideoInfo(
        video_id=predictions.path.stem,
        path=predictions.path,
        sha256="",
        num_frames=len(predictions),
        width_px=0,
        height_px=0,
        fps_hz=fps,
    )
    timeline = Timeline(video=video, edges_s=np.arange(len(predictions) + 1, dtype=np.float64) / fps)
    return Signal(timeline=timeline, value=value, label=label)
