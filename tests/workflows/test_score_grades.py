"""Scores of grades against the thesis' own counts, scikit-learn, krippendorff and arithmetic."""

from __future__ import annotations

import json
import math

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from ferbench.errors import ConfigError, DataError, FormatError
from ferbench.formats.grades import GradeRow, write_grade_table
from ferbench.formats.grading_key import KeyRow, write_grading_key
from ferbench.thesis.grades import TRUE, read_grades
from ferbench.workflows.score_grades import score_grades, write_grade_file, write_numbers
from helpers.reference import shared_path

GRADE = "thesis/batch/grade"
SHEETS = ("sorted_clean", "sorted_messy", "unsorted_clean", "sorted_edited")


def expected_of(name):
    found = json.loads(shared_path(f"{GRADE}/expected.json").read_text())
    return found[name]["parsed"]["models"]


def row(time_s, grade, *, model="A", rater="Ann", session="S1", **changes):
    values = {"onset_s": time_s, "offset_s": time_s + 1, "trigger_s": time_s, **changes}
    return GradeRow(rater=rater, session=session, model=model, grade=grade, **values)


def scores_of(tmp_path, rows, **options):
    write_grade_table(tmp_path / "grades.csv", rows)
    return score_grades(tmp_path / "grades.csv", **{"intervals": False, **options})


def counts_of(scores):
    return {
        each.model: {
            "TP": each.right,
            "FP": each.wrong,
            "FN": each.missed,
            "total": each.right + each.wrong,
        }
        for each in scores.models
    }


@pytest.mark.parametrize("name", SHEETS)
def test_the_thesis_own_counts_of_its_sheets(name):
    scores = score_grades(shared_path(f"{GRADE}/grades_{name}.csv"), intervals=False)
    assert counts_of(scores) == expected_of(name)
    for each in scores.models:
        assert each.precision.value == each.right / (each.right + each.wrong)
        assert each.pooled_recall.value == each.right / (each.right + each.missed)


@pytest.mark.parametrize("name", SHEETS)
def test_tables_of_the_same_grades_have_the_thesis_counts(name, tmp_path):
    """Our own pooling, with no tolerance, on the thesis' times."""
    sheet = read_grades(shared_path(f"{GRADE}/grades_{name}.csv"))
    rows = []
    for block in sheet.blocks:
        for event in block.events:
            hours, minutes, seconds, frames = map(int, event.time.split(":"))
            time_s = hours * 3600 + minutes * 60 + seconds + frames / 25
            grade = "right" if event.grade == TRUE else "wrong"
            session = "/".join(block.session_key)
            rows.append(row(time_s, grade, model=block.model, session=session))
    assert counts_of(scores_of(tmp_path, rows, tolerance_s=0)) == expected_of(name)


def test_precision_and_pooled_recall_by_hand(tmp_path):
    rows = [
        row(10.0, "right"),
        row(10.6, "right", model="B"),
        row(20.0, "wrong"),
        row(30.0, "right"),
        row(40.0, "right", model="B"),
        row(50.0, "unsure", model="B"),
        row(60.0, "right", model="B"),
        row(60.2, "wrong"),
    ]
    a, b = scores_of(tmp_path, rows).models
    assert (a.right, a.wrong, a.unsure, a.missed) == (2, 2, 0, 1)
    assert (b.right, b.wrong, b.unsure, b.missed) == (3, 0, 1, 1)
    assert (a.precision.value, b.precision.value) == (0.5, 1.0)
    assert (a.pooled_recall.value, b.pooled_recall.value) == (2 / 3, 3 / 4)
    strict, _ = scores_of(tmp_path, rows, tolerance_s=0.1).models
    assert strict.missed == 3, "10.6, 40 and 60 are events of their own now"


def test_labels_and_two_events_of_a_model_are_not_pooled(tmp_path):
    rows = [
        row(10.0, "right", label="surprise"),
        row(10.0, "right", label="happiness", model="B"),
        row(20.0, "right", model="B"),
        row(20.1, "right", model="B"),
        row(20.2, "right"),
    ]
    a, b = scores_of(tmp_path, rows).models
    assert (a.missed, b.missed) == (2, 1)


def test_the_stamp_decides_what_is_near(tmp_path):
    rows = [
        row(10.0, "right", trigger_s=10.5),
        row(10.0, "right", model="B", trigger_s=14.0, offset_s=15.0),
    ]
    assert [each.missed for each in scores_of(tmp_path, rows).models] == [1, 1]
    assert [each.missed for each in scores_of(tmp_path, rows, stamp="onset").models] == [0, 0]


def test_one_model_has_no_pooled_recall(tmp_path):
    scores = scores_of(tmp_path, [row(1.0, "right"), row(2.0, "wrong")])
    assert math.isnan(scores.models[0].pooled_recall.value)
    assert "no pooled recall" in scores.notes[-1]


def test_nothing_but_unsure_has_no_precision(tmp_path):
    (model,) = scores_of(tmp_path, [row(1.0, "unsure")]).models
    assert math.isnan(model.precision.value)
    assert model.unsure == 1


