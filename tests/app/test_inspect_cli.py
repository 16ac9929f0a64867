"""``ferbench inspect``: recorded runs, their stored tables, the page and its CSVs."""

from __future__ import annotations

import csv
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import ferbench as fb
from ferbench.errors import CacheError, DataError
from ferbench.tracking.mlflow_store import MlflowStore

pytestmark = pytest.mark.weights
HAPPY = "signal.labels=[happiness]"
CROPS = "preprocessing=square_margin,box"
NAMES = ("anna", "<b>ben & co")
TABLES = {
    *("detector", "detector_histograms", "box_agreement"),
    *("classifier", "classifier_histograms", "label_shares", "calibration", "label_agreement"),
    *("regressions", "regression_histograms"),
    *("event_durations", "stretches", "neighbours"),
}


@pytest.fixture
def study(tmp_path, warm_root) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in NAMES:
        shutil.copyfile(warm_root.clip, folder / f"{name}.mp4")
    return folder


@pytest.fixture(scope="module")
def swept_home(warm_root, models, tmp_path_factory) -> Path:
    """A root with a sweep of two cells whose tables are stored; only to be read."""
    folder = tmp_path_factory.mktemp("inspected")
    root = folder / "home"
    root.mkdir()
    (folder / "videos").mkdir()
    warm_root.furnish(root)
    for name in NAMES:
        shutil.copyfile(warm_root.clip, folder / "videos" / f"{name}.mp4")
    words = ["-m", f'dataset.videos="{folder / "videos"}"', HAPPY, CROPS]
    places = {"FERBENCH_HOME": str(root), "FERBENCH_MODELS": str(models)}
    command = [sys.executable, "-m", "ferbench.app.main", "run", *words]
    subprocess.run(command, env={**os.environ, **places}, check=True, capture_output=True)
    return root


@pytest.fixture
def swept(home, swept_home, monkeypatch) -> Path:
    """That root is where this test finds its runs."""
    monkeypatch.setenv("FERBENCH_HOME", str(swept_home))
    return swept_home


def rows_of(path: Path) -> list[dict]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def stored(home: Path, stage: str) -> list:
    """Tables of a stage as pyarrow reads them, whatever ferbench makes of them."""
    folder = home / ".ferbench" / "cache" / stage
    return [pq.read_table(path) for path in sorted(folder.rglob("*.parquet"))]


def test_a_sweep_s_tables_hold_what_is_stored(swept, ferbench, tmp_path):
    ended = ferbench("inspect", "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert "Inspection: 2 runs, 1 detector, 2 classifiers, 4 events" in ended.out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "inspect.html",
        *(f"{name}.csv" for name in TABLES),
    }
    (faces,) = stored(swept, "faces")
    (timeline,) = stored(swept, "timeline")
    score = faces["score"].to_numpy().astype(float)
    (row,) = rows_of(tmp_path / "out" / "detector.csv")
    assert int(row["faces"]) == 2 * len(score), "both sessions are the same clip"
    assert int(row["frames"]) == 2 * timeline.num_rows
    assert float(row["score_median"]) == pytest.approx(np.median(score))
    found = [
        row
        for row in rows_of(tmp_path / "out" / "detector_histograms.csv")
        if row["quantity"] == "score"
    ]
    edges = [*(float(row["from"]) for row in found), float(found[-1]["to"])]
    counts, _ = np.histogram(score, bins=edges)
    assert [int(row["count"]) for row in found] == (2 * counts).tolist()
    classifiers = {row["classifier"]: row for row in rows_of(tmp_path / "out" / "classifier.csv")}
    assert set(classifiers) == {"square_margin", "box"}
    sums = sorted(float(row["confidence_median"]) for row in classifiers.values())
    expected = []
    for table in stored(swept, "expressions"):
        logits = np.stack([table[name].to_numpy() for name in table.column_names[2:]], 1)
        probs = np.exp(logits.astype(float))
        probs /= probs.sum(axis=1, keepdims=True)
        expected.append(float(np.median(probs.max(axis=1))))
    assert sums == pytest.approx(sorted(expected))
    (pair,) = rows_of(tmp_path / "out" / "label_agreement.csv")
    tops = [
        np.stack([table[name].to_numpy() for name in table.column_names[2:]], 1).argmax(1)
        for table in stored(swept, "expressions")
    ]
    assert pair["same_faces_by"] == "table"
    assert float(pair["share"]) == pytest.approx(np.mean(tops[0] == tops[1]))
    assert rows_of(tmp_path / "out" / "box_agreement.csv") == [], "one detector has no other"


