"""Following one person through a video.

On box tables whose truth is known, and on real faces side by side.
"""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import ConfigError
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.selectors.simple import Largest
from ferbench.selectors.track import Track
from ferbench.selectors.tracklets import LinkRules, link
from ferbench.types import Faces, Part, Session, Timeline, VideoInfo

NAN = float("nan")
RULES = LinkRules(min_iou=0.3, max_size_ratio=1.5, max_gap_s=2.0, reach_per_s=1.0)


def at(x, y=50.0, side=20.0):
    """A square box by its centre."""
    return (x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def scene(frames, *people, rate_hz=10.0, edges_s=None, size=(200, 100)):
    """Faces and timeline of people, each a mapping or function from frame to box or None.

    And whose each row is.
    """
    rows = []
    for frame in range(frames):
        for person, where in enumerate(people):
            box = where.get(frame) if isinstance(where, dict) else where(frame)
            if box is not None:
                rows.append((frame, box, person))
    faces = Faces(
        frame=np.array([r[0] for r in rows], np.int64),
        box_xyxy=np.array([r[1] for r in rows], np.float32).reshape(-1, 4),
        score=np.full(len(rows), 0.9, np.float32),
        landmarks_xy=np.full((len(rows), 5, 2), np.nan, np.float32),
    )
    edges_s = np.arange(frames + 1) / rate_hz if edges_s is None else np.asarray(edges_s, float)
    video = VideoInfo(
        video_id="v",
        path=Path("v"),
        sha256="",
        num_frames=frames,
        width_px=size[0],
        height_px=size[1],
        fps_hz=rate_hz,
    )
    return faces, Timeline(video=video, edges_s=edges_s), np.array([r[2] for r in rows], int)


def followed(selector, faces, timeline, owner, camera=""):
    """Person per frame, None where nobody is chosen."""
    chosen = selector.select(faces, timeline, camera=camera)
    assert chosen.dtype == np.int64
    assert chosen.shape == (timeline.video.num_frames,)
    return [None if row < 0 else int(owner[row]) for row in chosen]


def test_a_nearer_bystander_changes_nothing():
    faces, timeline, owner = scene(
        60, lambda _: at(60), lambda f: at(140, side=35) if 20 <= f < 40 else None
    )
    assert followed(Track(), faces, timeline, owner) == [0] * 60
    assert {int(owner[row]) for row in Largest().select(faces, timeline)} == {0, 1}


def test_people_who_cross_keep_their_names():
    """Both are seen all the time, at the same height and size.

    The nearest box alone would swap them.
    """
    faces, timeline, owner = scene(
        60, lambda f: at(40 + 2 * f), lambda f: at(161 - 2 * f) if f < 59 else None, rate_hz=25
    )
    assert followed(Track(), faces, timeline, owner) == [0] * 60
    nearest = [
        abs(40 + 2 * (f + 1) - (161 - 2 * f)) < abs(40 + 2 * (f + 1) - (40 + 2 * f))
        for f in range(58)
    ]
    assert any(nearest)


def test_people_who_cross_up_and_down_keep_their_names():
    """The scene before with x and y exchanged."""
    along = scene(
        60, lambda f: at(40 + 2 * f), lambda f: at(161 - 2 * f) if f < 59 else None, rate_hz=25
    )
    turned = scene(
        60,
        lambda f: at(50, 40 + 2 * f),
        lambda f: at(50, 161 - 2 * f) if f < 59 else None,
        rate_hz=25,
        size=(100, 200),
    )
    for faces, timeline, owner in (along, turned):
        assert followed(Track(), faces, timeline, owner) == [0] * 60
    tracklets = [
        link(faces.box_xyxy.astype(float), faces.frame, timeline.edges_s, RULES).tolist()
        for faces, timeline, _ in (along, turned)
    ]
    assert tracklets[0] == tracklets[1] == along[2].tolist()


def test_two_who_are_there_in_one_frame_are_two_people():
    """One goes in the frame in which the other comes, nearly in the same place."""
    faces, timeline, owner = scene(
        41, lambda f: at(60) if f <= 20 else None, lambda f: at(66) if f >= 20 else None
    )
    assert followed(Track(), faces, timeline, owner) == [0] * 21 + [None] * 20
    later, timeline, owner = scene(
        41, lambda f: at(60) if f < 20 else None, lambda f: at(66) if f >= 20 else None
    )
    assert followed(Track(), later, timeline, owner) == [0] * 20 + [1] * 21


def test_by_default_a_face_may_move_one_side_per_second_in_a_gap():
    """Gone for 1.0 s, counted from its last frame's beginning to the next one's."""
    for sides, same in ((0.99, True), (1.01, False)):
        faces, timeline, owner = scene(
            40,
            lambda f: at(60) if f < 20 else at(60 + 20 * sides) if f >= 29 else None,  # noqa: B023
        )
        after = [0 if same else None] * 11
        assert followed(Track(rejoin_iou=None), faces, timeline, owner) == [0] * 20 + [None] * 9 + (
            after
        )


def test_a_person_who_is_covered_while_another_passes():
    def behind(frame):
        x = 40 + 4 * frame
        return None if 88 <= x <= 112 else at(x)

    faces, timeline, owner = scene(35, lambda _: at(100, side=24), behind)
    assert followed(Track(), faces, timeline, owner) == [0] * 35
    away = [None if 88 <= 40 + 4 * f <= 112 else 1 for f in range(35)]
    moving = Track(choose="roi", roi=(0.0, 0.0, 0.42, 1.0))
    assert followed(moving, faces, timeline, owner) == away


def test_frames_without_the_person_have_nobody():
    faces, timeline, owner = scene(
        40, lambda f: at(60) if f % 7 else None, lambda f: at(150) if f >= 12 else None
    )
    assert followed(Track(), faces, timeline, owner) == [0 if f % 7 else None for f in range(40)]


@pytest.mark.parametrize("rejoin_iou", [0.3, None])
def test_a_person_who_leaves_and_comes_back(rejoin_iou):
    """Away for 4 s, longer than a track lives.

    A bystander stays elsewhere, but for less time in all.
    """
    faces, timeline, owner = scene(
        100,
        lambda f: at(60) if f < 40 else at(63) if f >= 80 else None,
        lambda f: at(150) if 25 <= f < 70 else None,
    )
    together = [0] * 40 + [None] * 40 + [0] * 20
    apart = [None] * 25 + [1] * 45 + [None] * 30
    assert followed(Track(rejoin_iou=rejoin_iou), faces, timeline, owner) == (
        together if rejoin_iou else apart
    )


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({}, True),
        ({"reach_per_s": 0.2}, False),
        ({"max_gap_s": 1.0}, False),
        ({"rejoin_iou": 0.01, "reach_per_s": 0.0}, False),
    ],
)
def test_within_a_gap_a_face_may_move_as_far_as_it_reaches(fields, same):
    """Gone for 1.4 s, back 1.2 sides away."""
    faces, timeline, owner = scene(40, lambda f: at(60) if f < 20 else at(84) if f >= 34 else None)
    expected = [0] * 20 + [None] * 14 + [0 if same else None] * 6
    assert followed(Track(**fields), faces, timeline, owner) == expected


