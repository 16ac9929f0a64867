"""All formats of annotation files: a new one works everywhere."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
from pathlib import Path

import pytest

from ferbench.datasets.study import Study
from ferbench.errors import ConfigError, DatasetError
from ferbench.formats import (
    AnnotationRow,
    AnnotationTable,
    RefusedRow,
    Table,
    dispatch,
    read_annotations,
)
from ferbench.formats.annotation_format import AnnotationFormat
from ferbench.formats.program_files import ImportedFile, annotations_of
from ferbench.formats.tracks import Span, Track
from ferbench.formats.writing import write_tracks
from helpers.reference import DATA

FILES = DATA / "annotation_files"


# -------------------------------------------------------------------------------------------------
# a small format: JSON of {"video": name, "marks": [[onset_s, offset_s, text], ...]}


def read_marks(path: Path) -> ImportedFile:
    content = json.loads(path.read_text(encoding="utf-8"))
    rows, refused = [], []
    for number, (onset_s, offset_s, text) in enumerate(content["marks"], start=1):
        if offset_s < onset_s:
            reason = "ends before it begins"
            refused.append(RefusedRow(line=number, session=content["video"], reason=reason))
            continue
        rows.append(
            AnnotationRow(
                line=number,
                session=content["video"],
                onset=float(onset_s),
                offset=float(offset_s),
                kind=text,
                columns={"mood": content.get("mood", "")},
            )
        )
    return ImportedFile(
        path=path,
        columns=("mood",),
        rows=tuple(rows),
        refused=tuple(refused),
        sessions=frozenset([content["video"]]),
    )


def write_marks(path, sessions):
    [(session, tracks)] = sessions.items()
    spans = [span for track in tracks for span in track.spans]
    marks = [[span.onset_s, span.offset_s, span.text] for span in spans]
    path.write_text(json.dumps({"video": session, "marks": marks}), encoding="utf-8")


MARKS = AnnotationFormat(
    name="Marks",
    suffixes=(".marks",),
    read=lambda source: annotations_of([read_marks(file) for file in source.files], source),
    endings=(".marks",),
    write=write_marks,
)


@pytest.fixture
def marks(monkeypatch, tmp_path) -> Path:
    """A file of the small format, which is among the formats."""
    all_formats = (*dispatch.formats(), MARKS)
    monkeypatch.setattr(dispatch, "formats", lambda: all_formats)
    path = tmp_path / "P01.marks"
    content = {"video": "P01", "mood": "good", "marks": [[0.5, 0.9, "smile"], [0.7, 0.8, "late"]]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_new_format_is_read(marks, tmp_path):
    table = read_annotations(marks)
    assert [(row.session, row.onset, row.offset, row.kind) for row in table.rows] == [
        ("P01", 0.5, 0.9, "smile"),
        ("P01", 0.7, 0.8, "late"),
    ]
    kept = read_annotations(marks, Table(keep={"mood": ("bad", "good")}))
    assert len(kept.annotations) == 2
    (tmp_path / "P02.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nx\n")
    both = read_annotations(tmp_path)
    assert [(r.file, r.session) for r in both.rows] == [
        ("P02.vtt", "P02"), ("P01.marks", "P01"), ("P01.marks", "P01"),
    ]  # fmt: skip
    (tmp_path / "P02.vtt").unlink()
    assert len(read_annotations(tmp_path).rows) == 2, "a folder of them"


def test_a_new_format_is_a_data_set(marks, tmp_path):
    (tmp_path / "P01.mp4").touch()
    loaded = Study(videos=str(tmp_path), annotations=str(marks)).load()
    assert [a.kind for a in loaded.sessions[0].annotations] == ["smile", "late"]
    assert loaded.tables == {"annotations": (marks,)}


@pytest.mark.weights
def test_a_new_format_is_run(marks, ferbench_run, warm_home, warm_root, tmp_path):
    shutil.copyfile(warm_root.clip, tmp_path / "P01.mp4")
    given = (f"dataset.videos={tmp_path}", f"dataset.annotations={marks}")
    ended = ferbench_run("signal.labels=[happiness]", *given, "tracking=files")
    assert ended.code == 0, ended.err
    assert "recall 0.500" in ended.out
    (record,) = warm_home.rglob("run.json")
    inputs = [(item["name"], item["kind"]) for item in json.loads(record.read_text())["inputs"]]
    assert ("P01.marks", "annotations") in inputs


def test_a_new_format_is_scored_and_written(marks, ferbench, tmp_path):
    events = tmp_path / "events.csv"
    events.write_text("session,onset_s\nP01,0.6\n")
    matches = tmp_path / "matches.marks"
    ended = ferbench("score", events, marks, "--json", "--matches", matches)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["sessions"]["P01"]["tp"] == 1
    assert [kind for _, _, kind in json.loads(matches.read_text())["marks"]] == [": smile", "late"]


def test_a_new_format_is_written_by_events(marks, ferbench, tmp_path):
    predictions = tmp_path / "P01.csv"
    with predictions.open("w", newline="") as stream:
        labels = ["Neutral"] * 25 + ["Surprise"] * 10 + ["Neutral"] * 40
        csv.writer(stream).writerows([1, 2, 30, 40, *[0.1] * 7, label] for label in labels)
    asked = ("events", predictions, "--fps", 25, "--rule", "hysteresis", "--out")
    ended = ferbench(*asked, tmp_path / "{session}.of.marks")
    assert ended.code == 0, ended.err
    (row,) = read_annotations(tmp_path / "P01.of.marks").rows
    assert (row.session, row.onset) == ("P01", 1.0)
    wrong = ferbench(*asked, tmp_path / "x.txt")
    assert ".boris.csv, .marks" in wrong.err


def test_a_new_format_is_found_by_init(marks, ferbench, warm_root, tmp_path):
    shutil.copyfile(warm_root.clip, tmp_path / "P01.mp4")
    ended = ferbench("init", tmp_path, "--annotations", marks, "--out", tmp_path / "conf")
    assert ended.code == 0, ended.err
    assert "P01.marks: 2 annotations" in ended.out
    assert "smile (1 row), late (1 row)" in ended.out


# -------------------------------------------------------------------------------------------------
# all formats


@pytest.mark.parametrize("each", dispatch.formats(), ids=lambda each: each.name)
def test_formats_are_told_apart(each):
    others = [other for other in dispatch.formats() if other is not each]
    if each.recognises is None:
        shared = [set(other.suffixes) & set(each.suffixes) for other in others]
        assert not any(shared), "a suffix is of one program"
    endings = {ending for other in others for ending in other.endings}
    assert not endings & set(each.endings)
    assert bool(each.endings) == (each.write is not None)
    assert all(suffix == suffix.lower() for suffix in (*each.suffixes, *each.endings))


@pytest.mark.parametrize(
    "each",
    [each for each in dispatch.formats() if each.write is not None],
    ids=lambda each: each.name,
)
def test_what_is_written_is_read_back(each, tmp_path):
    tracks = [
        Track(name="hit", spans=(Span(onset_s=0.5, offset_s=1.25, text="smile"),)),
        Track(name="missed", spans=(Span(onset_s=2.0, offset_s=3.0, text="late"),)),
    ]
    for ending in each.endings:
        assert write_tracks(tmp_path / f"P01{ending}", {"P01": tracks}) == [
            tmp_path / f"P01{ending}"
        ]
        options = Table(tier="all") if each.has_tiers else Table()
        table = read_annotations(tmp_path / f"P01{ending}", options)
        assert [(row.session, row.onset, row.offset) for row in table.rows] == [
            ("P01", 0.5, 1.25),
            ("P01", 2.0, 3.0),
        ]
        kinds = [row.kind for row in table.rows]
        assert [kind.removeprefix("hit: ").removeprefix("missed: ") for kind in kinds] == [
            "smile",
            "late",
        ]
        with pytest.raises(ConfigError, match="may hold somebody's work"):
            write_tracks(tmp_path / f"P01{ending}", {"P01": tracks})


def test_names_of_files_that_cannot_be_written(tmp_path):
    two = {"P01": [], "P02": []}
    for name, says in {
        "x.txt": f"out: expected a file that ends in {re.escape(', '.join(dispatch.endings()))}",
        "x.vtt": r"out: \.vtt files hold one session each; name them after it, as '.*{session}",
        "{session}.boris.csv": r"out: BORIS's table holds all sessions; leave {session} out",
        "{session}/x.vtt": r"out: {session} can stand in the file's name only",
    }.items():
        with pytest.raises(ConfigError, match=says):
            write_tracks(tmp_path / name, two)
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------------------------------------
# what a notebook sees


def test_a_table_says_what_is_in_it(tmp_path):
    path = tmp_path / "errors.csv"
    path.write_text(
        "session,onset_s,kind,annotator\nP01,1.5,late,ann\nP02,2.5,late,bob\nP02,soon,x,bob\n"
    )
    table = read_annotations(str(path))
    assert repr(table) == "AnnotationTable: 2 rows, 2 sessions, annotated by ann, bob, 1 refused"
    assert [str(row) for row in table.refused] == [
        "line 4: onset_s is 'soon', expected seconds such as 12.5"
    ]
    frame = table.to_frame()
    assert list(frame.columns) == [
        *("session", "participant", "onset_s", "offset_s", "kind", "annotator", "reacted"),
        *("file", "line"),
    ]
    assert frame["onset_s"].tolist() == [1.5, 2.5]
    assert frame["reacted"].isna().all()
    assert frame["line"].tolist() == [2, 3]


def test_a_frame_of_clock_times_and_of_nothing(tmp_path):
    path = tmp_path / "errors.csv"
    path.write_text("session,onset_s\nP01,14:03:20\n")
    table = read_annotations(path, Table(time_format="clock"), starts_known=True)
    assert list(table.to_frame().columns)[2:4] == ["onset", "offset"]
    with pytest.raises(DatasetError, match="line 2: expected seconds of the session, got a clock"):
        _ = table.rows[0].onset_s
    path.write_text("session,onset_s\n")
    nothing = read_annotations(path)
    assert repr(nothing) == "AnnotationTable: 0 rows, 0 sessions, 0 refused"
    assert len(nothing.to_frame()) == 0


def test_rows_that_are_no_annotations_are_in_no_frame(tmp_path):
    path = tmp_path / "P01.vtt"
    path.write_text("WEBVTT\n")
    table = read_annotations(path)
    assert repr(table) == "AnnotationTable: 0 rows, 1 session, 0 refused"
    (row,) = table.rows
    assert math.isnan(row.onset_s)
    assert isinstance(table, AnnotationTable)
    assert len(table.to_frame()) == 0


# -------------------------------------------------------------------------------------------------
# one way


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("reactions.eaf", Table(tier="robot errors")),
        ("boris_tabular.tsv", Table()),
        ("errors.vtt", Table()),
    ],
)
def test_a_data_set_reads_each_file_once(name, options, tmp_path, monkeypatch):
    for session in ("P07 front", "P01_front", "errors"):
        (tmp_path / f"{session}.mp4").touch()
    path = tmp_path / name
    shutil.copyfile(FILES / name, path)
    opened = []
    read_bytes, read_text = Path.read_bytes, Path.read_text

    def counted(read):
        def call(file, *args, **kwargs):
            opened.append(file)
            return read(file, *args, **kwargs)

        return call

    monkeypatch.setattr(Path, "read_bytes", counted(read_bytes))
    monkeypatch.setattr(Path, "read_text", counted(read_text))
    study = Study(
        videos=str(tmp_path),
        annotations=str(path),
        format=options,
        annotator="(blank)" if name != "reactions.eaf" else "anna",
    )
    loaded = study.load()
    assert loaded.all_annotators
    assert opened == [path]
