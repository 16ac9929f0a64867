"""Sweeps with the planned launcher: what cells share is made once, and nothing else is new."""

from __future__ import annotations

import json
import logging
import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ferbench.app.hydra import planned
from ferbench.errors import VideoError
from ferbench.formats.pass_profiles import read_pass_profiles
from ferbench.tracking.files_store import FilesStore
from ferbench.video import isolated
from helpers.clips import damaged_copy, shrink, write_clip

FRAMES = 10
READ = 8
PRODUCT = [
    "detector=retinaface_mnet025,scrfd_500m",
    "preprocessing=box,square_margin",
    "model.input_px=48,64",
    "event=hysteresis,windowed",
]
OF_A_MACHINE = ("speed/", "work/", "run/")
"""Numbers that tell how long something took, or who did it."""


@pytest.fixture(scope="session")
def short_clips(samples, tmp_path_factory) -> tuple[Path, Path]:
    """Two videos of a face, which differ."""
    folder = tmp_path_factory.mktemp("short")
    clips = folder / "anna.mp4", folder / "ben.mp4"
    for clip, width in zip(clips, (256, 192), strict=True):
        shrink(samples / "single_face.mp4", clip, frames=FRAMES, width=width, height=144)
    return clips


@pytest.fixture
def study(tmp_path, short_clips) -> list[str]:
    """Settings of a study of two sessions."""
    (tmp_path / "videos").mkdir()
    for clip in short_clips:
        shutil.copyfile(clip, tmp_path / "videos" / clip.name)
    (tmp_path / "smiles.csv").write_text("session,onset_s\nanna,0.1\nben,0.2\n")
    named = [f"dataset.videos={tmp_path}/videos", f"dataset.annotations={tmp_path}/smiles.csv"]
    plain = ["tracking=none", "report.timelines=0", "signal.labels=[neutral]"]
    return [*named, *plain]


@pytest.fixture
def decoded(monkeypatch) -> Counter[str]:
    """Frames that were decoded, by name of the video."""
    counted: Counter[str] = Counter()
    decode = isolated._Elsewhere.__iter__

    def counting(self):
        for batch in decode(self):
            counted[self._process.path.name] += len(batch)
            yield batch

    monkeypatch.setattr(isolated._Elsewhere, "__iter__", counting)
    return counted


def outcomes(root: Path) -> list[dict]:
    """Of all cells of the only sweep, in their order."""
    [sweep] = (root / "mlruns" / "hydra" / "sweeps").glob("*/*")
    cells = sorted(sweep.glob("*/result.json"), key=lambda path: int(path.parent.name))
    return [json.loads(path.read_text()) for path in cells]


def tables(root: Path) -> dict[str, dict]:
    """Every stored table, by its place in the cache."""
    cache = root / ".ferbench" / "cache"
    return {
        path.relative_to(cache).as_posix(): pq.read_table(path).to_pydict()
        for path in cache.rglob("*.parquet")
    }


def results(root: Path) -> list[tuple[str, dict, dict]]:
    """Name, choices and numbers of every cell; numbers of a machine's speed are left out."""
    return [
        (
            cell["name"],
            cell["params"],
            {
                name: number
                for name, number in cell["metrics"].items()
                if not name.startswith(OF_A_MACHINE)
            },
        )
        for cell in outcomes(root)
    ]