def test_most_of_those_who_are_sure_decide(tmp_path):
    rows = [
        row(1.0, "right", rater="a"),
        row(1.0, "right", rater="b"),
        row(1.0, "wrong", rater="c"),
        row(2.0, "right", rater="a"),
        row(2.0, "wrong", rater="b"),
        row(3.0, "wrong", rater="a"),
        row(3.0, "unsure", rater="b"),
    ]
    scores = scores_of(tmp_path, rows)
    (model,) = scores.models
    assert (model.right, model.wrong, model.unsure, model.split) == (1, 1, 0, 1)
    assert len(scores.disagreements) == 2
    assert scores.disagreements_frame()["rater"].tolist() == ["a", "b", "c", "a", "b"]


def test_what_is_not_graded_is_counted_and_missed_by_nobody(tmp_path):
    rows = [row(1.0, "right"), row(1.2, "", model="B"), row(5.0, "")]
    scores = scores_of(tmp_path, rows)
    a, b = scores.models
    assert (a.right, a.ungraded, b.ungraded, b.missed) == (1, 1, 1, 0)
    with pytest.raises(ConfigError, match="no row has a grade"):
        scores_of(tmp_path, [row(1.0, "")])


def test_an_empty_grade_takes_nothing_back(tmp_path):
    scores = scores_of(tmp_path, [row(1.0, ""), row(1.0, "right", when="1"), row(1.0, "")])
    assert scores.models[0].right == 1


def test_two_spellings_of_a_rater_are_told(tmp_path):
    scores = scores_of(tmp_path, [row(1.0, "right"), row(1.0, "right", rater="ann")])
    assert "Ann and ann count as two raters" in scores.notes[0]


def test_the_last_grade_of_a_rater_counts(tmp_path):
    first = row(1.0, "right", when="2026-01-01T10:00:00Z")
    later = row(1.0, "wrong", when="2026-01-01T11:00:00Z")
    scores = scores_of(tmp_path, [later, first])
    assert scores.models[0].wrong == 1
    assert "graded again" in scores.notes[0]
    same = scores_of(tmp_path, [row(1.0, "wrong"), row(1.0, "right")])
    assert same.models[0].right == 1, "the last row, where no time says more"


def test_an_event_is_known_by_its_times_to_the_microsecond(tmp_path):
    rows = [row(1.0, "right"), row(1.0000004, "right", rater="Bob"), row(1.000002, "right")]
    assert scores_of(tmp_path, rows).models[0].right == 2


