"""Runs whose process was killed: told by the doctor, not compared in silence, closed when asked."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ferbench.errors import TrackingError
from ferbench.owner import OWNER_TAG
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.store import ERROR_TAG
from ferbench.workflows.compare import compare
from ferbench.workflows.doctor_runs import check_runs
from ferbench.workflows.tidy_runs import close_dead, look_at_runs, tidy_runs
from ferbench.workflows.write_report import write_report

STARTS_RUNS = """
import sys
from pathlib import Path
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
root = Path(sys.argv[1])
for store in (MlflowStore(uri=None, root=root), FilesStore(folder=root / "mlruns" / "files")):
    experiment = store.prepare("study")
    sweep = store.start(experiment, "sweep", kind="sweep")
    done = store.start(experiment, "done", kind="cell", parent=sweep)
    numbers = {"metrics": {"event/f1": 0.5}, "params": {"event": "hysteresis"}, "tags": {}}
    store.log_numbers(done, **numbers)
    store.end(done, failed=False)
    half = store.start(experiment, "half", kind="cell", parent=sweep)
    numbers = {"metrics": {"event/f1": 0.9}, "params": {"event": "windowed"}, "tags": {}}
    store.log_numbers(half, **numbers)
    store.start(experiment, "nothing", kind="cell", parent=sweep)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root(home, warm_root):
    warm_root.furnish(home, tables=False)
    return home


@pytest.fixture
def killed(root):
    """A root in whose stores a killed process has left a sweep of three cells each."""
    with _process(root) as process:
        assert process.stdout.readline() == b"ready\n"
        process.kill()
    return root


def _process(root):
    program = [sys.executable, "-c", STARTS_RUNS, str(root)]
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def states(store) -> dict[str, str]:
    return {row.name: row.state for row in store.search(list(store.experiments()))}


def test_both_stores_are_tidied_and_only_once(killed):
    tidied = tidy_runs(root=killed)
    assert repr(tidied) == "TidiedRuns: 6 runs closed, 0 going on, 0 unknown"
    assert set(tidied.to_frame()["became"]) == {"closed"}
    for store in (MlflowStore(uri=None, root=killed), FilesStore(folder=killed / "mlruns/files")):
        ended = {"sweep": "failed", "done": "finished", "half": "failed", "nothing": "failed"}
        assert states(store) == ended
        reasons = [row.tags.get(ERROR_TAG, "") for row in store.search(list(store.experiments()))]
        assert sorted(reasons) == ["", *["its process ended without saying so"] * 3]
    assert not tidy_runs(root=killed).closed
    assert [finding.seen for finding in check_runs(killed)] == ["none died"]


def test_the_next_run_of_an_experiment_closes_what_died_there(killed):
    for store in (MlflowStore(uri=None, root=killed), FilesStore(folder=killed / "mlruns/files")):
        other = store.prepare("another")
        store.start(other, "goes on", kind="run")
        close_dead(store, other)
        assert states(store)["nothing"] == "running"
        close_dead(store, store.prepare("study"))
        ended = {"sweep": "failed", "done": "finished", "half": "failed", "nothing": "failed"}
        assert states(store) == {**ended, "goes on": "running"}


def test_a_run_that_ends_while_it_is_looked_at_stays_as_it_ended(killed):
    class EndsMeanwhile(FilesStore):
        def unended(self, experiment_ids):
            rows = super().unended(experiment_ids)
            for row in rows:
                if row.name == "half":
                    self.end(row.run_id, failed=False)
            return rows

    store = EndsMeanwhile(folder=killed / "mlruns" / "files")
    close_dead(store, store.prepare("study"))
    assert states(store)["half"] == "finished"
    assert states(store)["nothing"] == "failed"


def test_what_goes_on_is_left_alone(root):
    with _process(root) as process:
        assert process.stdout.readline() == b"ready\n"
        [finding] = check_runs(root)
        tidied = tidy_runs(root=root)
        with pytest.raises(TrackingError, match="nothing goes on: its process is there"):
            tidy_runs("nothing", root=root)
        process.kill()
    assert finding.seen == "none died; 6 runs going on"
    assert (len(tidied.closed), len(tidied.going_on)) == (0, 6)


def test_the_doctor_lists_what_died_and_says_what_closes_it(killed, ferbench):
    told = ferbench("doctor").out
    [line] = [line for line in told.splitlines() if " runs: " in line]
    assert line.startswith("note     runs: 6 runs died without saying so: ")
    assert line.endswith(" and 1 more")
    assert "-> ferbench runs tidy closes them" in told
    closed = ferbench("runs", "tidy")
    assert closed.code == 0
    assert closed.out.count("closed   cell ") == 4
    assert closed.out.endswith("6 runs closed\n")


def test_what_died_is_not_compared_in_silence(killed, ferbench, tmp_path):
    comparison = compare("sweep", root=killed)
    named = {row.name: comparison.states[row.run_id] for row in comparison.rows}
    assert named == {"done": "finished", "half": "died", "nothing": "died"}
    shown = ferbench("compare")
    assert "its process ended without saying so" in shown.out  # of the sweep
    assert shown.err.count("its process ended without saying so") == 2
    page = write_report("sweep", out=tmp_path / "page", root=killed)
    assert "its process ended without saying so" in page.path.read_text()
    tidy_runs(root=killed)
    comparison = compare("sweep", root=killed)
    named = {row.name: comparison.states[row.run_id] for row in comparison.rows}
    assert named == {"done": "finished", "half": "failed", "nothing": "failed"}
    shown = ferbench("compare")
    assert "its process ended without saying so" in shown.out
    assert shown.err.count("its process ended without saying so") == 2


def test_a_run_that_cannot_be_judged_is_told_and_closed_by_name_only(root, ferbench):
    store = FilesStore(folder=root / "mlruns" / "files")
    run_id = store.start(store.prepare("study"), "of a cluster", kind="run")
    path = store.folder / "study" / run_id / "run.json"
    about = json.loads(path.read_text())
    about["tags"][OWNER_TAG] = "0123456789ab 0123456789ab 12 345"
    path.write_text(json.dumps(about))
    [finding] = check_runs(root)
    assert finding.what == "runs elsewhere"
    assert "of a cluster" in finding.seen
    told = ferbench("runs", "tidy")
    assert "unknown  run          " in told.out
    assert "if one has died: ferbench runs tidy RUN" in told.err
    assert states(store) == {"of a cluster": "running"}
    with pytest.raises(TrackingError, match="'nobody' is no run that is still to be ended"):
        tidy_runs("nobody", root=root)
    tidied = tidy_runs(run_id[:8], root=root, uri="files")
    assert [run.row.name for run in tidied.closed] == ["of a cluster"]
    assert states(store) == {"of a cluster": "failed"}
    assert not look_at_runs(root=root)


def test_where_nothing_was_recorded_nothing_is_created(home):
    assert not tidy_runs(root=home).closed
    assert list(home.iterdir()) == []
