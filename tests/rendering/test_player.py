"""The player without a screen: a window that keeps what it is shown, keys by a plan, its clock."""

from __future__ import annotations

import numpy as np
import pytest

from ferbench.rendering.pace import Pace
from ferbench.rendering.player import Frames, Player
from ferbench.rendering.window import command_of
from ferbench.video.seeking import SeekableVideo, file_clock
from helpers.clips import picture, write_clip


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """3 s, 30 Hz; every frame is another noise."""
    path = write_clip(tmp_path_factory.mktemp("player") / "noise.mp4", frames=90, size=(96, 64))
    return SeekableVideo(path, file_clock(path))


class Time:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class Window:
    """Presses keys at times; showing a picture takes ``slow_s``."""

    def __init__(self, time, keys, *, slow_s=0.0):
        self.time, self.keys, self.slow_s = time, sorted(keys), slow_s
        self.shown = []

    def show(self, rgb):
        self.time.now_s += self.slow_s
        self.shown.append((round(self.time.now_s, 3), int(rgb[0, 0, 0])))

    def command(self, wait_s):
        until = self.time.now_s + min(wait_s, 0.05)
        if self.keys and self.keys[0][0] <= until:
            at, key = self.keys.pop(0)
            self.time.now_s = max(self.time.now_s, at)
            return key
        self.time.now_s = until
        return None


class Numbered:
    """A layout that writes a frame's number into it."""

    zoom = 1

    def draw(self, picture, frame, *_):
        picture[0, 0, 0] = frame


def played(video, keys, *, events=(), slow_s=0.0):
    time = Time()
    window = Window(time, keys, slow_s=slow_s)
    pace = Pace(video.clock.edges_s, now=time)
    count = Player(video, lambda _: Numbered(), window, pace, events=events).run()
    assert count == len(window.shown)
    return window.shown


def frames(shown):
    return [frame for _, frame in shown]


def test_every_frame_is_shown_at_its_time(video):
    shown = played(video, [(3.5, "quit")])
    assert frames(shown) == list(range(90))
    late_s = [at - frame / 30 for at, frame in shown]
    assert max(late_s) < 0.002


def test_a_slow_screen_loses_frames_and_no_time(video):
    shown = played(video, [(3.5, "quit")], slow_s=0.1)
    assert 20 <= len(shown) <= 31
    assert all(at - frame / 30 < 0.14 for at, frame in shown)
    assert frames(shown)[-1] == 89


def test_keys(video):
    keys = [
        (0.1, "pause"),
        (0.2, "step"),
        (0.3, "step"),
        (0.4, "step_back"),
        (0.5, "next_event"),
        (0.6, "next_event"),
        (0.7, "next_event"),
        (0.8, "previous_event"),
        (0.9, "end"),
        (1.0, "start"),
        (1.1, "later"),
        (1.2, "earlier"),
        (1.3, "quit"),
    ]
    shown = frames(played(video, keys, events=(20, 70)))
    assert shown[-10:] == [4, 5, 4, 20, 70, 20, 89, 0, 89, 0]


def test_faster(video):
    shown = played(video, [(0.0, "faster"), (0.0, "faster"), (1.0, "quit")])
    assert frames(shown)[-1] == pytest.approx(60, abs=2)


def test_frames_are_the_ones_that_were_asked_for(video):
    of_video = Frames(video)
    for index in (0, 1, 5, 80, 79, 3, 89):
        rgb = of_video.rgb(index)
        expected = picture(index, 96, 64).astype(np.int64)
        others = [
            np.abs(rgb - picture(other, 96, 64).astype(np.int64)).mean()
            for other in {max(0, index - 1), min(89, index + 1)} - {index}
        ]
        assert np.abs(rgb - expected).mean() < 0.75 * min(others)


def test_codes_of_keys():
    assert command_of(27) == "quit"
    assert command_of(0xFF51) == "earlier"
    assert command_of(0x100000 | 0xFF53) == "later"
    assert command_of(255) is None
