"""A name of which pieces are taken away once they are read, so that nothing reads them again."""

from __future__ import annotations

from typing import Final

GONE: Final = "|"
"""Stands where something was read; no system has it in names."""
Span = tuple[int, int]
"""First and last+1 index of a piece of a text."""


def without(text: str, span: Span) -> str:
    """The text with a piece taken away; the rest stays where it is.

    >>> without("P01_front", (0, 3))
    '|||_front'
    """
    first, last = span
    return text[:first] + GONE * (last - first) + text[last:]
