"""Small words of messages: numbers with their nouns, lists that are cut short."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence
from typing import Final

_NAMED: Final = 10


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
    r"""A name whose control characters are written out: a terminal would obey them.

    >>> visible("\x1b[31mred"), visible("Zoë")
    ('\\x1b[31mred', 'Zoë')
    """
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) == "Cc" else letter
        for letter in name
    )


def did_you_mean(name: str, existing: Sequence[str], *, prefix: str = "") -> str:
    """A hint in brackets at the nearest existing name, or "".

    >>> did_you_mean("entr", ["enter", "exit"], prefix="event.")
    ' (did you mean event.enter?)'
    """
    near = difflib.get_close_matches(name, existing, n=1)
    return f" (did you mean {prefix}{near[0]}?)" if near else ""
