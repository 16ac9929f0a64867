"""Whether a model's confidence is how often it is right, where frames have labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ferbench.errors import ConfigError, FormatError
from ferbench.formats.csv_rows import rows_of
from ferbench.labels import expression_name
from ferbench.types import F64, I64, Expressions

FrameLabels = Mapping[tuple[str, int], Mapping[int, str]]
"""By session and part (from 1) the expression of frames, by their number from 0."""


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
