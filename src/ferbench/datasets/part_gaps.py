"""Parts of a session that the names of the others show to be absent."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ferbench.spelling import comparable_name as canonical


def first_gap(parts: Sequence[str], placed: Sequence[bool]) -> tuple[int, str] | None:
    """Where a part is absent, so that the place of the next file in the session is not known.

    Only plain numbers, from 0 or 1, and single letters, from a, tell; nothing is told of other
    names.

    Args:
        parts: names of the parts that are there, in order.
        placed: whether the place of each in the session is given.

    Returns:
        Index of the file after the gap and what is absent, or None.

    >>> first_gap(["1", "4"], [False, False])
    (1, 'parts 2 to 3 are missing')
    >>> first_gap(["B"], [False])
    (0, 'part a is missing')
    """
    names = [canonical(part) for part in parts]
    lettered = all(re.fullmatch(r"[a-z]", name) for name in names)
    if not lettered and not all(re.fullmatch(r"[0-9]+", name) for name in names):
        return None
    numbers = [ord(name) - ord("a") + 1 if lettered else int(name) for name in names]
    last = min(numbers[0], 1) - 1
    for at, (number, known) in enumerate(zip(numbers, placed, strict=True)):
        if number > last + 1 and not known:
            first, to = (
                chr(ord("a") + n - 1) if lettered else str(n) for n in (last + 1, number - 1)
            )
            return (
                at,
                f"part {first} is missing" if first == to else f"parts {first} to {to} are missing",
            )
        last = number
    return None
