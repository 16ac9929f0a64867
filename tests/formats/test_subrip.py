"""SubRip against the packages srt and webvtt-py, and by hand."""

from __future__ import annotations

import json

import pytest
import srt
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import FormatError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.formats.reading import read_annotations
from ferbench.formats.subrip import read_subrip, write_subrip
from ferbench.formats.tracks import Span, Track

ONE, TWO = "00:00:01,000 --> 00:00:02,000", "00:00:03,500 --> 00:00:04,000"
CUES = f"1\n{ONE}\nrobot\n\n2\n{TWO}\nstops\n"
BOTH = [("1", 1, 2, "robot"), ("2", 3.5, 4, "stops")]


def read(content, folder, encoding="utf-8"):
    path = folder / "P01.srt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return read_subrip(path)


def rows_of(found):
    return [(row.columns["cue"], row.onset, row.offset, row.kind) for row in found.rows]


VARIANTS = {  # file, (number, begin, end, text) of its cues, whether the package srt says the same
    "as editors save it": (CUES, BOTH, True),
    "mark of byte order": ("\ufeff" + CUES, BOTH, False),
    "both line ends": (CUES.replace("\n", "\r\n"), BOTH, True),
    "carriage returns": (CUES.replace("\n", "\r"), BOTH, False),
    "no line end at the end": (CUES.strip(), BOTH, True),
    "empty lines at the end": (CUES + "\n\n\n", BOTH, True),
    "empty lines at the start": ("\n\n" + CUES, BOTH, True),
    "points": (CUES.replace(",", "."), BOTH, True),
    "no space around the arrow": (CUES.replace(" --> ", "-->"), BOTH, True),
    "spaces after the times": (CUES.replace("2,000\n", "2,000   \n"), BOTH, True),
    "places": (CUES.replace("2,000\n", "2,000  X1:1 X2:2 Y1:3 Y2:4\n"), BOTH, True),
    "no numbers": (
        f"{ONE}\nrobot\n\n{TWO}\nstops\n",
        [("", 1, 2, "robot"), ("", 3.5, 4, "stops")],
        True,
    ),
    "numbers in any order": (
        f"7\n{ONE}\nrobot\n\n7\n{TWO}\nstops\n",
        [("7", 1, 2, "robot"), ("7", 3.5, 4, "stops")],
        True,
    ),
    "cues in any order": (
        f"1\n{TWO}\nstops\n\n2\n{ONE}\nrobot\n",
        [("1", 3.5, 4, "stops"), ("2", 1, 2, "robot")],
        True,
    ),
    "many lines": (f"1\n{ONE}\nrobot\nstops\n", [("1", 1, 2, "robot stops")], True),
    "no text": (f"1\n{ONE}\n\n2\n{TWO}\nstops\n", [("1", 1, 2, ""), ("2", 3.5, 4, "stops")], True),
    "an empty line in the text": (
        f"1\n{ONE}\nrobot\n\nstops\n\n2\n{TWO}\nb\n",
        [("1", 1, 2, "robot stops"), ("2", 3.5, 4, "b")],
        True,
    ),
    "no empty line between cues": (
        f"1\n{ONE}\nrobot\n2\n{TWO}\nstops\n",
        BOTH,
        True,
    ),
    "a number as text": (
        f"1\n{ONE}\n42\n\n2\n{TWO}\n7\n",
        [("1", 1, 2, "42"), ("2", 3.5, 4, "7")],
        True,
    ),
    "a number as text, without numbers": (
        f"{ONE}\n42\n\n{TWO}\n7\n",
        [("", 1, 2, "42"), ("", 3.5, 4, "7")],
        False,
    ),
    "double spaced": (CUES.replace("\n", "\r\r\n"), BOTH, False),
    "a line with a space": (CUES.replace("\n\n", "\n \n"), BOTH, False),
    "hours": (
        "1\n100:00:00,500 --> 100:00:01,000\na\n",
        [("1", 360_000.5, 360_001, "a")],
        True,
    ),
    "one digit": ("1\n0:0:01,000 --> 0:0:2,000\na\n", [("1", 1, 2, "a")], True),
    "minutes only": ("1\n00:01,000 --> 00:02,000\na\n", [("1", 1, 2, "a")], False),
    "tags of players": (
        f'1\n{ONE}\n{{\\an8}}<i>ro<b>bot</b></i> <font color="red">stops</font>\n',
        [("1", 1, 2, "robot stops")],
        False,
    ),
    "signs that are no tags": (
        f"1\n{ONE}\na < b > c & <robot> &lt;\n",
        [("1", 1, 2, "a < b > c & <robot> &lt;")],
        True,
    ),
    "an arrow in the text": (f"1\n{ONE}\na --> b\n", [("1", 1, 2, "a --> b")], True),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants(name, tmp_path):
    content, cues, same_as_srt = VARIANTS[name]
    found = read(content, tmp_path)
    assert rows_of(found) == cues
    assert not found.refused
    if same_as_srt:
        assert [
            (
                "" if each.index is None else str(each.index),
                each.start.total_seconds(),
                each.end.total_seconds(),
                " ".join(each.content.split()),
            )
            for each in srt.parse(content)
        ] == cues


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding, tmp_path):
    found = read(f"1\n{ONE}\nwütend\n", tmp_path, encoding)
    assert [row.kind for row in found.rows] == ["wütend"]
    guessed = ("P01.srt: not UTF-8, read as Windows-1252",)
    assert found.notes == (guessed if encoding == "cp1252" else ())


