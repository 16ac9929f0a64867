"""``ferbench grade``, and ``ferbench score --grades`` of what its page exports."""

from __future__ import annotations

from ferbench.formats.grades import GradeRow, write_grade_table
from ferbench.formats.grading_key import read_grading_key

HEADER = "session,label,onset_s,offset_s,trigger_s\n"


def test_from_events_to_scores(ferbench, tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text(f"{HEADER}P1,surprise,10,12,11\n")
    other.write_text(f"{HEADER}P1,surprise,10.5,13,11.4\nP2,surprise,5,6,5.5\n")
    page = tmp_path / "blind" / "grading.html"
    ended = ferbench("grade", one, other, "--out", page, "--context", "3")
    assert ended.code == 0
    assert "2 items for 3 events of one, other" in ended.out
    key = page.with_name("grading_key.csv")
    rows = [
        GradeRow(
            rater="Ann",
            session=events[0].session,
            item=item,
            onset_s=events[0].onset_s,
            offset_s=events[0].offset_s,
            trigger_s=events[0].trigger_s,
            grade="right",
        )
        for item, events in read_grading_key(key).items()
    ]
    write_grade_table(tmp_path / "ann.csv", rows)
    scored = ferbench("score", "--grades", tmp_path / "ann.csv", "--key", key)
    assert scored.code == 0
    assert "0.500" in scored.out
    without = ferbench("score", "--grades", tmp_path / "ann.csv")
    assert "expected its --key" in without.err


def test_a_file_that_cannot_be_used_is_told(ferbench, tmp_path):
    one, broken = tmp_path / "one.csv", tmp_path / "broken.csv"
    one.write_text(f"{HEADER}P1,surprise,10,12,11\n")
    broken.write_text(f"{HEADER}P1,surprise,soon,12,11\n")
    ended = ferbench("grade", one, broken, "--out", tmp_path / "grading.html")
    assert ended.code == 1
    assert "broken.csv, line 2: onset_s is 'soon'" in ended.err
    assert (tmp_path / "grading.html").exists()
    assert "--out: expected a name that ends in .html" in ferbench("grade", one, "--out", "x").err
