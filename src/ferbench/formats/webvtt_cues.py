"""The cues of a WebVTT file, step by step as the W3C's parsing algorithm collects them.

Specification: https://www.w3.org/TR/webvtt1/, 6.1 (parser), 6.3 (timings), 6.4 (cue text). Every
step looks at a line once, and expressions are possessive, so that time grows with the file's
length whatever is in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

ARROW: Final = "-->"
_SPACE: Final = " \t\n\f\r"
_TIME: Final = r"(?:([0-9]++):)?([0-5][0-9]):([0-5][0-9])\.([0-9]{3})(?![0-9])"
_TIMINGS: Final = re.compile(rf"[ \t\f]*+{_TIME}[ \t\f]*+-->[ \t\f]*+{_TIME}")
_MOST_HOURS: Final = 6
"""Digits of hours: what has more is no time of a recording."""
_TAG: Final = re.compile(r"<([^>]*+)(?:>|\Z)")
_NUMBER: Final = re.compile(r"&#(?=[0-9])0*+([0-9]*+)")
_COMMENT: Final = re.compile(r"NOTE(?:[ \t]|$)")
_OTHER: Final = re.compile(r"(?:STYLE|REGION)[ \t\f]*+$")


@dataclass(slots=True, kw_only=True)
class Block:
    """Lines that belong together: a cue, a comment, a style sheet, a region, or none of these.

    Attributes:
        line: where it begins in the file, from 1.
        timings: the line with the arrow, None = there is none and so no cue.
        timings_line: where that is, from 1.
        before: lines before the arrow; one at most, the identifier, where there is an arrow.
        text: lines below the arrow.
    """

    line: int
    timings: str | None = None
    timings_line: int = 0
    before: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    @property
    def identifier(self) -> str:
        """Of a cue; "" = it has none."""
        return self.before[0] if self.before else ""

    @property
    def is_comment(self) -> bool:
        """Whether it begins as a comment does."""
        return _COMMENT.match(self.first_line) is not None

    @property
    def is_style_or_region(self) -> bool:
        """Whether it begins as a style sheet or a region does."""
        return _OTHER.match(self.first_line) is not None

    @property
    def first_line(self) -> str:
        """As it is in the file."""
        return self.before[0] if self.before else self.timings or ""


def lines_of(content: str) -> list[str] | None:
    """The lines of a file, or None where it does not begin as WebVTT does."""
    content = content.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")
    if not content.startswith("WEBVTT") or content[6:7] not in ("", " ", "\t", "\n"):
        return None
    return content.split("\n")


def blocks_of(lines: Sequence[str]) -> Iterator[Block]:
    """The blocks below the header.

    Args:
        lines: all lines of the file, the first with the signature.
    """
    at = _after_header(lines)
    while at < len(lines):
        if lines[at] == "":
            at += 1
            continue
        block, at = _block(lines, at)
        yield block


def _after_header(lines: Sequence[str]) -> int:
    """Where the header ends: at an empty line, or before an arrow."""
    at = 1
    while at < len(lines) and lines[at] != "" and ARROW not in lines[at]:
        at += 1
    return at


def _block(lines: Sequence[str], start: int) -> tuple[Block, int]:
    """The block that begins at a line that is not empty, and where the next one may begin."""
    block = Block(line=start + 1)
    for at in range(start, len(lines)):
        line = lines[at]
        if line == "":
            return block, at + 1
        if ARROW in line:
            if at > start + 1 or block.timings is not None:
                return block, at
            block.timings, block.timings_line = line, at + 1
        elif block.timings is None:
            block.before.append(line)
        else:
            block.text.append(line)
    return block, len(lines)


def times_s(timings: str) -> tuple[float, float] | None:
    """Begin and end that a line of timings tells, in seconds; None where it tells none.

    What follows the end (settings) is of no interest.

    >>> times_s("00:01.500-->1:00:02.000 align:start"), times_s("0:01.000 --> 0:02.000")
    ((1.5, 3602.0), None)
    """
    match = _TIMINGS.match(timings)
    if match is None:
        return None
    begin, end = match.group(1, 2, 3, 4), match.group(5, 6, 7, 8)
    hours = [(time[0] or "").lstrip("0") for time in (begin, end)]
    if any(len(digits) > _MOST_HOURS for digits in hours):
        return None
    return _seconds(hours[0], *begin[1:]), _seconds(hours[1], *end[1:])


def _seconds(hours: str, minutes: str, seconds: str, thousandths: str) -> float:
    whole_minutes = int(hours or 0) * 60 + int(minutes)
    return (whole_minutes * 60_000 + int(seconds) * 1000 + int(thousandths)) / 1000


def plain_text(text: str) -> str:
    """A cue's text without tags, its character references as characters, on one line.

    >>> plain_text("<v Robot>wrong <b>an</b>swer &amp; more<00:01.000>")
    'wrong answer & more'
    """
    pieces = []
    end = 0
    for tag in _TAG.finditer(text):
        pieces.append(unescaped(text[end : tag.start()]))
        end = tag.end()
    pieces.append(unescaped(text[end:]))
    return " ".join("".join(pieces).split())


def voice_of(text: str) -> str:
    """Who speaks, of the first voice tag; "" = there is none.

    >>> voice_of("<i>so</i> <v.loud Mary &amp; Ann>hello"), voice_of("<video on>")
    ('Mary & Ann', '')
    """
    for tag in _TAG.finditer(text):
        head, _, annotation = _partition_at_space(tag[1])
        if head.split(".", 1)[0] == "v":
            return " ".join(unescaped(annotation).split())
    return ""


def _partition_at_space(text: str) -> tuple[str, str, str]:
    """What is before, at, and after the first white space."""
    for at, letter in enumerate(text):
        if letter in _SPACE:
            return text[:at], letter, text[at + 1 :]
    return text, "", ""


def unescaped(text: str) -> str:
    """Character references as characters, however many digits a number has."""
    return html.unescape(_NUMBER.sub(lambda number: f"&#{number[1][:8] or 0}", text))
