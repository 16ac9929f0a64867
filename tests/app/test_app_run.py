"""The main job through its one entry.

Single runs, sweeps, failures, and what MLflow holds afterwards.
"""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import ferbench as fb
from ferbench.errors import ConfigError, WeightsError
from ferbench.folder_names import shown_value
from ferbench.formats.predictions import read_predictions
from ferbench.interrupts import heed_signals
from ferbench.sentences import Action, Text
from ferbench.tracking.mlflow_rows import KIND_TAG, PARENT_TAG
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.pages import _stopped_by_signals
from ferbench.weights.digests import sha256_of
from helpers.reference import CHECKOUT

SMILES = "session,onset_s,offset_s,kind\nanna,0.6,1.2,smile\nben o,0.6,1.2,smile\n"
HAPPY = "signal.labels=[happiness]"
UNDONE = {
    f"work/{name}": 0.0
    for name in ("frames_decoded", "frames_detected", "faces_classified", "frames_continued")
}
PICTURES = ("timelines/anna.png", "timelines/ben o.png")
PAGES = ("sessions/anna.html", "sessions/ben o.html")


@pytest.fixture
def study(tmp_path, warm_root) -> Path:
    """A folder with two sessions (the same clip twice) and their annotations, under a name with
    blank and comma.
    """
    folder = tmp_path / "a study, 2"
    (folder / "videos").mkdir(parents=True)
    for name in ("anna", "ben o"):
        shutil.copyfile(warm_root.clip, folder / "videos" / f"{name}.mp4")
    (folder / "smiles.csv").write_text(SMILES)
    return folder


def on(study: Path, *, annotated: bool = True) -> list[str]:
    """Overrides that name the study."""
    videos = [f'dataset.videos="{study / "videos"}"', HAPPY]
    return [*videos, f'dataset.annotations="{study / "smiles.csv"}"'] if annotated else videos


def all_runs(root: Path) -> list:
    """All runs that a plain MLflow client sees in the root's store, oldest first."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{root}/mlflow.db")
    found = client.search_runs([e.experiment_id for e in client.search_experiments()])
    return sorted(found, key=lambda run: run.info.start_time)


def artifacts_of(run) -> dict[str, Path]:
    """Files of a run by their path below its artifact folder."""
    from mlflow.artifacts import list_artifacts
    from mlflow.utils.file_utils import local_file_uri_to_path

    folder = Path(local_file_uri_to_path(run.info.artifact_uri))
    listed = {Path(f.path).name for f in list_artifacts(artifact_uri=run.info.artifact_uri)}
    assert listed == {p.name for p in folder.iterdir()}
    return {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.weights
def test_a_bad_file_and_a_bad_row_stop_nobody_else(study, warm_home):
    """A user's whole way: the script in a process of its own, started in another folder."""
    (study / "videos" / "notes.mp4").write_text("not a video at all\n")
    (study / "smiles.csv").write_text(SMILES + "anna,soon,2,smile\n")
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "run.py"), *on(study)],
        cwd=study,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert "smiles.csv, line 4: onset_s is 'soon'" in done.stderr
    assert "failed: notes (notes.mp4): " in done.stderr
    assert "cannot read this as a video" in done.stderr
    assert (
        "1 of 3 sessions scored (1 failed, 1 not scored): precision 1.000, recall 1.000, f1 1.000"
        in done.stdout
    )
    (run,) = all_runs(warm_home)
    assert run.info.status == "FAILED"
    assert (run.data.metrics["sessions/done"], run.data.metrics["sessions/failed"]) == (2, 1)
    assert run.data.metrics["event/f1"] == 1
    assert run.data.tags["sessions.failed"].startswith("notes: ")
    files = artifacts_of(run)
    assert {
        *PICTURES,
        *PAGES,
        "events.csv",
        "matches.csv",
        "counts.csv",
        "failures.csv",
        "notices.txt",
    } < set(files)
    assert [row["session"] for row in rows_of(files["sessions.csv"])] == ["anna", "ben o"]
    assert [row["session"] for row in rows_of(files["failures.csv"])] == ["notes"]
    assert "line 4" in files["notices.txt"].read_text()
    assert sorted(p.name for p in study.iterdir()) == ["smiles.csv", "videos"], (
        "nothing is left where it was started"
    )


