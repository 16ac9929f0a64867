"""Names as people and programs spell them: one Unicode form, and what spellings share."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

INVISIBLE: Final = "\ufeff\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\u00ad"
"""Characters without width that programs leave in texts, as a regular expression's set has them."""
_INVISIBLE: Final = re.compile(f"[{INVISIBLE}]")
_BLANKS: Final = re.compile(r"\s")


def plain(text: str) -> str:
    """A name in one Unicode form, without white space around it.

    Some systems write an accent into file names as a character of its own.
    """
    return unicodedata.normalize("NFC", text).strip()


def comparable_name(text: str) -> str:
    """What all spellings of one name have in common.

    Lower case, one plain blank for any white space, no invisible characters, and numbers without
    the leading zeros that spreadsheets drop.

    >>> comparable_name("007"), comparable_name("P07")
    ('7', 'p07')
    """
    visible = _BLANKS.sub(" ", _INVISIBLE.sub("", text))
    folded = plain(plain(visible).casefold())
    if re.fullmatch(r"[0-9]+", folded):
        return folded.lstrip("0") or "0"
    return folded


def same_name(one: str, other: str) -> bool:
    """Whether two spellings mean the same name."""
    return comparable_name(one) == comparable_name(other)
