"""ERR@HRI metrics against the numbers of the 2024 challenge's own program, and the 2.0 rule by
hand.
"""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from ferbench.errors import DataError
from ferbench.scoring.errhri import (
    confusion,
    forgiven,
    frame_labels,
    frame_metrics,
    macro,
)
from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.metrics import f1, recall
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_frames import frames_of
from ferbench.types import Annotation, Event
from helpers.reference import report_difference, shared_path
from helpers.scored_sessions import tally_of

NAMES = ("accuracy", "precision", "recall", "f1")


def test_frame_metrics_equal_the_published_program():
    stored = json.loads((shared_path("thesis/errhri") / "metrics.json").read_text())
    worst = compared = 0
    for case in stored["cases"]:
        truth, found = np.array(case["y_true"]), np.array(case["y_pred"])
        for tolerance in stored["tolerances"]:
            for text, sessions in (("with", np.array(case["sessions"])), ("without", None)):
                wanted = case["results"][f"tolerance_{tolerance}_{text}_sessions"]
                both = frame_metrics(truth, found, tolerance=tolerance, sessions=sessions)
                for scores, suffix in zip(both, ("", "_tolerant"), strict=True):
                    for name in NAMES:
                        worst = max(worst, abs(getattr(scores, name) - wanted[name + suffix]))
                        compared += 1
    assert compared == len(stored["cases"]) * 4 * 2 * 8 == 768
    report_difference("ERR@HRI 2024 frame metrics", worst)
    assert worst <= 1e-9


frames = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 3)), min_size=1, max_size=40
)


@settings(deadline=None)
@given(frames, st.integers(0, 4), st.booleans())
def test_forgiven_equals_a_walk_over_all_frames(rows, tolerance, with_sessions):
    truth, found, sessions = (np.array(column) for column in zip(*rows, strict=True))
    wanted = found.copy()
    for i in range(len(rows)):
        own = np.flatnonzero(sessions == sessions[i]) if with_sessions else np.arange(len(rows))
        window = range(max(own.min(), i - tolerance), min(own.max(), i + tolerance) + 1)
        if any(truth[j] == found[i] for j in window):
            wanted[i] = truth[i]
    got = forgiven(truth, found, tolerance=tolerance, sessions=sessions if with_sessions else None)
    assert got.tolist() == wanted.tolist()


@settings(max_examples=200, deadline=None)
@given(frames)
def test_macro_scores_equal_scikit_learn(rows):
    truth, found = (np.array(column) for column in list(zip(*rows, strict=True))[:2])
    got = macro(confusion(truth, found, np.arange(3)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = precision_recall_fscore_support(truth, found, average="macro", zero_division=0)[:3]
    assert (got.precision, got.recall, got.f1) == pytest.approx(wanted, abs=1e-12)
    assert got.accuracy == pytest.approx(accuracy_score(truth, found), abs=1e-12)


def test_a_system_that_never_says_1_is_perfect_with_a_tolerance():
    """The first defect of the 2024 metric, kept because numbers must be comparable."""
    truth = np.array([0, 0, 1, 0, 0, 1, 0, 0])
    strict, tolerant = frame_metrics(truth, np.zeros(8, np.int64), tolerance=1)
    assert (strict.recall, tolerant.f1, tolerant.accuracy) == (0.5, 1.0, 1.0)


def test_nothing_and_bad_frames():
    empty = np.empty(0, np.int64)
    strict, tolerant = frame_metrics(empty, empty, tolerance=1, sessions=empty)
    assert all(math.isnan(getattr(scores, name)) for scores in (strict, tolerant) for name in NAMES)
    with pytest.raises(DataError, match=r"got \[2, 1\] and 1"):
        frame_metrics(np.array([0, 1]), np.array([0]), tolerance=1)
    with pytest.raises(DataError, match=r"got \[1, 1, 2\] and 0"):
        frame_metrics(np.array([0]), np.array([0]), tolerance=0, sessions=np.array([1, 1]))


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(-20, 130), st.integers(0, 40)), max_size=5),
    st.sampled_from([25.0, 30.0, 29.97]),
)
def test_frame_labels_equal_a_look_at_each_frame(spans, rate_hz):
    times = [(start / 10, (start + length) / 10) for start, length in spans]
    wanted = [int(any(a - 1e-9 <= i / rate_hz < b - 1e-9 for a, b in times)) for i in range(300)]
    assert frame_labels(times, 300, rate_hz=rate_hz).tolist() == wanted


