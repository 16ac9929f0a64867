"""What is told of rows that belong to no video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ferbench.datasets.naming import Identity, Naming, did_you_mean
from ferbench.datasets.recordings import Footage
from ferbench.errors import DatasetError
from ferbench.formats.annotation_table import AnnotationRow
from ferbench.sentences import Setting, Text
from ferbench.wording import some, some_lines

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
    lines_of = _lines_of_annotations(strays, naming)
    notices = []
    for name in list(lines_of)[:_MANY]:
        meant = did_you_mean(name, free)
        place = f"{source}, {some_lines(lines_of[name])}"
        notices.append(f"{place}: no video is of session {name!r}{meant}; left out")
    rest = list(lines_of)[_MANY:]
    if rest:
        notices.append(f"{source}: no video is of sessions {some(rest)}; left out")
    return notices


def _lines_of_annotations(strays: Strays, naming: Naming) -> dict[str, list[int]]:
    """Sessions' names, and the lines of those that have annotations."""
    lines_of = {}
    for identity, rows in sorted(strays.items()):
        lines = [row.line for row in rows if row.kept]
        if lines:
            lines_of[naming.name(identity)] = lines
    return lines_of
