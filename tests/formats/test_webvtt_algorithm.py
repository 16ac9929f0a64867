"""WebVTT against the W3C's algorithm: its steps letter by letter, webvtt-py, and by hand."""

from __future__ import annotations

import re
import re._constants as codes
import re._parser as expressions

import pytest
import webvtt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ferbench.formats import subrip, webvtt_cues
from ferbench.formats.webvtt import read_webvtt
from ferbench.formats.webvtt_cues import plain_text, voice_of

# -------------------------------------------------------------------------------------------------
# the specification's steps, a character at a time, https://www.w3.org/TR/webvtt1/#file-parsing


class Input:
    """The input and the position of the specification."""

    def __init__(self, text):
        self.text = text
        self.position = 0

    @property
    def is_past_the_end(self):
        return self.position >= len(self.text)

    @property
    def character(self):
        return "" if self.is_past_the_end else self.text[self.position]

    def collect(self, wanted):
        collected = ""
        while not self.is_past_the_end and wanted(self.character):
            collected += self.character
            self.position += 1
        return collected


def spec_cues(data: bytes):
    """(identifier, start, end, text) of each cue; None = no WebVTT."""
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    text = text.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")
    if len(text) < 6 or (len(text) == 6 and text != "WEBVTT"):
        return None
    if len(text) > 6 and (text[:6] != "WEBVTT" or text[6] not in " \t\n"):
        return None
    where = Input(text)
    where.collect(lambda c: c != "\n")
    if where.is_past_the_end:
        return []
    where.position += 1
    if where.is_past_the_end:
        return []
    if where.character != "\n":
        spec_block(where, in_header=True)
    else:
        where.position += 1
    where.collect(lambda c: c == "\n")
    cues = []
    while not where.is_past_the_end:
        cue = spec_block(where, in_header=False)
        if cue is not None:
            cues.append(cue)
        where.collect(lambda c: c == "\n")
    return cues


def spec_block(where, *, in_header):
    """ "Collect a WebVTT block"."""
    line_count, previous_position, buffer = 0, where.position, ""
    seen_eof, seen_arrow, cue = False, False, None
    while True:
        line = where.collect(lambda c: c != "\n")
        line_count += 1
        if where.is_past_the_end:
            seen_eof = True
        else:
            where.position += 1
        if "-->" in line:
            if not in_header and (line_count == 1 or (line_count == 2 and not seen_arrow)):
                seen_arrow = True
                previous_position = where.position
                times = spec_timings(line)
                cue = None
                if times is not None:
                    cue = [buffer, *times]
                    buffer = ""
            else:
                where.position = previous_position
                break
        elif line == "":
            break
        else:
            buffer += ("\n" if buffer else "") + line
            previous_position = where.position
        if seen_eof:
            break
    return None if cue is None else (*cue, buffer)


def spec_timings(line):
    """ "Collect WebVTT cue timings and settings", without the settings."""
    where = Input(line)
    skip = lambda: where.collect(lambda c: c in " \t\n\f\r")  # noqa: E731
    skip()
    start = spec_timestamp(where)
    if start is None:
        return None
    skip()
    if where.text[where.position : where.position + 3] != "-->":
        return None
    where.position += 3
    skip()
    end = spec_timestamp(where)
    return None if end is None else (start, end)


def spec_timestamp(where):
    """ "Collect a WebVTT timestamp"."""
    digits = lambda: where.collect(lambda c: c in "0123456789")  # noqa: E731
    units = "minutes"
    first = digits()
    if not first:
        return None
    value1 = int(first)
    if len(first) != 2 or value1 > 59:
        units = "hours"
    if where.character != ":":
        return None
    where.position += 1
    second = digits()
    if len(second) != 2:
        return None
    value2 = int(second)
    if units == "hours" or where.character == ":":
        if where.character != ":":
            return None
        where.position += 1
        third = digits()
        if len(third) != 2:
            return None
        value3 = int(third)
    else:
        value1, value2, value3 = 0, value1, value2
    if where.character != ".":
        return None
    where.position += 1
    fourth = digits()
    if len(fourth) != 3 or value2 > 59 or value3 > 59:
        return None
    return value1 * 3600 + value2 * 60 + value3 + int(fourth) / 1000


# -------------------------------------------------------------------------------------------------
# ours against it


def read(data: bytes, folder):
    path = folder / "x.vtt"
    path.write_bytes(data)
    return read_webvtt(path)


def rows_of(found):
    return [(row.columns["cue"], row.onset, row.offset, row.kind) for row in found.rows]


def told_of(data: bytes):
    """What the specification's cues are as rows: those that end before they begin are refused."""
    return [
        (name.strip(), pytest.approx(start), pytest.approx(end), plain_text(text))
        for name, start, end, text in spec_cues(data)
        if start <= end
    ]


