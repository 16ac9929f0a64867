"""How annotations are written, and what was read of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, get_args

from ferbench.checks import check_choice
from ferbench.errors import ConfigError, DatasetError
from ferbench.formats.csv_file import Delimiter, Encoding
from ferbench.formats.times import Clock, TimeFormat
from ferbench.wording import plural, some, some_lines

if TYPE_CHECKING:
    import pandas as pd

ALL_TIERS: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the file calls its columns; other columns are not read.

    ``session`` (or, where that is None, ``participant``) and ``onset`` must be there. The others
    may be absent under the name given here as the default (under another name they must be there),
    or None = not read. Without ``offset``, and where its cell is empty, annotations are points.
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
                key="session",
                expected="a column's name here or for participant, as rows must name one of them",
                got=None,
            )

    @property
    def owner(self) -> str:
        """The column without whose value a row belongs to nobody."""
        if self.session is not None:
            return self.session
        assert self.participant is not None
        return self.participant


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How a file of annotations is written.

    Attributes:
        columns: what it calls its columns.
        time_format: how a CSV's times are written; auto = found out, refused where more than one
            reading is possible.
        frame_rate_hz: frames per second of hh:mm:ss:ff; None for the other formats.
        delimiter: what separates the columns of a CSV.
        encoding: of a CSV; auto = UTF-16 by its mark, else UTF-8, else Windows-1252.
        sheet: of a workbook (.xlsx), the name of its sheet; None = the first.
        keep: column of the file -> values; only rows that have one of them are annotations. None =
            all rows. Values are compared as names are (``spelling.comparable_name``): in any case
            and Unicode form, without leading zeros.
        tier: of ELAN's files, the tier to read; None = the only one that has annotations; ``all`` =
            all of them, each told apart by the column ``tier``.
    """

    columns: Columns = field(default_factory=Columns)
    time_format: TimeFormat = "auto"
    frame_rate_hz: float | None = None
    delimiter: Delimiter = "auto"
    encoding: Encoding = "auto"
    sheet: str | None = None
    keep: Mapping[str, tuple[str, ...]] | None = None
    tier: str | None = None

    def __post_init__(self) -> None:
        """Check the choices, the frame rate, and the values to keep as a configuration has them."""
        check_choice("time_format", self.time_format, get_args(TimeFormat))
        check_choice("delimiter", self.delimiter, get_args(Delimiter))
        check_choice("encoding", self.encoding, get_args(Encoding))
        if not isinstance(self.columns, Columns):
            raise ConfigError(key="columns", expected="a Columns", got=self.columns)
        expected = self._expected_frame_rate()
        if expected:
            raise ConfigError(key="frame_rate_hz", expected=expected, got=self.frame_rate_hz)
        if self.keep is not None:
            kept_values = {column: _values(column, given) for column, given in self.keep.items()}
            object.__setattr__(self, "keep", kept_values)

    def _expected_frame_rate(self) -> str:
        """What should be in place of the frame rate; "" = it can be used."""
        has_frames = self.time_format == "hh:mm:ss:ff"
        if self.frame_rate_hz is None:
            return "the frames per second of hh:mm:ss:ff" if has_frames else ""
        if not 0 < self.frame_rate_hz < math.inf:
            return "a finite number above 0"
        if has_frames or self.time_format == "auto":
            return ""
        return f"nothing, as {self.time_format} has no frames"


def _values(column: str, given: Any) -> tuple[str, ...]:
    """The values of ``keep`` for one column, as text."""
    is_list = isinstance(given, list | tuple)
    if not is_list or not given or not all(_is_value(value) for value in given):
        raise ConfigError(
            key=f"keep.{column}", expected="a list of texts such as [robot]", got=given
        )
    return tuple(str(value).strip() for value in given)


