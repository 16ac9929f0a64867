"""Faces of the frames between two that a detector looked at."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import ConfigError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.pipeline.stride import filled_in, frames_of_read, looked_at
from ferbench.types import Faces


def faces_of(*rows) -> Faces:
    """Rows of (frame, left, top, side, score); the landmarks are the box's corner and centre."""
    table = np.array(rows, np.float64).reshape(-1, 5)
    frame, left, top, side, score = table.T
    points = np.stack([left + side / 2, top + side / 2], axis=1)
    return Faces(
        frame=frame.astype(np.int64),
        box_xyxy=np.stack([left, top, left + side, top + side], axis=1).astype(np.float32),
        score=score.astype(np.float32),
        landmarks_xy=np.repeat(points[:, None], 5, axis=1).astype(np.float32),
    )


def boxes(faces, frame):
    return faces.box_xyxy[faces.frame == frame].tolist()


@pytest.mark.parametrize("every", [2, 3, 5])
def test_a_read_ends_with_a_step(every):
    looked = looked_at(frames_of_read(every), every)
    assert np.diff(looked).tolist() == [every] * (len(looked) - 1)
    assert looked[-1] == frames_of_read(every) - 1


@pytest.mark.parametrize(
    ("num_frames", "expected"), [(1, [0]), (2, [0, 1]), (4, [0, 3]), (5, [0, 3, 4])]
)
def test_the_last_frame_is_always_looked_at(num_frames, expected):
    assert looked_at(num_frames, 3).tolist() == expected


def test_a_face_that_moves_evenly_is_where_it_was():
    """Arithmetic: 3 pixels a frame, growing by one."""
    looked = np.array([0, 3, 5])
    found = faces_of(*[(k, 3 * at, 7, 40 + at, 0.9) for k, at in enumerate(looked)])
    filled = filled_in(found, looked)
    assert filled.frame.tolist() == [0, 1, 2, 3, 4, 5]
    expected = faces_of(*[(at, 3 * at, 7, 40 + at, 0.9) for at in range(6)])
    np.testing.assert_allclose(filled.box_xyxy, expected.box_xyxy, atol=1e-4)
    np.testing.assert_allclose(filled.landmarks_xy, expected.landmarks_xy, atol=1e-4)
    np.testing.assert_allclose(filled.score, 0.9, atol=1e-6)


def test_two_faces_that_change_their_order_are_not_mixed_up():
    found = faces_of((0, 0, 0, 50, 0.99), (0, 200, 0, 50, 0.98), (1, 206, 0, 50, 0.97),
                     (1, 6, 0, 50, 0.96))  # fmt: skip
    filled = filled_in(found, np.array([0, 3]))
    for frame in (1, 2):
        assert sorted(left for left, *_ in boxes(filled, frame)) == [2 * frame, 200 + 2 * frame]


def test_a_face_that_goes_is_held_to_the_middle_and_one_that_comes_from_there():
    gone = filled_in(faces_of((0, 10, 10, 50, 0.9)), np.array([0, 4]))
    assert gone.frame.tolist() == [0, 1, 2]
    came = filled_in(faces_of((1, 10, 10, 50, 0.9)), np.array([0, 4]))
    assert came.frame.tolist() == [3, 4]
    jumped = filled_in(faces_of((0, 0, 0, 50, 0.9), (1, 300, 0, 50, 0.8)), np.array([0, 3]))
    assert [boxes(jumped, frame)[0][0] for frame in range(4)] == [0, 0, 300, 300]


def test_without_faces_there_are_none():
    assert len(filled_in(Faces.empty(), np.array([0, 3, 6]))) == 0


def test_landmarks_that_are_missing_stay_missing():
    found = dataclasses.replace(
        faces_of((0, 0, 0, 50, 0.9), (1, 3, 0, 50, 0.9)),
        landmarks_xy=np.full((2, 5, 2), np.nan, np.float32),
    )
    assert np.isnan(filled_in(found, np.array([0, 3])).landmarks_xy).all()


# On a clip
# --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    config = composed({})
    return Recipe(**{name: build(config[name], where=name) for name in PLUGS})


def analysed(recipe, clip, folder, models, **runtime):
    analyser = Analyser(recipe, Runtime(device="cpu", **runtime), Cache(folder), models)
    return analyser.analyse(clip, video_id="clip"), analyser.work


def test_a_stride_looks_at_fewer_frames_and_classifies_all(recipe, clip, models, tmp_path):
    every, _ = analysed(recipe, clip, tmp_path, models)
    third, work = analysed(recipe, clip, tmp_path, models, detect_every=3, lanes=2)
    again, _ = analysed(recipe, clip, tmp_path / "b", models, detect_every=3, lanes=1, batch_size=2)
    assert np.array_equal(third.faces.box_xyxy, again.faces.box_xyxy)
    assert np.array_equal(third.expressions.logits, again.expressions.logits)
    assert (work.frames_decoded, work.frames_detected) == (36, 11 + 3)
    assert third.keys["timeline"] == every.keys["timeline"]
    assert third.keys["faces"] != every.keys["faces"]
    assert np.unique(third.expressions.frame).tolist() == list(range(36))
    looked = np.isin(every.faces.frame, [*range(0, 31, 3), 31, 34, 35])
    same = np.isin(third.faces.frame, [*range(0, 31, 3), 31, 34, 35])
    assert np.array_equal(third.faces.box_xyxy[same], every.faces.box_xyxy[looked])


def test_five_frames_a_second_keep_the_videos_times(recipe, clip, models, tmp_path):
    every, _ = analysed(recipe, clip, tmp_path, models)
    some, work = analysed(recipe, clip, tmp_path, models, target_fps=5)
    edges_s = every.timeline.edges_s
    cells = np.floor((edges_s[:-1] - edges_s[0]) * 5 + 1e-6)
    first = np.flatnonzero(np.diff(cells, prepend=-1))
    assert np.array_equal(some.timeline.edges_s, np.append(edges_s[first], edges_s[-1]))
    assert work.frames_decoded == work.frames_detected == len(first)
    assert some.timeline.video.num_frames == len(first)
    assert some.timeline.video.fps_hz == 5
    assert "5 of" in some.timeline.notes[0]
    kept = np.isin(every.faces.frame, first)
    assert np.array_equal(some.faces.box_xyxy, every.faces.box_xyxy[kept])
    assert np.array_equal(some.expressions.logits, every.expressions.logits[kept])
    assert some.keys["timeline"] != every.keys["timeline"]


def test_a_rate_above_the_videos_takes_every_frame(recipe, clip, models, tmp_path):
    every, _ = analysed(recipe, clip, tmp_path, models)
    some, _ = analysed(recipe, clip, tmp_path, models, target_fps=1000)
    assert np.array_equal(some.timeline.edges_s, every.timeline.edges_s)
    assert some.timeline.video.fps_hz == every.timeline.video.fps_hz
    assert some.timeline.notes == every.timeline.notes


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"target_fps": 0}, "more than 0 frames per second"),
        ({"target_fps": float("nan")}, "more than 0 frames per second"),
        ({"detect_every": 0}, "at least 1"),
        ({"lanes": -1}, r"0 \(automatic\) or more"),
    ],
)
def test_dials_out_of_range_are_refused(setting, said):
    with pytest.raises(ConfigError, match=said):
        Runtime(**setting)
