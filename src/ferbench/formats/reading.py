"""Reads annotations of any format."""

from __future__ import annotations

from pathlib import Path

from ferbench.formats.annotation_table import AnnotationTable, Table
from ferbench.formats.dispatch import open_annotations

_PLAIN = Table()


def read_annotations(
    path: str | Path, format: Table = _PLAIN, *, starts_known: bool = False
) -> AnnotationTable:
    """Read annotations: a CSV, annotation programs' files (.eaf, .vtt, BORIS), or a folder of them.

    Args:
        path: the file or folder.
        format: how it is written, and which columns and rows are wanted.
        starts_known: it is known at which clock times sessions began, so that times may be clock
            times.

    Raises:
        DatasetError: the file cannot be read as it is described, a column is missing, its times can
            be read in more than one way or in none, no row is kept, or no row is usable.
        FormatError: an annotation program's file that is not what its name says.
    """
    annotation_format, source = open_annotations(Path(path), format, starts_known=starts_known)
    return annotation_format.read(source)
