"""The OpenCV reader against bare OpenCV, against PyAV, and on files that it says nothing about."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from test_video_pyav import COUNTS, SHA

from ferbench.errors import ConfigError, VideoError
from ferbench.types import Timeline
from ferbench.video.opencv import OpencvReader
from ferbench.video.opencv_refusals import rate_of
from ferbench.video.packet_clock import packet_clock
from ferbench.video.pyav import PyavReader
from helpers.clips import damaged_copy, write_clip, write_sound


def read(
    path: Path, *, reader=None, batch_frames=16, threads=2, keep=False
) -> tuple[torch.Tensor, Timeline]:
    """All frames, u8 (T, 3, H, W), and the timeline; checks the batches on the way."""
    with (reader or OpencvReader()).open(
        path, batch_frames=batch_frames, threads=threads, keep_damaged=keep
    ) as video:
        batches = list(video)
        timeline = video.timeline(video_id="clip", sha256=SHA)
    assert all(len(batch) == batch_frames for batch in batches[:-1])
    assert 1 <= len(batches[-1]) <= batch_frames
    frames = torch.cat([batch.rgb for batch in batches])
    assert np.array_equal(
        np.concatenate([batch.index for batch in batches]), np.arange(len(frames))
    )
    assert timeline.video.num_frames == len(frames)
    assert (timeline.video.height_px, timeline.video.width_px) == tuple(frames.shape[2:])
    return frames, timeline


def bare(path: Path) -> tuple[np.ndarray, float]:
    """What ``cv2.VideoCapture(path)`` gives in a loop: BGR u8 (T, H, W, 3) and the rate."""
    capture = cv2.VideoCapture(str(path))
    frames = []
    while True:
        there, bgr = capture.read()
        if not there:
            return np.stack(frames), capture.get(cv2.CAP_PROP_FPS)
        frames.append(bgr)


def bare_rate(path: Path) -> float:
    """The rate that ``cv2.VideoCapture(path)`` gives before anything is decoded."""
    return cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """60 frames at 30 fps with the index in front."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", muxer={"movflags": "faststart"})


# ----------------------------------------------------------------------------------------------
# sound videos


@pytest.mark.parametrize("batch_frames", [1, 7, 20, 64])
def test_bgr_of_the_batches_is_opencvs_to_the_byte(clip, batch_frames):
    frames, timeline = read(clip, batch_frames=batch_frames)
    pixels, fps_hz = bare(clip)
    assert np.array_equal(frames.flip(1).permute(0, 2, 3, 1).numpy(), pixels)
    assert timeline.video.fps_hz == fps_hz == 30.0
    assert np.array_equal(timeline.edges_s, np.arange(61) / fps_hz)
    assert (timeline.video.rotation_deg, timeline.num_repaired, timeline.damage) == (0, 0, "")


def test_red_comes_out_in_the_first_channel(clip):
    corner = read(clip)[0][:, :, 2:12, 2:16].float().mean((0, 2, 3))
    assert corner[0] > 150 > 80 > max(corner[1], corner[2])


@pytest.mark.parametrize("name", COUNTS)
def test_real_clips_equal_pyav(samples, name):
    ours, our_line = read(samples / name, threads=0)
    theirs, their_line = read(samples / name, reader=PyavReader(), threads=0)
    assert torch.equal(ours, theirs)
    assert len(ours) == COUNTS[name]
    assert our_line.damage == ""
    assert our_line.video.fps_hz == bare_rate(samples / name)
    assert abs(our_line.duration_s - their_line.duration_s) < 0.1


def test_batches_that_are_held_are_not_overwritten(clip):
    with OpencvReader().open(clip, batch_frames=8, threads=1, keep_damaged=False) as video:
        kept = [batch.rgb[2:3] for batch in video]  # a view, while the batch itself is dropped
    assert np.array_equal(torch.cat(kept).flip(1).permute(0, 2, 3, 1).numpy(), bare(clip)[0][2::8])


def test_number_of_threads_changes_nothing(clip):
    assert torch.equal(read(clip, threads=1)[0], read(clip, threads=4)[0])


