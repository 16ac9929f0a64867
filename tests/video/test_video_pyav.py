"""The PyAV reader on clips made here (sound and damaged ones) and on real ones."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import ConfigError, VideoError
from ferbench.types import Timeline
from ferbench.video.container import container_rate
from ferbench.video.edges import frame_edges, trusted
from ferbench.video.pyav import PyavReader
from helpers.clips import damaged_copy, write_clip, write_sound

SHA = "0" * 64


def read(path: Path, *, batch_frames=16, threads=2, keep=False) -> tuple[torch.Tensor, Timeline]:
    """All frames, u8 (T, 3, H, W), and the timeline; checks the batches on the way."""
    with PyavReader().open(
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


def bare(path: Path) -> np.ndarray:
    """What PyAV gives by itself, u8 (T, H, W, 3)."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """60 frames at 30 fps with the index in front."""
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", muxer={"movflags": "faststart"})


# ----------------------------------------------------------------------------------------------
# sound videos


@pytest.mark.parametrize("batch_frames", [1, 7, 20, 60, 64])
def test_pixels_equal_bare_decoding_for_every_batch_length(clip, batch_frames):
    frames, timeline = read(clip, batch_frames=batch_frames)
    assert np.array_equal(frames.permute(0, 2, 3, 1).numpy(), bare(clip))
    np.testing.assert_allclose(timeline.edges_s, np.arange(61) / 30, atol=1e-12)
    assert timeline.video.fps_hz == pytest.approx(30)
    assert timeline.video.rotation_deg == 0
    assert (timeline.num_repaired, timeline.damage) == (0, "")


def test_batches_that_are_held_are_not_overwritten(clip):
    with PyavReader().open(clip, batch_frames=8, threads=1, keep_damaged=False) as video:
        kept = [batch.rgb[2:3] for batch in video]  # a view, while the batch itself is dropped
    assert np.array_equal(torch.cat(kept).permute(0, 2, 3, 1).numpy(), bare(clip)[2::8])


def test_memory_of_dropped_batches_is_used_again(clip):
    with PyavReader().open(clip, batch_frames=4, threads=1, keep_damaged=False) as video:
        places = {batch.rgb.data_ptr() for batch in video}
    assert len(places) <= 3


def test_number_of_threads_changes_nothing(clip):
    one, four = read(clip, threads=1), read(clip, threads=4)
    assert torch.equal(one[0], four[0])
    assert np.array_equal(one[1].edges_s, four[1].edges_s)


def test_variable_frame_rate_gives_true_edges(tmp_path):
    pts = np.cumsum([0, 3, 40, 1, 7, 100, 33, 2, 2, 500]).tolist()
    path = write_clip(tmp_path / "vfr.mp4", len(pts), pts=pts, time_base=Fraction(1, 1000))
    _, timeline = read(path)
    np.testing.assert_allclose(timeline.edges_s[:-1], np.array(pts) / 1000, atol=1e-9)
    assert timeline.edges_s[-1] > timeline.edges_s[-2]
    assert timeline.video.fps_hz == pytest.approx(len(pts) / timeline.duration_s)


def test_time_starts_at_the_first_frame(tmp_path):
    path = write_clip(
        tmp_path / "late.mkv", 10, pts=list(range(5000, 6000, 100)), time_base=Fraction(1, 1000)
    )
    _, timeline = read(path)
    np.testing.assert_allclose(timeline.edges_s[:-1], np.arange(10) / 10, atol=1e-9)


@pytest.mark.parametrize("angle", [0, 90, 180, 270, -90])
def test_rotation_is_applied(tmp_path, angle):
    path = write_clip(tmp_path / "turned.mp4", 3, rotate=angle)
    frames, timeline = read(path)
    assert timeline.video.rotation_deg == angle % 360
    upright = np.rot90(bare(path), angle // 90 % 4, axes=(1, 2))
    assert np.array_equal(frames.permute(0, 2, 3, 1).numpy(), upright)
    # seen by colour too: a counter-clockwise quarter turn brings the right-hand corner (green) to
    # the top left
    top_left = {0: "red", 90: "green", 180: None, 270: "blue"}[angle % 360]
    corner = frames[0, :, 4:10, 4:10].float().mean((1, 2))
    if top_left:
        assert ("red", "green", "blue")[int(corner.argmax())] == top_left
        assert corner.max() > 150


def test_frames_before_an_edit_list_do_not_come_out(clip, tmp_path):
    data = bytearray(clip.read_bytes())
    at = data.index(b"elst") + 12
    seconds_1000, media_time = struct.unpack(">II", data[at : at + 8])
    timescale = 15360  # of the track: 512 ticks per frame
    data[at : at + 8] = struct.pack(">II", seconds_1000 - 500, media_time + timescale // 2)
    path = tmp_path / "edited.mp4"
    path.write_bytes(data)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 60  # the header still says so
    frames, timeline = read(path)
    assert np.array_equal(frames.permute(0, 2, 3, 1).numpy(), bare(clip)[15:])
    np.testing.assert_allclose(timeline.edges_s, np.arange(46) / 30, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "codec", "pix", "size", "tolerance"),
    [
        ("odd.mkv", "libx264", "yuv444p", (65, 49), 12),
        ("vp9.webm", "libvpx-vp9", "yuv420p", (64, 48), 40),
        ("hevc.mp4", "libx265", "yuv420p", (64, 64), 40),
        ("hevc10.mkv", "libx265", "yuv420p10le", (64, 64), 40),
        ("old.avi", "mpeg4", "yuv420p", (64, 48), 60),
        ("frames.avi", "libx264", "yuv420p", (64, 48), 40),
        ("stream.ts", "libx264", "yuv420p", (64, 48), 40),
    ],
)
def test_containers_and_codecs(tmp_path, name, codec, pix, size, tolerance):
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg has no {codec}")
    frames, timeline = read(write_clip(tmp_path / name, 20, codec=codec, pix=pix, size=size))
    assert frames.shape == (20, 3, size[1], size[0])
    np.testing.assert_allclose(
        timeline.edges_s, np.arange(21) / 30, atol=1.1e-3
    )  # Matroska counts milliseconds
    w, h = size[0] // 3 - 4, size[1] // 3 - 4
    red = frames[:, :, 2:h, 2:w].float().mean((0, 2, 3))
    assert torch.allclose(red, torch.tensor([220.0, 20.0, 20.0]), atol=tolerance)


def test_one_frame(tmp_path):
    frames, timeline = read(write_clip(tmp_path / "one.mp4", 1))
    assert len(frames) == 1
    np.testing.assert_allclose(timeline.edges_s, [0, 1 / 30], atol=1e-9)


def test_sound_longer_than_the_picture_is_no_damage(tmp_path):
    for name in ("long.mp4", "long.mkv"):
        _, timeline = read(write_clip(tmp_path / name, 30, audio=True))
        assert timeline.damage == ""


COUNTS = {
    "WolfgangLanger_Pexels.mp4": 472,
    "single_face.mp4": 72,
    "no_face.mp4": 95,
    "carphone_pristine.mp4": 120,
    "face_noface.mov": 169,
    "noface_face.mov": 169,
}


@pytest.mark.parametrize("name", COUNTS)
def test_real_clips_are_sound_and_complete(samples, name):
    with av.open(str(samples / name)) as container:
        times = [frame.time for frame in container.decode(video=0)]
    with PyavReader().open(samples / name, batch_frames=32, threads=0, keep_damaged=False) as video:
        count = sum(len(batch) for batch in video)
        timeline = video.timeline(video_id=name, sha256=SHA)
    assert count == len(times) == COUNTS[name]
    np.testing.assert_allclose(timeline.edges_s[:-1], np.array(times) - times[0], atol=1e-9)
    assert timeline.num_repaired == 0


def test_estimates_and_container_rate(clip, samples):
    with PyavReader().open(clip, batch_frames=1, threads=0, keep_damaged=False) as video:
        assert video.estimated_frames == 60
    assert container_rate(clip) == pytest.approx(30)
    assert container_rate(samples / "carphone_pristine.mp4") == pytest.approx(30000 / 1001)


# --------------------------------------------------------------------------------------------
# damaged videos


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize(
    ("change", "says"),
    [({"keep_share": 0.55}, "the file ends too early"), ({"noise_at": 0.5}, "decoder error")],
    ids=["cut", "corrupt"],
)
def test_damaged_files(clip, tmp_path, change, says, threads):
    path = damaged_copy(clip, tmp_path / "damaged.mp4", **change)
    with pytest.raises(VideoError) as raised:
        read(path, threads=threads)
    message = str(raised.value)
    assert says in message
    assert "expected 2.000 s (about 60 frames)" in message
    assert "runtime={'on_damaged': 'keep'}" in message
    frames, timeline = read(path, threads=threads, keep=True)
    assert 15 < len(frames) < 45
    assert f"after {len(frames)} frames" in timeline.damage
    assert f"stopped at {timeline.duration_s:.3f} s" in timeline.damage
    assert timeline.damage in message
    assert np.array_equal(frames.permute(0, 2, 3, 1).numpy(), bare(clip)[: len(frames)])
    assert len(frames) == len(read(path, threads=3, keep=True)[0])  # not a matter of threads


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
    with pytest.raises(VideoError, match="the file ends too early"):
        read(damaged_copy(whole, tmp_path / name, keep_share=0.6))


def test_less_than_half_a_second_may_be_missing(clip, tmp_path):
    frames, timeline = read(damaged_copy(clip, tmp_path / "nearly.mp4", keep_share=0.9), threads=1)
    assert 45 <= len(frames) < 60
    assert timeline.damage == ""


@pytest.mark.parametrize(("back", "repaired", "step_s"), [(32, 0, 0.001), (33, 1, 1 / 30)])
def test_odd_timestamps_are_kept_and_repeated_ones_repaired(tmp_path, back, repaired, step_s):
    """Frame 10 comes 1 ms after frame 9, or at the same time."""
    source = write_clip(tmp_path / "source.mkv", 60, options={"preset": "ultrafast", "bf": "0"})
    path = tmp_path / "moved.mkv"
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for i, packet in enumerate(p for p in old.demux(video=0) if p.size):
            packet.stream = stream
            packet.pts = packet.dts = packet.pts - (back if i == 10 else 0)
            new.mux(packet)
    _, timeline = read(path)
    assert timeline.num_repaired == repaired
    assert timeline.edges_s[10] - timeline.edges_s[9] == pytest.approx(step_s, abs=6e-4)


class _Restamped:
    """A decoded frame with another timestamp."""

    def __init__(self, frame, pts):
        self._frame, self.pts = frame, pts

    def __getattr__(self, name):
        return getattr(self._frame, name)


@pytest.mark.parametrize(("every", "sound"), [(25, True), (10, False)])
def test_repaired_timestamps(clip, monkeypatch, every, sound):
    """A decoder that loses the timestamp of each n-th frame."""
    from ferbench.video.frame_times import FrameTimes

    frames_of = FrameTimes.note

    def note(self, frame):
        lost = len(self) % every == every - 1
        frames_of(self, _Restamped(frame, None) if lost else frame)

    monkeypatch.setattr(FrameTimes, "note", note)
    if sound:
        _, timeline = read(clip)
        assert timeline.num_repaired == 60 // every
        np.testing.assert_allclose(timeline.edges_s, np.arange(61) / 30, atol=1e-9)
        return
    with pytest.raises(
        VideoError, match=r"6 of 60 timestamps are missing or do not rise, expected at most 5%"
    ):
        read(clip)
    _, timeline = read(clip, keep=True)
    assert timeline.num_repaired == 6
    assert "6 of 60 timestamps" in timeline.damage


def test_size_change_mid_stream(tmp_path):
    path = tmp_path / "sizes.ts"
    parts = [write_clip(tmp_path / f"{w}.ts", 10, size=(w, 48)) for w in (64, 96)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(VideoError, match=r"frame 10 is 96x48 pixels, the frames before it 64x48"):
        read(path, keep=True)


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
        for use in (read, container_rate):
            with pytest.raises(VideoError, match=words) as raised:
                use(tmp_path / name)
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


def test_colon_in_the_name_is_no_protocol(clip, tmp_path, monkeypatch):
    (tmp_path / "concat:12.mp4").write_bytes(clip.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert len(read(Path("concat:12.mp4"))[0]) == 60


def test_nothing_is_written_to_the_terminal(clip, tmp_path, capfd):
    read(damaged_copy(clip, tmp_path / "damaged.mp4", noise_at=0.5), keep=True)
    assert capfd.readouterr() == ("", "")


def test_misuse(clip):
    reader = PyavReader()
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


# ------------------------------------------------------------------------------------------
# timestamp repair


@pytest.mark.parametrize(
    ("pts", "edges", "repaired"),
    [
        ([5, 15, 25], [0, 10, 20, 30], 0),
        ([5, None, None, 35], [0, 10, 20, 30, 40], 2),
        ([0, 10, 10, 30], [0, 10, 20, 30, 40], 1),
        ([0, 10, 5, 30], [0, 10, 20, 30, 40], 1),
        ([0, 9999, 20, 30], [0, 10, 20, 30, 40], 1),
        ([None, 10, 20], [0, 10, 20, 30], 1),
        ([0, 10, None], [0, 10, 20, 30], 1),
        ([None, None], [0, 40, 80], 2),
        ([7], [0, 40], 0),
    ],
)
def test_frame_edges(pts, edges, repaired):
    got, count = frame_edges(pts, last_duration=0, usual_step=40.0)
    np.testing.assert_allclose(got - got[0], edges)
    first = pts[0]
    if first is not None:
        assert got[0] == first
    assert count == repaired


def test_last_frame_lasts_as_long_as_the_container_says():
    assert frame_edges([0, 10], last_duration=3, usual_step=40.0)[0].tolist() == [0, 10, 13]


@given(st.lists(st.none() | st.integers(-50, 50), min_size=1, max_size=40))
def test_edges_always_rise_and_keep_what_can_be_trusted(pts):
    edges, repaired = frame_edges(pts, last_duration=0, usual_step=2.5)
    assert np.all(np.diff(edges) > 0)
    kept = trusted(pts)
    assert repaired == len(pts) - len(kept)
    values = np.array([pts[i] for i in kept])
    np.testing.assert_allclose(edges[kept], values)
    np.testing.assert_allclose(np.diff(edges[kept]), np.diff(values), atol=1e-9)
    best = [0] * len(pts)  # the longest rising run, the slow way
    for i, value in enumerate(pts):
        if value is not None:
            best[i] = 1 + max(
                (best[j] for j in range(i) if pts[j] is not None and pts[j] < value), default=0
            )
    assert len(kept) == max(best)


def test_rate_is_the_containers_where_the_frames_bear_it_out(tmp_path):
    for suffix in (
        ".mp4",
        ".mkv",
    ):  # Matroska keeps milliseconds, which makes 30 Hz look like 30.006
        path = tmp_path / f"clip{suffix}"
        with av.open(str(path), "w") as writer:
            stream = writer.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
            for _ in range(57):
                frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
                writer.mux(stream.encode(frame))
            writer.mux(stream.encode())
        with PyavReader().open(path, batch_frames=16, threads=1, keep_damaged=False) as video:
            for _ in video:
                pass
            assert video.timeline(video_id="clip", sha256="0" * 64).video.fps_hz == 30.0
