"""SubRip (.srt): numbered cues with a text, as subtitle editors save them.

There is no specification; what players and the package srt accept is read: a comma or a point
before the milliseconds, cues without number, text with empty lines, places and tags of subtitle
editors. A cue becomes an annotation of its text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from ferbench.atomic import write_text
from ferbench.errors import FormatError
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow
from ferbench.formats.file_sizes import bytes_of, check_annotations
from ferbench.formats.program_files import ImportedFile, annotations_of, ends_before_it_begins
from ferbench.formats.tracks import Track, as_cues, cue_time

_COLUMNS: Final = ("cue", "file")
_ARROW: Final = "-->"
_TIME: Final = r"(?:([0-9]{1,6}):)?([0-5]?[0-9]):([0-5]?[0-9])[,.]([0-9]{3})(?![0-9])"
_TIMINGS: Final = re.compile(rf"\s*+{_TIME}[ \t]*+-->[ \t]*+{_TIME}(?:[ \t]|$)")
_TAG: Final = re.compile(r"</?(?:b|i|u|s|font)(?:\s[^<>]*+)?>|\{\\[^{}]*+\}", re.IGNORECASE)
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_subrip(path: Path) -> ImportedFile:
    """Read one .srt file; its session is named after the file.

    Each annotation has the columns ``cue`` (its number) and ``file``. A cue whose times cannot be
    read is refused.

    Raises:
        FormatError: it cannot be read, or has text and no cue.
    """
    content, notes = _content(path)
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = [at for at in range(len(lines)) if _is_start(lines, at)]
    _check_cues(path, lines, starts)
    check_annotations(path, len(starts))
    if not starts:
        notes.append(f"{path.name} is empty: taken as annotated, with nothing found")
    is_numbered = bool(starts) and _number_above(lines, starts[0]) is not None
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    for start, end in pairwise([*starts, len(lines)]):
        row = _row(path.stem, lines, start, end, is_numbered=is_numbered)
        if isinstance(row, AnnotationRow):
            rows.append(row)
        else:
            refused.append(row)
    return ImportedFile(
        path=path,
        columns=_COLUMNS,
        rows=tuple(rows),
        refused=tuple(refused),
        sessions=frozenset([path.stem]),
        notes=tuple(notes),
    )


def _content(path: Path) -> tuple[str, list[str]]:
    """The text of a file, and a note where its encoding was guessed."""
    data = bytes_of(path)
    if data.startswith(_UTF16):
        return data.decode("utf-16", errors="replace"), []
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        note = f"{path.name}: not UTF-8, read as Windows-1252"
        return data.decode("cp1252", errors="replace"), [note]


def _is_start(lines: Sequence[str], at: int) -> bool:
    """Whether a cue begins at a line: it has times, or an arrow where times must be."""
    if _ARROW not in lines[at]:
        return False
    if _TIMINGS.match(lines[at]):
        return True
    above = lines[at - 1] if at else ""
    return not above.strip() or _is_number(above)


def _is_number(line: str) -> bool:
    text = line.strip()
    return text.isascii() and text.isdigit()


def _check_cues(path: Path, lines: Sequence[str], starts: Sequence[int]) -> None:
    """Raise FormatError where a file is no SubRip."""
    texts = [line.strip() for line in lines if line.strip()]
    if not texts or (starts and not texts[0].startswith("WEBVTT")):
        return
    hint = "; a WebVTT file's name ends in .vtt" if texts[0].startswith("WEBVTT") else ""
    raise FormatError(
        f"{path}: not SubRip: expected cues with times such as 00:01:02,500 --> 00:01:04,000, "
        f"got {texts[0][:40]!r}{hint}"
    )


def _number_above(lines: Sequence[str], start: int) -> int | None:
    """Where the number of the cue that begins at a line is; None = it has none.

    It is on the line above. Where lines are double-spaced, empty lines are around it.
    """
    at = start - 1
    while at >= 0 and not lines[at].strip():
        at -= 1
    if at < 0 or not _is_number(lines[at]):
        return None
    is_next_to_it = at == start - 1
    if is_next_to_it or at == 0 or not lines[at - 1].strip():
        return at
    return None


def _row(
    session: str, lines: Sequence[str], start: int, end: int, *, is_numbered: bool
) -> AnnotationRow | RefusedRow:
    """The annotation of a cue.

    Args:
        session: the file's.
        lines: all of the file.
        start: the line of the cue's times.
        end: that of the next cue's, or how many lines there are.
        is_numbered: cues have numbers.
    """
    match = _TIMINGS.match(lines[start])
    if match is None:
        got = lines[start].strip()[:60]
        reason = f"expected times such as 00:01:02,500 --> 00:01:04,000, got {got!r}"
        return RefusedRow(line=start + 1, session=session, reason=reason)
    onset_s = _seconds(*match.group(1, 2, 3, 4))
    offset_s = _seconds(*match.group(5, 6, 7, 8))
    wrong_order = ends_before_it_begins(onset_s, offset_s)
    if wrong_order:
        return RefusedRow(line=start + 1, session=session, reason=f"the cue {wrong_order}")
    number = _number_above(lines, start) if is_numbered else None
    number_of_next = _number_above(lines, end) if is_numbered and end < len(lines) else None
    text = _TAG.sub("", "\n".join(lines[start + 1 : number_of_next or end]))
    return AnnotationRow(
        line=start + 1,
        session=session,
        onset=onset_s,
        offset=offset_s,
        kind=" ".join(text.split()),
        columns={"cue": "" if number is None else lines[number].strip(), "file": session},
    )


def _seconds(hours: str | None, minutes: str, seconds: str, thousandths: str) -> float:
    whole_minutes = int(hours or 0) * 60 + int(minutes)
    return (whole_minutes * 60_000 + int(seconds) * 1000 + int(thousandths)) / 1000


def write_subrip(path: Path, tracks: Sequence[Track]) -> None:
    """Write a .srt file: a numbered cue per span, in order of time, as ``tracks.as_cues`` tells.

    An arrow in a text becomes ``->``, as it would be read as times.

    Args:
        path: the file; replaced as a whole.
        tracks: what to write, seconds of the video.
    """
    blocks = []
    for number, cue in enumerate(as_cues(tracks), start=1):
        times = f"{cue_time(cue.onset_ms, ',')} --> {cue_time(cue.offset_ms, ',')}"
        blocks.append(f"{number}\n{times}\n{cue.text.replace(_ARROW, '->')}\n")
    write_text(path, "\n".join(blocks))


def _read(source: Source) -> AnnotationTable:
    return annotations_of([read_subrip(file) for file in source.files], source)


def _write(path: Path, sessions: Mapping[str, Sequence[Track]]) -> None:
    [tracks] = sessions.values()
    write_subrip(path, tracks)


FORMAT: Final = AnnotationFormat(
    name="SubRip", suffixes=(".srt",), read=_read, endings=(".srt",), write=_write
)
