"""Pixels that are not square, against ffmpeg's own stretching."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from test_video_orientation import READERS, shown, with_matrix

from ferbench.errors import VideoError
from ferbench.video.square_pixels import is_square, square_hw
from helpers.ffmpeg_picture import ffmpeg_picture, make, mean_difference

SMOOTH = (
    "gradients=s=96x64:r=25:d=0.2:n=3:c0=0x902030:c1=0x30B050:c2=0xE0C0A0:x0=5:y0=5:x1=90:y1=60"
)

# Sample aspect ratio: size as a player shows 96x64.
ASPECTS = {
    "2/1": (192, 64),
    "1/2": (96, 128),
    "64/45": (137, 64),  # PAL, wide
    "16/15": (102, 64),  # PAL
    "8/9": (96, 72),  # NTSC
    "4/3": (128, 64),  # HDV
    "101/100": (96, 64),  # as good as square
    "1/1": (96, 64),
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("aspects")
    return {
        aspect: make(
            folder / f"{aspect.replace('/', '_')}.mp4",
            *("-vf", f"setsar={aspect}:max=1000", "-c:v", "libx264", "-crf", "4"),
            source=SMOOTH,
        )
        for aspect in ASPECTS
    }


@pytest.mark.parametrize("reader", READERS, ids=["pyav", "opencv"])
@pytest.mark.parametrize("aspect", ASPECTS)
def test_pictures_are_stretched_as_a_player_does(clips, aspect, reader):
    width, height = ASPECTS[aspect]
    rgb, video = shown(reader, clips[aspect])
    theirs = ffmpeg_picture(clips[aspect], filters=f"scale={width}:{height}")
    assert mean_difference(rgb, theirs) < 2
    assert (video.width_px, video.height_px) == (width, height)
    if (width, height) == (96, 64):
        assert video.picture_notes == ()
    else:
        (note,) = video.picture_notes
        assert f"({aspect.replace('/', ':')}): stretched from 96x64 to {width}x{height}" in note


@pytest.mark.parametrize("reader", READERS, ids=["pyav", "opencv"])
@pytest.mark.parametrize("name", ["wide.mkv", "wide.ts", "wide.mpg", "wide.avi"])
def test_told_by_the_container_or_by_the_codec(tmp_path, name, reader):
    codec = "mpeg2video" if name.endswith("mpg") else "libx264"
    options = ("-vf", "setsar=4/3", "-c:v", codec, "-b:v", "4M")
    path = make(tmp_path / name, *options, source=SMOOTH)
    rgb, _ = shown(reader, path)
    theirs = ffmpeg_picture(path, filters="scale=round(iw*sar):ih")
    assert mean_difference(rgb, theirs) < 2
    assert rgb.shape[1] >= 128  # MPEG-2 has few ratios: the next is 141


@pytest.mark.parametrize("reader", READERS, ids=["pyav", "opencv"])
def test_stretched_first_and_turned_then(tmp_path, reader):
    """A camera held upright with pixels of 2:1: twice as high after a quarter turn."""
    flat = make(tmp_path / "flat.mp4", "-vf", "setsar=2/1", "-c:v", "libx264", source=SMOOTH)
    path = with_matrix(flat, 0, -1, 1, 0)
    rgb, video = shown(reader, path)
    upright = ffmpeg_picture(path, filters="scale=64:192")  # it turns before other filters
    assert mean_difference(rgb, upright) < 2
    assert (video.width_px, video.height_px, video.rotation_deg) == (64, 192, 90)


@pytest.mark.parametrize("reader", READERS, ids=["pyav", "opencv"])
def test_a_ratio_that_no_recording_has_is_refused(tmp_path, reader):
    path = make(tmp_path / "odd.mp4", "-vf", "setsar=100/1", "-c:v", "libx264", source=SMOOTH)
    with pytest.raises(VideoError, match=r"100 times as wide as high, expected 1/8 to 8"):
        shown(reader, path)


@pytest.mark.parametrize(
    ("aspect", "square"),
    [("100/101", True), ("101/100", True), ("102/100", False), ("100/102", False)],
)
def test_within_one_percent_is_square(aspect, square):
    assert is_square(Fraction(aspect)) == square
    assert (square_hw((1000, 1000), Fraction(aspect)) == (1000, 1000)) == square
