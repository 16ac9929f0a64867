"""Reads annotations of any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from ferbench.checks import from_home
from ferbench.errors import ConfigError
from ferbench.formats.annotation_table import AnnotationTable, Columns, Table
from ferbench.formats.dispatch import open_annotations
from ferbench.wording import did_you_mean

_PLAIN = Table()


def read_annotations(
    path: str | Path,
    format: Table | Mapping[str, Any] = _PLAIN,
    *,
    starts_known: bool = False,
    videos: Sequence[str] = (),
) -> AnnotationTable:
    """Read annotations: a CSV, .xlsx, an annotation program's files, or a folder of these.

    Args:
        path: the file or folder.
        format: how it is written, and which columns and rows are wanted: a ``Table``, or a mapping
            of its fields such as ``{"columns": {"onset": "start"}}``.
        starts_known: it is known at which clock times sessions began, so that times may be clock
            times.
        videos: names of the sessions' videos, without suffix, the likeliest first. Where a file of
            ELAN links several videos, its times are those of the first of these that it links,
            else of the first that it links.

    Raises:
        DatasetError: the file cannot be read as it is described, a column is missing, its times can
            be read in more than one way or in none, no row is kept, or no row is usable.
        FormatError: an annotation program's file that is not what its name says.
        ConfigError: a format that cannot be used.
    """
    table = format if isinstance(format, Table) else _table(format)
    place = from_home(path)
    annotation_format, source = open_annotations(
        place, table, starts_known=starts_known, videos=videos
    )
    return annotation_format.read(source)


def _table(given: Mapping[str, Any]) -> Table:
    """A description of a file from a mapping of its fields.

    Raises:
        ConfigError: it is none, or has a field that is not there.
    """
    values = _checked("format", given, Table)
    columns = values.get("columns")
    if columns is not None and not isinstance(columns, Columns):
        values["columns"] = Columns(**_checked("format.columns", columns, Columns))
    return Table(**values)


def _checked(key: str, given: Any, kind: type[Table | Columns]) -> dict[str, Any]:
    names = [field.name for field in fields(kind)]
    if not isinstance(given, Mapping):
        expected = f"a {kind.__name__}, or a mapping of its fields ({', '.join(names)})"
        raise ConfigError(key=key, expected=expected, got=given)
    for name in given:
        if name not in names:
            meant = did_you_mean(str(name), names)
            raise ConfigError(
                f"there is no such field{meant}; allowed: {', '.join(names)}", key=f"{key}.{name}"
            )
    return dict(given)