def test_gaps_are_measured_in_true_time():
    """One frame without the face: it lasts 0.1 s, or 5 s."""
    person = lambda f: None if f == 10 else at(60 if f < 10 else 75)  # noqa: E731
    faces, timeline, owner = scene(15, person)
    assert followed(Track(rejoin_iou=None), faces, timeline, owner) == [0] * 10 + [None] * 5
    assert (
        followed(Track(rejoin_iou=None, reach_per_s=4.0), faces, timeline, owner)
        == [0] * 10 + [None] + [0] * 4
    )
    edges_s = np.concatenate([np.arange(11) / 10, 6 + np.arange(5) / 10])
    faces, timeline, owner = scene(15, person, edges_s=edges_s)
    assert (
        followed(Track(rejoin_iou=None, reach_per_s=4.0), faces, timeline, owner)
        == [0] * 10 + [None] * 5
    )


def test_another_size_at_the_same_place_is_another_person():
    faces, timeline, owner = scene(
        30, {f: at(60) for f in range(18)}, {f: at(60, side=32) for f in range(18, 30)}
    )
    assert followed(Track(rejoin_iou=0.4), faces, timeline, owner) == [0] * 18 + [None] * 12
    assert followed(Track(rejoin_iou=0.39), faces, timeline, owner) == [0] * 18 + [1] * 12, (
        "0.390625 = (20 / 32)²"
    )
    assert (
        followed(Track(rejoin_iou=0.4, max_size_ratio=1.6), faces, timeline, owner)
        == [0] * 18 + [1] * 12
    )


