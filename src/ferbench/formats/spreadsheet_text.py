r"""Texts of people in a CSV that a spreadsheet opens: none of them becomes a formula.

A spreadsheet computes a cell that begins with one of ``= + - @``, and one that splits lines at
semicolons takes what follows a semicolon as a cell. So an apostrophe goes before such a letter, and
before an apostrophe that stands there itself, wherever a cell could begin: at the beginning, and
after a comma, semicolon, tab or line break. Taken off again, every text is what it was.
"""

from __future__ import annotations

import re
from typing import Final

_COMPUTED: Final = "=+\\-@＝＋－＠"
_BEGINS: Final = r"((?:^|[;,\t\r\n]) *)"
_HARMFUL: Final = re.compile(f"{_BEGINS}(?=['{_COMPUTED}])")
_HARMLESS: Final = re.compile(f"{_BEGINS}'(?=['{_COMPUTED}])")


def as_harmless(text: str) -> str:
    """A text as it is written.

    >>> as_harmless("=1+1"), as_harmless("a smile; -2"), as_harmless("'t Hof"), as_harmless("x-y")
    ("'=1+1", "a smile; '-2", "''t Hof", 'x-y')
    """
    return _HARMFUL.sub(r"\1'", text)


def as_meant(cell: str) -> str:
    """A text as it was, of a cell that ``as_harmless`` made; one by other hands stays.

    >>> as_meant("'=1+1"), as_meant("''t Hof"), as_meant("'t Hof"), as_meant("'007")
    ('=1+1', "'t Hof", "'t Hof", "'007")
    """
    return _HARMLESS.sub(r"\1", cell)
