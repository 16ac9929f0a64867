"""The same command again after a sweep that did not come to its end: finished cells are kept."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from ferbench.app.hydra import job
from ferbench.places import records_dir
from ferbench.tracking.files_store import FilesStore
from ferbench.tracking.mlflow_store import MlflowStore
from ferbench.tracking.query import runs_of
from ferbench.tracking.store import ENDED_BY_TAG, ERROR_TAG, SUPERSEDED_TAG

OF_A_MACHINE = ("speed/", "work/")


@pytest.fixture
def videos(tmp_path, warm_root) -> Path:
    """A folder with the clip, which the cache of ``warm_home`` knows."""
    (tmp_path / "videos").mkdir()
    shutil.copyfile(warm_root.clip, tmp_path / "videos" / "anna.mp4")
    return tmp_path / "videos"


@pytest.fixture
def sweep(videos, warm_home, tmp_path) -> list[str]:
    """A sweep of three cells, whose pixels are all in the cache."""
    (tmp_path / "smiles.csv").write_text("session,onset_s\nanna,0.6\n")
    named = [f"dataset.videos={videos}", f"dataset.annotations={tmp_path}/smiles.csv"]
    plain = ["tracking=files", "report.timelines=0", "signal.labels=[happiness]"]
    return ["-m", *named, *plain, "event.enter=0.4,0.5,0.6"]


class Cells:
    """Thresholds of the cells that were evaluated, and the one before which Ctrl-C is pressed."""

    def __init__(self) -> None:
        self.evaluated: list[float] = []
        self.interrupted_at = 0.0


@pytest.fixture
def cells(monkeypatch) -> Iterator[Cells]:
    seen = Cells()
    evaluate = job.evaluate_settings

    def watched(settings, *arguments, **named):
        if settings.recipe.event.enter == seen.interrupted_at:
            raise KeyboardInterrupt
        seen.evaluated.append(settings.recipe.event.enter)
        return evaluate(settings, *arguments, **named)

    monkeypatch.setattr(job, "evaluate_settings", watched)
    return seen


@pytest.fixture
def interrupted(sweep, cells, ferbench_run) -> list[str]:
    """The command of a sweep that was interrupted at its second cell."""
    cells.interrupted_at = 0.5
    assert ferbench_run(*sweep).code == 130
    assert cells.evaluated == [0.4]
    cells.interrupted_at = 0.0
    cells.evaluated.clear()
    return sweep


def folders(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("mlruns/hydra/sweeps/*/*"))


def results(folder: Path) -> dict:
    """What a sweep came to: of each cell its name, choices and numbers; and tables of counts."""
    found = {
        path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("counts.csv")
    }
    for path in folder.glob("*/result.json"):
        outcome = json.loads(path.read_text())
        metrics = {
            name: number
            for name, number in outcome["metrics"].items()
            if not name.startswith(OF_A_MACHINE)
        }
        found[path.parent.name] = (outcome["name"], outcome["params"], metrics)
    return found


def rows_of(root: Path) -> list:
    store = FilesStore(folder=records_dir(root))
    return store.search(list(store.experiments()))


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.parametrize("tracking", ["files", "mlflow", "none"])
def test_an_interrupted_sweep_goes_on_and_is_as_one_that_was_not(
    tracking, sweep, cells, warm_home, ferbench_run
):
    command = [*sweep, f"tracking={tracking}"]
    cells.interrupted_at = 0.5
    assert ferbench_run(*command).code == 130
    cells.interrupted_at = 0.0
    ended = ferbench_run(*command)
    assert ended.code == 0, ended.err
    assert "continues the sweep of " in ended.err
    assert "1 of 3 cells is finished\n(sweep.resume=never begins a new one)" in ended.err
    assert "planned: 2 cells need no pass" in ended.err
    assert ended.out.count("finished before") == 1
    assert cells.evaluated == [0.4, 0.5, 0.6]
    assert len(folders(warm_home)) == 1
    # A finished one is not gone on with.
    ended = ferbench_run(*command)
    assert "continues" not in ended.err
    again, undisturbed = folders(warm_home)
    assert results(again) == results(undisturbed)
    assert len(results(again)) >= 6
    if tracking == "none":
        return
    store = FilesStore(folder=records_dir(warm_home))
    if tracking == "mlflow":
        store = MlflowStore(uri=None, root=warm_home)
    rows = store.search(list(store.experiments()))
    assert sorted(row.kind for row in rows) == ["cell"] * 6 + ["sweep"] * 2
    assert {row.state for row in rows} == {"finished"}
    assert not any({ERROR_TAG, ENDED_BY_TAG} & row.tags.keys() for row in rows)
    whole, continued = (row for row in rows if row.kind == "sweep")
    assert continued.params == whole.params
    assert len(continued.params["event.enter"].split(", ")) == 3


@pytest.mark.weights
def test_never_begins_a_new_one(interrupted, cells, warm_home, ferbench_run):
    ended = ferbench_run(*interrupted, "sweep.resume=never")
    assert ended.code == 0, ended.err
    assert "continues" not in ended.err
    assert cells.evaluated == [0.4, 0.5, 0.6]
    assert len(folders(warm_home)) == 2
    ended = ferbench_run(*interrupted[:-1], "event.enter=0.4,0.5", "sweep.resume=perhaps")
    assert ended.code == 1
    assert "sweep.resume: expected one of auto, never, got 'perhaps'" in ended.err


@pytest.mark.weights
def test_another_command_begins_its_own(interrupted, cells, warm_home, ferbench_run):
    assert ferbench_run(*interrupted[:-1], "event.enter=0.5,0.6").code == 0
    assert cells.evaluated == [0.5, 0.6]
    assert len(folders(warm_home)) == 2


@pytest.mark.weights
def test_what_changed_meanwhile_runs_again(interrupted, cells, warm_home, ferbench_run, tmp_path):
    """A finished cell whose annotations are others now; comparisons show it once."""
    (tmp_path / "smiles.csv").write_text("session,onset_s\nanna,0.7\n")
    ended = ferbench_run(*interrupted)
    assert ended.code == 0, ended.err
    assert "finished before, and something that it goes by has changed" in ended.out
    assert cells.evaluated == [0.4, 0.5, 0.6]
    store = FilesStore(folder=records_dir(warm_home))
    aside = [row for row in rows_of(warm_home) if SUPERSEDED_TAG in row.tags]
    assert {row.name: row.state for row in aside} == {
        "enter=0.4": "finished",
        "enter=0.5": "failed",  # which was begun for the other annotations
    }
    for name in (None, "ferbench"):  # the newest sweep, the experiment
        shown = [run.name for run in runs_of(store, name).runs]
        assert sorted(shown) == ["enter=0.4", "enter=0.5", "enter=0.6"]


@pytest.mark.weights
def test_a_finished_cell_without_its_file_has_still_one_record(
    interrupted, cells, warm_home, ferbench_run
):
    [folder] = folders(warm_home)
    (folder / "0" / "result.json").unlink()  # lost with the power, after the store was told
    [before] = [row for row in rows_of(warm_home) if row.state == "finished"]
    assert ferbench_run(*interrupted).code == 0
    assert cells.evaluated == [0.4, 0.5, 0.6]
    cell_rows = [row for row in rows_of(warm_home) if row.kind == "cell"]
    assert [row.state for row in cell_rows] == ["finished"] * 3
    assert before.run_id in {row.run_id for row in cell_rows}


@pytest.mark.weights
def test_cells_that_failed_run_again_and_no_other(sweep, cells, videos, warm_home, ferbench_run):
    """One cell's video is no video at first."""
    (videos / "notes.mp4").write_text("not a video at all\n")
    command = [*sweep[:-1], "dataset.only_sessions=[anna],[notes]"]
    assert ferbench_run(*command).code == 1
    assert ferbench_run(*command).code == 1
    assert len(cells.evaluated) == 3, "the second one failed, and so it does again"
    (videos / "notes.mp4").unlink()
    (videos / "notes.mp4").write_bytes((videos / "anna.mp4").read_bytes())
    ended = ferbench_run(*command)
    assert ended.code == 0, ended.err
    assert len(folders(warm_home)) == 1
    store = FilesStore(folder=records_dir(warm_home))
    assert [run.state for run in runs_of(store, None).runs] == ["finished"] * 2
    assert ended.out.count("finished before") == 1


