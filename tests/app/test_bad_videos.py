"""Damaged and odd videos through a whole run: the exact outcome of each, and the others go on."""

from __future__ import annotations

import csv
import json
import re
import shutil
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from helpers.clips import damaged_copy, picture, write_clip, write_sound

SECOND = Fraction(1, 1000)
VFR_MS = np.cumsum([0, 3, 40, 1, 7, 100, 33, 2, 2, 500]).tolist()


def first_boxes(path: Path, name: bytes) -> tuple[bytearray, int]:
    """A file's bytes, and where the content of its first box of that name begins."""
    data = bytearray(path.read_bytes())
    return data, data.index(name) + 4


def with_edit_list(source: Path, path: Path) -> None:
    """Begin 15 frames later, by the container's edit list only."""
    data, at = first_boxes(source, b"elst")
    duration, media_time = struct.unpack(">II", data[at + 8 : at + 16])
    data[at + 8 : at + 16] = struct.pack(">II", duration - 500, media_time + 15360 // 2)
    path.write_bytes(data)


def with_all_frames_at_once(source: Path, path: Path) -> None:
    """A frame lasts 0 ticks: 0 frames per second."""
    data, at = first_boxes(source, b"stts")
    (entries,) = struct.unpack(">I", data[at + 4 : at + 8])
    for k in range(entries):
        data[at + 12 + 8 * k : at + 16 + 8 * k] = struct.pack(">I", 0)
    path.write_bytes(data)


def without_index(source: Path, path: Path) -> None:
    """A recording that was cut off before its index (moov) was written."""
    data, at = first_boxes(source, b"moov")
    path.write_bytes(data[: at - 8])


def with_two_pictures(path: Path) -> None:
    """Two video streams of different size and length; the first one has 20 frames of 64 x 48."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("libx264", rate=30) for _ in range(2)]
        for stream, size in zip(streams, ((64, 48), (96, 64)), strict=True):
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for i in range(30):
            for stream in streams[0 if i < 20 else 1 :]:
                frame = av.VideoFrame.from_ndarray(
                    picture(i, stream.width, stream.height), format="rgb24"
                )
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())


def with_sound_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        write_sound(container, container.add_stream("aac", rate=8000), seconds=1)


def with_two_sizes(path: Path) -> None:
    parts = [write_clip(path.with_name(f"{w}.part.ts"), 10, size=(w, 48)) for w in (64, 96)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()


def make_all(folder: Path) -> None:
    """One file of each kind."""
    folder.mkdir()
    good = write_clip(folder / "good.mp4", 60, muxer={"movflags": "faststart"})
    damaged_copy(good, folder / "truncated.mp4", keep_share=0.5)
    damaged_copy(good, folder / "corrupt_middle.mp4", noise_at=0.5)
    without_index(write_clip(folder / "no_index.mp4", 20), folder / "no_index.mp4")
    with_sound_only(folder / "sound_only.mp4")
    (folder / "zero_bytes.mp4").touch()
    (folder / "text.mp4").write_text("session,onset_s\n" * 50, encoding="utf-8")
    (folder / "noise.mkv").write_bytes(np.random.default_rng(5).bytes(5000))
    (folder / "folder.mp4").mkdir()
    (folder / "._good.mp4").write_bytes(b"Mac OS X        ")
    with_all_frames_at_once(good, folder / "zero_fps.mp4")
    with_two_sizes(folder / "two_sizes.ts")
    write_clip(folder / "variable_rate.mp4", len(VFR_MS), pts=VFR_MS, time_base=SECOND)
    write_clip(folder / "rotated.mp4", 12, rotate=90)
    with_edit_list(good, folder / "edit_list.mp4")
    write_clip(folder / "odd_size_444.mkv", 12, size=(65, 49), pix="yuv444p")
    write_clip(folder / "ten_bit.mkv", 12, codec="libx265", pix="yuv420p10le", size=(64, 64))
    write_clip(folder / "no_frame_count.webm", 12, codec="libvpx-vp9")
    with_two_pictures(folder / "two_streams.mp4")
    write_clip(folder / "one_frame.mp4", 1)
    write_clip(folder / "sound_longer.mp4", 60, audio=True)
    shutil.copyfile(folder / "one_frame.mp4", folder / "Ünï cödé (1) [x]=$.MP4")


DONE = {  # session: frames, seconds
    "good": (60, 2.0),
    "variable_rate": (10, None),
    "rotated": (12, 0.4),
    "edit_list": (45, 1.5),
    "odd_size_444": (12, 0.4),
    "ten_bit": (12, 0.4),
    "no_frame_count": (12, 0.4),
    "two_streams": (20, 20 / 30),
    "one_frame": (1, 1 / 30),
    "sound_longer": (60, 2.0),
    "Ünï cödé (1) [x]=$": (1, 1 / 30),
}
FAILED = {
    "truncated": r"truncated\.mp4: damaged video: .*: stopped at \d\.\d{3} s after \d\d frames, "
    r"expected 2\.000 s \(about 60 frames\)",
    "corrupt_middle": r"corrupt_middle\.mp4: damaged video: decoder error \(Invalid data .*\): "
    r"stopped at",
    "no_index": r"no_index\.mp4: FFmpeg cannot read this as a video .* cut off before its index "
    r"was written",
    "sound_only": r"sound_only\.mp4: the file holds no video stream, only: audio\. Expected a "
    r"video",
    "zero_bytes": r"zero_bytes\.mp4: the file is empty \(0 bytes\)",
    "text": r"text\.mp4: FFmpeg cannot read this as a video",
    "noise": r"noise\.mkv: FFmpeg cannot read this as a video",
    "zero_fps": r"zero_fps\.mp4: damaged video: 21 of 24 timestamps are missing or do not rise, "
    r"expected at most 5%",
    "two_sizes": r"two_sizes\.ts: frame 10 is 96x48 pixels, the frames before it 64x48; expected "
    r"one size",
}

# OpenCV is silent about damage, tells another rate, scales a picture that changes its size, and
# counts rows: by them the frames of a variable rate last as long as the average.
WITH_OPENCV = {
    "truncated": r"truncated\.mp4: damaged video: OpenCV stopped without a reason at \d\.\d{3} s "
    r"after 2\d frames, "
    r"expected 2\.000 s \(about 60 frames\)",
    "corrupt_middle": r"corrupt_middle\.mp4: damaged video: OpenCV stopped without a reason at "
    r"\d\.\d{3} s after",
    "zero_fps": r"zero_fps\.mp4: OpenCV reports 30 Hz, by which the 24 frames last 0\.800 s; "
    r"by their own times 0\.100 s",
    "two_sizes": None,
}


def expected(reader: str) -> tuple[dict[str, tuple[int, float | None]], dict[str, str]]:
    """What a reader does with each file: frames and seconds, and reasons of failures."""
    if reader == "pyav":
        return DONE, FAILED
    failed = {name: reason for name, reason in {**FAILED, **WITH_OPENCV}.items() if reason}
    return {**DONE, "two_sizes": (20, 20 / 30)}, failed


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("odd") / "videos"
    make_all(folder)
    return folder


@pytest.mark.parametrize("reader", ["pyav", "opencv"])
def test_each_has_its_outcome_and_none_stops_the_others(
    videos, home, tmp_path, ferbench_run, reader
):
    out = tmp_path / "out"
    ended = ferbench_run(
        f"dataset.videos={videos}", "dataset.suffixes=[.mp4,.mkv,.webm,.ts]", "tracking=none",
        f"reader={reader}", f"hydra.run.dir={out}",
    )  # fmt: skip
    done, failed = expected(reader)
    assert ended.code == 1
    assert "Traceback" not in ended.err
    tables = {
        name: read_rows(out / "artifacts" / f"{name}.csv") for name in ("sessions", "failures")
    }
    assert {row["session"] for row in tables["sessions"]} == set(done)
    for row in tables["sessions"]:
        frames, video_s = done[row["session"]]
        assert int(row["frames"]) == frames, row["session"]
        if video_s is not None:
            assert float(row["video_s"]) == pytest.approx(video_s, abs=2e-3), row["session"]
    assert {row["session"]: row["file"] for row in tables["failures"]} == {
        name: next(videos.glob(f"{name}.*")).name for name in failed
    }
    for row in tables["failures"]:
        assert re.match(failed[row["session"]], row["reason"]), row["reason"]
        assert row["session"] in ended.err
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    assert len(result["failed_sessions"]) == len(failed)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
