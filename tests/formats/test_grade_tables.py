"""Tables of grades: what is written reads back exactly, and no spreadsheet computes a cell."""

from __future__ import annotations

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import FormatError
from ferbench.formats.grades import (
    COLUMNS,
    GradeRow,
    is_grade_table,
    read_grade_table,
    write_grade_table,
)
from ferbench.formats.grading_key import KeyRow, credited, read_grading_key, write_grading_key
from ferbench.formats.spreadsheet_text import as_harmless, as_meant

NOTES = (
    "",
    '=HYPERLINK("http://x";"y")',
    "+1",
    "-1",
    "@SUM(A1)",
    "'=1",
    "''",
    "'t Hof",
    ' "quoted", and; =semicolons\n=lines\r\n\ttabs ',
    "＝1",
    "  =1",
    "ü 😀 <b>",
    "\u2028 \x85 \x0b",
)
TEXT = st.text(alphabet="'=+-@;, \t\r\nab\"＝", max_size=12)


def row(**changes):
    values = {
        "rater": "Ann",
        "session": "S1",
        "onset_s": 1.1,
        "offset_s": 2.0,
        "trigger_s": 1.3,
        "grade": "right",
    }
    return GradeRow(**{**values, **changes})


@given(TEXT)
def test_every_text_is_what_it_was(text):
    assert as_meant(as_harmless(text)) == text


@given(TEXT)
def test_no_cell_begins_as_a_formula_wherever_a_spreadsheet_cuts(text):
    for delimiter in ",;\t\r\n":
        for cell in as_harmless(text).split(delimiter):
            assert not re.match(" *[=+@＝-]", cell)


@pytest.mark.parametrize("note", NOTES)
def test_notes_read_back_exactly(note, tmp_path):
    rows = [row(note=note), row(rater="Bob", note="after", onset_s=0.1 + 0.2)]
    write_grade_table(tmp_path / "g.csv", rows)
    table = read_grade_table(tmp_path / "g.csv")
    assert [(each.rater, each.note, each.onset_s) for each in table.rows] == [
        (each.rater, each.note, each.onset_s) for each in rows
    ]
    assert table.refused == ()
    assert is_grade_table(tmp_path / "g.csv")


@given(st.lists(st.tuples(TEXT, st.floats(0, 1e6)), max_size=5))
def test_any_table_reads_back_exactly(tmp_path_factory, notes):
    path = tmp_path_factory.mktemp("grades") / "g.csv"
    rows = [row(note=note, onset_s=time, offset_s=time, trigger_s=time) for note, time in notes]
    write_grade_table(path, rows)
    read = read_grade_table(path).rows
    assert [(each.note, each.onset_s) for each in read] == notes


def test_what_a_spreadsheet_saves_with_semicolons_is_read(tmp_path):
    path = tmp_path / "g.csv"
    write_grade_table(path, [row(note="a, b; '=c")])
    with path.open(encoding="utf-8-sig", newline="") as stream:
        cells = list(csv.reader(stream))
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream, delimiter=";", lineterminator="\r\n").writerows(cells)
    assert is_grade_table(path)
    assert read_grade_table(path).rows[0].note == "a, b; '=c"


def test_every_bad_row_is_told_with_its_line(tmp_path):
    path = tmp_path / "g.csv"
    lines = [
        "rater,session,onset_s,offset_s,grade,note",
        "Ann,S1,1,2,right,fine",
        ",S1,1,2,right,",
        'Ann,,1,2,right,"two\nlines"',
        "Ann,S1,soon,2,right,",
        "Ann,S1,3,2,wrong,",
        "Ann,S1,3,4,maybe,",
        "Ann,S1,3,4,,",
        "Ann,S1,3,4,unsure,,more",
        "Ann,S1,inf,4,unsure",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = read_grade_table(path)
    assert [(each.line, each.grade) for each in table.rows] == [(2, "right"), (9, "")]
    assert [text.partition(":")[0] for text in table.refused] == [
        f"g.csv, line {line}" for line in (3, 4, 6, 7, 8, 10, 11)
    ]
    assert "'maybe', expected right, wrong, unsure or nothing" in table.refused[4]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("session,onset_s\nS1,1\n", "no column rater, grade"),
        ("", "found: nothing"),
        ('rater,session,onset_s,grade\n"never closed\n', "not a CSV"),
        ("\xff", "not a CSV file in UTF-8"),
    ],
)
def test_other_files_are_refused(content, says, tmp_path):
    path = tmp_path / "g.csv"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(FormatError, match=says):
        read_grade_table(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_grade_table(tmp_path / "none.csv")


def test_columns_are_those_of_a_row():
    assert set(COLUMNS) == set(GradeRow.__dataclass_fields__) - {"line"}


def key_row(item, model, **changes):
    values = {
        "participant": "P1",
        "session": "S1",
        "label": "surprise",
        "onset_s": 1.0,
        "offset_s": 2.0,
        "trigger_s": 1.5,
        "timecode": "",
    }
    return KeyRow(item=item, model=model, **{**values, **changes})


def test_items_are_credited_to_every_model_that_has_them(tmp_path):
    rows = [key_row("a-1", "=A"), key_row("a-1", "B", onset_s=1.25), key_row("a-2", "B")]
    write_grading_key(tmp_path / "key.csv", rows)
    key = read_grading_key(tmp_path / "key.csv")
    assert [each for rows in key.values() for each in rows] == rows

    graded = [row(item="a-1", note="seen"), row(model="C")]
    found = credited(graded, key, key_name="key.csv")
    assert [(each.model, each.onset_s, each.note) for each in found] == [
        ("=A", 1.0, "seen"),
        ("B", 1.25, "seen"),
        ("C", 1.1, ""),
    ]
    with pytest.raises(FormatError, match="has no item z-9; give the key"):
        credited([row(item="z-9")], key, key_name="key.csv")
