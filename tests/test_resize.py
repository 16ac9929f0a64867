"""OpenCV's bilinear resize by tensor operations against OpenCV itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.resize import by_weights, opencv_linear

SIDES = st.integers(1, 90)


def by_opencv(images: np.ndarray, height_px: int, width_px: int) -> np.ndarray:
    resized = [
        cv2.resize(
            np.ascontiguousarray(i.transpose(1, 2, 0)),
            (width_px, height_px),
            interpolation=cv2.INTER_LINEAR,
        )
        for i in images
    ]
    return np.stack(resized).transpose(0, 3, 1, 2)


@settings(deadline=None)
@given(SIDES, SIDES, SIDES, SIDES, st.integers(0, 2**32 - 1))
def test_equal_to_opencv_to_the_bit(height, width, height_px, width_px, seed):
    images = np.random.default_rng(seed).integers(0, 256, (2, 3, height, width), dtype=np.uint8)
    expected = by_opencv(images, height_px, width_px)
    for function in (opencv_linear, by_weights):
        got = function(torch.from_numpy(images), height_px, width_px)
        assert got.dtype == torch.uint8
        np.testing.assert_array_equal(got.numpy(), expected)


@pytest.mark.parametrize(("height", "width"), [(2, 2), (14, 6), (224, 224)])
def test_half_the_size_is_the_mean_of_four(height, width):
    images = np.random.default_rng(1).integers(0, 256, (1, 3, height, width), dtype=np.uint8)
    expected = by_opencv(images, height // 2, width // 2)
    np.testing.assert_array_equal(
        by_weights(torch.from_numpy(images), height // 2, width // 2).numpy(), expected
    )
    np.testing.assert_array_equal(
        opencv_linear(torch.from_numpy(images), height // 2, width // 2).numpy(), expected
    )


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_on_a_gpu():
    images = np.random.default_rng(2).integers(0, 256, (3, 3, 360, 641), dtype=np.uint8)
    got = opencv_linear(torch.from_numpy(images).cuda(), 359, 640)
    np.testing.assert_array_equal(got.cpu().numpy(), by_opencv(images, 359, 640))