@pytest.mark.parametrize(
    "timings",
    [
        *("00:00:01 --> 00:00:02", "00:00:01,5 --> 00:00:02,5", "00:00:61,000 --> 00:00:62,000"),
        *("-->", "00:00:01,000 --> soon", "00:00:01,0000 --> 00:00:02,000"),
        f"{'1' * 5000}:00:00,000 --> {'1' * 5000}:00:01,000",
    ],
)
def test_a_cue_without_usable_times_is_refused(timings, tmp_path):
    found = read(f"1\n{timings}\nx\n\n2\n{ONE}\nrobot\n", tmp_path)
    (row,) = found.refused
    assert (row.line, row.session) == (2, "P01")
    assert row.reason == (
        f"expected times such as 00:01:02,500 --> 00:01:04,000, got {timings[:60]!r}"
    )
    assert rows_of(found) == [("2", 1, 2, "robot")]


def test_a_cue_that_ends_before_it_begins_is_refused(tmp_path):
    found = read("1\n00:00:02,000 --> 00:00:01,000\nx\n", tmp_path)
    assert [str(row) for row in found.refused] == [
        "line 2: the cue ends before it begins: 2 s, 1 s"
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("hello\n", "not SubRip: expected cues with times such as .*, got 'hello'"),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\nx", "got 'WEBVTT'; a WebVTT file's name ends in .vtt"),
        ("session,onset_s\nP01,1\n", "not SubRip"),
    ],
)
def test_files_that_are_refused(content, says, tmp_path):
    with pytest.raises(FormatError, match=says):
        read(content, tmp_path)
    with pytest.raises(FormatError, match=r"none\.srt: cannot be read"):
        read_subrip(tmp_path / "none.srt")


def test_an_empty_file_is_annotated_with_nothing_and_told(tmp_path):
    assert read("\n", tmp_path).notes == (
        "P01.srt is empty: taken as annotated, with nothing found",
    )
    (row,) = read_annotations(tmp_path / "P01.srt").rows
    assert (row.session, row.kept) == ("P01", False)


def test_a_table_of_it(tmp_path):
    read(CUES, tmp_path)
    rows = read_annotations(tmp_path, Table(columns=Columns(annotator="cue"))).rows
    assert [(row.session, row.onset, row.kind, row.annotator) for row in rows] == [
        ("P01", 1.0, "robot", "1"),
        ("P01", 3.5, "stops", "2"),
    ]


SPANS = st.lists(
    st.tuples(
        st.integers(0, 8_000_000),
        st.integers(1, 5000),
        st.text(st.characters(categories=["L", "P", "Zs"], exclude_characters="{\\"), max_size=8)
        .map(lambda text: " ".join(text.split()))
        .filter(lambda text: text and "-->" not in text),
    ),
    max_size=10,
)


@settings(max_examples=80, deadline=None)
@given(spans=SPANS)
def test_what_is_written_is_read_back_by_us_and_by_srt_and_webvtt_py(spans, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "written.srt"
    own = tuple(Span(onset_s=a / 1000, offset_s=(a + n) / 1000, text=text) for a, n, text in spans)
    write_subrip(path, [Track(name="surprise", spans=own)])
    wanted = sorted((span.onset_s, span.offset_s, span.text) for span in own)
    found = read_subrip(path)
    assert sorted((row.onset, row.offset, row.kind) for row in found.rows) == wanted
    theirs = list(srt.parse(path.read_text(encoding="utf-8")))
    assert [each.index for each in theirs] == list(range(1, len(own) + 1))
    assert (
        sorted((s.start.total_seconds(), s.end.total_seconds(), s.content) for s in theirs)
        == wanted
    )
    if own:
        assert len(webvtt.from_srt(str(path)).captions) == len(own)


def test_an_arrow_in_a_text_is_not_read_as_times(tmp_path):
    span = Span(onset_s=1.0, offset_s=1.0, text=f"{ONE} 1")
    write_subrip(tmp_path / "P01.srt", [Track(name="hit", spans=(span,))])
    (row,) = read_subrip(tmp_path / "P01.srt").rows
    assert (row.onset, row.offset) == (1.0, 1.001)
    assert row.kind == "00:00:01,000 -> 00:00:02,000 1"


def test_a_case_from_the_command_line(ferbench, tmp_path):
    read(CUES, tmp_path)
    (tmp_path / "events.csv").write_text("session,onset_s\nP01,1.0\nP01,3.5\n")
    given = ("score", tmp_path / "events.csv", tmp_path / "P01.srt", "--no-intervals", "--json")
    ended = ferbench(*given)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["sessions"]["P01"]["tp"] == 2
