"""Whether a model's confidence is how often it is right, where frames have labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ferbench.errors import ConfigError, FormatError
from ferbench.formats.csv_rows import rows_of
from ferbench.labels import expression_name
from ferbench.types import F64, I64, Expressions

BINS: Final = 10

FrameLabels = Mapping[tuple[str, int], Mapping[int, str]]
"""By session and part (from 1) the expression of frames, by their number from 0."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Confidence and how often it was right, in bins of one width.

    Bins hold their upper end, not their lower one, as scikit-learn's ``calibration_curve``.

    Attributes:
        frames: i64 (BINS,), labelled frames with a classified face.
        confidence: f64 (BINS,), mean probability of the top label, NaN without frames.
        correct: f64 (BINS,), share of frames whose label is the top label, NaN without frames.
        unknown: labelled frames without a classified face, or with a label that the model lacks.
    """

    frames: I64
    confidence: F64
    correct: F64
    unknown: int

    @property
    def accuracy(self) -> float:
        """Share of all counted frames that are right; NaN without frames."""
        return self._mean(self.correct)

    @property
    def ece(self) -> float:
        """Expected calibration error: mean over the frames of |correct - confidence| of their bin.

        Naeini, Cooper and Hauskrecht 2015. NaN without frames.
        """
        return self._mean(np.abs(self.correct - self.confidence))

    def _mean(self, values: F64) -> float:
        used = self.frames > 0
        if not used.any():
            return float("nan")
        return float(np.average(values[used], weights=self.frames[used]))


def edges() -> F64:
    """Ends of the bins, f64 (BINS + 1,)."""
    return np.linspace(0, 1, BINS + 1)


def calibration(
    confidence: F64, is_right: np.ndarray[tuple[int], np.dtype[np.bool_]], *, unknown: int = 0
) -> Calibration:
    """Bin labelled frames by the probability of their top label.

    Args:
        confidence: f64 (N,).
        is_right: bool (N,).
        unknown: labelled frames that are not among them.
    """
    place = np.searchsorted(edges()[1:-1], confidence)
    frames = np.bincount(place, minlength=BINS).astype(np.int64)
    sums = np.bincount(place, weights=confidence, minlength=BINS)
    hits = np.bincount(place, weights=is_right, minlength=BINS)
    with np.errstate(invalid="ignore"):
        return Calibration(
            frames=frames, confidence=sums / frames, correct=hits / frames, unknown=unknown
        )


def labelled(
    expressions: Expressions, chosen: I64, labels: Mapping[int, str]
) -> tuple[F64, np.ndarray[tuple[int], np.dtype[np.bool_]], int]:
    """Confidence and rightness of a video's labelled frames, and how many cannot be judged.

    Args:
        expressions: of the classified faces.
        chosen: i64 (T,), the participant's face in each frame, -1 = none.
        labels: by frame; frames that the video does not have cannot be judged.
    """
    frames = np.array([frame for frame in labels if 0 <= frame < len(chosen)], np.int64)
    row = expressions.rows_of(chosen[frames])
    probs = expressions.probs()
    known = row >= 0
    known[known] = ~np.isnan(probs[row[known]]).any(axis=1)
    truth = np.array([labels[frame] for frame in frames.tolist()], dtype=object)
    known &= np.isin(truth, np.array(expressions.labels, dtype=object))
    of_known = probs[row[known]]
    names = np.array(expressions.labels, dtype=object)
    if not len(of_known):
        return np.empty(0), np.empty(0, np.bool_), len(labels)
    is_right = names[of_known.argmax(axis=1)] == truth[known]
    return of_known.max(axis=1), is_right.astype(np.bool_), len(labels) - len(of_known)


def read_labels(path: Path) -> FrameLabels:
    """Read a CSV of frame labels: session, frame (from 0), label and, of several parts, part.

    Raises:
        FormatError: no such file, not such a table, or a cell that cannot be used.
    """
    found: dict[tuple[str, int], dict[int, str]] = {}
    for line, row in rows_of(path, needed=("session", "frame", "label"), what="frame labels"):
        try:
            frame, part = int(row["frame"]), int(row.get("part") or 1)
            label = expression_name(row["label"])
        except (ValueError, ConfigError) as error:
            raise FormatError(
                f"{path.name}, line {line}: expected whole numbers in frame and part, and an "
                f"expression in label: {error}"
            ) from error
        before = found.setdefault((row["session"], part), {}).setdefault(frame, label)
        if before != label:
            raise FormatError(
                f"{path.name}, line {line}: frame {frame} of {row['session']!r} was {before} "
                f"before, and is {label} here; expected one label"
            )
    return found
