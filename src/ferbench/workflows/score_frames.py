"""Score labels of frames, as the ERR@HRI 2024 challenge scores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.errors import ConfigError
from ferbench.formats.frame_labels import COLUMNS, read_frame_labels
from ferbench.report.statistics_words import number
from ferbench.report.text_table import TextTable
from ferbench.scoring.errhri import frame_metrics
from ferbench.scoring.numbers import frame_numbers
from ferbench.scoring.ratios import defined
from ferbench.scoring.session_frames import Frames
from ferbench.sentences import Setting, Text
from ferbench.wording import plural, some

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCounts:
    """How many frames are of a class, by the truth and by the prediction."""

    truth: int
    prediction: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameScores:
    """What came out.

    Attributes:
        frames: strict and tolerant scores.
        classes: by name.
        num_sessions: sessions of the table; None = it does not tell them apart.
    """

    frames: Frames
    classes: Mapping[str, ClassCounts]
    num_sessions: int | None

    @property
    def never_true(self) -> list[str]:
        """Classes that are predicted and never true; each is a class of the macro mean."""
        return [name for name, counts in self.classes.items() if not counts.truth]

    def __repr__(self) -> str:
        """``FrameScores: 900 frames, 2 classes, F1 0.512 (0.603 within 1 frame)``."""
        frames = self.frames
        tolerant = f"{frames.tolerant.f1:.3f} within {plural(frames.tolerance, 'frame')}"
        return (
            f"FrameScores: {frames.num} frames, {len(self.classes)} classes, "
            f"F1 {frames.strict.f1:.3f} ({tolerant})"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per score, strict and tolerant beside each other."""
        import pandas as pd

        names = ("accuracy", "precision", "recall", "f1")
        rows = [
            (name, getattr(self.frames.strict, name), getattr(self.frames.tolerant, name))
            for name in names
        ]
        return pd.DataFrame(rows, columns=["score", "strict", "tolerant"])

    def text_table(self) -> TextTable:
        """The scores as texts, strict and tolerant beside each other."""
        tolerance = self.frames.tolerance
        rows = [
            (row.score, number(row.strict), number(row.tolerant))
            for row in self.to_frame().itertuples()
        ]
        return TextTable(
            title=f"{self.frames.num} frames",
            header=("macro over classes", "strict", f"within {plural(tolerance, 'frame')}"),
            rows=tuple(rows),
        )

    def classes_line(self) -> str:
        """The classes, and how many frames are of each."""
        classes = [
            f"{name} ({counts.truth} true, {counts.prediction} predicted)"
            for name, counts in self.classes.items()
        ]
        return f"classes: {some(classes)}"

    @property
    def notes(self) -> list[str]:
        """What a reader should know."""
        notes = []
        if self.never_true:
            notes.append(
                f"predicted, but never true: {some(self.never_true)}. Each is a class of the "
                "macro mean; probabilities must be made labels first"
            )
        if self.num_sessions is None:
            column = Setting("columns.session", "THEIRS")
            notes.append(Text("no column session, so all rows are of one; name it with ", column))
        return notes

    def as_plain(self) -> dict[str, Any]:
        """Everything as plain values; undefined is None."""
        numbers = frame_numbers(self.frames)
        scores = {name: defined(value) for name, value in numbers.items()}
        classes = {
            name: {"truth": counts.truth, "prediction": counts.prediction}
            for name, counts in self.classes.items()
        }
        return {
            "frames": self.frames.num,
            "sessions": self.num_sessions,
            "classes": classes,
            "tolerance": self.frames.tolerance,
            "scores": scores,
        }


def score_frames(
    table: str | Path, *, columns: Mapping[str, str] | None = None, tolerance: int = 1
) -> FrameScores:
    """Score a table with a row per frame: accuracy and macro precision, recall and F1.

    Args:
        table: CSV with the columns truth, prediction and, of several sessions, session.
        columns: what the file calls our columns.
        tolerance: of the tolerant scores: a label that is true so many frames away is forgiven.

    Raises:
        ConfigError: a column that is none of ours.
        FormatError: the table cannot be used.
    """
    names = dict(columns or {})
    for name in names:
        if name not in COLUMNS:
            expected = f"one of {', '.join(COLUMNS)} as our name of a column"
            raise ConfigError(key="columns", expected=expected, got=name)
    labels = read_frame_labels(Path(table), names)
    strict, tolerant = frame_metrics(
        labels.truth, labels.predicted, tolerance=tolerance, sessions=labels.sessions
    )
    frames = Frames(strict=strict, tolerant=tolerant, tolerance=tolerance, num=len(labels.truth))
    classes = {}
    for k, name in enumerate(labels.classes):
        classes[name] = ClassCounts(
            truth=int((labels.truth == k).sum()),
            prediction=int((labels.predicted == k).sum()),
        )
    num_sessions = None if labels.sessions is None else int(labels.sessions.max()) + 1
    return FrameScores(frames=frames, classes=classes, num_sessions=num_sessions)
