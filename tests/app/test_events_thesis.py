"""Which command gives which file of the thesis' batch_detect, and its outcome on odd names.

``ferbench events FILE --fps RATE --json``: flags and events of cases/.
``ferbench events FRAMES --video VIDEOS --results Results.csv --grades Grades.csv``: Results.csv and
Results_grade_file.csv.

What is compared with convert_results, analyze_emotions and convert_grade_file is in
tests/workflows/test_agree.py, frame files and their bytes in tests/thesis/test_thesis_csv.py.
"""

from __future__ import annotations

import csv
import json
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.reference import shared_path

BATCH = "thesis/batch"
UNOPENED = "P30991/30991 Sessie 2.mp4"
"""The original looks for .MP4 only, so for it this video is not there."""


def inputs() -> dict:
    return json.loads(shared_path(f"{BATCH}/inputs.json").read_text())


def write_video(path: Path, fps: float) -> None:
    """Two frames at a rate, which is all that is read of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mp4") as writer:
        stream = writer.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(2):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))
            frame.pts = index
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode())


@pytest.fixture(scope="module")
def recordings(tmp_path_factory) -> Path:
    """The sessions' videos in folders as those of the CSVs, at their rates.

    Without the one that has no .MP4.
    """
    folder = tmp_path_factory.mktemp("recordings")
    for name, fps in inputs()["video_fps"].items():
        if name != UNOPENED:
            write_video(folder / name, fps)
    return folder


def in_walk_order() -> list[Path]:
    """The CSVs of predictions in the order in which the original met them."""
    folder = shared_path(f"{BATCH}/frames")
    names = [name.lstrip("/") for name in inputs()["walk_order"]]
    return [folder / name for name in names if name.split(".")[-3] not in ("MP4", "mp4")]


REFUSED = {
    # the original drops the rest without a word
    "c17_25_malformed_row_before_event": "expected 12 columns",
    "c18_25_blank_line": "got an empty line",
    "c19_25_header_row": "remove the header",
    "c26_fps0_missing_video": "frame rate: expected a finite number of frames per second above 0",
}
UNLIKE = {"r03_25_render_float_box"}
"""The original's drawing broke off there.