def test_frames_are_counted_and_not_timed(tmp_path):
    """Variable frame rate: OpenCV's rate for all frames, while PyAV tells the true times."""
    pts = np.cumsum([0, *[20, 60] * 20]).tolist()
    path = write_clip(tmp_path / "vfr.mp4", len(pts), pts=pts, time_base=Fraction(1, 1000))
    frames, line = read(path)
    assert np.array_equal(line.edges_s, np.arange(len(frames) + 1) / bare(path)[1])
    assert line.video.fps_hz == pytest.approx(25, rel=0.02)
    true = read(path, reader=PyavReader())[1].edges_s
    assert np.abs(true[:-1] - line.edges_s[:-1]).max() > 0.015


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_rotation_is_applied_and_told_as_pyav_does(tmp_path, angle):
    path = write_clip(tmp_path / "turned.mp4", 3, rotate=angle)
    frames, line = read(path)
    same, their_line = read(path, reader=PyavReader())
    assert torch.equal(frames, same)
    assert line.video.rotation_deg == their_line.video.rotation_deg == angle


@pytest.mark.parametrize(
    ("name", "codec", "pix", "size", "within"),
    [
        ("odd.mkv", "libx264", "yuv444p", (65, 49), 0),
        ("vp9.webm", "libvpx-vp9", "yuv420p", (64, 48), 0),
        ("old.avi", "mpeg4", "yuv420p", (64, 48), 0),
        ("frames.avi", "libx264", "yuv420p", (64, 48), 0),
        ("stream.ts", "libx264", "yuv420p", (64, 48), 0),
        (
            "hevc10.mkv",
            "libx265",
            "yuv420p10le",
            (64, 64),
            60,
        ),  # the noise makes the two conversions differ much
    ],
)
def test_containers_and_codecs(tmp_path, name, codec, pix, size, within):
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    path = write_clip(tmp_path / name, 20, codec=codec, pix=pix, size=size)
    frames, line = read(path)
    theirs, _ = read(path, reader=PyavReader())
    assert frames.shape == theirs.shape == (20, 3, size[1], size[0])
    assert (frames.int() - theirs.int()).abs().max() <= within
    np.testing.assert_allclose(line.edges_s, np.arange(21) / 30, atol=1e-9)


def test_one_frame_and_long_sound(tmp_path):
    assert len(read(write_clip(tmp_path / "one.mp4", 1))[0]) == 1
    for name in ("long.mp4", "long.mkv"):
        assert read(write_clip(tmp_path / name, 30, audio=True))[1].damage == ""


