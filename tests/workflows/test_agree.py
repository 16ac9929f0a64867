"""Agreement of models: counts against slow references, and a defined outcome for inputs on which
the thesis failed.
"""

from __future__ import annotations

import csv
import io
import json
import math
from itertools import permutations
from statistics import mean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from ferbench.app.cli import agreement_show
from ferbench.errors import ConfigError, DataError
from ferbench.scoring.agreement.frames import (
    NO_LABEL,
    class_totals,
    frame_agreement,
    frame_counts,
    row_shares,
)
from ferbench.scoring.agreement.segments import (
    Detections,
    PairCounts,
    event_numbers,
    false_agreement,
    overall_agreement,
    pair_counts,
    segments_with,
    true_agreement,
)
from ferbench.thesis.results import ResultsRow, write_results
from ferbench.workflows.agree import CLASSES, Material, agree, code_of
from ferbench.workflows.agree_files import confusion_rows, converted_rows, emotion_rows
from ferbench.workflows.agree_sources import from_frames, from_results
from helpers.reference import shared_path

flags = st.lists(st.integers(0, 1), max_size=30)
codes = st.lists(st.integers(NO_LABEL, 3), max_size=40)


def i64(values) -> np.ndarray:
    return np.array(values, np.int64)


def slow_share(pairs) -> float:
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else math.nan


@given(flags, flags)
def test_segments_against_a_slow_reference(first, second):
    counts = pair_counts(i64(first), i64(second))
    pairs = list(zip(first, second, strict=False))
    assert overall_agreement(counts) == pytest.approx(slow_share(pairs), nan_ok=True, abs=1e-15)
    assert true_agreement(counts) == pytest.approx(
        slow_share([p for p in pairs if p[1] == 1]), nan_ok=True, abs=1e-15
    )
    assert false_agreement(counts) == pytest.approx(
        slow_share([p for p in pairs if p[1] == 0]), nan_ok=True, abs=1e-15
    )
    assert (counts.compared, counts.unpaired) == (len(pairs), abs(len(first) - len(second)))
    swapped = pair_counts(i64(second), i64(first))
    assert (swapped.both, swapped.first_only) == (counts.both, counts.second_only)


@given(codes, codes)
def test_frames_against_a_slow_reference(first, second):
    counts = frame_counts(i64(first), i64(second), 4)
    pairs = list(zip(first, second, strict=False))
    both = [(a, b) for a, b in pairs if a >= 0 and b >= 0]
    for a in range(4):
        row = [b for x, b in both if x == a]
        shares = [row.count(b) / len(row) if row else math.nan for b in range(4)]
        assert row_shares(counts.table)[a] == pytest.approx(shares, nan_ok=True, abs=1e-15)
    assert frame_agreement(counts.table) == pytest.approx(slow_share(both), nan_ok=True, abs=1e-15)
    assert counts.first_only == sum(a >= 0 > b for a, b in pairs)
    assert counts.second_only == sum(b >= 0 > a for a, b in pairs)
    assert counts.neither == sum(a < 0 and b < 0 for a, b in pairs)
    assert counts.unpaired == abs(len(first) - len(second))
    assert class_totals(i64(first), 4).tolist() == [first.count(k) for k in range(4)]


@given(st.lists(st.integers(0, 40), max_size=20))
def test_event_numbers_against_the_standard_library(counts):
    found = event_numbers(counts)
    assert found.mean == pytest.approx(mean(counts) if counts else math.nan, nan_ok=True)
    assert found.sample_sd == pytest.approx(
        stdev(counts) if len(counts) > 1 else math.nan, nan_ok=True
    )
    assert found.maximum == pytest.approx(max(counts) if counts else math.nan, nan_ok=True)
    assert list(found.histogram) == [counts.count(n) for n in range(max(counts, default=-1) + 1)]


@given(
    st.lists(st.floats(0, 99.9), max_size=10), st.floats(0.5, 100), st.sampled_from([0.5, 2.0, 5.0])
)
def test_segments_of_equal_length(onsets_s, duration_s, segment_s):
    found = segments_with(onsets_s, duration_s, segment_s=segment_s)
    for onset_s in onsets_s:
        assert found[int(onset_s / segment_s + 1e-9)] == 1
    assert found.sum() <= len(onsets_s)
    assert len(found) >= duration_s / segment_s - 1e-6


def test_an_event_on_a_border_belongs_to_the_segment_that_begins_there():
    assert segments_with([0.3 / 0.1 * 0.1], 1.0, segment_s=0.1).tolist() == [
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
    ]


def test_wrong_codes_and_flags_are_refused():
    with pytest.raises(DataError, match="expected classes from 0 to 3 or -1, got 0 to 4"):
        frame_counts(i64([0, 4]), i64([0, 0]), 4)
    with pytest.raises(DataError, match=r"Detections\.flags"):
        Detections(flags=i64([0, 2]), count=1)


