"""Models compared, with a defined outcome for inputs on which the thesis' programs failed."""

from __future__ import annotations

import csv
import io
import json
import math
from itertools import permutations

import numpy as np
import pytest

from ferbench.errors import ConfigError, DataError
from ferbench.scoring.agreement.frames import NO_LABEL, frame_agreement, row_shares
from ferbench.thesis.results import ResultsRow, write_results
from ferbench.workflows.agree import agree
from ferbench.workflows.agreement.comparison import compare_models
from ferbench.workflows.agreement.outputs import CLASSES, ModelOutputs, class_of
from ferbench.workflows.agreement.thesis_tables import (
    confusion_rows,
    converted_rows,
    emotion_rows,
)
from helpers.reference import shared_path


def i64(values) -> np.ndarray:
    return np.array(values, np.int64)


def test_models_are_chosen_and_ordered():
    labels = {"v": {"a": i64([0, 1]), "b": i64([0, 0]), "c": i64([1, 1])}}
    outputs = ModelOutputs(source="x", stem="x", labels=labels)
    assert compare_models(outputs).emotions.models == ("a", "b", "c")
    chosen = compare_models(outputs, models=["c", "a"])
    assert list(chosen.emotions.pairs) == [("c", "a"), ("a", "c")]
    for wrong in (["a", "d"], ["a", "a"]):
        with pytest.raises(ConfigError, match="models: expected each once of a, b, c, got"):
            compare_models(outputs, models=wrong)
    with pytest.raises(DataError, match="expected what models say"):
        compare_models(ModelOutputs(source="x", stem="x", labels={}))


def test_totals_are_right_for_any_number_of_models():
    for number in (1, 2, 3, 4, 5):
        labels = {"v": {f"m{k}": i64([0, 0, 1, NO_LABEL]) for k in range(number)}}
        found = compare_models(ModelOutputs(source="x", stem="x", labels=labels)).emotions
        assert all(own[:2].tolist() == [2, 1] for own in found.totals.values())
        assert len(found.pairs) == number * (number - 1)


def test_contempt_adds_a_class():
    labels = {"v": {"a": i64([class_of("Contempt"), 0]), "b": i64([0, 0])}}
    found = compare_models(ModelOutputs(source="x", stem="x", labels=labels)).emotions
    assert found.classes == CLASSES
    assert found.classes[-1] == "contempt"
    assert frame_agreement(found.pairs["a", "b"].table) == 0.5


@pytest.fixture(scope="module")
def cases() -> dict:
    return json.loads(shared_path("thesis/batch/failure_modes.json").read_text())


def as_text(rows) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def compared(case: dict, folder):
    """A case of convert_results through our reader."""
    rows = [
        ResultsRow(
            participant=row[0],
            session=row[1],
            model=row[2],
            backend=row[3],
            flags=tuple(int(flag) for flag in row[4:-1]),
            count=int(row[-1]),
        )
        for row in case["rows"]
    ]
    write_results(folder / "Results.csv", rows)
    return agree(folder / "Results.csv", max_events=10 if case["filtered"] else None)


def printed(found) -> list[str]:
    """The lines of convert_results with its averages."""
    own = found.segments
    lines, seen = [f"Total sessions: {len(own.sheet)}"], set()
    for a, b in own.pairs:
        if frozenset((a, b)) not in seen:
            lines.append(f"Average Overal Agreement {a} {b} {own.share('overall', a, b)}")
            seen.add(frozenset((a, b)))
        lines.append(f"Average True Agreement {a} {b} {own.share('true', a, b)}")
        lines.append(f"Average False Agreement {a} {b} {own.share('false', a, b)}")
    return lines


CONVERTED = [
    "ok_small",
    "unequal_lengths",
    "duplicate_row_last_wins",
    "filtered_exactly_ten_stays",
    "numeric_sort_is_lexical",
]
"""Where convert_results comes to its end: ours is the same."""


@pytest.mark.parametrize("name", CONVERTED)
def test_results_that_the_original_converts(name, cases, tmp_path):
    case = cases[f"convert_results/{name}"]
    assert case["rc"] == 0
    found = compared(case, tmp_path)
    assert as_text(converted_rows(found.segments)) == case["converted_csv"]
    assert printed(found) == case["printed"]
    notes = "\n".join(found.notes)
    if name == "unequal_lengths":
        assert (
            "session 10001/1 has different numbers of segments "
            "(APViT 3, POSTER_V2-AN7 5, POSTER_V2-RAF 3)" in notes
        )
        assert found.segments.pairs["APViT", "POSTER_V2-AN7"].counts.unpaired == 2
    if name == "duplicate_row_last_wins":
        assert "10001/1 of POSTER_V2-AN7 is there several times: the last row counts" in notes
        assert found.segments.events["all models"].sessions == 4
    if name == "filtered_exactly_ten_stays":
        assert "session 10001/1, POSTER_V2-AN7: 10 events, but 2 flagged segments" in notes


