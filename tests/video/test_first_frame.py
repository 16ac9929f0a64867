"""Videos read from a later frame on: frames, batches and times are those of a whole reading."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from ferbench.errors import ConfigError
from ferbench.video import buffers
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from helpers.clips import write_clip

UNEVEN = [number * 33 + 12 * (number % 3) for number in range(40)]


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Open groups of pictures, uneven times, and a file whose end is missing."""
    folder = tmp_path_factory.mktemp("first")
    steady = write_clip(folder / "steady.mp4", 40)
    uneven = write_clip(
        folder / "uneven.mkv", 40, pts=UNEVEN, time_base=Fraction(1, 1000), codec="libx265"
    )
    cut = folder / "cut.mkv"
    cut.write_bytes(uneven.read_bytes()[: uneven.stat().st_size * 7 // 10])
    return {path.stem: path for path in (steady, uneven, cut)}


def read(reader, path, **asked):
    with reader.open(path, batch_frames=8, threads=1, keep_damaged=True, **asked) as video:
        batches = [(batch.index, batch.rgb.clone()) for batch in video]
        return batches, video.timeline(video_id="v", sha256="s")


def frames_of(batches):
    return [
        (int(n), rgb) for index, frames in batches for n, rgb in zip(index, frames, strict=True)
    ]


@pytest.mark.parametrize("target_fps", [None, 7.0])
@pytest.mark.parametrize("reader", [PyavReader(), OpencvReader()], ids=["pyav", "opencv"])
@pytest.mark.parametrize("name", ["steady", "uneven", "cut"])
def test_what_comes_is_the_rest_to_the_bit(name, reader, target_fps, videos):
    whole, expected = read(reader, videos[name], target_fps=target_fps)
    num_frames = expected.video.num_frames
    for first in (0, 1, 7, 8, 16, num_frames - 1, num_frames, num_frames + 9):
        batches, timeline = read(reader, videos[name], target_fps=target_fps, first_frame=first)
        ends = [int(index[-1]) for index, _ in batches]
        assert ends == [int(index[-1]) for index, _ in whole if index[-1] >= first]
        rest = [(number, rgb) for number, rgb in frames_of(whole) if number >= first]
        for (number, rgb), (other, same) in zip(frames_of(batches), rest, strict=True):
            assert number == other
            assert torch.equal(rgb, same)
        assert np.array_equal(timeline.edges_s, expected.edges_s)
        assert (timeline.video, timeline.damage) == (expected.video, expected.damage)
        assert timeline.notes == expected.notes


def test_batches_of_large_frames_end_where_they_would(videos, monkeypatch):
    monkeypatch.setattr(buffers, "frames_at_a_time", lambda *_: 3)
    whole, _ = read(PyavReader(), videos["steady"])
    assert [len(index) for index, _ in whole[:4]] == [3, 3, 2, 3]
    batches, _ = read(PyavReader(), videos["steady"], first_frame=16)
    assert [index.tolist() for index, _ in batches] == [index.tolist() for index, _ in whole[6:]]


def test_a_number_below_0_is_refused(videos):
    with pytest.raises(ConfigError, match="first_frame"):
        read(PyavReader(), videos["steady"], first_frame=-1)
