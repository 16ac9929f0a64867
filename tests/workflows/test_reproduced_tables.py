"""Tables of two runs compared: what differs, against numpy and against counts by hand."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

from ferbench.errors import TrackingError
from ferbench.face_columns import face_columns
from ferbench.types import Expressions, Faces, Timeline, VideoInfo
from ferbench.workflows.reproduction.metrics import compare_metrics
from ferbench.workflows.reproduction.tables import (
    compare_csv_files,
    compare_predictions,
    compare_rows,
)

NUM_FRAMES = 40


def columns(faces: Faces, logits: np.ndarray, edges_s: np.ndarray):
    """A video's columns; every face is classified."""
    video = VideoInfo(
        video_id="v",
        path="v.mp4",
        sha256="",
        num_frames=NUM_FRAMES,
        width_px=640,
        height_px=480,
        fps_hz=25.0,
        picture_start_s=0.0,
    )
    expressions = Expressions(
        frame=faces.frame,
        face=np.arange(len(faces)),
        logits=logits,
        labels=("anger", "happiness"),
    )
    return face_columns(Timeline(video=video, edges_s=edges_s), faces, expressions)


@pytest.fixture
def seen():
    """Faces in random frames, up to three in a frame, some frames empty."""
    rng = np.random.default_rng(4)
    frame = np.sort(rng.integers(0, NUM_FRAMES, 50))
    corner = rng.uniform(0, 300, (50, 2))
    faces = Faces(
        frame=frame,
        box_xyxy=np.concatenate([corner, corner + 80], axis=1).astype(np.float32),
        score=rng.uniform(0.5, 1, 50).astype(np.float32),
        landmarks_xy=rng.uniform(0, 300, (50, 5, 2)).astype(np.float32),
    )
    return faces, rng.normal(size=(50, 2)).astype(np.float32), np.arange(NUM_FRAMES + 1) / 25


def test_predictions_differ_as_numpy_says(seen):
    faces, logits, edges_s = seen
    recorded = columns(faces, logits, edges_s)
    same = compare_predictions("p", recorded, columns(*seen))
    assert not same.drifts
    assert (same.num_different, same.first, same.largest_in) == (0, "", "")
    assert math.isnan(same.largest)

    rng = np.random.default_rng(5)
    rows = np.sort(rng.choice(50, 6, replace=False))
    boxes = faces.box_xyxy.copy()
    boxes[rows, 2] += rng.uniform(1, 9, 6).astype(np.float32)
    moved = Faces(
        frame=faces.frame, box_xyxy=boxes, score=faces.score, landmarks_xy=faces.landmarks_xy
    )
    drift = compare_predictions("p", recorded, columns(moved, logits, edges_s))
    expected = np.abs(boxes.astype(float) - faces.box_xyxy.astype(float))
    assert drift.num_different == np.count_nonzero(expected) == 6
    assert drift.largest == expected.max()
    assert drift.largest_in == "x2"
    frame = int(faces.frame[rows[0]])
    assert drift.first == f"frame {frame}, {edges_s[frame]:.3f} s"


def test_a_face_less_is_one_row_and_moves_no_other(seen):
    faces, logits, edges_s = seen
    counts = np.bincount(faces.frame, minlength=NUM_FRAMES)
    frame = int(np.flatnonzero(counts >= 2)[0])
    last = int(np.flatnonzero(faces.frame == frame)[-1])
    kept = np.delete(np.arange(50), last)
    fewer = Faces(
        frame=faces.frame[kept],
        box_xyxy=faces.box_xyxy[kept],
        score=faces.score[kept],
        landmarks_xy=faces.landmarks_xy[kept],
    )
    drift = compare_predictions(
        "p", columns(faces, logits, edges_s), columns(fewer, logits[kept], edges_s)
    )
    assert drift.rows_recorded - drift.rows_now == 1
    assert drift.num_different == 1
    assert drift.first == f"frame {frame}, {frame / 25:.3f} s"
    assert math.isnan(drift.largest)


def test_other_times_and_labels_are_differences(seen):
    faces, logits, edges_s = seen
    recorded = columns(faces, logits, edges_s)
    later = compare_predictions("p", recorded, columns(faces, logits, edges_s + 0.5))
    assert later.largest == pytest.approx(0.5)
    assert later.first == "frame 0, 0.000 s"
    without = {name: column for name, column in recorded.items() if name != "logit.anger"}
    lost = compare_predictions("p", recorded, without)
    assert lost.num_different == 50, "a logit per face"


def test_cells_of_tables_are_counted():
    recorded = [["session", "onset_s", "label"], ["anna", "1.5", "x"], ["ben", "2.0", "y"]]
    now = [["session", "onset_s", "label"], ["anna", "1.75", "x"], ["ben", "2.0", "z"]]
    drift = compare_rows("events.csv", recorded, now)
    assert (drift.num_different, drift.largest, drift.largest_in) == (2, 0.25, "onset_s")
    assert drift.first == "row 1, onset_s"
    assert not compare_rows("events.csv", recorded, recorded).drifts
    longer = [*recorded, ["cleo", "3", "x"]]
    drift = compare_rows("events.csv", recorded, longer)
    assert (drift.rows_recorded, drift.rows_now, drift.num_different) == (2, 3, 1)
    assert drift.first == "row 3"
    renamed = [["session", "onset", "label"], *recorded[1:]]
    assert compare_rows("events.csv", recorded, renamed).first == "names of columns"
    assert compare_rows("froc.csv", None, now).drifts


def test_files_of_tables(tmp_path):
    rows = [["a", "b"], ["1", ""]]
    for name in ("one.csv", "two.csv"):
        with (tmp_path / name).open("w", newline="") as stream:
            csv.writer(stream).writerows(rows)
    files = {"one.csv": tmp_path / "one.csv"}
    both = compare_csv_files(files, {**files, "two.csv": tmp_path / "two.csv"})
    assert [(each.name, each.drifts) for each in both] == [("one.csv", False), ("two.csv", True)]
    (tmp_path / "one.csv").write_bytes(b"a,b\n\xff\xfe")
    with pytest.raises(TrackingError, match=r"one\.csv of the run cannot be read"):
        compare_csv_files(files, files)


def test_metrics_are_compared_with_the_digits_that_are_logged():
    recorded = {"event/f1": 2 / 3, "event/z": math.nan, "event/fp": 3.0, "speed/wall_s": 1.0}
    now = {"event/f1": 0.666667, "event/fp": 4.0, "event/latency_s": 0.5, "work/faces": 7.0}
    by_name = {each.name: each for each in compare_metrics(recorded, now)}
    assert set(by_name) == {"event/f1", "event/z", "event/fp", "event/latency_s"}
    assert [name for name, each in sorted(by_name.items()) if each.drifts] == [
        "event/fp",
        "event/latency_s",
    ]
    assert by_name["event/fp"].difference == 1
    assert by_name["event/fp"].relative == pytest.approx(1 / 3)
    assert by_name["event/latency_s"].as_plain()["recorded"] is None
