"""What is told of rows that belong to no video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ferbench.datasets.naming import Identity, Naming, did_you_mean
from ferbench.datasets.recordings import Footage
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow, lines_of
from ferbench.sentences import Setting, Text
from ferbench.wording import some

_MANY: Final = 50

Strays = Mapping[Identity, Sequence[AnnotationRow]]
"""Rows by what tells their session from others."""


def no_row_belongs(
    strays: Strays, footage: Sequence[Footage], naming: Naming, source: str, named_by: str
) -> DatasetError:
    """The error where no row belongs to any video.

    Args:
        strays: all rows.
        footage: the sessions.
        naming: how their names are made.
        source: the rows' file.
        named_by: what the videos' names come from.
    """
    of_rows = some([repr(naming.name(identity)) for identity in list(strays)[:3]])
    of_videos = some([repr(item.name) for item in footage[:3]])
    return DatasetError(
        f"{source}: no row belongs to any video: the rows are of {of_rows}, the videos of "
        f"{of_videos}",
        hint=Text(
            "say how names are made with ",
            named_by,
            ", ",
            Setting("session_name"),
            " and ",
            Setting("format.columns"),
        ),
    )


def without_video(strays: Strays, free: Sequence[str], naming: Naming, source: str) -> list[str]:
    """One notice per session that has annotations, but no video; of very many only the names.

    Args:
        strays: rows that belong to no video.
        free: names of sessions that have no row, of which one may have been meant.
        naming: how names are made.
        source: the rows' file.
    """
    rows = _annotations_of(strays, naming)
    notices = []
    for name in list(rows)[:_MANY]:
        meant = did_you_mean(name, free)
        place = f"{source}, {lines_of(rows[name])}"
        notices.append(f"{place}: no video is of session {name!r}{meant}; left out")
    rest = list(rows)[_MANY:]
    if rest:
        notices.append(f"{source}: no video is of sessions {some(rest)}; left out")
    return notices


def _annotations_of(strays: Strays, naming: Naming) -> dict[str, list[AnnotationRow]]:
    """Sessions' names, and the rows of those that have annotations."""
    annotations = {}
    for identity, rows in sorted(strays.items()):
        kept = [row for row in rows if row.kept]
        if kept:
            annotations[naming.name(identity)] = kept
    return annotations