PIECES = [
    *("\n", "\n", "\n", "\r\n", "\r", "\n\n", " \n", "\t\n", "\0"),
    *("00:01.000 --> 00:02.500", "00:03.000-->00:04.000", "\t1:00:00.500 \t-->\f100:00:01.000"),
    *("00:09.000 --> 00:08.000", "00:05.000 --> 00:06.000 align:start line:0%"),
    *("00:05.000 --> 00:06.000line:0", "00:05.000 --> 00:06.0001", "00:05,000 --> 00:06,000"),
    *("0:05.000 --> 0:06.000", "99:00.000 --> 99:01.000", "00:60.000 --> 00:61.000"),
    *("-->", "a --> b", "NOTE", "NOTE a", "NOTE a --> b", "STYLE", "STYLE ", "REGION", "id 1"),
    *("::cue { color: red }", "id:fred width:40%", "text", "<v Robot>it &amp; I", "<b", "7"),
]
FILES = st.lists(st.sampled_from(PIECES), max_size=16).map("".join)


@settings(max_examples=1500, deadline=None)
@given(
    rest=FILES, header=st.sampled_from(["WEBVTT", "WEBVTT - x", "\ufeffWEBVTT\tx\nKind: captions"])
)
@example(rest="\n00:01.000 --> 00:02.000\ntext", header="WEBVTT")
@example(rest=" 00:01.000 --> 00:02.000\ntext", header="WEBVTT")
def test_the_same_cues_as_the_steps_of_the_specification(rest, header, tmp_path_factory):
    data = (header + rest).encode()
    if spec_cues(data) is None:
        return
    found = read(data, tmp_path_factory.getbasetemp())
    assert rows_of(found) == told_of(data)


