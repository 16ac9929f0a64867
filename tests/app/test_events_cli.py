"""``ferbench events``: events of stored predictions, one file and many."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from ferbench.config.groups import choices_of
from ferbench.report.files import EVENT_COLUMNS
from helpers.reference import DATA, shared_path

CASES = json.loads((DATA / "thesis_cases.json").read_text())
HAPPY = ["--label", "happiness"]


def thesis_csv(case: dict, path: Path) -> Path:
    """The rows of a case as the thesis' program writes them."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        for label, count in case["rows"]:
            numbers = [0] * 11 if label == "None" else [1, 2, 30, 40, *[0.1] * 7]
            writer.writerows([[*numbers, label]] * count)
    return path


@pytest.mark.parametrize("case", CASES[3:9], ids=[case["name"] for case in CASES[3:9]])
def test_events_of_a_thesis_file_as_json(case, ferbench, tmp_path):
    ended = ferbench("events", thesis_csv(case, tmp_path / "p.csv"), "--fps", case["fps"], "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert set(found) == {"segments", "events"}
    assert found["segments"] == case["segments"]
    assert [[e["index"], e["timecode"]] for e in found["events"]] == case["events"]
    rows = [int(-(-5 * case["fps"] // 1)) * i for i, flag in enumerate(case["segments"]) if flag]
    assert [e["onset_s"] for e in found["events"]] == [row / case["fps"] for row in rows]
    assert [round(e["trigger_s"] * case["fps"]) for e in found["events"]] == case["trigger_lines"]
    for event in found["events"]:
        assert list(event) == ["index", "timecode", "onset_s", "offset_s", "trigger_s", "label"]
        assert event["label"] == "Surprise"


@pytest.mark.parametrize(
    "name", ["c04_25_exact_three_segments", "c07_29.97_threshold", "c13_25_label_variants"]
)
def test_events_of_the_reference_files(name, ferbench):
    folder = shared_path(f"thesis/cases/{name}")
    expected = json.loads((folder / "expected.json").read_text())
    ended = ferbench("events", folder / "predictions.csv", "--fps", expected["fps"], "--json")
    found = json.loads(ended.out)
    assert found["segments"] == expected["segment_flags"]
    assert [[e["index"], e["timecode"]] for e in found["events"]] == expected["detections"]


def test_a_bad_line_of_a_thesis_file_is_named(ferbench, tmp_path):
    path = thesis_csv(CASES[0], tmp_path / "p.csv")
    path.write_text(path.read_text() + "1,2,3\n")
    ended = ferbench("events", path, "--fps", 25)
    assert ended.code == 1
    assert re.search(r"FormatError: .*p\.csv, line 61: expected 12 columns", ended.err)


def test_the_rate_of_a_thesis_file(ferbench, tmp_path, warm_root):
    path = thesis_csv({"rows": [["Surprise", 36]]}, tmp_path / "p.csv")
    missing = ferbench("events", path)
    assert missing.code == 1
    assert (
        "p.csv holds no times; give its frame rate with --fps, or its video with --video"
        in missing.err
    )
    zero = ferbench("events", path, "--fps", 0)
    assert zero.code == 1
    assert "frame rate: expected a finite number of frames per second above 0, got 0.0" in zero.err
    by_video = ferbench("events", path, "--video", warm_root.clip, "--json")
    assert by_video.out == ferbench("events", path, "--fps", 30, "--json").out
    assert json.loads(by_video.out)["events"][0]["offset_s"] == 36 / 30


def test_another_rule_on_a_thesis_file(ferbench, tmp_path):
    path = thesis_csv(
        {"rows": [["Neutral", 25], ["Surprise", 10], ["None", 5]]}, tmp_path / "p.csv"
    )
    found = json.loads(ferbench("events", path, "--fps", 25, "--rule", "hysteresis", "--json").out)
    assert found["segments"] is None
    (event,) = found["events"]
    assert (event["onset_s"], event["offset_s"], event["timecode"]) == (1.0, 1.4, "00:00:01:01")
    words = ferbench("events", path, "--fps", 25).out.splitlines()
    assert words == [
        "0  00:00:00:01  Surprise  0.000 to 1.600 s, trigger 1.240 s",
        "1 event in 1 segment",
    ]


@pytest.mark.weights
def test_events_of_our_tables(ferbench, videos, warm_home, tmp_path):
    assert ferbench("predict", videos, "--out", tmp_path).code == 0
    parquet, text = (tmp_path / f"a smile, slow.{suffix}" for suffix in ("parquet", "csv"))
    for rule in ("hysteresis", "windowed"):
        ended = ferbench("events", parquet, "--rule", rule, *HAPPY, "--json")
        assert ended.code == 0, ended.err
        assert ended.out == ferbench("events", text, "--rule", rule, *HAPPY, "--json").out
        found = json.loads(ended.out)
        (event,) = found["events"]
        assert event["label"] == "happiness"
        assert 0.6 <= event["trigger_s"] <= 1.0
        assert found["segments"] == ([1] if rule == "windowed" else None)
    late = json.loads(
        ferbench("events", parquet, "--rule", "hysteresis", "--enter", 0.99, *HAPPY, "--json").out
    )
    early = json.loads(
        ferbench("events", parquet, "--rule", "hysteresis", "--enter", 0.4, *HAPPY, "--json").out
    )
    assert early["events"][0]["onset_s"] < event["trigger_s"]
    assert not late["events"] or late["events"][0]["onset_s"] > early["events"][0]["onset_s"]
    plain = ferbench("events", parquet, *HAPPY)
    assert plain.out == ferbench("events", parquet, "--rule", "hysteresis", *HAPPY).out
    windows = ("--rule", "windowed", "--segment-s", 0.5, "--run-s", 0.1)
    short = ferbench("events", parquet, *windows, "--kind", "top", *HAPPY, "--json")
    assert json.loads(short.out)["segments"] == [0, 1, 1]
    for arguments, message in (
        (["--fps", 25], "has its own times"),
        (["--kind", "best"], "--kind: expected probability or top, got 'best'"),
        (
            ["--selector", "tallest"],
            "--selector: there is no 'tallest'; there are: best_score, central, first, largest",
        ),
        (["--label", "contempt"], "the model has no contempt; it has anger"),
    ):
        ended = ferbench("events", parquet, *arguments)
        assert ended.code == 1
        assert message in ended.err
    assert (
        "needs the frame's size, which a CSV"
        in ferbench("events", text, "--selector", "central").err
    )
    assert ferbench("events", parquet, "--selector", "central", *HAPPY).code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exit", 0.3], "--exit: there is no such key; allowed: segment_s, run_s, enter"),
        (
            ["--rule", "hysteresis", "--run-s", 1],
            "--run-s: there is no such key; allowed: enter, exit, min_duration_s, merge_gap_s",
        ),
        (
            ["--rule", "best"],
            f"--rule: there is no 'best'; there are: {', '.join(choices_of('event'))}",
        ),
        (["--rule", "hysteresis", "--enter", 0.2], "--exit: expected at most enter, which is 0.2"),
        (
            ["--enter", 50],
            "--enter: expected a probability, above 0 and at most 1 (50 % is 0.5), got 50",
        ),
        (
            ["--rule", "hysteresis", "--exit", -5],
            "--exit: expected a probability, above 0 and at most 1",
        ),
        (["--rule", "hysteresis", "--enter", "nan"], "--enter: expected a probability"),
        (["--run-s", 5], "--run-s: expected less than a segment (5 s)"),
    ],
)
def test_an_option_of_the_other_rule_is_refused(arguments, message, ferbench, tmp_path):
    path = thesis_csv(CASES[0], tmp_path / "p.csv")
    ended = ferbench("events", path, "--fps", 25, *arguments)
    assert ended.code == 1
    assert message in ended.err


def test_events_of_no_file(ferbench, tmp_path):
    ended = ferbench("events", tmp_path / "gone.csv", "--fps", 25)
    assert ended.code == 1
    assert "gone.csv: there is no such file or folder; expected a table of predictions" in ended.err


# many files
# -------------------------------------------------------------------------------------------------

SMILE = {"rows": [["Neutral", 25], ["Surprise", 10], ["None", 5]]}
NOTHING = {"rows": [["Neutral", 40]]}


@pytest.fixture
def study(tmp_path) -> Path:
    """A folder as the thesis' programs leave it: predictions of two models, and faces."""
    folder = tmp_path / "data"
    (folder / "P1").mkdir(parents=True)
    thesis_csv(SMILE, folder / "P1" / "dr. A 1.MP4.APViT.retinaface.csv")
    thesis_csv(NOTHING, folder / "P1" / "dr. A 1.MP4.POSTER.retinaface.csv")
    thesis_csv(NOTHING, folder / "B 2.mp4.APViT.retinaface.csv")
    (folder / "B 2.mp4.retinaface.csv").write_text("1.5,2.0,3.0,4.0,0.9\r\n")
    return folder


def rows_of(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_folder_needs_its_model_and_leaves_faces_out(study, ferbench):
    which = ferbench("events", study, "--fps", 25)
    assert which.code == 1
    assert "has predictions of several models; choose one with --model: APViT, POSTER" in which.err
    none = ferbench("events", study, "--fps", 25, "--model", "RMN")
    assert none.code == 1
    assert "is of 'RMN'; there are: APViT, POSTER" in none.err
    ended = ferbench("events", study, "--fps", 25, "--model", "APViT")
    assert ended.code == 0, ended.err
    assert "left out: 1 file of faces" in ended.err
    assert ended.out.splitlines() == [
        "B 2 (B 2.mp4.APViT.retinaface.csv): 0 events in 1 segment",
        "dr. A 1 (dr. A 1.MP4.APViT.retinaface.csv): 1 event in 1 segment",
        "  0  00:00:00:01  Surprise  0.000 to 1.600 s, trigger 1.240 s",
        "1 event in 2 sessions",
    ]


def test_one_table_of_all_events_with_lengths_beside_it(study, ferbench, tmp_path):
    out = tmp_path / "new" / "found.csv"
    ended = ferbench("events", study, "--fps", 25, "--model", "APViT", "--out", out)
    assert ended.code == 0, ended.err
    assert f"wrote {out}, and the sessions' lengths to found.sessions.csv" in ended.err
    (row,) = rows_of(out)
    assert tuple(row) == EVENT_COLUMNS
    assert row == {
        "session": "dr. A 1",
        "label": "Surprise",
        "onset_s": "0.0",
        "offset_s": "1.6",
        "trigger_s": "1.24",
        "peak": "1.0",
    }
    assert rows_of(out.with_name("found.sessions.csv")) == [
        {"session": "B 2", "duration_s": "1.6", "valid_s": "1.6", "observed": ""},
        {"session": "dr. A 1", "duration_s": "1.6", "valid_s": "1.4", "observed": ""},
    ]
    assert sorted(path.name for path in out.parent.iterdir()) == ["found.csv", "found.sessions.csv"]
    again = ferbench("events", study, out.parent, "--fps", 25, "--model", "APViT", "--out", out)
    assert again.code == 1
    assert "no table of predictions in" in again.err
    shutil.copy(out, study / "events.csv")
    third = ferbench("events", study, "--fps", 25, "--model", "APViT", "--out", out)
    assert third.code == 0, "a table of events is replaced, and is none of the predictions"
    assert "left out: 1 table of events, 1 file of faces" in third.err


def test_json_of_many_is_by_session(study, ferbench):
    files = sorted(study.rglob("*APViT*"))
    found = json.loads(ferbench("events", *files, "--fps", 25, "--json").out)
    assert set(found) == {"B 2", "dr. A 1"}
    for path in files:
        alone = json.loads(ferbench("events", path, "--fps", 25, "--json").out)
        assert alone == found[path.name.rsplit(".", 4)[0]]


def test_a_bad_file_is_named_and_the_others_go_on(study, ferbench, tmp_path):
    good = study / "B 2.mp4.APViT.retinaface.csv"
    bad = tmp_path / "bad.mp4.APViT.retinaface.csv"
    bad.write_text(good.read_text() + "1,2\n")
    ended = ferbench(
        "events", bad, good, tmp_path / "gone.csv", "--fps", 25, "--out", tmp_path / "e.csv"
    )
    assert ended.code == 1
    assert re.search(
        r"failed: \S*bad\.mp4\.APViT\.retinaface\.csv: line 41: |failed: .*line 41: expected 12",
        ended.err,
    )
    assert re.search(r"failed: \S*gone\.csv: there is no such file or folder", ended.err)
    assert "0 events in 1 session" in ended.out
    assert [row["session"] for row in rows_of(tmp_path / "e.sessions.csv")] == ["B 2"]
    assert rows_of(tmp_path / "e.csv") == []


def test_two_files_of_one_session_are_not_mixed(study, ferbench):
    files = sorted((study / "P1").glob("*"))
    ended = ferbench("events", *files, "--fps", 25)
    assert ended.code == 1
    assert "POSTER.retinaface.csv: is of session 'dr. A 1', and so is" in ended.err
    assert "1 event in 1 session" in ended.out


def test_the_rate_comes_from_each_video_of_a_folder(ferbench, tmp_path, warm_root):
    (tmp_path / "videos").mkdir()
    shutil.copy(warm_root.clip, tmp_path / "videos" / "a.mp4")
    path = thesis_csv({"rows": [["Surprise", 36]]}, tmp_path / "a.mp4.m.d.csv")
    ended = ferbench("events", path, "--video", tmp_path / "videos", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["events"][0]["offset_s"] == 36 / 30
    other = thesis_csv({"rows": [["Surprise", 36]]}, tmp_path / "p.csv")
    unknown = ferbench("events", other, "--video", tmp_path / "videos")
    assert unknown.code == 1
    assert (
        "p.csv is not named <video>.<model>.<backend>.csv, so its video is not known" in unknown.err
    )
    gone = ferbench(
        "events", thesis_csv(SMILE, tmp_path / "b.mp4.m.d.csv"), "--video", tmp_path / "videos"
    )
    assert gone.code == 1
    assert "b.mp4" in gone.err


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("events.csv", "session,label,onset_s,offset_s,trigger_s,peak\n", "a table of events; "
                                                                          "compare it with"),
        ("marks.csv", "session,onset_s\na,1\n", "a table of annotations; compare events with it"),
        ("sessions.csv", "session,file,observed_s\n", "a table of sessions' lengths; give it to "
                                                      "'ferbench score'"),
        ("a.mp4", "", "a video; make its table of predictions first: ferbench predict a.mp4"),
        ("a.mp4.d.csv", "1.0,2.0,3.0,4.0,0.9\r\n", "the thesis' file of faces (5 columns); its "
                                                   "predictions are in"),
        ("counts.csv", "session,participant,threshold\n", "is no table of predictions: neither"),
    ],
)  # fmt: skip
def test_other_files_are_told_from_predictions(name, text, message, ferbench, tmp_path):
    (tmp_path / name).write_text(text)
    ended = ferbench("events", tmp_path / name, "--fps", 25)
    assert ended.code == 1
    assert message.replace("predict a", f"predict {tmp_path}/a") in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("found", "--out: expected a name that ends in .csv"),
        (".", "is a folder; expected the name of a file"),
        ("marks.csv", "is there and is no table of events; choose another name"),
        (
            "list.csv",
            "list.sessions.csv is there and is no table of sessions' lengths; choose another name",
        ),
    ],
)
def test_a_table_of_events_does_not_replace_other_files(name, message, ferbench, tmp_path):
    marks = tmp_path / "marks.csv"
    marks.write_text("session,onset_s\na,1\n")
    manifest = tmp_path / "list.sessions.csv"
    manifest.write_text("session,path\na,a.mp4\n")
    path = thesis_csv(SMILE, tmp_path / "p.csv")
    ended = ferbench("events", path, "--fps", 25, "--out", tmp_path / name)
    assert ended.code == 1
    assert message in ended.err
    assert marks.read_text() == "session,onset_s\na,1\n"
    assert manifest.read_text() == "session,path\na,a.mp4\n"
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [
        "list.sessions.csv",
        "marks.csv",
        "p.csv",
    ]


