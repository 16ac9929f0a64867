"""``ferbench predict`` killed in the middle of a video, interrupted, and started again."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.clips import shrink

FRAMES = 400


@pytest.fixture(scope="module")
def video(samples, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    source = samples / "WolfgangLanger_Pexels.mp4"
    shrink(source, path, frames=FRAMES, width=320, height=180)
    return path


def predict(video: Path, out: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "ferbench.app.main", "predict", str(video), "--device", "cpu"]
    return subprocess.Popen(
        [*command, "--out", str(out), "--overwrite", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished_frames(home: Path) -> int:
    """Frames whose faces are in chunks that follow each other from the first on."""
    found = [path.parent for path in home.rglob("chunks/*/0-*.parquet")]
    done = []
    for folder in found:
        ends = {}
        for path in folder.glob("*.parquet"):
            if name := re.fullmatch(r"(\d+)-(\d+)", path.stem):
                ends[int(name[1])] = int(name[2])
        at = 0
        while at in ends:
            at = ends[at]
        done.append(at)
    return min(done, default=0) if len(found) == 2 else 0


def stop_after(program: subprocess.Popen, home: Path, frames: int, number: int) -> str:
    """Send a signal when so many frames are in chunks; returns what was said."""
    try:
        end = time.monotonic() + 200
        while finished_frames(home) < frames:
            assert program.poll() is None, program.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)
        program.send_signal(number)
        return program.communicate(timeout=100)[1]
    finally:
        program.kill()


@pytest.mark.slow
@pytest.mark.weights
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_then_interrupted_then_whole(video, home, tmp_path, monkeypatch):
    often = ["--chunk-s", "0.05"]
    stop_after(predict(video, tmp_path / "out", *often), home, 40, signal.SIGKILL)
    done = finished_frames(home)
    assert 40 <= done < FRAMES
    interrupted = predict(video, tmp_path / "out", *often)
    said = stop_after(interrupted, home, done + 24, signal.SIGINT)
    assert interrupted.returncode == 130, said
    assert "finishing what is in hand (Ctrl-C again: stop now)" in said
    assert "interrupted; 0 of 1 table written; the same command goes on" in said
    assert "Traceback" not in said
    assert done + 24 <= finished_frames(home) < FRAMES
    assert not list(home.rglob("*.part*"))
    _, said = (last := predict(video, tmp_path / "out")).communicate(timeout=200)
    assert last.returncode == 0, said
    assert not list(home.rglob("chunks/*/*"))
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("FERBENCH_HOME", str(other))
    _, said = (whole := predict(video, tmp_path / "whole")).communicate(timeout=200)
    assert whole.returncode == 0, said
    made = (tmp_path / "out" / "long.csv").read_bytes()
    assert made == (tmp_path / "whole" / "long.csv").read_bytes()
    assert len(made.splitlines()) == FRAMES + 1