@pytest.mark.weights
def test_a_single_run_records_everything(study, warm_home, ferbench_run):
    ended = ferbench_run(*on(study), "event.enter=0.6")
    assert ended.code == 0, ended.err
    assert "computed now: 0 frames decoded" in ended.out
    (run,) = all_runs(warm_home)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "folder retinaface_mnet025 square_margin mini_xception hysteresis"
    assert (run.data.tags[KIND_TAG], run.data.tags["speed.source"]) == ("run", "cached")
    assert {
        "ferbench.config_sha",
        "ferbench.videos_sha",
        "weights.retinaface/mobilenet0.25_Final.pth",
    } < set(run.data.tags)
    params = run.data.params
    assert (params["event"], params["event.enter"], params["signal.labels"]) == (
        "hysteresis",
        "0.6",
        "happiness",
    )
    assert not any("/" in value for value in params.values()), "no paths in params"
    assert all(math.isfinite(value) for value in run.data.metrics.values())
    expected = {
        "event/f1",
        "event/latency_s",
        "event/count",
        "event/undefined",
        "quality/face_share",
    }
    expected |= {
        f"speed/{stage}_{unit}"
        for stage in ("decode", "detect", "classify")
        for unit in ("fps", "rtf")
    }
    assert expected < set(run.data.metrics)
    assert "speed/e2e_fps" not in run.data.metrics, "it is only measured on demand"
    inputs = {
        i.dataset.name: (i.dataset.digest, i.tags[0].value) for i in run.inputs.dataset_inputs
    }
    video = sha256_of(study / "videos" / "anna.mp4")[:36]
    assert inputs == {
        "anna.mp4": (video, "video"),
        "ben o.mp4": (video, "video"),
        "smiles.csv": (sha256_of(study / "smiles.csv")[:36], "annotations"),
    }
    files = artifacts_of(run)
    asked = files["overrides.txt"].read_text().splitlines()
    assert shown_value(asked, files["overrides.txt"]) == [*on(study), "event.enter=0.6"]
    assert "enter: 0.6" in files["config.yaml"].read_text()
    (folder,) = {Path(name).parent for name in files if name.startswith("predictions/")}
    assert {f"{folder.as_posix()}/anna.{s}" for s in ("csv", "parquet")} < set(
        files
    )  # "ben o" has the same video
    assert files["keys.json"].read_text().count(folder.name) == 2


@pytest.mark.weights
def test_artifacts_lie_below_the_root_wherever_one_starts(
    study, warm_home, ferbench_run, monkeypatch
):
    elsewhere = study / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert (
        ferbench_run(
            *on(study), "report.timelines=0", "report.pages=0", "tracking.experiment=my study: 1"
        ).code
        == 0
    )
    (run,) = all_runs(warm_home)
    files = artifacts_of(run)
    assert all(path.is_relative_to(warm_home / "mlruns") for path in files.values())
    assert not any(name.startswith(("timelines", "sessions/")) for name in files)
    assert not list(elsewhere.iterdir())


@pytest.mark.weights
def test_a_root_may_be_given_from_where_one_starts(
    study, warm_home, warm_root, ferbench_run, monkeypatch
):
    (study / "here").mkdir()
    warm_root.furnish(study / "here", tables=False)
    monkeypatch.chdir(study)
    places = ["paths.root=here", f'paths.cache="{warm_home / ".ferbench" / "cache"}"']
    ended = ferbench_run(*on(study), *places, "report.timelines=0", "tracking.experiment=..")
    assert ended.code == 0, ended.err
    (run,) = all_runs(study / "here")
    assert {"config.yaml", "events.csv"} < set(artifacts_of(run))
    assert all(
        path.is_relative_to(study / "here" / "mlruns" / "artifacts")
        for path in artifacts_of(run).values()
    )