def test_each_way_to_choose():
    faces, timeline, owner = scene(
        60,
        lambda _: at(20),
        lambda f: at(100) if f >= 20 else None,
        lambda f: at(170) if 10 <= f < 40 else None,
    )
    assert followed(Track(), faces, timeline, owner) == [0] * 60
    assert followed(Track(choose="central"), faces, timeline, owner) == [None] * 20 + [1] * 40
    right = {"choose": "roi", "roi": (0.75, 0.0, 1.0, 1.0)}
    assert followed(Track(**right), faces, timeline, owner) == [None] * 10 + [2] * 30 + [None] * 20
    side = Track(**right, cameras={"side": (0.0, 0.0, 0.2, 1.0), "front": right["roi"]})
    assert followed(side, faces, timeline, owner, camera="side") == [0] * 60
    assert followed(side, faces, timeline, owner, camera="front")[10:40] == [2] * 30
    empty = Track(choose="roi", roi=(0.3, 0.0, 0.4, 1.0))
    assert followed(empty, faces, timeline, owner) == [None] * 60


def test_of_equals_the_first_and_then_the_left_one_wins():
    faces, timeline, owner = scene(20, lambda _: at(150), lambda _: at(50))
    assert followed(Track(), faces, timeline, owner) == [1] * 20
    faces, timeline, owner = scene(
        21, {f: at(50) for f in range(1, 21)}, {f: at(150) for f in range(20)}
    )
    assert followed(Track(), faces, timeline, owner) == [1] * 20 + [None]


def test_rows_that_are_no_box_are_passed_over():
    faces, timeline, owner = scene(
        6,
        lambda _: at(60),
        lambda f: (60, 50, 60, 70) if f % 2 else (NAN, 1, 2, 3),
        lambda _: (80, 80, 40, 40),
    )
    assert followed(Track(), faces, timeline, owner) == [0] * 6


def test_a_worse_face_is_not_followed():
    faces, timeline, owner = scene(10, lambda _: at(60), lambda f: at(140) if f else None)
    faces.score[owner == 0] = 0.4
    assert followed(Track(min_score=0.5), faces, timeline, owner) == [None] + [1] * 9


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("min_iou", 1.1),
        ("min_iou", NAN),
        ("rejoin_iou", -0.1),
        ("max_size_ratio", 0.9),
        ("max_gap_s", -1.0),
        ("max_gap_s", math.inf),
        ("reach_per_s", NAN),
        ("choose", "widest"),
    ],
)
def test_impossible_values_are_refused(field, value):
    with pytest.raises(ConfigError, match=f"{field}: expected"):
        Track(**{field: value})


# Properties
# -------------------------------------------------------------------------------------------------

