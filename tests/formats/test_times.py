"""Times as people write them, against datetime and fractions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import DatasetError
from ferbench.formats.time_format import find_times
from ferbench.formats.times import Cell, Clock, parse_clock, parse_time, since

GOOD = [
    ("12.5", "seconds", 12.5),
    ("12,5", "seconds", 12.5),
    ("+12.5", "seconds", 12.5),
    (".5", "seconds", 0.5),
    ("5.", "seconds", 5.0),
    ("1e-05", "seconds", 1e-5),
    ("1,5E+02", "seconds", 150.0),
    ("-0.0", "seconds", 0.0),
    ("12500", "milliseconds", 12.5),
    ("1234567.25", "milliseconds", 1234.56725),
    ("12:30", "mm:ss", 750.0),
    ("75:05.25", "mm:ss", 4505.25),
    ("0:00", "mm:ss", 0.0),
    ("00:12:30", "hh:mm:ss", 750.0),
    ("1:02:03,5", "hh:mm:ss", 3723.5),
    ("26:00:00", "hh:mm:ss", 93600.0),
    ("00:12:30:05", "hh:mm:ss:ff", 750.2),
    ("00:00:00:24", "hh:mm:ss:ff", 0.96),
]


@pytest.mark.parametrize(("text", "time_format", "seconds"), GOOD)
def test_elapsed_times(text, time_format, seconds):
    read = parse_time(text, time_format, 25.0 if time_format == "hh:mm:ss:ff" else None)
    assert read == pytest.approx(seconds, abs=1e-9)
    assert str(read)[0] != "-"


BAD = [
    ("", "seconds", "empty, expected seconds such as 12.5"),
    ("one", "seconds", "'one', expected seconds such as 12.5"),
    ("1_0", "seconds", "'1_0', expected seconds"),
    ("١", "seconds", "'١', expected seconds"),
    ("−5", "seconds", "'−5', expected seconds"),
    ("12.5 s", "seconds", "'12.5 s', expected seconds"),
    ("-5", "seconds", "'-5', expected a finite time that is not negative"),
    ("-5", "milliseconds", "'-5', expected a finite time that is not negative"),
    ("-0:05", "mm:ss", "'-0:05', negative, expected minutes and seconds such as 12:30"),
    ("-0:00:05", "hh:mm:ss", "'-0:00:05', negative"),
    ("nan", "seconds", "'nan', no finite time"),
    ("-Inf", "seconds", "'-Inf', no finite time"),
    ("1e999", "seconds", "'1e999', expected a finite time"),
    ("9" * 400 + ":00:00", "hh:mm:ss", "expected a finite time"),
    ("=A2+5", "seconds", "'=A2+5', a formula, expected seconds"),
    ("#VALUE!", "seconds", "'#VALUE!', a spreadsheet's error value"),
    ("#REF!", "seconds", "a spreadsheet's error value"),
    ("#N/A", "seconds", "a spreadsheet's error value"),
    ("#WAARDE!", "seconds", "a spreadsheet's error value"),
    ("########", "hh:mm:ss", "a spreadsheet's error value"),
    ("1.234,5", "seconds", "'1.234,5', a number with thousands separators"),
    ("1,234.5", "seconds", "thousands separators"),
    ("1.234.567", "seconds", "thousands separators"),
    ("1 234", "seconds", "thousands separators"),
    ("1\u202f234,5", "seconds", "thousands separators"),
    ("1'234", "seconds", "thousands separators"),
    ("12:60", "mm:ss", "'12:60', expected seconds below 60"),
    ("00:12:60", "hh:mm:ss", "'00:12:60', expected seconds below 60"),
    ("00:60:00", "hh:mm:ss", "'00:60:00', expected minutes below 60 where hours are given"),
    ("00:00:60:00", "hh:mm:ss:ff", "expected seconds below 60"),
    ("00:00:00:25", "hh:mm:ss:ff", "'00:00:00:25', expected a frame number below 25"),
    ("00:00:00;12", "hh:mm:ss:ff", "'00:00:00;12', a drop-frame time code, which is not read"),
    ("2:03:20 PM", "hh:mm:ss", "'2:03:20 PM', a time of a 12-hour clock"),
    ("12:30", "seconds", "'12:30', expected seconds"),
    ("12:30", "hh:mm:ss", "expected hours, minutes and seconds such as 00:12:30"),
    ("00:12:30", "mm:ss", "expected minutes and seconds such as 12:30"),
    ("00:12:30", "hh:mm:ss:ff", "expected a time code such as 00:12:30:05"),
    ("12.5", "mm:ss", "expected minutes and seconds"),
]


@pytest.mark.parametrize(("text", "time_format", "reason"), BAD)
def test_what_is_wrong_with_an_elapsed_time(text, time_format, reason):
    assert reason in parse_time(text, time_format, 25.0 if time_format == "hh:mm:ss:ff" else None)


def test_frame_numbers_of_a_broken_rate():
    assert parse_time("00:00:01:29", "hh:mm:ss:ff", 29.97) == pytest.approx(1 + 29 / 29.97)
    assert "below 29.97" in parse_time("00:00:01:30", "hh:mm:ss:ff", 29.97)
    assert (
        parse_time("00:00:01:00", "hh:mm:ss:ff")
        == "'00:00:01:00', a time code, which needs a frame rate"
    )


@pytest.mark.parametrize(("mark", "other"), [(".", ","), (",", ".")])
def test_a_chosen_decimal_mark_is_the_only_one(mark, other):
    assert parse_time(f"1{mark}5", "seconds", decimal=mark) == 1.5
    assert parse_time("15", "seconds", decimal=mark) == 15
    assert f"such as 12{mark}5" in parse_time(f"1{other}5", "seconds", decimal=mark)
    assert parse_clock(f"10:00:00{mark}5", decimal=mark) == Clock(of_day_s=36000.5)
    assert "expected a clock time" in parse_clock(f"10:00:00{other}5", decimal=mark)


AT = 14 * 3600 + 3 * 60 + 20
MARCH_5 = date(2024, 3, 5)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("14:03:20", Clock(of_day_s=AT)),
        ("14:03:20.5", Clock(of_day_s=AT + 0.5)),
        ("14:03:20,5", Clock(of_day_s=AT + 0.5)),
        ("9:03:05", Clock(of_day_s=9 * 3600 + 185)),
        ("2024-03-05 14:03:20", Clock(of_day_s=AT, date=MARCH_5)),
        ("2024/3/5 14:03:20", Clock(of_day_s=AT, date=MARCH_5)),
        ("2024-03-05T14:03:20.5", Clock(of_day_s=AT + 0.5, date=MARCH_5)),
        ("05.03.2024 14:03:20", Clock(of_day_s=AT, date=MARCH_5)),
        ("31-12-2024 14:03:20", Clock(of_day_s=AT, date=date(2024, 12, 31))),
        ("12/31/2024 14:03:20", Clock(of_day_s=AT, date=date(2024, 12, 31))),
        ("3-3-2024 14:03:20", Clock(of_day_s=AT, date=date(2024, 3, 3))),
    ],
)
def test_clock_times(text, clock):
    assert parse_clock(text) == clock


@pytest.mark.parametrize("text", ["05-03-2024 14:03:20", "5/3/2024 14:03:20"])
def test_day_and_month(text):
    assert parse_clock(text, day_first=True).date == MARCH_5
    assert parse_clock(text, day_first=False).date == date(2024, 5, 3)
    assert (
        parse_clock(text)
        == f"{text!r}, which may be 2024-03-05 or 2024-05-03; write dates as 2024-03-05"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty, expected a clock time with seconds"),
        ("14:03", "expected a clock time with seconds such as 14:03:20"),
        ("24:00:00", "expected hours below 24"),
        ("14:60:00", "expected minutes below 60"),
        ("14:03:60", "expected seconds below 60"),
        ("-1:00:00", "negative"),
        ("2:03:20 PM", "a time of a 12-hour clock"),
        ("2024-02-30 14:03:20", "expected a date that exists"),
        ("13/13/2024 14:03:20", "expected a date that exists"),
        ("5-3-24 14:03:20", "expected a date that exists, written as 2024-03-05"),
        ("05-03/2024 14:03:20", "expected a date that exists"),
        ("2024-03-05T14:03:20Z", "expected a clock time"),
        ("12.5", "expected a clock time"),
    ],
)
def test_what_is_wrong_with_a_clock_time(text, reason):
    read = parse_clock(text)
    assert isinstance(read, str)
    assert reason in read


def test_since_counts_over_midnight():
    late, early = Clock(of_day_s=86390.0), Clock(of_day_s=30.0)
    assert since(early, late) == 40
    assert since(Clock(of_day_s=100.0), Clock(of_day_s=160.0)) == -60
    assert since(Clock(of_day_s=0.0), Clock(of_day_s=43200.0)) == -43200
    assert since(Clock(of_day_s=0.0), Clock(of_day_s=43200.5)) == 43199.5
    assert since(Clock(of_day_s=50601.2), Clock(of_day_s=50600.0)) == 1.2, "no dust of floats"
    assert since(parse_clock("2024-03-06 00:00:00.3"), parse_clock("2024-03-05 23:59:59.2")) == 1.1
    dated = Clock(of_day_s=86390.0, date=MARCH_5)
    assert since(early, dated) == 40
    assert since(Clock(of_day_s=30.0, date=date(2024, 3, 7)), dated) == 86400 + 40
    assert since(Clock(of_day_s=30.0, date=MARCH_5), dated) == -86360


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),
    st.timedeltas(timedelta(days=-3), timedelta(days=3)),
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%d-%m-%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S"]
    ),
)
def test_dated_clock_times_differ_as_datetimes_do(start, length, layout):
    end = start + length
    written = [f"{time.strftime(layout)}.{time.microsecond:06d}" for time in (start, end)]
    first, last = (parse_clock(text, day_first=True) for text in written)
    assert since(last, first) == pytest.approx(length.total_seconds(), abs=1e-6)


@given(st.integers(0, 40 * 3600 * 30000 // 1001), st.sampled_from([24, 25, 30, 50, 60]))
def test_time_codes_of_whole_rates_are_frame_over_rate(frame, rate):
    seconds, rest = divmod(frame, rate)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"
    assert parse_time(text, "hh:mm:ss:ff", float(rate)) == pytest.approx(
        float(Fraction(frame, rate)), abs=1e-9
    )


def find(
    *texts, headers=("start",), starts_known=False, delimiter=";", rate=None, time_format="auto"
):
    return find_times(
        [Cell(line=line, text=text) for line, text in enumerate(texts, 2)],
        headers=headers,
        time_format=time_format,
        frame_rate_hz=rate,
        starts_known=starts_known,
        delimiter=delimiter,
    )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("1.5", "2"), "seconds"),
        (("2", "1,5"), "seconds"),
        (("12:30", "75:00"), "mm:ss"),
        (("00:12:30", "01:00:00.5"), "hh:mm:ss"),
        (("12:30", "broken", "-1:00", "#N/A", "", "nan", "=A1", "00:99:00", "12:75"), "mm:ss"),
        ((), "auto"),
        (("one", "-5"), "auto"),
    ],
)
def test_the_only_possible_format_is_found(texts, expected):
    assert find(*texts).time_format == expected
    if texts and expected != "hh:mm:ss":
        assert find(*texts, starts_known=True).time_format == expected


def test_time_codes_need_a_rate():
    assert find("00:12:30:05", rate=25.0).read("00:12:30:05") == 750.2
    with pytest.raises(
        DatasetError, match=r"time codes .*; give their frames per second with .*frame_rate_hz"
    ):
        find("00:12:30:05")
    with pytest.raises(
        DatasetError, match=r"frame_rate_hz: got 25, but the times are written as mm:ss"
    ):
        find("12:30", rate=25.0)


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("onset_s", "seconds"),
        ("Start (s)", "seconds"),
        ("start [s]", "seconds"),
        ("Sekunden", "seconds"),
        ("secondes", "seconds"),
        ("tijd in seconden", "seconds"),
        ("Begin Time - ss.msec", "seconds"),
        ("onset_ms", "milliseconds"),
        ("ms", "milliseconds"),
        ("Start (ms)", "milliseconds"),
        ("Begin Time - msec", "milliseconds"),
        ("start in milliseconds", "milliseconds"),
        ("Millisekunden", "milliseconds"),
    ],
)
def test_whole_numbers_have_the_unit_of_their_header(header, unit):
    assert find("12500", headers=(header,)).time_format == unit
    assert find("12500", headers=("start", header)).time_format == unit


@pytest.mark.parametrize("header", ["start", "onset", "items", "claims", "teams", "Beginn"])
@pytest.mark.parametrize("text", ["12500", "12500.0"])
def test_whole_numbers_without_a_unit_are_ambiguous(header, text):
    with pytest.raises(DatasetError) as raised:
        find(text, headers=(header,))
    assert f"{text} is 12500.0 s as seconds, or 12.5 s as milliseconds; say which with" in str(
        raised.value
    )
    assert "format={'time_format': 'seconds'} or milliseconds" in str(raised.value)


def test_two_units_in_the_headers():
    with pytest.raises(
        DatasetError,
        match=r"'onset_s' and 'offset_ms' name two units; 5 is 5.0 s as seconds, or 0.005",
    ):
        find("5", headers=("onset_s", "offset_ms"))


def test_hours_may_be_clock_times_where_starts_are_known():
    with pytest.raises(DatasetError) as raised:
        find("12:00:30", starts_known=True)
    assert str(raised.value) == (
        "12:00:30 is 43230.0 s as hh:mm:ss, or 12:00:30 on the clock; "
        "say which with format={'time_format': 'hh:mm:ss'} or clock"
    )
    assert find("12:00:30", starts_known=True, time_format="clock").read("12:00:30") == Clock(
        of_day_s=43230
    )
    assert find("12:00:30", starts_known=True, time_format="hh:mm:ss").read("12:00:30") == 43230
    assert find("12:00:30", "25:00:00", starts_known=True).time_format == "hh:mm:ss"
    assert find("12:00:30", "2024-03-05 12:00:31", starts_known=True).time_format == "clock"


def test_dates_need_known_starts():
    with pytest.raises(
        DatasetError, match=r"'2024-03-05 12:00:31' is a clock time, but nothing says at which"
    ):
        find("2024-03-05 12:00:31")


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (
            ("12:30", "x", "1:02:30"),
            "line 2 has '12:30' (mm:ss) and line 4 has '1:02:30' (hh:mm:ss)",
        ),
        (
            ("12:30", "95.5"),
            "line 2 has '12:30' (mm:ss) and line 3 has '95.5' (milliseconds or seconds)",
        ),
        (("1:02:30", "1:02:30:05"), "(hh:mm:ss) and line 3 has '1:02:30:05' (hh:mm:ss:ff)"),
        (
            ("1:02:30", "2024-03-05 1:02:30"),
            "(hh:mm:ss) and line 3 has '2024-03-05 1:02:30' (clock)",
        ),
    ],
)
def test_times_written_in_two_ways(texts, says):
    with pytest.raises(DatasetError) as raised:
        find(*texts)
    assert "the times are written in more than one way: " in str(raised.value)
    assert says in str(raised.value)


@pytest.mark.parametrize("time_format", ["auto", "seconds"])
def test_one_decimal_mark_in_a_file(time_format):
    with pytest.raises(DatasetError, match=r"line 3 has '2\.5', line 4 has '1,5'"):
        find("1", "2.5", "1,5", time_format=time_format)
    assert find("1,5", "x2.5").decimal == ","
    assert find("00:00:01,5").decimal == ","
    assert find("05.03.2024 14:03:20,5", starts_known=True).decimal == ","
    assert find("05.03.2024 14:03:20", starts_known=True).decimal is None


def test_thousands_that_look_like_fractions():
    with pytest.raises(
        DatasetError, match=r"line 2 has '1\.500', which may be 1\.500 or, .* separator, 1500"
    ):
        find("1.500", "250", headers=("onset_ms",))
    with pytest.raises(DatasetError, match=r"'1,500', which may be 1\.500 or"):
        find("1,500", delimiter=",")
    assert find("1.500", "1250", headers=("onset_ms",)).read("1.500") == 0.0015
    assert find("1,500", delimiter=";").read("1,500") == 1.5
    assert find("1,500", "2,25", delimiter=",").read("1,500") == 1.5
    assert find("1.500").read("1.500") == 1.5


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Tijd (min)", "1,5"),
        ("minuten", "1.5"),
        ("onset_frame", "2.5"),
        ("frame nr", "30"),
        ("uur", "0,5"),
    ],
)
def test_numbers_under_another_unit_are_not_seconds(header, text):
    with pytest.raises(
        DatasetError, match="can be read as seconds or milliseconds only; convert them"
    ) as raised:
        find(text, headers=(header,))
    assert f"{text} stands under {header!r}" in str(raised.value)
    assert find(text, headers=(header,), time_format="seconds").read(text) == float(
        text.replace(",", ".")
    )
    assert find("1:30", headers=(header,)).read("1:30") == 90
    assert find("2.5", headers=("administratie",)).time_format == "seconds"


@pytest.mark.parametrize(
    "texts", [("0,427083333", "0,5"), ("0.25", ".427083333"), ("45720.4270833", "45721.5")]
)
def test_times_as_a_spreadsheet_keeps_them_are_not_seconds(texts):
    with pytest.raises(DatasetError, match="look like days, as spreadsheets keep times"):
        find(*texts)
    with pytest.raises(DatasetError, match="look like days, as spreadsheets keep times"):
        find(*texts, headers=("onset_s",))
    assert find(*texts, headers=("onset_s",), time_format="seconds").time_format == "seconds"
    assert find(*texts, time_format="seconds").time_format == "seconds"
    assert find(*texts, "12").time_format == "seconds", "12 is no share of a day and no date"


def test_day_and_month_of_a_whole_file():
    assert find("5/3/2024 10:00:00", "13/3/2024 10:00:00", starts_known=True).day_first is True
    assert find("5/3/2024 10:00:00", "3/13/2024 10:00:00", starts_known=True).day_first is False
    assert find("2024-03-05 10:00:00", "3/3/2024 10:00:00", starts_known=True).day_first is None
    for other in ("13/3/2024 10:00:00", "3/13/2024 10:00:00"):
        read = find("5/3/2024 10:00:00", other, starts_known=True).read(other)
        assert read.date == date(2024, 3, 13)
    with pytest.raises(
        DatasetError, match=r"line 2 has '5/3/2024 10:00:00', whose day and month cannot"
    ):
        find("5/3/2024 10:00:00", starts_known=True)
    with pytest.raises(DatasetError, match="whose day and month cannot"):
        find("5/3/2024 1:00:00", "13/3/2024 1:00:00", "3/13/2024 1:00:00", starts_known=True)
