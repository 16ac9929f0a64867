"""Fewer frames a second: which ones come out, and when they are on screen."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from helpers.clips import write_clip


def read(reader, path, target_fps=None, *, keep=False):
    """All frames u8 (N, 3, H, W), and the timeline."""
    with reader.open(
        path, batch_frames=4, threads=1, keep_damaged=keep, target_fps=target_fps
    ) as video:
        estimated = video.estimated_frames
        frames = [batch.rgb.numpy().copy() for batch in video]
        timeline = video.timeline(video_id="v", sha256="0" * 64)
    assert [len(part) for part in frames[:-1]] == [4] * (len(frames) - 1)
    return np.concatenate(frames), timeline, estimated


def first_of_each_cell(edges_s, target_fps):
    """The definition: the first frame of every 1 / target_fps seconds from the first frame."""
    cell = np.floor((edges_s[:-1] - edges_s[0]) * target_fps + 1e-6)
    return np.flatnonzero(np.diff(cell, prepend=-1) > 0)


def check(reader, path, target_fps, *, keep=False):
    every, whole, _ = read(reader, path, keep=keep)
    some, timeline, estimated = read(reader, path, target_fps, keep=keep)
    first = first_of_each_cell(whole.edges_s, target_fps)
    assert np.array_equal(some, every[first])
    assert np.array_equal(timeline.edges_s, np.append(whole.edges_s[first], whole.edges_s[-1]))
    assert timeline.video.num_frames == len(first)
    assert timeline.damage == whole.damage
    return timeline, estimated


@pytest.fixture(scope="module")
def steady(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("steady") / "clip.mp4", 60)


@pytest.mark.parametrize("reader", [PyavReader(), OpencvReader()], ids=["pyav", "opencv"])
@pytest.mark.parametrize("target_fps", [1, 5, 7.5, 15, 29.9])
def test_both_readers_take_the_same_frames(reader, target_fps, steady):
    timeline, estimated = check(reader, steady, target_fps)
    assert timeline.video.fps_hz == target_fps
    assert abs(estimated - timeline.video.num_frames) <= 1
    assert any("frames per second were looked at" in note for note in timeline.notes)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    steps=st.lists(st.integers(1, 40), min_size=6, max_size=40),
    target_fps=st.sampled_from([0.7, 2, 5, 10, 25, 60]),
)
def test_of_variable_frame_rates_too(steps, target_fps, tmp_path_factory):
    """Times in hundredths of a second, as they come."""
    path = tmp_path_factory.mktemp("vfr") / "clip.mkv"
    pts = np.concatenate(([0], np.cumsum(steps))).tolist()
    write_clip(path, len(pts), pts=pts, time_base=Fraction(1, 100), options={"bf": "0"})
    check(PyavReader(), path, target_fps)


def test_a_damaged_video_is_as_damaged_with_fewer_frames(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", 90, muxer={"movflags": "faststart"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    timeline, _ = check(PyavReader(), path, 5, keep=True)
    assert timeline.damage


def test_a_frame_that_stays_long_is_taken_once(tmp_path):
    """Nothing is repeated to fill a second without frames."""
    pts = [0, 4, 8, 300, 304, 308]
    path = write_clip(
        tmp_path / "clip.mkv", 6, pts=pts, time_base=Fraction(1, 100), options={"bf": "0"}
    )
    timeline, _ = check(PyavReader(), path, 10)
    assert timeline.edges_s[:-1].tolist() == pytest.approx([0, 3.0])
