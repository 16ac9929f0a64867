"""Numbers of an inspection against plain loops, numpy, scipy and scikit-learn."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.calibration import calibration_curve
from sklearn.metrics import cohen_kappa_score

from ferbench.errors import FormatError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.windowed import Windowed
from ferbench.scoring.calibration import BINS, calibration
from ferbench.types import Event, Expressions, Faces, Signal, Timeline, VideoInfo
from ferbench.workflows.inspection.box_pairs import SAME_FACE_IOU, box_agreement, box_pairs
from ferbench.workflows.inspection.calibration import labelled, read_labels
from ferbench.workflows.inspection.classifications import classifications_of, label_agreement
from ferbench.workflows.inspection.detections import GAP_EDGES_S, detections_of
from ferbench.workflows.inspection.event_shapes import (
    AT_LEAST_S,
    event_shapes,
    neighbours,
    num_at_least,
    num_events,
    stretches_s,
)
from ferbench.workflows.inspection.numbers import Values, even_edges

LABELS = ("anger", "fear", "happiness")


def timeline_of(frames: int, rng: np.random.Generator | None = None) -> Timeline:
    """Frames of a tenth of a second, or of uneven ones."""
    lasts_s = np.full(frames, 0.1) if rng is None else rng.uniform(0.01, 0.5, frames)
    video = VideoInfo(
        video_id="v",
        path=Path("v"),
        sha256="0" * 64,
        num_frames=frames,
        width_px=640,
        height_px=360,
        fps_hz=10.0,
        rotation_deg=0,
    )
    return Timeline(video=video, edges_s=np.concatenate(([0.0], np.cumsum(lasts_s))))


def faces_of(rng: np.random.Generator, frames: int, *, most: int = 4, spread: float = 60) -> Faces:
    """Up to so many faces in each frame, near each other."""
    frame = np.repeat(np.arange(frames), rng.integers(0, most + 1, frames))
    corner = rng.uniform(0, spread, (len(frame), 2))
    sides = rng.uniform(20, 60, (len(frame), 2))
    return Faces(
        frame=frame.astype(np.int64),
        box_xyxy=np.concatenate([corner, corner + sides], axis=1).astype(np.float32),
        score=rng.uniform(0, 1, len(frame)).astype(np.float32),
        landmarks_xy=np.full((len(frame), 5, 2), np.nan, np.float32),
    )


def expressions_of(rng: np.random.Generator, faces: Faces, labels=LABELS) -> Expressions:
    """Of every face, a few without a crop."""
    logits = rng.normal(0, 2, (len(faces), len(labels))).astype(np.float32)
    logits[rng.random(len(faces)) < 0.1] = np.nan
    return Expressions(
        frame=faces.frame, face=np.arange(len(faces)), logits=logits, labels=tuple(labels)
    )


def iou(a: np.ndarray, b: np.ndarray) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return common / (sum(areas) - common)


@pytest.mark.parametrize("seed", range(4))
def test_boxes_are_paired_one_to_one_by_falling_overlap(seed):
    rng = np.random.default_rng(seed)
    one, two = faces_of(rng, 40, spread=15), faces_of(rng, 40, spread=15)
    expected = []
    for frame in range(40):
        rows = [
            (-iou(one.box_xyxy[i].astype(float), two.box_xyxy[j].astype(float)), i, j)
            for i in np.flatnonzero(one.frame == frame)
            for j in np.flatnonzero(two.frame == frame)
        ]
        used_one, used_two = set(), set()
        for overlap, i, j in sorted(rows):
            if -overlap >= SAME_FACE_IOU and i not in used_one and j not in used_two:
                used_one.add(i)
                used_two.add(j)
                expected.append((i, j, -overlap))
    expected.sort()
    pairs = box_pairs(one, two)
    assert pairs.first.tolist() == [i for i, _, _ in expected]
    assert pairs.second.tolist() == [j for _, j, _ in expected]
    np.testing.assert_allclose(pairs.iou, [overlap for *_, overlap in expected])
    found = box_agreement([(40, one, two)])
    assert len(expected) > 10
    assert (found.both, found.first_only) == (len(expected), len(one) - len(expected))
    total = len(one) + len(two) - len(expected)
    assert found.share(found.second_only) == pytest.approx((len(two) - len(expected)) / total)
    assert found.median_iou == pytest.approx(np.median([overlap for *_, overlap in expected]))


def test_a_face_is_paired_with_the_better_of_two():
    box = [[0, 0, 10, 10]]
    one = Faces(
        frame=np.array([3]),
        box_xyxy=np.float32(box),
        score=np.ones(1, np.float32),
        landmarks_xy=np.full((1, 5, 2), np.nan, np.float32),
    )
    two = Faces(
        frame=np.array([2, 3, 3]),
        box_xyxy=np.float32([[0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 10]]),
        score=np.ones(3, np.float32),
        landmarks_xy=np.full((3, 5, 2), np.nan, np.float32),
    )
    pairs = box_pairs(one, two)
    assert (pairs.first.tolist(), pairs.second.tolist(), pairs.iou.tolist()) == ([0], [2], [1.0])
    assert math.isnan(box_agreement([(5, Faces.empty(), Faces.empty())]).median_iou)


def test_detections_are_those_of_numpy():
    rng = np.random.default_rng(1)
    timeline = timeline_of(200, rng)
    faces = faces_of(rng, 200, most=2)
    faces.score[3] = np.nan
    found = detections_of([(timeline, faces), (timeline, Faces.empty())])
    assert (found.frames, found.faces) == (400, len(faces))
    assert found.frames_with_face == len(set(faces.frame.tolist()))
    assert found.score.undefined == 1
    np.testing.assert_allclose(
        found.score.quantiles(), np.nanquantile(faces.score.astype(float), [0, 0.25, 0.5, 0.75, 1])
    )
    width = faces.box_xyxy[:, 2].astype(float) - faces.box_xyxy[:, 0]
    height = faces.box_xyxy[:, 3].astype(float) - faces.box_xyxy[:, 1]
    np.testing.assert_allclose(found.size_px.defined, np.minimum(width, height))
    gaps, since = [], None
    for frame in range(201):
        is_empty = frame < 200 and frame not in faces.frame
        if is_empty and since is None:
            since = timeline.edges_s[frame]
        elif not is_empty and since is not None:
            gaps.append(timeline.edges_s[frame] - since)
            since = None
    gaps.append(timeline.duration_s)
    np.testing.assert_allclose(found.gap_s.defined, gaps)
    assert found.gap_s.counts(GAP_EDGES_S).sum() == len(gaps)
    per_frame = [int((faces.frame == frame).sum()) for frame in range(200)] + [0] * 200
    assert found.frames_of_count.tolist() == [per_frame.count(n) for n in range(3)]


def test_fifty_faces_in_an_hour_leave_long_gaps():
    at = np.linspace(0, 90_000, 51)[:-1].astype(np.int64)
    timeline = timeline_of(90_000)
    faces = Faces(
        frame=at,
        box_xyxy=np.tile(np.float32([0, 0, 9, 9]), (50, 1)),
        score=np.ones(50, np.float32),
        landmarks_xy=np.full((50, 5, 2), np.nan, np.float32),
    )
    found = detections_of([(timeline, faces)])
    assert found.frames_of_count.tolist() == [89_950, 50]
    np.testing.assert_allclose(found.gap_s.defined, np.diff([*at, 90_000]) / 10 - 0.1)
    pairs = box_pairs(faces, faces)
    assert pairs.first.tolist() == pairs.second.tolist() == list(range(50))


def test_nothing_is_undefined_and_not_zero():
    found = detections_of([])
    assert math.isnan(found.faces_per_frame)
    assert all(math.isnan(value) for value in found.score.quantiles())
    none = expressions_of(np.random.default_rng(0), Faces.empty())
    said = classifications_of([none])
    assert said.faces == 0
    assert np.isnan(said.mean_probs).all()
    agreement = label_agreement([(none, none, np.empty(0, np.int64), np.empty(0, np.int64))])
    assert math.isnan(agreement.share)
    assert math.isnan(agreement.kappa)


def test_edges_reach_all_values():
    values = [Values.of(np.array([-0.5, 0.2])), Values.of(np.array([1.7]))]
    edges = even_edges(values, least=0, most=1, bins=4)
    np.testing.assert_allclose(edges, [-0.5, 0.05, 0.6, 1.15, 1.7])
    assert sum(int(each.counts(edges).sum()) for each in values) == 3


def test_confidence_and_entropy_are_those_of_scipy():
    rng = np.random.default_rng(2)
    tables = [expressions_of(rng, faces_of(rng, 50)) for _ in range(2)]
    said = classifications_of(tables)
    logits = np.concatenate([table.logits for table in tables]).astype(float)
    known = logits[~np.isnan(logits).any(axis=1)]
    probs = np.exp(known) / np.exp(known).sum(axis=1, keepdims=True)
    assert (said.faces, said.undefined) == (len(known), len(logits) - len(known))
    assert said.undefined > 0
    np.testing.assert_allclose(said.confidence.defined, probs.max(axis=1))
    np.testing.assert_allclose(said.entropy_nats.defined, entropy(probs, axis=1))
    assert said.label_counts.tolist() == [int((probs.argmax(1) == k).sum()) for k in range(3)]
    np.testing.assert_allclose(said.mean_probs, probs.mean(axis=0))


def test_agreement_on_labels_is_that_of_scikit_learn():
    rng = np.random.default_rng(3)
    faces = faces_of(rng, 80)
    one = expressions_of(rng, faces)
    two = expressions_of(rng, faces, labels=("happiness", "fear", "neutral", "anger"))
    rows = np.arange(len(faces))
    found = label_agreement([(one, two, rows, rows)])
    known = ~np.isnan(one.logits).any(axis=1) & ~np.isnan(two.logits).any(axis=1)
    first = [one.labels[k] for k in one.logits[known].argmax(1)]
    second = [two.labels[k] for k in two.logits[known].argmax(1)]
    assert found.faces == int(known.sum())
    assert found.share == pytest.approx(
        np.mean([a == b for a, b in zip(first, second, strict=True)])
    )
    assert found.kappa == pytest.approx(cohen_kappa_score(first, second))
    same = Expressions(
        frame=one.frame,
        face=one.face,
        logits=np.tile(np.float32([1, 0, 0]), (len(faces), 1)),
        labels=LABELS,
    )
    agreement = label_agreement([(same, same, rows, rows)])
    assert agreement.share == 1
    assert math.isnan(agreement.kappa), "one label only: nothing is by chance or not"


def test_calibration_is_that_of_scikit_learn():
    rng = np.random.default_rng(4)
    confidence = np.concatenate([rng.uniform(0.3, 1, 500), [0.4, 0.5, 1.0]])
    is_right = rng.random(len(confidence)) < confidence**2
    found = calibration(confidence, is_right)
    correct, mean = calibration_curve(is_right, confidence, n_bins=BINS)
    used = found.frames > 0
    np.testing.assert_allclose(found.correct[used], correct)
    np.testing.assert_allclose(found.confidence[used], mean)
    assert found.accuracy == pytest.approx(is_right.mean())
    shares = found.frames[used] / len(confidence)
    assert found.ece == pytest.approx(float((shares * np.abs(correct - mean)).sum()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(calibration(np.empty(0), np.empty(0, bool)).ece)


def test_labelled_frames_are_judged_by_the_chosen_face(tmp_path):
    rng = np.random.default_rng(5)
    faces = faces_of(rng, 10, most=1)
    expressions = expressions_of(rng, faces)
    expressions.logits[:] = [0, 2, 0]
    chosen = np.full(10, -1)
    chosen[faces.frame] = np.arange(len(faces))
    path = tmp_path / "labels.csv"
    rows = [f"a,{frame},{label}" for frame, label in enumerate(["fear", "happy"] * 5)]
    path.write_text("session,frame,label\n" + "\n".join(rows) + "\na,99,fear\n")
    labels = read_labels(path)["a", 1]
    confidence, is_right, unknown = labelled(expressions, chosen, labels)
    judged = faces.frame.tolist()
    assert len(confidence) == len(judged)
    assert is_right.sum() == sum(frame % 2 == 0 for frame in judged)
    assert unknown == len(labels) - len(judged)
    path.write_text("session,frame,label\na,1,fear\na,1,fear\na,1,anger\n")
    with pytest.raises(FormatError, match="line 4: frame 1 of 'a' was fear before, and is anger"):
        read_labels(path)
    path.write_text("session,frame,label\na,first,fear\n")
    with pytest.raises(FormatError, match="line 2: expected whole numbers"):
        read_labels(path)


def test_stretches_are_counted_by_how_long_they_last():
    rng = np.random.default_rng(6)
    timeline = timeline_of(300, rng)
    value = np.repeat(rng.random(60), 5)
    value[::17] = np.nan
    signal = Signal(label="fear", value=value, timeline=timeline)
    lasted, since = [], None
    for frame in range(301):
        is_high = frame < 300 and value[frame] >= 0.5
        if is_high and since is None:
            since = timeline.edges_s[frame]
        elif not is_high and since is not None:
            lasted.append(timeline.edges_s[frame] - since)
            since = None
    found = stretches_s(signal, 0.5)
    np.testing.assert_allclose(found, lasted)
    expected = [sum(length >= least - 1e-9 for length in lasted) for least in AT_LEAST_S]
    assert num_at_least(found).tolist() == expected
    assert num_at_least(np.empty(0)).tolist() == [0] * len(AT_LEAST_S)


def test_neighbours_differ_in_one_setting():
    rng = np.random.default_rng(7)
    signal = Signal(label="fear", value=rng.random(300), timeline=timeline_of(300))
    rule = Hysteresis(enter=0.85, exit=0.8, min_duration_s=0.2, merge_gap_s=0.0)
    found = neighbours(rule, span=(0.0, 1.0))
    levels = [near.value for near in found if near.setting == "enter"]
    assert levels == [0.65, 0.75, 0.8, 0.85, 0.9, 0.95], "1.05 can never be reached"
    assert [near.value for near in found if near.setting == "min_duration_s"] == [0.1, 0.2, 0.4]
    for near in found:
        assert near.rule is not None
        events = near.rule.detect(signal, session_id="", start_s=0.0)
        assert num_events(near.rule, [signal, signal]) == 2 * len(events)
        if near.is_own:
            assert near.rule == rule
        if near.setting == "enter":
            assert near.rule.exit == min(0.8, near.value)
    settings = {near.setting for near in neighbours(Windowed(), span=(0.0, 1.0))}
    assert settings == {"enter", "run_s"}
    assert math.isnan(num_events(None, [signal]))


def test_gaps_lie_between_events_of_one_session_and_label():
    def event(session, label, onset_s, offset_s):
        times = {"onset_s": onset_s, "offset_s": offset_s, "trigger_s": onset_s}
        return Event(session_id=session, label=label, peak=1.0, **times)

    shapes = event_shapes(
        [
            event("b", "fear", 1.0, 2.0),
            event("a", "fear", 5.0, 7.0),
            event("a", "anger", 3.0, 3.5),
            event("a", "fear", 1.0, 2.0),
        ]
    )
    told = [(s.event.session_id, s.event.label, s.duration_s, s.gap_s) for s in shapes]
    np.testing.assert_equal(
        told,
        [
            ("a", "anger", 0.5, math.nan),
            ("a", "fear", 1.0, math.nan),
            ("a", "fear", 2.0, 3.0),
            ("b", "fear", 1.0, math.nan),
        ],
    )