@pytest.mark.weights
def test_without_annotations_scores_are_absent(study, warm_home, ferbench_run):
    ended = ferbench_run(*on(study, annotated=False))
    assert ended.code == 0, ended.err
    assert "F1" not in ended.out
    (run,) = all_runs(warm_home)
    assert [name for name in run.data.metrics if name.startswith("event/")] == ["event/count"]
    assert run.data.metrics["event/count"] == 2
    assert {"speed/detect_fps", "speed/wall_s"} < set(run.data.metrics)
    files = artifacts_of(run)
    assert {"events.csv", "sessions.csv", *PICTURES} < set(files)
    assert not {"matches.csv", "counts.csv"} & set(files)
    assert len(rows_of(files["events.csv"])) == 2
    assert [row["f1"] for row in rows_of(files["sessions.csv"])] == ["", ""]


@pytest.mark.weights
def test_undefined_scores_are_counted_and_not_logged(study, warm_home, ferbench_run):
    """Two expressions that never come: no event, so precision and latency have no value."""
    assert ferbench_run(*on(study), "event.enter=1", "signal.labels=[disgust,fear]").code == 0
    metrics = all_runs(warm_home)[0].data.metrics
    assert metrics["event/count"] == 0
    assert metrics["event/undefined"] == 2
    assert not {"event/precision", "event/latency_s"} & set(metrics)
    assert (metrics["event/recall"], metrics["event/f1"], metrics["event/fn"]) == (0, 0, 2)


@pytest.mark.weights
def test_without_tracking_nothing_is_recorded(study, warm_home, ferbench_run):
    (warm_home / "mlflow.db").unlink()
    ended = ferbench_run(*on(study), "tracking=none")
    assert ended.code == 0, ended.err
    assert "f1 1.000" in ended.out
    ended = ferbench_run("-m", *on(study), "tracking=none", "event.enter=0.5,0.6")
    assert ended.code == 0, ended.err
    assert "best cell" in ended.out
    assert "ferbench ui" not in ended.out
    assert not (warm_home / "mlflow.db").exists()
    assert [p.name for p in (warm_home / "mlruns").iterdir()] == ["hydra"]


@pytest.mark.weights
def test_measuring_times_the_whole_way(study, warm_home, ferbench_run):
    (study / "videos" / "ben o.mp4").unlink()
    ended = ferbench_run(
        *on(study, annotated=False),
        "runtime.measure=true",
        "detector=mtcnn",
        "detector.min_face_px=60",
    )
    assert ended.code == 0, ended.err
    run = all_runs(warm_home)[0]
    assert run.data.tags["speed.source"] == "measured"
    assert run.data.metrics["speed/e2e_fps"] == pytest.approx(
        36 / run.data.metrics["speed/wall_s"], rel=1e-4
    )  # numbers are rounded
    assert run.data.metrics["work/frames_decoded"] == 36


