"""``ferbench score`` and ``ferbench score-frames`` give the numbers of the ERR@HRI 2024 challenge's
own program.
"""

from __future__ import annotations

import csv
import json
from itertools import groupby

import pytest

from ferbench.errors import FormatError
from ferbench.formats.frame_labels import read_frame_labels
from helpers.reference import report_difference, shared_path

NAMES = ("accuracy", "precision", "recall", "f1")
RATE_HZ = 30


def stored():
    return json.loads((shared_path("thesis/errhri") / "metrics.json").read_text())


def largest(ours, wanted):
    return max(
        abs(ours[f"frame/{name}{suffix}"] - wanted[name + suffix])
        for name in NAMES
        for suffix in ("", "_tolerant")
    )


def write(path, header, rows):
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def test_tables_of_frame_labels(ferbench, tmp_path):
    worst = compared = 0
    known = stored()
    for case in known["cases"]:
        rows = list(zip(case["sessions"], case["y_true"], case["y_pred"], strict=True))
        write(tmp_path / "with.csv", ("session", "y_true", "y_pred"), rows)
        write(tmp_path / "without.csv", ("y_true", "y_pred"), [row[1:] for row in rows])
        for tolerance in known["tolerances"]:
            for text in ("with", "without"):
                given = (
                    "--column",
                    "truth=y_true",
                    "--column",
                    "prediction=y_pred",
                    "--tolerance",
                    tolerance,
                    "--json",
                )
                ended = ferbench("score-frames", tmp_path / f"{text}.csv", *given)
                assert ended.code == 0, ended.err
                found = json.loads(ended.out)
                assert (found["frames"], found["tolerance"]) == (len(rows), tolerance)
                assert found["sessions"] == (len(set(case["sessions"])) if text == "with" else None)
                wanted = case["results"][f"tolerance_{tolerance}_{text}_sessions"]
                worst, compared = max(worst, largest(found["scores"], wanted)), compared + 8
    assert compared == 768
    report_difference("ERR@HRI 2024 by score-frames", worst)
    assert worst <= 1e-9


def spans(labels):
    """Stretches of ones, seconds."""
    place = 0
    for value, group in groupby(labels):
        start, place = place, place + len(list(group))
        if value:
            yield start / RATE_HZ, place / RATE_HZ


def test_events_and_annotations_that_are_the_same_frames(ferbench, tmp_path):
    """Cases of two classes of unmixed sessions, as events from and to seconds of sessions."""
    worst = compared = 0
    known = stored()
    for case in known["cases"]:
        rows = list(zip(case["sessions"], case["y_true"], case["y_pred"], strict=True))
        sessions = [(f"s{name}", list(own)) for name, own in groupby(rows, key=lambda row: row[0])]
        if len(sessions) > len(set(case["sessions"])) or {*case["y_true"], *case["y_pred"]} != {
            0,
            1,
        }:
            continue
        marks, events, lengths = [], [], []
        for name, own in sessions:
            lengths.append((name, len(own) / RATE_HZ))
            marks += [(name, *span) for span in spans([row[1] for row in own])]
            events += [(name, *span) for span in spans([row[2] for row in own])]
        write(tmp_path / "events.csv", ("session", "onset_s", "offset_s"), events)
        write(tmp_path / "marks.csv", ("session", "onset_s", "offset_s"), marks)
        write(tmp_path / "events.sessions.csv", ("session", "duration_s"), lengths)
        for tolerance in known["tolerances"]:
            given = (
                "--unlisted",
                "empty",
                "--no-intervals",
                "--json",
                *("--time-format", "seconds"),
                "--set",
                f"frame_tolerance={tolerance}",
            )
            ended = ferbench(
                "score",
                tmp_path / "events.csv",
                tmp_path / "marks.csv",
                "--scoring",
                "errhri",
                *given,
            )
            assert ended.code == 0, ended.err
            wanted = case["results"][f"tolerance_{tolerance}_with_sessions"]
            worst, compared = (
                max(worst, largest(json.loads(ended.out)["statistics"], wanted)),
                compared + 8,
            )
    assert compared >= 8 * 20
    report_difference("ERR@HRI 2024 by score", worst)
    assert worst <= 1e-9


def test_what_a_person_sees(ferbench, tmp_path):
    write(tmp_path / "f.csv", ("truth", "prediction"), [(0, 0), (1, 0), (1, "1.0"), (0, 0)])
    ended = ferbench("score-frames", tmp_path / "f.csv", "--tolerance", 2)
    assert ended.code == 0
    assert "4 frames" in ended.out
    assert "within 2 frames" in ended.out
    assert " ".join(ended.out.split()).count("accuracy 0.750 1.000") == 1
    assert "no column session" in ended.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("truth,label\n0,1\n", "it has no column prediction; found: truth, label"),
        ("truth,prediction\n", "there is no frame in it"),
        ("truth,prediction\n0,1\n,1\n", "line 3: truth is '', expected a label"),
        ("truth,prediction\n0,nan\n", "line 2: prediction is 'nan', expected a label"),
        ("session,truth,prediction\na,0,1\n,0,1\n", "line 3: session is ''"),
        ("truth,prediction\n0\n", "line 2: prediction is '', expected a label"),
    ],
)
def test_bad_tables(text, message, ferbench, tmp_path):
    (tmp_path / "f.csv").write_text(text)
    ended = ferbench("score-frames", tmp_path / "f.csv")
    assert ended.code != 0
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_a_column_that_is_none(ferbench, tmp_path):
    write(tmp_path / "f.csv", ("truth", "prediction"), [(0, 0)])
    assert (
        "expected one of truth, prediction, session"
        in ferbench("score-frames", tmp_path / "f.csv", "--column", "a=b").err
    )
    assert (
        "no column trial"
        in ferbench("score-frames", tmp_path / "f.csv", "--column", "session=trial").err
    )


def test_labels_are_numbers_or_words(tmp_path):
    write(tmp_path / "f.csv", ("truth", "prediction"), [(0, "0.0"), ("yes", "1e0"), ("0.5", 1)])
    found = read_frame_labels(tmp_path / "f.csv", {})
    assert found.classes == ("0", "0.5", "1", "yes")
    assert found.truth.tolist() == [0, 3, 1]
    assert found.predicted.tolist() == [0, 2, 2]
    with pytest.raises(FormatError, match="cannot be read"):
        read_frame_labels(tmp_path / "none.csv", {})
