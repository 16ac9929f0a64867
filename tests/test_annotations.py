"""Annotations from CSV files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.datasets.annotations import Columns, read_annotations
from ferbench.errors import DatasetError
from ferbench.types import Annotation

GOOD = "session,onset_s,offset_s,kind,annotator\na,1.5,2.25,smile,x\nb,3,3,laugh,y\n"
ROWS = (
    Annotation(session_id="a", onset_s=1.5, offset_s=2.25, kind="smile", annotator="x"),
    Annotation(session_id="b", onset_s=3, offset_s=3, kind="laugh", annotator="y"),
)


def read(tmp_path, content, columns=None):
    path = tmp_path / "rows.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_annotations(path, columns or Columns())


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.rstrip("\n"),
        GOOD.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace(",", " , "),
        GOOD.replace("\n", "\n\n"),
        GOOD + ",,,,\n",
        GOOD.replace("smile", '"smile"'),
        "".join(",".join(line.split(",")[::-1]) + "\n" for line in GOOD.splitlines()),
        GOOD.replace("kind", "kind,ignored").replace("smile", "smile,7").replace("laugh", "laugh,8"),
    ],
)
def test_same_rows_however_written(tmp_path, content):
    table = read(tmp_path, content)
    assert table.annotations == ROWS
    assert table.problems == ()


def test_lines_count_comments_and_blank_lines(tmp_path):
    table = read(tmp_path, "# made by hand\n\n# 1, 2\n" + GOOD + "\nc,4,5,smile,x\n")
    assert table.lines == (5, 6, 8)
    assert table.annotations[:2] == ROWS


def test_lines_count_line_breaks_inside_quotes(tmp_path):
    table = read(tmp_path, 'session,onset_s,kind\na,1,"two\nlines"\nb,-1,x\nc,2,y\n')
    assert table.lines == (2, 5)
    assert [problem.line for problem in table.problems] == [4]


def test_only_the_needed_columns(tmp_path):
    table = read(tmp_path, "onset_s,session\n2.5,a\n")
    assert table.annotations == (Annotation(session_id="a", onset_s=2.5, offset_s=2.5),)


def test_other_column_names(tmp_path):
    columns = Columns(session="clip", onset_s="from", offset_s="to", kind=None, annotator=None)
    table = read(tmp_path, "kind,clip,from,to\nsmile,a,1,2\n", columns)
    assert table.annotations == (Annotation(session_id="a", onset_s=1, offset_s=2),)


BAD_ROWS = {
    "a,1.0": "expected 5 cells as in the header, got 2",
    "a,1,2,smile,x,more": "expected 5 cells as in the header, got 6",
    "a,one,2,s,x": "onset_s is 'one', expected seconds",
    "a,,2,s,x": "onset_s is ''",
    'a,"1,5",2,s,x': "onset_s is '1,5', expected seconds with a decimal point",
    "a,0:01,2,s,x": "onset_s is '0:01'",
    "a,1_0,20,s,x": "onset_s is '1_0'",
    "a,١,2,s,x": "onset_s is '١'",
    "a,-0.5,2,s,x": "onset_s is -0.5, expected a finite time that is not negative",
    "a,nan,2,s,x": "onset_s is 'nan'",
    "a,1,inf,s,x": "offset_s is 'inf'",
    "a,1,1e999,s,x": "offset_s is 1e999, expected a finite time",
    "a,1,,s,x": "offset_s is ''",
    "a,2,1.5,s,x": "ends before it begins: onset_s 2, offset_s 1.5",
    " ,1,2,s,x": "session is empty",
}


@pytest.mark.parametrize(("row", "reason"), BAD_ROWS.items())
def test_bad_rows_are_left_out_and_listed(tmp_path, row, reason):
    table = read(tmp_path, GOOD.replace("b,3", f"{row}\nb,3"))
    assert table.annotations == ROWS
    assert table.lines == (2, 4)
    assert len(table.problems) == 1
    assert str(table.problems[0]).startswith(f"line 3: {reason}")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "column 'session', 'onset_s' not found; found: nothing"),
        ("# only a comment\n", "found: nothing"),
        ("clip,onset_s\na,1\n", "column 'session' not found; found: clip, onset_s"),
        ("session,onset_s,onset_s\na,1,2\n", "'onset_s' is there 2 times"),
        ("session;onset_s;offset_s\na;1,5;2\n", "separated by semicolons, expected commas"),
        ("session\tonset_s\na\t1\n", "separated by tabs, expected commas"),
        ("session,onset_s,kind\na,1,é\n".encode("latin-1"), "line 2: expected UTF-8 text, got the byte 0xe9"),
        (GOOD.encode("utf-16"), "it looks like UTF-16"),
        (GOOD + 'c,1,2,"smile,x\nd,1,2,s,x\n', "line 4: a row that is no CSV"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, content, says):
    with pytest.raises(DatasetError) as raised:
        read(tmp_path, content)
    assert says in str(raised.value)
    assert "rows.csv" in str(raised.value)


def test_a_renamed_column_must_be_there(tmp_path):
    with pytest.raises(DatasetError, match="'art' not found"):
        read(tmp_path, GOOD, Columns(kind="art"))


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DatasetError, match="no such annotations file"):
        read_annotations(tmp_path / "none.csv", Columns())
    with pytest.raises(DatasetError, match="got a folder"):
        read_annotations(tmp_path, Columns())


@given(onset=st.floats(0, 1e6), length=st.floats(0, 1e6))
def test_times_are_read_as_written(tmp_path_factory, onset, length):
    path = tmp_path_factory.getbasetemp() / "times.csv"
    path.write_text(f"session,onset_s,offset_s\na,{onset!r},{onset + length!r}\n", encoding="utf-8")
    [row] = read_annotations(path, Columns()).annotations
    assert (row.onset_s, row.offset_s) == (onset, onset + length)
