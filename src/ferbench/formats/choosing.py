"""Which columns and rows of a file are annotations, whatever its format is."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Final, TypeVar

from ferbench.errors import DatasetError, Setting, Text
from ferbench.formats.annotation_table import AnnotationRow, Columns, RefusedRow, line_of
from ferbench.formats.times import Clock, since
from ferbench.spelling import comparable_name

_ORDER: Final = ("session", "participant", "onset", "offset", "kind", "annotator", "reacted")
_YES_NO: Final = {
    "": None,
    **dict.fromkeys(("yes", "y", "true", "1"), True),
    **dict.fromkeys(("no", "n", "false", "0"), False),
}
_SHOWN: Final = 10

Time = float | Clock
RowKey = TypeVar("RowKey", bound=Hashable)


def missing_columns(header: Sequence[str], columns: Columns) -> list[str]:
    """Names of the columns that must be there and are not."""
    needed = {"onset", "session" if columns.session is not None else "participant"}
    for column in fields(columns):
        if getattr(columns, column.name) != column.default:
            needed.add(column.name)
    names = [getattr(columns, column) for column in _ORDER if column in needed]
    return [name for name in names if name is not None and name not in header]


def names_of_columns(header: Sequence[str], columns: Columns, path: Path) -> dict[str, str]:
    """The file's name of each of our columns that is there.

    Raises:
        DatasetError: a column is there several times, or is missing; one that the file has under
            the same name in other case counts as missing.
    """
    named = {column: getattr(columns, column) for column in _ORDER}
    names = {column: name for column, name in named.items() if name is not None}
    for name in names.values():
        if header.count(name) > 1:
            raise DatasetError(
                f"{path}: the column {name!r} is there {header.count(name)} times; {_found(header)}"
            )
    _check_missing(header, columns, names, path)
    return {column: name for column, name in names.items() if name in header}


def _check_missing(
    header: Sequence[str], columns: Columns, names: Mapping[str, str], path: Path
) -> None:
    """Raise DatasetError where columns are missing, or seem to be misspelt."""
    unused = {name.casefold(): name for name in header if name not in names.values()}
    absent = dict.fromkeys(name for name in names.values() if name not in header)
    alike = {name: unused[name.casefold()] for name in absent if name.casefold() in unused}
    needed = missing_columns(header, columns)
    missing = [name for name in absent if name in alike or name in needed]
    if not missing:
        return
    meant = [repr(alike[name]) for name in missing if name in alike]
    question = f" (did you mean {', '.join(meant)}?)" if meant else ""
    participants_only = ""
    if columns.session in missing and columns.participant in header:
        participants_only = " (session: null where rows name only the participant)"
    raise DatasetError(
        f"{path}: column {', '.join(map(repr, missing))} not found{question}; {_found(header)}",
        hint=Text("name the file's columns in ", Setting("format.columns"), participants_only),
    )


def _found(header: Sequence[str]) -> str:
    return f"found: {', '.join(header) or 'nothing'}"


def kept_rows(
    header: Sequence[str],
    rows: Mapping[RowKey, Mapping[str, str]],
    keep: Mapping[str, tuple[str, ...]],
    path: Path,
) -> tuple[set[RowKey], list[str]]:
    """Rows that may be annotations, and notes on values that no row has.

    Args:
        header: the file's names of columns.
        rows: complete rows by whatever tells them apart: texts by name of column.
        keep: ``Table.keep``.
        path: the file, for messages.

    Raises:
        DatasetError: a column is not there once, or no row is kept.
    """
    kept = set(rows)
    notes: list[str] = []
    for column, values in keep.items():
        if header.count(column) != 1:
            there = f"which is there {header.count(column)} times; {_found(header)}"
            raise DatasetError(
                Text(f"{path}: ", Setting("format.keep"), f" names the column {column!r}, {there}")
            )
        texts = {key: row[column] for key, row in rows.items()}
        there = _shown_values(texts.values())
        wanted = {comparable_name(value) for value in values}
        known = {comparable_name(text) for text in texts.values()}
        if rows and not wanted & known:
            raise DatasetError(
                Text(f"{path}: ", _kept(column, values), f" leaves no row; there are: {there}")
            )
        kept = {key for key in kept if comparable_name(texts[key]) in wanted}
        for value in values:
            if comparable_name(value) not in known:
                setting = Setting(f"format.keep.{column}", value)
                notes.append(Text(setting, f": no row has it; there are: {there}"))
    if rows and not kept:
        raise DatasetError(_no_row(keep, path))
    return kept, notes


def _kept(column: str, values: Sequence[str]) -> Setting:
    return Setting(f"format.keep.{column}", ",".join(values))


def _shown_values(texts: Collection[str]) -> str:
    values = sorted(set(texts))
    shown = ", ".join(value or "(empty)" for value in values[:_SHOWN])
    if len(values) > _SHOWN:
        return f"{shown} and {len(values) - _SHOWN} more"
    return shown or "no rows"


def _no_row(keep: Mapping[str, tuple[str, ...]], path: Path) -> Text:
    parts: list[str | Setting] = [f"{path}: "]
    for number, (column, values) in enumerate(keep.items()):
        if number:
            parts.append(" and ")
        parts.append(_kept(column, values))
    return Text(*parts, " leave no row: no row has all of them")


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
            line=line, reason=times, session=session, participant=participant, file=file
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
    if "offset" not in values:
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
    others = f" and others in {len(unclear) - 1} more" if len(unclear) > 1 else ""
    return [
        f"{column}: expected yes or no (or 1, 0; empty = not told), got {text!r} in {place}{others}"
        "; there it counts as not told"
    ]


def check_usable(rows: Sequence[AnnotationRow], refused: Sequence[RefusedRow], path: Path) -> None:
    """Raise DatasetError where there are rows, and none can be used."""
    if refused and not rows:
        first = "; ".join(map(str, refused[:3]))
        raise DatasetError(f"{path}: none of the {len(refused)} rows can be used: {first}")