def test_a_session_that_lacks_a_model(cases, tmp_path):
    case = cases["convert_results/missing_third_model"]
    assert "KeyError" in case["error"]
    found = compared(case, tmp_path)
    *before, last = as_text(converted_rows(found.segments)).splitlines()
    assert before == case["converted_csv"].splitlines()
    missing = "N/A"
    same = ["1.0", "1.0", "1.0", "1.0"]
    assert last.split(",") == [
        "10002",
        "1",
        missing,
        "1",
        "1",
        *[missing] * 2,
        "1.0",
        *[missing] * 6,
        *same[:2],
        *[missing] * 2,
        *same[2:],
    ]
    pair = found.segments.pairs["APViT", "POSTER_V2-RAF"]
    assert (pair.sessions, pair.missing) == (1, 1)
    assert found.segments.pairs["POSTER_V2-AN7", "POSTER_V2-RAF"].sessions == 2
    assert "session 10002/1 has nothing of APViT: left out of their pairs" in found.notes
    assert found.undefined == 0


def test_a_model_without_any_event(cases, tmp_path):
    case = cases["convert_results/no_true_anywhere_in_one_model"]
    assert "ZeroDivisionError" in case["error"]
    found = compared(case, tmp_path)
    assert as_text(converted_rows(found.segments)) == case["converted_csv"]
    assert printed(found)[: len(case["printed"])] == case["printed"]
    own = found.segments
    assert math.isnan(own.share("true", "APViT", "POSTER_V2-AN7"))
    assert own.share("false", "APViT", "POSTER_V2-AN7") == 0.5
    assert found.undefined == 2
    assert any("no segment is flagged by POSTER_V2-AN7" in note for note in found.notes)
    rows = [row for row in confusion_rows(own) if row[:2] == ["APViT", "POSTER_V2-AN7"]]
    assert rows == [["APViT", "POSTER_V2-AN7", "N/D", "N/D", 0.5, 0.5]]


def test_nothing_is_left_after_filtering(cases, tmp_path):
    case = cases["convert_results/filtered_all_removed"]
    assert "ZeroDivisionError" in case["error"]
    found = compared(case, tmp_path)
    assert as_text(converted_rows(found.segments)) == case["converted_csv"]
    assert printed(found)[:1] == case["printed"]
    assert found.segments.left_out == 1
    assert found.undefined == 3 + 6 + 6 == 15
    assert any("no session is left with at most 10 events" in note for note in found.notes)


ORDER = ("POSTER_V2-RAF", "POSTER_V2-AN7", "APViT")


def frames(case: dict, folder):
    """A case of analyze_emotions through our reader."""
    for name, labels in case["files"].items():
        with (folder / name).open("w", newline="") as stream:
            csv.writer(stream).writerows(
                [
                    [0] * 11 + ["None"] if label == "None" else [1, 2, 30, 40, *[0.1] * 7, label]
                    for label in labels
                ]
            )
    models = [model for model in ORDER if any(model in name for name in case["files"])]
    return agree(folder, models=models)


@pytest.mark.parametrize("name", ["ok", "none_in_all"])
def test_expressions_that_the_original_analyses(name, cases, tmp_path):
    case = cases[f"analyze_emotions/{name}"]
    assert case["rc"] == 0
    assert as_text(emotion_rows(frames(case, tmp_path).emotions)) == case["csv"]


def test_a_frame_of_which_one_model_says_nothing(cases, tmp_path):
    case = cases["analyze_emotions/none_only_in_second"]
    assert "KeyError" in case["error"]
    found = frames(case, tmp_path)
    counts = found.emotions.pairs["POSTER_V2-AN7", "APViT"]
    assert (int(counts.table.sum()), counts.first_only, counts.second_only) == (7, 1, 0)
    assert frame_agreement(counts.table) == 1.0
    assert frame_agreement(found.emotions.pairs["POSTER_V2-AN7", "POSTER_V2-RAF"].table) == 1.0
    assert found.emotions.totals["POSTER_V2-AN7"][0] == 2
    assert found.emotions.totals["APViT"][0] == 1
    expected = (
        "expressions of POSTER_V2-AN7 and APViT, not compared: "
        "1 frame with a label of POSTER_V2-AN7 only"
    )
    assert expected in found.notes