@pytest.mark.weights
def test_a_sweep_is_a_parent_with_its_cells(study, warm_home, ferbench_run):
    sweep = ["-m", *on(study), "event.enter=0.5,0.7", "preprocessing=box,square_margin"]
    ended = ferbench_run(*sweep)
    assert ended.code == 0, ended.err
    assert "this sweep: 4 runs, sorted by event/f1" in ended.out
    assert "it was chosen on the data it is scored on" in ended.out
    runs = all_runs(warm_home)
    (parent,) = (run for run in runs if run.data.tags[KIND_TAG] == "sweep")
    cells = [run for run in runs if run is not parent]
    assert parent.info.run_name == "sweep 2 enter x 2 preprocessing"
    assert [run.data.tags[PARENT_TAG] for run in cells] == [parent.info.run_id] * 4
    assert {run.info.status for run in runs} == {"FINISHED"}
    pairs = {(run.data.params["event.enter"], run.data.params["preprocessing"]) for run in cells}
    assert pairs == {(enter, crop) for enter in ("0.5", "0.7") for crop in ("box", "square_margin")}
    names = {f"enter={enter} {crop}" for enter, crop in pairs}
    assert {run.info.run_name for run in cells} == names
    for run in cells:
        assert run.data.metrics["event/f1"] == 1
        assert {i.dataset.name for i in run.inputs.dataset_inputs} == {
            "anna.mp4",
            "ben o.mp4",
            "smiles.csv",
        }
        files = artifacts_of(run)
        assert {
            "config.yaml",
            "overrides.txt",
            "events.csv",
            "matches.csv",
            "counts.csv",
            *PICTURES,
        } < set(files)
        assert not any(name.startswith("predictions") for name in files), "these are the parent's"
        assert not {*PAGES} & set(files), "cells have none unless they are asked for"
    assert (parent.data.metrics["sweep/cells"], parent.data.metrics["sweep/failed"]) == (4, 0)
    assert "chosen in-sample" in parent.data.tags["mlflow.note.content"]
    _one_table_per_key(parent)
    _again(ferbench_run, sweep, warm_home)


@pytest.mark.weights
def test_a_sweep_says_whether_its_best_cell_beats_a_face_that_merely_moves(
    study, warm_home, ferbench_run
):
    chosen = [option for option in on(study) if option != HAPPY]
    signals = "signal=smile_or_surprise,head_motion"
    ended = ferbench_run("-m", *chosen, signals, "event.enter=0.7")
    assert ended.code == 0, ended.err
    assert "against the best baseline (head_motion)" in ended.out
    assert "better than a face that merely moves" in ended.out
    assert "best cell that is no baseline by event/f1: smile_or_surprise" in ended.out
    runs = all_runs(warm_home)
    (parent,) = (run for run in runs if run.data.tags[KIND_TAG] == "sweep")
    numbers = parent.data.metrics
    by_signal = {run.data.params["signal"]: run for run in runs if run is not parent}
    assert by_signal["head_motion"].data.tags["ferbench.baseline"] == "head_motion"
    assert "ferbench.baseline" not in by_signal["smile_or_surprise"].data.tags
    f1 = {name: run.data.metrics["event/f1"] for name, run in by_signal.items()}
    difference = f1["smile_or_surprise"] - f1["head_motion"]
    assert numbers["baseline/f1_difference"] == pytest.approx(difference, abs=1e-5)
    assert numbers["baseline/f1"] == f1["head_motion"]
    assert numbers["event/f1"] == f1["smile_or_surprise"], (
        "the parent shows the best that is no baseline"
    )
    with pytest.raises(ConfigError, match="two or more runs with scores to choose between, got 1"):
        fb.compare_nested(root=warm_home)
    again = fb.compare(root=warm_home)
    assert again.against_baseline.numbers()["baseline/f1_difference"] == pytest.approx(difference)


def _one_table_per_key(parent):
    files = artifacts_of(parent)
    assert len(rows_of(files["compare.csv"])) == 4
    keys = {Path(name).parts[1] for name in files if name.startswith("predictions/")}
    assert len(keys) == 2, "two preprocessings, whatever the threshold"
    for key in keys:
        (table,) = (
            p
            for n, p in files.items()
            if n.startswith(f"predictions/{key}") and n.endswith(".parquet")
        )
        timeline, faces, expressions = read_predictions(table)
        assert timeline.video.num_frames == len(faces) == len(expressions) == 36
        assert pq.read_table(table).num_rows == len(rows_of(table.with_suffix(".csv")))


def _again(ferbench_run, sweep, root):
    """The same sweep again: a second parent, and no cell touches a pixel."""
    assert ferbench_run(*sweep).code == 0
    runs = all_runs(root)
    parents = [run for run in runs if run.data.tags[KIND_TAG] == "sweep"]
    assert len(parents) == 2
    cells = [run for run in runs if run.data.tags.get(PARENT_TAG) == parents[1].info.run_id]
    assert len(cells) == 4
    for run in cells:
        assert {name: run.data.metrics[name] for name in UNDONE} == UNDONE
        assert run.data.tags["speed.source"] == "cached"


