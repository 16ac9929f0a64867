"""Crops on a CPU and on a device: one after the other and all at once give the same bits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.preprocessing import cut_together as together
from ferbench.preprocessing import resample, warp
from ferbench.preprocessing import warp_together as warped_together
from ferbench.preprocessing.align5 import Align5
from ferbench.preprocessing.box import Box
from ferbench.preprocessing.square_margin import SquareMargin
from ferbench.preprocessing.truncated_box import TruncatedBox
from ferbench.types import Faces

HEIGHT, WIDTH = 61, 83
ARCFACE = np.array([(38.3, 51.7), (73.5, 51.5), (56.0, 71.7), (41.5, 92.4), (70.7, 92.2)]) / 112

COMPONENTS = (
    Box(),
    *(SquareMargin(margin=0.2, pad=pad) for pad in ("edge", "black")),
    *(
        Align5(pad=pad, sampling=sampling, missing="box")
        for pad in ("edge", "black")
        for sampling in ("bilinear", "antialias")
    ),
)


def frames_of(*, seed=0, num=2, height=HEIGHT, width=WIDTH):
    """Noise as readers give it: the colours of a pixel side by side."""
    pictures = np.random.default_rng(seed).integers(0, 256, (num, height, width, 3), np.uint8)
    return torch.from_numpy(pictures).permute(0, 3, 1, 2)


@st.composite
def faces_beside_frames(draw):
    """Boxes in and beyond the frame, with landmarks that fit them, fit nothing, or are missing."""
    number = draw(st.integers(1, 5))
    place = st.floats(-90, 140, width=32)
    side = st.floats(0.5, 200, width=32)
    corner = np.array([(draw(place), draw(place)) for _ in range(number)])
    extent = np.array([(draw(side), draw(side)) for _ in range(number)])
    turn = np.exp(1j * np.array([draw(st.floats(-3, 3)) for _ in range(number)]))[:, None]
    marks = ((ARCFACE - 0.5) @ (1, 1j))[None] * turn
    landmarks = corner[:, None] + np.stack((marks.real, marks.imag), axis=2) * extent[:, :1, None]
    landmarks[np.array([draw(st.booleans()) for _ in range(number)])] = np.nan
    return Faces(
        frame=np.sort([draw(st.integers(0, 1)) for _ in range(number)]),
        box_xyxy=np.concatenate((corner, corner + extent), axis=1).astype(np.float32),
        score=np.ones(number, np.float32),
        landmarks_xy=landmarks.astype(np.float32),
    )


@pytest.mark.parametrize("component", COMPONENTS, ids=repr)
@settings(max_examples=12, deadline=None)
@given(faces=faces_beside_frames(), size_px=st.sampled_from([1, 2, 7, 48, 64, 97]))
def test_one_by_one_and_all_at_once_are_equal(component, faces, size_px):
    frames = frames_of()
    ours = component.crop(frames, faces, model_px=size_px)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resample, "cut_each", together.cut_together)
        patch.setattr(warp, "warp_each", warped_together.warp_together)
        patch.setattr(together, "_PIXELS_AT_ONCE", 20_000)
        patch.setattr(warped_together, "PIXELS_AT_ONCE", 5000)
        theirs = component.crop(frames, faces, model_px=size_px)
    np.testing.assert_array_equal(ours.row, theirs.row)
    assert torch.equal(ours.rgb, theirs.rgb)
    assert ours.rgb.is_contiguous()


@pytest.mark.parametrize("pad", ["edge", "black"])
@pytest.mark.parametrize("size_px", [1, 3, 224, 300])
def test_large_rectangles_are_equal(pad, size_px):
    frames = frames_of(num=1, height=700, width=900)
    corners = np.array(
        [(0, 0, 900, 700), (-400, 100, 1500, 1200), (120, 33, 731, 690), (899, 699, 900, 700)]
    )
    index = np.zeros(len(corners), np.int64)
    ours = resample.cut(frames, index, corners, size_px, pad)
    assert torch.equal(ours, together.cut_together(frames, index, corners, size_px, pad))
    assert torch.equal(resample.cut(frames.contiguous(), index, corners, size_px, pad), ours)


@pytest.mark.parametrize("pad", ["edge", "black"])
def test_rectangles_beside_the_frame_are_equal(pad):
    frames = frames_of(num=1)
    corners = np.array([(-30, 5, -3, 40), (90, 5, 99, 40), (5, 61, 40, 80), (-9, -9, 0, 0)])
    index = np.zeros(len(corners), np.int64)
    ours = resample.cut(frames, index, corners, 16, pad)
    assert torch.equal(ours, together.cut_together(frames, index, corners, 16, pad))
    assert bool(ours.any()) == (pad == "edge")


@pytest.mark.parametrize("component", [TruncatedBox(), *COMPONENTS], ids=repr)
def test_lanes_get_the_same_crops(component):
    frames = frames_of(num=1, height=300, width=300)
    box = np.array([[x, x / 2, x + 90, x / 2 + 120] for x in range(0, 200, 10)], np.float32)
    marks = box[:, None, :2] + 110 * ARCFACE
    faces = Faces(
        frame=np.zeros(len(box), np.int64),
        box_xyxy=box,
        score=np.ones(len(box), np.float32),
        landmarks_xy=marks.astype(np.float32),
    )
    expected = component.crop(frames, faces, model_px=40)
    assert len(expected.row) == len(box)
    together_now = threading.Barrier(4)

    def lane(_):
        together_now.wait()
        return component.crop(frames, faces, model_px=40).rgb

    with ThreadPoolExecutor(4) as pool:
        for rgb in pool.map(lane, range(4)):
            assert torch.equal(rgb, expected.rgb)
