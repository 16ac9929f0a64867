"""Selectors that look at one frame at a time, and which faces are classified."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError, DataError
from ferbench.fingerprint import canonical_json
from ferbench.selectors.classify import Classify
from ferbench.selectors.region import inside_px
from ferbench.selectors.roi import Roi
from ferbench.selectors.rows import overlaps
from ferbench.selectors.simple import BestScore, Central, First, Largest
from ferbench.selectors.track import Track
from ferbench.types import Faces, Timeline, VideoInfo

SIMPLE = [First, BestScore, Largest, Central]
ALL = [*SIMPLE, Roi]
NAN = float("nan")


def faces_of(*rows):
    """Rows (frame, (x1, y1, x2, y2), score); no landmarks."""
    return Faces(
        frame=np.array([r[0] for r in rows], np.int64),
        box_xyxy=np.array([r[1] for r in rows], np.float32).reshape(-1, 4),
        score=np.array([r[2] for r in rows], np.float32),
        landmarks_xy=np.full((len(rows), 5, 2), np.nan, np.float32),
    )


def timeline_of(frames, width_px=100, height_px=100, fps_hz=25.0):
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="",
        num_frames=frames,
        width_px=width_px,
        height_px=height_px,
        fps_hz=fps_hz,
    )
    return Timeline(video=video, edges_s=np.arange(frames + 1) / fps_hz)


SIDE = (0, 0, 10, 10)
BIG = (0, 0, 40, 30)
MIDDLE = (45, 45, 55, 55)
EVERYWHERE = (0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        (First(), 0),
        (BestScore(), 1),
        (Largest(), 2),
        (Central(), 3),
        (Roi(roi=EVERYWHERE), 2),
        (Roi(roi=EVERYWHERE, prefer="score"), 1),
        (Roi(roi=EVERYWHERE, prefer="central"), 3),
        (Roi(roi=(0, 0, 0.1, 0.1), prefer="largest"), 0),
        (Roi(roi=(0, 0, 0.1, 0.1), prefer="score"), 1),
        (Roi(roi=(0.4, 0.4, 0.6, 0.6)), 3),
    ],
)
def test_each_selector_has_its_own_favourite(selector, expected):
    faces = faces_of((1, SIDE, 0.6), (1, SIDE, 0.9), (1, BIG, 0.5), (1, MIDDLE, 0.4))
    chosen = selector.select(faces, timeline_of(3))
    assert chosen.dtype == np.int64
    assert chosen.tolist() == [-1, expected, -1]


@pytest.mark.parametrize("selector", ALL)
def test_equal_rows_the_first_wins(selector):
    faces = faces_of((0, MIDDLE, 0.5), (0, MIDDLE, 0.5), (2, MIDDLE, 0.5), (2, MIDDLE, 0.5))
    assert selector().select(faces, timeline_of(3)).tolist() == [0, -1, 2]


@pytest.mark.parametrize("selector", [*ALL, Track])
@pytest.mark.parametrize("score", [0.95, 0.3, 0.5])
def test_threshold_is_strict_in_stored_precision(selector, score):
    above = float(np.nextafter(np.float32(score), np.float32(1)))
    faces = faces_of((0, MIDDLE, score), (1, MIDDLE, above))
    assert selector(min_score=score).select(faces, timeline_of(2)).tolist() == [-1, 1]


@pytest.mark.parametrize("selector", [*ALL, Track])
def test_rows_with_nan_are_never_selected(selector):
    faces = faces_of(
        (0, (NAN, 0, 5, 5), 0.9), (0, MIDDLE, 0.1), (1, MIDDLE, NAN), (2, (0, 0, 5, NAN), 0.9)
    )
    assert selector().select(faces, timeline_of(3)).tolist() == [1, -1, -1]


@pytest.mark.parametrize("selector", [*ALL, Track])
def test_no_faces_and_no_frames(selector):
    assert selector().select(Faces.empty(), timeline_of(2)).tolist() == [-1, -1]
    assert selector().select(Faces.empty(), timeline_of(0)).shape == (0,)


def test_inverted_boxes_have_no_area():
    faces = faces_of((0, (50, 50, 0, 0), 0.9), (0, (0, 0, 2, 2), 0.9))
    assert Largest().select(faces, timeline_of(1)).tolist() == [1]


@pytest.mark.parametrize("selector", [Central(), Roi(roi=EVERYWHERE, prefer="central")])
def test_central_knows_width_from_height(selector):
    faces = faces_of((0, (95, 45, 105, 55), 0.9), (0, (45, 95, 55, 105), 0.9))
    assert selector.select(faces, timeline_of(1, 200, 100))[0] == 0
    assert selector.select(faces, timeline_of(1, 100, 200))[0] == 1


@pytest.mark.parametrize("selector", [*ALL, Track])
def test_faces_of_another_video_are_refused(selector):
    with pytest.raises(DataError, match=r"expected frames 0\.\.1, got 2\.\.2"):
        selector().select(faces_of((2, SIDE, 0.9)), timeline_of(2))


@pytest.mark.parametrize("selector", [*ALL, Track, Classify])
@pytest.mark.parametrize("value", [NAN, float("inf")])
def test_min_score_must_be_a_number(selector, value):
    with pytest.raises(ConfigError, match="min_score"):
        selector(min_score=value)


@pytest.mark.parametrize("selector", [Central(), Roi(), Track(choose="central")])
def test_selectors_that_need_the_frames_size_say_so(selector):
    with pytest.raises(ConfigError, match="needs the frame's size"):
        selector.select(faces_of((0, SIDE, 0.9)), timeline_of(1, 0, 0))


ROW = st.tuples(
    st.integers(0, 4),
    st.tuples(*[st.integers(0, 6)] * 4),
    st.sampled_from([0.1, 0.2, 0.5, NAN]),
)


def slow_merit(selector, box, score, width, height):
    if selector is BestScore:
        return score
    if selector in (Largest, Roi):
        return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)
    if selector is Central:
        return -((box[0] + box[2] - width) ** 2) - (box[1] + box[3] - height) ** 2
    return 0


def slow_choice(selector, rows, frame, min_score):
    """Python's max takes the first of equals."""
    able = [i for i, row in enumerate(rows) if row[0] == frame and row[2] > min_score]
    if selector is Roi:  # the middle half of 5 pixels
        able = [i for i in able if 1.25 <= (rows[i][1][0] + rows[i][1][2]) / 2 < 3.75]
        able = [i for i in able if 0 <= (rows[i][1][1] + rows[i][1][3]) / 2 < 7]
    return max(able, key=lambda i: slow_merit(selector, *rows[i][1:], 5, 7), default=-1)


