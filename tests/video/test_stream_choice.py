"""The recording among several video streams, by what ffmpeg plays by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferbench.errors import VideoError
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from helpers.ffmpeg import make, picture, played, timeline_of

SIZE = "64x48"
H264 = "-c:v libx264 -preset ultrafast"
LAYOUTS = {
    # what of (recording, other) is first; size and seconds of the other; what is said of them
    "thumbnail first": (
        "mp4",
        ("32x24", 0.03),
        "-map 1:v -map 0:v -c:v:0 mjpeg -disposition:v:0 0 -disposition:v:1 default",
    ),
    "thumbnail first, nothing said": ("mkv", ("160x120", 0.03), "-map 1:v -map 0:v"),
    "one frame is the default": (
        "mkv",
        ("160x120", 0.03),
        "-map 1:v -map 0:v -disposition:v:0 default -disposition:v:1 0",
    ),
    "one frame first in a stream": ("ts", ("160x120", 0.03), "-map 1:v -map 0:v"),
    "second is the default": (
        "mkv",
        ("96x72", 1),
        "-map 1:v -map 0:v -disposition:v:0 0 -disposition:v:1 default",
    ),
    "first is the default": (
        "mp4",
        ("96x72", 1),
        "-map 0:v -map 1:v -disposition:v:0 default -disposition:v:1 0",
    ),
    "cover art last": (
        "mp4",
        ("96x72", 0.03),
        "-map 0:v -map 1:v -c:v:1 mjpeg -disposition:v:1 attached_pic",
    ),
    "picture first": ("mkv", ("96x72", 0.03), "-map 1:v -map 0:v -c:v:0 mjpeg"),
    "larger second": ("ts", ("32x24", 1), "-map 1:v -map 0:v"),
}
FFMPEG_ERRS = {
    "thumbnail first, nothing said",
    "one frame is the default",
    "one frame first in a stream",
    "picture first",
}
"""Where ffmpeg would take the one frame, because it is larger or marked."""


def laid_out(folder: Path, layout: str) -> Path:
    """A recording of 1 s, 64 x 48, and another stream beside it."""
    container, (size, seconds), mapping = LAYOUTS[layout]
    inputs = [*picture(1, size=SIZE), *picture(seconds, size=size)]
    return make(folder / f"two.{container}", *inputs, *H264.split(), *mapping.split())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_recording_is_taken_and_the_others_are_told(tmp_path, layout):
    path = laid_out(tmp_path, layout)
    timeline = timeline_of(PyavReader(), path)
    video = timeline.video
    assert (f"{video.width_px}x{video.height_px}", video.num_frames) == (SIZE, 30)
    if layout not in FFMPEG_ERRS:
        assert played(path)[0] == SIZE
    (note,) = timeline.notes
    assert note.startswith("2 video streams: took #")
    other = LAYOUTS[layout][1][0]
    took, _, rest = note.partition("; not ")
    assert SIZE in took
    assert other in rest


@pytest.mark.parametrize("layout", LAYOUTS)
def test_opencv_takes_the_same_one_or_says_that_it_cannot(tmp_path, layout):
    path = laid_out(tmp_path, layout)
    if " -map 0:v" in LAYOUTS[layout][2]:  # the other one is first
        with pytest.raises(VideoError, match=r"2 video streams: took #1 .*take the reader pyav"):
            timeline_of(OpencvReader(), path)
        return
    timeline = timeline_of(OpencvReader(), path)
    assert (timeline.video.width_px, timeline.video.num_frames) == (64, 30)
    assert timeline.notes == timeline_of(PyavReader(), path).notes


def test_a_single_stream_is_no_choice(tmp_path):
    path = make(tmp_path / "one.mp4", *picture(0.03), *H264.split())
    for reader in (PyavReader(), OpencvReader()):
        timeline = timeline_of(reader, path)
        assert (timeline.video.num_frames, timeline.notes) == (1, ())
