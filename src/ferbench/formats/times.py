"""Times as people write them: elapsed (seconds, time codes) and on the clock.

What is wrong with a cell is returned, not raised, worded to follow "<column> is ".
"""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, get_args

ElapsedFormat = Literal["seconds", "milliseconds", "mm:ss", "hh:mm:ss", "hh:mm:ss:ff"]
TimeFormat = Literal["auto", "seconds", "milliseconds", "mm:ss", "hh:mm:ss", "hh:mm:ss:ff", "clock"]
DecimalMark = Literal[".", ","]

ELAPSED: Final[tuple[ElapsedFormat, ...]] = get_args(ElapsedFormat)

_DAY_S: Final = 86400.0
_LONGEST_SHOWN: Final = 40
_NUMBER: Final = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_SECONDS: Final = r"(?P<s>\d{1,2}(?:[.,]\d*)?)"
_SHAPES: Final[dict[str, re.Pattern[str]]] = {
    "seconds": re.compile(_NUMBER, re.ASCII),
    "milliseconds": re.compile(_NUMBER, re.ASCII),
    "mm:ss": re.compile(rf"(?P<m>\d+):{_SECONDS}", re.ASCII),
    "hh:mm:ss": re.compile(rf"(?P<h>\d+):(?P<m>\d{{1,2}}):{_SECONDS}", re.ASCII),
    "hh:mm:ss:ff": re.compile(r"(?P<h>\d+):(?P<m>\d{1,2}):(?P<s>\d{1,2}):(?P<f>\d+)", re.ASCII),
    "clock": re.compile(
        rf"(?:(?P<date>\d+[-/.]\d+[-/.]\d+)(?:T| +))?(?P<h>\d{{1,2}}):(?P<m>\d{{1,2}}):{_SECONDS}",
        re.ASCII,
    ),
}
_EXPECTED: Final[dict[str, str]] = {
    "seconds": "seconds such as 12.5",
    "milliseconds": "milliseconds such as 12500",
    "mm:ss": "minutes and seconds such as 12:30",
    "hh:mm:ss": "hours, minutes and seconds such as 00:12:30",
    "hh:mm:ss:ff": "a time code such as 00:12:30:05",
    "clock": "a clock time with seconds such as 14:03:20 or 2024-03-05 14:03:20",
}
_MARK: Final = re.compile(r"(?:^[+-]?|:)\d*([.,])\d*(?:[eE][+-]?\d+)?$", re.ASCII)
_YEAR_FIRST: Final = re.compile(r"\d{4}([-/])\d{1,2}\1\d{1,2}", re.ASCII)
_YEAR_LAST: Final = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{4}", re.ASCII)
_KINDS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"=.*", "a formula"),
        (r"#.*", "a spreadsheet's error value"),
        (r"[+-]?(nan|inf|infinity)", "no finite time"),
        (r"-[0-9].*:.*", "negative"),
        (r"[0-9]+:[0-9]+:[0-9]+;[0-9]+", "a drop-frame time code, which is not read"),
        (r"[0-9].*:.*[ap]\.?m\.?", "a time of a 12-hour clock, which is not read"),
        (
            r"[+-]?[0-9]{1,3}(?:[.,'’\s][0-9]{3})+(?:[.,][0-9]+)?",
            "a number with thousands separators",
        ),
    )
)
"""What texts that are no times may be, the first that fits."""


class Cell(NamedTuple):
    """A time as the file has it: its line and text."""

    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time on the clock.

    Attributes:
        of_day_s: seconds since midnight, 0 <= of_day_s < 86400.
        date: where one was written.
    """

    of_day_s: float
    date: datetime.date | None = None


def since(clock: Clock, start: Clock) -> float:
    """Seconds from ``start`` to ``clock``, rounded to microseconds; negative before it.

    With two dates this is their difference (clocks are not taken to change to or from summer time
    in between). Otherwise dates are ignored, and a time more than 12 hours smaller than the start
    is one after midnight.

    >>> since(Clock(of_day_s=30.0), Clock(of_day_s=86390.0))
    40.0
    """
    seconds = clock.of_day_s - start.of_day_s
    if clock.date is not None and start.date is not None:
        return round((clock.date - start.date).days * _DAY_S + seconds, 6)
    if seconds < -_DAY_S / 2:
        seconds += _DAY_S
    return round(seconds, 6)


def parse_time(
    text: str,
    time_format: ElapsedFormat,
    frame_rate_hz: float | None = None,
    decimal: DecimalMark | None = None,
) -> float | str:
    """An elapsed time in seconds, or what is wrong with it.

    ``hh:mm:ss:ff`` is H * 3600 + M * 60 + S + F / rate, as in the thesis' program (no SMPTE
    drop-frame code). Minutes may exceed 59 where no hours are given.

    Args:
        text: a cell without white space around it.
        time_format: how it is written.
        frame_rate_hz: frames per second, for hh:mm:ss:ff.
        decimal: the only decimal mark that is accepted; None = either.

    >>> parse_time("00:12:30,5", "hh:mm:ss")
    750.5
    """
    match = _SHAPES[time_format].fullmatch(text)
    if match is None or not _has_mark(text, decimal):
        return _refusal(text, time_format, decimal)
    seconds = _elapsed_s(match, time_format, frame_rate_hz)
    if isinstance(seconds, str):
        return f"{_shown(text)}, {seconds}"
    if not 0 <= seconds < math.inf:
        return f"{_shown(text)}, expected a finite time that is not negative"
    return seconds + 0.0  # no negative zero


def _elapsed_s(
    match: re.Match[str], time_format: ElapsedFormat, frame_rate_hz: float | None
) -> float | str:
    """The seconds of a time that has the format's shape, or what is wrong with it."""
    if time_format == "seconds":
        return _number(match[0])
    if time_format == "milliseconds":
        return _number(match[0]) / 1000
    if time_format == "hh:mm:ss:ff" and frame_rate_hz is None:
        return "a time code, which needs a frame rate"
    fields = {name: _number(digits) for name, digits in match.groupdict().items()}
    return _sum_s(fields, frame_rate_hz or math.inf)


