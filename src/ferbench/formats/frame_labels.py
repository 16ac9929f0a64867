"""Tables of frame labels, as programs of the ERR@HRI challenges have them.

A row per frame, truth beside prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ferbench.errors import FormatError
from ferbench.formats.csv_rows import rows_of
from ferbench.types import I64

COLUMNS: Final = ("truth", "prediction", "session")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameLabels:
    """The content of one file, rows in its order.

    Attributes:
        classes: names of K labels, sorted.
        truth: i64 (T,), number of each row's class.
        predicted: i64 (T,), likewise what was predicted.
        sessions: i64 (T,), number of each row's session; None = the file has no such column.
    """

    classes: tuple[str, ...]
    truth: I64
    predicted: I64
    sessions: I64 | None


def read_frame_labels(path: Path, columns: Mapping[str, str]) -> FrameLabels:
    """Read a table of frame labels; numbers that are equal are one label (0 and 0.0).

    Args:
        path: CSV.
        columns: names of columns in the file, by ours; those not named are as ours.

    Raises:
        FormatError: no such file, not such a table, or an empty cell; names the line.
    """
    truth, prediction, session = (columns.get(name, name) for name in COLUMNS)
    needed = [truth, prediction]
    if "session" in columns:
        needed.append(session)
    rows = list(rows_of(path, needed=needed, what="a table of frame labels"))
    if not rows:
        raise FormatError(f"{path}: there is no frame in it; expected a row per frame")
    for line, row in rows:
        _check_row(f"{path.name}, line {line}", row, (truth, prediction, session))
    labels = [[_label(row[name]) for _, row in rows] for name in (truth, prediction)]
    classes, numbers = np.unique(labels, return_inverse=True)
    of_truth, of_prediction = numbers.reshape(2, -1).astype(np.int64)
    sessions = None
    if session in rows[0][1]:
        names = [row[session] for _, row in rows]
        sessions = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return FrameLabels(
        classes=tuple(classes.tolist()),
        truth=of_truth,
        predicted=of_prediction,
        sessions=sessions,
    )


def _check_row(where: str, row: Mapping[str, str], columns: tuple[str, ...]) -> None:
    """Raise FormatError where a cell of these columns, as far as they are there, is empty."""
    for name in columns:
        if name in row and row[name].lower() in ("", "nan"):
            raise FormatError(
                f"{where}: {name} is {row[name]!r}, expected a label; leave out frames that have "
                "none"
            )


def _label(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return text
    if value.is_integer():
        return str(int(value))
    return repr(value)