def test_counts_are_added():
    a = pair_counts(i64([1, 0, 1]), i64([1, 1]))
    assert a + a == PairCounts(both=2, first_only=0, second_only=2, neither=0, unpaired=2)


def test_models_are_chosen_and_ordered():
    labels = {"v": {"a": i64([0, 1]), "b": i64([0, 0]), "c": i64([1, 1])}}
    material = Material(source="x", stem="x", labels=labels)
    assert agree(material).emotions.models == ("a", "b", "c")
    assert list(agree(material, models=["c", "a"]).emotions.pairs) == [("c", "a"), ("a", "c")]
    for wrong in (["a", "d"], ["a", "a"]):
        with pytest.raises(ConfigError, match="--models: expected each once of a, b, c, got"):
            agree(material, models=wrong)
    with pytest.raises(DataError, match="expected what models say"):
        agree(Material(source="x", stem="x", labels={}))


def test_totals_are_right_for_any_number_of_models():
    for number in (1, 2, 3, 4, 5):
        labels = {"v": {f"m{k}": i64([0, 0, 1, NO_LABEL]) for k in range(number)}}
        found = agree(Material(source="x", stem="x", labels=labels)).emotions
        assert all(own[:2].tolist() == [2, 1] for own in found.totals.values())
        assert len(found.pairs) == number * (number - 1)


def test_every_expression_is_shown_on_a_narrow_screen(monkeypatch):
    labels = {
        "v": {
            name: i64([0, 5, NO_LABEL])
            for name in ("POSTER_V2-AN7", "POSTER_V2-RAF", "APViT", "poster_v2_an8")
        }
    }
    found = agree(Material(source="x", stem="x", labels=labels))
    console = Console(width=80, file=io.StringIO())
    monkeypatch.setattr(agreement_show, "output_console", lambda: console)
    agreement_show.show(found, "text")
    shown = console.file.getvalue()
    assert "no room" not in shown
    rows = [line.split() for line in shown.partition("frames of each expression")[2].splitlines()]
    assert ["surprise", "1", "1", "1", "1"] in rows
    assert ["all", "2", "2", "2", "2"] in rows
    assert [row[0] for row in rows[2:]] == [*CLASSES[:7], "all"]


def test_contempt_adds_a_class():
    labels = {"v": {"a": i64([code_of("Contempt"), 0]), "b": i64([0, 0])}}
    found = agree(Material(source="x", stem="x", labels=labels)).emotions
    assert found.classes == CLASSES
    assert found.classes[-1] == "contempt"
    assert frame_agreement(found.pairs["a", "b"].table) == 0.5


# the inputs that the thesis' programs were given
# --------------------------------------------------------------------


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
    return agree(from_results(folder / "Results.csv"), max_events=10 if case["filtered"] else None)


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
            "session 10001/1 has different numbers of segments (APViT 3, POSTER_V2-AN7 5, POSTER_V2-RAF 3)"
            in notes
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
    return agree(from_frames(folder, fps=None, video=None), models=models)


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
    expected = "expressions of POSTER_V2-AN7 and APViT, not compared: 1 frame with a label of POSTER_V2-AN7 only"
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
    unknown = agree(from_frames(tmp_path, fps=None, video=None)).emotions
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
    found = agree(from_frames(tmp_path, fps=25, video=None))
    assert found.emotions.missing == {("M1", "M2"): 1, ("M2", "M1"): 1}
    assert found.segments.pairs["M1", "M2"].missing == 1
    assert "expressions of M1 and M2, not compared: 1 video that one of them lacks" in found.notes


def test_two_videos_of_one_session_stay_apart(tmp_path):
    for part in (1, 2):
        (tmp_path / f"{part}_10001 Sessie 1.MP4.M1.retinaface.csv").write_text(
            "1,2,30,40,0,0,0,0,0,0,0,Fear\n"
        )
    sheet = agree(from_frames(tmp_path, fps=25, video=None)).segments.sheet
    assert list(sheet) == [("1_10001 Sessie 1.MP4", ""), ("2_10001 Sessie 1.MP4", "")]


def test_models_of_several_detectors_are_told_apart(tmp_path):
    for backend in ("mtcnn", "retinaface"):
        (tmp_path / f"10001 Sessie 1.MP4.M1.{backend}.csv").write_text(
            "1,2,30,40,0,0,0,0,0,0,0,Fear\n"
        )
    assert agree(from_frames(tmp_path, fps=None, video=None)).emotions.models == (
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
    found = agree(from_results(tmp_path / "Results.csv"))
    assert found.segments.models == ("M1 mtcnn", "M1 retinaface")
    assert any("rows are of several face detectors" in note for note in found.notes)
