"""What a cell's text means: without what programs put around it that nobody sees."""

from __future__ import annotations

import re
from typing import Final

from ferbench.spelling import INVISIBLE, plain

_AROUND: Final = re.compile(rf"\A[\s{INVISIBLE}\x1a]+|[\s{INVISIBLE}\x1a]+\Z")
_AS_TEXT: Final = re.compile(r'="((?:[^"]|"")*)"')
_FORCED_TEXT: Final = re.compile(r"\A['’](?=[0-9])")
_QUOTES: Final = (('"', '"'), ("'", "'"), ("“", "”"), ("„", "“"), ("«", "»"), ("‘", "’"))


def cell_text(cell: str) -> str:
    r"""A cell without white space and invisible characters around it.

    ``="007"`` is how people make spreadsheets keep a text as it is; only the text counts.

    >>> cell_text("\ufeff P01\xa0"), cell_text('="007"')
    ('P01', '007')
    """
    text = _AROUND.sub("", cell)
    as_text = _AS_TEXT.fullmatch(text)
    if as_text is not None:
        return _AROUND.sub("", as_text[1].replace('""', '"'))
    return text


def column_name(cell: str) -> str:
    r"""A column's name: in one Unicode form, on one line, with plain blanks, without quotes.

    >>> column_name("Onset\xa0\n(s)"), column_name('"session"')
    ('Onset (s)', 'session')
    """
    text = " ".join(re.sub(f"[{INVISIBLE}]", "", cell_text(cell)).split())
    return plain(_without_quotes(text))


def name_text(text: str) -> str:
    """A name in a cell: without quotes around it, or the apostrophe that keeps a number a text.

    >>> name_text('"P01"'), name_text("'007"), name_text("'t Hof")
    ('P01', '007', "'t Hof")
    """
    return _FORCED_TEXT.sub("", _without_quotes(text))


def _without_quotes(text: str) -> str:
    """A text without one pair of quotes around it."""
    for begin, end in _QUOTES:
        inner = text[1:-1]
        if len(text) > 1 and text[0] == begin and text[-1] == end and begin not in inner:
            return _AROUND.sub("", inner)
    return text
