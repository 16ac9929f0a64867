"""Sweeps with each launcher, in processes of their own as a user starts them, on a store that is
not there yet.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from ferbench.app.hydra.launch import number_of_values, share_processors, split_overrides
from ferbench.errors import TrackingError
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.record import Input

LAUNCHERS = {
    "basic": [],
    "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=4"],
    "submitit_local": ["hydra/launcher=submitit_local"],
}


@pytest.fixture
def study(tmp_path, warm_root) -> list[str]:
    (tmp_path / "videos").mkdir()
    shutil.copyfile(warm_root.clip, tmp_path / "videos" / "anna.mp4")
    (tmp_path / "smiles.csv").write_text("session,onset_s\nanna,0.6\n")
    named = [f"dataset.videos={tmp_path}/videos", f"dataset.annotations={tmp_path}/smiles.csv"]
    return [*named, "signal.labels=[happiness]", "report.timelines=0"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ferbench.app.main", "run", "-m", *arguments]


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.parametrize(
    ("launcher", "values"),
    [("basic", (0.1, 0.5)), ("joblib", (0.1, 0.4, 0.5, 0.6)), ("submitit_local", (0.1, 0.5))],
)
def test_cells_on_a_fresh_store(launcher, values, study, warm_home):
    """Every cell in its place; the two that cannot be are told, and the exit code says so."""
    if launcher == "submitit_local":
        pytest.importorskip("submitit")  # an extra
    (warm_home / "mlflow.db").unlink()
    sweep = [
        "preprocessing=box,square_margin",
        "event.enter=" + ",".join(map(str, values)),
        *LAUNCHERS[launcher],
    ]
    done = subprocess.run(
        command(*study, *sweep, "tracking.experiment=study"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    expected = {f"{crop} enter={enter}" for crop in ("box", "square_margin") for enter in values}
    ends_well = len(expected) - 2
    assert f"this sweep: {ends_well} runs, sorted by event/f1" in done.stdout
    for number, name in ((0, "box"), (len(values), "square_margin")):
        assert f"failed: cell {number} ({name} enter=0.1): " in done.stderr
    store = MlflowStore(uri=None, root=warm_home)
    assert list(store.experiments().values()) == ["study"]
    runs = store.search(list(store.experiments()))
    (parent,) = (run for run in runs if run.kind == "sweep")
    cells = [run for run in runs if run.kind == "cell"]
    assert len(runs) == len(expected) + 1
    assert {cell.parent for cell in cells} == {parent.run_id}
    assert {cell.name for cell in cells} == expected
    states = {cell.name: cell.state for cell in cells}
    assert {name for name, state in states.items() if state == "failed"} == {
        "box enter=0.1",
        "square_margin enter=0.1",
    }
    assert all(cell.tags["ferbench.error"] for cell in cells if cell.state == "failed")
    good = [cell for cell in cells if cell.state == "finished"]
    assert len(good) == ends_well
    assert all(cell.metrics["work/frames_decoded"] == 0 for cell in good)
    assert {(c.params["preprocessing"], c.params["event.enter"]) for c in good} == {
        tuple(c.name.replace("enter=", "").split()) for c in good
    }
    assert (parent.metrics["sweep/cells"], parent.metrics["sweep/failed"], parent.state) == (
        ends_well,
        2,
        "failed",
    )
    tables = list((warm_home / "mlruns" / "artifacts").rglob("*.parquet"))
    assert len(tables) == 2, "one table per preprocessing, whoever was first"
    assert all(path.is_relative_to(store.location(parent.run_id)) for path in tables)
    for cell in good:
        assert (Path(store.location(cell.run_id)) / "events.csv").is_file()


@pytest.mark.slow
@pytest.mark.weights
def test_cells_of_submitit_are_those_of_a_serial_sweep(study, home, tmp_path):
    """From nothing: each cell makes what it misses, and all have one sweep."""
    pytest.importorskip("submitit")  # an extra
    sweep = ["preprocessing=box,square_margin", "event.enter=0.4,0.5", "tracking=files"]
    found = {}
    for launcher in ("basic", "submitit_local"):
        root = tmp_path / launcher
        root.mkdir()
        subprocess.run(
            command(*study, *sweep, *LAUNCHERS[launcher]),
            env={**os.environ, "FERBENCH_HOME": str(root)},
            capture_output=True,
            check=True,
        )
        runs = FilesStore(folder=root / "mlruns" / "files").search(["ferbench"])
        [parent] = [run.run_id for run in runs if run.kind == "sweep"]
        cells = [run for run in runs if run.kind == "cell"]
        assert {(cell.parent, cell.state) for cell in cells} == {(parent, "finished")}
        found[launcher] = {cell.name: (cell.params, numbers(cell.metrics)) for cell in cells}
    assert len(found["basic"]) == 4
    assert found["basic"] == found["submitit_local"]


def numbers(metrics: dict[str, float]) -> dict[str, float]:
    """Those that are not of a machine's speed, or of who did what."""
    of_a_machine = ("speed/", "work/", "run/")
    return {name: value for name, value in metrics.items() if not name.startswith(of_a_machine)}


