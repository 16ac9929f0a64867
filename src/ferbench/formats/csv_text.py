"""A whole CSV as text, of which every reader makes the same cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_QUOTED: Final = re.compile(r'[",;\t\r\n]|^ | $')


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Comma-separated lines that end in a line feed.

    A lone carriage return in a cell is in quotes too, which Python's own writer leaves out.

    >>> csv_text(("rater", "note"), [("Ann", "a, b")])
    'rater,note\nAnn,"a, b"\n'
    """
    lines = [",".join(_cell(str(value)) for value in row) for row in (header, *rows)]
    return "".join(f"{line}\n" for line in lines)


def _cell(text: str) -> str:
    if _QUOTED.search(text) is None:
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
