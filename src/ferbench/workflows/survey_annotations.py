"""The annotations of a study that is surveyed: their columns and rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ferbench.datasets.files import SUFFIXES
from ferbench.datasets.headers import FIELDS, Field, Headers, find_columns
from ferbench.datasets.known_names import KnownNames
from ferbench.datasets.lengths import Reading
from ferbench.datasets.naming import chosen, without_suffix
from ferbench.formats.annotation_table import Columns
from ferbench.formats.cell_text import name_text
from ferbench.formats.dispatch import program_of
from ferbench.formats.sheet import Sheet
from ferbench.formats.sheet_files import read_sheet

UNKNOWN: Final = "???"
"""Stands in the data set where a person must say which column it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyedAnnotations:
    """Annotations as far as they can be read.

    Attributes:
        path: the file, or the folder of an annotation program's files.
        csv: its cells, where it is a CSV.
        headers: which of its columns is which; None = it is no CSV.
        reading: its rows; None = none can be read.
    """

    path: Path
    csv: Sheet | None = None
    headers: Headers | None = None
    reading: Reading | None = None

    @property
    def unknown_columns(self) -> list[Field]:
        """Fields that must have a column and have none, or of which several may be it."""
        if self.headers is None:
            return []
        return _unknown(self.headers)

    @property
    def columns(self) -> dict[str, str | None]:
        """The column of each field; ``UNKNOWN`` = a person must say it, None = there is none."""
        if self.headers is None:
            return default_columns()
        unknown = self.unknown_columns
        return {
            name: UNKNOWN if name in unknown else self.headers.names.get(name) for name in FIELDS
        }

    @property
    def is_undecided(self) -> bool:
        """Whether a person must say how times are written."""
        return self.reading is not None and self.reading.question != ""

    def counts(self, name: Literal["kind", "annotator"]) -> Counter[str]:
        """How many rows have each kind, or annotator; of annotators also rows that are refused."""
        if self.reading is None:
            return Counter()
        table = self.reading.rows
        values = [getattr(row, name) for row in table.rows]
        if name == "annotator":
            values += [row.annotator for row in table.refused]
        return Counter(value for value in values if value)


def default_columns() -> dict[str, str | None]:
    """The columns that annotations have where nothing else is said."""
    columns = Columns()
    return {name: getattr(columns, name) for name in FIELDS}


def find_annotations(path: Path, named: Mapping[Field, str]) -> SurveyedAnnotations:
    """Find out which columns annotations have; their rows are not read yet.

    Args:
        path: a CSV, or files of an annotation program, which say themselves what is what.
        named: columns that a person named; "" = there is none.

    Raises:
        DatasetError: the file cannot be read, or has not the columns that were named.
    """
    if path.is_dir() or program_of(path) is not None:
        return SurveyedAnnotations(path=path)
    csv = read_sheet(path, fits=lambda header: not _unknown(find_columns(header, named)))
    for name, column in named.items():
        if column:
            chosen(f"columns.{name}", column, csv.header)
    return SurveyedAnnotations(path=path, csv=csv, headers=find_columns(csv.header, named))


def _unknown(headers: Headers) -> list[Field]:
    """Fields that must be known and are not."""
    whose: tuple[Field, Field] = ("session", "participant")
    unknown = [name for name in whose if name in headers.unclear]
    nobody = not any(name in headers.names for name in whose)
    if nobody and not unknown:
        unknown.append("session")
    if "onset" not in headers.names:
        unknown.append("onset")
    return unknown


def known_names(annotations: SurveyedAnnotations) -> KnownNames:
    """Participants and sessions of the rows; empty where their columns are not known."""
    csv, headers = annotations.csv, annotations.headers
    if csv is None or headers is None or annotations.unknown_columns:
        return KnownNames()
    participants = _cells(csv, headers.names.get("participant"))
    sessions = _cells(csv, headers.names.get("session"))
    pairs = [
        (participant or "", without_suffix(session or "", SUFFIXES))
        for participant, session in zip(participants, sessions, strict=True)
        if participant != "" and session != ""
    ]
    return KnownNames.of(pairs)


def _cells(csv: Sheet, column: str | None) -> list[str | None]:
    """A column's cells in all rows of the right width; None = there is no such column."""
    rows = [cells for _, cells in csv.rows if len(cells) == len(csv.header)]
    if column is None:
        return [None] * len(rows)
    index = csv.header.index(column)
    return [name_text(cells[index]) for cells in rows]
