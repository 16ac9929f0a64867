"""Counts, metrics and the scoring component."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import METRICS, values_of
from ferbench.scoring.session_outcome import compare_session, scores_of, window_params
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.types import Annotation, Counts, Event

NAN = float("nan")


def counts(tp=0, fp=0, fn=0, observed_s=60.0):
    return Counts(tp=tp, fp=fp, fn=fn, n_ref=tp + fn, observed_s=observed_s, valid_s=observed_s)


def event(trigger_s, onset_s=None, session_id="s"):
    onset_s = trigger_s if onset_s is None else onset_s
    return Event(
        session_id=session_id,
        onset_s=onset_s,
        offset_s=onset_s + 1,
        trigger_s=trigger_s,
        label="surprise",
        peak=1.0,
    )


def annotation(onset_s, session_id="s"):
    return Annotation(session_id=session_id, onset_s=onset_s, offset_s=onset_s)


@pytest.mark.parametrize(
    ("given", "precision", "recall", "f1", "rate"),
    [
        (counts(tp=3, fp=1, fn=2, observed_s=30.0), 0.75, 0.6, 2 / 3, 2.0),
        (counts(), NAN, NAN, NAN, 0.0),
        (counts(fp=4), 0.0, NAN, 0.0, 4.0),
        (counts(fn=4), NAN, 0.0, 0.0, 0.0),
        (counts(tp=2, observed_s=0.0), 1.0, 1.0, 1.0, NAN),
    ],
)
def test_metrics_of_counts(given, precision, recall, f1, rate):
    expected = {"precision": precision, "recall": recall, "f1": f1, "false_alarms_per_min": rate}
    found = values_of(given)
    assert {name: found[name] for name in expected} == pytest.approx(expected, nan_ok=True)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_latency_is_the_median(lags_s):
    latency = METRICS["latency_s"]
    assert latency.value(counts(), lags_s) == statistics.median(lags_s)
    assert math.isnan(latency.value(counts(), []))


def test_the_stamp_decides_what_matches():
    events, annotations = (event(12.0, onset_s=8.0),), (annotation(10.0),)
    assert Window().matches(events, annotations) == ((0, 0),)
    assert Window(stamp="onset").matches(events, annotations) == ()


def test_one_session():
    events = (event(30.0), event(11.0), event(11.5))
    annotations = (annotation(10.0), annotation(50.0))
    outcome = compare_session(events, annotations, Window(), observed_s=60.0, valid_s=45.0)
    assert outcome.matches == ((1, 0),)
    assert outcome.lags_s == (1.0,)
    assert outcome.counts == Counts(tp=1, fp=2, fn=1, n_ref=2, observed_s=60.0, valid_s=45.0)
    assert outcome.scored_events == (0, 1, 2)
    assert outcome.scored_annotations == (0, 1)


def test_what_was_not_observed_does_not_count():
    observed = ((10.0, 20.0), (30.0, 40.0))
    # Positions refer to what was given, also after leaving some out.
    events = (event(5.0), event(10.0), event(20.0), event(25.0), event(36.0))
    annotations = (annotation(5.0), annotation(20.0), annotation(35.0), annotation(40.0))
    outcome = compare_session(
        events, annotations, Window(), observed_s=20.0, valid_s=20.0, observed=observed
    )
    assert outcome.scored_events == (1, 2, 4)
    assert outcome.scored_annotations == (2,)
    assert outcome.matches == ((4, 2),)
    assert outcome.counts == Counts(tp=1, fp=2, fn=0, n_ref=1, observed_s=20.0, valid_s=20.0)


def test_no_observed_stretch_counts_nothing():
    outcome = compare_session(
        (event(1.0),), (annotation(1.0),), Window(), observed_s=0.0, valid_s=0.0, observed=()
    )
    assert outcome.counts == counts(observed_s=0.0)


def test_scores_pool_the_sessions():
    sessions = [(counts(tp=1, fp=3), (1.0,)), (counts(tp=2, fn=1, observed_s=180.0), (2.0, 4.0))]
    params = window_params(Window(pre_s=1.0), StatisticsRules())
    scores = scores_of(sessions, params=params)
    table = {s.name: (s.value, s.n, s.higher_is_better) for s in scores}
    expected = {
        "event/precision": (0.5, 6, True),
        "event/recall": (0.75, 4, True),
        "event/f1": (0.6, 10, True),
        "event/false_alarms_per_min": (0.75, 6, False),
        "event/latency_s": (2.0, 3, False),
        "event/tp": (3.0, 2, True),
        "event/fp": (3.0, 2, False),
        "event/fn": (1.0, 2, False),
    }
    assert {name: table[name] for name in expected} == expected
    assert all(s.params == {"pre_s": 1.0, "post_s": 5.0, "stamp": "trigger"} for s in scores)


def test_scores_of_no_session_are_undefined():
    table = {s.name: s.value for s in scores_of([], params={})}
    undefined = {name for name, value in table.items() if math.isnan(value)}
    assert undefined >= {
        "event/precision",
        "event/recall",
        "event/f1",
        "event/false_alarms_per_min",
        "event/latency_s",
    }
    assert table["event/tp"] == table["event/fp"] == table["event/fn"] == 0
