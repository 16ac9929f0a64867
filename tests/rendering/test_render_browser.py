"""A rendered video in Chromium: it plays, seeks, and shows the frames at their times."""

from __future__ import annotations

from fractions import Fraction

import pytest

import ferbench as fb
from helpers import ffmpeg
from helpers.clips import write_clip
from helpers.made_predictions import made_analysis

pytestmark = pytest.mark.browser
PLAY = """async video => {
  video.muted = true;
  await video.play();
  await new Promise(done => setTimeout(done, 500));
  return [video.readyState, video.currentTime, video.videoWidth, video.videoHeight, video.duration];
}"""
SEEK = """(video, time) => new Promise(done => {
  video.pause();
  video.requestVideoFrameCallback((_, frame) => done(frame.mediaTime));
  video.currentTime = time;
})"""


def opened(visits, path):
    page = path.with_suffix(".html")
    page.write_text(f"<!doctype html><video src='{path.name}'></video>")
    return visits.open(page).locator("video")


def test_it_plays_with_sound(visits, tmp_path):
    video = write_clip(tmp_path / "clip.mp4", frames=90, size=(320, 240), audio=True)
    fb.render(video, made_analysis(video), tmp_path / "out.mp4", events=())
    element = opened(visits, tmp_path / "out.mp4")
    state, time_s, width, height, duration_s = element.evaluate(PLAY)
    assert state >= 2
    assert time_s > 0.1
    assert (width, height) == (640, 480)  # enlarged, so that letters have room
    assert duration_s == pytest.approx(5, abs=0.2)


def test_frames_of_a_variable_rate_are_at_their_times(visits, tmp_path):
    ticks = [0, 33, 66, 500, 517, 533, 1200, 1233, 1300, 2200, 2233]
    video = write_clip(
        tmp_path / "clip.mp4",
        frames=len(ticks),
        pts=ticks,
        time_base=Fraction(1, 1000),
        options={"preset": "ultrafast", "bf": "0"},
    )
    expected_s = ffmpeg.shown_s(video)
    fb.render(video, made_analysis(video), tmp_path / "out.mp4", events=())
    element = opened(visits, tmp_path / "out.mp4")
    element.evaluate(
        "video => new Promise(done => video.readyState > 1 ? done() "
        ": video.addEventListener('canplay', () => done()))"
    )
    for number in (3, 8, 1, 6, 9):
        shown_s = element.evaluate(SEEK, expected_s[number] + 0.005)
        assert shown_s == pytest.approx(expected_s[number], abs=0.001)
