"""Tables of a run beside those of its reproduction: CSV by cell, predictions by frame and face."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import TrackingError
from ferbench.face_columns import Column
from ferbench.scoring.ratios import defined

Columns = Mapping[str, Column]

_NOT_COMPARED: Final = ("face",)
"""The running number of a face: one face more in a frame changes it in all later ones."""
_MOST_FACES: Final = 2**24
"""More than any frame has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDrift:
    """A table of two runs.

    Attributes:
        name: among the artifacts.
        rows_recorded: of the run; None = it has no such table.
        rows_now: of the reproduction, likewise.
        num_different: cells that differ; and rows that only one of the two has.
        largest: largest difference of two numbers; NaN = no two numbers differ.
        largest_in: the column that has it; "" = none has.
        first: where the first difference is; "" = nowhere.
    """

    name: str
    rows_recorded: int | None
    rows_now: int | None
    num_different: int = 0
    largest: float = math.nan
    largest_in: str = ""
    first: str = ""

    @property
    def drifts(self) -> bool:
        """Whether the tables differ."""
        return self.num_different > 0 or self.rows_recorded != self.rows_now

    def as_plain(self) -> dict[str, Any]:
        """Plain values; undefined is None."""
        return {
            "name": self.name,
            "drifts": self.drifts,
            "rows_recorded": self.rows_recorded,
            "rows_now": self.rows_now,
            "num_different": self.num_different,
            "largest": defined(self.largest),
            "largest_in": self.largest_in,
            "first": self.first,
        }


@dataclass(slots=True)
class _Largest:
    """The largest difference of two numbers so far, and its column."""

    value: float = math.nan
    column: str = ""

    def add(self, value: float, column: str) -> None:
        """Note a difference; NaN is none."""
        if value > 0 and not value <= self.value:
            self.value, self.column = value, column


def compare_csv_files(
    recorded: Mapping[str, Path], now: Mapping[str, Path]
) -> tuple[TableDrift, ...]:
    """Every table that either run has, by name.

    Raises:
        TrackingError: one cannot be read.
    """
    drifts = []
    for name in sorted({*recorded, *now}):
        rows = [_rows(tables.get(name)) for tables in (recorded, now)]
        drifts.append(compare_rows(name, *rows))
    return tuple(drifts)


def _rows(path: Path | None) -> list[list[str]] | None:
    """Header and rows of a table; None = there is no such file."""
    if path is None:
        return None
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.reader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrackingError(f"{path.name} of the run cannot be read: {error}") from error


def compare_rows(
    name: str, recorded: Sequence[Sequence[str]] | None, now: Sequence[Sequence[str]] | None
) -> TableDrift:
    """Two tables as texts, each with its header; None = there is no such table.

    Where they have as many rows and the same columns, cell by cell; else the rows that only one of
    the two has are counted.
    """
    same = TableDrift(
        name=name,
        rows_recorded=None if recorded is None else max(len(recorded) - 1, 0),
        rows_now=None if now is None else max(len(now) - 1, 0),
    )
    if not recorded or not now:
        return same
    widths = [[len(row) for row in table] for table in (recorded, now)]
    if widths[0] != widths[1] or recorded[0] != now[0]:
        return _by_rows(same, recorded, now)
    num_different, largest, first = 0, _Largest(), ""
    for number, (row, other) in enumerate(zip(recorded[1:], now[1:], strict=True), start=1):
        for column, cell, other_cell in zip(recorded[0], row, other, strict=True):
            if cell != other_cell:
                num_different += 1
                largest.add(_difference(cell, other_cell), column)
                first = first or f"row {number}, {column}"
    return replace(
        same,
        num_different=num_different,
        largest=largest.value,
        largest_in=largest.column,
        first=first,
    )


def _by_rows(
    same: TableDrift, recorded: Sequence[Sequence[str]], now: Sequence[Sequence[str]]
) -> TableDrift:
    """Tables of other sizes or columns."""
    counts = [Counter(map(tuple, table)) for table in (recorded, now)]
    only_one = (counts[0] - counts[1]) + (counts[1] - counts[0])
    pairs = zip(recorded, now, strict=False)
    differing = (number for number, (row, other) in enumerate(pairs) if list(row) != list(other))
    first = next(differing, min(len(recorded), len(now)))
    where = f"row {first}" if first else "names of columns"
    return replace(same, num_different=only_one.total(), first=where)


def _difference(cell: str, other: str) -> float:
    """How far two cells are apart; NaN where one is no number."""
    try:
        return abs(float(cell) - float(other))
    except ValueError:
        return math.nan


def compare_predictions(name: str, recorded: Columns, now: Columns) -> TableDrift:
    """What two runs saw in a video, columns as ``face_columns`` has them.

    Faces are compared in the order in which they stand in their frame.
    """
    places, other_places = _places(recorded), _places(now)
    _, rows, other_rows = np.intersect1d(places, other_places, return_indices=True)
    alone = [_frames_without(recorded, rows), _frames_without(now, other_rows)]
    differing = [frame for frames in alone for frame in frames]
    num_different, largest = len(differing), _Largest()
    frame = recorded["frame"].values[rows]
    for column in {**recorded, **now}:
        if column in _NOT_COMPARED:
            continue
        value, other = _numbers(recorded, column, rows), _numbers(now, column, other_rows)
        is_different = ~((value == other) | (np.isnan(value) & np.isnan(other)))
        if is_different.any():
            num_different += int(is_different.sum())
            differing.append(int(frame[is_different].min()))
            apart = np.abs(other - value)[is_different]
            largest.add(float(np.nan_to_num(apart, nan=0.0).max()), column)
    return TableDrift(
        name=name,
        rows_recorded=len(places),
        rows_now=len(other_places),
        num_different=num_different,
        largest=largest.value,
        largest_in=largest.column,
        first=_at(min(differing), recorded, now) if differing else "",
    )


def _places(table: Columns) -> NDArray[Any]:
    """Frame of each row and its place among the rows of that frame, as one number."""
    frame = table["frame"].values
    place = np.arange(len(frame)) - np.searchsorted(frame, frame)
    return np.asarray(frame * _MOST_FACES + place)


def _frames_without(table: Columns, rows: NDArray[Any]) -> list[int]:
    """The frames of all other rows."""
    frame = table["frame"].values
    return [int(number) for number in np.delete(frame, rows)]


def _numbers(table: Columns, name: str, rows: NDArray[Any]) -> NDArray[np.float64]:
    """Numbers of a column in some rows; NaN where there is none."""
    if name not in table:
        return np.full(len(rows), np.nan)
    column = table[name]
    values = np.asarray(column.values[rows], np.float64)
    if column.missing is not None:
        values = np.where(column.missing[rows], np.nan, values)
    return values


def _at(frame: int, *tables: Columns) -> str:
    """A frame and when it begins."""
    begins = {
        float(table["start_s"].values[row])
        for table in tables
        for row in np.flatnonzero(table["frame"].values == frame)[:1]
    }
    return f"frame {frame}, {min(begins):.3f} s"
