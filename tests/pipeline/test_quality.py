"""Measures of a video, against loops over its frames."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.pipeline.quality import close_candidates, longest_gap_s, pooled, quality, switches
from ferbench.types import Expressions, Faces, Timeline, VideoInfo

LABELS = ("happiness", "neutral")
BOXES = [
    (0, 0, 10, 10),
    (2, 0, 12, 10),
    (8, 0, 18, 10),
    (40, 0, 52, 12),
    (40, 40, 49, 48),
    (5, 5, 5, 9),
]


def tables(rows, frames, edges_s=None):
    """Rows (frame, number of the box, classified)."""
    faces = Faces(
        frame=np.array([r[0] for r in rows], np.int64),
        box_xyxy=np.array([BOXES[r[1]] for r in rows], np.float32).reshape(-1, 4),
        score=np.ones(len(rows), np.float32),
        landmarks_xy=np.full((len(rows), 5, 2), np.nan, np.float32),
    )
    row = np.array([i for i, r in enumerate(rows) if r[2]], np.int64)
    logits = np.zeros((len(row), 2), np.float32)
    expressions = Expressions(frame=faces.frame[row], face=row, logits=logits, labels=LABELS)
    video = VideoInfo(
        video_id="v",
        path=Path("v"),
        sha256="",
        num_frames=frames,
        width_px=64,
        height_px=64,
        fps_hz=10.0,
    )
    edges_s = (
        np.arange(frames + 1) / 10
        if edges_s is None
        else np.concatenate([[0.0], np.cumsum(edges_s)])
    )
    return faces, expressions, Timeline(video=video, edges_s=edges_s)


def iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    union = area(a) + area(b) - common
    return common / union if union else 0.0


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


FRAMES = 8
TABLE = st.lists(
    st.tuples(st.integers(0, FRAMES - 1), st.integers(0, len(BOXES) - 1), st.booleans()),
    max_size=20,
).map(lambda rows: sorted(rows, key=lambda row: row[0]))
EDGES = st.lists(st.sampled_from([0.1, 0.5, 2.0]), min_size=FRAMES, max_size=FRAMES)


@st.composite
def choice(draw):
    """A table, and of each frame one of its rows or none."""
    rows = draw(TABLE)
    own = [[i for i, row in enumerate(rows) if row[0] == frame] for frame in range(FRAMES)]
    return rows, [draw(st.sampled_from([-1, *of])) for of in own]


@settings(max_examples=200, deadline=None)
@given(choice(), EDGES)
def test_measures_of_the_choice_are_the_same_as_a_loop(made, edges):
    rows, picked = made
    faces, expressions, timeline = tables(rows, FRAMES, edges)
    chosen = np.array(picked, np.int64)
    changes, last = 0, None
    for frame, row in enumerate(picked):
        if row < 0:
            continue
        if last is not None:
            gap_s = timeline.edges_s[frame] - timeline.edges_s[last + 1]
            changes += gap_s < 1.0 and iou(BOXES[rows[picked[last]][1]], BOXES[rows[row][1]]) < 0.3
        last = frame
    assert switches(timeline, faces, chosen) == changes
    close = 0
    for frame, row in enumerate(picked):
        if row >= 0:
            others = [r for i, r in enumerate(rows) if r[0] == frame and i != row and r[2]]
            close += any(area(BOXES[r[1]]) >= 0.7 * area(BOXES[rows[row][1]]) for r in others)
    seen = [frame for frame, row in enumerate(picked) if row >= 0]
    share = close_candidates(faces, expressions, chosen)
    assert share == pytest.approx(close / len(seen)) if seen else math.isnan(share)
    found = quality(timeline, faces, expressions, chosen)
    assert found["face_s"] == pytest.approx(sum(edges[frame] for frame in seen))
    rate = found["switches_per_min"]
    assert rate == pytest.approx(60 * changes / found["face_s"]) if seen else math.isnan(rate)
    longest = run = 0.0
    for frame in range(FRAMES):
        run = 0.0 if frame in seen else run + edges[frame]
        longest = max(longest, run)
    assert longest_gap_s(timeline, chosen) == pytest.approx(longest)


def test_rates_are_pooled_by_their_own_time():
    """41 changes in 10 s with a face and none in 110 s are 20.5 per minute, not the mean of two
    rates.
    """
    one = tables([(f, f % 2 * 3, True) for f in range(42)], 42, [10 / 42] * 42)
    still = tables([(f, 0, True) for f in range(2)], 3, [55.0] * 3)
    first = quality(one[2], one[0], one[1], np.arange(42, dtype=np.int64))
    second = quality(still[2], still[0], still[1], np.array([0, 1, -1], np.int64))
    assert (first["switches"], first["switches_per_min"]) == (41, pytest.approx(246))
    both = pooled([first, second])
    assert (both["switches"], both["face_s"], both["frames"]) == (41, pytest.approx(120), 45)
    assert both["switches_per_min"] == pytest.approx(20.5)
    assert both["face_share"] == pytest.approx(44 / 45)


def test_where_nothing_is_chosen_measures_are_undefined_and_pooling_leaves_them_out():
    faces, expressions, timeline = tables([(0, 0, True)], 2)
    nobody = quality(timeline, faces, expressions, np.array([-1, -1], np.int64))
    undefined = ("face_px", "confidence", "entropy_nats", "switches_per_min", "close_candidates")
    assert all(math.isnan(nobody[name]) for name in undefined)
    assert (nobody["switches"], nobody["face_s"]) == (0, 0)
    one = quality(timeline, faces, expressions, np.array([0, -1], np.int64))
    both = pooled([nobody, one])
    assert {name: both[name] for name in undefined} == {name: one[name] for name in undefined}
    assert math.isnan(pooled([nobody])["switches_per_min"])


# --- numbers by hand
# -------------------------------------------------------------------------------------------------

BY_HAND = [  # frame, number of the box, classified
    (0, 0, True),  # 10 x 10, chosen
    (0, 3, True),  # 12 x 12, larger
    (1, 1, True),  # 10 x 10, chosen; shares 80 of 120 with box 0: the same face
    (3, 4, True),  # 9 x 8, chosen; comes 0.5 s later elsewhere: another face
    (3, 5, True),  # no width: no candidate
    (4, 3, False),  # 12 x 12, chosen but not classified; shares nothing with box 4: another face
    (5, 4, True),  # 9 x 8, not chosen
]
EDGES_BY_HAND = [0.5, 0.25, 0.5, 1.0, 0.75, 2.0]
LOG_3 = math.log(3)


def by_hand():
    faces, expressions, timeline = tables(BY_HAND, 6, EDGES_BY_HAND)
    logits = np.zeros((len(expressions.face), 2), np.float32)
    logits[0] = (0, LOG_3)  # 0.25 and 0.75
    logits[2] = (2, 2)  # 0.5 and 0.5
    logits[3] = (1e4, -1e4)  # 1 and 0
    logits[5] = (-7, 3)  # not chosen
    expressions = replace(expressions, logits=logits)
    chosen = np.array([0, 2, -1, 3, 5, -1], np.int64)
    return quality(timeline, faces, expressions, chosen)


def test_measures_by_hand():
    found = by_hand()
    quarter, half = math.log(4) / 4 + 0.75 * math.log(4 / 3), math.log(2)
    assert found == pytest.approx(
        {
            "frames": 6,
            "faces": 7,
            "face_s": 0.5 + 0.25 + 1.0 + 0.75,
            "face_share": 4 / 6,
            "faces_per_frame": 7 / 6,
            "face_px": 10.0,  # of 10, 10, 8 and 12
            "longest_gap_s": 2.0,  # the last frame
            "confidence": (0.75 + 0.5 + 1.0) / 3,
            "entropy_nats": (quarter + half + 0) / 3,
            "switches": 2,
            "switches_per_min": 60 * 2 / 2.5,
            "close_candidates": 1 / 4,
        }
    )


def test_a_face_that_comes_late_is_no_switch():
    """Less than a second between two frames, from the one's end to the other's start."""
    rows = [(0, 0, True), (2, 3, True)]
    for gap_s, switched in ((0.999, 1), (1.0, 0), (1.5, 0)):
        faces, _, timeline = tables(rows, 3, [0.5, gap_s, 0.5])
        assert switches(timeline, faces, np.array([0, -1, 1], np.int64)) == switched


def test_a_face_that_is_a_little_smaller_is_close():
    """The chosen box has 100 square pixels: 70 are close, 69 are not."""
    for height, close in ((7.0, 1.0), (6.9, 0.0)):
        faces, expressions, _ = tables([(0, 0, True), (0, 0, True)], 1)
        box = np.array([(0, 0, 10, 10), (50, 50, 60, 50 + height)], np.float32)
        faces = replace(faces, box_xyxy=box)
        assert close_candidates(faces, expressions, np.array([0], np.int64)) == close


def test_undefined_probabilities_are_left_out():
    faces, expressions, timeline = tables([(0, 0, True), (1, 1, True)], 2)
    logits = np.array([(0, LOG_3), (math.nan, 0)], np.float32)
    expressions = replace(expressions, logits=logits)
    found = quality(timeline, faces, expressions, np.array([0, 1], np.int64))
    assert found["confidence"] == pytest.approx(0.75)


def test_pooling_by_hand():
    """Weights are frames, or frames with a chosen face."""
    one = by_hand()
    other = dict.fromkeys(one, 10.0) | {"frames": 2.0, "face_share": 0.5, "face_s": 1.0}
    both = pooled([one, other])
    sums = {name: one[name] + other[name] for name in ("frames", "faces", "face_s", "switches")}
    assert {name: both[name] for name in sums} == pytest.approx(sums)
    assert both["longest_gap_s"] == 10.0
    assert both["switches_per_min"] == pytest.approx(60 * 12 / 3.5)
    assert both["face_share"] == pytest.approx((6 * 4 / 6 + 2 * 0.5) / 8)
    assert both["faces_per_frame"] == pytest.approx((6 * 7 / 6 + 2 * 10) / 8)
    for name in ("face_px", "confidence", "entropy_nats", "close_candidates"):
        assert both[name] == pytest.approx((4 * one[name] + 1 * 10.0) / 5)
    unclassified = other | {"confidence": math.nan}  # a face was chosen, but none classified
    assert pooled([one, unclassified])["confidence"] == pytest.approx(one["confidence"])
    faceless = other | {"face_share": 0.0, "confidence": 0.3}
    assert pooled([one, faceless])["confidence"] == pytest.approx(one["confidence"])
    assert math.isnan(pooled([faceless])["confidence"])
    assert pooled([]) == {}


@pytest.mark.parametrize(
    ("boxes", "median_px"),
    [
        ([(5, 2, 40, 52)], 35.0),  # 35 wide, 50 high
        ([(10, 3, 60, 24)], 21.0),  # 50 wide, 21 high
        ([(5, 2, 40, 52), (10, 3, 60, 24), (1, 30, 9, 90)], 21.0),
    ],
)
def test_the_size_of_faces_is_the_median_of_their_shorter_sides(boxes, median_px):
    rows = [(frame, 0, True) for frame in range(len(boxes))]
    faces, expressions, timeline = tables(rows, len(boxes))
    faces = replace(faces, box_xyxy=np.array(boxes, np.float32))
    measured = quality(timeline, faces, expressions, np.arange(len(boxes)))
    assert measured["face_px"] == median_px
