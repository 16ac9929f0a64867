"""The thesis' grade file: three lines per model and session, to be graded by hand, in and out.

``10234,1,APViT,Section,0,1`` / ``,,,Timestamp,00:00:05:01,00:00:30:01`` / ``,,,Grade,T,F``: the
participant, session, model; a number, a time code and a grade for each event. No header. Source:
the file that batch_detect of github.com/TimDeelstra/FER writes, sort_grade_file sorts and
convert_grade_file counts. Lines end in CR LF. As there, a number n of the first line belongs to
column 4 + n (from 0) of the other two, an empty one to nothing, and an incomplete block at the end
is left out. What differs: a block that does not begin as above is an error that names the line
instead of a shift of all that follow; blank lines and a semicolon between cells are accepted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from ferbench.errors import FormatError
from ferbench.thesis.text import delimiter_of, read_records, write_rows

TRUE: Final = "T"
"""The only grade that counts as a true positive, letter by letter."""
LINES: Final = ("Section", "Timestamp", "Grade")
_KIND, _FIRST = 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedEvent:
    """One event: ``section`` (running number), ``time`` (time code as written), ``grade`` (as
    written).
    """

    section: int
    time: str
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeBlock:
    """The three lines of one model and session.

    Attributes:
        participant: usually five digits.
        session: usually one digit.
        model: expression model.
        cells: the three lines from column 4 on, as they are.
        line: number of the first line in the file it was read from; 0 = it was not read.
    """

    participant: str
    session: str
    model: str
    cells: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    line: int = 0

    @property
    def events(self) -> tuple[GradedEvent, ...]:
        """The events in the order of the numbers' cells."""
        numbers, times, grades = self.cells
        return tuple(
            GradedEvent(section=int(cell), time=times[int(cell)], grade=grades[int(cell)])
            for cell in numbers
            if cell.strip()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeSheet:
    """A whole file.

    Attributes:
        blocks: in the order of the file.
        left_out: number of the line where an incomplete last block begins; 0 = there is none.
    """

    blocks: tuple[GradeBlock, ...]
    left_out: int = 0


def ungraded(participant: str, session: str, model: str, times: Sequence[str]) -> GradeBlock:
    """A block with empty grades, as batch_detect writes it."""
    numbers = tuple(str(number) for number in range(len(times)))
    return GradeBlock(
        participant=participant,
        session=session,
        model=model,
        cells=(numbers, tuple(times), ("",) * len(times)),
    )


def read_grades(path: Path) -> GradeSheet:
    """Read a grade file, graded or not.

    Raises:
        FormatError: the file cannot be read, or a block cannot be understood; names file and line.
    """
    records = (
        (line, cells)
        for line, cells in read_records(path, delimiter=delimiter_of(path))
        if any(map(str.strip, cells))
    )
    blocks: list[GradeBlock] = []
    while block := tuple(islice(records, len(LINES))):
        for (line, cells), kind in zip(block, LINES, strict=False):
            _check_kind(path, line, cells, kind)
        if len(block) < len(LINES):
            return GradeSheet(blocks=tuple(blocks), left_out=block[0][0])
        blocks.append(_block(path, block))
    if not blocks:
        raise FormatError(
            f"{path}: expected three lines (Section, Timestamp, Grade) per model and session, found none"
        )
    return GradeSheet(blocks=tuple(blocks))


def _check_kind(path: Path, line: int, cells: list[str], kind: str) -> None:
    found = cells[_KIND].strip() if len(cells) > _KIND else ""
    if found.lower() == kind.lower():
        return
    hint = (
        "remove the header, these files have none"
        if line == 1
        else "each model and session has three lines: Section, Timestamp, Grade; correct, complete or remove the block"
    )
    raise FormatError(f"{path}, line {line}: expected {kind!r} in column 4, got {found!r}; {hint}")


def _block(path: Path, block: Sequence[tuple[int, list[str]]]) -> GradeBlock:
    (line, first), (time_line, times), (grade_line, grades) = block
    for cell in first[_FIRST:]:
        if not cell.strip():
            continue
        if not cell.strip().isdecimal():
            raise FormatError(
                f"{path}, line {line}: expected numbers of events from column 5 on, got {cell!r}; correct it"
            )
        column = _FIRST + int(cell)
        for other, cells, kind in ((time_line, times, "time"), (grade_line, grades, "grade")):
            if column >= len(cells):
                raise FormatError(
                    f"{path}, line {other}: event {cell.strip()} has no {kind}: expected {column + 1} columns or more, "
                    f"got {len(cells)}; add a cell for every number of line {line} (an empty one, if it is not graded)"
                )
        if not times[column].strip():
            raise FormatError(
                f"{path}, line {time_line}: event {cell.strip()} has no time in column {column + 1}; add it"
            )
    return GradeBlock(
        participant=first[0].strip(),
        session=first[1].strip(),
        model=first[2].strip(),
        cells=(tuple(first[_FIRST:]), tuple(times[_FIRST:]), tuple(grades[_FIRST:])),
        line=line,
    )


def write_grades(path: Path, blocks: Iterable[GradeBlock]) -> None:
    """Write a grade file with the blocks in the given order."""
    rows: list[tuple[str, ...]] = []
    for block in blocks:
        names = ((block.participant, block.session, block.model), ("", "", ""), ("", "", ""))
        rows += [
            (*name, kind, *cells)
            for name, kind, cells in zip(names, LINES, block.cells, strict=True)
        ]
    write_rows(path, rows)


def sorted_blocks(blocks: Sequence[GradeBlock]) -> tuple[GradeBlock, ...]:
    """By participant, session (both as numbers) and model, without sessions that lack a model, as
    sort_grade_file.

    What differs: that program asks for three blocks per session, whatever models there are; here it
    is as many as the sheet has models (the thesis has three).

    Raises:
        FormatError: a participant or session is no number.
    """
    for block in blocks:
        if not (block.participant.isdecimal() and block.session.isdecimal()):
            raise FormatError(
                f"line {block.line}: cannot sort participant {block.participant!r}, session {block.session!r}: "
                "expected numbers"
            )
    number = Counter((block.participant, block.session) for block in blocks)
    models = len({block.model for block in blocks})
    kept = [block for block in blocks if number[block.participant, block.session] >= models]
    return tuple(
        sorted(kept, key=lambda block: (int(block.participant), int(block.session), block.model))
    )


def is_grades(path: Path) -> bool:
    """Whether a file looks like a grade file, by its first lines."""
    try:
        first = list(islice(read_records(path, delimiter=delimiter_of(path)), 4))
    except FormatError:
        return False
    return any(len(cells) > _KIND and cells[_KIND].strip() in LINES for _, cells in first)


def nearly_true(sheet: GradeSheet) -> tuple[str, ...]:
    """Grades that look like ``T`` and are not: which they are and where, a text each."""
    found = []
    for block in sheet.blocks:
        for event in block.events:
            if event.grade != TRUE and event.grade.strip().upper() in (TRUE, "TRUE"):
                where = f"line {block.line + 2}, column {_FIRST + event.section + 1}"
                found.append(f"{event.grade!r} ({where})")
    return tuple(found)
