"""``ferbench play`` and ``predict --show`` in a window that really opens, on a virtual screen."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from ferbench.rendering.window import ScreenWindow
from helpers.clips import write_clip
from helpers.display import running_screen
from helpers.made_predictions import made_predictions

pytestmark = pytest.mark.slow
MAIN = [sys.executable, "-m", "ferbench.app.main"]


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    with running_screen(tmp_path_factory.mktemp("screen")) as started:
        yield started


def start(screen, *arguments):
    return subprocess.Popen(
        [*MAIN, *map(str, arguments)],
        env=screen.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def noise(picture):
    """Whether a clip of noise is on the screen."""
    return picture[:200, :300].std() > 30


def test_play(screen, tmp_path):
    video = write_clip(tmp_path / "noise.mp4", frames=600, size=(480, 360))
    table = made_predictions(video, tmp_path)
    program = start(screen, "play", video, table, "--verbose")
    screen.wait_for(noise, seconds=90)
    screen.press("space")
    before = None

    def stands(picture):
        nonlocal before
        same, before = before is not None and np.array_equal(picture, before), picture
        return same

    paused = screen.wait_for(stands)
    screen.press("period")
    stepped = screen.wait_for(lambda picture: not np.array_equal(picture, paused))
    screen.press("comma")
    screen.wait_for(lambda picture: np.array_equal(picture, paused))
    screen.press("Right")
    screen.wait_for(lambda p: not np.array_equal(p, paused) and not np.array_equal(p, stepped))
    screen.press("q")
    out, err = program.communicate(timeout=60)
    assert (program.returncode, err) == (0, "")
    assert "frames shown" in out


def test_predict_show(screen, tmp_path, clip, home):
    program = start(screen, "predict", clip, "--show", "--out", tmp_path / "tables")
    screen.wait_for(noise, seconds=120)
    out, err = program.communicate(timeout=120)
    assert program.returncode == 0, err
    assert "36 frames" in out
    assert (tmp_path / "tables" / "smile.parquet").is_file()


def test_a_closed_window_is_noticed(screen, monkeypatch):
    monkeypatch.setenv("DISPLAY", screen.name)
    with ScreenWindow("a window") as window:
        window.show(np.full((200, 300, 3), (255, 0, 0), np.uint8))
        screen.wait_for(lambda picture: (picture[100, 100] == (0, 0, 255)).all())
        screen.press("Escape")
        assert any(window.command(0.1) == "quit" for _ in range(100))


def test_without_a_display(tmp_path, small_clip):
    table = made_predictions(small_clip, tmp_path)
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    told = subprocess.run(
        [*MAIN, "play", str(small_clip), str(table)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 1
    assert "no window can be opened" in told.stderr
    assert "render the video" in told.stderr
    assert "Traceback" not in told.stderr
