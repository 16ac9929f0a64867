"""Times as people write them: elapsed (seconds, time codes) and on the clock.

What is wrong with a cell is returned, not raised, worded to follow "<column> is ".
"""

from __future__ import annotations

import datetime
import math
import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

ElapsedFormat = Literal["seconds", "milliseconds", "mm:ss", "hh:mm:ss", "hh:mm:ss:ff"]
TimeFormat = Literal["auto", "seconds", "milliseconds", "mm:ss", "hh:mm:ss", "hh:mm:ss:ff", "clock"]
DecimalMark = Literal[".", ","]

ELAPSED: Final[tuple[ElapsedFormat, ...]] = get_args(ElapsedFormat)

_DAY_S: Final = 86400.0
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
_KINDS: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), what)
    for pattern, what in (
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A time on the clock: seconds since midnight, 0 <= of_day_s < 86400, and the date where one
    was written.
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
    return round(seconds + _DAY_S if seconds < -_DAY_S / 2 else seconds, 6)


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
    if match is None or not _marked(text, decimal):
        return _refusal(text, time_format, decimal)
    if time_format in ("seconds", "milliseconds"):
        seconds = float(text.replace(",", ".")) / (1000 if time_format == "milliseconds" else 1)
    else:
        if frame_rate_hz is None and time_format == "hh:mm:ss:ff":
            return f"{_shown(text)}, a time code, which needs a frame rate"
        rate = frame_rate_hz or math.inf
        part = {name: float(digits.replace(",", ".")) for name, digits in match.groupdict().items()}
        beyond = _beyond(part, hours_below=math.inf, frames_below=rate)
        if beyond:
            return f"{_shown(text)}, expected {beyond}"
        seconds = part.get("h", 0.0) * 3600 + part["m"] * 60 + part["s"] + part.get("f", 0.0) / rate
    if not math.isfinite(seconds) or seconds < 0:
        return f"{_shown(text)}, expected a finite time that is not negative"
    return seconds + 0.0  # no negative zero


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
    if match is None or not _marked(text, decimal):
        return _refusal(text, "clock", decimal)
    part = {name: float(match[name].replace(",", ".")) for name in "hms"}
    beyond = _beyond(part, hours_below=24, frames_below=math.inf)
    if beyond:
        return f"{_shown(text)}, expected {beyond}"
    of_day_s = part["h"] * 3600 + part["m"] * 60 + part["s"]
    if match["date"] is None:
        return Clock(of_day_s=of_day_s)
    dates = _dates(match["date"], day_first)
    if not dates:
        return f"{_shown(text)}, expected a date that exists, written as 2024-03-05"
    if len(dates) > 1:
        return f"{_shown(text)}, which may be {' or '.join(map(str, sorted(dates)))}; write dates as 2024-03-05"
    return Clock(of_day_s=of_day_s, date=dates.pop())


def decimal_mark(text: str) -> DecimalMark | None:
    """The decimal mark of a time, or None."""
    match = _MARK.search(text)
    return None if match is None else "." if match[1] == "." else ","


def _marked(text: str, decimal: DecimalMark | None) -> bool:
    return decimal is None or decimal_mark(text) in (None, decimal)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}...")


def _beyond(part: dict[str, float], *, hours_below: float, frames_below: float) -> str:
    """Which part of a time is too large, or ""."""
    if part["s"] >= 60:
        return "seconds below 60"
    if "h" in part and part["m"] >= 60:
        return "minutes below 60 where hours are given"
    if hours_below <= part.get("h", 0.0) < math.inf:
        return f"hours below {hours_below:g}"
    return f"a frame number below {frames_below:g}" if part.get("f", 0.0) >= frames_below else ""


def _dates(text: str, day_first: bool | None) -> set[datetime.date]:
    """The dates that a text may stand for."""
    if re.fullmatch(r"\d{4}([-/])\d{1,2}\1\d{1,2}", text, re.ASCII):
        orders = ["ymd"]
    elif re.fullmatch(r"\d{1,2}([-/.])\d{1,2}\1\d{4}", text, re.ASCII):
        day_first = True if "." in text else day_first
        orders = {True: ["dmy"], False: ["mdy"], None: ["dmy", "mdy"]}[day_first]
    else:
        return set()
    numbers = [int(number) for number in re.split(r"\D", text)]
    found = set()
    for order in orders:
        part = dict(zip(order, numbers, strict=True))
        try:
            found.add(datetime.date(part["y"], part["m"], part["d"]))
        except ValueError:  # no such date
            continue
    return found


def _refusal(text: str, time_format: TimeFormat, decimal: DecimalMark | None) -> str:
    """Why a cell is no time of a format."""
    expected = f"expected {_EXPECTED[time_format]}"
    if decimal == ",":
        expected = expected.replace("12.5", "12,5")
    if not text:
        return f"empty, {expected}"
    what = next((f", {what}" for pattern, what in _KINDS if pattern.fullmatch(text)), "")
    return f"{_shown(text)}{what}, {expected}"
