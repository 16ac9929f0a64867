"""``ferbench score --grades``."""

from __future__ import annotations

import json

from ferbench.formats.grades import GradeRow, write_grade_table
from helpers.reference import shared_path

SHEET = "thesis/batch/grade/grades_sorted_clean.csv"


def write(path, *rows):
    graded = [
        GradeRow(
            rater=rater,
            session="S1",
            model=model,
            onset_s=time_s,
            offset_s=time_s + 1,
            trigger_s=time_s,
            grade=grade,
        )
        for rater, model, time_s, grade in rows
    ]
    write_grade_table(path, graded)
    return path


def test_precision_recall_and_agreement_are_printed(ferbench, tmp_path):
    ann = write(tmp_path / "ann.csv", ("Ann", "A", 1.0, "right"), ("Ann", "B", 5.0, "wrong"))
    bob = write(tmp_path / "bob.csv", ("Bob", "A", 1.0, "wrong"), ("Bob", "B", 5.0, "wrong"))
    ended = ferbench("score", "--grades", ann, "--grades", bob, "--out", tmp_path / "out")
    assert ended.code == 0
    assert "pooled recall" in ended.out
    assert "Ann and Bob: kappa 0.000" in ended.out
    assert "disagreements: 1\n  S1  1.000 s: Ann right, Bob wrong" in ended.out
    assert (tmp_path / "out" / "grades.csv").exists()


def test_a_refused_row_is_told_and_ends_with_1(ferbench, tmp_path):
    path = write(tmp_path / "ann.csv", ("Ann", "A", 1.0, "right"))
    with path.open("a", encoding="utf-8") as stream:
        stream.write("Ann,,S1,A,,,x,,,,right,,\n")
    ended = ferbench("score", "--grades", path, "--json")
    assert ended.code == 1
    found = json.loads(ended.out)
    assert found["models"][0]["right"] == 1
    assert found["refused_rows"][0].startswith("ann.csv, line 3: onset_s is 'x'")


def test_the_thesis_sheet(ferbench):
    ended = ferbench("score", "--grades", shared_path(SHEET), "--no-intervals")
    assert ended.code == 0
    assert "POSTER_V2-RAF" in ended.out


def test_values_of_the_statistics_are_set(ferbench, tmp_path):
    path = write(tmp_path / "ann.csv", ("Ann", "A", 1.0, "right"))
    ended = ferbench("score", "--grades", path, "--set", "draws=9", "--set", "statistics.seed=2")
    assert ended.code == 0
    assert "draws: expected at least 1" in (
        ferbench("score", "--grades", path, "--set", "draws=0").err
    )


def test_options_that_do_not_fit_are_refused_in_their_own_words(ferbench, tmp_path):
    path = write(tmp_path / "ann.csv", ("Ann", "A", 1.0, "right"))
    sheet = shared_path(SHEET)
    assert "--tolerance is not for a grade file" in (
        ferbench("score", "--grades", sheet, "--tolerance", "2").err
    )
    assert "--key goes with --grades" in ferbench("score", path, path, "--key", path).err
    assert "give each table of grades" in ferbench("score", "--grades", path, path).err
    assert "EVENTS and ANNOTATIONS, or --grades" in ferbench("score").err
    ended = ferbench("score", "--grades", path, "--grade-file", tmp_path / "sheet.csv")
    assert ended.code == 1
    assert "have none" in ended.err


def test_a_table_of_grades_is_told_apart_from_events(ferbench, tmp_path):
    path = write(tmp_path / "ann.csv", ("Ann", "A", 1.0, "right"))
    assert f"ferbench score --grades {tmp_path / 'ann.csv'}" in ferbench("events", path).err
