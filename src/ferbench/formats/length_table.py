"""Tables of sessions' lengths: a CSV with a line per session, for scoring without a run.

Columns ``session`` and ``duration_s``, how long the session is (or ``observed_s``, the seconds that
count, as in a run's ``sessions.csv``), and where they are there ``participant`` and ``observed``:
stretches such as ``0..60 90..inf``, seconds of the session (empty = everything).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import FormatError
from ferbench.formats.csv_rows import first_cells, rows_of, seconds_of
from ferbench.spelling import plain
from ferbench.timespans import clipped, total_s

LENGTHS: Final = ("observed_s", "duration_s")

Stretches = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLength:
    """How long a session is.

    Attributes:
        duration_s: seconds that count (NaN = not known).
        valid_s: of these, the seconds with a face (NaN = not known).
        observed: stretches [from_s, to_s) of the session in which events and annotations count;
            None = everything.
        participant: whose it is; "" = the table does not say.
    """

    duration_s: float
    valid_s: float
    observed: Stretches | None = None
    participant: str = ""


def read_lengths(path: Path) -> dict[str, SessionLength]:
    """Read a table of sessions' lengths, by session.

    Raises:
        FormatError: no such file, not such a table, or a length that cannot be used; names the
            line.
    """
    lengths: dict[str, SessionLength] = {}
    for line, row in rows_of(path, needed=("session",), what="a table of sessions' lengths"):
        columns = [name for name in LENGTHS if name in row]
        if not columns:
            raise FormatError(
                f"{path}: expected a column {' or '.join(LENGTHS)}; found: {', '.join(row)}"
            )
        where = f"{path.name}, line {line}"
        session = plain(row["session"])
        if session in lengths:
            raise FormatError(
                f"{where}: session {session!r} is there twice; expected one line per session"
            )
        lengths[session] = _length(where, row, columns[0])
    return lengths


def _length(where: str, row: Mapping[str, str], column: str) -> SessionLength:
    """The length in a row's column, of which only what was observed counts."""
    length_s = seconds_of(where, column, row[column])
    if length_s < 0:
        raise FormatError(f"{where}: {column} is {row[column]!r}, expected 0 or more seconds")
    observed = _stretches(where, row.get("observed", ""))
    if observed is not None and column == "duration_s":
        observed = tuple(clipped(observed, 0.0, length_s))
        length_s = total_s(observed)
    return SessionLength(
        duration_s=length_s,
        valid_s=seconds_of(where, "valid_s", row.get("valid_s", "") or math.nan),
        observed=observed,
        participant=plain(row.get("participant", "")),
    )


def _stretches(where: str, text: str) -> Stretches | None:
    """Stretches such as ``0..60 90..inf``; None where the cell is empty."""
    stretches = [_stretch(piece) for piece in text.split()]
    if not all(from_s < to_s for from_s, to_s in stretches):
        expected = "expected stretches such as '0..60 90..inf', in seconds"
        raise FormatError(f"{where}: observed is {text!r}, {expected}")
    return tuple(stretches) or None


def _stretch(text: str) -> tuple[float, float]:
    """The limits of a stretch such as ``0..60``; NaN where they cannot be read."""
    limits = [_limit(end) for end in text.split("..")]
    if len(limits) != 2:
        return math.nan, math.nan
    return limits[0], limits[1]


def _limit(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def is_lengths(path: Path) -> bool:
    """Whether a file's header is that of a table of sessions' lengths."""
    header = first_cells(path)
    return "session" in header and any(name in header for name in LENGTHS)
