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
from ferbench.formats.event_table import rows_of
from ferbench.types import I64

COLUMNS: Final = ("truth", "prediction", "session")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameLabels:
    """The content of one file, rows in its order.

    Attributes:
        classes: names of K labels, sorted.
        truth: i64 (T,), number of each row's class.
        found: i64 (T,), likewise what was predicted.
        sessions: i64 (T,), number of each row's session; None = the file has no such column.
    """

    classes: tuple[str, ...]
    truth: I64
    found: I64
    sessions: I64 | None


def read_frame_labels(path: Path, columns: Mapping[str, str]) -> FrameLabels:
    """Read a table of frame labels; numbers that are equal are one label (0 and 0.0).

    Args:
        path: CSV.
        columns: names of columns in the file, by ours; those not named are as ours.

    Raises:
        FormatError: no such file, not such a table, or an empty cell; names the line.
    """
    truth, found, session = (columns.get(name, name) for name in COLUMNS)
    needed = (truth, found, *((session,) if "session" in columns else ()))
    rows = list(rows_of(path, needed=needed, what="a table of frame labels"))
    if not rows:
        raise FormatError(f"{path}: there is no frame in it; expected a row per frame")
    for line, row in rows:
        missing = [
            name for name in (truth, found, session) if row.get(name, "-").lower() in ("", "nan")
        ]
        if missing:
            raise FormatError(
                f"{path.name}, line {line}: {missing[0]} is {row[missing[0]]!r}, expected a label; leave out frames "
                "that have none"
            )
    labels = [[_label(row[name]) for _, row in rows] for name in (truth, found)]
    classes, numbers = np.unique(labels, return_inverse=True)
    numbers = numbers.reshape(2, -1).astype(np.int64)
    sessions = None
    if session in rows[0][1]:
        sessions = np.unique([row[session] for _, row in rows], return_inverse=True)[1].astype(
            np.int64
        )
    return FrameLabels(
        classes=tuple(classes.tolist()), truth=numbers[0], found=numbers[1], sessions=sessions
    )


def _label(text: str) -> str:
    try:
        value = float(text)
    except ValueError:
        return text
    return str(int(value)) if value.is_integer() else repr(value)
