"""Crops: against torch's resampling, borders, empty boxes, and independence of the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from ferbench.errors import ConfigError
from ferbench.preprocessing.box import Box
from ferbench.preprocessing.square_margin import SquareMargin
from ferbench.types import Faces
from helpers.published import plain

HEIGHT, WIDTH = 90, 120


@pytest.fixture(scope="module")
def frames():
    """Two frames with smooth structure and noise."""
    rng = torch.Generator().manual_seed(5)
    coarse = torch.rand(2, 3, 9, 12, generator=rng) * 255
    smooth = F.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bicubic")
    noise = torch.randn(smooth.shape, generator=rng) * 15
    return (smooth + noise).clamp(0, 255).to(torch.uint8)


def faces_of(*rows):
    """Rows (frame, x1, y1, x2, y2)."""
    table = np.array(rows, np.float32).reshape(-1, 5)
    return Faces(
        frame=table[:, 0].astype(np.int64),
        box_xyxy=table[:, 1:],
        score=np.ones(len(table), np.float32),
        landmarks_xy=np.full((len(table), 5, 2), np.nan, np.float32),
    )


def reference(region, size):
    """What torch makes of one region, f32."""
    return F.interpolate(region[None].float(), size=(size, size), mode="bilinear", antialias=True)[
        0
    ]


def assert_close(crop, expected):
    assert crop.dtype == torch.uint8
    torch.testing.assert_close(crop.float(), expected, rtol=0, atol=0.51)


@pytest.mark.parametrize("size", [1, 16, 64, 224])
def test_box_equals_torch(frames, size):
    faces = faces_of(
        (0, 10, 20, 70, 85),
        (0, 3.49, 4.5, 20.51, 11.2),
        (1, -20, -10.2, 30.4, 200),
        (1, 0, 0, WIDTH, HEIGHT),
        (1, 50, 50, 51, 51),
    )
    regions = (
        frames[0, :, 20:85, 10:70],
        frames[0, :, 5:11, 3:21],
        frames[1, :, :, :30],
        frames[1],
        frames[1, :, 50:51, 50:51],
    )
    crops = Box().crop(frames, faces, model_px=size)
    assert crops.row.tolist() == [0, 1, 2, 3, 4]
    for crop, region in zip(crops.rgb, regions, strict=True):
        assert_close(crop, reference(region, size))


def test_box_without_a_pixel_has_no_row(frames):
    faces = faces_of(
        (0, 10, 10, 10.2, 40),
        (0, 30, 30, 20, 40),
        (0, 140, 10, 170, 40),
        (0, 5, 5, 25, 25),
        (1, -50, -50, -10, -10),
        (1, np.nan, 0, 10, 10),
        (1, 0, 0, np.inf, 10),
    )
    assert Box().crop(frames, faces, model_px=8).row.tolist() == [3]
    assert SquareMargin().crop(frames, faces, model_px=8).row.tolist() == [0, 3]


def padded(frame, left, top, side, pad):
    """A square of a frame by way of a padded copy of the whole."""
    options = {"mode": "replicate"} if pad == "edge" else {"mode": "constant", "value": 0.0}
    big = F.pad(frame[None].float(), (200,) * 4, **options)[0]
    return big[:, top + 200 : top + 200 + side, left + 200 : left + 200 + side]


@pytest.mark.parametrize("pad", ["edge", "black"])
@pytest.mark.parametrize("size", [16, 96])
def test_square_margin_equals_torch(frames, pad, size):
    faces = faces_of(
        (0, 30, 20, 70, 60), (0, 40, 10, 60, 60), (1, -10, 30, 20, 60), (1, 60, 10, 130, 100)
    )
    # side 1.5 * 40 around (50, 40); 1.5 * 50 around (50, 35); 1.5 * 30 around (5, 45); 1.5 * 90
    # around (95, 55)
    squares = ((20, 10, 60), (13, -2, 75), (-17, 23, 45), (28, -12, 135))
    crops = SquareMargin(margin=0.25, pad=pad).crop(frames, faces, model_px=size)
    for crop, n, square in zip(crops.rgb, faces.frame, squares, strict=True):
        assert_close(crop, reference(padded(frames[n], *square, pad), size))


def test_square_margin_of_zero_and_below(frames):
    faces = faces_of((0, 30, 20, 70, 60))
    same = Box().crop(frames, faces, model_px=20).rgb
    assert torch.equal(SquareMargin(margin=0.0).crop(frames, faces, model_px=20).rgb, same)
    inner = Box().crop(frames, faces_of((0, 40, 30, 60, 50)), model_px=20).rgb
    assert torch.equal(SquareMargin(margin=-0.25).crop(frames, faces, model_px=20).rgb, inner)


@pytest.mark.parametrize("component", [Box(), SquareMargin(), SquareMargin(pad="black")])
def test_crop_does_not_depend_on_its_neighbours(frames, component):
    rng = np.random.default_rng(0)
    start, side = rng.uniform(-20, 90, (40, 2)), rng.uniform(3, 90, (40, 2))
    faces = faces_of(*np.column_stack((np.repeat((0, 1), 20), start, start + side)))
    together = component.crop(frames, faces, model_px=32)
    assert len(together.row) > 25
    for crop, row in zip(together.rgb, together.row, strict=True):
        alone = component.crop(frames, faces.rows(np.array([row])), model_px=32)
        assert torch.equal(alone.rgb[0], crop)


@pytest.mark.parametrize("component", [Box(), SquareMargin()])
def test_no_face_no_crop(frames, component):
    crops = component.crop(frames, Faces.empty(), model_px=24)
    assert crops.rgb.shape == (0, 3, 24, 24)


@pytest.mark.parametrize("kind", [Box, SquareMargin])
def test_own_size_wins(frames, kind):
    assert kind(size_px=12).crop(frames, faces_of((0, 1, 1, 9, 9)), model_px=24).rgb.shape == (
        1,
        3,
        12,
        12,
    )


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Box, {"size_px": 0}),
        (SquareMargin, {"size_px": 0}),
        (SquareMargin, {"margin": -0.5}),
        (SquareMargin, {"margin": float("nan")}),
        (SquareMargin, {"pad": "white"}),
    ],
)
def test_wrong_fields_are_refused(kind, wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        kind(**wrong)


@pytest.mark.parametrize(("name", "kind"), [("box", Box), ("square_margin", SquareMargin)])
def test_yaml_names_all_fields_with_their_defaults(name, kind):
    node = plain(f"preprocessing/{name}")
    assert node.pop("_target_") == f"{kind.__module__}.{kind.__name__}"
    assert kind(**node) == kind()
    assert set(node) == set(kind.__slots__)
