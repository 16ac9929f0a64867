"""``ferbench grade``, and ``ferbench score --grades`` of what its page exports."""

from __future__ import annotations

from ferbench.formats.grades import GradeRow, write_grade_table
from ferbench.formats.grading_key import KeyRow, credited, read_grading_key
from ferbench.formats.predictions import predictions_table, write_predictions
from helpers.made_sessions import analysis_of, edges_of, noise

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


def test_labels_and_reasons_are_as_in_events(ferbench, tmp_path):
    made = analysis_of(edges_of(300), noise(300, seed=1, smooth=40), name="p07")
    table = predictions_table(made.timeline, made.faces, made.expressions)
    write_predictions(tmp_path / "tables", "p07", table)
    path, page = tmp_path / "tables" / "p07.parquet", tmp_path / "g.html"
    several = ferbench("grade", path, "--label", "fear,surprise", "--out", page)
    assert several.code == 0, several.err
    unknown = ferbench("grade", path, "--label", "foo", "--out", page)
    assert unknown.code == 1
    assert "the model has no foo; it has anger, " in unknown.err
    none = ferbench("grade", path, "--label", "contempt,fear", "--rule", "windowed", "--out", page)
    assert none.code == 1


def test_a_table_of_annotations_is_none_of_events(ferbench, tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("session,onset_s,annotator\na,1,Ann\n")
    ended = ferbench("grade", marks, "--out", tmp_path / "g.html")
    assert ended.code == 1
    assert "is a table of annotations" in ended.err


def test_an_item_without_a_time_code_of_its_own_has_that_of_the_other_model(tmp_path):
    def event(model, timecode):
        return KeyRow(
            item="x-1",
            participant="",
            session="a",
            model=model,
            label="surprise",
            onset_s=1.0,
            offset_s=2.0,
            trigger_s=1.5,
            timecode=timecode,
        )

    row = GradeRow(
        rater="Ann",
        session="a",
        item="x-1",
        onset_s=1.0,
        offset_s=2.0,
        trigger_s=1.5,
        grade="right",
    )
    key = {"x-1": (event("one", ""), event("other", "00:00:01:05"))}
    assert [r.timecode for r in credited([row], key, key_name="k")] == ["00:00:01:05"] * 2