def test_pictures_of_another_size_are_scaled_to_the_first_ones(tmp_path):
    path = tmp_path / "sizes.ts"
    parts = [write_clip(tmp_path / f"{w}.ts", 10, size=(w, 48)) for w in (64, 96)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames, _ = read(path, keep=True)
    assert frames.shape == (20, 3, 48, 64)
    corner = frames[15, :, 2:12, 2:16].float().mean((1, 2))
    assert corner[0] > 150  # red is still at the top left


def test_colon_and_percent_in_the_name(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("concat:12.mp4", "part%02d.mp4"):
        (tmp_path / name).write_bytes(clip.read_bytes())
        assert len(read(Path(name))[0]) == 60


def test_estimate_and_announced_length(clip):
    with OpencvReader().open(clip, batch_frames=1, threads=0, keep_damaged=False) as video:
        assert video.estimated_frames == 60
    assert packet_clock(clip).announced_s == pytest.approx(2.0)


# --------------------------------------------------------------------------------------------
# damaged videos


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(
    "change", [{"keep_share": 0.55}, {"noise_at": 0.5}], ids=["cut", "corrupt"]
)
def test_damage_that_opencv_does_not_tell(clip, tmp_path, change, threads):
    path = damaged_copy(clip, tmp_path / "damaged.mp4", **change)
    assert len(bare(path)[0]) < 45  # no word from OpenCV
    with pytest.raises(
        VideoError, match=r"damaged video: OpenCV stopped without a reason at"
    ) as raised:
        read(path, threads=threads)
    message = str(raised.value)
    assert "expected 2.000 s (about 60 frames)" in message
    assert "runtime={'on_damaged': 'keep'}" in message
    frames, timeline = read(path, threads=threads, keep=True)
    assert np.array_equal(frames.flip(1).permute(0, 2, 3, 1).numpy(), bare(path)[0])
    assert f"at {timeline.duration_s:.3f} s after {len(frames)} frames" in timeline.damage
    assert timeline.damage in message
    theirs, _ = read(path, reader=PyavReader(), keep=True)
    assert (
        0 <= len(theirs) - len(frames) <= 2
    )  # OpenCV does not ask the decoder for what it holds back
    assert torch.equal(theirs[: len(frames)], frames)


@pytest.mark.parametrize("name", ["cut.mkv", "cut.avi", "fragments.mp4"])
def test_other_containers_that_were_cut_off(tmp_path, name):
    muxer = (
        {"movflags": "frag_keyframe+empty_moov", "frag_duration": "0"}
        if name == "fragments.mp4"
        else None
    )
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    options = {"preset": "ultrafast", "g": "30"} if name == "fragments.mp4" else None
    whole = write_clip(tmp_path / f"whole_{name}", codec=codec, muxer=muxer, options=options)
    assert len(read(whole)[0]) == 60
    with pytest.raises(VideoError, match="damaged video"):
        read(damaged_copy(whole, tmp_path / name, keep_share=0.6))


def test_less_than_half_a_second_may_be_missing(clip, tmp_path):
    frames, timeline = read(damaged_copy(clip, tmp_path / "nearly.mp4", keep_share=0.9), threads=1)
    assert 45 <= len(frames) < 60
    assert timeline.damage == ""


def test_files_that_are_no_video(tmp_path):
    (tmp_path / "zero.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video at all\n" * 100, encoding="utf-8")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        write_sound(container, container.add_stream("aac", rate=8000), seconds=1)
    says = {
        "missing.mp4": "no such file",
        ".": "got a folder",
        "zero.mp4": "empty",
        "text.mp4": "cannot read this as a video",
        "sound.mp4": "no video stream, only: audio",
    }
    for name, words in says.items():
        with pytest.raises(VideoError, match=words) as raised:
            read(tmp_path / name)
        assert str(tmp_path / name) in str(raised.value)


@pytest.mark.parametrize("keep", [True, False])
def test_no_frame_decodes(clip, tmp_path, keep):
    data = bytearray(clip.read_bytes())
    at = data.index(b"mdat") + 4
    data[at:] = bytes(len(data) - at)
    path = tmp_path / "hollow.mp4"
    path.write_bytes(data)
    with pytest.raises(VideoError, match="no frame can be decoded"):
        read(path, keep=keep)


def test_no_rate():
    with pytest.raises(VideoError, match=r"x\.mp4: OpenCV reports a frame rate of (-1|0) Hz"):
        rate_of(cv2.VideoCapture(), Path("x.mp4"))  # nothing is open


def test_rate_that_opencv_made_up(tmp_path):
    """A Matroska file without a rate, as browsers record: OpenCV says 1000 Hz."""
    path = tmp_path / "browser.mkv"
    with av.open(str(path), "w") as writer:
        stream = writer.add_stream("ffv1")
        stream.width, stream.height, stream.pix_fmt = 32, 32, "bgr0"
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.codec_context.framerate = Fraction(0, 1)
        for pts in (0, 60_000):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base = pts, Fraction(1, 1000)
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode())
    with pytest.raises(
        VideoError,
        match=r"OpenCV reports 1000 Hz, by which the 2 frames last 0\.002 s.*take the reader pyav",
    ):
        read(path)
    assert len(read(path, reader=PyavReader())[0]) == 2


def test_nothing_is_written_to_the_terminal(clip, tmp_path, capfd):
    read(damaged_copy(clip, tmp_path / "damaged.mp4", noise_at=0.5), keep=True)
    assert capfd.readouterr() == ("", "")


def test_misuse(clip):
    reader = OpencvReader()
    with (
        pytest.raises(ConfigError, match="batch_frames: expected at least 1, got 0"),
        reader.open(clip, batch_frames=0, threads=0, keep_damaged=False),
    ):
        pass
    with reader.open(clip, batch_frames=8, threads=0, keep_damaged=False) as video:
        with pytest.raises(VideoError, match="after the last batch"):
            video.timeline(video_id="x", sha256=SHA)
        next(iter(video))
        with pytest.raises(VideoError, match="Open the video again"):
            next(iter(video))
