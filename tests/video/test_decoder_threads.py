"""How many threads decode beside lanes."""

from __future__ import annotations

import pytest

from ferbench.video.decoder_threads import decoder_threads
from helpers.clips import write_clip


@pytest.mark.parametrize(
    ("size", "lanes", "threads"),
    [((640, 360), 2, 1), ((640, 360), 1, 1), ((640, 360), 3, 0), ((1920, 1080), 2, 0)],
)
def test_small_pictures_beside_few_lanes_need_one(size, lanes, threads, tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", 2, size=size)
    assert decoder_threads(clip, lanes=lanes) == threads


def test_a_file_that_is_no_video_is_left_to_the_reader(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_text("nothing")
    assert decoder_threads(path, lanes=1) == 0