@pytest.mark.slow
@pytest.mark.weights
def test_each_video_is_decoded_once_and_results_are_those_of_single_runs(
    study, home, ferbench_run, decoded, monkeypatch, tmp_path
):
    ended = ferbench_run("-m", *study, *PRODUCT)
    assert ended.code == 0, ended.err
    assert decoded == {"anna.mp4": FRAMES, "ben.mp4": FRAMES}
    assert "planned: 16 cells need 2 passes over 2 videos; 0 tables are there already" in ended.err
    assert all(cell["metrics"]["work/frames_decoded"] == 0 for cell in outcomes(home))
    [sweep] = (home / "mlruns" / "hydra" / "sweeps").glob("*/*")
    profiles = read_pass_profiles(sweep / "profile.csv")
    assert {profile.video: profile.frames for profile in profiles} == decoded
    shared, made = results(home), tables(home)
    # Once again: nothing is missing any more.
    decoded.clear()
    ended = ferbench_run("-m", *study, PRODUCT[1])
    assert ended.code == 0
    assert "planned: 2 cells need no pass; 8 tables are there already" in ended.err
    assert decoded == {}
    # Cell by cell, in a place of its own.
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("FERBENCH_HOME", str(other))
    ended = ferbench_run("-m", *study, *PRODUCT, "hydra/launcher=basic")
    assert ended.code == 0, ended.err
    assert "planned" not in ended.err
    assert len(shared) == 16
    assert shared == results(other)
    assert made == tables(other)


@pytest.mark.weights
def test_a_video_that_fails_fails_only_the_cells_that_need_it(
    study, home, ferbench_run, decoded, tmp_path
):
    videos = tmp_path / "videos"
    (videos / "notes.mp4").write_text("not a video at all\n")
    damaged_copy(write_clip(tmp_path / "noise.mp4"), videos / "cut.mp4", noise_at=0.5)
    which = "dataset.only_sessions=[anna],[cut],[notes],[ben]"
    ended = ferbench_run("-m", *study, which)
    assert ended.code == 1
    failed = [cell["failed_sessions"] for cell in outcomes(home)]
    assert [len(sessions) for sessions in failed] == [0, 1, 1, 0]
    assert "damaged video" in failed[1][0]
    assert "cannot read this as a video" in failed[2][0]
    assert decoded["anna.mp4"] == decoded["ben.mp4"] == FRAMES
    assert "planned: 4 cells need " in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.weights
def test_a_wrong_cell_fails_by_itself(study, home, ferbench_run, decoded, tmp_path):
    nowhere = f"dataset.videos={tmp_path}/videos,{tmp_path}/nowhere"
    ended = ferbench_run("-m", *study, nowhere, "event.enter=0.1,0.5")
    assert ended.code == 1
    errors = [cell["error"] for cell in outcomes(home)]
    assert [bool(error) for error in errors] == [True, False, True, True]
    assert "exit" in errors[0]
    assert "nowhere" in errors[3]
    assert decoded == {"anna.mp4": FRAMES, "ben.mp4": FRAMES}
    assert "planned: 2 cells need 2 passes over 2 videos" in ended.err


@pytest.mark.weights
def test_cells_that_measure_share_nothing(study, home, ferbench_run, decoded):
    ended = ferbench_run("-m", *study, "runtime.measure=true,false", "dataset.only_sessions=[ben]")
    assert ended.code == 0, ended.err
    assert "2 cells need 1 pass over 1 video, 1 of them measure by themselves" in ended.err
    assert decoded == {"ben.mp4": 3 * FRAMES}, "shared; to warm up; measured"
    measuring, other = outcomes(home)
    assert "speed/e2e_fps" in measuring["metrics"]
    assert "speed/e2e_fps" not in other["metrics"]


@pytest.mark.weights
def test_an_interrupted_plan_leaves_nothing_open(study, home, ferbench_run, decoded, monkeypatch):
    make = planned.make_tables

    def interrupted(plan, *, on_progress, hire):
        def stop(progress):
            on_progress(progress)
            if progress.done_frames > FRAMES:
                raise KeyboardInterrupt

        return make(plan, on_progress=stop, hire=hire)

    sweep = ["-m", *study, "tracking=files", "event.enter=0.4,0.5"]
    with monkeypatch.context() as patched:
        patched.setattr(planned, "make_tables", interrupted)
        ended = ferbench_run(*sweep)
    assert ended.code == 130
    assert "interrupted; what was finished is kept" in ended.err
    assert outcomes(home) == []
    [parent] = FilesStore(folder=home / "mlruns" / "files").search(["ferbench"])
    assert (parent.kind, parent.state) == ("sweep", "failed")
    assert parent.tags["ferbench.ended_by"] == "interrupted"
    made = [place for place in tables(home) if not place.startswith("chunks/")]
    assert len(made) == 3, "those of the first video are kept, nothing half-made of the other"
    decoded.clear()
    assert ferbench_run(*sweep).code == 0
    assert decoded == {"ben.mp4": FRAMES - READ}
    assert not [place for place in tables(home) if place.startswith("chunks/")]


