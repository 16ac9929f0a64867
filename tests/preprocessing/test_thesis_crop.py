"""The thesis' crop, to the bit what its program cut out."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch

from ferbench.errors import ConfigError
from ferbench.preprocessing.truncated_box import TruncatedBox
from ferbench.types import Faces
from helpers.reference import shared_path


def faces_of(*boxes):
    return Faces(
        frame=np.zeros(len(boxes), np.int64),
        box_xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        score=np.ones(len(boxes), np.float32),
        landmarks_xy=np.full((len(boxes), 5, 2), np.nan, np.float32),
    )


def rgb_of(bgr):
    return torch.from_numpy(np.ascontiguousarray(bgr[..., ::-1])).permute(2, 0, 1)[None]


def bgr_of(crop):
    return crop.permute(1, 2, 0).numpy()[..., ::-1]


@pytest.fixture(scope="module")
def reference():
    """The images by name, what was cut, and its description."""
    with (
        np.load(shared_path("thesis/predict/crops.npz")) as arrays,
        np.load(shared_path("thesis/predict/frames.npz")) as frames,
    ):
        crops = dict(arrays)
        images = {
            "big": crops.pop("big"),
            "frame0": frames["frames"][0],
            "black": np.zeros((96, 128, 3), np.uint8),
        }
    return images, crops, json.loads(shared_path("thesis/predict/crops.json").read_text())["cases"]


def test_every_crop_is_the_original_s_to_the_bit(reference):
    images, crops, cases = reference
    assert len(cases) == 18
    cut = 0
    for name, case in cases.items():
        made = TruncatedBox(size_px=224).crop(
            rgb_of(images[case["image"]]), faces_of(case["box"]), model_px=48
        )
        assert len(made.row) == case["counts_as_face"], name
        if case["counts_as_face"]:
            np.testing.assert_array_equal(bgr_of(made.rgb[0]), crops[name], err_msg=name)
            cut += 1
    assert cut == 14


def test_a_black_region_is_no_face_and_one_dark_pixel_saves_it():
    black = torch.zeros((1, 3, 40, 50), dtype=torch.uint8)
    box = (10, 10, 30, 30)
    assert len(TruncatedBox().crop(black, faces_of(box), model_px=8).row) == 0
    black[0, 2, 29, 29] = 1
    assert TruncatedBox().crop(black, faces_of(box), model_px=8).row.tolist() == [0]
    black[0, 2, 29, 29] = 0
    black[0, :, 30, 30] = 255  # just outside
    assert len(TruncatedBox().crop(black, faces_of(box), model_px=8).row) == 0


def test_many_faces_equal_slices_of_numpy():
    rng = np.random.default_rng(3)
    frames = torch.from_numpy(rng.integers(0, 256, (3, 3, 48, 64)).astype(np.uint8))
    boxes = rng.uniform(-80, 90, (400, 4)).astype(np.float32)
    boxes[::7] = np.trunc(boxes[::7])
    boxes[5, 2], boxes[6, 0], boxes[8] = np.nan, np.inf, 3e38
    many = Faces(
        frame=np.sort(rng.integers(0, 3, 400)),
        box_xyxy=boxes,
        score=np.ones(400, np.float32),
        landmarks_xy=np.full((400, 5, 2), np.nan, np.float32),
    )
    made = TruncatedBox().crop(frames, many, model_px=20)
    expected = {}
    for row, (frame, box) in enumerate(zip(many.frame, boxes, strict=True)):
        if np.isfinite(box).all():
            x1, y1, x2, y2 = (int(v) for v in box.tolist())
            region = frames[frame].permute(1, 2, 0).numpy()[max(y1, 0) : y2, max(x1, 0) : x2]
            if region.size:
                expected[row] = cv2.resize(
                    np.ascontiguousarray(region), (20, 20), interpolation=cv2.INTER_AREA
                )
    assert made.row.tolist() == list(expected)
    assert len(expected) > 100
    for row, crop in zip(made.row.tolist(), made.rgb, strict=True):
        np.testing.assert_array_equal(crop.permute(1, 2, 0).numpy(), expected[row])


def test_sizes():
    frame = torch.full((1, 3, 40, 50), 9, dtype=torch.uint8)
    assert TruncatedBox().crop(frame, faces_of((1, 1, 9, 9)), model_px=64).rgb.shape == (
        1,
        3,
        64,
        64,
    )
    assert TruncatedBox(size_px=30).crop(frame, Faces.empty(), model_px=64).rgb.shape == (
        0,
        3,
        30,
        30,
    )
    assert TruncatedBox(size_px=30).geometry(model_px=64).size_px == 30
    assert TruncatedBox().geometry(model_px=64).size_px == 64
    with pytest.raises(ConfigError, match=r"size_px: expected at least 1 pixel, or null, got 0"):
        TruncatedBox(size_px=0)
