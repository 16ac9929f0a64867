"""Stores other than the default one: plain files, and a server; and how a store is found."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zlib
from contextlib import contextmanager
from pathlib import Path

import pytest

from ferbench.errors import TrackingError
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.pages import page
from ferbench.tracking.query import open_store, other_runs, runs_of
from ferbench.tracking.record import Input, Record
from ferbench.tracking.store import PREDICTIONS_TAG, artifacts_beside
from ferbench.weights.digests import sha256_of
from ferbench.workflows.write_report import write_report
from helpers.reference import CHECKOUT

BOTH = ("mlflow", "files")


@pytest.fixture
def study(tmp_path, warm_root) -> list[str]:
    """Overrides that name two sessions (the same clip twice) with their annotations."""
    (tmp_path / "videos").mkdir()
    for name in ("anna", "ben"):
        shutil.copyfile(warm_root.clip, tmp_path / "videos" / f"{name}.mp4")
    (tmp_path / "smiles.csv").write_text("session,onset_s\nanna,0.6\nben,0.6\n")
    named = [f"dataset.videos={tmp_path}/videos", f"dataset.annotations={tmp_path}/smiles.csv"]
    return [*named, "signal.labels=[happiness]", "report.timelines=0"]


def read(root: Path) -> list[dict]:
    """Every run.json below the default folder, oldest first, read by nothing of ours."""
    found = [
        json.loads(path.read_text()) for path in (root / "mlruns" / "files").glob("*/*/run.json")
    ]
    return sorted(found, key=lambda about: about["started"])


# the store itself: what both kinds must do alike
# --------------------------------------------------------------------


@pytest.fixture(params=BOTH)
def store(request, tmp_path, warm_root):
    if request.param == "files":
        return FilesStore(folder=tmp_path / "records")
    warm_root.furnish(tmp_path, tables=False)
    return MlflowStore(uri=None, root=tmp_path)


def test_what_is_recorded_is_found_again(store, tmp_path):
    experiment = store.prepare("my study: ../1 %41")
    assert store.prepare("my study: ../1 %41") == experiment
    assert store.experiments().get(experiment, "my study: ../1 %41") == "my study: ../1 %41"
    sweep = store.start(experiment, "sweep", kind="sweep")
    cell = store.start(experiment, "cell é", kind="cell", parent=sweep)
    (tmp_path / "artifacts" / "inner").mkdir(parents=True)
    (tmp_path / "artifacts" / "inner" / "table.csv").write_text("a\n1\n")
    record = Record(
        params={"event": "hysteresis"},
        tags={"ferbench.device": "cpu"},
        metrics={"event/f1": 0.1 + 0.2},
        inputs=tuple(
            Input(name=name, sha256=digest * 32, kind=kind)
            for name, digest, kind in (("é 1.mp4", "ab", "video"), ("a.csv", "cd", "annotations"))
        ),
        artifacts=tmp_path / "artifacts",
        failed=False,
    )
    (running,) = store.search([experiment], kind="cell")
    assert running.state == "running"
    store.log(cell, record)
    store.log_files(sweep, [tmp_path / "artifacts" / "inner" / "table.csv"], "predictions/abc")
    store.log_numbers(
        sweep, params={}, metrics={"sweep/cells": 1.0}, tags={PREDICTIONS_TAG: "abc,def"}
    )
    store.end(sweep, failed=True)
    (found,) = store.search([experiment], parent=sweep)
    assert (found.run_id, found.name, found.kind, found.parent) == (cell, "cell é", "cell", sweep)
    assert (found.state, found.params, found.metrics) == ("finished", record.params, record.metrics)
    assert found.tags["ferbench.device"] == "cpu"
    assert sorted(store.inputs(cell), key=str) == sorted(record.inputs, key=str)
    assert store.inputs(sweep) == ()
    assert time.time() - 600 < found.started_unix_s < time.time() + 1
    assert {row.run_id: row.state for row in store.search([experiment])} == {
        sweep: "failed",
        cell: "finished",
    }
    assert [row.run_id for row in store.search([experiment], kind="sweep", limit=1)] == [sweep]
    assert store.search([experiment], parent=cell) == []
    assert store.logged_predictions(experiment) == {"abc", "def"}
    assert (Path(store.location(cell)) / "inner" / "table.csv").read_text() == "a\n1\n"
    assert (Path(store.location(sweep)) / "predictions" / "abc" / "table.csv").is_file()
    assert runs_of(store, cell[:8]).runs == runs_of(store, None).runs
    with store.artifacts(cell, only=["inner", "nothing"]) as folder:
        assert (folder / "inner" / "table.csv").read_text() == "a\n1\n"
    beside = Path(store.location(sweep)) / artifacts_beside(cell)
    assert beside.samefile(store.location(cell))


def test_a_long_choice_is_recorded_and_told_from_others(store):
    """500 sessions by name are more than MLflow takes for one param."""
    experiment = store.prepare("study")
    names = ",".join(f"participant {n:03} session 1" for n in range(500))
    for value in (names + "1", names + "2"):
        run_id = store.start(experiment, "run", kind="run")
        store.log_numbers(run_id, params={"dataset.only_sessions": value}, metrics={}, tags={})
    found = {row.params["dataset.only_sessions"] for row in store.search([experiment])}
    assert len(found) == 2
    assert all(value.startswith(names[:5000]) for value in found)


def test_newest_first(store):
    experiment = store.prepare("study")
    made = []
    for name in ("a", "b", "c"):
        made.append(store.start(experiment, name, kind="run"))
        time.sleep(0.002)  # MLflow counts milliseconds
    assert [row.run_id for row in store.search([experiment])] == made[::-1]
    assert [row.run_id for row in store.search([experiment], limit=2)] == made[:0:-1]


def test_a_sweep_is_shown_before_a_newer_run(store):
    experiment = store.prepare("study")
    sweep = store.start(experiment, "a sweep", kind="sweep")
    cell = store.start(experiment, "a cell", kind="cell", parent=sweep)
    time.sleep(0.002)
    alone = store.start(experiment, "alone", kind="run")
    found = runs_of(store, None)
    assert (found.what, [row.run_id for row in found.runs]) == ("a sweep", [cell])
    assert found.where.startswith(f"sweep {sweep[:8]} of experiment study, ")
    assert {row.run_id for row in runs_of(store, "study").runs} == {cell, alone}
    assert [row.run_id for row in runs_of(store, "alone").runs] == [alone]
    with pytest.raises(
        TrackingError, match="no run, sweep or experiment 'nothing'; experiments: study; "
    ):
        runs_of(store, "nothing")


def view_of(store, experiment, key):
    """A saved view of MLflow's, read as its pages read it."""
    tags = store.client.get_experiment(experiment).tags
    packed = json.loads(tags[f"mlflow.sharedViewState.{key}"])["state"].removeprefix("deflate;")
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def test_pages_open_at_the_newest_sweep(tmp_path, warm_root):
    warm_root.furnish(tmp_path, tables=False)
    store = MlflowStore(uri=None, root=tmp_path)
    experiment = store.prepare("study")
    store.start(experiment, "alone", kind="run")
    assert page(store, 5000, "a-key").endswith("viewStateShareKey=ferbench")
    sweep = store.start(experiment, "a sweep", kind="sweep")
    store.show_sweep(experiment, sweep, ("event", "event.enter"))
    assert store.views(experiment) == {"ferbench", "ferbench-sweep"}
    assert page(store, 5000, "a-key").endswith("viewStateShareKey=ferbench-sweep")
    view = view_of(store, experiment, "ferbench-sweep")
    assert view["searchFilter"] == f"tags.`mlflow.parentRunId` = '{sweep}'"
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`event/f1`", False)
    assert view["selectedColumns"][:7] == [
        *(f"metrics.`event/f1{end}`" for end in ("", ".chance", ".p", ".lo", ".hi")),
        *("params.`event`", "params.`event.enter`"),
    ]


