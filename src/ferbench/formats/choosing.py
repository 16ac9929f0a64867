"""Which columns and rows of a file are annotations, whatever its format is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow, Columns, RefusedRow, line_of
from ferbench.formats.times import Clock, since
from ferbench.sentences import Setting, Text
from ferbench.wording import some_lines

_ORDER: Final = ("session", "participant", "onset", "offset", "kind", "annotator", "reacted")
_YES_NO: Final = {
    "": None,
    **dict.fromkeys(("yes", "y", "true", "1"), True),
    **dict.fromkeys(("no", "n", "false", "0"), False),
}

Time = float | Clock


def missing_columns(header: Sequence[str], columns: Columns) -> list[str]:
    """Names of the columns that must be there and are not."""
    needed = _needed(columns)
    names = [getattr(columns, column) for column in _ORDER if column in needed]
    return [name for name in names if name is not None and name not in header]


def _needed(columns: Columns) -> set[str]:
    """Ours that must be there: whose a row is, its onset, and what has a name of its own."""
    needed = {"onset"}
    needed.add("participant" if columns.session is None else "session")
    for column in fields(columns):
        if getattr(columns, column.name) != column.default:
            needed.add(column.name)
    return needed


def names_of_columns(header: Sequence[str], columns: Columns, path: Path) -> dict[str, str]:
    """The file's name of each of our columns that is there.

    Raises:
        DatasetError: a column is there several times, or is missing; one that the file has under
            the same name in other case counts as missing.
    """
    named = {column: getattr(columns, column) for column in _ORDER}
    names = {column: name for column, name in named.items() if name is not None}
    for name in names.values():
        number = header.count(name)
        if number > 1:
            reason = f"the column {name!r} is there {number} times"
            raise DatasetError(f"{path}: {reason}; {found_columns(header)}")
    _check_missing(header, columns, names, path)
    return {column: name for column, name in names.items() if name in header}


def _check_missing(
    header: Sequence[str], columns: Columns, names: Mapping[str, str], path: Path
) -> None:
    """Raise DatasetError where columns are missing, or seem to be misspelt."""
    alike = _in_other_case(header, names)
    needed = {*alike, *missing_columns(header, columns)}
    missing = list(dict.fromkeys(name for name in names.values() if name in needed))
    if not missing:
        return
    question = _did_you_mean([alike[name] for name in missing if name in alike])
    names_of_missing = ", ".join(map(repr, missing))
    raise DatasetError(
        f"{path}: column {names_of_missing} not found{question}; {found_columns(header)}",
        hint=Text(
            "name the file's columns with ",
            Setting("format.columns"),
            _participants_only(header, columns, missing),
        ),
    )


def _did_you_mean(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f" (did you mean {', '.join(map(repr, names))}?)"


def _participants_only(header: Sequence[str], columns: Columns, missing: Sequence[str]) -> str:
    """What to do where rows may name participants instead of sessions."""
    if columns.session not in missing or columns.participant not in header:
        return ""
    setting = Setting("format.columns.session", "null")
    return Text(" (", setting, " where rows name only the participant)")


def _in_other_case(header: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """For each name that is not there, the column without use that has it in other case."""
    unused = {name.casefold(): name for name in header if name not in names.values()}
    return {
        name: unused[name.casefold()]
        for name in names.values()
        if name not in header and name.casefold() in unused
    }


def found_columns(header: Sequence[str]) -> str:
    """The columns that are there, for messages."""
    return f"found: {', '.join(filter(None, header)) or 'nothing'}"


def row_of(
    values: Mapping[str, str],
    columns: Columns,
    read_time: Callable[[str], Time | str],
    *,
    line: int,
    kept: bool,
    file: str = "",
) -> AnnotationRow | RefusedRow:
    """A row with its times, or why it cannot be used.

    Args:
        values: texts of our columns that are there.
        columns: the file's names of them, for messages.
        read_time: the time in the column ``onset`` or ``offset``, or what is wrong with it.
        line: where it begins in the file.
        kept: whether it is an annotation; else its times are not read.
        file: name of its file, where there are several.
    """
    session, participant = values.get("session", ""), values.get("participant", "")
    times: tuple[Time, Time] | str = (math.nan, math.nan)
    if kept:
        times = _times(values, columns, read_time)
    if not (participant if columns.session is None else session):
        times = f"{columns.owner} is empty"
    if isinstance(times, str):
        if not kept:  # no annotation, so nobody's is lost
            session = participant = ""
        return RefusedRow(
            line=line,
            reason=times,
            session=session,
            participant=participant,
            annotator=values.get("annotator", ""),
            file=file,
        )
    onset, offset = times
    return AnnotationRow(
        line=line,
        session=session,
        participant=participant,
        onset=onset,
        offset=offset,
        kind=values.get("kind", ""),
        annotator=values.get("annotator", ""),
        reacted=_YES_NO.get(values.get("reacted", "").casefold()),
        kept=kept,
        file=file,
    )


def _times(
    values: Mapping[str, str], columns: Columns, read_time: Callable[[str], Time | str]
) -> tuple[Time, Time] | str:
    """Onset and offset, or what is wrong with them."""
    onset = read_time("onset")
    if isinstance(onset, str):
        return f"{columns.onset} is {onset}"
    if not values.get("offset"):
        return onset, onset
    offset = read_time("offset")
    if isinstance(offset, str):
        return f"{columns.offset} is {offset}"
    if _ends_before(onset, offset):
        texts = f"{columns.onset} {values['onset']}, {columns.offset} {values['offset']}"
        return f"ends before it begins: {texts}"
    return onset, offset


def _ends_before(onset: Time, offset: Time) -> bool:
    if isinstance(onset, Clock) and isinstance(offset, Clock):
        return since(offset, onset) < 0
    return isinstance(onset, float) and isinstance(offset, float) and offset < onset


def without_repeats(rows: Sequence[AnnotationRow]) -> tuple[list[AnnotationRow], list[str]]:
    """Rows of which annotations that repeat an earlier one are left out, and notes on these."""
    different: list[AnnotationRow] = []
    notes: list[str] = []
    first_of: dict[AnnotationRow, AnnotationRow] = {}
    for row in rows:
        if row.kept:
            first = first_of.setdefault(replace(row, line=0, file=""), row)
            if first is not row:
                notes.append(f"{line_of(row)} repeats {line_of(first)}; counted once")
                continue
        different.append(row)
    return different, notes


def points_among_extents(column: str, rows: Mapping[int, Mapping[str, str]]) -> list[str]:
    """A note on rows without an offset, where others have one: they are points.

    Args:
        column: the offset's name in the file.
        rows: texts by name of column, by line.
    """
    empty = [line for line, texts in rows.items() if not texts[column]]
    if not empty or len(empty) == len(rows):
        return []
    return [
        f"{column} is empty in {len(empty)} of {len(rows)} rows ({some_lines(empty)}); there the "
        "annotation is a point, which ends where it begins"
    ]


def unclear_reactions(column: str, answers: Sequence[tuple[str, str]]) -> list[str]:
    """A note on cells of the column ``reacted`` that say neither yes nor no.

    Args:
        column: its name in the file.
        answers: where each annotation's answer is, and its text.
    """
    unclear = [answer for answer in answers if answer[1].casefold() not in _YES_NO]
    if not unclear:
        return []
    place, text = unclear[0]
    got = f"{text!r} in {place}"
    if len(unclear) > 1:
        got += f" and others in {len(unclear) - 1} more"
    expected = "expected yes or no (or 1, 0; empty = not told)"
    return [f"{column}: {expected}, got {got}; there it counts as not told"]


def check_usable(rows: Sequence[AnnotationRow], refused: Sequence[RefusedRow], path: Path) -> None:
    """Raise DatasetError where there are rows, and none can be used."""
    if refused and not rows:
        first = "; ".join(map(str, refused[:3]))
        raise DatasetError(f"{path}: none of the {len(refused)} rows can be used: {first}")