def test_a_length_that_no_video_reaches_is_told(ferbench, tmp_path):
    path = thesis_csv(SMILE, tmp_path / "p.csv")
    ended = ferbench("events", path, "--fps", 25, "--rule", "hysteresis", "--min-duration-s", 1e6)
    assert ended.code == 0
    assert (
        "note: p.csv: no event can be found: an event needs 1e+06 s, the video lasts 1.600 s"
        in ended.err
    )
    assert ended.out == "0 events\n"


@pytest.mark.weights
def test_our_tables_of_a_folder_count_once(ferbench, videos, warm_home, tmp_path):
    tables = tmp_path / "tables"
    assert ferbench("predict", videos, "--out", tables).code == 0
    (tables / ".hidden.csv").write_text("x\n")
    ended = ferbench("events", tables, *HAPPY, "--out", tmp_path / "e.csv")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[0].startswith("a smile, slow (a smile, slow.parquet): 1 event")
    (row,) = rows_of(tmp_path / "e.csv")
    (length,) = rows_of(tmp_path / "e.sessions.csv")
    assert (row["session"], row["label"]) == ("a smile, slow", "happiness")
    assert length["session"] == "a smile, slow"
    assert (length["duration_s"], length["valid_s"], length["observed"]) == ("1.2", "1.2", "")
    assert 0.5 < float(row["peak"]) <= 1
    both = ferbench("events", *sorted(tables.glob("a*")), *HAPPY)
    assert both.code == 0, both.err
    assert "in 1 session" in both.out