BLANK_LINE = "WEBVTT\nKind: captions\n\n00:10.000 --> 00:11.000 align:start\n \nro<c>bot</c>\n"
CUE = "00:01.000 --> 00:02.000\nrobot\n"
VARIANTS = {  # file, (identifier, begin, end, text) of its cues, whether webvtt-py reads it right
    "only the signature": ("WEBVTT", [], False),
    "signature and a line": ("WEBVTT\n", [], True),
    "title": ("WEBVTT - the robot's errors\n\n" + CUE, [("", 1, 2, "robot")], True),
    "title after a tab": ("WEBVTT\tx\n\n" + CUE, [("", 1, 2, "robot")], True),
    "header lines": ("WEBVTT\nKind: captions\nLanguage: en\n\n" + CUE, [("", 1, 2, "robot")], True),
    "mark of byte order": ("\ufeffWEBVTT\n\n" + CUE, [("", 1, 2, "robot")], True),
    "cue right after the signature": ("WEBVTT\n" + CUE, [("", 1, 2, "robot")], True),
    "cue right after the header": ("WEBVTT\nKind: x\n" + CUE, [("", 1, 2, "robot")], True),
    "identifier after the signature": ("WEBVTT\nfirst\n" + CUE, [("", 1, 2, "robot")], True),
    "carriage returns": (("WEBVTT\n\n" + CUE).replace("\n", "\r"), [("", 1, 2, "robot")], True),
    "both line ends": (("WEBVTT\n\n" + CUE).replace("\n", "\r\n"), [("", 1, 2, "robot")], True),
    "no line end at the end": ("WEBVTT\n\n" + CUE.strip(), [("", 1, 2, "robot")], True),
    "a line with a space": (BLANK_LINE, [("", 10, 11, "robot")], True),
    "text after an empty line": ("WEBVTT\n\n" + CUE + "\nmore\n", [("", 1, 2, "robot")], True),
    "no text": ("WEBVTT\n\n00:01.000 --> 00:02.000\n\n", [("", 1, 2, "")], False),
    "no text, then a cue": (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n00:03.000 --> 00:04.000\nb\n",
        [("", 1, 2, ""), ("", 3, 4, "b")],
        False,
    ),
    "no empty line between cues": (
        "WEBVTT\n\n" + CUE + "00:03.000 --> 00:04.000\nb\n",
        [("", 1, 2, "robot"), ("", 3, 4, "b")],
        True,
    ),
    "identifier": ("WEBVTT\n\nerr 1\n" + CUE, [("err 1", 1, 2, "robot")], True),
    "two lines above": ("WEBVTT\n\na\nb\n" + CUE, [("", 1, 2, "robot")], True),
    "many lines": ("WEBVTT\n\n" + CUE + "stops\nnow\n", [("", 1, 2, "robot stops now")], True),
    "hours": (
        "WEBVTT\n\n100:00:00.500 --> 100:00:01.000\na\n",
        [("", 360_000.5, 360_001, "a")],
        True,
    ),
    "one digit of hours": (
        "WEBVTT\n\n1:00:00.000 --> 1:00:01.000\na",
        [("", 3600, 3601, "a")],
        True,
    ),
    "no space around the arrow": ("WEBVTT\n\n00:01.000-->00:02.000\na", [("", 1, 2, "a")], True),
    "tabs around the arrow": ("WEBVTT\n\n\t00:01.000\t-->\t00:02.000\na", [("", 1, 2, "a")], True),
    "settings": (
        "WEBVTT\n\n00:01.000 --> 00:02.000 line:0 position:20% align:start\na",
        [("", 1, 2, "a")],
        True,
    ),
    "settings without a space": (
        "WEBVTT\n\n00:01.000 --> 00:02.000line:0\na",
        [("", 1, 2, "a")],
        True,
    ),
    "comments, style and region": (
        "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nREGION\nid:a\n\nNOTE one\ntwo\n\nNOTE\n\n" + CUE,
        [("", 1, 2, "robot")],
        True,
    ),
    "a comment that names a cue": ("WEBVTT\n\nNOTE\n" + CUE, [("NOTE", 1, 2, "robot")], False),
    "cues in any order": (
        "WEBVTT\n\n00:05.000 --> 00:06.000\nb\n\n" + CUE,
        [("", 5, 6, "b"), ("", 1, 2, "robot")],
        True,
    ),
    "overlapping cues": (
        "WEBVTT\n\n" + CUE + "\n00:01.500 --> 00:03.000\nb\n",
        [("", 1, 2, "robot"), ("", 1.5, 3, "b")],
        True,
    ),
    "zero byte": ("WEBVTT\n\n00:01.000 --> 00:02.000\na\0b", [("", 1, 2, "a\ufffdb")], False),
    "tags and references": (
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann><b.x>a</b> &lt;b&gt; &amp;amp;<00:01.500> c",
        [("", 1, 2, "a <b> &amp; c")],
        False,
    ),
    "an open tag swallows the rest": (
        "WEBVTT\n\n00:01.000 --> 00:02.000\na <b\nc\n",
        [("", 1, 2, "a")],
        False,
    ),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_by_hand(name, tmp_path):
    content, cues, same_as_webvtt_py = VARIANTS[name]
    data = content.encode()
    found = read(data, tmp_path)
    assert rows_of(found) == cues
    assert not found.refused
    assert rows_of(found) == told_of(data)
    if same_as_webvtt_py:
        theirs = webvtt.from_string(content)
        assert [
            (c.identifier or "", _seconds(c.start), _seconds(c.end), " ".join(c.text.split()))
            for c in theirs
        ] == cues


def _seconds(code):
    *hours, minutes, seconds = code.split(":")
    return int(hours[0] if hours else 0) * 3600 + int(minutes) * 60 + float(seconds)


def test_there_are_enough_variants():
    assert len(VARIANTS) >= 25


# -------------------------------------------------------------------------------------------------
# what the algorithm drops is told


@pytest.mark.parametrize(
    "timings",
    [
        *("00:01,000 --> 00:02,000", "00:01.0 --> 00:02.0", "00:61.000 --> 00:62.000"),
        *("-->", "0:01.000 --> 0:02.000", "60:01.000 --> 60:02.000", "00:01.000 --> soon"),
        *("00:01.000 --> 00:02.0001", "00:01.000 -> 00:02.000 -->", "00:01 --> 00:02"),
        *("٠٠:٠١.٠٠٠ --> ٠٠:٠٢.٠٠٠", f"{'1' * 5000}:00:00.000 --> {'1' * 5000}:00:01.000"),
    ],
)
@pytest.mark.parametrize("identifier", ["", "7\n"])
def test_a_cue_without_usable_times_is_refused(identifier, timings, tmp_path):
    data = f"WEBVTT\n\n{identifier}{timings}\nx\n\n{CUE}".encode()
    found = read(data, tmp_path)
    (row,) = found.refused
    assert row.line == (4 if identifier else 3)
    assert row.reason == (
        f"expected times such as 00:01:02.500 --> 00:01:04.000, got {timings[:60]!r}"
    )
    assert [(row.onset, row.kind) for row in found.rows] == [(1.0, "robot")]


def test_what_is_in_no_cue_is_told(tmp_path):
    found = read(f"WEBVTT\n\n{CUE}\nstops\n\nlate\n\nNOTE a --> b\n\nSTYLE\nx\n".encode(), tmp_path)
    assert not found.refused
    assert found.notes == (
        "x.vtt, line 6: 'stops' is in no cue (an empty line ends one) and is passed over, and 1 "
        "more such",
    )


def test_bytes_that_are_no_utf_8_become_replacement_characters(tmp_path):
    found = read(
        f"WEBVTT\n\n{CUE}".encode() + b"\nbad\n00:03.000 --> 00:04.000\nw\xfctend\n", tmp_path
    )
    assert [row.kind for row in found.rows] == ["robot", "w\ufffdtend"]
    (note,) = found.notes
    assert note.startswith("x.vtt, line 8: not UTF-8, as WebVTT is; ")


def test_a_recording_of_six_digits_of_hours_can_be_named(tmp_path):
    found = read(b"WEBVTT\n\n000000000999999:00:00.000 --> 999999:00:01.000\nx", tmp_path)
    assert [row.onset for row in found.rows] == [999_999 * 3600]


# -------------------------------------------------------------------------------------------------
# cue text


@pytest.mark.parametrize(
    ("text", "plain", "voice"),
    [
        ("<v Robot>hi", "hi", "Robot"),
        ("<v.loud.first Mary Ann>hi</v>", "hi", "Mary Ann"),
        ("<v\tMary\n  &amp; Ann>hi", "hi", "Mary & Ann"),
        ("<video on>hi", "hi", ""),
        ("< v Robot>hi", "hi", ""),
        ("<v>hi<v Second>", "hi", ""),
        ("a < b > c", "a c", ""),
        ("a &lt; b", "a < b", ""),
        ("<ruby>x<rt>y</rt></ruby>", "xy", ""),
        ("<lang en>x</lang> <c.red>y</c> <00:00:01.000>z", "x y z", ""),
        ("&nbsp;a&rlm;", "a\u200f", ""),
        ("a <v never closed", "a", "never closed"),
        ("&#65;&#x42;&#0;&#1114112;", "AB\ufffd\ufffd", ""),
    ],
)
def test_text_and_voice(text, plain, voice):
    assert plain_text(text) == plain
    assert voice_of(text) == voice


# -------------------------------------------------------------------------------------------------
# time grows with length


def unbounded_repeats(pattern):
    """How many repeats without an end may give back what they took."""
    found = 0
    todo = list(expressions.parse(pattern.pattern, pattern.flags))
    while todo:
        item = todo.pop()
        if not isinstance(item, tuple | list | expressions.SubPattern):
            continue
        if isinstance(item, tuple) and item and item[0] in (codes.MAX_REPEAT, codes.MIN_REPEAT):
            found += item[1][1] is codes.MAXREPEAT
        todo.extend(item)
    return found


def test_the_count_of_repeats_is_right():
    counts = {r"a*b": 1, r"(?:a+)*": 2, r"a*+b": 0, r"(a|b*?){2,3}": 1, r"a{1,9}": 0}
    for pattern, count in counts.items():
        assert unbounded_repeats(re.compile(pattern)) == count


def test_no_expression_goes_back():
    """Without backtracking a match looks at each letter once for each of its few alternatives."""
    modules = (webvtt_cues, subrip)
    patterns = {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, re.Pattern)
    }
    assert len(patterns) >= 4
    assert {
        name: unbounded_repeats(pattern) for name, pattern in patterns.items()
    } == dict.fromkeys(patterns, 0)


