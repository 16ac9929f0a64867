"""Signals of geometry: by arithmetic on made boxes and landmarks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError, DataError
from ferbench.events.face_signal import FaceSignal
from ferbench.events.ranked import ranks
from ferbench.types import Channels, Expressions, Faces, Timeline, VideoInfo

NO_EXPRESSIONS = Expressions(
    frame=np.empty(0, np.int64),
    face=np.empty(0, np.int64),
    logits=np.empty((0, 2), np.float32),
    labels=("neutral", "surprise"),
)


def timeline(edges_s):
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="0" * 64,
        num_frames=len(edges_s) - 1,
        width_px=640,
        height_px=400,
        fps_hz=25.0,
    )
    return Timeline(video=video, edges_s=np.array(edges_s, float))


def faces_of(boxes, marks=None):
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    if marks is None:
        marks = np.full((len(boxes), 5, 2), np.nan)
    return Faces(
        frame=np.arange(len(boxes), dtype=np.int64),
        box_xyxy=boxes,
        score=np.ones(len(boxes), np.float32),
        landmarks_xy=np.array(marks, np.float32),
    )


def value_of(rule, faces, edges_s, chosen=None):
    chosen = np.arange(len(edges_s) - 1) if chosen is None else chosen
    (signal,) = rule.build(NO_EXPRESSIONS, np.array(chosen, np.int64), timeline(edges_s), faces)
    assert signal.label == rule.measure
    return signal.value.tolist()


def box(x, y, side=100.0):
    return [x, y, x + side, y + side]


def test_motion_is_in_face_widths_per_second_of_true_time():
    """30 px to the right and 40 down in 0.5 s: half a width, so one width a second."""
    faces = faces_of([box(0, 0), box(0, 0), box(30, 40), box(30, 40)])
    edges_s = [0.0, 0.1, 0.5, 0.6, 0.7]
    found = value_of(FaceSignal(over_s=0.5, scale="units"), faces, edges_s)
    assert found == pytest.approx([math.nan, 0.0, 0.5 / 0.5, 0.5 / 0.5], nan_ok=True)


def test_motion_never_looks_across_a_longer_gap():
    faces = faces_of([box(0, 0), box(90, 0), box(100, 0)])
    found = value_of(FaceSignal(over_s=0.4, scale="units"), faces, [0.0, 0.1, 1.0, 1.1], [0, -1, 2])
    assert all(math.isnan(value) for value in found)


def test_size_is_a_share_of_the_pictures_height():
    faces = faces_of([[0, 0, 80, 20], [0, 0, 100, 100], [5, 5, 5, 9]])
    found = value_of(FaceSignal(measure="face_size", scale="units"), faces, [0.0, 0.1, 0.2, 0.3])
    assert found == pytest.approx([40 / 400, 100 / 400, 0.0])


def test_mouth_opening_is_nose_to_mouth_over_eye_to_eye():
    shut = [[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]]
    wide = [[30, 40], [70, 40], [50, 60], [38, 90], [62, 90]]
    unknown = [[math.nan, math.nan]] * 5
    faces = faces_of([box(0, 0)] * 3, [shut, wide, unknown])
    found = value_of(
        FaceSignal(measure="mouth_opening", scale="units"), faces, [0.0, 0.1, 0.2, 0.3]
    )
    assert found == pytest.approx([20 / 40, 30 / 40, math.nan], nan_ok=True)


def test_a_mouth_needs_landmarks():
    with pytest.raises(ConfigError, match="gives none"):
        value_of(FaceSignal(measure="mouth_opening"), faces_of([box(0, 0)]), [0.0, 0.1])
    nobody = value_of(FaceSignal(measure="mouth_opening"), faces_of([]), [0.0, 0.1], [-1])
    assert math.isnan(nobody[0])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.just(math.nan), st.integers(0, 5).map(float)), max_size=20))
def test_ranks_are_shares_of_the_values(values):
    found = ranks(np.array(values, float))
    known = [value for value in values if not math.isnan(value)]
    for value, rank in zip(values, found, strict=True):
        if math.isnan(value):
            assert math.isnan(rank)
            continue
        smaller = sum(other < value for other in known)
        equal = sum(other == value for other in known)
        assert rank == pytest.approx((smaller + (equal + 1) / 2) / len(known))


def test_ranks_and_units_order_frames_alike():
    rng = np.random.default_rng(0)
    faces = faces_of([box(x, 0, side) for x, side in rng.uniform(50, 99, (40, 2))])
    edges_s = np.cumsum(rng.uniform(0.02, 0.2, 41)).tolist()
    units = value_of(FaceSignal(scale="units"), faces, edges_s)
    shares = value_of(FaceSignal(), faces, edges_s)
    known = ~np.isnan(units)
    assert (
        np.argsort(np.array(units)[known]).tolist() == np.argsort(np.array(shares)[known]).tolist()
    )
    assert np.nanmax(shares) == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"measure": "yaw"}, "measure"),
        ({"scale": "z"}, "scale"),
        ({"over_s": 0.0}, "over_s"),
        ({"smooth_s": -1.0}, "smooth_s"),
        ({"baseline": "others"}, "baseline"),
    ],
)
def test_fields_that_cannot_be(fields, told):
    with pytest.raises(ConfigError, match=told):
        FaceSignal(**fields)


def test_spans():
    assert FaceSignal().span_of(Channels()) == (0.0, 1.0)
    assert FaceSignal(scale="units").span_of(Channels()) == (0.0, math.inf)
    assert FaceSignal(scale="units", baseline="video").span_of(Channels()) == (-math.inf, math.inf)


def test_rows_and_frames_belong_together():
    with pytest.raises(DataError, match="chosen"):
        value_of(FaceSignal(), faces_of([box(0, 0)]), [0.0, 0.1], [0, 0])
