"""Clock times at which sessions began, from a log book (CSV)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ferbench.datasets.headers import Headers, find_columns
from ferbench.datasets.place import Place, clock_text
from ferbench.datasets.recordings import parse_moment
from ferbench.errors import DatasetError
from ferbench.formats.sheet import Sheet
from ferbench.formats.sheet_files import read_sheet
from ferbench.formats.time_format import Times, find_times
from ferbench.formats.times import Cell, Clock, since
from ferbench.sentences import Text
from ferbench.spelling import comparable_name, plain, same_name

_DIFFERS_S: Final = 1.0
"""Seconds by which a start in a file's name may differ from the log book's."""
_DATE_WORDS: Final = ("date", "datum", "dag", "day", "tag", "jour")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A row of the log book.

    Attributes:
        line: in the file, from 1.
        participant: as written; "" = not told.
        session: as written; "" = not told.
        clock: when the session began.
    """

    line: int
    participant: str
    session: str
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Starts:
    """All rows that can be used, and why the others cannot ("line 7: ...")."""

    rows: tuple[Start, ...]
    problems: tuple[str, ...]


def read_starts(path: Path) -> Starts:
    """Read a log book: columns for the participant, the session or both, and for the time.

    A date may stand apart.

    Raises:
        DatasetError: the file cannot be read, has not these columns, or its dates cannot be told.
    """
    table = read_sheet(
        path, fits=lambda header: not _missing(find_columns(header)), what="file of starts"
    )
    columns = find_columns(table.header)
    missing = _missing(columns)
    if missing:
        there = ", ".join(filter(None, table.header)) or "nothing"
        raise DatasetError(
            f"{path}: no column for {missing}; found: {there}. "
            "Name them participant, session and start.",
            hint=table.hint,
        )
    texts = _moments(table, columns.names["onset"])
    cells = [
        Cell(line=line, text=text)
        for (line, _), text in zip(table.rows, texts, strict=True)
        if text
    ]
    try:
        times = find_times(
            cells,
            headers=[columns.names["onset"]],
            time_format="clock",
            frame_rate_hz=None,
            starts_known=True,
            delimiter=table.delimiter,
        )
    except DatasetError as error:
        raise DatasetError(Text(f"{path}: ", error.text())) from None
    return _rows(table, texts, columns, times)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledStarts:
    """Files with their starts.

    Attributes:
        places: in the given order.
        problems: rows that are of no session, or of several ("log.csv, line 7: ...").
        notes: where names say something else than the log book.
    """

    places: tuple[Place, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def fill_starts(places: Sequence[Place], starts: Starts, source: str) -> FilledStarts:
    """Give the first file of each session and camera the start in the log book.

    A start in a file's name is kept.

    A file that is a later part gets none: where the first part has no file, nobody knows when the
    later one began.

    Args:
        places: in order of their parts.
        starts: the log book.
        source: its name, for messages.
    """
    sessions = _first_files(places)
    filling = _Filling(problems=[f"{source}, {problem}" for problem in starts.problems])
    for start in starts.rows:
        filling.take(start, sessions, f"{source}, line {start.line}")
    return FilledStarts(
        places=tuple(map(filling.filled, places)),
        problems=tuple(filling.problems),
        notes=tuple(filling.notes),
    )


_Sessions = dict[tuple[str, str], dict[str, Place]]
"""Of each participant and session, the first file of each camera."""


def _first_files(places: Sequence[Place]) -> _Sessions:
    sessions: _Sessions = defaultdict(dict)
    for place in places:
        of_session = sessions[place.participant, place.session]
        of_session.setdefault(place.camera, place)
    return sessions


@dataclass(slots=True, kw_only=True)
class _Filling:
    """Starts by file, as far as they are filled in, and what did not go in."""

    starts: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def take(self, start: Start, sessions: _Sessions, where: str) -> None:
        """Give the files of a row's session its start; note where it is not of one session."""
        named_so = [session for session in sessions if _is_of(start, session)]
        if len(named_so) == 1:
            for place in sessions[named_so[0]].values():
                self.fill(place, start.clock, where)
            return
        name = f"{start.participant} {start.session}".strip()
        which = "several sessions have" if named_so else "no session has"
        self.problems.append(f"{where}: {which} a video and the name {name!r}")

    def fill(self, place: Place, clock: Clock, where: str) -> None:
        """Give a file its start, unless it has one or is a later part."""
        if not place.start:
            self._fill_first(place, clock, where)
            return
        named = parse_moment(place.start)
        if isinstance(named, Clock):
            self._compare(place, since(named, clock), where)

    def _fill_first(self, place: Place, clock: Clock, where: str) -> None:
        if is_later(place.part):
            part = f"{place.path} is part {place.part}"
            self.problems.append(
                f"{where}: {part}, and the first part has no place; no start given"
            )
        else:
            self.starts[place.path] = clock_text(clock)

    def _compare(self, place: Place, difference_s: float, where: str) -> None:
        """Note where a file's name and the log book differ."""
        if abs(difference_s) > _DIFFERS_S:
            self.notes.append(
                f"{place.path}: its name's start is {difference_s:+.1f} s from {where}; "
                "the name's is used"
            )

    def filled(self, place: Place) -> Place:
        """A file with the start that it was given, or its own."""
        return replace(place, start=self.starts.get(place.path, place.start))


def is_later(part: str) -> bool:
    """Whether a part is certainly not the first of its session.

    >>> [is_later(part) for part in ("", "0", "01", "A", "intro", "2", "b")]
    [False, False, False, False, False, True, True]
    """
    name = comparable_name(part)
    if re.fullmatch(r"[0-9]+", name):
        return int(name) > 1
    return len(name) == 1 and "a" < name <= "z"


def _is_of(start: Start, session: tuple[str, str]) -> bool:
    """Whether a row of the log book means a participant's session."""
    participant, name = session
    return _means(start.participant, participant) and _means(start.session, name)


def _means(written: str, name: str) -> bool:
    """Whether a cell means a name; an empty one means any."""
    return not written or same_name(written, name)


def _rows(table: Sheet, texts: Sequence[str], columns: Headers, times: Times) -> Starts:
    """The rows of a log book.

    Args:
        table: the file.
        texts: when each row's session began, as written.
        columns: which column is which.
        times: how times are written.
    """
    num_columns = len(table.header)
    indices = {name: table.header.index(column) for name, column in columns.names.items()}
    rows: list[Start] = []
    problems: list[str] = []
    first_line: dict[tuple[str, str], int] = {}
    for (line, cells), text in zip(table.rows, texts, strict=True):
        if len(cells) != num_columns:
            problems.append(
                f"line {line}: expected {num_columns} cells as in the header, got {len(cells)}"
            )
            continue
        participant = plain(_cell(cells, indices.get("participant")))
        session = plain(_cell(cells, indices.get("session")))
        fault = table.fault(line, columns.names.values())
        if fault:
            problems.append(f"line {line}: {fault}")
            continue
        clock = times.read(text)
        name = (comparable_name(participant), comparable_name(session))
        first = first_line.setdefault(name, line)
        if not isinstance(clock, Clock):
            problems.append(f"line {line}: {columns.names['onset']} is {clock}")
        elif first != line:
            problems.append(f"line {line}: the same session as line {first}")
        else:
            rows.append(Start(line=line, participant=participant, session=session, clock=clock))
    return Starts(rows=tuple(rows), problems=tuple(problems))


def _missing(columns: Headers) -> str:
    """What the columns do not tell, or ""."""
    missing = []
    if "participant" not in columns.names and "session" not in columns.names:
        missing.append("the participant or session")
    if "onset" not in columns.names:
        missing.append("the start")
    return " and ".join(missing)


def _moments(table: Sheet, column: str) -> list[str]:
    """The cell of each row that has the time, after the cell of the one column of dates."""
    time_index = table.header.index(column)
    date_index = _date_index(table.header, time_index)
    return [
        _with_date(_cell(cells, time_index), _cell(cells, date_index)) for _, cells in table.rows
    ]


def _with_date(time: str, date: str) -> str:
    """A time after its date, unless it has one, or one of both is empty."""
    is_dated = " " in time or "T" in time
    if date and time and not is_dated:
        return f"{date} {time}"
    return time


def _date_index(header: Sequence[str], time_index: int) -> int | None:
    """The one column of dates that stands apart; None = there is none, or several."""
    names = list(enumerate(map(comparable_name, header)))
    indices = [index for index, name in names if name in _DATE_WORDS and index != time_index]
    return indices[0] if len(indices) == 1 else None


def _cell(cells: Sequence[str], index: int | None) -> str:
    """A cell of a row; "" where the row is too short, or there is no such column."""
    if index is None or index >= len(cells):
        return ""
    return cells[index]