@pytest.mark.weights
def test_only_one_of_two_processes_goes_on(interrupted, cells, warm_home, ferbench_run):
    [folder] = folders(warm_home)
    with FileLock(folder / ".sweep.lock"):
        ended = ferbench_run(*interrupted)
    assert ended.code == 0, ended.err
    assert "goes on in another process; this is a new one" in ended.err
    assert cells.evaluated == [0.4, 0.5, 0.6]
    assert len(folders(warm_home)) == 2


@pytest.mark.weights
def test_a_chosen_folder_of_any_name_and_a_store_that_was_away(
    sweep, cells, warm_home, ferbench_run, tmp_path
):
    """Cells that are finished stay so while the records cannot be had."""
    store = tmp_path / "Ann's, store=1 {x} [y]"
    folder = tmp_path / "sweeps" / "it's"
    command = [*sweep, f'tracking.folder="{store}"', f'hydra.sweep.dir="{folder}"']
    cells.interrupted_at = 0.5
    assert ferbench_run(*command).code == 130
    cells.interrupted_at = 0.0
    store.rename(tmp_path / "aside")
    store.write_text("a file where a folder was")
    ended = ferbench_run(*command)
    assert ended.code == 1
    assert "cannot be used" in ended.err
    assert "continues" not in ended.err
    store.unlink()
    (tmp_path / "aside").rename(store)
    ended = ferbench_run(*command)
    assert ended.code == 0, ended.err
    assert "1 of 3 cells is finished" in ended.err
    assert cells.evaluated == [0.4, 0.5, 0.6]
    rows = FilesStore(folder=store).search(["ferbench"])
    assert [row.state for row in rows] == ["finished"] * 4