def test_frame_labels_take_decimal_times_as_meant():
    assert np.flatnonzero(frame_labels([(1.1, 1.3)], 60)).tolist() == [33, 34, 35, 36, 37, 38]
    assert frame_labels([(0.001, 0.002)], 3).tolist() == [0, 0, 0]


def session(predictions, errors, name="s", observed=((0.0, 100.0),)):
    return ScoredSession(
        session_id=name,
        participant=name,
        events=tuple(
            Event(session_id=name, onset_s=a, offset_s=b, trigger_s=a, label="x", peak=1.0)
            for a, b in predictions
        ),
        annotations=tuple(Annotation(session_id=name, onset_s=a, offset_s=b) for a, b in errors),
        observed=observed,
    )


@pytest.mark.parametrize(
    ("predictions", "errors", "detected"),
    [
        ([(2.0, 3.0)], [(4.0, 5.0)], 1),  # touches onset - 1 s
        ([(2.0, 2.999)], [(4.0, 5.0)], 0),
        ([(6.0, 7.0)], [(4.0, 5.0)], 1),
        ([(6.001, 7.0)], [(4.0, 5.0)], 0),
        (
            [(4.0, 4.1), (4.2, 4.3), (4.4, 4.5)],
            [(4.0, 5.0)],
            1,
        ),  # the published program: no false alarm
        ([(0.0, 100.0)], [(4.0, 5.0), (50.0, 51.0)], 1),  # one prediction detects one error
        ([(0.0, 100.0), (3.5, 4.0)], [(4.0, 5.0), (50.0, 51.0)], 2),
    ],
)
def test_errors_are_detected_one_to_one_by_any_overlap(predictions, errors, detected):
    tally = tally_of([session(predictions, errors)], AnyOverlap())
    assert recall(tally).tolist() == [detected / len(errors)]
    assert tally.fp.tolist() == [len(predictions) - detected]
    assert f1(tally) == pytest.approx([2 * detected / (len(predictions) + len(errors))])


def test_sessions_are_apart_and_nothing_predicted_is_no_error():
    hit, elsewhere = session([(4.0, 5.0)], [(4.0, 5.0)], "a"), session([(4.0, 5.0)], [], "b")
    assert tally_of([hit, elsewhere], AnyOverlap()).fp.tolist() == [0, 1]
    silent = tally_of([session([], [(4.0, 5.0)])], AnyOverlap())
    assert (recall(silent).item(), silent.fp.item(), f1(silent).item()) == (0, 0, 0)


FRAMES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=5)


@settings(max_examples=100, deadline=None)
@given(
    sessions=st.lists(
        st.tuples(FRAMES, FRAMES, st.sampled_from([((0, 80),), ((0, 30), (41, 77)), ()])),
        min_size=1,
        max_size=3,
    ),
    tolerance=st.integers(0, 3),
)
def test_frames_of_sessions_are_those_of_their_observed_stretches(sessions, tolerance):
    rate_hz, rows = 30.0, []
    for number, (found, marked, observed) in enumerate(sessions):
        for stretch, (first, stop) in enumerate(observed):
            for frame in range(first, stop):
                said = [
                    int(any(start <= frame < start + n for start, n in own))
                    for own in (marked, found)
                ]
                rows.append((*said, 10 * number + stretch))
    evidence = [
        session(
            [(start / rate_hz, (start + n) / rate_hz) for start, n in found],
            [(start / rate_hz, (start + n) / rate_hz) for start, n in marked],
            observed=tuple((first / rate_hz, stop / rate_hz) for first, stop in observed),
        )
        for found, marked, observed in sessions
    ]
    got = frames_of(evidence, rate_hz=rate_hz, tolerance=tolerance)
    assert got.num == len(rows)
    if not rows:
        assert math.isnan(got.strict.f1)
        return
    truth, predicted, own = (np.array(column) for column in zip(*rows, strict=True))
    for mine, wanted in zip(
        (got.strict, got.tolerant),
        frame_metrics(truth, predicted, tolerance=tolerance, sessions=own),
        strict=True,
    ):
        assert [getattr(mine, name) for name in NAMES] == pytest.approx(
            [getattr(wanted, name) for name in NAMES]
        )


def test_points_are_in_no_frame():
    got = frames_of([session([(4.0, 5.0)], [(4.0, 4.0)])], rate_hz=30.0, tolerance=1)
    assert math.isnan(got.strict.f1)
    assert math.isnan(got.tolerant.accuracy)
