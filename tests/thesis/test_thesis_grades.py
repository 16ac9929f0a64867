"""The thesis' grade file: in, out, sorted; and the counts of a graded one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import FormatError
from ferbench.thesis.grade_counts import GradedEvents, count_grades
from ferbench.thesis.grades import (
    is_grades,
    nearly_true,
    read_grades,
    sorted_blocks,
    ungraded,
    write_grades,
)
from helpers.reference import report_difference, shared_path

CODES = st.integers(0, 30).map(lambda n: f"00:00:{n:02d}:01")


@pytest.mark.parametrize(
    "name",
    [
        "Results_grade_file.csv",
        "Results_grade_file_sorted.csv",
        "grade/grades_sorted_clean.csv",
        "grade/grades_sorted_messy.csv",
        "grade/grades_unsorted_clean.csv",
    ],
)
def test_a_file_is_the_same_after_reading_and_writing(name, tmp_path):
    original = shared_path(f"thesis/batch/{name}")
    assert is_grades(original)
    sheet = read_grades(original)
    assert not sheet.left_out
    write_grades(tmp_path / "again.csv", sheet.blocks)
    assert (tmp_path / "again.csv").read_bytes() == original.read_bytes()


def test_sorting_gives_the_original_sorted_file(tmp_path):
    sheet = read_grades(shared_path("thesis/batch/Results_grade_file.csv"))
    write_grades(tmp_path / "sorted.csv", sorted_blocks(sheet.blocks))
    expected = shared_path("thesis/batch/Results_grade_file_sorted.csv")
    assert (tmp_path / "sorted.csv").read_bytes() == expected.read_bytes()
    two = [block for block in sheet.blocks if block.model != "APViT"]
    assert len(sorted_blocks(two)) == 8  # one session has one block of the two models


def test_blocks_are_sorted_as_numbers():
    blocks = [ungraded(p, "1", m, ()) for p in ("9", "100", "10") for m in ("b", "a")]
    assert [(b.participant, b.model) for b in sorted_blocks(blocks)] == [
        ("9", "a"),
        ("9", "b"),
        ("10", "a"),
        ("10", "b"),
        ("100", "a"),
        ("100", "b"),
    ]
    with pytest.raises(
        FormatError, match="cannot sort participant 'anna', session '1': expected numbers"
    ):
        sorted_blocks([ungraded("anna", "1", "a", ())])


def test_moved_and_deleted_numbers(tmp_path):
    sheet = read_grades(shared_path("thesis/batch/grade/grades_sorted_edited.csv"))
    assert sheet.left_out == 37
    moved = sheet.blocks[3]
    assert [(e.section, e.time, e.grade) for e in moved.events[:3]] == [
        (3, "00:00:35:02", "F"),
        (2, "00:00:25:01", "F"),
        (0, "00:00:00:01", "F"),
    ]


def test_grades_that_look_true_are_named():
    sheet = read_grades(shared_path("thesis/batch/grade/grades_sorted_messy.csv"))
    assert nearly_true(sheet) == (
        "'t' (line 9, column 8)",
        "' T' (line 18, column 7)",
        "'t' (line 24, column 5)",
    )


def graded(sheet) -> list[GradedEvents]:
    return [
        GradedEvents(
            session=(b.participant, b.session),
            model=b.model,
            events=tuple((e.time, e.grade == "T") for e in b.events),
        )
        for b in sheet.blocks
    ]


@pytest.mark.parametrize(
    "name", ["sorted_clean", "sorted_messy", "unsorted_clean", "sorted_edited"]
)
def test_counts_of_the_original(name):
    folder = shared_path("thesis/batch/grade")
    expected = json.loads((folder / "expected.json").read_text())[name]
    found = count_grades(graded(read_grades(folder / expected["input"])))
    wanted = expected["parsed"]
    totals = ("videos", "total true positive", "total false positive", "total positives")
    pairs = list(
        zip(totals, (found.sessions, found.true_times, found.false_times, found.times), strict=True)
    )
    differences = [abs(number - wanted[key]) for key, number in pairs]
    assert set(found.models) == set(wanted["models"])
    for model, own in found.models.items():
        for key, number in (("TP", own.tp), ("FP", own.fp), ("FN", own.fn), ("total", own.total)):
            differences.append(abs(number - wanted["models"][model][key]))
    report_difference("thesis convert_grade_file", max(differences))
    assert max(differences) == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "grades_fail_grade_row_shorter_than_sections.csv",
            "line 9: event 1 has no grade: expected 6 columns or more, got 5; "
            "add a cell for every number of line 7",
        ),
        (
            "grades_fail_header_line_shifts_triples.csv",
            "line 1: expected 'Section' in column 4, got 'Row'; remove the header",
        ),
    ],
)
def test_sheets_on_which_the_original_fails_are_explained(name, message):
    with pytest.raises(FormatError, match=message):
        read_grades(shared_path(f"thesis/batch/grade/{name}"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "1,1,a,Section,0\n,,,Timestamp,t\n2,1,a,Section\n",
            "line 3: expected 'Grade' in column 4, got 'Section'",
        ),
        (
            "1,1,a,Section,x\n,,,Timestamp,t\n,,,Grade,T\n",
            "line 1: expected numbers of events from column 5 on, got 'x'",
        ),
        (
            "1,1,a,Section,1\n,,,Timestamp,t\n,,,Grade,T,F\n",
            "line 2: event 1 has no time: expected 6 columns",
        ),
        ("1,1,a,Section,0\n,,,Timestamp,\n,,,Grade,T\n", "line 2: event 0 has no time in column 5"),
        ("", "found none"),
    ],
)
def test_a_broken_block_is_explained(text, message, tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_grades(path)


def test_what_a_spreadsheet_makes_of_it_is_read(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(
        "1;1;a;Section;0;1;;\r\n;;;Timestamp;00:00:00:01;00:00:05:01;;\r\n;;;Grade;T;;;\r\n\r\n",
        encoding="utf-8-sig",
    )
    assert is_grades(path)
    (block,) = read_grades(path).blocks
    assert [(e.time, e.grade) for e in block.events] == [("00:00:00:01", "T"), ("00:00:05:01", "")]


grids = st.dictionaries(
    st.tuples(st.sampled_from(["1", "2"]), st.sampled_from("abc")),
    st.dictionaries(CODES, st.booleans(), max_size=4),
    max_size=6,
)


@given(grids)
def test_counts_against_a_slow_reference(grid):
    rows = [
        GradedEvents(session=(p, "1"), model=m, events=tuple(own.items()))
        for (p, m), own in grid.items()
    ]
    found = count_grades(rows)
    assert set(found.models) == {model for _, model in grid}
    for model, counts in found.models.items():
        own = [
            (p, time, true)
            for (p, m), events in grid.items()
            if m == model
            for time, true in events.items()
        ]
        missed = set()
        for (p, m), events in grid.items():
            for time, true in events.items():
                if m != model and true and not any((p, time) == (q, t) for q, t, _ in own):
                    missed.add((p, time))
        assert counts.tp == sum(true for *_, true in own)
        assert counts.fp == sum(not true for *_, true in own)
        assert counts.fn == len(missed)
        assert counts.total == len(own)
    assert found.true_times <= found.times <= found.true_times + found.false_times


def test_the_last_block_of_a_model_and_session_counts():
    first = GradedEvents(session=("1", "1"), model="a", events=(("x", True), ("y", True)))
    last = GradedEvents(session=("1", "1"), model="a", events=(("x", False),))
    found = count_grades([first, last])
    assert (found.models["a"].tp, found.models["a"].fp, found.times) == (0, 1, 1)
