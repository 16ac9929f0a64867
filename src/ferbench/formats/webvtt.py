"""WebVTT (.vtt): cues with a text, as subtitle editors and video pages write them.

Format: W3C, WebVTT: The Web Video Text Tracks Format, https://www.w3.org/TR/webvtt1/. A cue becomes
an annotation of its text; comments, styles and regions are passed over.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ferbench.atomic import write_text
from ferbench.errors import FormatError
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow
from ferbench.formats.file_sizes import bytes_of, check_annotations
from ferbench.formats.program_files import ImportedFile, annotations_of, ends_before_it_begins
from ferbench.formats.tracks import Track, as_cues, cue_time
from ferbench.formats.webvtt_cues import (
    Block,
    blocks_of,
    lines_of,
    plain_text,
    times_s,
    voice_of,
)

_COLUMNS: Final = ("voice", "cue", "file")


def read_webvtt(path: Path) -> ImportedFile:
    """Read one .vtt file as the W3C's parser does; its session is named after the file.

    Each annotation has the columns ``voice`` (of ``<v Name>``), ``cue`` (its identifier) and
    ``file``. What the parser drops with an arrow in it was meant as a cue, so it is refused; lines
    outside of cues are passed over, and told.

    Raises:
        FormatError: it cannot be read, or is no WebVTT.
    """
    content, notes = _content(path)
    lines = lines_of(content)
    if lines is None:
        first = content.splitlines()[0] if content else ""
        raise FormatError(
            f"{path}: not WebVTT: expected the first line WEBVTT, got {first[:40]!r} (a SubRip "
            "file's name ends in .srt)"
        )
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    passed_over: list[Block] = []
    for count, block in enumerate(blocks_of(lines), start=1):
        check_annotations(path, count)
        row = _row(block, path.stem)
        if isinstance(row, AnnotationRow):
            rows.append(row)
        elif isinstance(row, RefusedRow):
            refused.append(row)
        elif not block.is_comment and not block.is_style_or_region:
            passed_over.append(block)
    if passed_over:
        notes.append(_outside_of_cues(path, passed_over))
    return ImportedFile(
        path=path,
        columns=_COLUMNS,
        rows=tuple(rows),
        refused=tuple(refused),
        sessions=frozenset([path.stem]),
        notes=tuple(notes),
    )


def _content(path: Path) -> tuple[str, list[str]]:
    """The text of a file, and a note where it is not UTF-8."""
    data = bytes_of(path)
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        note = (
            f"{path.name}, line {line}: not UTF-8, as WebVTT is; what cannot be read became "
            "\N{REPLACEMENT CHARACTER} there and may have elsewhere; save it as UTF-8"
        )
        return data.decode("utf-8-sig", errors="replace"), [note]


def _outside_of_cues(path: Path, blocks: Sequence[Block]) -> str:
    """A note on lines that are in no cue, as below an empty line in a cue's text."""
    first = blocks[0]
    others = f", and {len(blocks) - 1} more such" if len(blocks) > 1 else ""
    return (
        f"{path.name}, line {first.line}: {first.first_line[:40]!r} is in no cue (an empty line "
        f"ends one) and is passed over{others}"
    )


def _row(block: Block, session: str) -> AnnotationRow | RefusedRow | None:
    """The annotation of a block; None = it is no cue, and was not meant as one."""
    if block.timings is None:
        return None
    times = times_s(block.timings)
    if times is None:
        if block.is_comment:
            return None
        reason = (
            "expected times such as 00:01:02.500 --> 00:01:04.000, "
            f"got {block.timings.strip()[:60]!r}"
        )
        return RefusedRow(line=block.timings_line, session=session, reason=reason)
    onset_s, offset_s = times
    wrong_order = ends_before_it_begins(onset_s, offset_s)
    if wrong_order:
        reason = f"the cue {wrong_order}"
        return RefusedRow(line=block.timings_line, session=session, reason=reason)
    text = "\n".join(block.text)
    return AnnotationRow(
        line=block.timings_line,
        session=session,
        onset=onset_s,
        offset=offset_s,
        kind=plain_text(text),
        columns={"voice": voice_of(text), "cue": block.identifier.strip(), "file": session},
    )


def write_webvtt(path: Path, tracks: Sequence[Track]) -> None:
    """Write a .vtt file: a cue per span, in order of time, as ``tracks.as_cues`` tells.

    Args:
        path: the file; replaced as a whole.
        tracks: what to write, seconds of the video.
    """
    blocks = ["WEBVTT\n"]
    for cue in as_cues(tracks):
        times = f"{cue_time(cue.onset_ms, '.')} --> {cue_time(cue.offset_ms, '.')}"
        blocks.append(f"{times}\n{html.escape(cue.text, quote=False)}\n")
    write_text(path, "\n".join(blocks))


def _read(source: Source) -> AnnotationTable:
    return annotations_of([read_webvtt(file) for file in source.files], source)


def _write(path: Path, sessions: Mapping[str, Sequence[Track]]) -> None:
    [tracks] = sessions.values()
    write_webvtt(path, tracks)


FORMAT: Final = AnnotationFormat(
    name="WebVTT", suffixes=(".vtt",), read=_read, endings=(".vtt",), write=_write
)
