"""Squares sampled pixel by pixel: against py-feat's own crops, and against torch's grid_sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812

from ferbench.errors import ConfigError
from ferbench.geometry import CropGeometry
from ferbench.preprocessing.mirrored import mirrored_each, mirrored_together
from ferbench.preprocessing.square_sampled import SquareSampled
from ferbench.types import Faces
from helpers.procedural import KEPT
from helpers.published import procedural_image
from helpers.reference import report_difference

HEIGHT, WIDTH = 61, 83


def faces_of(boxes):
    box_xyxy = np.asarray(boxes, np.float32).reshape(-1, 4)
    return Faces(
        frame=np.zeros(len(box_xyxy), np.int64),
        box_xyxy=box_xyxy,
        score=np.ones(len(box_xyxy), np.float32),
        landmarks_xy=np.full((len(box_xyxy), 5, 2), np.nan, np.float32),
    )


def frames_of(*pictures):
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


def test_crops_are_py_feat_s_own():
    """Inside, beyond borders, smaller than the crop, and so large that the frame is mirrored
    twice.
    """
    with np.load(KEPT / "pyfeat_crops.npz") as kept:
        theirs, boxes = kept["levels"], kept["boxes"]
    frames = frames_of(procedural_image(7, 160)[:120])
    crops = SquareSampled(size_px=theirs.shape[2]).crop(frames, faces_of(boxes), model_px=224)
    assert crops.row.tolist() == [0, 1, 2, 3, 4]
    difference = float(np.abs(crops.rgb.numpy().astype(np.float64) - theirs).max())
    report_difference("square_sampled, grey levels from py-feat's, before it rounds", difference)
    assert difference <= 0.51


def sampled_by_torch(frame, box, margin, size_px):
    """The square as torch samples it, f64 (3, S, S)."""
    left, top, right, bottom = box
    side = max((1 + 2 * margin) * max(right - left, bottom - top), 1.0)
    along = (torch.arange(size_px, dtype=torch.float64) + 0.5) * side / size_px
    x = (left + right - side) / 2 + along
    y = (top + bottom - side) / 2 + along
    height, width = frame.shape[1:]
    unit_y, unit_x = torch.meshgrid(
        (2 * y + 1) / height - 1, (2 * x + 1) / width - 1, indexing="ij"
    )
    grid = torch.stack((unit_x, unit_y), dim=2)[None]
    return F.grid_sample(
        frame.double()[None], grid, padding_mode="reflection", align_corners=False
    )[0]


@settings(max_examples=40, deadline=None)
@given(
    corner=st.tuples(st.floats(-60, 80, width=32), st.floats(-60, 60, width=32)),
    extent=st.tuples(st.floats(1, 200, width=32), st.floats(1, 200, width=32)),
    margin=st.sampled_from([-0.25, 0.0, 0.1, 0.6]),
    size_px=st.sampled_from([1, 2, 7, 48]),
)
def test_any_square_is_torch_s(noise, corner, extent, margin, size_px):
    box = np.float32([*corner, corner[0] + extent[0], corner[1] + extent[1]])
    frames = frames_of(noise)
    crops = SquareSampled(margin=margin, size_px=size_px).crop(frames, faces_of(box), model_px=9)
    if not len(crops.row):
        return  # beyond the frame
    expected = sampled_by_torch(frames[0], box.astype(np.float64), margin, size_px)
    torch.testing.assert_close(crops.rgb[0].double(), expected, rtol=0, atol=0.501)


@settings(max_examples=30, deadline=None)
@given(
    first=st.lists(st.integers(-(10**9), 10**9), min_size=2, max_size=6),
    step=st.integers(1, 10**8),
    size_px=st.sampled_from([1, 2, 7, 48]),
)
def test_one_by_one_and_all_at_once_are_equal(noise, first, step, size_px):
    frames = frames_of(noise, noise[::-1].copy())
    place = np.int64(first)[: len(first) // 2 * 2].reshape(-1, 2, 1) + step * np.arange(size_px)
    frame = np.arange(len(place)) % 2
    ours = mirrored_each(frames, frame, place)
    assert torch.equal(ours, mirrored_together(frames, frame, place))
    assert ours.is_contiguous()


def test_boxes_without_a_pixel_in_the_frame_have_no_row(noise):
    boxes = (
        (-50, 0, -20, 30),
        (10, 10, 30, 40),
        (WIDTH + 20, 0, WIDTH + 50, 30),
        (20, 20, 20, 40),
        (np.nan, 0, 10, 10),
        (-20, -20, 1, 1),
        (0, 0, np.inf, 10),
    )
    crops = SquareSampled(size_px=None).crop(frames_of(noise), faces_of(boxes), model_px=12)
    assert crops.row.tolist() == [1, 5]
    assert crops.rgb.shape == (2, 3, 12, 12)
    assert SquareSampled().crop(frames_of(noise), faces_of([]), model_px=12).rgb.shape[2] == 256


def test_geometry_and_bad_values():
    assert SquareSampled().geometry(model_px=224) == CropGeometry(
        kind="square", margin=0.1, size_px=256
    )
    assert SquareSampled(size_px=None).geometry(model_px=224).size_px == 224
    with pytest.raises(ConfigError, match="margin"):
        SquareSampled(margin=-0.5)
    with pytest.raises(ConfigError, match="size_px"):
        SquareSampled(size_px=0)
