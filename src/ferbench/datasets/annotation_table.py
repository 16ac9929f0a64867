"""How annotations are written, and what was read of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ferbench.datasets.csv_file import Delimiter, Encoding
from ferbench.datasets.times import Clock, TimeFormat
from ferbench.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the CSV calls its columns; other columns are not read.

    ``session`` (or, where that is None, ``participant``) and ``onset`` must be there. The others
    may be absent under the name given here as the default (under another name they must be there),
    or None = not read. Without ``offset`` annotations are points.
    """

    session: str | None = "session"
    participant: str | None = "participant"
    onset: str = "onset_s"
    offset: str | None = "offset_s"
    kind: str | None = "kind"
    annotator: str | None = "annotator"
    reacted: str | None = "reacted"

    def __post_init__(self) -> None:
        """Check that a row says whose it is."""
        if self.session is None and self.participant is None:
            raise ConfigError(
                "columns: session and participant are both null; rows must name one of them"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How the CSV is written.

    Attributes:
        columns: what it calls its columns.
        time_format: how its times are written; auto = found out, refused where more than one
            reading is possible.
        frame_rate_hz: frames per second of hh:mm:ss:ff; None for the other formats.
        delimiter: what separates the columns.
        encoding: auto = UTF-16 by its mark, else UTF-8, else Windows-1252.
        keep: column of the file -> values; only rows that have one of them are annotations. None =
            all rows. Values are compared as names are (``naming.comparable_name``): in any case and
            Unicode form, without leading zeros.
        tier: of ELAN's files, the tier to read; None = the only one that has annotations; ``all`` =
            all of them, each told apart by the column ``tier``.
    """

    columns: Columns = field(default_factory=Columns)
    time_format: TimeFormat = "auto"
    frame_rate_hz: float | None = None
    delimiter: Delimiter = "auto"
    encoding: Encoding = "auto"
    keep: Mapping[str, tuple[str, ...]] | None = None
    tier: str | None = None

    def __post_init__(self) -> None:
        """Check the frame rate and the values to keep, which a configuration hands over as it has
        them.
        """
        rate, coded = self.frame_rate_hz, self.time_format == "hh:mm:ss:ff"
        if rate is not None and not (math.isfinite(rate) and rate > 0):
            raise ConfigError(f"frame_rate_hz: expected a finite number above 0, got {rate!r}")
        if rate is None and coded:
            raise ConfigError(
                "frame_rate_hz: expected the frames per second of hh:mm:ss:ff, got null"
            )
        if rate is not None and not coded and self.time_format != "auto":
            raise ConfigError(
                f"frame_rate_hz: expected null, as {self.time_format} has no frames, got {rate:g}"
            )
        if self.keep is not None:
            object.__setattr__(
                self,
                "keep",
                {column: _values(column, given) for column, given in self.keep.items()},
            )


def _values(column: str, given: Any) -> tuple[str, ...]:
    """The values of ``keep`` for one column, as text."""
    fits = isinstance(given, list | tuple) and all(isinstance(value, str | int) for value in given)
    if not fits or not given or any(isinstance(value, bool) for value in given):
        raise ConfigError(f"keep.{column}: expected a list of texts such as [robot], got {given!r}")
    return tuple(str(value).strip() for value in given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One usable row.

    Attributes:
        line: where it begins in the file, from 1.
        session: as written; "" = the file has no such column.
        participant: as written; "" = none.
        onset: seconds of the session; in a table of clock times a Clock.
        offset: likewise.
        kind: as written; "" = none.
        annotator: as written; "" = none.
        reacted: whether the person on the video visibly reacted: yes, y, true, 1 or no, n, false,
            0; None = not told.
        kept: False = not an annotation (``Table.keep``), but its session is in the file; its times
            are not read (NaN).
        file: name of the row's file, where there are several.
    """

    line: int
    session: str
    participant: str
    onset: float | Clock
    offset: float | Clock
    kind: str
    annotator: str
    kept: bool
    reacted: bool | None = None
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row that was left out: its line in the file, from 1, why, and whose it is ("" = cannot be
    read).

    ``file`` is the name of its file, where there are several.
    """

    line: int
    reason: str
    session: str = ""
    participant: str = ""
    file: str = ""

    @property
    def place(self) -> tuple[str, int]:
        """File and line, to tell it from others."""
        return self.file, self.line

    def __str__(self) -> str:
        return f"{self.file}{', ' if self.file else ''}line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationTable:
    """What a file holds, or a folder of them.

    Attributes:
        rows: usable rows in the file's order.
        problems: rows that were left out.
        clock: the times of kept rows are Clock, else seconds (float).
        time_format: how they were read; "auto" = there was none to read.
        notes: what else a reader should know, such as a guessed encoding.
        by_video: sessions are named after video files, as annotation programs do.
    """

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    clock: bool
    time_format: TimeFormat
    notes: tuple[str, ...] = ()
    by_video: bool = False
