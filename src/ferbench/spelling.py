"""Names as people and programs spell them: one Unicode form, and what spellings share."""

from __future__ import annotations

import re
import unicodedata


def plain(text: str) -> str:
    """A name in one Unicode form, without white space around it.

    Some systems write an accent into file names as a character of its own.
    """
    return unicodedata.normalize("NFC", text).strip()


def comparable_name(text: str) -> str:
    """What all spellings of one name have in common.

    Lower case, and numbers without the leading zeros that spreadsheets drop.

    >>> comparable_name("007"), comparable_name("P07")
    ('7', 'p07')
    """
    folded = plain(plain(text).casefold())
    if re.fullmatch(r"[0-9]+", folded):
        return folded.lstrip("0") or "0"
    return folded


def same_name(one: str, other: str) -> bool:
    """Whether two spellings mean the same name."""
    return comparable_name(one) == comparable_name(other)
