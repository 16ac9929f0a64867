"""From expressions of chosen faces to signals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError, DataError
from ferbench.events.signal import EmotionSignal
from ferbench.events.treatment import moving_average
from ferbench.types import Expressions, Timeline, VideoInfo

LABELS = ("happiness", "neutral", "surprise")
NAN = float("nan")


def timeline_of(edges_s):
    edges_s = np.asarray(edges_s, np.float64)
    n = len(edges_s) - 1
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="0",
        num_frames=n,
        width_px=8,
        height_px=8,
        fps_hz=25.0,
    )
    return Timeline(video=video, edges_s=edges_s)


def expressions_of(*rows, labels=LABELS):
    """Rows (frame, face, logits)."""
    return Expressions(
        frame=np.array([r[0] for r in rows], np.int64),
        face=np.array([r[1] for r in rows], np.int64),
        logits=np.array([r[2] for r in rows], np.float32).reshape(-1, len(labels)),
        labels=labels,
    )


def test_probability_of_the_chosen_face():
    expressions = expressions_of((0, 0, (5, 0, 0)), (0, 1, (0, 0, np.log(2))), (2, 3, (0, 0, 0)))
    (signal,) = EmotionSignal().build(expressions, np.array([1, -1, 3]), timeline_of([0, 1, 2, 3]))
    assert signal.label == "surprise"
    np.testing.assert_allclose(signal.value, [0.5, NAN, 1 / 3], rtol=1e-6)


def test_faces_without_expression_and_with_nan_logits_have_no_value():
    expressions = expressions_of((0, 4, (0, 0, 9)), (1, 2, (NAN, 0, 9)), (3, 7, (0, 0, 9)))
    for kind in ("probability", "top"):
        (signal,) = EmotionSignal(kind=kind).build(
            expressions, np.array([5, 2, 8, 7]), timeline_of(range(5))
        )
        assert np.isnan(signal.value).tolist() == [True, True, True, False]


def test_nothing_classified():
    (signal,) = EmotionSignal(smooth_s=1.0).build(
        expressions_of(), np.array([0, -1]), timeline_of([0, 1, 2])
    )
    assert np.isnan(signal.value).all()
    assert len(signal.value) == 2


def test_top_is_one_for_the_largest_logit_and_ties_go_to_the_first_column():
    expressions = expressions_of((0, 0, (0, 1, 2)), (1, 1, (0, 3, 3)), (2, 2, (-1, -2, -3)))
    signals = EmotionSignal(labels=("surprise", "neutral", "happiness"), kind="top").build(
        expressions, np.array([0, 1, 2]), timeline_of(range(4))
    )
    assert [s.label for s in signals] == ["surprise", "neutral", "happiness"]
    assert [s.value.tolist() for s in signals] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_labels_are_brought_to_one_spelling():
    assert EmotionSignal(labels=["Happy", " SURPRISED "]) == EmotionSignal(
        labels=("happiness", "surprise")
    )
    assert hash(EmotionSignal(labels=["Happy"])) == hash(EmotionSignal(labels=("joy",)))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": ()}, "at least one"),
        ({"labels": "surprise"}, "list"),
        ({"labels": ("happy", "happiness")}, "once"),
        ({"labels": ("not bored",)}, "unknown label .not bored."),
        ({"kind": "logit"}, "logit"),
        ({"smooth_s": -1.0}, "smooth_s"),
        ({"smooth_s": NAN}, "smooth_s"),
    ],
)
def test_fields_that_cannot_be_used(fields, message):
    with pytest.raises(ConfigError, match=message):
        EmotionSignal(**fields)


def test_a_label_that_the_model_lacks_is_named_with_those_it_has():
    with pytest.raises(ConfigError, match="no contempt; it has happiness, neutral, surprise"):
        EmotionSignal(labels=("contempt", "surprise")).build(
            expressions_of(), np.array([-1]), timeline_of([0, 1])
        )


def test_chosen_of_another_length_is_refused():
    with pytest.raises(DataError, match=r"expected shape \(2,\), got \(1,\)"):
        EmotionSignal().build(expressions_of(), np.array([-1]), timeline_of([0, 1, 2]))


def test_average_weighs_frames_by_their_time():
    # Frame 1 is centred at 2.0; its window 0..4 holds 1 s of frame 0, 2 s of frame 1, 1 s of frame
    # 2.
    smooth = moving_average(np.array([1.0, 0.0, 0.5]), np.array([0.0, 1.0, 3.0, 7.0]), width_s=4.0)
    assert smooth[1] == pytest.approx((1 * 1 + 2 * 0 + 1 * 0.5) / 4, abs=1e-9)
    assert smooth[0] == pytest.approx((1 * 1 + 1.5 * 0) / 2.5, abs=1e-9)  # cut off at 0


def test_average_leaves_out_frames_without_value_and_gives_them_none():
    smooth = moving_average(np.array([1.0, NAN, 0.0]), np.array([0.0, 1.0, 2.0, 3.0]), width_s=10.0)
    np.testing.assert_array_equal(smooth, [0.5, NAN, 0.5])


def slow_average(value, edges, width):
    result = []
    for i, own in enumerate(value):
        centre = (edges[i] + edges[i + 1]) / 2
        shares = [
            max(0.0, min(edges[j + 1], centre + width / 2) - max(edges[j], centre - width / 2))
            for j in range(len(value))
        ]
        used = [(v, s) for v, s in zip(value, shares, strict=True) if v == v]
        result.append(sum(v * s for v, s in used) / sum(s for _, s in used) if own == own else NAN)
    return result


@settings(max_examples=100, deadline=None)
@given(
    frames=st.lists(
        st.tuples(st.sampled_from([0.01, 0.04, 0.3]), st.one_of(st.just(NAN), st.floats(0, 1))),
        max_size=15,
    ),
    width=st.sampled_from([0.001, 0.04, 0.25, 3.0]),
)
def test_average_same_as_a_loop(frames, width):
    edges = np.concatenate(([0.0], np.cumsum([lasts for lasts, _ in frames])))
    value = np.array([v for _, v in frames], np.float64)
    np.testing.assert_allclose(
        moving_average(value, edges, width_s=width), slow_average(value, edges, width), atol=2e-9
    )


@settings(max_examples=50, deadline=None)
@given(level=st.floats(0, 1), lasts=st.lists(st.floats(0.001, 0.2), min_size=1, max_size=30))
def test_average_of_a_constant_is_the_constant(level, lasts):
    edges = np.concatenate(([0.0], np.cumsum(lasts)))
    smooth = moving_average(np.full(len(lasts), level), edges, width_s=0.1)
    np.testing.assert_allclose(smooth, level, atol=1e-9)
