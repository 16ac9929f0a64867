"""Whose rows of an annotations file are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from ferbench.datasets.naming import chosen
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow
from ferbench.sentences import Setting, Text
from ferbench.spelling import comparable_name
from ferbench.wording import plural

BLANK: Final = "(blank)"
"""Stands for rows without an annotator."""

EVERYBODY: Final = "all"


def by_annotator(rows: Sequence[AnnotationRow], annotator: str | None) -> list[AnnotationRow]:
    """The rows of the chosen annotator; spellings of one name are one person, as for sessions.

    Args:
        rows: of all annotators.
        annotator: a name, ``(blank)``, or ``all``; None = there is only one.

    Raises:
        DatasetError: there are several annotators and none was chosen, or there is no such one.
    """
    names = _names(rows)
    num_rows = Counter(names)
    if annotator is None and len(num_rows) > 1:
        raise _several_annotators(num_rows)
    if annotator in (None, EVERYBODY) or not rows:
        return list(rows)
    wanted = chosen("annotator", str(annotator), num_rows)
    return [row for row, name in zip(rows, names, strict=True) if name == wanted]


def _names(rows: Sequence[AnnotationRow]) -> list[str]:
    """The annotator of each row, in the first spelling of the name."""
    spelled: dict[str, str] = {}
    for row in rows:
        spelled.setdefault(comparable_name(row.annotator), row.annotator)
    return [spelled[comparable_name(row.annotator)] or BLANK for row in rows]


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