def random_votes(raters, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.random(80) < 0.6
    grades = {}
    for rater in raters:
        flipped = rng.random(80) < 0.2
        said = np.where(truth ^ flipped, "right", "wrong").astype(object)
        said[rng.random(80) < 0.1] = "unsure"
        said[rng.random(80) < 0.1] = ""
        grades[rater] = said
    return grades


def rows_of_votes(grades):
    return [
        row(10.0 * k, grade, rater=rater, session=f"S{k % 7}")
        for rater, said in grades.items()
        for k, grade in enumerate(said)
        if grade
    ]


def test_kappa_is_that_of_scikit_learn(tmp_path):
    grades = random_votes(["Ann", "Bob"])
    scores = scores_of(tmp_path, rows_of_votes(grades), intervals=True)
    both = np.isin(grades["Ann"], ["right", "wrong"]) & np.isin(grades["Bob"], ["right", "wrong"])
    expected = cohen_kappa_score(grades["Ann"][both].tolist(), grades["Bob"][both].tolist())
    (pair,) = scores.pairs
    assert pair.kappa.value == pytest.approx(expected, abs=1e-12)
    assert pair.compared == both.sum()
    assert pair.agreement == (grades["Ann"][both] == grades["Bob"][both]).mean()
    graded = (grades["Ann"] != "") & (grades["Bob"] != "")
    assert pair.unsure == graded.sum() - both.sum()
    assert pair.kappa.interval.low < expected < pair.kappa.interval.high
    assert pair.kappa.interval.clusters == 7
    assert scores.alpha is None


def test_alpha_is_that_of_krippendorff(tmp_path):
    grades = random_votes(["Ann", "Bob", "Cem", "Dan"])
    scores = scores_of(tmp_path, rows_of_votes(grades))
    codes = {"right": 1.0, "wrong": 0.0}
    data = [[codes.get(grade, math.nan) for grade in said] for said in grades.values()]
    expected = krippendorff.alpha(reliability_data=data, level_of_measurement="nominal")
    assert scores.alpha.value == pytest.approx(expected, abs=1e-12)
    assert len(scores.pairs) == 6


def test_intervals_are_over_participants(tmp_path):
    rows = [
        row(10.0 * k, "right" if k % 3 else "wrong", session=f"S{k}", participant=f"P{k % 4}")
        for k in range(24)
    ]
    (model,) = scores_of(tmp_path, rows, intervals=True).models
    assert model.precision.interval.clusters == 4
    assert model.precision.interval.low <= model.precision.value <= model.precision.interval.high


def test_items_count_for_every_model_that_has_them_and_once_for_raters(tmp_path):
    times = {"onset_s": 1.0, "offset_s": 2.0, "trigger_s": 1.0}
    event = {"participant": "", "session": "S1", "label": "", "timecode": "", **times}
    key = [
        KeyRow(item="x-1", model="A", **event),
        KeyRow(item="x-1", model="B", **{**event, "onset_s": 1.2, "trigger_s": 1.2}),
        KeyRow(item="x-2", model="B", **{**event, "onset_s": 9.0, "offset_s": 9.5, "trigger_s": 9}),
    ]
    write_grading_key(tmp_path / "key.csv", key)
    rows = [
        row(1.0, "right", model="", item="x-1"),
        row(1.0, "wrong", model="", item="x-1", rater="Bob"),
        row(9.0, "right", model="", item="x-2"),
        row(9.0, "right", model="", item="x-2", rater="Bob"),
    ]
    with pytest.raises(ConfigError, match="hides the models, expected its key"):
        scores_of(tmp_path, rows)
    scores = scores_of(tmp_path, rows, key=tmp_path / "key.csv")
    assert {each.model: (each.right, each.split, each.missed) for each in scores.models} == {
        "A": (0, 1, 1),
        "B": (1, 1, 0),
    }
    assert scores.pairs[0].compared == 2
    (disagreement,) = scores.disagreements
    assert disagreement.models == ("A", "B")


def test_sheets_of_several_raters_are_compared(tmp_path):
    one, other = tmp_path / "Ann.csv", tmp_path / "Bob.csv"
    sheet = shared_path(f"{GRADE}/grades_sorted_clean.csv").read_bytes()
    one.write_bytes(sheet)
    other.write_bytes(sheet.replace(b"Grade,T", b"Grade,F"))
    scores = score_grades([one, other], intervals=False)
    assert scores.models == ()
    assert {each.rater for each in scores.raters} == {"Ann", "Bob"}
    (pair,) = scores.pairs
    assert 0 < pair.kappa.value < 1
    assert pair.compared == 34
    assert len(scores.disagreements) == round(34 * (1 - pair.agreement))
    assert str(scores.disagreements[0]).endswith(": Ann right, Bob wrong")


def test_the_thesis_grade_file_reads_back(tmp_path):
    rows = [
        row(5.0, "right", session="10234 Sessie 1", timecode="00:00:05:01"),
        row(0.0, "unsure", session="10234 Sessie 1", timecode="00:00:00:01"),
        row(9.0, "", session="10234 Sessie 1", timecode="00:00:09:01"),
        row(5.0, "wrong", session="10234 Sessie 1", timecode="00:00:05:01", model="B"),
    ]
    write_grade_file(scores_of(tmp_path, rows), tmp_path / "sheet.csv")
    assert (tmp_path / "sheet.csv").read_bytes() == (
        b"10234,1,A,Section,0,1,2\r\n,,,Timestamp,00:00:00:01,00:00:05:01,00:00:09:01\r\n"
        b",,,Grade,?,T,\r\n"
        b"10234,1,B,Section,0\r\n,,,Timestamp,00:00:05:01\r\n,,,Grade,F\r\n"
    )
    again = score_grades(tmp_path / "sheet.csv", intervals=False)
    assert counts_of(again)["A"] == {"TP": 1, "FP": 2, "FN": 0, "total": 3}


def test_no_time_code_no_grade_file(tmp_path):
    scores = scores_of(tmp_path, [row(5.0, "right")])
    with pytest.raises(DataError, match="S1 have none"):
        write_grade_file(scores, tmp_path / "sheet.csv")
    assert not (tmp_path / "sheet.csv").exists()


def test_tables_of_numbers(tmp_path):
    scores = scores_of(tmp_path, [row(1.0, "right", rater="=Ann"), row(1.0, "wrong", rater="Bob")])
    write_numbers(scores, tmp_path / "out")
    lines = (tmp_path / "out" / "disagreements.csv").read_text().splitlines()
    assert lines[1] == "S1,A,,1.0,1.0,,,'=Ann,right,"
    assert scores.as_plain()["models"][0]["pooled_recall"] is None


def test_folders_and_kinds(tmp_path):
    write_grade_table(tmp_path / "a.csv", [row(1.0, "right")])
    write_grade_table(tmp_path / "b.csv", [row(1.0, "wrong", rater="Bob")])
    assert len(score_grades(tmp_path, intervals=False).raters) == 2
    sheet = shared_path(f"{GRADE}/grades_sorted_clean.csv")
    with pytest.raises(ConfigError, match="got both"):
        score_grades([tmp_path / "a.csv", sheet])
    with pytest.raises(ConfigError, match="key is not for a grade file"):
        score_grades(sheet, key=tmp_path / "a.csv")
    (tmp_path / "events.csv").write_text("session,onset_s,trigger_s\nS1,1,1\n")
    with pytest.raises(ConfigError, match="is no table of grades"):
        score_grades(tmp_path / "events.csv")
    same_name = tmp_path / "x" / sheet.name
    same_name.parent.mkdir()
    same_name.write_bytes(sheet.read_bytes())
    with pytest.raises(FormatError, match="several times"):
        score_grades([sheet, same_name])
