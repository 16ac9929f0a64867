"""Plain numbers that are days, as spreadsheets keep times: a share of a day, or days since 1900."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ferbench.errors import DatasetError
from ferbench.sentences import Setting, Text

_DAY_S: Final = 86400
_DAYS_SINCE_1900: Final = range(30000, 60000)
"""Days from 1982 to 2064, as spreadsheets count them."""
_LONG_FRACTION: Final = 5
"""Decimals that seconds are rarely written with."""
_LONGEST_FRACTION: Final = 8
"""Decimals that are more than microseconds."""
_SIGNIFICANT: Final = 12
"""Digits of a number that are more than the noise of its computation."""
_STEPS_S: Final = (1.0, 1e-3)
"""Times are typed in whole seconds or milliseconds."""
_NOISE_S: Final = 1e-6
_SURE: Final = 0.05
"""A number tells whether it was whole if it is rounded by at most this share of the step."""


def check_no_days(texts: Sequence[str], *, in_seconds: bool = False) -> None:
    """Raise DatasetError where all of some numbers look like days, see ``are_days``."""
    if are_days(texts, in_seconds=in_seconds):
        raise DatasetError(
            f"{texts[0]} and all other times look like days, as spreadsheets keep times",
            hint=Text(
                "format the column as a time (10:15:00) and save again, or say ",
                Setting("format.time_format", "seconds"),
            ),
        )


def are_days(texts: Sequence[str], *, in_seconds: bool = False) -> bool:
    """Whether all of some numbers look like days.

    Shares of a day are below 1, days since 1900 are large; both have long fractions. Fractions of a
    second below 1 look alike, so what is said to be seconds are days only if all of them are whole
    seconds, or whole milliseconds, of a day, and one is written more precisely than microseconds.

    Args:
        texts: plain numbers of one table.
        in_seconds: a header says that they are seconds.
    """
    numbers = [_decimal(text) for text in texts]
    num_decimals = max(map(_num_decimals, numbers), default=0)
    if num_decimals < _LONG_FRACTION:
        return False
    if all(0 <= number < 1 for number in numbers):
        may_be_seconds = in_seconds and num_decimals < _LONGEST_FRACTION
        all_whole = any(_all_whole(numbers, step_s) for step_s in _STEPS_S)
        return not may_be_seconds and (all_whole or not in_seconds)
    return all(_is_date(number) for number in numbers)


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def _num_decimals(number: Decimal) -> int:
    """Decimals of a number without what computing it left behind: 0.30000000000000004 has one."""
    _, _, decimals = f"{Decimal(f'{float(number):.{_SIGNIFICANT}g}').normalize():f}".partition(".")
    return len(decimals)


def _is_date(number: Decimal) -> bool:
    return _DAYS_SINCE_1900.start <= number < _DAYS_SINCE_1900.stop


def _all_whole(days: Sequence[Decimal], step_s: float) -> bool:
    """Whether all are whole steps of a day."""
    return all(_is_whole(day, step_s) for day in days)


def _is_whole(day: Decimal, step_s: float) -> bool:
    """Whether a number is whole steps of a day, as it is or before it was rounded."""
    exponent = day.as_tuple().exponent
    assert isinstance(exponent, int)
    seconds = float(day) * _DAY_S
    off_s = abs(seconds - round(seconds / step_s) * step_s)
    rounded_by_s = 0.5 * 10.0**exponent * _DAY_S
    return off_s <= _NOISE_S or off_s <= rounded_by_s <= _SURE * step_s