@pytest.mark.weights
def test_the_flag_of_a_sweep_may_stand_anywhere(study, warm_home, ferbench_run):
    ended = ferbench_run(
        *on(study), "-m", "event.enter=0.5,0.6", "tracking=none", "report.timelines=0"
    )
    assert ended.code == 0, ended.err
    assert "this sweep: 2 runs" in ended.out


@pytest.mark.weights
def test_predictions_in_each_cell_or_none(study, warm_home, ferbench_run):
    for where in ("each", "none"):
        overrides = [
            "-m",
            *on(study),
            "event.enter=0.5,0.6",
            f"tracking.predictions={where}",
            "report.timelines=0",
        ]
        assert ferbench_run(*overrides, f"tracking.experiment={where}").code == 0
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{warm_home}/mlflow.db")
    for where, counts in (("each", [0, 2, 2]), ("none", [0, 0, 0])):
        runs = client.search_runs(
            [client.get_experiment_by_name(where).experiment_id], order_by=["start_time"]
        )
        assert [
            sum(n.startswith("predictions/") for n in artifacts_of(run)) for run in runs
        ] == counts


@pytest.mark.weights
def test_an_impossible_cell_is_named_and_the_others_finish(study, warm_home, ferbench_run):
    ended = ferbench_run("-m", *on(study), "event.enter=0.5,0.1,0.6")
    assert ended.code == 1
    assert "Traceback" not in ended.err
    assert "failed: cell 1 (enter=0.1): " in ended.err
    assert "event.exit: expected at most enter, which is 0.1, got 0.3" in ended.err
    assert "this sweep: 2 runs" in ended.out
    runs = all_runs(warm_home)
    assert sorted(run.info.status for run in runs) == ["FAILED", "FAILED", "FINISHED", "FINISHED"]
    (bad,) = (run for run in runs if run.info.run_name == "enter=0.1")
    assert "exit" in bad.data.tags["ferbench.error"]
    (parent,) = (run for run in runs if run.data.tags[KIND_TAG] == "sweep")
    assert parent.info.status == "FAILED"
    assert (parent.data.metrics["sweep/cells"], parent.data.metrics["sweep/failed"]) == (2, 1)


@pytest.mark.weights
def test_a_failed_session_in_a_sweep_is_told_once(study, warm_home, ferbench_run):
    (study / "videos" / "empty.mp4").touch()
    ended = ferbench_run("-m", *on(study), "event.enter=0.5,0.6", "report.timelines=0")
    assert ended.code == 1
    assert ended.err.count("failed: session empty (empty.mp4): ") == 1
    assert "(in all cells)" in ended.err
    assert {run.info.status for run in all_runs(warm_home)} == {"FAILED"}


def test_a_cell_that_cannot_be_composed_leaves_no_open_parent(warm_home, tmp_path, ferbench_run):
    ended = ferbench_run("-m", f"dataset.videos={tmp_path}", "event.nonsense=1,2")
    assert ended.code == 1
    assert "event.nonsense: there is no such key" in ended.err
    assert [run.info.status for run in all_runs(warm_home)] == ["FAILED"]
    assert "Composition" in all_runs(warm_home)[0].data.tags["ferbench.ended_by"]


def test_a_missing_folder_ends_every_cell_with_its_reason(warm_home, tmp_path, ferbench_run):
    ended = ferbench_run("-m", f"dataset.videos={tmp_path}/gone", "event.enter=0.5,0.6")
    assert ended.code == 1
    assert ended.err.count("failed: cell") == 2
    assert f"no such folder or file: {tmp_path}/gone" in ended.err
    runs = all_runs(warm_home)
    assert {run.info.status for run in runs} == {"FAILED"}
    told = [run.data.tags["ferbench.error"] for run in runs if run.data.tags[KIND_TAG] == "cell"]
    assert told == ["dataset.videos: no such folder or file: gone. Check the path."] * 2, (
        "records hold no folders"
    )