def _is_value(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationRow:
    """One usable row of a file, its names as the file spells them.

    Attributes:
        line: where it begins in the file, from 1.
        session: "" = the file has no such column.
        participant: "" = none.
        onset: seconds of the session, 0 or more; in a table of clock times a Clock.
        offset: likewise, not before ``onset``; a point has the same.
        kind: what was marked; "" = not told.
        annotator: who marked it; "" = not told.
        reacted: whether the person on the video visibly reacted; None = not told.
        kept: False = not an annotation (``Table.keep``), but its session is in the file; its times
            are not read (NaN).
        file: name of the row's file, where there are several.
        columns: what else an annotation program's file says, by the program's own names.
    """

    line: int
    session: str
    participant: str = ""
    onset: float | Clock
    offset: float | Clock
    kind: str = ""
    annotator: str = ""
    kept: bool = True
    reacted: bool | None = None
    file: str = ""
    columns: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def onset_s(self) -> float:
        """Seconds of the session. Raises DatasetError where the time is one on the clock."""
        return self._seconds(self.onset)

    @property
    def offset_s(self) -> float:
        """Likewise."""
        return self._seconds(self.offset)

    def refused(self, reason: str) -> RefusedRow:
        """This row as one that cannot be used."""
        return RefusedRow(
            line=self.line,
            reason=reason,
            session=self.session,
            participant=self.participant,
            annotator=self.annotator,
            file=self.file,
        )

    def _seconds(self, time: float | Clock) -> float:
        if isinstance(time, Clock):
            raise DatasetError(
                f"{line_of(self)}: expected seconds of the session, got a clock time"
            )
        return time


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row that cannot be used.

    Attributes:
        line: where it begins in the file, from 1.
        reason: why.
        session: whose it is; "" = cannot be read.
        participant: likewise.
        annotator: who marked it; "" = not told, or cannot be read.
        file: name of its file, where there are several.
    """

    line: int
    reason: str
    session: str = ""
    participant: str = ""
    annotator: str = ""
    file: str = ""

    @property
    def place(self) -> tuple[str, int]:
        """File and line, to tell it from others."""
        return self.file, self.line

    def __str__(self) -> str:
        return f"{line_of(self)}: {self.reason}"


def line_of(row: AnnotationRow | RefusedRow) -> str:
    """Where a row is, for messages: its line, and of several files its file's name."""
    if row.file:
        return f"{row.file}, line {row.line}"
    return f"line {row.line}"


def lines_of(rows: Iterable[AnnotationRow | RefusedRow]) -> str:
    """Where rows are, for messages: their lines, of several files below their files' names."""
    lines: dict[str, list[int]] = {}
    for row in rows:
        lines.setdefault(row.file, []).append(row.line)
    places = [f"{file}, {some_lines(of)}" if file else some_lines(of) for file, of in lines.items()]
    return "; ".join(places)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AnnotationTable:
    """The annotations that a file holds, or a folder of files.

    Attributes:
        rows: usable rows in the file's order.
        refused: rows that were left out.
        time_format: how times were written; "clock" = those of kept rows are Clock, else they are
            seconds (float); "auto" = there was none to read.
        notes: what else a reader should know, such as a guessed encoding.
        by_video: sessions are named after video files, as annotation programs do.
    """

    rows: tuple[AnnotationRow, ...]
    refused: tuple[RefusedRow, ...]
    time_format: TimeFormat
    notes: tuple[str, ...] = ()
    by_video: bool = False

    @property
    def clock(self) -> bool:
        """Whether its times are clock times."""
        return self.time_format == "clock"

    @property
    def annotations(self) -> tuple[AnnotationRow, ...]:
        """Rows that are annotations, without those that ``Table.keep`` leaves out."""
        return tuple(row for row in self.rows if row.kept)

    def __repr__(self) -> str:
        sessions = {(row.participant, row.session) for row in self.rows}
        annotators = sorted({row.annotator for row in self.rows} - {""})
        counts = f"{plural(len(self.annotations), 'row')}, {plural(len(sessions), 'session')}"
        by_whom = f", annotated by {some(annotators)}" if annotators else ""
        return f"AnnotationTable: {counts}{by_whom}, {len(self.refused)} refused"

    def to_frame(self) -> pd.DataFrame:
        """One row per annotation.

        Columns ``session, participant, onset_s, offset_s, kind, annotator, reacted, file, line``;
        of clock times ``onset, offset`` (Clock) in place of ``onset_s, offset_s``.
        """
        import pandas as pd

        names = ["session", "participant", "onset", "offset", "kind", "annotator", "reacted"]
        names += ["file", "line"]
        cells = {name: [getattr(row, name) for row in self.annotations] for name in names}
        frame = pd.DataFrame(cells).astype({"reacted": "boolean"})
        if self.clock:
            return frame
        return frame.rename(columns={"onset": "onset_s", "offset": "offset_s"})