PRESENT = st.lists(st.lists(st.booleans(), min_size=30, max_size=30), min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(
    present=PRESENT, choose=st.sampled_from(["longest", "central", "roi"]), seed=st.integers(0, 99)
)
def test_people_who_keep_their_places_are_told_apart(present, choose, seed):
    """However often they are lost.

    Exactly the rows of one person come out, who has the most to their credit.
    """
    rng = np.random.default_rng(seed)
    homes = (20.0, 105.0, 180.0)
    people = [
        {
            f: at(homes[i] + rng.normal(0, 1), 50 + rng.normal(0, 1))
            for f, there in enumerate(row)
            if there
        }
        for i, row in enumerate(present)
    ]
    faces, timeline, owner = scene(30, *people)
    selector = Track(choose=choose, roi=(0.4, 0.0, 1.0, 1.0))
    found = followed(selector, faces, timeline, owner)
    credit = [0.0] * len(people)
    for box, person in zip(faces.box_xyxy.astype(float), owner, strict=True):
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        credit[person] += {
            "longest": 1.0,
            "central": 1 - math.hypot(x - 100, y - 50) / math.hypot(100, 50),
            "roi": float(x >= 80),
        }[choose]
    best = max(credit)
    if best == 0:
        assert found == [None] * 30
        return
    chosen = set(found) - {None}
    assert len(chosen) == 1
    person = chosen.pop()
    assert credit[person] == pytest.approx(best)
    assert found == [person if f in people[person] else None for f in range(30)]


BOX = st.tuples(st.integers(0, 60), st.integers(0, 40), st.integers(0, 30), st.integers(0, 30))
TABLE = st.lists(st.tuples(st.integers(0, 7), BOX, st.sampled_from([0.3, 0.6, 0.9])), max_size=24)


def table_of(rows):
    frame, corner = [r[0] for r in rows], np.array([r[1] for r in rows], np.float32).reshape(-1, 4)
    corner[:, 2:] += corner[:, :2]
    return Faces(
        frame=np.array(frame, np.int64),
        box_xyxy=corner,
        score=np.array([r[2] for r in rows], np.float32),
        landmarks_xy=np.full((len(rows), 5, 2), np.nan, np.float32),
    )


@settings(max_examples=150, deadline=None)
@given(
    rows=TABLE,
    seed=st.integers(0, 99),
    choose=st.sampled_from(["longest", "central", "roi"]),
    rejoin_iou=st.sampled_from([None, 0.0, 0.3]),
)
def test_the_order_of_faces_within_a_frame_decides_nothing(rows, seed, choose, rejoin_iou):
    rows.sort(key=lambda row: row[0])
    selector = Track(choose=choose, rejoin_iou=rejoin_iou, roi=(0.2, 0.0, 0.6, 1.0))
    _, timeline, _ = scene(8)
    faces = table_of(rows)
    chosen = selector.select(faces, timeline)
    picked = np.flatnonzero(chosen >= 0)
    assert np.array_equal(faces.frame[chosen[picked]], picked), "a chosen row belongs to its frame"
    order = np.random.default_rng(seed).permutation(len(rows))
    shuffled = table_of([rows[i] for i in sorted(order, key=lambda i: rows[i][0])])
    again = selector.select(shuffled, timeline)
    assert np.array_equal(again >= 0, chosen >= 0)
    assert np.array_equal(shuffled.box_xyxy[again[picked]], faces.box_xyxy[chosen[picked]])
    assert np.array_equal(shuffled.score[again[picked]], faces.score[chosen[picked]])


@settings(max_examples=150, deadline=None)
@given(rows=TABLE, edges=st.lists(st.sampled_from([0.04, 0.5, 3.0]), min_size=8, max_size=8))
def test_tracklets_keep_the_rules(rows, edges):
    """One box per frame; from box to box no larger gap, no larger change of size, no farther than
    allowed.
    """
    rows = sorted((row for row in rows if row[1][2] and row[1][3]), key=lambda row: row[0])
    faces, edges_s = table_of(rows), np.concatenate([[0.0], np.cumsum(edges)])
    number = link(faces.box_xyxy.astype(float), faces.frame, edges_s, RULES)
    _, first = np.unique(number, return_index=True)
    assert sorted(first) == list(first), "numbered in the order of their first boxes"
    for own in range(len(first)):
        row = np.flatnonzero(number == own)
        frame, box = faces.frame[row], faces.box_xyxy[row].astype(float)
        assert np.all(np.diff(frame) > 0)
        assert np.all(edges_s[frame[1:]] - edges_s[frame[:-1] + 1] <= RULES.max_gap_s)
        side = np.sqrt((box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1]))
        assert np.all(
            np.maximum(side[1:], side[:-1])
            <= RULES.max_size_ratio * np.minimum(side[1:], side[:-1]) + 1e-9
        )


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_best_pairs_first_finds_the_optimal_assignment_of_faces_apart(seed):
    """Frame by frame the Hungarian method on the same overlaps, for up to four faces that drift
    slowly.
    """
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    homes = rng.permutation(4)[: rng.integers(1, 5)] * 60.0
    tracks: list[np.ndarray] = []
    boxes, frames, expected = [], [], []
    for frame in range(20):
        homes = homes + rng.normal(0, 1.5, len(homes))
        now = np.array([at(x, 50 + rng.normal(0, 1)) for x in rng.permutation(homes)])
        if tracks:
            apart = np.linalg.norm(np.array(tracks)[:, None] - now[None], axis=2)
            _, column = optimize.linear_sum_assignment(apart)
            mine = np.empty(len(now), int)
            mine[column] = np.arange(len(tracks))
        else:
            mine = np.arange(len(now))
        tracks = [now[list(mine).index(k)] for k in range(len(now))]
        boxes.append(now)
        frames += [frame] * len(now)
        expected += list(mine)
    found = link(np.concatenate(boxes), np.array(frames, np.int64), np.arange(21) / 25, RULES)
    assert found.tolist() == expected


