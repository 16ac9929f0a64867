"""Puts videos and annotation rows together: one session per video."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from ferbench.datasets.annotations import AnnotationTable
from ferbench.errors import DatasetError
from ferbench.types import Annotation, Part, Session

Unlisted = Literal["unannotated", "empty"]
"""What a video without any row is: not annotated (it gets no scores), or annotated with nothing found."""

_SHOWN: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Sessions sorted by name, and what was left out."""

    sessions: tuple[Session, ...]
    notices: tuple[str, ...]


def session_name(text: str) -> str:
    """A name in one Unicode form: some systems write an accent into file names as a character of its own."""
    return unicodedata.normalize("NFC", text)


def by_session(videos: Iterable[Path]) -> dict[str, Path]:
    """Session name (file name without suffix) of each video.

    Raises:
        DatasetError: two videos have the same session name.
    """
    found: dict[str, Path] = {}
    for path in videos:
        name = session_name(path.stem)
        if name in found:
            raise DatasetError(
                f"two videos are named {name!r}: {found[name]} and {path}. A session is named after its "
                "video; rename one, or move it out of the folder."
            )
        found[name] = path
    return found


def pair(videos: Mapping[str, Path], table: AnnotationTable | None, *, source: str, unlisted: Unlisted) -> Paired:
    """One session per video, with the annotations of its rows.

    Args:
        videos: path of each session's video.
        table: annotations; None = there is no file, so no session is annotated.
        source: the file's name, for the notices.
        unlisted: what a video without any row is.
    """
    rows: dict[str, list[Annotation]] = {}
    strays: dict[str, list[int]] = {}
    for annotation, line in zip(table.annotations, table.lines, strict=True) if table else ():
        name = session_name(annotation.session_id)
        if name in videos:
            rows.setdefault(name, []).append(replace(annotation, session_id=name))
        else:
            strays.setdefault(name, []).append(line)
    without = () if table and unlisted == "empty" else None
    sessions = tuple(
        Session(
            session_id=name,
            participant=name,
            parts=(Part(path=videos[name]),),
            annotations=tuple(sorted(rows[name])) if name in rows else without,
        )
        for name in sorted(videos)
    )
    if table is None:
        return Paired(sessions=sessions, notices=())
    notices = [f"{source}, {problem}; the row was left out" for problem in table.problems]
    notices += [
        f"{source}, {_lines(lines)}: no video is named {name!r}; left out" for name, lines in sorted(strays.items())
    ]
    bare = [name for name in sorted(videos) if name not in rows]
    if bare and unlisted == "unannotated":
        notices.append(
            f"{source} has no row for {_some(bare)}: taken as not annotated, so without scores "
            "(dataset.unlisted=empty takes such a video as annotated with nothing found)"
        )
    return Paired(sessions=sessions, notices=tuple(notices))


def _lines(lines: list[int]) -> str:
    return f"line{'s' if len(lines) > 1 else ''} {_some([str(line) for line in lines])}"


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
