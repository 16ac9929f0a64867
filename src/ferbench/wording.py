"""Small words of messages: numbers with their nouns, lists that are cut short."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_NAMED: Final = 10
_UNSEEN: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Unicode's categories: controls, formats, lone surrogates, ends of lines and of paragraphs."""
_NEEDED: Final = re.compile("[\u00ad\u061c\u200c-\u200f\U000e0020-\U000e007f]")
"""Formats that texts need: hyphens, joiners, marks of direction, flags of parts of countries."""
_LAYOUT: Final = ("\n", "\t")
_PIECES: Final = re.compile(r"([\n\t])")


def plural(count: int, noun: str) -> str:
    """A number with its noun.

    >>> plural(1, "event"), plural(0, "event")
    ('1 event', '0 events')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def some(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are.

    >>> some(list("abcdefghijklm"))
    'a, b, c, d, e, f, g, h, i, j and 3 more'
    """
    named = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    if more <= 0:
        return named
    return f"{named} and {more} more"


def some_lines(lines: Sequence[int]) -> str:
    """Lines of a file.

    >>> some_lines([3]), some_lines([3, 4])
    ('line 3', 'lines 3, 4')
    """
    noun = "line" if len(lines) <= 1 else "lines"
    return f"{noun} {some([str(line) for line in lines])}"


def visible(name: str) -> str:
    r"""A name with those characters written out that a terminal obeys, or that hide others.

    These are control characters, ends of lines, bytes that are no text, characters that turn the
    direction of what follows, and such without width. Those without width that scripts and emoji
    need stay.

    >>> visible("\x1b[31mred"), visible("Zoë"), visible("gpj.\u202e4pm")
    ('\\x1b[31mred', 'Zoë', 'gpj.\\u202e4pm')
    """
    if name.isascii() and name.isprintable():
        return name
    return "".join(_written_out(letter) if _is_unseen(letter) else letter for letter in name)


def readable(text: str) -> str:
    r"""A text of several lines with the same characters written out; its line ends and tabs stay.

    >>> readable("P01\n\x1b]0;title\x07")
    'P01\n\\x1b]0;title\\x07'
    """
    return "".join(
        letters if letters in _LAYOUT else visible(letters) for letters in _PIECES.split(text)
    )


def _is_unseen(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category in _UNSEEN and not (category == "Cf" and _NEEDED.match(letter))


def _written_out(letter: str) -> str:
    return letter.encode("unicode_escape").decode()


def did_you_mean(name: str, existing: Sequence[str], *, prefix: str = "") -> str:
    """A hint in brackets at the nearest existing name, or "".

    >>> did_you_mean("entr", ["enter", "exit"], prefix="event.")
    ' (did you mean event.enter?)'
    """
    near = difflib.get_close_matches(name, existing, n=1)
    return f" (did you mean {prefix}{near[0]}?)" if near else ""