@pytest.mark.parametrize("arguments", [(), ("-m", "event.enter=0.5,0.6")], ids=["run", "sweep"])
def test_a_root_that_cannot_be_written_is_told_and_leaves_no_record(
    arguments, study, home, tmp_path, ferbench_run
):
    (tmp_path / "file").touch()
    records = ["tracking=files", f"tracking.folder={home}/records"]
    ended = ferbench_run(*arguments, *on(study), *records, f"paths.root={tmp_path}/file/root")
    assert ended.code == 1
    assert "Not a directory. Runs are kept below paths.root; it can be another" in ended.err
    assert "Traceback" not in ended.err
    assert "Warning" not in ended.err
    assert not (home / "records").exists()


@pytest.mark.weights
def test_folders_of_cells_must_keep_their_names(study, warm_home, ferbench_run):
    named = [
        "event.enter=0.5,0.6",
        "tracking=files",
        "hydra.sweep.subdir=${hydra.job.override_dirname}",
    ]
    ended = ferbench_run("-m", *on(study, annotated=False), *named)
    assert ended.code == 1
    assert "failed: no cell left a result below " in ended.err
    assert "hydra.sweep.subdir must stay as it is" in ended.err


@pytest.mark.weights
def test_missing_weights_are_told_once_and_before_any_video(
    study, warm_home, monkeypatch, ferbench_run
):
    monkeypatch.setenv("FERBENCH_MODELS", str(warm_home / "none"))
    given = ["runtime.fetch_weights=false", "runtime.measure=true", "tracking=files"]
    ended = ferbench_run(*on(study, annotated=False), *given)
    assert ended.code == 1
    assert ended.err.count("retinaface/mobilenet0.25_Final.pth is not in ") == 1
    (record,) = (warm_home / "mlruns" / "files").glob("*/*/run.json")
    assert (
        "retinaface/mobilenet0.25_Final.pth is not in none. It is "
        in json.loads(record.read_text())["tags"]["ferbench.error"]
    )


def without_a_reader(*arguments: str) -> None:
    """A command whose output nobody reads, as in ``ferbench run | head -1``."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "ferbench.app.main", "run", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="closes a pipe")
def test_a_reader_that_stops_early_is_no_error(home):
    without_a_reader("--help")


@pytest.mark.weights
@pytest.mark.skipif(sys.platform == "win32", reason="closes a pipe")
def test_a_reader_that_stops_early_ends_no_run(study, warm_home):
    without_a_reader(*on(study), "tracking=files")
    (record,) = (warm_home / "mlruns" / "files").glob("*/*/run.json")
    assert json.loads(record.read_text())["status"] == "finished"


@pytest.fixture
def signals() -> Iterator[None]:
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP")]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_ignored_signal_stays_ignored(signals):
    """``nohup ferbench run`` goes on when its terminal is closed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    heed_signals(lambda: None)
    os.kill(os.getpid(), signal.SIGHUP)
    with _stopped_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_repeated_signal_does_not_disturb_the_closing(signals):
    heed_signals(lambda: None)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    for again in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(os.getpid(), again)


@pytest.mark.weights
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_sweep_leaves_nothing_running(study, warm_home):
    shutil.rmtree(warm_home / ".ferbench" / "cache")
    overrides = [
        "-m",
        *on(study),
        "event.enter=0.5,0.6",
        "runtime.measure=true",
        "detector=mtcnn",
        "detector.min_face_px=10",
    ]
    command = [sys.executable, "-m", "ferbench.app.main", "run", *overrides]
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=study
    )
    try:
        _wait_for(
            lambda: sum(run.info.status == "RUNNING" for run in _runs_if_any(warm_home)) == 2,
            program,
        )
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=60)
    finally:
        program.kill()
    assert program.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert [run.info.status for run in all_runs(warm_home)] == ["FAILED", "FAILED"]