# plain files
# -------------------------------------------------------------------------------------------------


def test_experiment_names_are_one_folder_each(tmp_path):
    store = FilesStore(folder=tmp_path)
    names = ("a b", "a_b", "a/b", "..", ".", "50%", "ü", "[x]*?")
    ids = [store.prepare(name) for name in names]
    for identifier in ids:
        store.end(store.start(identifier, "run", kind="run"), failed=False)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(ids)
    assert store.experiments() == dict(zip(ids, names, strict=True))
    assert all(len(store.search([identifier])) == 1 for identifier in ids)


def test_a_damaged_record_is_left_out_and_told(tmp_path, caplog):
    store = FilesStore(folder=tmp_path)
    experiment = store.prepare("study")
    good, bad = (store.start(experiment, name, kind="run") for name in ("good", "bad"))
    (tmp_path / experiment / bad / "run.json").write_text('{"id": ')
    assert [row.run_id for row in store.search([experiment])] == [good]
    assert f"{bad}/run.json is no record of a run" in caplog.text


def test_an_interrupted_write_keeps_the_old_record(tmp_path, monkeypatch):
    store = FilesStore(folder=tmp_path)
    experiment = store.prepare("study")
    run_id = store.start(experiment, "run", kind="run")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TrackingError, match="cannot be used: No space left on device"):
        store.end(run_id, failed=False)
    monkeypatch.undo()
    assert [row.state for row in store.search([experiment])] == ["running"]
    assert [p.name for p in (tmp_path / experiment / run_id).iterdir()] == ["run.json"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(TrackingError, match=r"records .*file.* cannot be used: .*tracking\.folder"):
        FilesStore(folder=tmp_path / "file").prepare("study")


@pytest.mark.weights
def test_a_run_and_a_sweep_as_files(study, warm_home, ferbench_run):
    (warm_home / "mlflow.db").unlink()
    ended = ferbench_run(*study, "tracking=files")
    assert ended.code == 0, ended.err
    (run,) = read(warm_home)
    assert (
        f"run {run['id'][:8]}: {warm_home}/mlruns/files/ferbench/{run['id']}/artifacts" in ended.out
    )
    assert (run["kind"], run["status"], run["parent"], run["metrics"]["event/f1"]) == (
        "run",
        "finished",
        "",
        1,
    )
    assert run["started"] < run["ended"]
    videos = [item for item in run["inputs"] if item["kind"] == "video"]
    assert {item["sha256"] for item in videos} == {
        sha256_of(warm_home.parent / "videos" / "anna.mp4")
    }
    assert (warm_home / "mlruns/files/ferbench" / run["id"] / "artifacts" / "events.csv").is_file()
    ended = ferbench_run("-m", *study, "tracking=files", "event.enter=0.5,0.1,0.6")
    assert ended.code == 1
    _, sweep, *cells = read(warm_home)
    assert (sweep["kind"], sweep["status"], len(cells)) == ("sweep", "failed", 3)
    assert {cell["parent"] for cell in cells} == {sweep["id"]}
    assert sorted(cell["status"] for cell in cells) == ["failed", "finished", "finished"]
    assert (sweep["metrics"]["sweep/cells"], sweep["metrics"]["sweep/failed"]) == (2, 1)
    artifacts = warm_home / "mlruns/files/ferbench" / sweep["id"] / "artifacts"
    tables = {"compare.csv", "counts.csv", "overrides.txt"}
    assert {p.name for p in artifacts.iterdir()} == {*tables, "report.html"}
    tables = list((warm_home / "mlruns/files").glob("*/*/artifacts/predictions/*/*.parquet"))
    assert len(tables) == 1, "the first run has them, the sweep does not log them again"
    assert not (warm_home / "mlflow.db").exists()
    found = runs_of(open_store(None, root=warm_home), None)
    assert {row.run_id for row in found.runs} == {cell["id"] for cell in cells}


@pytest.mark.slow
@pytest.mark.weights
def test_files_need_no_mlflow(study, warm_home):
    script = (
        "import runpy, sys\n"
        "sys.modules['mlflow'] = None\n"
        f"sys.argv = ['run.py', *{[*study, 'tracking=files']!r}]\n"
        f"runpy.run_path({str(CHECKOUT / 'run.py')!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [run["status"] for run in read(warm_home)] == ["finished"]


# which store
# -------------------------------------------------------------------------------------------------


def test_a_store_is_opened_and_never_created(tmp_path, warm_root):
    with pytest.raises(TrackingError, match="holds no runs of ferbench yet"):
        open_store(None, root=tmp_path)
    for uri in (f"sqlite:///{tmp_path}/gone.db", str(tmp_path / "gone"), "files", str(tmp_path)):
        with pytest.raises(TrackingError, match=r"there is no store at .*expected sqlite:///"):
            open_store(uri, root=tmp_path)
    assert list(tmp_path.iterdir()) == []
    default, other = (
        FilesStore(folder=tmp_path / "mlruns" / "files"),
        FilesStore(folder=tmp_path / "other"),
    )
    for store in (default, other):
        store.start(store.prepare("study"), "run", kind="run")
    assert (
        open_store(None, root=tmp_path).uri == open_store("files", root=tmp_path).uri == default.uri
    )
    assert open_store(str(tmp_path / "other"), root=tmp_path).uri == other.uri
    assert other_runs(default, root=tmp_path) == ""
    warm_root.furnish(tmp_path, tables=False)
    database = f"sqlite:///{tmp_path}/mlflow.db"
    assert (
        open_store(None, root=tmp_path).uri == open_store(database, root=tmp_path).uri == database
    )
    assert open_store(str(tmp_path / "mlflow.db"), root=tmp_path).uri == database
    assert "ferbench.compare(uri='files')" in other_runs(
        open_store(None, root=tmp_path), root=tmp_path
    )


# a server
# -------------------------------------------------------------------------------------------------


@contextmanager
def server(folder: Path):
    """A real MLflow server on the loopback address; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    places = [
        "--backend-store-uri",
        f"sqlite:///{folder}/server.db",
        "--artifacts-destination",
        f"{folder}/served",
    ]
    environment = {
        **os.environ,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "DO_NOT_TRACK": "true",
    }
    with (folder / "server.log").open("wb") as log:
        program = subprocess.Popen(
            [*command, *places], stdout=log, stderr=log, env=environment, start_new_session=True
        )
        try:
            end = time.monotonic() + 120
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                    break
                except OSError:
                    assert program.poll() is None, (folder / "server.log").read_text()
                    assert time.monotonic() < end
                    time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(program.pid, signal.SIGTERM)
            program.wait(timeout=30)


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_run_and_a_sweep_on_a_server(study, warm_home, warm_root, tmp_path, ferbench_run):
    (warm_home / "mlflow.db").unlink()
    shutil.copyfile(warm_root.root / "mlflow.db", tmp_path / "server.db")
    with server(tmp_path) as address:
        alone = ferbench_run(*study, f"tracking.uri={address}", "tracking.experiment=alone")
        assert alone.code == 0, alone.err
        assert f"{address}/#/experiments/" in alone.out
        ended = ferbench_run("-m", *study, f"tracking.uri={address}", "event.enter=0.5,0.6")
        assert ended.code == 0, ended.err
        assert (
            ferbench_run("-m", *study, f"tracking.uri={address}", "event.enter=0.1,0.2").code == 1
        )
        store = open_store(address, root=warm_home)
        (ids,) = ([i] for i, name in store.experiments().items() if name == "ferbench")
        failed, sweep = store.search(ids, kind="sweep")
        assert (failed.state, sweep.state) == ("failed", "finished")
        assert [row.metrics["event/f1"] for row in store.search(ids, parent=sweep.run_id)] == [1, 1]
        broken = store.search(ids, parent=failed.run_id)
        assert [row.state for row in broken] == ["failed", "failed"]
        assert "exit" in broken[0].tags["ferbench.error"]
        assert [row.state for row in runs_of(store, None).runs] == ["finished", "finished"]
        from mlflow.artifacts import list_artifacts

        uri = store.client.get_run(sweep.run_id).info.artifact_uri
        assert uri.startswith("mlflow-artifacts:")
        listed = {f.path for f in list_artifacts(run_id=sweep.run_id, tracking_uri=address)}
        files = {"compare.csv", "counts.csv", "overrides.txt", "report.html"}
        assert {*files, "predictions"} <= listed
        written = write_report(sweep.run_id, out=tmp_path / "out", uri=address, root=warm_home)
        assert written.num_runs == 2
        shown = written.path.read_text(encoding="utf-8")
        assert '"sessions":[{"name":"anna"' in shown
        assert '"lists":[]' not in shown
    served = {p.name for p in (tmp_path / "served").rglob("*") if p.is_file()}
    assert {"compare.csv", "config.yaml", "events.csv", "anna.parquet"} <= served
    assert not (warm_home / "mlflow.db").exists()
    assert [p.name for p in (warm_home / "mlruns").iterdir()] == ["hydra"]
    gone = ferbench_run(*study, f"tracking.uri={address}", "tracking.patience_s=0")
    assert gone.code == 0, gone.err
    assert f"the store {address} does not answer" in gone.out + gone.err
    assert "1 record waiting in" in gone.out + gone.err
    assert "Traceback" not in gone.out + gone.err


def test_a_file_of_a_run(tmp_path):
    store = FilesStore(folder=tmp_path / "records")
    run = store.start(store.prepare("x"), "one", kind="run")
    (tmp_path / "counts.csv").write_text("a\n")
    store.log_files(run, [tmp_path / "counts.csv"], "")
    assert store.file(run, "counts.csv").read_text() == "a\n"
    with pytest.raises(TrackingError, match=r"has no other\.csv"):
        store.file(run, "other.csv")