def log_inputs_at_once(root: Path, experiment: str, barrier, failures) -> None:
    """In a process of its own: log inputs that the others log at the same moment."""
    store, lost = MlflowStore(uri=None, root=root), []
    for number in range(10):
        run = store.start(experiment, f"run {number}", kind="run")
        video = Input(name=f"{number}.mp4", sha256=f"{number:064d}", kind="video")
        barrier.wait()
        try:
            store.log_inputs(run, (video,))
        except TrackingError as error:
            lost.append(str(error))
    failures.put(lost)


@pytest.mark.slow
def test_cells_that_log_the_same_inputs_at_once_lose_none(warm_home):
    context = multiprocessing.get_context("spawn")
    store = MlflowStore(uri=None, root=warm_home)
    experiment, barrier, failures = store.prepare("race"), context.Barrier(4), context.Queue()
    cells = [
        context.Process(target=log_inputs_at_once, args=(warm_home, experiment, barrier, failures))
        for _ in range(4)
    ]
    for cell in cells:
        cell.start()
    assert [failures.get(timeout=120) for _ in cells] == [[], [], [], []]
    for cell in cells:
        cell.join()


@pytest.fixture
def long_sweep(
    study, warm_home, warm_root, tmp_path
) -> Iterator[tuple[subprocess.Popen, FilesStore]]:
    """A sweep with two workers that has just started two cells, which take long.

    And its records.
    """
    for number in range(40):
        shutil.copyfile(warm_root.clip, tmp_path / "videos" / f"{number}.mp4")
    sweep = [
        "event.enter=0.4,0.5,0.6",
        "runtime.measure=true",
        "tracking=files",
        "detector=mtcnn",
        "detector.min_face_px=10",
    ]
    program = subprocess.Popen(
        command(*study, *sweep, "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )
    store = FilesStore(folder=warm_home / "mlruns" / "files")
    try:
        end = time.monotonic() + 120
        while sum(run.kind == "cell" for run in store.search(["ferbench"])) < 2:
            assert program.poll() is None, program.communicate()
            assert time.monotonic() < end
            time.sleep(0.1)
        yield program, store
    finally:
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupted_parallel_sweep_leaves_nothing_open(long_sweep):
    program, store = long_sweep
    program.send_signal(signal.SIGTERM)  # to the parent only, as a time limit does
    _, err = program.communicate(timeout=60)
    assert program.returncode == 130, err
    assert "interrupted" in err
    runs = store.search(["ferbench"])
    assert {run.state for run in runs} == {"failed"}
    (parent,) = (run for run in runs if run.kind == "sweep")
    assert parent.tags["ferbench.ended_by"] == "interrupted"


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker by /proc")
def test_a_killed_worker_is_told_and_leaves_nothing_open(long_sweep):
    program, store = long_sweep
    workers = [
        int(pid)
        for pid in Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
    ]
    worker = next(
        pid for pid in workers if b"popen_loky" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(worker, signal.SIGKILL)
    _, err = program.communicate(timeout=60)
    assert program.returncode == 1, err
    assert "a cell's process was ended from outside" in err
    assert "Traceback" not in err
    assert {run.state for run in store.search(["ferbench"])} == {"failed"}


def overrides(*lines: str) -> list:
    return OverridesParser.create().parse_overrides(list(lines))


def test_swept_overrides_and_the_keys_of_the_others():
    swept, shared = split_overrides(
        ["event.enter=0.1,0.2", "runtime.measure=true", "+extra=1"], {"detector": "choice(a,b)"}
    )
    assert [override.input_line for override in swept] == [
        "event.enter=0.1,0.2",
        "detector=choice(a,b)",
    ]
    assert shared == ["runtime.measure", "+extra"]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("a=1,2,3", 3),
        ("a=choice(x,y)", 2),
        ("a=range(0,1,0.25)", 4),
        ("selector=glob(*)", 4),
        ("a=interval(0,1)", 1),
    ],
)
def test_number_of_values(line, number, monkeypatch):
    monkeypatch.setattr("ferbench.app.hydra.launch.choices_of", lambda _: ["a", "b", "c", "d"])
    assert number_of_values(overrides(line)[0]) == number


@pytest.mark.parametrize(
    ("given", "line", "batch", "threads"),
    [
        (None, "a=1,2,3,4,5,6,7,8,9", 8, "1"),
        (None, "a=1,2", 8, "4"),
        (2, "a=1,2,3,4,5,6,7,8,9", 2, "4"),
    ],
)
def test_local_cells_share_the_processors(given, line, batch, threads, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    target = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.LocalLauncher"
    config = OmegaConf.create(
        {"hydra": {"launcher": {"_target_": target}, "sweeper": {"max_batch_size": given}}},
        flags={"readonly": True},
    )
    share_processors(config, overrides(line))
    assert config.hydra.sweeper.max_batch_size == batch
    assert os.environ["OMP_NUM_THREADS"] == threads
    monkeypatch.delenv("OMP_NUM_THREADS")


def test_results_of_cells_name_their_state(study, warm_home, ferbench_run):
    """What a worker leaves is all that its sweep knows of it."""
    ended = ferbench_run("-m", *study, "tracking=none", "event.enter=0.1,0.5")
    assert ended.code == 1
    cells = sorted((warm_home / "mlruns" / "hydra" / "sweeps").rglob("result.json"))
    first, second = (json.loads(path.read_text()) for path in cells)
    assert "exit" in first["error"]
    assert second["error"] == ""
    assert second["tags"]["ferbench.videos_sha"]
