"""Tables of grades: what people say of events, right, wrong or unsure, one row per event and rater.

A CSV with the columns of ``COLUMNS``, as the pages with events export it and ``write_grade_table``
writes it: UTF-8 with its mark, so that spreadsheets show every letter, and texts that no
spreadsheet takes for a formula (see ``spreadsheet_text``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from ferbench.atomic import write_text
from ferbench.errors import FormatError
from ferbench.formats.csv_rows import first_cells, seconds_of
from ferbench.formats.csv_text import csv_text
from ferbench.formats.file_sizes import bytes_of
from ferbench.formats.spreadsheet_text import as_harmless, as_meant
from ferbench.spelling import plain

Grade = Literal["right", "wrong", "unsure", ""]
"""``""``: nobody has graded the event yet."""
GRADES: Final[tuple[Grade, ...]] = get_args(Grade)
COLUMNS: Final = (
    "rater",
    "participant",
    "session",
    "model",
    "item",
    "label",
    "onset_s",
    "offset_s",
    "trigger_s",
    "timecode",
    "grade",
    "note",
    "when",
)
NEEDED: Final = ("rater", "session", "onset_s", "grade")
"""Columns that a file must have; without the others their texts are empty, and times the onset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRow:
    """What one person says of one event.

    Attributes:
        rater: who.
        session: of the event.
        onset_s: the event's, seconds of the session.
        offset_s: its end.
        trigger_s: when the rule became true.
        grade: right, wrong or unsure; "" = not graded yet.
        participant: who is on the video; "" = not told.
        model: whose event it is; "" = there is one model, or it was hidden.
        item: its name on a page that hides the model; "" = another page.
        label: expression.
        timecode: HH:MM:SS:FF of the event's first frame, as the thesis has it; "" = not told.
        note: of the rater.
        when: of the grade, as ISO 8601 has it; "" = not told.
        line: of the file; 0 = it was not read.
    """

    rater: str
    session: str
    onset_s: float
    offset_s: float
    trigger_s: float
    grade: Grade
    participant: str = ""
    model: str = ""
    item: str = ""
    label: str = ""
    timecode: str = ""
    note: str = ""
    when: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeTable:
    """A whole file.

    Attributes:
        rows: those that can be used, in the file's order.
        refused: a sentence for each of the others, with its line.
    """

    rows: tuple[GradeRow, ...]
    refused: tuple[str, ...] = ()


def read_grade_table(path: Path) -> GradeTable:
    """Read a table of grades.

    Raises:
        FormatError: no such file, or no such table.
    """
    rows, refused = [], []
    for line, cells in _records(path):
        try:
            rows.append(_row(line, cells))
        except FormatError as error:
            refused.append(f"{path.name}, {error}")
    return GradeTable(rows=tuple(rows), refused=tuple(refused))


def write_grade_table(path: Path, rows: Iterable[GradeRow]) -> None:
    """Write a table of grades, whole or not at all."""
    texts = ([_cell(getattr(row, name)) for name in COLUMNS] for row in rows)
    write_text(path, f"\ufeff{csv_text(COLUMNS, texts)}")


def is_grade_table(path: Path) -> bool:
    """Whether a file looks like a table of grades, by its first line."""
    cells = first_cells(path)
    if len(cells) == 1:
        cells = [cell.strip().strip('"') for cell in cells[0].split(";")]
    return set(NEEDED) <= set(cells)


def _cell(value: str | float) -> str:
    return as_harmless(value) if isinstance(value, str) else repr(float(value))


def _records(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with content by column name, texts as they were meant, and the line each begins on."""
    try:
        text = bytes_of(path).decode("utf-8-sig")
        header_line = text.partition("\n")[0]
        delimiter = ";" if header_line.count(";") > header_line.count(",") else ","
        reader = csv.reader(_with_ends(text), delimiter=delimiter, strict=True)
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, _by_name(header, cells)
            line = reader.line_num + 1
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path}: not a CSV file in UTF-8 ({error})") from error


def _with_ends(text: str) -> list[str]:
    r"""Lines with their ends; only ``\n`` ends one, so that other breaks in a note stay."""
    return [f"{line}\n" for line in text.removesuffix("\n").split("\n")]


def _check_header(path: Path, header: Sequence[str]) -> None:
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise FormatError(
            f"{path} is no table of grades: it has no column {', '.join(missing)}; "
            f"found: {', '.join(filter(None, header)) or 'nothing'}"
        )


def _by_name(header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Cells by column; those beyond the header are under "", where they are not empty."""
    named = dict.fromkeys(header, "")
    named |= dict(zip(header, map(as_meant, cells), strict=False))
    beyond = [cell for cell in cells[len(header) :] if cell.strip()]
    if beyond:
        named[""] = beyond[0]
    return named


def _row(line: int, cells: dict[str, str]) -> GradeRow:
    """A row.

    Raises:
        FormatError: it cannot be used; names the line.
    """
    where = f"line {line}"
    if "" in cells:
        raise FormatError(f"{where}: expected as many cells as in the header, got {cells['']!r}")
    onset_s, offset_s, trigger_s = _times(where, cells)
    text = {name: plain(cells.get(name, "")) for name in COLUMNS}
    for name in ("rater", "session"):
        if not text[name]:
            raise FormatError(f"{where}: {name} is empty")
    return GradeRow(
        rater=text["rater"],
        session=text["session"],
        onset_s=onset_s,
        offset_s=offset_s,
        trigger_s=trigger_s,
        grade=_grade(where, text["grade"].lower()),
        participant=text["participant"],
        model=text["model"],
        item=text["item"],
        label=text["label"],
        timecode=text["timecode"],
        note=cells.get("note", ""),
        when=text["when"],
        line=line,
    )


def _grade(where: str, text: str) -> Grade:
    for grade in GRADES:
        if text == grade:
            return grade
    raise FormatError(f"{where}: grade is {text!r}, expected right, wrong, unsure or nothing")


def _times(where: str, cells: dict[str, str]) -> tuple[float, float, float]:
    """Onset, offset and trigger; those that are not told are the onset."""
    onset_s = seconds_of(where, "onset_s", cells["onset_s"])
    offset_s = _seconds_or(onset_s, where, "offset_s", cells)
    if offset_s < onset_s:
        raise FormatError(f"{where}: expected onset_s <= offset_s, got {onset_s} and {offset_s}")
    return onset_s, offset_s, _seconds_or(onset_s, where, "trigger_s", cells)


def _seconds_or(default_s: float, where: str, name: str, cells: dict[str, str]) -> float:
    text = cells.get(name, "").strip()
    return seconds_of(where, name, text) if text else default_s
