"""Times count from the container's start: five containers, seven offsets, two readers, ffprobe."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from ferbench.errors import ConfigError
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from helpers.ffmpeg import make, picture, probe, shown_s, timeline_of

OFFSETS_S = (0.0, 0.04, 0.1, 0.5, 1.4, 3.0, 12.5)
CODECS = {
    "mp4": ["-c:v", "libx264", "-c:a", "aac"],
    "mkv": ["-c:v", "libx264", "-c:a", "pcm_s16le"],
    "webm": ["-c:v", "libvpx", "-c:a", "libvorbis"],
    "ts": ["-c:v", "libx264", "-c:a", "mp2"],
    "avi": ["-c:v", "mpeg4", "-c:a", "mp3"],
}
READERS = [PyavReader, OpencvReader]


def late(folder: Path, container: str, offset_s: float) -> Path:
    """A second of picture that begins so long after 2 s of sound begin."""
    sound = ["-f", "lavfi", "-i", "sine=d=2"]
    itsoffset, mode = ["-itsoffset", str(offset_s)], "passthrough"
    if container == "avi":
        itsoffset, mode = [], "cfr"
    path = make(
        folder / f"late.{container}",
        *(*sound, *itsoffset, *picture(1), "-map", "1:v", "-map", "0:a"),
        *(*CODECS[container], "-g", "10", "-fps_mode", mode),
    )
    if container == "avi":
        set_avi_start(path, round(offset_s * 30))
    return path


def set_avi_start(path: Path, frames: int) -> None:
    """Write ``dwStart`` of the pictures' stream header: FFmpeg's muxer never does."""
    data = bytearray(path.read_bytes())
    at = data.index(b"strh") + 8
    assert data[at : at + 4] == b"vids"
    data[at + 28 : at + 32] = struct.pack("<I", frames)
    path.write_bytes(data)


@pytest.mark.parametrize("offset_s", OFFSETS_S)
@pytest.mark.parametrize("container", CODECS)
def test_times_are_ffprobes_less_the_containers_start(tmp_path, container, offset_s):
    path = late(tmp_path, container, offset_s)
    reference_s = shown_s(path)
    assert abs(reference_s[0] - offset_s) < 0.06  # priming of sounds, AVI's whole frames
    for reader in READERS:
        timeline = timeline_of(reader(), path)
        # FFmpeg's AVI holds its first picture for two frames, which OpenCV does not count.
        is_off = container == "avi" and reader is OpencvReader
        within_s = 1.001 / 30 if is_off else 1.1e-3
        np.testing.assert_allclose(timeline.edges_s[:-1], reference_s, atol=within_s)
        assert timeline.edges_s[0] == pytest.approx(reference_s[0], abs=2e-6)
        assert timeline.video.picture_start_s == timeline.edges_s[0]
        lasts_s = reference_s[-1] - reference_s[0] + 1 / 30
        assert timeline.duration_s == pytest.approx(lasts_s, abs=within_s)
        assert (timeline.damage, timeline.num_repaired) == ("", 0)


@pytest.mark.parametrize("reader", READERS)
def test_times_from_the_first_frame_keep_the_offset(tmp_path, reader):
    path = late(tmp_path, "mp4", 3.0)
    counted = timeline_of(reader(time_zero="first_frame"), path)
    np.testing.assert_allclose(counted.edges_s, np.arange(31) / 30, atol=1e-9)
    assert counted.video.picture_start_s == pytest.approx(shown_s(path)[0], abs=2e-6)


def test_the_thesis_reader_is_row_by_rate_to_the_bit(tmp_path):
    path = late(tmp_path, "mkv", 1.4)
    counted = timeline_of(OpencvReader(time_zero="first_frame"), path)
    assert np.array_equal(counted.edges_s, np.arange(31) / counted.video.fps_hz)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("cut_s", [0.25, 0.75])
def test_cuts_without_encoding(tmp_path, container, cut_s):
    """``-ss -c copy``: the sound begins at the cut, the picture at a key frame or an edit list."""
    whole = late(tmp_path, "mp4", 0.0)
    cut = tmp_path / f"cut.{container}"
    make(cut, "-ss", str(cut_s), "-i", str(whole), "-c", "copy")
    reference_s = shown_s(cut)
    for reader in READERS:
        timeline = timeline_of(reader(), cut)
        assert timeline.video.num_frames == len(reference_s)
        np.testing.assert_allclose(timeline.edges_s[:-1], reference_s, atol=1.1e-3)


def test_a_transport_stream_without_sound_begins_at_0(tmp_path):
    path = make(tmp_path / "alone.ts", *picture(1), "-c:v", "libx264")
    told = probe(path, "v", "stream=start_time:format=start_time")
    assert float(told["format"]["start_time"]) > 1.3
    for reader in READERS:
        assert timeline_of(reader(), path).edges_s[0] == 0


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"time_zero": "start"}, "time_zero: expected container or first_frame"),
        ({"rate_hz": 0}, "rate_hz: expected a rate above 0"),
        ({"rate_hz": float("nan")}, "rate_hz: expected a rate above 0"),
    ],
)
def test_settings_are_checked(reader, wrong, words):
    with pytest.raises(ConfigError, match=words):
        reader(**wrong)
