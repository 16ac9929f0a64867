"""Clock times at which sessions began, from a log book (CSV)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ferbench.datasets.guess import Place, clock_text
from ferbench.datasets.headers import Headers, find_columns
from ferbench.datasets.recordings import parse_moment
from ferbench.errors import DatasetError
from ferbench.formats.csv_file import CsvFile, read_csv
from ferbench.formats.time_format import Cell, Times, find_times
from ferbench.formats.times import Clock, since
from ferbench.spelling import comparable_name as canonical
from ferbench.spelling import plain

_DIFFERS_S: Final = 1.0
_DATE_WORDS: Final = ("date", "datum", "dag", "day", "tag", "jour")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A row of the log book: its line, whose session as written ("" = not told), and when it began."""

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
    table = read_csv(
        path, fits=lambda header: not _missing(find_columns(header)), what="file of starts"
    )
    columns = find_columns(table.header)
    missing = _missing(columns)
    if missing:
        raise DatasetError(
            f"{path}: no column for {missing}; found: {', '.join(table.header) or 'nothing'}. "
            "Name them participant, session and start."
        )
    texts = _moments(table, columns.names["onset"])
    try:
        times = find_times(
            [
                Cell(line=line, text=text)
                for (line, _), text in zip(table.rows, texts, strict=True)
                if text
            ],
            headers=[columns.names["onset"]],
            time_format="clock",
            frame_rate_hz=None,
            starts_known=True,
            delimiter=table.delimiter,
        )
    except DatasetError as error:
        raise DatasetError(f"{path}: {error}") from None
    return _rows(table, texts, columns, times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Files with their starts; rows without a session ("line 7: ...").

    And where names say something else.
    """

    places: tuple[Place, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def fill_starts(places: Sequence[Place], starts: Starts, source: str) -> Filled:
    """Give the first file of each session and camera the start in the log book.

    A start in a file's name is kept.

    A file that is a later part gets none: where the first part has no file, nobody knows when the
    later one began.

    Args:
        places: in order of their parts.
        starts: the log book.
        source: its name, for messages.
    """
    firsts: dict[tuple[str, str], dict[str, Place]] = defaultdict(dict)
    for place in places:
        firsts[place.participant, place.session].setdefault(place.camera, place)
    filled: dict[str, str] = {}
    problems = [f"{source}, {problem}" for problem in starts.problems]
    notes: list[str] = []
    for start in starts.rows:
        own = [
            places_of
            for (participant, session), places_of in firsts.items()
            if _means(start.participant, participant) and _means(start.session, session)
        ]
        if len(own) != 1:
            what = " ".join(text for text in (start.participant, start.session) if text)
            several = "several sessions have" if own else "no session has"
            problems.append(f"{source}, line {start.line}: {several} a video and the name {what!r}")
            continue
        for place in own[0].values():
            if is_later(place.part) and not place.start:
                told = f"{place.path} is part {place.part}, and the first part has no place; no start given"
                problems.append(f"{source}, line {start.line}: {told}")
                continue
            named = parse_moment(place.start) if place.start else None
            if named is None:
                filled[place.path] = clock_text(start.clock)
            elif isinstance(named, Clock) and abs(since(named, start.clock)) > _DIFFERS_S:
                differs = f"{since(named, start.clock):+.1f} s from {source}, line {start.line}"
                notes.append(f"{place.path}: its name's start is {differs}; the name's is used")
    return Filled(
        places=tuple(replace(place, start=filled.get(place.path, place.start)) for place in places),
        problems=tuple(problems),
        notes=tuple(notes),
    )


def is_later(part: str) -> bool:
    """Whether a part is certainly not the first of its session.

    >>> [is_later(part) for part in ("", "0", "01", "A", "intro", "2", "b")]
    [False, False, False, False, False, True, True]
    """
    name = canonical(part)
    return int(name) > 1 if re.fullmatch(r"[0-9]+", name) else len(name) == 1 and "a" < name <= "z"


def _means(written: str, name: str) -> bool:
    """Whether a cell means a name; an empty one means any."""
    return not written or canonical(written) == canonical(name)


def _rows(table: CsvFile, texts: Sequence[str], columns: Headers, times: Times) -> Starts:
    rows: list[Start] = []
    problems: list[str] = []
    seen: dict[tuple[str, str], int] = {}
    at = {field: table.header.index(name) for field, name in columns.names.items()}
    for (line, cells), text in zip(table.rows, texts, strict=True):
        if len(cells) != len(table.header):
            problems.append(
                f"line {line}: expected {len(table.header)} cells as in the header, got {len(cells)}"
            )
            continue
        participant, session = (
            plain(cells[at[f]]) if f in at else "" for f in ("participant", "session")
        )
        clock = times.read(text)
        first = seen.setdefault((canonical(participant), canonical(session)), line)
        if not isinstance(clock, Clock):
            problems.append(f"line {line}: {columns.names['onset']} is {clock}")
        elif first != line:
            problems.append(f"line {line}: the same session as line {first}")
        else:
            rows.append(Start(line=line, participant=participant, session=session, clock=clock))
    return Starts(rows=tuple(rows), problems=tuple(problems))


def _missing(columns: Headers) -> str:
    """What the columns do not tell, or ""."""
    who = not {"participant", "session"} & set(columns.names)
    lacks = [
        *(["the participant or session"] if who else []),
        *([] if "onset" in columns.names else ["the start"]),
    ]
    return " and ".join(lacks)


def _moments(table: CsvFile, column: str) -> list[str]:
    """The cell of each row that has the time, after the cell of a column of dates where there is
    one.
    """
    at = table.header.index(column)
    dates = [k for k, name in enumerate(table.header) if k != at and canonical(name) in _DATE_WORDS]
    found = []
    for _, cells in table.rows:
        text = cells[at] if at < len(cells) else ""
        day = cells[dates[0]] if len(dates) == 1 and dates[0] < len(cells) else ""
        found.append(
            f"{day} {text}" if day and text and " " not in text and "T" not in text else text
        )
    return found
