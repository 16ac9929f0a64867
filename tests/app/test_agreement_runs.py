"""``ferbench agreement`` over recorded runs: each run is a model."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from ferbench.tracking.mlflow_store import MlflowStore

pytestmark = pytest.mark.weights
FORMS = ["square_margin", "box"]
HAPPY = "signal.labels=[happiness]"


@pytest.fixture
def study(tmp_path, warm_root) -> Path:
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("anna", "ben"):
        shutil.copyfile(warm_root.clip, folder / f"{name}.mp4")
    return folder


def sweep(ferbench_run, study, *overrides) -> None:
    ended = ferbench_run(
        "-m", f"dataset.videos={study}", HAPPY, "preprocessing=square_margin,box", *overrides
    )
    assert ended.code == 0, ended.err


def store_of(home) -> MlflowStore:
    return MlflowStore(uri=None, root=home)


def rows_of(path) -> list[dict]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


SHORT = ("event=windowed", "event.segment_s=0.5", "event.run_s=0.1")


def test_a_sweep_with_the_windowed_rule(study, warm_home, ferbench_run, ferbench):
    sweep(ferbench_run, study, *SHORT)
    ended = ferbench("agreement", "--json")
    assert ended.code == 0, ended.err
    found = json.loads(ended.out)
    assert found["segments"]["models"] == sorted(FORMS)
    assert found["segments"]["segments_are"] == "the segments of the windowed rule"
    store = store_of(warm_home)
    (parent,) = store.search(list(store.experiments()), kind="sweep")
    cells = store.search([parent.experiment_id], parent=parent.run_id)
    for cell in cells:
        folder = Path(store.location(cell.run_id))
        onsets_s = [
            float(row["onset_s"])
            for row in rows_of(folder / "events.csv")
            if row["session"] == "anna"
        ]
        flags = found["segments"]["flags"]["anna"][cell.params["preprocessing"]]
        assert [k * 15 / 30 for k, flag in enumerate(flags) if flag] == pytest.approx(
            onsets_s
        )  # 15 rows at 30 Hz
        assert len(flags) == 36 // 15 + 1
    expressions = found["expressions"]
    assert sum(expressions["class_totals"]["box"]) <= 2 * 36
    pair = expressions["pairs"][0]
    assert 0 < pair["overall"] <= 1
    assert (
        sum(map(sum, pair["counts"]))
        + sum(pair["not_compared"][k] for k in ("first_only", "second_only", "neither"))
        == 72
    )
    assert "recorded on the sweep's run" in ended.err
    metrics = store.search([parent.experiment_id], kind="sweep")[0].metrics
    assert metrics["agree/expressions/box/square_margin"] == pair["overall"]
    assert metrics["agree/sessions"] == 2
    assert metrics["agree/overall_mean"] == metrics["agree/overall/box/square_margin"]
    artifacts = Path(store.location(parent.run_id)) / "agreement"
    assert {"agreement.csv", "segments.png", "expressions_box.png"} <= {
        path.name for path in artifacts.iterdir()
    }
    assert len(store.search([parent.experiment_id])) == 3  # no further run


def test_expressions_of_a_run_are_those_of_its_tables(
    study, warm_home, ferbench_run, ferbench, tmp_path
):
    """The same frames by another way: thesis CSVs of both preprocessings, compared as files."""
    sweep(ferbench_run, study, "event=hysteresis")
    runs = json.loads(ferbench("agreement", "--no-record", "--json").out)["expressions"]
    for form in FORMS:
        folder = tmp_path / "csv" / form
        ended = ferbench(
            "predict", study, "--preprocessing", form, "--format", "thesis", "--out", folder
        )
        assert ended.code == 0, ended.err
        for path in folder.glob("*.mini_xception.*.csv"):
            path.rename(tmp_path / "csv" / path.name.replace(".mini_xception.", f".{form}."))
    files = json.loads(ferbench("agreement", tmp_path / "csv", "--json").out)["expressions"]
    assert files["pairs"] == runs["pairs"]
    assert files["class_totals"] == runs["class_totals"]


def test_cells_with_the_same_predictions_are_one_model(study, warm_home, ferbench_run, ferbench):
    sweep(ferbench_run, study, "event=hysteresis", "event.enter=0.3,0.5,0.7")
    ended = ferbench("agreement", "--no-record")
    assert ended.code == 0, ended.err
    assert "note: 6 runs with 2 sets of predictions" in ended.err
    lines = [line.split() for line in ended.out.splitlines()]
    shares = lines.index(["share", "lowest", "median", "highest", "pairs"])
    assert [line[-1] for line in lines[shares + 1 : shares + 3]] == ["30", "30"]
    assert "6 enter=0.7 square_margin" in " ".join(ended.out.split())
    found = json.loads(ferbench("agreement", "--no-record", "--json").out)
    assert len(found["segments"]["models"]) == 6
    assert found["expressions"]["models"] == sorted(FORMS)
    assert len(found["expressions"]["pairs"]) == 2
    named = ferbench("agreement", "--no-record", "--json", "--models", "box")
    only = json.loads(named.out)
    assert "segments" not in only
    assert only["expressions"]["models"] == ["box"]
    assert ferbench("agreement", "--out", study / "tables").code == 0
    pictures = {path.name for path in (study / "tables").glob("expressions_*.png")}
    assert pictures == {"expressions_box.png", "expressions_square_margin.png"}


def test_runs_with_other_rules_are_cut_by_time(study, warm_home, ferbench_run, ferbench):
    ended = ferbench_run(
        "-m", f"dataset.videos={study}", HAPPY, "event=windowed,hysteresis", "event.enter=0.4,0.99"
    )
    assert ended.code == 0, ended.err
    ended = ferbench("agreement", "--segment", 0.5, "--no-record")
    assert ended.code == 0, ended.err
    assert (
        "stretches of 0.5 s from each session's start, flagged where an event begins" in ended.out
    )
    assert "recorded" not in ended.err
    found = json.loads(ferbench("agreement", "--segment", 0.5, "--no-record", "--json").out)[
        "segments"
    ]
    assert set(found["models"]) == {
        f"{rule} enter={level}" for rule in ("windowed", "hysteresis") for level in (0.4, 0.99)
    }
    assert {len(own) for own in found["flags"]["anna"].values()} == {3}  # 1.2 s
    assert found["flags"]["anna"]["hysteresis enter=0.4"] == [0, 1, 0]
    assert found["flags"]["anna"]["windowed enter=0.4"] == [1, 0, 0]
    wrong = ferbench("agreement", "--segment", 0)
    assert wrong.code == 1
    assert "expected a finite number of seconds above 0, got 0.0" in wrong.err


def test_an_experiment_in_plain_files(study, warm_home, ferbench_run, ferbench):
    for form in FORMS:
        run = (f"dataset.videos={study}", HAPPY, f"preprocessing={form}", *SHORT, "tracking=files")
        assert ferbench_run(*run).code == 0
    ended = ferbench("agreement", "ferbench", "--uri", "files")
    assert ended.code == 0, ended.err
    assert "agreement on segments: 2 sessions" in ended.out
    assert "recorded on run " in ended.err
    again = ferbench("agreement", "ferbench", "--uri", "files", "--json", "--no-record")
    assert json.loads(again.out)["segments"]["models"] == sorted(
        FORMS
    )  # the recorded agreement is no model
    compared = ferbench("compare", "ferbench", "--uri", "files", "--json")
    assert len(json.loads(compared.out)["runs"]) == 2


def test_sessions_that_failed_are_told_for_each_run(study, warm_home, ferbench_run, ferbench):
    (study / "cem.mp4").write_text("no video\n")
    forms = "preprocessing=square_margin,box"
    assert ferbench_run("-m", f"dataset.videos={study}", HAPPY, forms, *SHORT).code == 1
    ended = ferbench("agreement", "--no-record")
    assert ended.code == 0, ended.err
    for form in FORMS:
        assert f"note: {form}: 1 failed session left out: cem" in ended.err


def test_without_tables_there_are_segments_only(study, warm_home, ferbench_run, ferbench):
    sweep(ferbench_run, study, *SHORT, "tracking.predictions=none")
    ended = ferbench("agreement", "--no-record", "--json")
    found = json.loads(ended.out)
    assert "expressions" not in found
    assert "stretches of 5 s" in found["segments"]["segments_are"]
    assert (
        "no expressions of square_margin, box: the tables of predictions are not recorded"
        in found["notes"]
    )


def test_imported_files_are_recorded_when_asked(warm_home, ferbench, tmp_path):
    (tmp_path / "Results.csv").write_text(
        "10001,1,A,retinaface,1,0,1\r\n10001,1,B,retinaface,0,0,0\r\n"
    )
    ended = ferbench("agreement", tmp_path / "Results.csv", "--record")
    assert ended.code == 0, ended.err
    store = store_of(warm_home)
    (row,) = store.search(list(store.experiments()), kind="agreement")
    assert row.state == "finished"
    assert row.name == "agreement of Results.csv"
    assert row.metrics == {
        "agree/sessions": 1.0,
        "agree/models": 2.0,
        "agree/undefined": 1.0,
        "agree/overall_mean": 0.5,
        "agree/overall/A/B": 0.5,
        "agree/true_mean": 0.0,
        "agree/true/B/A": 0.0,
        "agree/false_mean": 0.75,
        "agree/false/A/B": 0.5,
        "agree/false/B/A": 1.0,
    }
    nothing = ferbench("agreement", tmp_path / "Results.csv")
    assert nothing.code == 0
    assert len(store.search(list(store.experiments()))) == 1
    compared = ferbench("compare")
    assert compared.code == 1
    assert "holds no runs yet" in compared.err


def test_there_are_no_runs(warm_home, ferbench):
    ended = ferbench("agreement")
    assert ended.code == 1
    assert "start with 'ferbench run'" in ended.err
