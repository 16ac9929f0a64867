"""A tracking server that goes away: what is recorded waits on disk, and arrives once."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from soak.servers import MlflowServer

from ferbench.errors import TrackingError
from ferbench.rights import umask
from ferbench.secret_texts import keep_name, keep_secret
from ferbench.tracking import presence
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.query import runs_of
from ferbench.tracking.queued_store import QueuedStore
from ferbench.tracking.record import Input, Record
from ferbench.tracking.settings import MlflowTracking
from ferbench.tracking.store import CELL_TAG, ERROR_TAG, SUPERSEDED_TAG, names_of
from ferbench.workflows.doctor_outbox import check_outbox
from ferbench.workflows.sync import sync, waiting_records
from ferbench.workflows.tidy_runs import look_at_runs
from ferbench.workflows.tracked_sweep import TrackedSweep
from helpers.gate import Gate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(warm_root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    shutil.copyfile(warm_root.root / "mlflow.db", folder / "server.db")
    server = MlflowServer(folder=folder, database=f"sqlite:///{folder}/server.db")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def gate(server):
    gate = Gate(server.port)
    yield gate
    gate.close()


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(presence, "_PAUSES_S", (0.0, 0.0))
    return tmp_path


def store_of(gate, root):
    return QueuedStore(MlflowStore(uri=gate.address, root=root), patience_s=0)


def sweep_of(store, folder, *, experiment, cells=2):
    """Record a sweep as a run does: cells, their artifacts, a page with links to them."""
    experiment_id = store.prepare(experiment)
    sweep = store.start(experiment_id, "the sweep", kind="sweep")
    store.show_sweep(experiment_id, sweep, ())
    runs = []
    for number in range(cells):
        run = store.start(experiment_id, f"cell {number}", kind="cell", parent=sweep)
        artifacts = folder / f"artifacts{number}" / "tables"
        artifacts.mkdir(parents=True)
        (artifacts / "counts.csv").write_text(f"cell,{number}\n")
        (artifacts.parent / "kept.bin").write_bytes(bytes(range(256)))
        record = Record(
            params={"event.enter": str(number)},
            metrics={"event/f1": number / 8},
            tags={"speed.source": "measured"},
            inputs=(Input(name="a.mp4", sha256="ab" * 32, kind="video"),),
            artifacts=artifacts.parent,
            failed=number == 1,
        )
        store.log(run, record)
        runs.append(run)
    page = folder / "report.html"
    page.write_text("".join(f'<a href="../../{run}/artifacts/">' for run in runs))
    store.log_files(sweep, [page], "")
    store.log_numbers(
        sweep,
        params={},
        metrics={"sweep/cells": float(cells)},
        tags={"mlflow.note.content": f"#/experiments/{experiment_id}/runs/{runs[0]}"},
    )
    store.end(sweep, failed=False)
    return sweep, runs


def recorded(server, root, experiment):
    """Everything of an experiment as the server has it, without ids and times."""
    client = MlflowStore(uri=server.address, root=root).client
    found = client.get_experiment_by_name(experiment)
    runs = list(client.search_runs([found.experiment_id])) if found else []
    names = {run.info.run_id: run.info.run_name for run in runs}
    rows = []
    for run in runs:
        page = client.download_artifacts(run.info.run_id, "") if run.info.run_name else ""
        files = sorted(p for p in Path(page).rglob("*") if p.is_file())
        texts = {path.name: path.read_bytes() for path in files}
        for identifier, name in names.items():
            texts = {n: t.replace(identifier.encode(), name.encode()) for n, t in texts.items()}
        note = run.data.tags.get("mlflow.note.content", "")
        note = note.replace(f"experiments/{found.experiment_id}/", "experiments/ID/")
        for identifier, name in names.items():
            note = note.replace(identifier, name)
        rows.append(
            {
                "name": run.info.run_name,
                "status": run.info.status,
                "parent": names.get(run.data.tags.get("mlflow.parentRunId", ""), ""),
                "params": run.data.params,
                "metrics": run.data.metrics,
                "inputs": [each.dataset.name for each in run.inputs.dataset_inputs],
                "note": note,
                "files": texts,
                "is_in_order": run.info.start_time <= run.info.end_time,
            }
        )
    return sorted(rows, key=lambda row: row["name"])


def test_what_waited_is_what_would_have_been_recorded(server, gate, root, capsys):
    there = store_of(gate, root / "there")
    sweep_of(there, root / "a", experiment="there")
    assert waiting_records(root=root / "there") == []
    gate.open_for = 0
    begun_s = time.time()
    sweep, cells = sweep_of(store_of(gate, root), root / "b", experiment="away")
    ended_s = time.time()
    assert recorded(server, root, "away") == []
    waiting = waiting_records(root=root)
    assert [each.name for each in waiting] == ["the sweep", "cell 0", "cell 1"]
    assert [each.run_id for each in waiting] == [sweep, *cells]
    [finding] = check_outbox(root)
    assert finding.seen.startswith(f"3 records for {gate.address} since 20")
    away = sync(root=root)
    assert repr(away) == "SyncedRecords: 0 records delivered, 3 waiting"
    assert "does not answer" in away.waiting[0].reason
    gate.open_for = None
    time.sleep(1.1)  # times are those of the run, and not of its delivery
    assert repr(sync(root=root)) == "SyncedRecords: 3 records delivered, 0 waiting"
    expected = recorded(server, root, "there")
    assert recorded(server, root, "away") == expected
    assert expected[2]["files"]["report.html"] == (
        b'<a href="../../cell 0/artifacts/"><a href="../../cell 1/artifacts/">'
    )
    assert expected[2]["note"] == "#/experiments/ID/runs/cell 0"
    client = MlflowStore(uri=server.address, root=root).client
    for run in client.search_runs([client.get_experiment_by_name("away").experiment_id]):
        assert begun_s - 0.01 <= run.info.start_time / 1000 <= run.info.end_time / 1000 <= ended_s
    assert runs_of(MlflowStore(uri=server.address, root=root), sweep[:13]).what == "the sweep"
    assert repr(sync(root=root)) == "SyncedRecords: 0 records delivered, 0 waiting"
    assert recorded(server, root, "away") == expected
    assert check_outbox(root) == []


def test_it_is_nobody_elses_business(gate, root):
    gate.open_for = 0
    sweep_of(store_of(gate, root), root / "a", experiment="private")
    paths = list((root / "mlruns" / "outbox").rglob("*"))
    assert len(paths) > 20
    assert not any(path.stat().st_mode & umask() for path in paths)


@pytest.mark.parametrize("lost", ["runs/create", "runs/log-batch", "runs/update", "tables"])
def test_an_answer_that_is_lost_doubles_nothing(lost, server, gate, root):
    experiment = f"lost {lost.replace('/', ' ')}"
    there = store_of(gate, root / "there")
    sweep_of(there, root / "a", experiment=f"not {experiment}")
    gate.loses_answer_to = lost.encode()
    sweep_of(store_of(gate, root), root / "b", experiment=experiment)
    assert gate.loses_answer_to == b"", "the answer was lost"
    sync(root=root)
    assert waiting_records(root=root) == []
    assert recorded(server, root, experiment) == recorded(server, root, f"not {experiment}")


def test_a_delivery_that_breaks_off_goes_on(server, gate, root):
    gate.open_for = 0
    sweep_of(store_of(gate, root), root / "b", experiment="broken off")
    breaks = 0
    for lets_through in (1, 2, 4, 3, 5, 7, 6, 8, 100):
        gate.open_for = lets_through
        if sync(root=root).waiting:
            breaks += 1
    assert breaks >= 4
    rows = recorded(server, root, "broken off")
    assert [row["name"] for row in rows] == ["cell 0", "cell 1", "the sweep"]
    assert [row["status"] for row in rows] == ["FINISHED", "FAILED", "FINISHED"]
    assert [row["metrics"] for row in rows] == [
        {"event/f1": 0},
        {"event/f1": 0.125},
        {"sweep/cells": 2},
    ]


def test_two_deliveries_at_once_double_nothing(server, gate, root):
    gate.open_for = 0
    sweep_of(store_of(gate, root), root / "b", experiment="twice", cells=4)
    gate.open_for = None
    threads = [threading.Thread(target=sync, kwargs={"root": root}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = [row["name"] for row in recorded(server, root, "twice")]
    assert Counter(names) == Counter(["cell 0", "cell 1", "cell 2", "cell 3", "the sweep"])


def test_a_run_delivers_by_itself_what_waits(server, gate, root):
    """Also what another run left; and what goes away in the middle is whole in the end."""
    gate.open_for = 0
    left = store_of(gate, root)
    left.end(left.start(left.prepare("back"), "left", kind="run"), failed=False)
    store = store_of(gate, root)
    run = store.start(store.prepare("back"), "one", kind="run")
    gate.open_for = None
    store.log_numbers(run, params={}, metrics={"a": 1}, tags={})
    gate.open_for = 0
    store.log_numbers(run, params={"b": "x"}, metrics={}, tags={})
    gate.open_for = None
    store.end(run, failed=False)
    assert waiting_records(root=root) == []
    left_over, one = recorded(server, root, "back")
    assert (left_over["name"], left_over["status"]) == ("left", "FINISHED")
    assert (one["params"], one["metrics"], one["status"]) == ({"b": "x"}, {"a": 1}, "FINISHED")


def test_what_is_refused_is_kept_and_the_others_arrive(server, gate, root):
    gate.open_for = 0
    store = store_of(gate, root)
    experiment = store.prepare("refusing")
    bad = store.start(experiment, "bad", kind="run")
    store.log_numbers(bad, params={}, metrics={"no such name?*": 1.0}, tags={})
    store.end(bad, failed=False)
    store.end(store.start(experiment, "good", kind="run"), failed=False)
    gate.open_for = None
    synced = sync(root=root)
    assert [each.name for each in synced.delivered] == ["good"]
    [kept] = synced.waiting
    assert kept.run_id == bad
    assert "no such name?*" in kept.reason
    states = {row["name"]: row["status"] for row in recorded_open(server, root, "refusing")}
    assert states == {"bad": "RUNNING", "good": "FINISHED"}


def recorded_open(server, root, experiment):
    client = MlflowStore(uri=server.address, root=root).client
    found = client.get_experiment_by_name(experiment)
    return [
        {"name": run.info.run_name, "status": run.info.status}
        for run in client.search_runs([found.experiment_id])
    ]


def test_a_run_whose_end_waits_has_not_died(server, gate, root):
    store = store_of(gate, root)
    experiment = store.prepare("waits")
    run = store.start(experiment, "one", kind="run")
    gate.open_for = 0
    store.end(run, failed=False)
    gate.open_for = None
    other = QueuedStore(MlflowStore(uri=gate.address, root=root), patience_s=0)
    other.outbox.refuse(run, "for this test: it is not delivered by looking")
    assert other.unended([experiment]) == []
    assert run not in {each.row.run_id for each in look_at_runs(uri=gate.address, root=root)}
    assert [row["status"] for row in recorded_open(server, root, "waits")] == ["RUNNING"]


def test_secrets_and_names_do_not_wait(gate, root):
    """Who delivers what waits may be another process, which knows neither."""
    keep_secret("hunter2-Zq9")
    keep_name("Anna", "P-1f")
    store = store_of(gate, root)
    gate.open_for = 0
    run = store.start(store.prepare("masked"), "run of Anna", kind="run")
    numbers = {"dataset.annotator": "hunter2-Zq9"}
    store.log_numbers(run, params=numbers, metrics={}, tags={ERROR_TAG: "Anna: hunter2-Zq9"})
    waiting = "".join(path.read_text() for path in store.outbox.folder.rglob("entry.json"))
    assert "hunter2" not in waiting
    assert "Anna" not in waiting
    assert waiting.count("P-1f") == 2


def test_a_store_for_which_nothing_waits_is_told(gate, root):
    store = store_of(gate, root)
    gate.open_for = 0
    store.start(store.prepare("mistyped"), "one", kind="run")
    told = f"nothing waits for http://lab, but for {gate.address}"
    with pytest.raises(TrackingError, match=told):
        sync(uri="http://lab", root=root)
    assert [each.name for each in waiting_records(root=root)] == ["one"]


def test_a_sweep_goes_on_as_the_same_while_the_store_is_away_and_after(server, gate, root):
    tracking = MlflowTracking(uri=gate.address, experiment="again", patience_s=0.01)

    def goes_on_with(before):
        return TrackedSweep.start(tracking, root, name="s", experiment=None, before=before)

    gate.open_for = 0
    begun = goes_on_with("")
    cell = begun.store.start(begun.experiment_id, "a cell", kind="cell", parent=begun.run_id)
    begun.store.log_numbers(cell, params={}, metrics={}, tags={CELL_TAG: "digest"})
    begun.store.end(cell, failed=False)
    away = goes_on_with(begun.run_id)
    assert (away.run_id, away.goes_on, away.cells) == (begun.run_id, True, None)
    gate.open_for = None
    store_of(gate, root).end(away.run_id, failed=True)  # with what waited before it
    back = goes_on_with(begun.run_id)
    assert back.goes_on
    assert back.run_id == MlflowStore(uri=gate.address, root=root).find(begun.run_id) != ""
    (row,) = back.cells.values()
    assert names_of(row) == {row.run_id, cell}
    assert row.run_id != cell
    back.set_aside([cell])
    states = {row["name"]: row["status"] for row in recorded_open(server, root, "again")}
    assert states == {"s": "RUNNING", "a cell": "FINISHED"}
    assert SUPERSEDED_TAG not in back.store.search([back.experiment_id], kind="cell")[0].tags
    back.store.store.client.delete_run(back.run_id)
    new = goes_on_with(begun.run_id)
    assert not new.goes_on
    new.store.end(new.run_id, failed=True)


@pytest.mark.parametrize(
    "address",
    ["http://nobody.invalid:5000", "http://", "postgresql+nothing://127.0.0.1/x"],
)
def test_what_is_no_absence_is_told_at_once(address, root):
    with pytest.raises(TrackingError):
        QueuedStore(MlflowStore(uri=address, root=root)).prepare("x")
    assert waiting_records(root=root) == []


def test_another_server_is_told_at_once(root, server):
    address = f"{server.address}/health"
    with pytest.raises(TrackingError, match="opening in the MLflow store"):
        QueuedStore(MlflowStore(uri=address, root=root)).prepare("x")
