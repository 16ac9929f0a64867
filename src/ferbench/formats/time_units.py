"""Which unit plain numbers have: seconds or milliseconds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.day_numbers import check_no_days
from ferbench.formats.times import TimeFormat, parse_time
from ferbench.sentences import Setting, Text

_MS_HEADER: Final = re.compile(r"(?:^|[^a-z])ms[)\]]?$|msec|milli")
_S_HEADER: Final = re.compile(r"(?:^|[^a-z])s[)\]]?$|sec|sek")
_OTHER_HEADER: Final = re.compile(
    r"(?:^|[^a-z])(?:min|mins|minutes?|minuten|minuut|h|hrs?|hours?|uur|uren|stunden?"
    r"|frames?|frame.?n(?:r|o|umber))[)\]]?$"
)
_SS_MSEC: Final = re.compile(r"ss[.,]ms(ec)?")


def unit_of_numbers(texts: Sequence[str], headers: Sequence[str]) -> TimeFormat:
    """Seconds or milliseconds, by the unit in a header; a fraction makes them seconds.

    Args:
        texts: plain numbers, one or more.
        headers: names of the columns they are in.

    Raises:
        DatasetError: it may be either, a header names another unit, or the numbers are days.
    """
    units = {unit for unit in map(_unit_of_header, headers) if unit is not None}
    if len(units) == 1:
        [unit] = units
        check_no_days(texts, in_seconds=unit == "seconds")
        return unit
    example = texts[0]
    if units:
        both = " and ".join(map(repr, headers))
        raise _undecided(example, because=f"the headers {both} name two units; ")
    _check_unit(example, headers)
    check_no_days(texts)
    if any(map(_has_fraction, texts)):
        return "seconds"
    raise _undecided(example)


def _check_unit(example: str, headers: Sequence[str]) -> None:
    """Raise DatasetError where a header names a unit in which times are not read."""
    for header in headers:
        if names_other_unit(header):
            raise DatasetError(
                f"{example} stands under {header!r}, but plain numbers can be read as seconds or "
                "milliseconds only",
                hint=Text("convert them, or say ", Setting("format.time_format", "seconds")),
            )


def names_other_unit(header: str) -> bool:
    """Whether a header names a unit in which times are not read, such as minutes or frames."""
    return _OTHER_HEADER.search(header.casefold()) is not None


def _undecided(text: str, *, because: str = "") -> DatasetError:
    return DatasetError(
        f"{because}{text} is {parse_time(text, 'seconds')} s as seconds, or "
        f"{parse_time(text, 'milliseconds')} s as milliseconds",
        hint=Text("say which with ", Setting("format.time_format", "seconds"), " or milliseconds"),
    )


def _unit_of_header(header: str) -> TimeFormat | None:
    """The unit that a header names.

    ``ss.msec`` means seconds with a fraction (annotation programs write it so).
    """
    name = _SS_MSEC.sub("sec", header.casefold())
    if _MS_HEADER.search(name):
        return "milliseconds"
    if _S_HEADER.search(name):
        return "seconds"
    return None


def _has_fraction(text: str) -> bool:
    return _number(text) % 1 != 0


def _number(text: str) -> float:
    return float(text.replace(",", "."))
