"""Dates and times in the names of video files."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime

from ferbench.datasets.name_text import without
from ferbench.datasets.name_words import DATE, DAY_AND_MONTH, MOMENT, TIME_OF_DAY
from ferbench.spelling import comparable_name


def take_moments(text: str, ids: Collection[str]) -> tuple[str, datetime | None]:
    """Take dates and times away; the first is the start, unless its camera writes UTC.

    Args:
        text: a name.
        ids: known names, as they can be compared; they are no dates.

    Returns:
        The text without them, and the start.
    """
    starts: list[datetime] = []
    for match in MOMENT.finditer(text):
        moment = _moment(match)
        if moment is not None:
            text = without(text, match.span())
            starts += [] if _is_in_utc(match) else [moment]
    for pattern in (DATE, DAY_AND_MONTH, TIME_OF_DAY):
        text = _without_matches(text, pattern, ids)
    return text, next(iter(starts), None)


def _without_matches(text: str, pattern: re.Pattern[str], ids: Collection[str]) -> str:
    for match in pattern.finditer(text):
        if comparable_name(match[0]) not in ids:
            text = without(text, match.span())
    return text


def _is_in_utc(match: re.Match[str]) -> bool:
    return bool(match["utc"] or match["zulu"])


def _moment(match: re.Match[str]) -> datetime | None:
    """The date and time that digits stand for; None = there is no such one."""
    year, month, day = int(match["y"]), int(match["m"]), int(match["d"])
    hour, minute, second = int(match["h"]), int(match["min"]), int(match["s"])
    microsecond = int(match["ms"] or 0) * 1000
    try:
        return datetime(year, month, day, hour, minute, second, microsecond)
    except ValueError:
        return None
