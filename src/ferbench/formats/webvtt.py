"""WebVTT (.vtt): cues with a text, as subtitle editors and video pages write them.

Format: W3C, WebVTT: The Web Video Text Tracks Format, https://www.w3.org/TR/webvtt1/. A cue becomes
a mark of its text; notes, styles and regions are passed over.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ferbench.errors import FormatError
from ferbench.formats.marks import BadMark, Mark, Marks, Track, write_whole

_COLUMNS: Final = ("voice", "cue", "file")
_TIME: Final = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d\.\d{3})"
_TIMING: Final = re.compile(rf"\s*{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?", re.ASCII)
_VOICE: Final = re.compile(r"<v[.\w]*\s+([^>]*)>")
_TAG: Final = re.compile(r"<[^>]*>")
_OTHER_BLOCKS: Final = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


def read_webvtt(path: Path) -> Marks:
    """Read one .vtt file; its session is named after the file.

    Each mark has the columns ``voice`` (of ``<v Name>``), ``cue`` (its identifier) and ``file``.

    Raises:
        FormatError: it cannot be read, is no WebVTT, or has a block that is no cue; names the line.
    """
    lines = _lines(path)
    marks: list[Mark] = []
    problems: list[BadMark] = []
    at = 0
    while at < len(lines) and lines[at].strip():  # the rest of the header
        at += 1
    while at < len(lines):
        first = at
        while at < len(lines) and lines[at].strip():
            at += 1
        block = lines[first:at]
        at += 1
        if not block or _OTHER_BLOCKS.match(block[0]):
            continue
        read = _cue(block, path, first + 1)
        if isinstance(read, Mark):
            marks.append(read)
        else:
            problems.append(read)
    return Marks(
        path=path,
        columns=_COLUMNS,
        marks=tuple(marks),
        problems=tuple(problems),
        sessions=frozenset([path.stem]),
    )


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror}); check the name") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not UTF-8 ({error}); save it as UTF-8") from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not re.match(r"WEBVTT(?:[ \t]|$)", lines[0]):
        raise FormatError(
            f"{path}: not WebVTT: expected the first line WEBVTT, got {lines[0][:40]!r}"
        )
    return lines


def _cue(block: Sequence[str], path: Path, line: int) -> Mark | BadMark:
    """The mark of a block of lines, the first of which is ``line``.

    Raises FormatError where it is no cue.
    """
    at = next((k for k, text in enumerate(block[:2]) if "-->" in text), None)
    if at is None:
        raise FormatError(
            f"{path}, line {line}: expected a cue, 00:01.000 --> 00:02.500 and text below, got {block[0][:60]!r}"
        )
    match = _TIMING.fullmatch(block[at])
    if match is None:
        raise FormatError(
            f"{path}, line {line + at}: expected times such as 00:01:02.500 --> 00:01:04.000, got {block[at][:60]!r}"
        )
    onset_s, offset_s = (_seconds(*match.group(k, k + 1, k + 2)) for k in (1, 4))
    if offset_s < onset_s:
        reason = f"the cue ends before it begins: {onset_s:g} s, {offset_s:g} s"
        return BadMark(line=line + at, session=path.stem, reason=reason)
    text = " ".join(block[at + 1 :])
    voice = _VOICE.search(text)
    named = html.unescape(voice[1]).strip() if voice else ""
    return Mark(
        line=line + at,
        session=path.stem,
        onset_s=onset_s,
        offset_s=offset_s,
        kind=" ".join(html.unescape(_TAG.sub("", text)).split()),
        columns=dict(
            zip(_COLUMNS, (named, block[0].strip() if at else "", path.stem), strict=True)
        ),
    )


def _seconds(hours: str | None, minutes: str, seconds: str) -> float:
    whole, thousandths = seconds.split(".")
    return (
        (int(hours or 0) * 60 + int(minutes)) * 60_000 + int(whole) * 1000 + int(thousandths)
    ) / 1000


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
        for span in track.spans:
            onset_ms = round(span.onset_s * 1000)
            offset_ms = max(round(span.offset_s * 1000), onset_ms + 1)
            named = len(tracks) > 1 and span.text != track.name
            text = f"{track.name}: {span.text}" if named and span.text else span.text or track.name
            cues.append((onset_ms, offset_ms, " ".join(html.escape(text, quote=False).split())))
    blocks = [
        f"{_time(onset)} --> {_time(offset)}\n{text}\n" for onset, offset, text in sorted(cues)
    ]
    write_whole(path, "\n".join(["WEBVTT\n", *blocks]).encode())


def _time(milliseconds: int) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}.{thousandths:03d}"
