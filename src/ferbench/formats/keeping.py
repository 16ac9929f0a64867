"""Which rows of a file are annotations: those with the values that ``Table.keep`` asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.choosing import found_columns
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name

_SHOWN: Final = 10


def kept_rows(
    header: Sequence[str],
    rows: Mapping[int, Mapping[str, str]],
    keep: Mapping[str, tuple[str, ...]],
    path: Path,
    *,
    may_be_none: bool = False,
) -> tuple[set[int], list[str]]:
    """Rows that may be annotations, and notes on values that no row has.

    Args:
        header: the file's names of columns.
        rows: complete rows by line or number: texts by name of column.
        keep: ``Table.keep``.
        path: the file, for messages.
        may_be_none: it is one of several files, and may have no such row; nothing is noted then.

    Raises:
        DatasetError: a column is not there once, or no row is kept.
    """
    kept = set(rows)
    notes: list[str] = []
    for column, values in keep.items():
        _check_column(header, column, path)
        texts = {key: row[column] for key, row in rows.items()}
        kept &= _keys_with(values, texts)
        if may_be_none:
            continue
        _check_texts(column, values, texts, path)
        notes += _useless_values(column, values, texts.values())
    if rows and not kept and not may_be_none:
        raise no_row_kept(keep, path)
    return kept, notes


def _keys_with(values: Sequence[str], texts: Mapping[int, str]) -> set[int]:
    """Rows whose text is one of some values."""
    wanted = {comparable_name(value) for value in values}
    return {key for key, text in texts.items() if comparable_name(text) in wanted}


def _check_texts(column: str, values: Sequence[str], texts: Mapping[int, str], path: Path) -> None:
    """Raise DatasetError where no row's text is one of some values."""
    if texts and not _keys_with(values, texts):
        reason = f" leaves no row; there are: {_shown_values(texts.values())}"
        raise DatasetError(Text(f"{path}: ", _kept_values(column, values), reason))


def _check_column(header: Sequence[str], column: str, path: Path) -> None:
    """Raise DatasetError where a column is not there, or several times."""
    number = header.count(column)
    if number != 1:
        reason = f" names the column {column!r}, which is there {number} times"
        setting = Setting("format.keep")
        raise DatasetError(Text(f"{path}: ", setting, f"{reason}; {found_columns(header)}"))


def _useless_values(column: str, values: Sequence[str], texts: Collection[str]) -> list[str]:
    """Notes on values to keep that no row has."""
    known = {comparable_name(text) for text in texts}
    notes: list[str] = []
    for value in values:
        if comparable_name(value) not in known:
            setting = Setting(f"format.keep.{column}", value)
            notes.append(Text(setting, f": no row has it; there are: {_shown_values(texts)}"))
    return notes


def _kept_values(column: str, values: Sequence[str]) -> Setting:
    return Setting(f"format.keep.{column}", ",".join(values))


def _shown_values(texts: Collection[str]) -> str:
    values = sorted(set(texts))
    shown = ", ".join(value or "(empty)" for value in values[:_SHOWN])
    if len(values) > _SHOWN:
        return f"{shown} and {len(values) - _SHOWN} more"
    return shown or "no rows"


def no_row_kept(keep: Mapping[str, tuple[str, ...]], path: Path) -> DatasetError:
    """That no row has a value of each column."""
    parts: list[str | Setting] = [f"{path}: "]
    for number, (column, values) in enumerate(keep.items()):
        if number:
            parts.append(" and ")
        parts.append(_kept_values(column, values))
    return DatasetError(Text(*parts, " leave no row: no row has all of them"))
