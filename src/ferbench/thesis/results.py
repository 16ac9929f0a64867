"""``Results.csv`` of the thesis: which segments of each session each model flags, in and out.

One line per session and model, no header: participant, session, model, backend, a 0 or 1 for each
segment, number of events. A session whose video could not be opened has no segments and 0 events.
Source: the file that batch_detect of github.com/TimDeelstra/FER writes and convert_results reads.
Lines end in CR LF. What differs: a cell that is no number is an error that names the line; cells
without content at a line's end, and a semicolon between cells (spreadsheets leave both), are
accepted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import FormatError
from ferbench.thesis.text import delimiter_of, read_records, write_rows

_ID: Final = re.compile(r"(?<!\d)\d{5}(?!\d)")
_SESSION: Final = re.compile(r"sessie\s*0*(\d+)", re.IGNORECASE)
_FIRST_FLAG: Final = 4
_EXAMPLE: Final = (
    "'10234,1,APViT,retinaface,0,1,0,1' (participant, session, model, backend, flags, events)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsRow:
    """One session as one model sees it.

    Attributes:
        participant: usually five digits.
        session: usually one digit.
        model: expression model.
        backend: face detector.
        flags: 1 = the segment has an event; empty = the session was not computed.
        count: events.
    """

    participant: str
    session: str
    model: str
    backend: str
    flags: tuple[int, ...]
    count: int


def read_results(path: Path) -> tuple[ResultsRow, ...]:
    """Read a Results.csv; rows keep the order of the file.

    Raises:
        FormatError: the file cannot be read, has no rows, or a line is not such a row; names file
            and line.
    """
    rows: list[ResultsRow] = []
    for line, cells in read_records(path, delimiter=delimiter_of(path)):
        stripped = _stripped(cells)
        if stripped:
            rows.append(_row(path, line, stripped))
    if not rows:
        raise FormatError(f"{path}: expected lines such as {_EXAMPLE}, the file is empty")
    return tuple(rows)


def _stripped(cells: Iterable[str]) -> list[str]:
    """Cells without outer blanks, up to the last one with content."""
    stripped = [cell.strip() for cell in cells]
    while stripped and not stripped[-1]:
        stripped.pop()
    return stripped


def _row(path: Path, line: int, cells: Sequence[str]) -> ResultsRow:
    if not _is_row(cells):
        raise FormatError(
            f"{path}, line {line}: expected a line such as {_EXAMPLE}, got {','.join(cells)[:80]!r}"
        )
    participant, session, model, backend, *flags, count = cells
    return ResultsRow(
        participant=participant,
        session=session,
        model=model,
        backend=backend,
        flags=tuple(int(flag) for flag in flags),
        count=int(count),
    )


def _is_row(cells: Sequence[str]) -> bool:
    numbers = cells[_FIRST_FLAG:]
    if not numbers or not all(cell.isdecimal() for cell in numbers):
        return False
    flags = numbers[:-1]
    return set(flags) <= {"0", "1"}


def write_results(path: Path, rows: Iterable[ResultsRow]) -> None:
    """Write a Results.csv with the rows in the given order.

    That of the thesis' program is the order of its directory walk.
    """
    write_rows(
        path,
        (
            (row.participant, row.session, row.model, row.backend, *row.flags, row.count)
            for row in rows
        ),
    )


def is_results(path: Path) -> bool:
    """Whether a file looks like a Results.csv, by its first line."""
    try:
        _, cells = next(iter(read_records(path, delimiter=delimiter_of(path))), (0, []))
    except FormatError:
        return False
    stripped = [cell.strip() for cell in cells]
    names, numbers = stripped[2:_FIRST_FLAG], stripped[_FIRST_FLAG:]
    has_numbers = bool(numbers) and all(cell.isdecimal() or not cell for cell in numbers)
    has_names = all(name and not _is_number(name) for name in names)
    return has_numbers and has_names


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def participants_in(path: str) -> tuple[str, ...]:
    """Groups of exactly five digits in a path, in order.

    The thesis' program takes the first as the participant.

    >>> participants_in("20230/123456_12345 Sessie 1.MP4.APViT.retinaface.csv")
    ('20230', '12345')
    """
    return tuple(_ID.findall(path))


def session_in(path: str) -> str | None:
    """The number after the first ``Sessie`` in a path, without leading zeros; None = there is none.

    The thesis' program knows ``Sessie`` only, and a single digit; any case and any number are taken
    here.

    >>> session_in("12345 sessie 10.MP4")
    '10'
    """
    match = _SESSION.search(path)
    return match.group(1) if match else None
