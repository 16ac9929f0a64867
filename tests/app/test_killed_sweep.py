"""A sweep that is killed at any moment, and the same command again: nothing is lost or open."""

from __future__ import annotations

import csv
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.store import DIED, ERROR_TAG, SUPERSEDED_TAG

SWEEP = [sys.executable, "-m", "ferbench.app.main", "run", "-m", "event.enter=0.3,0.5,0.7"]
OF_A_MACHINE = ("speed/", "work/")


@pytest.fixture
def study(clip, home, tmp_path) -> list[str]:
    """The command of a sweep of three cells over one video."""
    (tmp_path / "smiles.csv").write_text("session,onset_s\nsmile,0.6\n")
    named = [f"dataset.videos={clip.parent}", f"dataset.annotations={tmp_path}/smiles.csv"]
    plain = ["tracking=files", "report.timelines=0", "signal.labels=[happiness]"]
    return [*SWEEP, *named, *plain]


def results(cells) -> dict[str, dict[str, float]]:
    """Numbers of cells by name; those of a machine's speed are left out."""
    return {
        cell.name: {
            name: number
            for name, number in cell.metrics.items()
            if not name.startswith(OF_A_MACHINE)
        }
        for cell in cells
    }


def newest_table(root: Path) -> list[dict[str, str]]:
    sweep = max((root / "mlruns" / "hydra" / "sweeps").glob("*/*"))
    with (sweep / "counts.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def cells_of_newest(store: FilesStore) -> list:
    [sweep] = store.search(list(store.experiments()), kind="sweep", limit=1)
    return store.search([sweep.experiment_id], parent=sweep.run_id)


def kill_after(command: list[str], seconds: float) -> None:
    """Start a command, and kill it so many seconds after its sweep has a record."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        for line in process.stderr:
            if b"Launching" in line:
                break
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.stderr.read()


@pytest.mark.slow
@pytest.mark.weights
def test_killed_at_random_moments_and_started_again(study, home, tmp_path, monkeypatch):
    seconds = random.Random(16)
    store = FilesStore(folder=home / "mlruns" / "files")
    kill_after(study, 0.05)  # before its first cell is done
    for _ in range(3):
        kill_after(study, seconds.uniform(0.1, 1.5))
    died = [row for row in store.search(list(store.experiments())) if row.state == "running"]
    assert died
    ended = subprocess.run(study, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    rows = store.search(list(store.experiments()))
    counted = [row for row in rows if SUPERSEDED_TAG not in row.tags]
    assert sorted(row.kind for row in counted) == ["cell", "cell", "cell", "sweep"]
    assert {row.state for row in counted} == {"finished"}
    assert not any(ERROR_TAG in row.tags for row in counted)
    assert {row.tags[ERROR_TAG] for row in rows if row not in counted} <= {DIED}
    again, table = results(cells_of_newest(store)), newest_table(home)
    # Undisturbed, in a place of its own.
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("FERBENCH_HOME", str(other))
    ended = subprocess.run(study, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert again == results(cells_of_newest(FilesStore(folder=other / "mlruns" / "files")))
    assert table == newest_table(other)
    assert len(again) == 3
    for folder in (home, other):
        for path in folder.rglob("run.json"):
            json.loads(path.read_text())  # whole, whenever its writer was killed