def _sum_s(fields: dict[str, float], frame_rate_hz: float) -> float | str:
    """The seconds of hours, minutes, seconds and frames, or which of them is too large."""
    limit = _exceeded_limit(fields, hours_below=math.inf, frames_below=frame_rate_hz)
    if limit:
        return f"expected {limit}"
    hours, frames = fields.get("h", 0.0), fields.get("f", 0.0)
    return hours * 3600 + fields["m"] * 60 + fields["s"] + frames / frame_rate_hz


def parse_clock(
    text: str, *, day_first: bool | None = None, decimal: DecimalMark | None = None
) -> Clock | str:
    """A time on the clock, or what is wrong with it.

    Hours, minutes and seconds, after a date or not: ``14:03:20.5``, ``2024-03-05 14:03:20``,
    ``2024-03-05T14:03:20``, ``05-03-2024 14:03:20``, ``5/3/2024 14:03:20``, ``05.03.2024 14:03:20``
    (with dots the day always comes first).

    Args:
        text: a cell without white space around it.
        day_first: whether the day comes before the month where the year is last; None = only where
            the numbers tell.
        decimal: the only decimal mark that is accepted; None = either.

    >>> parse_clock("5/3/2024 14:03:20", day_first=True)
    Clock(of_day_s=50600.0, date=datetime.date(2024, 3, 5))
    """
    match = _SHAPES["clock"].fullmatch(text)
    if match is None or not _has_mark(text, decimal):
        return _refusal(text, "clock", decimal)
    fields = {name: _number(match[name]) for name in "hms"}
    limit = _exceeded_limit(fields, hours_below=24, frames_below=math.inf)
    if limit:
        return f"{_shown(text)}, expected {limit}"
    of_day_s = fields["h"] * 3600 + fields["m"] * 60 + fields["s"]
    if match["date"] is None:
        return Clock(of_day_s=of_day_s)
    date = _only_date(match["date"], day_first)
    if isinstance(date, str):
        return f"{_shown(text)}, {date}"
    return Clock(of_day_s=of_day_s, date=date)


def _only_date(text: str, day_first: bool | None) -> datetime.date | str:
    """The date that a text stands for, or what is wrong with it."""
    dates = sorted(_dates(text, day_first))
    if not dates:
        return "expected a date that exists, written as 2024-03-05"
    if len(dates) > 1:
        return f"which may be {' or '.join(map(str, dates))}; write dates as 2024-03-05"
    return dates[0]


def decimal_mark(text: str) -> DecimalMark | None:
    """The decimal mark of a time, or None."""
    match = _MARK.search(text)
    if match is None:
        return None
    return "." if match[1] == "." else ","


def _has_mark(text: str, decimal: DecimalMark | None) -> bool:
    """Whether a time has no other decimal mark than the one that is accepted."""
    return decimal is None or decimal_mark(text) in (None, decimal)


def _number(digits: str) -> float:
    return float(digits.replace(",", "."))


def _shown(text: str) -> str:
    if len(text) > _LONGEST_SHOWN:
        text = f"{text[:_LONGEST_SHOWN]}..."
    return repr(text)


def _exceeded_limit(fields: dict[str, float], *, hours_below: float, frames_below: float) -> str:
    """The limit that a part of a time does not keep, or ""."""
    if fields["s"] >= 60:
        return "seconds below 60"
    if "h" in fields and fields["m"] >= 60:
        return "minutes below 60 where hours are given"
    if hours_below <= fields.get("h", 0.0) < math.inf:
        return f"hours below {hours_below:g}"
    if fields.get("f", 0.0) >= frames_below:
        return f"a frame number below {frames_below:g}"
    return ""


def _dates(text: str, day_first: bool | None) -> set[datetime.date]:
    """The dates that a text may stand for."""
    dates = set()
    for order in _orders(text, day_first):
        numbers = [int(number) for number in re.split(r"\D", text)]
        fields = dict(zip(order, numbers, strict=True))
        try:
            dates.add(datetime.date(fields["y"], fields["m"], fields["d"]))
        except ValueError:  # no such date
            continue
    return dates


def _orders(text: str, day_first: bool | None) -> tuple[str, ...]:
    """In which order day, month and year may stand; () = the text is no date."""
    if _YEAR_FIRST.fullmatch(text):
        return ("ymd",)
    if not _YEAR_LAST.fullmatch(text):
        return ()
    if "." in text or day_first is True:
        return ("dmy",)
    if day_first is False:
        return ("mdy",)
    return ("dmy", "mdy")


def _refusal(text: str, time_format: TimeFormat, decimal: DecimalMark | None) -> str:
    """Why a cell is no time of a format."""
    expected = f"expected {_EXPECTED[time_format]}"
    if decimal == ",":
        expected = expected.replace("12.5", "12,5")
    if not text:
        return f"empty, {expected}"
    for pattern, kind in _KINDS:
        if pattern.fullmatch(text):
            return f"{_shown(text)}, {kind}, {expected}"
    return f"{_shown(text)}, {expected}"
