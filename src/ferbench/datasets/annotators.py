"""Whose rows of an annotations file are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ferbench.datasets.naming import chosen
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name, same_name
from ferbench.wording import plural

BLANK: Final = "(blank)"
"""Stands for rows without an annotator."""

EVERYBODY: Final = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsOfAnnotator:
    """The rows of the chosen annotator.

    Attributes:
        rows: that can be used.
        refused: that cannot be used, also those that may be anybody's.
        refused_of_others: of other annotators.
    """

    rows: tuple[AnnotationRow, ...]
    refused: tuple[RefusedRow, ...]
    refused_of_others: tuple[RefusedRow, ...] = ()


def by_annotator(table: AnnotationTable, annotator: str | None) -> RowsOfAnnotator:
    """The rows of the chosen annotator; spellings of one name are one person, as for sessions.

    Args:
        table: rows of all annotators.
        annotator: a name, ``(blank)``, or ``all``; None = there is only one.

    Raises:
        DatasetError: there are several annotators and none was chosen, or there is no such one.
    """
    named_refused = [row for row in table.refused if row.annotator]
    num_rows = Counter(_names([*table.rows, *named_refused]))
    if annotator is None and len(num_rows) > 1:
        raise _several_annotators(num_rows)
    if annotator in (None, EVERYBODY) or not num_rows:
        return RowsOfAnnotator(rows=table.rows, refused=table.refused)
    wanted = chosen("annotator", str(annotator), num_rows)
    others = [row for row in named_refused if not same_name(row.annotator, wanted)]
    return RowsOfAnnotator(
        rows=tuple(row for row in table.rows if same_name(row.annotator or BLANK, wanted)),
        refused=tuple(row for row in table.refused if row not in others),
        refused_of_others=tuple(others),
    )


def _names(rows: Iterable[AnnotationRow | RefusedRow]) -> list[str]:
    """The annotator of each row, in the first spelling of the name."""
    names = [row.annotator for row in rows]
    spelled: dict[str, str] = {}
    for name in names:
        spelled.setdefault(comparable_name(name), name)
    return [spelled[comparable_name(name)] or BLANK for name in names]


def _several_annotators(num_rows: Counter[str]) -> DatasetError:
    counts = [f"{name} ({plural(count, 'row')})" for name, count in sorted(num_rows.items())]
    named = [name for name, _ in num_rows.most_common() if name != BLANK]
    return DatasetError(
        f"several people annotated: {', '.join(counts)}",
        hint=Text(
            "choose one with ",
            Setting("annotator", named[0]),
            ", or ",
            Setting("annotator", EVERYBODY),
            " (each row is an annotation of its own)",
        ),
    )
