"""Sweeps with ``hydra.launcher.engine=ray`` as a user starts them."""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from soak.processes import below, title

from ferbench.formats.pass_profiles import PROFILE_FILE, read_pass_profiles
from ferbench.tracking.files_store import FilesStore
from helpers.clips import shrink

FRAMES = 300


@pytest.fixture
def study(tmp_path, samples) -> list[str]:
    """Settings of a study of two sessions."""
    (tmp_path / "videos").mkdir()
    for name, width in (("anna", 256), ("ben", 192)):
        clip = tmp_path / "videos" / f"{name}.mp4"
        shrink(samples / "single_face.mp4", clip, frames=60, width=width, height=144)
    (tmp_path / "smiles.csv").write_text("session,onset_s\nanna,0.1\nben,0.2\n")
    named = [f"dataset.videos={tmp_path}/videos", f"dataset.annotations={tmp_path}/smiles.csv"]
    plain = ["tracking=files", "report.timelines=0", "signal.labels=[neutral]"]
    return [*named, *plain, "event.enter=0.4,0.5"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["engine=spark"], "hydra.launcher.engine: expected one of local, ray, got 'spark'"),
        (
            ["num_gpus=1"],
            "hydra.launcher.num_gpus: expected 0.0 with engine local, got 1.0; it is one of "
            "hydra.launcher.engine=ray",
        ),
        (["engine=ray", "num_cpus=0"], "hydra.launcher.num_cpus: expected at least 1 core, got 0"),
    ],
)
def test_settings_that_cannot_be_end_the_sweep(settings, told, study, home, ferbench_run):
    ended = ferbench_run("-m", *study, *(f"hydra.launcher.{each}" for each in settings))
    assert ended.code == 1
    assert f"ConfigError: {told}" in ended.err
    assert "planned:" not in ended.err


@pytest.mark.weights
def test_a_cluster_that_is_not_there_ends_the_sweep_before_its_first_cell(
    study, home, ferbench_run
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    on_ray = ["hydra.launcher.engine=ray", f"hydra.launcher.address={address}"]
    ended = ferbench_run("-m", *study, *on_ray)
    assert ended.code == 1
    assert f"ClusterError: no Ray cluster answers at {address}: " in ended.err
    assert "or leave hydra.launcher.address out" in ended.err
    assert "Traceback" not in ended.err
    [parent] = FilesStore(folder=home / "mlruns" / "files").search(["ferbench"])
    assert (parent.kind, parent.state) == ("sweep", "failed")
    assert list((home / ".ferbench" / "cache").rglob("*.parquet")) == []


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes by /proc")
def test_an_interrupted_sweep_stores_what_it_did_and_the_next_one_goes_on(
    study, samples, home, tmp_path
):
    if importlib.util.find_spec("ray") is None:
        pytest.skip("Ray is an extra")
    for name, width in (("anna", 640), ("ben", 512)):
        clip = tmp_path / "videos" / f"{name}.mp4"
        source = samples / "WolfgangLanger_Pexels.mp4"
        shrink(source, clip, frames=FRAMES, width=width, height=360)
    command = [sys.executable, "-m", "ferbench.app.main", "run", "-m", *study]
    command += ["hydra.launcher.engine=ray", "detector=mtcnn"]
    with (tmp_path / "log").open("w") as log:
        first = [*command, "runtime.chunk_s=3"]
        sweep = subprocess.Popen(first, stdout=log, stderr=log, start_new_session=True)
    begun = wait_for_chunk(sweep, home)
    started = below(sweep.pid)
    time.sleep(1.3)  # the next chunk of that video is due somewhat later
    before = chunked(home)
    sweep.send_signal(signal.SIGINT)
    assert sweep.wait(timeout=120) == 130
    told = (tmp_path / "log").read_text()
    assert "finishing what is in hand (Ctrl-C again: stop now)" in told
    assert "interrupted; what was finished is kept" in told
    assert "Traceback" not in told
    end = time.monotonic() + 30
    while any("ray" in title(pid) for pid in started):
        assert time.monotonic() < end, "Ray's processes are still there"
        time.sleep(0.1)
    after = chunked(home)
    assert all(after[key] > before[key] for key in begun), "what was done since is stored too"
    assert not list(home.rglob(".seen-*"))
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert "ray: 1 machine, up to" in again.stderr
    outcomes = [json.loads(path.read_text()) for path in home.rglob("result.json")]
    assert [outcome["metrics"]["work/frames_decoded"] for outcome in outcomes] == [0, 0]
    assert chunked(home) == {}
    [went_on] = (home / "mlruns" / "hydra").rglob(PROFILE_FILE)
    frames = [each.frames for each in read_pass_profiles(went_on)]
    assert len(frames) == 2
    assert min(frames) <= FRAMES - min(begun.values())


def chunked(home: Path) -> dict[str, int]:
    """Frames in the chunks of each table that is not done."""
    frames: dict[str, int] = {}
    for path in home.rglob("chunks/*/*.parquet"):
        if name := re.fullmatch(r"(\d+)-(\d+)", path.stem):
            key = path.parent.name
            frames[key] = frames.get(key, 0) + int(name[2]) - int(name[1])
    return frames


def wait_for_chunk(sweep: subprocess.Popen, home: Path) -> dict[str, int]:
    """What is ``chunked`` as soon as anything is."""
    end = time.monotonic() + 240
    while not (begun := chunked(home)):
        assert sweep.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    return begun


def test_ray_is_imported_by_its_engine_only(study, home):
    program = (
        "import sys; sys.argv[0] = 'ferbench'\n"
        "from ferbench.app.hydra.entry import main\n"
        "try: main()\n"
        "except SystemExit: print('ray' in sys.modules)"
    )
    nowhere = ["tracking=none", f"dataset.videos={home}/nowhere"]
    command = [sys.executable, "-c", program, "-m", *study, *nowhere]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(home))
    assert "planned: 2 cells need no pass" in ended.stderr
    assert ended.stdout.splitlines()[-1] == "False"
