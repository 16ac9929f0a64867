"""Other programs' files, in and out: a file per format, with its reading and its writing.

Annotations (``read_annotations``): ``spreadsheet``, ``elan``, ``boris``, ``webvtt``, ``subrip``,
and every other file here that has a ``FORMAT``: ``annotation_format`` says what that offers.
``dispatch`` finds the format of a file, ``sheet_files`` the cells of a table (CSV or workbook).
``annotation_table`` is what is read, ``tracks`` what is written (``writing``).

Tables of ferbench's own: ``event_table`` (events), ``length_table`` (sessions' lengths),
``frame_labels``, ``predictions``.
"""

from ferbench.formats.annotation_table import (
    AnnotationRow,
    AnnotationTable,
    Columns,
    RefusedRow,
    Table,
)
from ferbench.formats.reading import read_annotations

__all__ = [
    "AnnotationRow",
    "AnnotationTable",
    "Columns",
    "RefusedRow",
    "Table",
    "read_annotations",
]
