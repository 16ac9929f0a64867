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
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ferbench.errors import FormatError
from ferbench.thesis.text import delimiter_of, read_records, write_rows

_ID: Final = re.compile(r"(?<!\d)\d{5}(?!\d)")
_SESSION: Final = re.compile(r"sessie\s*0*(\d+)", re.IGNORECASE)
_FIRST_FLAG: Final = 4


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
    rows = [
        _row(path, line, cells)
        for line, cells in read_records(path, delimiter=delimiter_of(path))
        if any(cell.strip() for cell in cells)
    ]
    if not rows:
        raise FormatError(f"{path}: expected lines such as {_EXAMPLE}, the file is empty")
    return tuple(rows)


_EXAMPLE: Final = (
    "'10234,1,APViT,retinaface,0,1,0,1' (participant, session, model, backend, flags, events)"
)


def _row(path: Path, line: int, cells: list[str]) -> ResultsRow:
    cells = [cell.strip() for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    numbers = cells[_FIRST_FLAG:]
    if (
        not numbers
        or not all(cell.isdecimal() for cell in numbers)
        or not set(numbers[:-1]) <= {"0", "1"}
    ):
        raise FormatError(
            f"{path}, line {line}: expected a line such as {_EXAMPLE}, got {','.join(cells)[:80]!r}"
        )
    participant, session, model, backend = cells[:_FIRST_FLAG]
    return ResultsRow(
        participant=participant,
        session=session,
        model=model,
        backend=backend,
        flags=tuple(int(cell) for cell in numbers[:-1]),
        count=int(numbers[-1]),
    )


def write_results(path: Path, rows: Iterable[ResultsRow]) -> None:
    """Write a Results.csv with the rows in the given order (the thesis' program: that of the
    directory walk).
    """
    write_rows(
        path, ((r.participant, r.session, r.model, r.backend, *r.flags, r.count) for r in rows)
    )


def is_results(path: Path) -> bool:
    """Whether a file looks like a Results.csv, by its first line."""
    try:
        _, cells = next(iter(read_records(path, delimiter=delimiter_of(path))), (0, []))
    except FormatError:
        return False
    numbers = [cell.strip() for cell in cells[_FIRST_FLAG:]]
    named = [cell.strip() for cell in cells[2:_FIRST_FLAG]]
    return (
        bool(numbers)
        and all(cell.isdecimal() or not cell for cell in numbers)
        and all(name and not _is_number(name) for name in named)
    )


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
    found = _SESSION.search(path)
    return found.group(1) if found else None
