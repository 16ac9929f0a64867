"""The eight ways to hold a picture, against ffmpeg's autorotation and against plain arithmetic."""

from __future__ import annotations

import math
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.video.opencv import OpencvReader
from ferbench.video.orientation import from_matrix
from ferbench.video.pyav import PyavReader
from helpers.clips import write_clip
from helpers.ffmpeg_picture import ffmpeg_picture, mean_difference

READERS = [PyavReader(), OpencvReader()]
SIZE = (64, 48)  # width, height

# a, b, c, d of the matrix: (x, y) goes to (a x + c y, b x + d y); rotation and mirroring
EIGHT = {
    (1, 0, 0, 1): (0, False),
    (0, -1, 1, 0): (90, False),
    (-1, 0, 0, -1): (180, False),
    (0, 1, -1, 0): (270, False),
    (-1, 0, 0, 1): (0, True),
    (0, -1, -1, 0): (90, True),
    (1, 0, 0, -1): (180, True),
    (0, 1, 1, 0): (270, True),
}


def shown(reader, path: Path):
    """First frame, RGB u8 (H, W, 3), and what is told of the video."""
    with reader.open(path, batch_frames=4, threads=1, keep_damaged=False) as video:
        first, *_ = [batch.rgb for batch in video]
        return first[0].permute(1, 2, 0).numpy(), video.timeline(video_id="clip", sha256="").video


def with_matrix(path: Path, a: float, b: float, c: float, d: float) -> Path:
    """Write this matrix into the track's header (``tkhd``); makes the clip if there is none."""
    if not path.exists():
        write_clip(path, 4, size=SIZE)
    data = bytearray(path.read_bytes())
    version_at = data.index(b"tkhd") + 4
    at = version_at + (24 if data[version_at] == 0 else 36) + 16
    numbers = [a * 2**16, b * 2**16, 0, c * 2**16, d * 2**16, 0, 0, 0, 2**30]
    data[at : at + 36] = np.array(numbers).round().astype(">i4").tobytes()
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def eight_clips(tmp_path_factory) -> dict[tuple[int, ...], Path]:
    folder = tmp_path_factory.mktemp("matrices")
    return {m: with_matrix(folder / f"{n}.mp4", *m) for n, m in enumerate(EIGHT)}


@pytest.mark.parametrize("reader", READERS, ids=["pyav", "opencv"])
@pytest.mark.parametrize("matrix", EIGHT)
def test_pictures_are_held_as_ffmpeg_holds_them(eight_clips, matrix, reader):
    rgb, video = shown(reader, eight_clips[matrix])
    assert mean_difference(rgb, ffmpeg_picture(eight_clips[matrix])) < 0.5
    assert (video.rotation_deg, video.mirrored) == EIGHT[matrix]
    assert (video.height_px, video.width_px) == rgb.shape[:2]
    assert video.picture_notes == ()


def test_the_eight_pictures_differ(eight_clips):
    pictures = {shown(PyavReader(), path)[0].tobytes() for path in eight_clips.values()}
    assert len(pictures) == 8


@pytest.mark.parametrize("reader", READERS, ids=["pyav", "opencv"])
def test_matrices_of_other_containers_and_of_the_library_that_writes_them(tmp_path, reader):
    """PyAV's own writer, for mov and Matroska."""
    for name in ("turned.mov", "turned.mkv"):
        path = write_clip(tmp_path / name, 3, size=SIZE, rotate=90)
        rgb, video = shown(reader, path)
        assert mean_difference(rgb, ffmpeg_picture(path)) < 0.5
        assert rgb.shape[:2] == SIZE
        assert video.rotation_deg == 90


def test_a_tilt_is_told(tmp_path):
    cos, sin = math.cos(math.radians(20)), math.sin(math.radians(20))
    path = with_matrix(tmp_path / "tilted.mp4", cos, sin, -sin, cos)
    for reader in READERS:
        rgb, video = shown(reader, path)
        assert rgb.shape == (48, 64, 3)
        (note,) = video.picture_notes
        assert "tilts the picture by 20 degrees" in note


@given(
    st.sampled_from(list(EIGHT)),
    st.floats(0.01, 100),
    st.floats(-40, 40),
)
def test_view_moves_points_as_the_matrix_does(matrix, scale, tilt_deg):
    """Any scale, and any tilt of less than half a quarter turn."""
    a, b, c, d = matrix
    tilt = math.radians(tilt_deg)
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    square = scale * np.array([[a, b], [c, d]], dtype=np.float64) @ turn
    full = np.zeros((3, 3))
    full[:2, :2] = square
    orientation = from_matrix(full)
    height, width = 3, 5
    stored = np.zeros((height, width, 3), np.uint8)
    stored[..., 0], stored[..., 1] = np.mgrid[:height, :width]
    view = orientation.view(stored)
    assert view.base is stored
    assert view.shape[:2] == orientation.shown_hw((height, width))
    assert orientation.tilt_deg == pytest.approx(abs(tilt_deg), abs=1e-6)
    for y, x in ((0, 0), (2, 1), (1, 4)):
        u, v = a * x + c * y, b * x + d * y  # then moved to where all are at least 0
        u += (width - 1) * max(0, -a) + (height - 1) * max(0, -c)
        v += (width - 1) * max(0, -b) + (height - 1) * max(0, -d)
        assert view[v, u, :2].tolist() == [y, x]


def test_a_matrix_of_zeros_asks_for_nothing():
    assert from_matrix(np.zeros((3, 3))) == from_matrix(np.eye(3))


def test_frames_without_a_matrix(tmp_path):
    path = write_clip(tmp_path / "plain.ts", 2, size=SIZE)
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).side_data.get("DISPLAYMATRIX") is None
    assert shown(PyavReader(), path)[1].rotation_deg == 0