def test_an_expression_that_is_never_given(cases, tmp_path):
    case = cases["analyze_emotions/class_absent"]
    assert "ZeroDivisionError" in case["error"]
    found = frames(case, tmp_path)
    for a, b in permutations(ORDER, 2):
        shares = row_shares(found.emotions.pairs[a, b].table)
        assert np.isnan(shares[6]).all()
        assert np.array_equal(shares[:6, :6], np.eye(6))
        assert frame_agreement(found.emotions.pairs[a, b].table) == 1.0
    assert "APViT never says neutral: that row of its matrices is undefined" in found.notes


def test_a_shorter_file(cases, tmp_path):
    case = cases["analyze_emotions/shorter_second"]
    assert "IndexError" in case["error"]
    found = frames(case, tmp_path)
    counts = found.emotions.pairs["POSTER_V2-RAF", "APViT"]
    assert (int(counts.table.sum()), counts.unpaired) == (7, 1)
    assert frame_agreement(counts.table) == 1.0
    assert any("1 frame beyond the end of the shorter one" in note for note in found.notes)


def test_a_label_in_another_spelling(cases, tmp_path):
    case = cases["analyze_emotions/lower_case_label"]
    assert "KeyError" in case["error"]
    found = frames(case, tmp_path)
    assert found.emotions.totals["POSTER_V2-AN7"].tolist() == [1, 1, 1, 2, 1, 1, 1]
    assert frame_agreement(found.emotions.pairs["POSTER_V2-AN7", "POSTER_V2-RAF"].table) == 1.0
    assert any("read as the expression or as none: 'happy' (1)" in note for note in found.notes)
    (tmp_path / "v.MP4.APViT.retinaface.csv").write_text("1,2,30,40,0,0,0,0,0,0,0,Bored\n")
    unknown = agree(tmp_path).emotions
    assert unknown.totals["APViT"].sum() == 0
    assert math.isnan(frame_agreement(unknown.pairs["APViT", "POSTER_V2-RAF"].table))


def test_one_model_only(cases, tmp_path):
    case = cases["analyze_emotions/single_model"]
    assert "ZeroDivisionError" in case["error"]
    found = frames(case, tmp_path)
    assert found.emotions.pairs == {}
    assert found.emotions.totals["POSTER_V2-AN7"].tolist() == [1] * 7
    assert "there is one model only: nothing to compare" in found.notes
    assert as_text(emotion_rows(found.emotions)).startswith("\nPOSTER_V2-AN7,Anger,1\n")


def test_a_file_that_a_session_lacks(tmp_path):
    for name in ("a 10001 Sessie 1.MP4.M1", "a 10001 Sessie 1.MP4.M2", "b 10002 Sessie 1.MP4.M1"):
        (tmp_path / f"{name}.retinaface.csv").write_text("1,2,30,40,0,0,0,0,0,0,0,Fear\n")
    found = agree(tmp_path, fps=25)
    assert found.emotions.missing == {("M1", "M2"): 1, ("M2", "M1"): 1}
    assert found.segments.pairs["M1", "M2"].missing == 1
    assert "expressions of M1 and M2, not compared: 1 video that one of them lacks" in found.notes


def test_two_videos_of_one_session_stay_apart(tmp_path):
    for part in (1, 2):
        (tmp_path / f"{part}_10001 Sessie 1.MP4.M1.retinaface.csv").write_text(
            "1,2,30,40,0,0,0,0,0,0,0,Fear\n"
        )
    sheet = agree(tmp_path, fps=25).segments.sheet
    assert list(sheet) == [("1_10001 Sessie 1.MP4", ""), ("2_10001 Sessie 1.MP4", "")]


def test_models_of_several_detectors_are_told_apart(tmp_path):
    for backend in ("mtcnn", "retinaface"):
        (tmp_path / f"10001 Sessie 1.MP4.M1.{backend}.csv").write_text(
            "1,2,30,40,0,0,0,0,0,0,0,Fear\n"
        )
    assert agree(tmp_path).emotions.models == (
        "M1 mtcnn",
        "M1 retinaface",
    )
    rows = [
        ResultsRow(
            participant="10001", session="1", model="M1", backend=backend, flags=(0,), count=0
        )
        for backend in ("mtcnn", "retinaface")
    ]
    write_results(tmp_path / "Results.csv", rows)
    found = agree(tmp_path / "Results.csv")
    assert found.segments.models == ("M1 mtcnn", "M1 retinaface")
    assert any("rows are of several face detectors" in note for note in found.notes)