MEGABYTE = 1_000_000
HOSTILE = {
    "open tags": "<" * MEGABYTE,
    "open voices": "<v a" * (MEGABYTE // 4),
    "open references": "&#" * (MEGABYTE // 2),
    "a long number": "&#" + "9" * MEGABYTE + ";",
    "many zeros": "&#" + "0" * MEGABYTE + "65;",
    "arrows": "-->" * (MEGABYTE // 3),
    "digits": "0" * MEGABYTE,
    "colons": "00:" * (MEGABYTE // 3),
    "spaces": " " * MEGABYTE + "x",
    "ampersands": "&a" * (MEGABYTE // 2),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("place", ["text", "timings", "identifier", "many lines"])
def test_a_hostile_megabyte_ends(name, place, tmp_path):
    """Were a step quadratic, this would take days."""
    line = HOSTILE[name]
    content = {
        "text": f"WEBVTT\n\n00:01.000 --> 00:02.000\n{line}\n",
        "timings": f"WEBVTT\n\n{line} --> {line}\nx\n",
        "identifier": f"WEBVTT\n\n{line}\n00:01.000 --> 00:02.000\nx\n",
        "many lines": "WEBVTT\n\n" + "\n".join(line[at : at + 9] for at in range(0, MEGABYTE, 9)),
    }[place]
    found = read(content.encode(), tmp_path)
    assert len(found.rows) + len(found.refused) + len(found.notes) >= 1
