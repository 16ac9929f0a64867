"""``agree`` on the thesis' files: the numbers, tables and outcomes of its own programs.

``agree("Results.csv")``: convert_results (Results_converted, Results_confusion, printed averages);
``agree(folder)``: analyze_emotions (Results_all_emotions, matrices); ``agree(sheet)``:
convert_grade_file (printed counts) and sort_grade_file.
"""

from __future__ import annotations

import csv
import json
import math
import shutil

import numpy as np
import pytest

from ferbench.errors import ConfigError, FormatError
from ferbench.workflows.agree import agree
from ferbench.workflows.agreement.files import write_agreement
from ferbench.workflows.agreement.tables import NUMBER_COLUMNS
from helpers.reference import report_difference, shared_path

BATCH = "thesis/batch"
ORDER = ("POSTER_V2-RAF", "POSTER_V2-AN7", "APViT")


@pytest.fixture(scope="module")
def of_results():
    """By the largest number of events."""
    return {
        limit: agree(shared_path(f"{BATCH}/Results.csv"), max_events=limit)
        for limit in (None, 10, 0)
    }


@pytest.fixture(scope="module")
def of_frames():
    return agree(shared_path(f"{BATCH}/frames"), models=ORDER)


def test_the_sorted_grade_file(tmp_path):
    agreement = agree(shared_path(f"{BATCH}/Results_grade_file.csv"))
    written = write_agreement(agreement, tmp_path)
    made = tmp_path / "Results_grade_file_sorted.csv"
    assert written.paths == (tmp_path / "agreement.csv", made)
    assert made.read_bytes() == shared_path(f"{BATCH}/Results_grade_file_sorted.csv").read_bytes()
    write_agreement(agree(made), tmp_path / "again")
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["agreement.csv"], (
        "it is sorted already"
    )


@pytest.mark.parametrize(("filtered", "limit"), [(0, None), (1, 10)])
def test_converted_and_confusion_tables_byte_for_byte(filtered, limit, of_results, tmp_path):
    write_agreement(of_results[limit], tmp_path)
    expected = shared_path(f"{BATCH}/convert_results_filtered_{filtered}")
    tables = sorted(expected.glob("*.csv"))
    assert len(tables) == 2
    for table in tables:
        assert (tmp_path / table.name).read_bytes() == table.read_bytes()


@pytest.mark.parametrize(("filtered", "limit"), [(0, None), (1, 10)])
def test_printed_numbers(filtered, limit, of_results):
    segments = of_results[limit].segments
    expected = json.loads(
        shared_path(f"{BATCH}/convert_results_filtered_{filtered}/printed.json").read_text()
    )["parsed"]
    assert len(segments.sheet) == expected["total_sessions"]
    differences = []
    for kind, measure in (("Overal", "overall"), ("True", "true"), ("False", "false")):
        for models, value in expected["agreement"][kind].items():
            differences.append(abs(segments.share(measure, *models.split("|")) - value))
    assert len(differences) == 3 + 6 + 6
    events = segments.events["all models"]
    for key, value in (("Max", events.maximum), ("Mean", events.mean), ("StDev", events.sample_sd)):
        if key in expected:
            differences.append(abs(value - expected[key]))
    assert len(differences) == (18 if filtered == 0 else 15)
    report_difference("thesis convert_results", max(differences))
    assert max(differences) < 1e-9


