"""Faces are held where the detector missed them: arithmetic, and any track with any gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError, DataError
from ferbench.rendering.held_faces import HoldRules, held_faces
from ferbench.types import Faces
from helpers.face_tables import at_10_hz, faces_of

RULES = HoldRules(max_gap_s=2.0, hold_s=0.5, widen_per_s=0.0)


def held_in(held) -> list[int]:
    return [frame for frame in range(held.num_frames) if len(held.boxes(frame))]


def test_a_missed_frame_is_covered_by_what_encloses_both_neighbours():
    faces = faces_of([(10, 0, 0, 100, 100), (12, 20, 5, 130, 110)])
    held = held_faces(faces, at_10_hz(30), RULES)
    assert held.boxes(11).tolist() == [[0, 0, 130, 110]]
    assert held.boxes(10).tolist() == [[0, 0, 100, 100]]


def test_the_first_and_the_last_sighting_are_held():
    held = held_faces(faces_of([(10, 0, 0, 100, 100)]), at_10_hz(30), RULES)
    assert held_in(held) == list(range(5, 16))
    assert all(held.boxes(frame).tolist() == [[0, 0, 100, 100]] for frame in range(5, 16))


def test_a_hold_is_in_seconds_of_the_true_times():
    edges_s = [0.0, 0.4, 0.8, 1.0, 1.1, 1.2, 3.0, 3.1]
    held = held_faces(faces_of([(3, 0, 0, 100, 100)]), np.array(edges_s), RULES)
    assert held_in(held) == [2, 3, 4, 5]  # begin 0.8, 1.0, 1.1 and 1.2; 0.4 and 3.0 are too far


def test_a_longer_gap_is_held_at_both_ends_only():
    faces = faces_of([(0, 0, 0, 100, 100), (40, 0, 0, 100, 100)])
    held = held_faces(faces, at_10_hz(50), RULES)
    assert held_in(held) == [*range(6), *range(35, 46)]


def test_boxes_are_widened_with_the_time_to_the_nearest_sighting():
    rules = HoldRules(max_gap_s=2.0, hold_s=2.0, widen_per_s=0.5)
    faces = faces_of([(10, 0, 0, 100, 200), (14, 0, 0, 100, 200)])
    held = held_faces(faces, at_10_hz(40), rules)
    np.testing.assert_allclose(held.boxes(12), [[-10, -20, 110, 220]])  # 0.2 s away: 0.1 of sides
    np.testing.assert_allclose(held.boxes(19), [[-25, -50, 125, 250]])
    np.testing.assert_allclose(held.boxes(30), [[-50, -100, 150, 300]])  # not beyond one second's


def test_the_score_does_not_matter_and_every_face_counts():
    faces = faces_of([(3, 0, 0, 50, 50), (3, 300, 0, 350, 50), (3, 310, 0, 360, 50)])
    assert len(held_faces(faces, at_10_hz(5), RULES).boxes(3)) == 3


def test_no_faces_leave_nothing_to_hide():
    held = held_faces(Faces.empty(), at_10_hz(7), RULES)
    assert held.num_frames == 7
    assert held_in(held) == []


def test_a_box_without_area_or_turned_around_is_a_place_too():
    faces = faces_of([(0, 40, 40, 40, 40), (4, 90, 80, 60, 50)])
    held = held_faces(faces, at_10_hz(5), HoldRules(hold_s=0.0))
    assert held.boxes(0).tolist() == [[40, 40, 41, 41]]
    assert [60, 50, 90, 80] in held.boxes(4).tolist()


def test_a_face_without_a_place_cannot_be_hidden():
    with pytest.raises(DataError, match="frame 2 has a face whose box is not finite"):
        held_faces(faces_of([(2, 0, 0, np.nan, 5)]), at_10_hz(5), RULES)


def test_faces_of_another_video_are_refused():
    with pytest.raises(DataError, match=r"frames 0\.\.4, got 2\.\.7"):
        held_faces(faces_of([(2, 0, 0, 5, 5), (7, 0, 0, 5, 5)]), at_10_hz(5), RULES)


@pytest.mark.parametrize(
    "wrong", [{"max_gap_s": -1.0}, {"hold_s": np.inf}, {"widen_per_s": -0.1}, {"hold_s": "1"}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        HoldRules(**wrong)


@st.composite
def walks(draw):
    """Faces that move at most half a side a second, and the frames in which each is seen."""
    num_frames = draw(st.integers(2, 60))
    steps_s = draw(st.lists(st.floats(0.02, 0.2), min_size=num_frames, max_size=num_frames))
    edges_s = np.concatenate([[0.0], np.cumsum(steps_s)])
    tracks = []
    for number in range(draw(st.integers(1, 3))):
        side = draw(st.floats(20, 80))
        vx, vy = draw(st.floats(-0.5, 0.5)) * side, draw(st.floats(-0.5, 0.5)) * side
        x1, y1 = 500.0 * number + vx * edges_s[:-1], vy * edges_s[:-1]
        boxes = np.stack([x1, y1, x1 + side, y1 + side], axis=1)
        seen = draw(st.lists(st.integers(0, num_frames - 1), min_size=1, unique=True))
        tracks.append((boxes, sorted(seen)))
    return edges_s, tracks


@given(walks())
@settings(max_examples=150, deadline=None)
def test_every_frame_between_sightings_is_covered(walk):
    """No gap here is longer than these rules bridge."""
    edges_s, tracks = walk
    sightings = [(frame, *boxes[frame]) for boxes, seen in tracks for frame in seen]
    rules = HoldRules(max_gap_s=20.0, reach_per_s=2.0)
    held = held_faces(faces_of(sightings), edges_s, rules)
    for boxes, seen in tracks:
        for frame in range(seen[0], seen[-1] + 1):
            covers = held.boxes(frame)
            inside_low = (covers[:, :2] <= boxes[frame, :2] + 0.01).all(axis=1)
            inside_high = (covers[:, 2:] >= boxes[frame, 2:] - 0.01).all(axis=1)
            assert (inside_low & inside_high).any(), f"frame {frame} shows a face"
