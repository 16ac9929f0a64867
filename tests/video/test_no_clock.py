"""Files without a clock ask for their rate; headers that announce more damage nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferbench.errors import VideoError
from ferbench.video.container import container_rate
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from helpers.clips import damaged_copy, write_clip
from helpers.ffmpeg import make, picture, timeline_of

READERS = [PyavReader, OpencvReader]
ELEMENTARY = {
    "clip.h264": "-c:v libx264",
    "plain.h264": "-c:v libx264 -bf 0 -tune zerolatency",
    "clip.hevc": "-c:v libx265 -x265-params log-level=none",
    "clip.m1v": "-c:v mpeg1video",
    "clip.m2v": "-c:v mpeg2video -bf 2",
    "clip.m4v": "-c:v mpeg4 -f m4v",
    "clip.mjpeg": "-c:v mjpeg",
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ELEMENTARY)
def test_elementary_streams_ask_for_their_rate(tmp_path, reader, name):
    path = make(tmp_path / name, *picture(0.5), *ELEMENTARY[name].split())
    with pytest.raises(VideoError, match=r"has no clock.*reader\.rate_hz") as raised:
        timeline_of(reader(), path)
    assert "damaged" not in str(raised.value)
    timeline = timeline_of(reader(rate_hz=12.5), path)
    assert timeline.video.num_frames == 15
    assert (timeline.video.fps_hz, timeline.damage, timeline.num_repaired) == (12.5, "", 0)
    assert np.array_equal(timeline.edges_s, np.arange(16) / 12.5)
    with pytest.raises(VideoError, match="announces no frame rate"):
        container_rate(path)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi", "clip.flv"])
def test_files_with_a_clock_keep_it(tmp_path, reader, name):
    codec = ["-c:v", "mpeg4"] if name.endswith("avi") else ["-c:v", "libx264"]
    path = make(tmp_path / name, *picture(0.5), *codec)
    timeline = timeline_of(reader(rate_hz=12.5), path)
    np.testing.assert_allclose(timeline.edges_s, np.arange(16) / 30, atol=1.1e-3)
    assert timeline.video.fps_hz == 30


def _more_in_matroska(data: bytes) -> bytes:
    """The track's ``DURATION`` tag and the segment's duration."""
    assert b"00:00:02.0" in data
    at = data.index(b"\x44\x89\x88") + 3
    data = data[:at] + np.array([9000.0], ">f8").tobytes() + data[at + 8 :]
    return data.replace(b"00:00:02.0", b"00:00:09.0")


def _more_in_avi(data: bytes) -> bytes:
    """Frames of the file and of the stream."""
    number = (60).to_bytes(4, "little")
    assert data[:400].count(number) >= 2
    return data[:400].replace(number, (900).to_bytes(4, "little")) + data[400:]


def _more_in_mp4(data: bytes) -> bytes:
    """Durations of movie, track and media: big-endian after their time scale."""
    for name, after in ((b"mvhd", 20), (b"mdhd", 20)):
        at = data.index(name) + after
        duration = int.from_bytes(data[at : at + 4], "big")
        data = data[:at] + (duration * 5).to_bytes(4, "big") + data[at + 4 :]
    return data


def _more_in_flv(data: bytes) -> bytes:
    at = data.index(b"duration\x00") + 9
    return data[:at] + np.array([9.0], ">f8").tobytes() + data[at + 8 :]


HEADERS = {
    "clip.mkv": _more_in_matroska,
    "clip.avi": _more_in_avi,
    "clip.mp4": _more_in_mp4,
    "clip.flv": _more_in_flv,
}


def _clip(folder: Path, name: str) -> Path:
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    return write_clip(folder / name, codec=codec)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_announces_more_is_no_damage(tmp_path, reader, name):
    path = _clip(tmp_path, name)
    path.write_bytes(HEADERS[name](path.read_bytes()))
    timeline = timeline_of(reader(), path)
    assert (timeline.video.num_frames, timeline.damage) == (60, "")
    assert timeline.duration_s == pytest.approx(2, abs=2e-3)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["clip.mkv", "clip.avi"])
@pytest.mark.parametrize("hollow", [False, True], ids=["cut off", "overwritten"])
def test_missing_bytes_are(tmp_path, reader, name, hollow):
    """A file that was cut off, and one whose second half never arrived but has its length."""
    whole = _clip(tmp_path, name)
    path = damaged_copy(whole, tmp_path / f"cut_{name}", keep_share=0.55)
    if hollow:
        lost = whole.stat().st_size - path.stat().st_size
        path.write_bytes(path.read_bytes() + bytes(lost))
    with pytest.raises(VideoError, match="damaged video"):
        timeline_of(reader(), path)
    assert timeline_of(reader(), path, keep=True).damage