def test_expressions_file_and_matrices(of_frames, tmp_path):
    write_agreement(of_frames, tmp_path)
    original = shared_path(f"{BATCH}/analyze_emotions/Results_all_emotions.csv")
    assert (tmp_path / original.name).read_bytes() == original.read_bytes()
    emotions = of_frames.emotions
    expected = json.loads(shared_path(f"{BATCH}/analyze_emotions/expected.json").read_text())
    order = expected["emotion_order"]
    assert [name.capitalize() for name in emotions.classes] == order
    with (tmp_path / "expressions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    differences = []
    for (first, second), counts in emotions.pairs.items():
        theirs = expected["counts"][first][second]
        assert counts.table.tolist() == [[theirs[a][b] for b in order] for a in order]
        matrix = expected["matrices"][f"{first}|{second}"]
        shares = [
            [float(row[name]) for name in emotions.classes]
            for row in rows
            if (row["first"], row["second"]) == (first, second)
        ]
        differences.append(np.abs(np.array(shares) - np.array(matrix["rows"])).max())
        differences.append(abs(emotions.overall(first, second) - matrix["overall"]))
    for row in of_frames.to_frame().query("second == ''").itertuples():
        total = expected["class_totals"][row.first][row.measure.capitalize()]
        differences.append(abs(row.value - total["share"]))
        assert row.n == total["count"]
    assert len(differences) == 12 + 21
    report_difference("thesis analyze_emotions", max(differences))
    assert max(differences) < 1e-9
    for model, totals in emotions.totals.items():
        theirs = expected["class_totals"][model]
        assert totals.tolist() == [theirs[name]["count"] for name in order]


@pytest.mark.parametrize(
    "name", ["sorted_clean", "sorted_messy", "unsorted_clean", "sorted_edited"]
)
def test_graded_sheets(name):
    folder = shared_path(f"{BATCH}/grade")
    expected = json.loads((folder / "expected.json").read_text())[name]
    agreement = agree(folder / expected["input"])
    grades, parsed = agreement.grades, expected["parsed"]
    assert grades.sessions == parsed["videos"]
    assert [grades.true_times, grades.false_times, grades.times] == [
        parsed[f"total {kind}"] for kind in ("true positive", "false positive", "positives")
    ]
    for model, theirs in parsed["models"].items():
        ours = grades.models[model]
        assert [ours.tp, ours.fp, ours.fn, ours.total] == [
            theirs[key] for key in ("TP", "FP", "FN", "total")
        ]
    notes = "\n".join(agreement.notes)
    assert ("look like 'T'" in notes) == (name == "sorted_messy")
    assert ("incomplete" in notes) == (name == "sorted_edited")
    assert ("20517/2 has no block of POSTER_V2-AN7" in notes) == (name == "unsorted_clean")


@pytest.mark.parametrize("name", ["grade_row_shorter_than_sections", "header_line_shifts_triples"])
def test_sheets_that_cannot_be_counted(name):
    with pytest.raises(FormatError):
        agree(shared_path(f"{BATCH}/grade/grades_fail_{name}.csv"))


def test_a_sorted_sheet_with_other_grades_is_not_overwritten(tmp_path):
    agreement, out = agree(shared_path(f"{BATCH}/Results_grade_file.csv")), tmp_path / "out"
    for _ in range(2):  # again over an equal one
        write_agreement(agreement, out)
    made = out / "Results_grade_file_sorted.csv"
    shutil.copyfile(shared_path(f"{BATCH}/grade/grades_sorted_clean.csv"), made)
    (out / "agreement.csv").unlink()
    for message in (
        "has other grades in it; move it away",
        "is another kind of file; choose another folder",
    ):
        before = made.read_bytes()
        with pytest.raises(ConfigError, match=message):
            write_agreement(agreement, out)
        assert made.read_bytes() == before
        assert [path.name for path in out.iterdir()] == [made.name], "nothing is half written"
        made.write_text("my,notes\n")


def test_a_sheet_that_cannot_be_sorted_is_counted(tmp_path):
    sheet = tmp_path / "sheet.csv"
    block = "{},1,{},Section,0\n,,,Timestamp,00:00:05:01\n,,,Grade,T\n"
    sheet.write_text(block.format("P07", "APViT"))
    named = write_agreement(agree(sheet), tmp_path / "named")
    (note,) = named.notes
    assert note.startswith("no sheet_sorted.csv: line 1: cannot sort participant 'P07'")
    assert [path.name for path in (tmp_path / "named").iterdir()] == ["agreement.csv"]
    sheet.write_text(block.format(2, "APViT") + block.format(2, "RMN") + block.format(1, "RMN"))
    numbered = write_agreement(agree(sheet), tmp_path / "numbered")
    assert numbered.notes == (
        "not in sheet_sorted.csv, as in the thesis, for want of a model: 1/1",
    )
    lines = (tmp_path / "numbered" / "sheet_sorted.csv").read_text().split()
    assert [line[:2] for line in lines[::3]] == ["2,"] * 2


def test_pictures_and_one_table_of_all_numbers(tmp_path):
    agreement = agree(shared_path(f"{BATCH}/frames"), fps=25)
    written = write_agreement(agreement, tmp_path / "out")
    models = ("APViT", "POSTER_V2-AN7", "POSTER_V2-RAF")
    pictures = {
        "segments.png",
        "events_per_session.png",
        *(f"expressions_{model}.png" for model in models),
    }
    tables = {
        "Results_converted.csv",
        "Results_confusion.csv",
        "Results_all_emotions.csv",
        "expressions.csv",
    }
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {path.name for path in written.paths} == {*pictures, *tables, "agreement.csv"}
    for name in pictures:
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "out" / "agreement.csv").open(newline="") as stream:
        parts = {row["part"] for row in csv.DictReader(stream)}
    assert parts == {"segments", "events per session", "expressions"}