@pytest.mark.parametrize("selector", ALL)
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(ROW, max_size=12), min_score=st.sampled_from([0.0, 0.15]))
def test_same_as_a_loop(selector, rows, min_score):
    rows.sort(key=lambda row: row[0])
    chosen = selector(min_score=min_score).select(faces_of(*rows), timeline_of(5, 5, 7))
    assert chosen.tolist() == [slow_choice(selector, rows, f, min_score) for f in range(5)]


# Regions
# -------------------------------------------------------------------------------------------------


def test_halves_of_the_frame_have_no_face_in_common():
    """A centre on the border belongs to the right and to the lower one."""
    boxes = np.array([[40, 0, 60, 10], [0, 40, 10, 60], [39, 0, 60, 10]], np.float32)
    assert inside_px(boxes, (0.0, 0.0, 0.5, 1.0), 100, 100).tolist() == [False, True, True]
    assert inside_px(boxes, (0.5, 0.0, 1.0, 1.0), 100, 100).tolist() == [True, False, False]
    assert inside_px(boxes, (0.0, 0.5, 1.0, 1.0), 100, 100).tolist() == [False, True, False]


@pytest.mark.parametrize("kind", [Roi, Track, Classify])
@pytest.mark.parametrize(
    "region",
    [
        (0, 0, 0, 1),
        (0.5, 0, 0.4, 1),
        (0, 0, 1, 1.01),
        (-0.1, 0, 1, 1),
        (0, 0, NAN, 1),
        (0, 0, 1),
        0.5,
        ("0", 0, 1, 1),
    ],
)
def test_impossible_regions_are_refused(kind, region):
    with pytest.raises(ConfigError, match="roi: expected"):
        kind(roi=region)
    with pytest.raises(ConfigError, match=r"cameras\.front: expected"):
        kind(roi=EVERYWHERE, cameras={"front": region})


def test_each_camera_has_its_region_and_a_slip_in_its_name_gives_no_other():
    faces = faces_of((0, SIDE, 0.9), (0, MIDDLE, 0.8))
    selector = Roi(cameras={"front": (0, 0, 0.2, 0.2), "Side": (0.4, 0.4, 0.6, 0.6)})
    assert selector.select(faces, timeline_of(1), camera="front").tolist() == [0]
    assert selector.select(faces, timeline_of(1), camera="side").tolist() == [1]
    with pytest.raises(ConfigError, match="no region for the camera 'font', only for front, Side"):
        selector.select(faces, timeline_of(1), camera="font")