def _runs_if_any(root: Path) -> list:
    return all_runs(root) if (root / "mlruns" / "hydra").exists() else []


def _wait_for(condition, program, seconds=90.0):
    end = time.monotonic() + seconds
    while not condition():
        assert program.poll() is None, program.communicate()
        assert time.monotonic() < end
        time.sleep(0.2)


PREPARE = """
import sys
from pathlib import Path
from ferbench.tracking.mlflow_store import MlflowStore
print(MlflowStore(uri=None, root=Path(sys.argv[1])).prepare("study"))
"""


def test_processes_that_start_at_once_share_one_store(tmp_path):
    command = [sys.executable, "-c", PREPARE, str(tmp_path)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    both = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        for _ in range(2)
    ]
    answers = [program.communicate(timeout=120) for program in both]
    assert [program.returncode for program in both] == [0, 0], answers
    assert len({out.strip() for out, _ in answers}) == 1
    store = MlflowStore(uri=None, root=tmp_path)
    assert store.prepare("study") == answers[0][0].strip()
    assert [e.name for e in store.client.search_experiments()].count("study") == 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_creation_leaves_no_half_made_store(tmp_path):
    program = subprocess.Popen(
        [sys.executable, "-c", PREPARE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        _wait_for(
            lambda: any(
                p.suffix != ".lock" and p.stat().st_size for p in tmp_path.glob("*mlflow.db*")
            ),
            program,
        )
    finally:
        program.kill()
        program.communicate()
    assert not (tmp_path / "mlflow.db").exists()
    assert MlflowStore(uri=None, root=tmp_path).prepare("study")
    assert [path.name for path in tmp_path.glob(".mlflow.db*")] == []


@pytest.mark.weights
def test_each_run_starts_from_the_beginning(study, warm_home, ferbench_run):
    """What one run in a process chose or failed at is not there in the next."""
    assert ferbench_run("event.nonsense=1").code == 1
    assert (
        ferbench_run(*on(study), "event=windowed", "report.timelines=0", "tracking=none").code == 0
    )
    assert ferbench_run(*on(study), "report.timelines=0").code == 0
    assert all_runs(warm_home)[0].data.params["event"] == "hysteresis"


@pytest.mark.weights
def test_result_file_repeats_what_was_recorded(study, warm_home, ferbench_run):
    assert ferbench_run(*on(study), "report.timelines=0").code == 0
    (path,) = (warm_home / "mlruns" / "hydra" / "runs").rglob("result.json")
    result = json.loads(path.read_text())
    (run,) = all_runs(warm_home)
    assert (result["run_id"], result["error"], result["failed_sessions"]) == (
        run.info.run_id,
        "",
        [],
    )
    assert result["metrics"] == pytest.approx(run.data.metrics)
    assert result["params"] == run.data.params


def test_a_reason_of_many_cells_is_told_in_full_once_and_in_commands(
    tmp_path, home, ferbench_run, ferbench, monkeypatch
):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "a.mp4").touch()
    tail = "no network, or a mistyped address; " + "and so on " * 20

    def fail(*_, **__):
        raise WeightsError(
            Text("net.bin is not here: ", tail, Action("fetch_weights", "net.bin"), ".")
        )

    monkeypatch.setattr("ferbench.app.hydra.job.evaluate_settings", fail)
    given = (f"dataset.videos={tmp_path / 'videos'}", "event.enter=0.4,0.5,0.6", "tracking=files")
    ended = ferbench_run("-m", *given)
    assert ended.code == 1
    text = " ".join(ended.err.split())
    assert text.count("a mistyped address") == 1, ended.err
    assert text.count("net.bin is not here (see above)") == 2 + 3
    assert "ferbench models fetch net.bin." in text
    compared = ferbench("compare", "--uri", "files", "ferbench").err
    assert compared.count("ferbench models fetch net.bin.") == 1
    assert compared.count("net.bin is not here (see above)") == 2
    assert "fetch_weights(" not in compared + text