def test_the_rule_s_own_setting_finds_the_recorded_events(swept, ferbench, tmp_path):
    assert ferbench("inspect", "--out", tmp_path / "out").code == 0
    durations = rows_of(tmp_path / "out" / "event_durations.csv")
    own = [row for row in rows_of(tmp_path / "out" / "neighbours.csv") if row["own"] == "True"]
    assert {row["setting"] for row in own} == {"enter", "min_duration_s"}
    for row in own:
        events = [event for event in durations if event["run"] == row["run"]]
        assert float(row["events"]) == len(events) > 0
    store = MlflowStore(uri=None, root=swept)
    cells = store.search(list(store.experiments()), kind="cell")
    recorded = [event for cell in cells for event in rows_of(store.file(cell.run_id, "events.csv"))]
    told = sorted(float(row["duration_s"]) for row in durations)
    lasted = sorted(float(row["offset_s"]) - float(row["onset_s"]) for row in recorded)
    assert told == pytest.approx(lasted)


def test_faces_are_in_the_page_only_where_they_are_asked_for(swept, ferbench, tmp_path):
    plain = ferbench("inspect", "--out", tmp_path / "plain")
    assert "images of people" not in plain.err
    assert "data:image" not in (tmp_path / "plain" / "inspect.html").read_text()
    ended = ferbench("inspect", "--crops", "--out", tmp_path / "faces")
    assert ended.code == 0, ended.err
    assert "note: the page holds images of people's faces" in ended.err
    page = (tmp_path / "faces" / "inspect.html").read_text()
    assert "This page holds images of people" in page
    assert page.count("data:image/png") > 10


def test_crops_are_what_the_network_got(swept, warm_root):
    import cv2

    found = fb.inspect(crops=True).findings
    about = {sheet.classifier: sheet for sheet in found.sheets}
    assert "64 x 64 px, grey" in about["box"].input
    assert "mean 0.5) / std 0.5" in about["box"].input
    face, png = about["box"].crops[0]
    got = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert got.shape == (64, 64)
    capture = cv2.VideoCapture(str(warm_root.clip))
    for _ in range(face.frame + 1):
        _, bgr = capture.read()
    (faces,) = stored(swept, "faces")
    left, top, right, bottom = (
        np.array(faces["box_xyxy"].to_pylist()[face.face]).round().astype(int)
    )
    cut = cv2.cvtColor(bgr[max(top, 0) : bottom, max(left, 0) : right], cv2.COLOR_BGR2GRAY)
    by_hand = cv2.resize(cut, (64, 64), interpolation=cv2.INTER_AREA)
    likeness = np.corrcoef(got.ravel(), by_hand.ravel())[0, 1]
    assert likeness > 0.98, "the box of that face in that frame"
    whys = {face.why for face, _ in about["box"].crops}
    assert {"surest", "least sure"} <= whys
    labels = found.classifications["box"].labels
    assert {face.label for face, _ in about["box"].crops} == set(labels) - set(about["box"].empty)