def test_help_explains_the_time_code(ferbench):
    words = " ".join(re.sub(r"[│╭╮╰╯─]", " ", ferbench("events", "--help").out).split())
    assert "counted from 1" in words
    assert "00:00:00:01" in words


@pytest.mark.parametrize("label", ["Happy", "happiness"])
def test_a_thesis_file_has_expressions_in_any_spelling(label, ferbench, tmp_path):
    path = tmp_path / "v.mp4.POSTER_V2-RAF.retinaface.csv"
    path.write_text("1,2,3,4,0,0,0,1,0,0,0,Happiness\r\n" * 100)
    asked, written = (
        ferbench("events", path, "--fps", 25, "--label", name) for name in (label, "Happiness")
    )
    assert (asked.code, asked.out) == (0, written.out)
    assert "Happiness" in asked.out


def test_a_label_that_no_thesis_file_has_is_an_error(ferbench, tmp_path):
    label = "Hapy"
    path = tmp_path / "v.mp4.POSTER_V2-RAF.retinaface.csv"
    path.write_text("1,2,3,4,0,0,0,1,0,0,0,Happiness\r\n0,0,0,0,0,0,0,0,0,0,0,None\r\n")
    ended = ferbench("events", path, "--fps", 25, "--label", label)
    assert ended.code == 1
    assert f"no row of {path.name} says {label!r}; there are: Happiness" in ended.err
    assert ferbench("events", path, "--fps", 25, "--label", "Surprise").out.endswith(
        "0 events in 1 segment\n"
    )


@pytest.mark.parametrize(
    "given",
    [
        ("--label", "happiness", "--label", "surprise"),
        ("--label", "happiness,surprise"),
        ("--label", "Happiness, surprised", "--label", "happiness"),
    ],
)
def test_events_of_several_labels(given, ferbench, videos, warm_home, tmp_path):
    tables = tmp_path / "tables"
    assert ferbench("predict", videos, "--out", tables).code == 0
    levels = ("--enter", "0.001", "--exit", "0.0005")
    ended = ferbench("events", tables, *given, *levels, "--out", tmp_path / "e.csv")
    assert ended.code == 0, ended.err
    of_each = []
    for label in ("happiness", "surprise"):
        ferbench("events", tables, "--label", label, *levels, "--out", tmp_path / "1.csv")
        of_each += rows_of(tmp_path / "1.csv")
    assert {row["label"] for row in of_each} == {"happiness", "surprise"}
    rows = rows_of(tmp_path / "e.csv")
    assert sorted(map(str, rows)) == sorted(map(str, of_each))


def test_an_empty_label_is_refused(ferbench, study):
    assert "--label: expected expressions" in ferbench("events", study, "--label", "a,").err
