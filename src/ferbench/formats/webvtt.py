"""WebVTT (.vtt): cues with a text, as subtitle editors and video pages write them.

Format: W3C, WebVTT: The Web Video Text Tracks Format, https://www.w3.org/TR/webvtt1/. A cue becomes
an annotation of its text; notes, styles and regions are passed over.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from ferbench.atomic import write_text
from ferbench.errors import FormatError
from ferbench.formats.annotation_format import AnnotationFormat, Source
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, RefusedRow
from ferbench.formats.program_files import ImportedFile, annotations_of, ends_before_it_begins
from ferbench.formats.tracks import Span, Track

_COLUMNS: Final = ("voice", "cue", "file")
_TIME: Final = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMING: Final = re.compile(rf"\s*{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?", re.ASCII)
_VOICE: Final = re.compile(r"<v[.\w]*\s+([^>]*)>")
_TAG: Final = re.compile(r"<[^>]*>")
_OTHER_BLOCKS: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


def read_webvtt(path: Path) -> ImportedFile:
    """Read one .vtt file; its session is named after the file.

    Each annotation has the columns ``voice`` (of ``<v Name>``), ``cue`` (its identifier) and
    ``file``.

    Raises:
        FormatError: it cannot be read, is no WebVTT, or has a block that is no cue; names the line.
    """
    rows: list[AnnotationRow] = []
    refused: list[RefusedRow] = []
    for line, block in _blocks(_lines(path)):
        if _OTHER_BLOCKS.match(block[0]):
            continue
        cue = _cue(block, path, line)
        if isinstance(cue, AnnotationRow):
            rows.append(cue)
        else:
            refused.append(cue)
    return ImportedFile(
        path=path,
        columns=_COLUMNS,
        rows=tuple(rows),
        refused=tuple(refused),
        sessions=frozenset([path.stem]),
    )


def _lines(path: Path) -> list[str]:
    text = _text(path)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not re.match(r"WEBVTT(?:[ \t]|$)", lines[0]):
        raise FormatError(
            f"{path}: not WebVTT: expected the first line WEBVTT, got {lines[0][:40]!r}"
        )
    return lines


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Blocks of lines that are not blank, each with the number of its first line, from 1.

    The first block, with the rest of the header, is left out.
    """
    blank = [number for number, line in enumerate(lines) if not line.strip()]
    for before, after in pairwise([*blank, len(lines)]):
        block = list(lines[before + 1 : after])
        if block:
            yield before + 2, block


def _cue(block: Sequence[str], path: Path, line: int) -> AnnotationRow | RefusedRow:
    """The annotation of a block of lines, the first of which is ``line``.

    Raises FormatError where it is no cue.
    """
    identifier, timing, text = _parts_of_cue(block, path, line)
    if identifier is not None:
        line += 1
    match = _TIMING.fullmatch(timing)
    if match is None:
        raise FormatError(
            f"{path}, line {line}: expected times such as 00:01:02.500 --> 00:01:04.000, "
            f"got {timing[:60]!r}"
        )
    onset_s = _seconds(*match.group(1, 2, 3, 4))
    offset_s = _seconds(*match.group(5, 6, 7, 8))
    wrong_order = ends_before_it_begins(onset_s, offset_s)
    if wrong_order:
        return RefusedRow(line=line, session=path.stem, reason=f"the cue {wrong_order}")
    voice = _VOICE.search(text)
    return AnnotationRow(
        line=line,
        session=path.stem,
        onset=onset_s,
        offset=offset_s,
        kind=" ".join(html.unescape(_TAG.sub("", text)).split()),
        columns={
            "voice": html.unescape(voice[1]).strip() if voice else "",
            "cue": (identifier or "").strip(),
            "file": path.stem,
        },
    )


def _parts_of_cue(block: Sequence[str], path: Path, line: int) -> tuple[str | None, str, str]:
    """Identifier (None = it has none), line of times, and text of a cue. Raises FormatError."""
    if "-->" in block[0]:
        return None, block[0], " ".join(block[1:])
    if len(block) > 1 and "-->" in block[1]:
        return block[0], block[1], " ".join(block[2:])
    raise FormatError(
        f"{path}, line {line}: expected a cue, 00:01.000 --> 00:02.500 and text below, "
        f"got {block[0][:60]!r}"
    )


def _seconds(hours: str | None, minutes: str, seconds: str, thousandths: str) -> float:
    whole_minutes = int(hours or 0) * 60 + int(minutes)
    return (whole_minutes * 60_000 + int(seconds) * 1000 + int(thousandths)) / 1000


def write_webvtt(path: Path, tracks: Sequence[Track]) -> None:
    """Write a .vtt file: a cue per span, in order of time, times rounded to milliseconds.

    Of several tracks, a cue's text begins with its track's name where it does not say the same.
    What is shorter than 1 ms is written 1 ms long.

    Args:
        path: the file; replaced as a whole.
        tracks: what to write, seconds of the video.
    """
    cues = []
    for track in tracks:
        name = track.name if len(tracks) > 1 else ""
        cues += [_written_cue(span, span.text or track.name, name) for span in track.spans]
    blocks = ["WEBVTT\n"]
    for onset_ms, offset_ms, text in sorted(cues):
        blocks.append(f"{_time(onset_ms)} --> {_time(offset_ms)}\n{text}\n")
    write_text(path, "\n".join(blocks))


def _written_cue(span: Span, text: str, track: str) -> tuple[int, int, str]:
    """Milliseconds and text of a span; ``track`` is its track's name, "" = it is the only one."""
    if track and text != track:
        text = f"{track}: {text}"
    onset_ms = round(span.onset_s * 1000)
    offset_ms = max(round(span.offset_s * 1000), onset_ms + 1)
    return onset_ms, offset_ms, " ".join(html.escape(text, quote=False).split())


def _time(milliseconds: int) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{thousandths:03d}"


def _read(source: Source) -> AnnotationTable:
    return annotations_of([read_webvtt(file) for file in source.files], source)


def _write(path: Path, sessions: Mapping[str, Sequence[Track]]) -> None:
    [tracks] = sessions.values()
    write_webvtt(path, tracks)


FORMAT: Final = AnnotationFormat(
    name="WebVTT", suffixes=(".vtt",), read=_read, endings=(".vtt",), write=_write
)
