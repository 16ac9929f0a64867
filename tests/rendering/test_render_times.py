"""Rendered videos as FFmpeg's own programs see them: times, sizes, sound."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import av
import numpy as np
import pytest

import ferbench as fb
from ferbench.errors import ConfigError, VideoError
from ferbench.types import Event
from helpers import ffmpeg
from helpers.clips import damaged_copy, write_clip
from helpers.made_predictions import made_analysis, made_predictions

TICK_S = 1 / 90_000


def rendered(tmp_path, video, **how):
    out = tmp_path / "out" / "rendered.mp4"
    told = fb.render(video, made_analysis(video), out, **how)
    return told, out


def seconds(path, stream="v:0"):
    told = ffmpeg.probe(path, stream, "stream=duration")
    return float(told["streams"][0]["duration"])


def packets(path):
    """Digests of the packets of sound, and when they are heard."""
    with av.open(str(path)) as container:
        [stream] = container.streams.audio
        found = [p for p in container.demux(stream) if p.size]
        return (
            [hashlib.sha256(bytes(p)).hexdigest() for p in found],
            [float(p.pts * p.time_base) for p in found],
        )


@pytest.mark.parametrize("rate", ["25", "30000/1001", "60"])
def test_times_of_a_constant_rate(tmp_path, rate):
    video = ffmpeg.make(
        tmp_path / "clip.mp4", "-f", "lavfi", "-i", f"testsrc2=s=64x48:r={rate}:d=1"
    )
    told, out = rendered(tmp_path, video)
    expected = ffmpeg.shown_s(video)
    assert told.frames == len(expected)
    np.testing.assert_allclose(ffmpeg.shown_s(out), expected, atol=TICK_S)
    assert seconds(out) == pytest.approx(seconds(video), abs=2 * TICK_S)


def test_times_of_a_variable_rate(tmp_path):
    ticks = [0, 33, 66, 500, 517, 533, 1200, 1233, 1300, 2200]
    video = write_clip(
        tmp_path / "clip.mp4",
        frames=len(ticks),
        pts=ticks,
        time_base=Fraction(1, 1000),
        options={"preset": "ultrafast", "bf": "0"},
    )
    expected = ffmpeg.shown_s(video)
    _, out = rendered(tmp_path, video)
    np.testing.assert_allclose(ffmpeg.shown_s(out), expected, atol=TICK_S)
    assert len(np.unique(np.round(np.diff(expected), 3))) > 4


def test_copied_sound_is_the_same_sound(tmp_path):
    video = write_clip(tmp_path / "clip.mp4", frames=60, audio=True)
    _, out = rendered(tmp_path, video)
    (before, before_s), (after, after_s) = packets(video), packets(out)
    assert after == before
    np.testing.assert_allclose(after_s, before_s, atol=1e-4)
    assert seconds(out, "a:0") == pytest.approx(seconds(video, "a:0"), abs=0.01)


def test_other_sound_becomes_aac_of_the_same_length(tmp_path):
    tone = ["-f", "lavfi", "-i", "sine=440:r=8000:d=2"]
    video = ffmpeg.make(
        tmp_path / "clip.mov", *ffmpeg.picture(2), *tone, "-c:a", "pcm_s16le", "-c:v", "libx264"
    )
    _, out = rendered(tmp_path, video)
    told = ffmpeg.probe(out, "a:0", "stream=codec_name,duration")["streams"][0]
    assert told["codec_name"] == "aac"
    assert float(told["duration"]) == pytest.approx(2, abs=0.03)


def test_sizes_are_even_and_pixels_square(tmp_path):
    source = ["-f", "lavfi", "-i", "testsrc=s=401x363:r=30:d=0.2"]
    video = ffmpeg.make(tmp_path / "clip.mkv", *source, "-c:v", "ffv1", "-pix_fmt", "bgr0")
    _, out = rendered(tmp_path, video)
    told = ffmpeg.probe(out, "v:0", "stream=width,height,pix_fmt,codec_name")["streams"][0]
    assert (told["width"], told["height"]) == (402, 364)
    assert (told["pix_fmt"], told["codec_name"]) == ("yuv420p", "h264")


def test_a_turned_phone_is_upright(tmp_path):
    video = write_clip(tmp_path / "phone.mp4", frames=10, size=(480, 360), rotate=90)
    _, out = rendered(tmp_path, video)
    told = ffmpeg.probe(out, "v:0", "stream=width,height:stream_side_data=rotation")["streams"][0]
    assert (told["width"], told["height"]) == (360, 480)
    assert "side_data_list" not in told


def test_a_compilation_has_a_clip_per_event(tmp_path):
    tone = ["-f", "lavfi", "-i", "sine=440:r=48000:d=4"]
    video = ffmpeg.make(tmp_path / "clip.mp4", *ffmpeg.picture(4), *tone, "-g", "10")
    events = [
        Event(session_id="clip", onset_s=a, offset_s=b, trigger_s=a, label="surprise", peak=1.0)
        for a, b in [(0.2, 0.5), (2.0, 2.5), (3.5, 4.0)]
    ]
    told, out = rendered(tmp_path, video, events=events, compilation=True, context_s=0.5)
    lasts_s = (0.5 + 0.5) + (0.5 + 1.0) + (0.5 + 0.5)
    assert told.seconds == pytest.approx(lasts_s, abs=1e-6)
    assert seconds(out) == pytest.approx(lasts_s, abs=2 * TICK_S)
    assert seconds(out, "a:0") == pytest.approx(lasts_s, abs=1024 / 48_000)
    np.testing.assert_allclose(ffmpeg.shown_s(out), np.arange(105) / 30, atol=TICK_S)


def test_a_compilation_needs_an_event(tmp_path, small_clip):
    with pytest.raises(ConfigError, match="there is no event to compile"):
        rendered(tmp_path, small_clip, compilation=True)
    assert not list((tmp_path).rglob("*.mp4"))


def test_predictions_of_another_video_are_refused(tmp_path, small_clip):
    other = write_clip(tmp_path / "other.mp4", frames=20)
    table = made_predictions(small_clip, tmp_path / "tables")
    with pytest.raises(VideoError, match="digest") as refused:
        fb.render(other, table, tmp_path / "out.mp4")
    assert str(table) in str(refused.value)
    assert str(other) in str(refused.value)
    with pytest.raises(VideoError, match="they tell of 36 frames"):
        fb.render(other, table.with_suffix(".csv"), tmp_path / "out.mp4")


def test_a_video_that_ends_early_leaves_nothing(tmp_path):
    sound = write_clip(tmp_path / "sound.mp4", frames=60, muxer={"movflags": "faststart"})
    analysis = made_analysis(sound)
    cut = damaged_copy(sound, tmp_path / "sound2.mp4", keep_share=0.6)
    cut.replace(sound)
    table = analysis.timeline.video
    object.__setattr__(table, "sha256", "")
    with pytest.raises(VideoError):
        fb.render(sound, analysis, tmp_path / "out" / "x.mp4")
    assert not list((tmp_path / "out").glob("*"))


def test_fewer_rows_than_frames_are_shown_until_the_next(tmp_path, small_clip):
    analysis = made_analysis(small_clip, target_fps=10)
    assert analysis.timeline.video.num_frames == 12
    told = fb.render(small_clip, analysis, tmp_path / "out.mp4")
    assert told.frames == 36
