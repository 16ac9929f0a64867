"""WebVTT: a hand-written file, our own read by another program, and broken ones."""

from __future__ import annotations

import pytest
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import DatasetError, FormatError
from ferbench.formats.annotation_table import Columns, Table
from ferbench.formats.reading import read_annotations
from ferbench.formats.tracks import Span, Track
from ferbench.formats.webvtt import read_webvtt, write_webvtt
from helpers.reference import DATA

SAMPLE = DATA / "annotation_files" / "errors.vtt"


def test_the_sample_read_by_hand():
    first, second = read_webvtt(SAMPLE).rows
    assert (first.line, first.onset_s, first.offset_s, first.kind) == (
        11,
        3.3,
        7.75,
        "wrong answer",
    )
    assert dict(first.columns) == {"voice": "Robot", "cue": "first", "file": "errors"}
    assert (second.line, second.onset_s, second.offset_s, second.kind) == (
        14,
        3605.0,
        3605.0,
        "drops <object> twice",
    )
    (row, _) = read_annotations(SAMPLE, Table(columns=Columns(annotator="voice"))).rows
    assert (row.session, row.onset, row.kind, row.annotator) == (
        "errors",
        3.3,
        "wrong answer",
        "Robot",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected the first line WEBVTT"),
        ("1\n00:00:01,000 --> 00:00:02,000\nhello\n", "expected the first line WEBVTT, got '1'"),
        ("WEBVTTX\n", "expected the first line WEBVTT"),
        ("\nWEBVTT\n", "expected the first line WEBVTT"),
        ("webvtt\n", "expected the first line WEBVTT"),
    ],
)
def test_files_that_are_refused(text, says, tmp_path):
    path = tmp_path / "a.vtt"
    path.write_text(text)
    with pytest.raises(FormatError, match=says):
        read_webvtt(path)


def test_files_of_another_encoding_and_missing_files(tmp_path):
    (tmp_path / "a.vtt").write_bytes("WEBVTT\n".encode("utf-16"))
    with pytest.raises(FormatError, match="expected the first line WEBVTT"):
        read_webvtt(tmp_path / "a.vtt")
    with pytest.raises(DatasetError, match="no such annotations file"):
        read_annotations(tmp_path / "b.vtt", Table())


def test_a_cue_that_ends_before_it_begins_is_listed(tmp_path):
    path = tmp_path / "P01.vtt"
    path.write_text(
        "WEBVTT\r\n\r\n00:02.000 --> 00:01.000\r\nx\r\n\r\n00:03.000 --> 00:04.000\r\ny"
    )
    table = read_annotations(path, Table())
    assert [str(problem) for problem in table.refused] == [
        "line 3: the cue ends before it begins: 2 s, 1 s"
    ]
    assert [row.onset for row in table.rows] == [3.0]


def test_a_file_without_cues_is_annotated_with_nothing(tmp_path):
    (tmp_path / "P01.vtt").write_text("WEBVTT\n")
    (row,) = read_annotations(tmp_path, Table()).rows
    assert (row.session, row.kept) == ("P01", False)


SPANS = st.lists(
    st.tuples(
        st.integers(0, 8_000_000),
        st.integers(1, 5000),
        st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=8).map(
            lambda text: " ".join(text.split())
        ),
    ).filter(lambda span: span[2]),
    max_size=10,
)


@settings(max_examples=80, deadline=None)
@given(spans=SPANS)
def test_what_is_written_is_read_back_by_us_and_by_webvtt_py(spans, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "written.vtt"
    own = tuple(Span(onset_s=a / 1000, offset_s=(a + n) / 1000, text=text) for a, n, text in spans)
    write_webvtt(path, [Track(name="surprise", spans=own)])
    found = read_webvtt(path)
    assert not found.refused
    assert sorted((m.onset_s, m.offset_s, m.kind) for m in found.rows) == sorted(
        (s.onset_s, s.offset_s, s.text) for s in own
    )
    theirs = webvtt.read(path)
    assert [(c.start_in_seconds, c.end_in_seconds) for c in theirs] == [
        (int(m.onset_s), int(m.offset_s)) for m in found.rows
    ]
    assert [c.start for c in theirs] == [_code(m.onset_s) for m in found.rows]


def _code(seconds):
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def test_several_tracks_name_their_cues_and_points_last_a_millisecond(tmp_path):
    tracks = [
        Track(name="hit", spans=(Span(onset_s=2.0, offset_s=2.5, text="a --> b"),)),
        Track(name="missed", spans=(Span(onset_s=1.0, offset_s=1.0, text=""),)),
    ]
    write_webvtt(tmp_path / "x.vtt", tracks)
    assert [(m.onset_s, m.offset_s, m.kind) for m in read_webvtt(tmp_path / "x.vtt").rows] == [
        (1.0, 1.001, "missed"),
        (2.0, 2.5, "hit: a --> b"),
    ]
    assert list(tmp_path.iterdir()) == [tmp_path / "x.vtt"], "nothing else is left behind"