@pytest.mark.parametrize("camera", ["top", ""])
def test_a_camera_without_a_region_is_told_with_the_others(camera):
    regions = {"front": (0, 0, 0.5, 1), "side": EVERYWHERE}
    told = "the camera 'top', only for front, side" if camera else "a video without a camera's name"
    for ask in (
        lambda: Roi(roi=None, cameras=regions).select(Faces.empty(), timeline_of(1), camera=camera),
        lambda: Track(choose="roi", cameras=regions).select(
            Faces.empty(), timeline_of(1), camera=camera
        ),
        lambda: Classify(cameras=regions).of(camera),
    ):
        with pytest.raises(ConfigError, match=told):
            ask()


@pytest.mark.parametrize("make", [lambda: Roi(roi=None), lambda: Track(choose="roi")])
def test_a_region_is_needed_before_anything_runs(make):
    with pytest.raises(ConfigError, match="region"):
        make()


def test_components_with_regions_compare_and_hash_by_what_they_are():
    one, two = (Roi(cameras={"a": (0, 0, 1, 1)}), Roi(cameras={"a": (0.0, 0.0, 1.0, 1.0)}))
    assert one == two
    assert hash(one) == hash(two)
    assert one != Roi(cameras={"a": (0, 0, 0.5, 1)})


# Classify
# -------------------------------------------------------------------------------------------------


def slow_admit(rows, *, min_score, min_size_px, roi, max_faces):
    kept = []
    for i, (frame, (x1, y1, x2, y2), score) in enumerate(rows):
        centred = roi is None or (
            roi[0] * 5 <= (x1 + x2) / 2 < roi[2] * 5 and roi[1] * 7 <= (y1 + y2) / 2 < roi[3] * 7
        )
        if score > min_score and min(x2 - x1, y2 - y1) >= min_size_px and centred:
            kept.append((frame, -(x2 - x1) * (y2 - y1), i))
    result = []
    for frame in range(5):
        result += [i for _, _, i in sorted(k for k in kept if k[0] == frame)[: max_faces or None]]
    return sorted(result)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(ROW, max_size=12),
    min_score=st.sampled_from([0.0, 0.15]),
    min_size_px=st.integers(0, 3),
    roi=st.sampled_from([None, EVERYWHERE, (0.2, 0.0, 0.8, 0.5)]),
    max_faces=st.sampled_from([None, 1, 2]),
)
def test_classify_is_the_same_as_a_loop(rows, min_score, min_size_px, roi, max_faces):
    rows.sort(key=lambda row: row[0])
    options = {
        "min_score": min_score,
        "min_size_px": min_size_px,
        "roi": roi,
        "max_faces": max_faces,
    }
    admitted = Classify(**options).admit(faces_of(*rows), width_px=5, height_px=7)
    assert admitted.dtype == np.int64
    assert admitted.tolist() == slow_admit(rows, **options)


def test_a_key_holds_only_the_region_of_the_videos_camera():
    classify = Classify(cameras={"front": (0, 0, 0.5, 1), "side": EVERYWHERE})
    front = canonical_json(classify.of("front"))
    assert front == canonical_json(Classify(roi=(0, 0, 0.5, 1)))
    assert front == canonical_json(Classify(cameras={"front": (0, 0, 0.5, 1)}).of("front"))
    assert front != canonical_json(classify.of("side"))
    assert Classify(min_score=0.5).of("any") == Classify(min_score=0.5)


@pytest.mark.parametrize("wrong", [{"min_size_px": NAN}, {"min_size_px": -1}, {"max_faces": 0}])
def test_impossible_classify_is_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Classify(**wrong)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 9)] * 8), min_size=1, max_size=8))
def test_overlap_is_counted_pixels(rows):
    """Intersection over union of integer boxes, by counting the unit squares."""
    pairs = np.array(rows, float).reshape(-1, 2, 4)
    for one, two, iou in zip(
        pairs[:, 0], pairs[:, 1], overlaps(pairs[:, 0], pairs[:, 1]), strict=True
    ):
        cells = [
            {(x, y) for x in range(int(b[0]), int(b[2])) for y in range(int(b[1]), int(b[3]))}
            for b in (one, two)
        ]
        union = len(cells[0] | cells[1])
        assert iou == pytest.approx(len(cells[0] & cells[1]) / union if union else 0.0)


@pytest.mark.parametrize("unit_px", [0.01, 1.0, 100.0])
def test_overlaps_do_not_depend_on_the_unit(unit_px):
    one = np.array([[0.0, 0, 4, 4], [0, 0, 4, 4], [0, 0, 4, 4]]) * unit_px
    two = np.array([[0.0, 0, 4, 2], [2, 2, 6, 6], [4, 0, 8, 4]]) * unit_px
    np.testing.assert_allclose(overlaps(one, two), [8 / 16, 4 / 28, 0.0], rtol=1e-12)
