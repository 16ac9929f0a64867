"""What annotation programs have in common.

Marks on the time of a session, and who named the session how.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from urllib.parse import unquote


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One annotation.

    Attributes:
        line: where it begins in its file, from 1.
        session: the name of the video file without its suffix, else what the file calls the
            session.
        onset_s: seconds of the session, 0 or more.
        offset_s: likewise, at least ``onset_s``; a point has the same.
        kind: what was marked.
        annotator: who did it; "" = the file does not tell.
        columns: what else the file says, by the program's own names.
    """

    line: int
    session: str
    onset_s: float
    offset_s: float
    kind: str
    annotator: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BadMark:
    """A mark that cannot be used: where it begins, whose it is ("" = not known) and why."""

    line: int
    session: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What one file holds.

    Attributes:
        path: the file.
        columns: the program's own columns, which each mark has.
        marks: usable ones in the file's order.
        problems: the others.
        sessions: sessions that somebody went through, also those without a mark.
        bare: session, and columns, of what was gone through without a mark (an empty tier).
        notes: what else a reader should know.
    """

    path: Path
    columns: tuple[str, ...]
    marks: tuple[Mark, ...]
    problems: tuple[BadMark, ...] = ()
    sessions: frozenset[str] = frozenset()
    bare: tuple[tuple[str, Mapping[str, str]], ...] = ()
    notes: tuple[str, ...] = ()


def media_stem(name: str) -> str:
    r"""The name of a linked file without folders and suffix; Windows' paths and addresses too.

    >>> media_stem("file:///C:/videos/P01%20front.mp4"), media_stem(r"D:\videos\P02.MP4")
    ('P01 front', 'P02')
    """
    plain = name.strip()
    return PureWindowsPath(unquote(plain) if plain.startswith("file:") else plain).stem


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A stretch of a session with a text, to be written: seconds, 0 or more, onset <= offset."""

    onset_s: float
    offset_s: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Spans that belong together: a tier, or the behaviours of one subject."""

    name: str
    spans: tuple[Span, ...]


def apart(spans: Sequence[Span]) -> list[list[Span]]:
    """Spans in as few lists as possible, in time order, so that within a list none overlaps
    another.

    >>> [len(own) for own in apart([Span(onset_s=a, offset_s=a + 2, text="") for a in (0, 1, 2)])]
    [2, 1]
    """
    lists: list[list[Span]] = []
    for span in sorted(spans):
        free = (own for own in lists if own[-1].offset_s <= span.onset_s)
        own = next(free, None)
        if own is None:
            lists.append([span])
        else:
            own.append(span)
    return lists


def write_whole(path: Path, data: bytes) -> None:
    """Write a file as a whole: it is there complete, or as it was before. Makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