Without drawing (r03n) the same file gives what ours gives.
"""


def test_flags_and_events_of_every_case(ferbench):
    folder = shared_path("thesis/cases")
    names = [case["name"] for case in json.loads((folder / "index.json").read_text())]
    assert {*REFUSED, *UNLIKE} <= set(names)
    for name in names:
        expected = json.loads((folder / name / "expected.json").read_text())
        ended = ferbench(
            "events", folder / name / "predictions.csv", "--fps", expected["fps"], "--json"
        )
        if name in REFUSED:
            assert ended.code == 1
            assert REFUSED[name] in ended.err
            continue
        found = json.loads(ended.out)
        same = (
            found["segments"] == expected["segment_flags"]
            and [[e["index"], e["timecode"]] for e in found["events"]] == expected["detections"]
        )
        assert same == (name not in UNLIKE), name


def test_results_and_grade_file_byte_for_byte(ferbench, recordings, tmp_path):
    results, grades = tmp_path / "new" / "Results.csv", tmp_path / "new" / "Results_grade_file.csv"
    options = ("--video", recordings, "--results", results, "--grades", grades)
    ended = ferbench("events", *in_walk_order(), *options)
    assert ended.code == 1  # a video is missing
    assert ended.err.count("failed: ") == 3
    assert "note: 30991 Sessie 2.mp4.APViT.retinaface.csv: written without segments" in ended.err
    assert (
        "Results_grade_file.csv: 14 blocks; 4 with more than 10 events have no block" in ended.err
    )
    assert results.read_bytes() == shared_path(f"{BATCH}/Results.csv").read_bytes()
    assert grades.read_bytes() == shared_path(f"{BATCH}/Results_grade_file.csv").read_bytes()
    assert len(list(results.parent.iterdir())) == 2


def test_a_folder_gives_the_same_rows_sorted(ferbench, recordings, tmp_path):
    results, grades = tmp_path / "Results.csv", tmp_path / "Grades.csv"
    frames = shared_path(f"{BATCH}/frames")
    ended = ferbench(
        "events", frames, "--video", recordings, "--results", results, "--grades", grades
    )
    assert "left out: 6 files of faces" in ended.err
    expected = shared_path(f"{BATCH}/Results.csv").read_text().splitlines()
    assert sorted(results.read_text().splitlines()) == sorted(expected)
    assert results.read_text().startswith("10234,1,APViT,")
    blocks, wanted = (
        sorted(zip(*[iter(path.read_text().splitlines())] * 3, strict=True))
        for path in (grades, shared_path(f"{BATCH}/Results_grade_file.csv"))
    )
    assert blocks == wanted


def test_a_video_with_a_small_suffix_is_found_here(ferbench, recordings, tmp_path):
    shutil.copytree(recordings, tmp_path / "all")
    write_video(tmp_path / "all" / UNOPENED, 25.0)
    results = tmp_path / "Results.csv"
    frames = shared_path(f"{BATCH}/frames")
    ended = ferbench("events", frames, "--video", tmp_path / "all", "--results", results)
    assert ended.code == 0, ended.err
    rows = [line.split(",") for line in results.read_text().splitlines()]
    assert [row[4:] for row in rows if row[:2] == ["30991", "2"]] == [["0", "1", "0", "1"]] * 3


ROW = [["12345", "1", "APViT", "retinaface", "1", "1"]]
OTHER = [["20230", "1", "APViT", "retinaface", "1", "1"]]
OUTCOMES = {
    "plain": (0, ROW, ""),
    "lower_sessie": (0, ROW, ""),  # the original broke off
    "sessie10": (0, [["12345", "10", *ROW[0][2:]]], ""),  # likewise
    "no_5_digit_id": (1, None, "expected a participant's number of five digits in"),  # likewise
    "six_digit_number_first": (0, ROW, ""),
    "other_5_digit_first": (
        0,
        OTHER,
        "20230 is taken as the participant; 12345 is in its path too",
    ),
    "top_level_id_first_noslash": (0, ROW, ""),
    "top_level_id_first_slash": (0, ROW, ""),  # the original broke off
    "dot_in_path": (0, ROW, ""),  # the original did not find the video
    "lower_mp4": (0, ROW, ""),  # likewise
    "faces_csv_skipped": (1, None, "no table of predictions in"),
    "faces_csv_of_mov": (1, None, "no table of predictions in"),  # the original broke off
    "other_backend": (
        0,
        [["12345", "1", "APViT", "opencv", "1", "1"]],
        "",
    ),  # the original takes retinaface only
    "results_csv_inside": (1, None, "no table of predictions in"),
    "name_without_model": (1, None, "retinaface.csv is not named <video>.<model>.<backend>.csv"),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_batch_detect_on_odd_names(name, ferbench, tmp_path):
    case = json.loads(shared_path(f"{BATCH}/failure_modes.json").read_text())[
        f"batch_detect/{name}"
    ]
    code, rows, message = OUTCOMES[name]
    data, recordings = tmp_path / "data", tmp_path / "recordings"
    for file in case["csv_files"]:
        (data / file).parent.mkdir(parents=True, exist_ok=True)
        with (data / file).open("w", newline="") as stream:
            is_faces = name.startswith("faces")
            line = [1.5, 2.0, 3.0, 4.0, 0.9] if is_faces else [1, 2, 30, 40, *[0.1] * 7, "Surprise"]
            csv.writer(stream).writerows(ROW if name == "results_csv_inside" else [line] * 12)
    for file in case["videos"] or ["a/12345 Sessie 1.MP4", "12345 Sessie 1.MP4"]:
        write_video(recordings / file, 25.0)
    folder = f"{data}/" if case["dir_args_with_trailing_slash"] else data
    results, grades = tmp_path / "Results.csv", tmp_path / "Grades.csv"
    ended = ferbench(
        "events", folder, "--video", recordings, "--results", results, "--grades", grades
    )
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    assert message in ended.err
    assert results.exists() == grades.exists() == (rows is not None)
    if rows is not None:
        assert [line.split(",") for line in results.read_text().splitlines()] == rows
        assert grades.read_text().splitlines()[1] == ",,,Timestamp,00:00:00:01"
    if case["rc"] == 0 and case["results"] and name not in ("dot_in_path", "lower_mp4"):
        assert rows == case["results"]
        assert [line.split(",") for line in grades.read_text().splitlines()] == case["grade"]


def test_every_case_has_an_outcome():
    cases = json.loads(shared_path(f"{BATCH}/failure_modes.json").read_text())
    assert {f"batch_detect/{name}" for name in OUTCOMES} == {
        n for n in cases if n.startswith("batch_detect/")
    }
    assert len(cases) == 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rule", "hysteresis"], "--results and --grades hold the segments of the rule windowed"),
        (["--json"], "--json has no place for several models"),
        (["--out", "e.csv"], "--out has no place for several models"),
        (["--grades", "."], "--grades: expected the name of a file that ends in .csv"),
        (["--model", "RMN"], "is of 'RMN'; there are"),
    ],
)
def test_options_that_do_not_go_with_the_thesis_files(
    arguments, message, ferbench, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    ended = ferbench(
        "events", shared_path(f"{BATCH}/frames"), "--fps", 25, "--results", "R.csv", *arguments
    )
    assert ended.code == 1
    assert message in ended.err
    assert list(tmp_path.glob("*.csv")) == []


def test_other_files_are_not_overwritten(ferbench, tmp_path):
    frames = shared_path(f"{BATCH}/frames")
    (tmp_path / "notes.csv").write_text("my,notes\n")
    ended = ferbench("events", frames, "--fps", 25, "--results", tmp_path / "notes.csv")
    assert ended.code == 1
    assert "is there and is another kind of file" in ended.err
    shutil.copyfile(shared_path(f"{BATCH}/grade/grades_sorted_clean.csv"), tmp_path / "graded.csv")
    before = (tmp_path / "graded.csv").read_bytes()
    ended = ferbench("events", frames, "--fps", 25, "--grades", tmp_path / "graded.csv")
    assert ended.code == 1
    assert "is there and has grades in it; choose another name" in ended.err
    assert (tmp_path / "graded.csv").read_bytes() == before


def test_events_says_what_to_do_with_the_thesis_tables(ferbench):
    for name in ("Results.csv", "Results_grade_file.csv"):
        ended = ferbench("events", shared_path(f"{BATCH}/{name}"), "--fps", 25)
        assert ended.code == 1
        assert f"ferbench agreement {shared_path(f'{BATCH}/{name}')}" in ended.err