def test_labels_of_frames_give_a_calibration(swept, ferbench, tmp_path):
    (tmp_path / "labels.csv").write_text(
        "session,frame,label\n" + "".join(f"anna,{n},happy\n" for n in range(20, 36))
    )
    ended = ferbench("inspect", "--labels", tmp_path / "labels.csv", "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    rows = rows_of(tmp_path / "out" / "classifier.csv")
    assert [int(row["labelled_frames"]) for row in rows] == [16, 16]
    assert all(0 <= float(row["ece"]) <= 1 for row in rows)
    bins = rows_of(tmp_path / "out" / "calibration.csv")
    assert sum(int(row["frames"]) for row in bins) == 32
    assert any(row["share_correct"] == "" for row in bins), "undefined is empty"


def test_tables_that_are_gone_are_told_and_not_made(swept, ferbench, tmp_path):
    expressions = swept / ".ferbench" / "cache" / "expressions"
    expressions.rename(tmp_path / "away")
    ended = ferbench("inspect", "--out", tmp_path / "out")
    assert ended.code == 1
    assert "no longer has its tables" in ended.err
    assert "ferbench run dataset.videos=" in ended.err
    assert not expressions.exists()
    assert not (tmp_path / "out").exists()
    with pytest.raises(CacheError):
        fb.inspect()
    (tmp_path / "away").rename(expressions)


def test_a_run_without_faces_and_events_has_a_page(
    tmp_path, small_clip, warm_home, ferbench_run, ferbench
):
    (tmp_path / "grey").mkdir()
    shutil.copyfile(small_clip, tmp_path / "grey" / "a.mp4")
    given = [f"dataset.videos={tmp_path}/grey", "detector.min_score=0.99999999", HAPPY]
    ended = ferbench_run(*given, "detector=retinaface_mnet025")
    assert ended.code == 0, ended.err
    found = fb.inspect()
    assert repr(found) == "Inspection: 1 run, 1 detector, 1 classifier, 0 events"
    (detections,) = found.findings.detections.values()
    assert detections.faces == 0
    assert detections.gap_s.defined.tolist() == pytest.approx([1.2], abs=0.05)
    frame = found.to_frame("classifier")
    assert math.isnan(frame["confidence_median"].item())
    assert ferbench("inspect", "--out", tmp_path / "out").code == 0
    assert "none" in (tmp_path / "out" / "inspect.html").read_text()


def test_runs_are_named_and_what_is_no_run_is_told(swept, ferbench, tmp_path):
    store = MlflowStore(uri=None, root=swept)
    (one, two) = store.search(list(store.experiments()), kind="cell")
    both = fb.inspect(one.run_id, two.run_id[:8], one.run_id)
    assert both.findings.num_runs == 2
    assert fb.inspect(one.run_id).findings.num_runs == 1
    ended = ferbench("inspect", "nothing", "--out", tmp_path / "out")
    assert ended.code == 1
    assert "no run, sweep or experiment 'nothing'" in ended.err
    (tmp_path / "file").write_text("")
    assert "--out: " in ferbench("inspect", "--out", tmp_path / "file").err


def test_sweeps_of_detectors_compare_boxes(study, warm_home, ferbench_run, ferbench, tmp_path):
    given = ["-m", f'dataset.videos="{study}"', HAPPY]
    assert ferbench_run(*given, "detector=retinaface_mnet025,scrfd_500m").code == 0
    ended = ferbench("inspect", "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    (pair,) = rows_of(tmp_path / "out" / "box_agreement.csv")
    counts = [int(pair[name]) for name in ("both", "first_only", "second_only")]
    assert counts[0] > 0
    assert float(pair["share_both"]) == pytest.approx(counts[0] / sum(counts))
    assert 0.5 <= float(pair["median_iou"]) <= 1
    (labels,) = rows_of(tmp_path / "out" / "label_agreement.csv")
    assert labels["same_faces_by"] == "boxes"
    assert int(labels["faces"]) <= counts[0]


def test_without_runs_it_says_what_to_do(warm_home, ferbench):
    ended = ferbench("inspect")
    assert ended.code == 1
    assert "holds no runs" in ended.err
    with pytest.raises((DataError, fb.FerbenchError)):
        fb.inspect()