# Real faces
# -------------------------------------------------------------------------------------------------


def side_by_side(samples: Path, target: Path, *, frames: int, width: int, height: int) -> None:
    """A man on the left and a woman on the right, who come nearer by turns, so that now he, now she
    is larger.
    """

    def pictures(name):
        with av.open(str(samples / name)) as reader:
            yield from (
                frame for _, frame in zip(range(frames), reader.decode(video=0), strict=False)
            )

    def grown(picture, zoom):
        """The middle of a picture, larger by ``zoom``."""
        wide, high = 2 * round(width * zoom / 2), 2 * round(height * zoom / 2)
        rgb = picture.reformat(width=wide, height=high, format="rgb24").to_ndarray()
        x, y = (wide - width) // 2, (high - height) // 2
        return rgb[y : y + height, x : x + width]

    with av.open(str(target), "w") as writer:
        stream = writer.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 2 * width, height, "yuv420p"
        both = zip(pictures("single_face.mp4"), pictures("WolfgangLanger_Pexels.mp4"), strict=True)
        for index, (left, right) in enumerate(both):
            swing = 0.25 * math.sin(2 * math.pi * index / 12)
            rgb = np.concatenate([grown(left, 1.3 - swing), grown(right, 1.25 + swing)], axis=1)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            writer.mux(stream.encode(frame))
        writer.mux(stream.encode())


@pytest.mark.weights
def test_real_faces_side_by_side(samples, models, tmp_path):
    """Where ``largest`` goes to and fro between two people, ``track`` stays with one of them."""
    video, width = tmp_path / "two.mp4", 224
    side_by_side(samples, video, frames=48, width=width, height=126)
    config = composed({})
    recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    cache, session = Cache(tmp_path / "cache"), Session(session_id="two", parts=(Part(path=video),))

    def sides(selector):
        """Report, and per frame: 0 left, 1 right, -1 nobody."""
        analyser = Analyser(
            dataclasses.replace(recipe, selector=selector), Runtime(device="cpu"), cache, models
        )
        report = evaluate([session], analyser)
        part = report.sessions[0].parts[0]
        box = part.analysis.faces.box_xyxy[part.chosen]
        return report, np.where(part.chosen < 0, -1, box[:, 0] + box[:, 2] > 2 * width)

    flipping, largest = sides(Largest())
    switches = np.count_nonzero(np.diff(largest))
    assert (largest >= 0).all()
    assert switches >= 3
    assert flipping.quality["switches"] == switches
    told = f"two: the chosen face changed {switches} times; selector='track' keeps to one person"
    assert flipping.notices == (told,)
    steady, track = sides(Track())
    assert (track == 0).mean() >= 0.99
    assert not (track == 1).any()
    assert steady.quality["switches"] == 0
    assert steady.notices == ()
    _, right = sides(Track(choose="roi", roi=(0.5, 0.0, 1.0, 1.0)))
    assert (right == 1).mean() > 0.5
    assert not (right == 0).any()
