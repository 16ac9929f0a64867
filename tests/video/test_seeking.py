"""Frames from any one on: the same pixels as when the whole video is decoded."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from ferbench.errors import VideoError
from ferbench.video.pyav import PyavReader
from ferbench.video.seeking import SeekableVideo, file_clock
from helpers import ffmpeg
from helpers.clips import damaged_copy, write_clip


def decoded(path):
    """All frames as the reader gives them, and their timeline."""
    opened = PyavReader().open(path, batch_frames=8, threads=1, keep_damaged=True)
    with opened as video:
        frames = [batch.rgb.permute(0, 2, 3, 1).numpy().copy() for batch in video]
        return np.concatenate(frames), video.timeline(video_id="", sha256="")


KINDS = {
    "mp4": lambda path: write_clip(path / "clip.mp4", frames=60),
    "rotated": lambda path: write_clip(path / "clip.mp4", frames=40, rotate=90),
    "variable": lambda path: write_clip(
        path / "clip.mp4",
        frames=40,
        pts=[20 * i + 7 * (i % 3) for i in range(40)],
        time_base=Fraction(1, 1000),
    ),
    "mkv": lambda path: write_clip(path / "clip.mkv", frames=60),
    "ts": lambda path: write_clip(path / "clip.ts", frames=60),
    "avi": lambda path: write_clip(path / "clip.avi", frames=60),
    "cut": lambda path: ffmpeg.make(
        path / "cut.mp4",
        *("-ss", "0.5", "-i", str(write_clip(path / "whole.mp4", frames=60)), "-c", "copy"),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_frames_wherever_it_begins(kind, tmp_path):
    path = KINDS[kind](tmp_path)
    frames, timeline = decoded(path)
    clock = file_clock(path)
    assert clock.num_frames == len(frames)
    np.testing.assert_allclose(clock.edges_s[:-1], timeline.edges_s[:-1], atol=1e-9)
    video = SeekableVideo(path, clock, threads=1)
    for first in (0, 1, len(frames) // 2, len(frames) - 1):
        for number, picture in zip(range(first, first + 3), video.pictures(first), strict=False):
            assert picture.index == number
            assert np.array_equal(picture.rgb(), frames[number]), (first, number)


def test_pictures_are_ones_own(tmp_path):
    path = write_clip(tmp_path / "clip.mp4", frames=5)
    pictures = [picture.rgb() for picture in SeekableVideo(path, file_clock(path)).pictures()]
    pictures[0][:] = 0
    assert pictures[1].any()


def test_a_damaged_video_ends_where_it_ends_for_the_reader(tmp_path):
    whole = write_clip(tmp_path / "clip.mp4", frames=60, muxer={"movflags": "faststart"})
    cut = damaged_copy(whole, tmp_path / "cut.mp4", keep_share=0.5)
    frames, _ = decoded(cut)
    assert 10 < len(frames) < 50
    pictures = list(SeekableVideo(cut, file_clock(cut), threads=1).pictures())
    assert len(pictures) == len(frames)
    for picture in pictures:
        assert np.array_equal(picture.rgb(), frames[picture.index])


def test_a_decoder_error_is_told(tmp_path):
    whole = write_clip(tmp_path / "clip.mp4", frames=60)
    noisy = damaged_copy(whole, tmp_path / "noisy.mp4", noise_at=0.4)
    with pytest.raises(VideoError, match="decoder error"):
        list(SeekableVideo(noisy, file_clock(noisy), threads=1).pictures())