def test_a_result_prints_well(of_results, of_frames):
    assert repr(of_results[None]).splitlines() == [
        "Agreement of Results.csv",
        "  SegmentAgreement: 3 models, 6 sessions, overall 0.650 to 0.733",
        "  2 notes",
    ]
    assert "overall undefined" in repr(of_results[0].segments)
    assert repr(of_frames).splitlines()[1].startswith("  EmotionAgreement: 3 models, 6 videos")
    sheet = agree(shared_path(f"{BATCH}/grade/grades_sorted_clean.csv"))
    assert repr(sheet.grades) == (
        "Grades: 3 models, 4 sessions, 22 different times, of these 13 true"
    )


def test_every_table_is_a_frame(of_results, of_frames):
    segments, emotions = of_results[None].segments, of_frames.emotions
    frame = segments.to_frame()
    assert list(frame.columns) == [
        "first",
        "second",
        "overall",
        "true",
        "false",
        "segments",
        "sessions",
    ]
    row = frame.set_index(["first", "second"]).loc["APViT", "POSTER_V2-AN7"]
    assert row["overall"] == segments.share("overall", "APViT", "POSTER_V2-AN7")
    assert row["segments"] == 60
    events = segments.events_frame().set_index("model")
    assert events.loc["all models", "mean"] == segments.events["all models"].mean
    assert emotions.to_frame()["overall"].tolist() == [emotions.overall(*p) for p in emotions.pairs]
    totals = emotions.totals_frame()
    assert totals.columns.tolist() == list(ORDER)
    assert totals.loc["surprise", "APViT"] == emotions.totals["APViT"][5]
    numbers = of_results[0].to_frame()
    assert numbers.columns.tolist() == list(NUMBER_COLUMNS)
    assert numbers.query("part == 'segments'")["value"].isna().all()
    grades = agree(shared_path(f"{BATCH}/grade/grades_sorted_clean.csv")).grades
    assert grades.to_frame()["tp"].tolist() == [c.tp for c in grades.models.values()]


def test_undefined_shares_are_counted(of_results):
    assert of_results[None].undefined == 0
    assert of_results[0].undefined == 3 + 6 + 6
    assert math.isnan(of_results[0].segments.share("overall", "APViT", "POSTER_V2-AN7"))


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (
            "Results.csv",
            {"fps": 25},
            "^fps is for a folder of the thesis' frame CSVs; leave it out$",
        ),
        ("Results.csv", {"segment_s": 5}, "^segment_s is for recorded runs; leave it out$"),
        ("frames", {"uri": "files"}, "^uri is for recorded runs; leave it out$"),
        (
            "Results.csv",
            {"models": ["APViT", "RMN"]},
            "^models: expected each once of APViT, POSTER_V2-AN7",
        ),
        ("Results_grade_file.csv", {"max_events": 3}, "^max_events is not for a grade file"),
        ("Results_grade_file.csv", {"models": ["APViT"]}, "^models is not for a grade file"),
        ("frames", {"max_events": 3}, "^max_events needs the frame rate, by fps or video; leave"),
        ("inputs.json", {}, "is neither a Results.csv nor a grade file of the thesis"),
        ("grade", {}, "no table of predictions in"),
    ],
)
def test_options_that_do_not_fit(source, options, message):
    with pytest.raises(ConfigError, match=message):
        agree(shared_path(f"{BATCH}/{source}"), **options)


def test_what_is_not_there(tmp_path):
    for missing in (tmp_path / "absent", "absent.csv", "a/b"):
        with pytest.raises(ConfigError, match="there is no file or folder"):
            agree(missing)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"out: .*is a file; expected the name of a folder"):
        write_agreement(agree(shared_path(f"{BATCH}/Results.csv")), tmp_path / "file")


def test_tables_of_ours_do_not_say_their_model(tmp_path):
    (tmp_path / "v.csv").write_text("frame,start_s,end_s,face,x1,y1,x2,y2\n")
    with pytest.raises(ConfigError, match="which does not say its model; compare the runs"):
        agree(tmp_path)
