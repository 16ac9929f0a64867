"""Parts of a session that the names of the others show to be absent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ferbench.spelling import comparable_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PartGap:
    """Absent parts before a file, so that the file's place in the session is not known.

    Attributes:
        file_index: the file after the gap, from 0, in order of the parts.
        missing: which parts are missing, for messages.
    """

    file_index: int
    missing: str


def first_gap(parts: Sequence[str], placed: Sequence[bool]) -> PartGap | None:
    """Where a part is absent, so that the place of the next file in the session is not known.

    Only plain numbers, from 0 or 1, and single letters, from a, tell; nothing is told of other
    names.

    Args:
        parts: names of the parts that are there, in order.
        placed: whether the place of each in the session is given.

    Returns:
        The first gap; None = there is none.

    >>> first_gap(["1", "4"], [False, False])
    PartGap(file_index=1, missing='parts 2 to 3 are missing')
    >>> first_gap(["B"], [False])
    PartGap(file_index=0, missing='part a is missing')
    """
    names = [comparable_name(part) for part in parts]
    numbers = _numbers(names)
    if not numbers:
        return None
    last = min(numbers[0], 1) - 1
    for index, (number, known) in enumerate(zip(numbers, placed, strict=True)):
        if number > last + 1 and not known:
            missing = _missing(last + 1, number - 1, lettered=names[0].isalpha())
            return PartGap(file_index=index, missing=missing)
        last = number
    return None


def _numbers(names: Sequence[str]) -> list[int]:
    """The parts' numbers, a = 1; [] = they are not all numbers, or not all single letters."""
    if all(re.fullmatch(r"[a-z]", name) for name in names):
        return [_number_of_letter(name) for name in names]
    if all(re.fullmatch(r"[0-9]+", name) for name in names):
        return [int(name) for name in names]
    return []


def _number_of_letter(letter: str) -> int:
    return ord(letter) - ord("a") + 1


def _missing(first: int, last: int, *, lettered: bool) -> str:
    names = [str(first), str(last)]
    if lettered:
        names = [chr(ord("a") + number - 1) for number in (first, last)]
    if first == last:
        return f"part {names[0]} is missing"
    return f"parts {names[0]} to {names[1]} are missing"
