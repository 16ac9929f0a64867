"""Selectors: one face per frame or none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError, DataError
from ferbench.selectors.simple import BestScore, Central, First, Largest
from ferbench.types import Faces

ALL = [First, BestScore, Largest, Central]
NAN = float("nan")


def faces_of(*rows):
    """Rows (frame, (x1, y1, x2, y2), score); no landmarks."""
    return Faces(
        frame=np.array([r[0] for r in rows], np.int64),
        box_xyxy=np.array([r[1] for r in rows], np.float32).reshape(-1, 4),
        score=np.array([r[2] for r in rows], np.float32),
        landmarks_xy=np.full((len(rows), 5, 2), np.nan, np.float32),
    )


SIDE = (0, 0, 10, 10)
BIG = (0, 0, 40, 30)
MIDDLE = (45, 45, 55, 55)


@pytest.mark.parametrize(("selector", "expected"), [(First, 0), (BestScore, 1), (Largest, 2), (Central, 3)])
def test_each_selector_has_its_own_favourite(selector, expected):
    faces = faces_of((1, SIDE, 0.6), (1, SIDE, 0.9), (1, BIG, 0.5), (1, MIDDLE, 0.4))
    chosen = selector().select(faces, num_frames=3, width_px=100, height_px=100)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == [-1, expected, -1]


@pytest.mark.parametrize("selector", ALL)
def test_equal_rows_the_first_wins(selector):
    faces = faces_of((0, SIDE, 0.5), (0, SIDE, 0.5), (2, SIDE, 0.5), (2, SIDE, 0.5))
    assert selector().select(faces, num_frames=3, width_px=9, height_px=9).tolist() == [0, -1, 2]


@pytest.mark.parametrize("selector", ALL)
@pytest.mark.parametrize("score", [0.95, 0.3, 0.5])
def test_threshold_is_strict_in_stored_precision(selector, score):
    above = float(np.nextafter(np.float32(score), np.float32(1)))
    faces = faces_of((0, SIDE, score), (1, SIDE, above))
    assert selector(min_score=score).select(faces, num_frames=2, width_px=9, height_px=9).tolist() == [-1, 1]


@pytest.mark.parametrize("selector", ALL)
def test_rows_with_nan_are_never_selected(selector):
    faces = faces_of((0, (NAN, 0, 5, 5), 0.9), (0, SIDE, 0.1), (1, SIDE, NAN), (2, (0, 0, 5, NAN), 0.9))
    assert selector().select(faces, num_frames=3, width_px=9, height_px=9).tolist() == [1, -1, -1]


@pytest.mark.parametrize("selector", ALL)
def test_no_faces_and_no_frames(selector):
    assert selector().select(Faces.empty(), num_frames=2, width_px=9, height_px=9).tolist() == [-1, -1]
    assert selector().select(Faces.empty(), num_frames=0, width_px=9, height_px=9).shape == (0,)


def test_inverted_boxes_have_no_area():
    faces = faces_of((0, (50, 50, 0, 0), 0.9), (0, (0, 0, 2, 2), 0.9))
    assert Largest().select(faces, num_frames=1, width_px=9, height_px=9).tolist() == [1]


def test_central_knows_width_from_height():
    faces = faces_of((0, (95, 45, 105, 55), 0.9), (0, (45, 95, 55, 105), 0.9))
    assert Central().select(faces, num_frames=1, width_px=200, height_px=100).tolist() == [0]
    assert Central().select(faces, num_frames=1, width_px=100, height_px=200).tolist() == [1]


@pytest.mark.parametrize("selector", ALL)
def test_faces_of_another_video_are_refused(selector):
    with pytest.raises(DataError, match=r"expected 0\.\.1"):
        selector().select(faces_of((2, SIDE, 0.9)), num_frames=2, width_px=9, height_px=9)


@pytest.mark.parametrize("selector", ALL)
def test_min_score_must_be_a_number(selector):
    with pytest.raises(ConfigError, match="min_score"):
        selector(min_score=NAN)


ROW = st.tuples(
    st.integers(0, 4),
    st.tuples(*[st.integers(0, 6)] * 4),
    st.sampled_from([0.1, 0.2, 0.5, NAN]),
)


def slow_merit(selector, box, score, width, height):
    if selector is BestScore:
        return score
    if selector is Largest:
        return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)
    if selector is Central:
        return -((box[0] + box[2] - width) ** 2) - (box[1] + box[3] - height) ** 2
    return 0


def slow_choice(selector, rows, frame, min_score):
    """Python's max takes the first of equals."""
    able = [i for i, row in enumerate(rows) if row[0] == frame and row[2] > min_score]
    return max(able, key=lambda i: slow_merit(selector, *rows[i][1:], 5, 7), default=-1)


@pytest.mark.parametrize("selector", ALL)
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, max_size=12), min_score=st.sampled_from([0.0, 0.15]))
def test_same_as_a_loop(selector, rows, min_score):
    rows.sort(key=lambda row: row[0])
    chosen = selector(min_score=min_score).select(faces_of(*rows), num_frames=5, width_px=5, height_px=7)
    assert chosen.tolist() == [slow_choice(selector, rows, f, min_score) for f in range(5)]
