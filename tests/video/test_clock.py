"""Clocks that jump: one outcome from both readers, by arithmetic and by what ffmpeg plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferbench.errors import VideoError
from ferbench.types import Timeline
from ferbench.video.opencv import OpencvReader
from ferbench.video.pyav import PyavReader
from ferbench.video.time_notes import video_notes
from helpers.ffmpeg import make, picture, played, shown_s, timeline_of

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "15"]
SOUND = ["-f", "lavfi", "-i", "sine=d=2"]


def stream(path: Path, *, offset_s: float = 0, seconds: float = 2, sound: bool = True) -> bytes:
    """A transport stream of so many seconds whose clock begins at an offset."""
    inputs = [*picture(seconds), *(SOUND if sound else [])]
    make(path, *inputs, *H264, "-c:a", "mp2", "-shortest", "-output_ts_offset", str(offset_s))
    return path.read_bytes()


def joined(folder: Path, *offsets_s: float, sound: bool) -> Path:
    path = folder / "joined.ts"
    parts = [stream(folder / "part.ts", offset_s=each, sound=sound) for each in offsets_s]
    path.write_bytes(b"".join(parts))
    return path


def both(path: Path) -> tuple[Timeline, Timeline]:
    return timeline_of(PyavReader(), path), timeline_of(OpencvReader(), path)


def jumps(timeline: Timeline) -> list[str]:
    return [note for note in timeline.notes if "its clock jumps" in note]


FAULTS = {
    "joined recordings": (0, 5000),
    "forward by a minute": (0, 60),
    "forward by a day": (0, 80_000),
    "restart": (0, 0),
    "back": (30, 5),
    "three recordings": (100, 7, 4000),
}


@pytest.mark.parametrize("sound", [False, True], ids=["silent", "sound"])
@pytest.mark.parametrize("fault", FAULTS)
def test_joined_streams_are_closed_and_told(tmp_path, fault, sound):
    """``cat a.ts b.ts``: ffmpeg plays them one after the other."""
    offsets_s = FAULTS[fault]
    path = joined(tmp_path, *offsets_s, sound=sound)
    num_frames = 60 * len(offsets_s)
    _, reference_s = played(path)
    for timeline in both(path):
        assert timeline.video.num_frames == num_frames
        lasts_s = np.diff(timeline.edges_s)
        assert lasts_s.max() < 0.2
        assert timeline.duration_s == pytest.approx(num_frames / 30, abs=0.2)
        assert (timeline.damage, timeline.num_repaired) == ("", 0)
        (note,) = jumps(timeline)
        assert "joined recordings" in note
        if len(reference_s) == num_frames:
            from_first_s = np.array(reference_s) - reference_s[0]
            np.testing.assert_allclose(
                timeline.edges_s[:-1] - timeline.edges_s[0], from_first_s, atol=0.2
            )
    ours, theirs = both(path)
    assert jumps(ours) == jumps(theirs)


def test_how_far_and_where_a_clock_jumped(tmp_path):
    path = joined(tmp_path, 0, 5000, sound=False)
    (note,) = jumps(timeline_of(PyavReader(), path))
    assert "jumps by +4998.0" in note or "jumps by +4997.9" in note
    assert "at 2.0" in note


def test_a_clock_that_wraps_around(tmp_path):
    """33 bits of 90 kHz are over after 95443.7 s."""
    path = tmp_path / "wrapped.ts"
    stream(path, offset_s=2**33 / 90_000 - 2.4)  # FFmpeg's streams begin at 1.4 s
    for timeline in both(path):
        assert timeline.video.num_frames == 60
        np.testing.assert_allclose(np.diff(timeline.edges_s), 1 / 30, atol=1e-3)
        assert timeline.notes == ()


STEPS = "setpts='N/30/TB+gte(N,30)*({by})/TB'"


@pytest.mark.parametrize("container", ["ts", "mpg"])
@pytest.mark.parametrize("by_s", [-0.5, -0.9])
def test_a_clock_that_is_set_back_while_it_records(tmp_path, container, by_s):
    """A file whose later times are too small; written by joining, since muxers refuse it."""
    path = tmp_path / f"back.{container}"
    parts = []
    for offset_s in (0, 1 + by_s):
        part = tmp_path / f"part.{container}"
        codec = H264 if container == "ts" else ["-c:v", "mpeg2video", "-bf", "0"]
        make(part, *picture(1), *codec, "-output_ts_offset", str(offset_s))
        parts.append(part.read_bytes())
    path.write_bytes(b"".join(parts))
    for timeline in both(path):
        assert timeline.video.num_frames == 60
        assert timeline.duration_s == pytest.approx(2, abs=0.05)
        np.testing.assert_allclose(np.diff(timeline.edges_s), 1 / 30, atol=0.02)
        (note,) = jumps(timeline)
        if container == "ts":  # the program stream's muxer lets each part begin at 0.5 s
            assert f"jumps by {by_s:+.1f}" in note
        assert "jumps by -" in note


@pytest.mark.parametrize("container", ["mkv", "mp4", "ts"])
@pytest.mark.parametrize("gap_s", [3, 9])
def test_a_pause_is_no_jump(tmp_path, container, gap_s):
    path = tmp_path / f"pause.{container}"
    make(path, *picture(2), "-vf", STEPS.format(by=gap_s), "-fps_mode", "passthrough", *H264)
    timeline = timeline_of(PyavReader(), path)
    np.testing.assert_allclose(timeline.edges_s[:-1], shown_s(path), atol=1.1e-3)
    assert jumps(timeline) == []


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_sparse_variable_rate_stays_as_it_is(tmp_path, container):
    """A recording of a screen: a picture each time that something changes."""
    path = tmp_path / f"sparse.{container}"
    sparse = "setpts='(N*20+mod(N,2)*15)/TB'"
    make(path, *picture(0.5), "-vf", sparse, "-fps_mode", "passthrough", *H264)
    timeline = timeline_of(PyavReader(), path)
    np.testing.assert_allclose(timeline.edges_s[:-1], shown_s(path), atol=1.1e-3)
    assert jumps(timeline) == []
    assert any("a frame is on screen for 35.0 s" in note for note in video_notes(timeline))
    assert _counted(path) == "refused or drift told"


def _counted(path: Path) -> str:
    """What comes of counting frames that last very differently."""
    try:
        timeline = timeline_of(OpencvReader(), path)
    except VideoError as error:
        return "refused or drift told" if "take the reader pyav" in str(error) else str(error)
    is_told = any("frames were counted" in note for note in timeline.notes)
    return "refused or drift told" if is_told and abs(timeline.drift_s) > 1 else "silent"


def test_sound_that_goes_on_shows_that_a_long_frame_is_true(tmp_path):
    path = tmp_path / "frozen.ts"
    frozen = STEPS.format(by=20)
    inputs = [*picture(2), *["-f", "lavfi", "-i", "sine=d=24"]]
    make(path, *inputs, "-vf", frozen, "-fps_mode", "passthrough", *H264, "-c:a", "mp2")
    timeline = timeline_of(PyavReader(), path)
    assert jumps(timeline) == []
    assert np.diff(timeline.edges_s).max() == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_no_frame_is_on_screen_for_an_hour(tmp_path, container):
    path = tmp_path / f"hour.{container}"
    make(path, *picture(2), "-vf", STEPS.format(by=3600), "-fps_mode", "passthrough", *H264)
    for timeline in both(path):
        assert timeline.duration_s == pytest.approx(2, abs=0.05)
        (note,) = jumps(timeline)
        assert "+3600" in note or "+3599" in note