@pytest.mark.weights
def test_a_sweep_that_cannot_be_recorded_decodes_nothing(
    study, home, ferbench_run, decoded, tmp_path
):
    (tmp_path / "occupied").write_text("")
    places = f"tracking.uri=sqlite:///{tmp_path}/occupied/mlflow.db"
    ended = ferbench_run("-m", *study, "tracking=mlflow", places, "event.enter=0.4,0.5")
    assert ended.code == 1
    assert decoded == {}


@pytest.mark.weights
@pytest.mark.parametrize("launcher", ["planned", "basic"])
def test_a_list_of_cells(launcher, study, home, ferbench_run, decoded, tmp_path):
    """Rows beside a sweep of the command line; cells know their settings, and so do their names."""
    listed = tmp_path / "cells.csv"
    listed.write_text(
        "preprocessing,event.enter,dataset.only_sessions\nbox,0.4,\nbox,0.5,[ben]\n,0.6,[anna]\n"
    )
    places = [f"hydra.sweeper.file={listed}", f"hydra/launcher={launcher}"]
    ended = ferbench_run("-m", *study, *places, "selector=largest,first")
    assert ended.code == 0, ended.err
    found = outcomes(home)
    rows = ("box enter=0.4", "box enter=0.5 only_sessions=[ben]", "enter=0.6 only_sessions=[anna]")
    names = [f"{selector} {row}" for row in rows for selector in ("largest", "first")]
    names[2] = f"#2 {names[2]}"  # the only one of more than 40 letters
    assert [cell["name"] for cell in found] == names
    assert [cell["params"]["preprocessing"] for cell in found] == [
        *["box"] * 4,
        *["square_margin"] * 2,
    ]
    assert [cell["metrics"]["sessions/done"] for cell in found] == [2, 2, 1, 1, 1, 1]
    if launcher == "planned":
        assert "planned: 6 cells need 2 passes over 2 videos" in ended.err


def test_a_list_of_cells_that_cannot_be_read_is_told(study, home, ferbench_run, tmp_path):
    listed = tmp_path / "cells.csv"
    listed.write_text('event.enter\n0.4\n"0,5"\n')
    ended = ferbench_run(*study, f"hydra.sweeper.file={listed}")
    assert ended.code == 1
    assert f"{listed}, line 3: event.enter: expected one value, got '0,5'" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("column", "value"), [("detector._target_", "os.system"), ("allow_targets", "[evil]")]
)
def test_a_list_of_cells_allows_nothing(column, value, study, home, ferbench_run, tmp_path):
    listed = tmp_path / "cells.csv"
    listed.write_text(f"{column}\n{value}\n")
    ended = ferbench_run(*study, f"hydra.sweeper.file={listed}")
    assert ended.code == 1
    assert f"ConfigError: {column}: " in ended.err
    assert "allow_targets" in ended.err
    assert outcomes(home) == []


def test_a_failure_that_nobody_foresaw_is_told_in_one_line(caplog):
    failures = {
        Path("/study/one.mp4"): VideoError("its cells tell"),
        Path("/study/two.mp4"): ArithmeticError("a model died\nin the middle"),
    }
    with caplog.at_level(logging.WARNING, "ferbench"):
        planned._tell(failures)
    assert [record.getMessage() for record in caplog.records] == [
        "the shared pass over two.mp4 failed (ArithmeticError: a model died); see its cells"
    ]
