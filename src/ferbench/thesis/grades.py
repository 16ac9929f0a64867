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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Final

from ferbench.errors import FormatError
from ferbench.thesis.text import delimiter_of, read_records, write_rows

TRUE: Final = "T"
"""The only grade that counts as a true positive, letter by letter."""
LINES: Final = ("Section", "Timestamp", "Grade")
_KIND: Final = 3
_FIRST: Final = 4
_Record = tuple[int, list[str]]
"""Number of a line, and its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradedEvent:
    """One event of a block.

    Attributes:
        section: running number.
        time: time code as written.
        grade: as written.
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
    def session_key(self) -> tuple[str, str]:
        """Participant and session."""
        return self.participant, self.session

    @property
    def events(self) -> tuple[GradedEvent, ...]:
        """The events in the order of the numbers' cells."""
        number_cells, times, grades = self.cells
        numbers = [int(cell) for cell in number_cells if cell.strip()]
        return tuple(
            GradedEvent(section=number, time=times[number], grade=grades[number])
            for number in numbers
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

    @property
    def is_graded(self) -> bool:
        """Whether somebody filled in a grade."""
        events = chain.from_iterable(block.events for block in self.blocks)
        return any(event.grade.strip() for event in events)


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
    records = _with_content(path)
    blocks: list[GradeBlock] = []
    while three_lines := tuple(islice(records, len(LINES))):
        _check_kinds(path, three_lines)
        if len(three_lines) < len(LINES):
            first_line, _ = three_lines[0]
            return GradeSheet(blocks=tuple(blocks), left_out=first_line)
        blocks.append(_block(path, three_lines))
    if not blocks:
        raise FormatError(
            f"{path}: expected three lines (Section, Timestamp, Grade) per model and session, "
            "found none"
        )
    return GradeSheet(blocks=tuple(blocks))


def _with_content(path: Path) -> Iterator[_Record]:
    for line, cells in read_records(path, delimiter=delimiter_of(path)):
        if any(cell.strip() for cell in cells):
            yield line, cells


def _check_kinds(path: Path, lines: Sequence[_Record]) -> None:
    """Raise FormatError unless lines are the beginning of a block."""
    for record, kind in zip(lines, LINES, strict=False):
        _check_kind(path, record, kind)


def _check_kind(path: Path, record: _Record, kind: str) -> None:
    line, cells = record
    got = _kind_in(cells)
    if got.lower() == kind.lower():
        return
    hint = (
        "each model and session has three lines: Section, Timestamp, Grade; correct, complete or "
        "remove the block"
    )
    if line == 1:
        hint = "remove the header, these files have none"
    raise FormatError(f"{path}, line {line}: expected {kind!r} in column 4, got {got!r}", hint=hint)


def _kind_in(cells: Sequence[str]) -> str:
    return cells[_KIND].strip() if len(cells) > _KIND else ""


def _block(path: Path, three_lines: Sequence[_Record]) -> GradeBlock:
    (line, first), (_, times), (_, grades) = three_lines
    participant, session, model, _, *number_cells = first
    for cell in number_cells:
        if cell.strip():
            _check_event(path, cell, three_lines)
    return GradeBlock(
        participant=participant.strip(),
        session=session.strip(),
        model=model.strip(),
        cells=(tuple(number_cells), tuple(times[_FIRST:]), tuple(grades[_FIRST:])),
        line=line,
    )


def _check_event(path: Path, number_cell: str, three_lines: Sequence[_Record]) -> None:
    """Raise FormatError unless a number has its time and its grade."""
    (line, _), (time_line, times), (grade_line, grades) = three_lines
    number = number_cell.strip()
    if not number.isdecimal():
        raise FormatError(
            f"{path}, line {line}: expected numbers of events from column 5 on, "
            f"got {number_cell!r}",
            hint="correct it",
        )
    column = _FIRST + int(number)
    for other_line, cells, kind in ((time_line, times, "time"), (grade_line, grades, "grade")):
        if column >= len(cells):
            raise FormatError(
                f"{path}, line {other_line}: event {number} has no {kind}: "
                f"expected {column + 1} columns or more, got {len(cells)}",
                hint=f"add a cell for every number of line {line} "
                "(an empty one, if it is not graded)",
            )
    if not times[column].strip():
        raise FormatError(
            f"{path}, line {time_line}: event {number} has no time in column {column + 1}",
            hint="add it",
        )


def write_grades(path: Path, blocks: Iterable[GradeBlock]) -> None:
    """Write a grade file with the blocks in the given order."""
    rows: list[tuple[str, ...]] = []
    for block in blocks:
        names = ((block.participant, block.session, block.model), ("", "", ""), ("", "", ""))
        for name_cells, kind, cells in zip(names, LINES, block.cells, strict=True):
            rows.append((*name_cells, kind, *cells))
    write_rows(path, rows)


def sorted_blocks(blocks: Sequence[GradeBlock]) -> tuple[GradeBlock, ...]:
    """Sort as sort_grade_file: by participant, session (both as numbers) and model.

    Sessions that lack a model are left out. What differs: that program asks for three blocks per
    session, whatever models there are; here it is as many as the sheet has models (the thesis has
    three).

    Raises:
        FormatError: a participant or session is no number.
    """
    in_order = sorted(blocks, key=_place_of)
    num_models = len({block.model for block in blocks})
    blocks_of_session = Counter(block.session_key for block in blocks)
    return tuple(block for block in in_order if blocks_of_session[block.session_key] >= num_models)


def _place_of(block: GradeBlock) -> tuple[int, int, str]:
    """What a block is sorted by: participant and session as numbers, model as text."""
    participant, session = block.session_key
    if not (participant.isdecimal() and session.isdecimal()):
        raise FormatError(
            f"line {block.line}: cannot sort participant {participant!r}, session {session!r}: "
            "expected numbers"
        )
    return int(participant), int(session), block.model


def is_grades(path: Path) -> bool:
    """Whether a file looks like a grade file, by its first lines."""
    try:
        first = list(islice(read_records(path, delimiter=delimiter_of(path)), 4))
    except FormatError:
        return False
    return any(_kind_in(cells) in LINES for _, cells in first)


def nearly_true(sheet: GradeSheet) -> tuple[str, ...]:
    """Grades that look like ``T`` and are not: which they are and where, a text each."""
    texts: list[str] = []
    for block in sheet.blocks:
        for event in block.events:
            looks_true = event.grade.strip().upper() in (TRUE, "TRUE")
            if looks_true and event.grade != TRUE:
                column = _FIRST + event.section + 1
                texts.append(f"{event.grade!r} (line {block.line + 2}, column {column})")
    return tuple(texts)
