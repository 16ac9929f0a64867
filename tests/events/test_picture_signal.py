"""Signals of whole pictures: by arithmetic on made numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ferbench.errors import ConfigError, DataError
from ferbench.events.face_signal import FaceSignal
from ferbench.events.picture_signal import PictureSignal
from ferbench.types import Faces, Pictures, Timeline, VideoInfo


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


def value_of(edges_s, *, luma=None, change=None, **fields):
    count = len(edges_s) - 1
    pictures = Pictures(
        luma=np.array([0.0] * count if luma is None else luma, float),
        change=np.array([np.nan, *([0.0] * (count - 1) if change is None else change)], float),
    )
    rule = PictureSignal(**{"scale": "units", **fields})
    (signal,) = rule.build(None, None, timeline(edges_s), None, pictures)
    assert signal.label == rule.measure
    return signal.value


def test_brightness_is_the_grey_level_with_or_without_a_face():
    luma = [10.5, 200.0, 0.0]
    assert value_of([0, 1, 2, 3], luma=luma, measure="brightness").tolist() == luma


def test_motion_is_the_change_since_the_earliest_frame_within_reach_per_second():
    value = value_of([0, 0.1, 0.2, 0.3, 0.4], change=[1, 2, 3], over_s=0.2)
    np.testing.assert_allclose(value, [np.nan, 1 / 0.1, 3 / 0.2, 5 / 0.2])


def test_a_picture_shown_twice_changes_nothing():
    """At 50 frames a second each picture of 25 comes twice: the same motion but at the ends."""
    once = value_of(np.arange(26) / 25, change=np.full(24, 2.0))
    doubled = np.zeros(49)
    doubled[1::2] = 2.0
    twice = value_of(np.arange(51) / 50, change=doubled)
    np.testing.assert_allclose(once[11:], 2.0 * 25)
    np.testing.assert_allclose(twice[22::2], once[11:])


def test_across_a_gap_nobody_knows_how_fast_it_was():
    edges_s = [0, 0.1, 0.2, 5.0, 5.1, 5.2]
    value = value_of(edges_s, change=[1, 1, 100, 1])
    # The frame at 0.2 s stays on screen; the next comes at 5.0 s.
    assert np.isnan(value).tolist() == [True, False, False, True, False]
    np.testing.assert_allclose(value[4], 1 / 0.1), "the jump of 100 is never counted"


@pytest.mark.parametrize(
    ("rule", "name"),
    [(PictureSignal(measure="any_motion"), "any_motion"), (FaceSignal(), "head_motion")],
)
def test_frames_that_are_too_far_apart_for_any_motion_are_told(rule, name):
    pictures = Pictures(luma=np.zeros(3), change=np.array([np.nan, 1.0, 1.0]))
    with pytest.raises(ConfigError, match=r"over_s: expected at least 0\.5 seconds.*got 0\.4"):
        rule.build(None, np.full(3, -1), timeline([0, 0.5, 1, 1.5]), Faces.empty(), pictures)
    one = timeline([0, 0.5])
    single = Pictures(luma=np.zeros(1), change=np.array([np.nan]))
    (signal,) = rule.build(None, np.full(1, -1), one, Faces.empty(), single)
    assert np.isnan(signal.value).all(), "one frame is not too far from another"
    assert signal.label == name


def test_ranks_are_of_the_video():
    value = value_of([0, 1, 2, 3, 4], luma=[3, 1, 2, 2], measure="brightness", scale="rank")
    assert value.tolist() == [1.0, 0.25, 0.625, 0.625]


def test_tables_without_pictures_are_told_as_such():
    with pytest.raises(ConfigError, match="any_motion is of whole pictures, and here are only"):
        PictureSignal().build(None, None, timeline([0, 1]), None)
    few = Pictures(luma=np.zeros(1), change=np.array([np.nan]))
    with pytest.raises(DataError, match="expected 2 frames, got 1"):
        PictureSignal(measure="brightness").build(None, None, timeline([0, 1, 2]), None, few)


def test_fields_are_checked():
    with pytest.raises(ConfigError, match="measure: expected one of brightness, any_motion"):
        PictureSignal(measure="loudness")
    with pytest.raises(ConfigError, match="ranks"):
        PictureSignal(baseline="others")
    with pytest.raises(ConfigError, match="over_s"):
        PictureSignal(over_s=0)
    with pytest.raises(DataError, match="change"):
        Pictures(luma=np.zeros(2), change=np.zeros(3))
