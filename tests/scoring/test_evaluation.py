"""Events against annotations in one call, against its parts."""

from __future__ import annotations

import math

import pytest

from ferbench.errors import ConfigError
from ferbench.scoring.evaluation import score_events, score_sessions
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.session_outcome import compare_session
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.types import Annotation, Event
from helpers.scored_sessions import scored_sessions

RULES = StatisticsRules(surrogates=50, draws=50)


def event(session_id, trigger_s):
    return Event(
        session_id=session_id,
        onset_s=trigger_s,
        offset_s=trigger_s + 1,
        trigger_s=trigger_s,
        label="surprise",
        peak=1.0,
    )


def annotation(session_id, onset_s, annotator=""):
    return Annotation(session_id=session_id, onset_s=onset_s, offset_s=onset_s, annotator=annotator)


def test_scores_have_what_is_needed_to_read_them():
    scores = score_sessions(scored_sessions(8, every=2), Window(), RULES)
    measured = scores.statistics.assessment.measured["f1"]
    f1 = scores["f1"]
    assert f1.value == measured.value == pytest.approx(2 / 3)
    assert f1.ci95 == (measured.interval.low, measured.interval.high)
    assert (f1.chance, f1.p) == (measured.chance.mean, measured.chance.p)
    assert (f1.n, f1.participants) == (64 + 128, 8)
    assert scores["latency_s"].chance is scores["latency_s"].p is None
    assert scores["latency_s"].ci95 == pytest.approx((2.0, 2.0))
    assert list(scores)[:3] == ["precision", "recall", "f1"]
    assert scores.numbers["event/f1.lo"] == f1.ci95[0]


def test_they_print_well():
    scores = score_sessions(scored_sessions(8, every=2), Window(), RULES)
    f1 = scores["f1"]
    shown = f"0.667 [0.667, 0.667], chance {f1.chance:.3f}, p {f1.p:.3f}, 192 items, 8 participants"
    assert repr(f1) == f"Score: {shown}"
    assert repr(scores) == f"Scores: F1 {shown}; 64 events, 128 annotations, 16 sessions"
    nothing = score_events([], [], intervals=False)
    assert repr(nothing["f1"]) == "Score: undefined, 0 items, 0 participants"


def test_frames():
    scores = score_sessions(scored_sessions(3, every=2), Window(), RULES)
    frame = scores.to_frame()
    assert frame.loc["recall", "value"] == 0.5
    assert frame.loc["recall", "low"] == scores["recall"].ci95[0]
    assert list(frame.index) == list(scores)
    sessions = scores.sessions_frame()
    assert sessions["tp"].sum() == scores["tp"].value
    assert sessions.loc["s00", "observed_s"] == 600.0
    assert score_events([], [], intervals=False).sessions_frame().empty


def test_intervals_of_another_level_are_not_called_95():
    rules = StatisticsRules(surrogates=9, draws=20, confidence=0.9)
    scores = score_sessions(scored_sessions(3, every=2), Window(), rules)
    assert scores["f1"].ci95 is None
    assert scores.statistics.assessment.measured["f1"].interval.level == 0.9


def test_sessions_are_not_mixed():
    events = (event("b", 1.0), event("a", 1.0))
    annotations = (annotation("a", 1.0), annotation("c", 1.0))
    scores = score_events(events, annotations, intervals=False)
    assert {name: outcome.counts.tp for name, outcome in scores.outcomes.items()} == {
        "a": 1,
        "b": 0,
        "c": 0,
    }
    assert (scores["tp"].value, scores["fp"].value, scores["fn"].value) == (1, 1, 1)


def test_what_was_not_observed_does_not_count():
    events = [event("a", t) for t in (5.0, 20.0, 25.0, 36.0)]
    annotations = [annotation("a", t) for t in (35.0, 5.0, 40.0)]
    observed = {"a": ((10.0, 20.0), (30.0, 40.0)), "quiet": ((0.0, 40.0),)}
    scores = score_events(events, annotations, observed=observed, intervals=False)
    outcome = compare_session(
        tuple(events),
        tuple(annotations),
        Window(),
        observed_s=20.0,
        valid_s=math.nan,
        observed=observed["a"],
    )
    counts = scores.outcomes["a"].counts
    assert (counts.tp, counts.fp, counts.fn) == (1, 1, 0)
    assert (counts.tp, counts.fp, counts.fn, counts.observed_s) == (
        outcome.counts.tp,
        outcome.counts.fp,
        outcome.counts.fn,
        20.0,
    )
    assert scores["false_alarms_per_min"].value == 1.0, "of both sessions' minute"
    unknown = score_events(events, annotations, intervals=False)
    assert math.isnan(unknown["false_alarms_per_min"].value)


def test_participants_are_the_unit_of_resampling():
    sessions = scored_sessions(4, every=2)
    events = [event for session in sessions for event in session.events]
    annotations = [each for session in sessions for each in session.annotations]
    given = {
        "observed": {session.session_id: session.observed for session in sessions},
        "participants": {session.session_id: session.participant for session in sessions},
    }
    scores = score_events(events, annotations, Window(), RULES, **given)
    again = score_sessions(sessions, Window(), RULES)
    assert scores["f1"] == again["f1"]
    assert scores["f1"].participants == 4
    del given["participants"]
    assert score_events(events, annotations, Window(), RULES, **given)["f1"].participants == 8


def test_one_of_several_annotators_is_chosen():
    events = [event("a", 2.0)]
    annotations = [annotation("a", 1.0, "ann"), annotation("a", 20.0, "bob")]
    with pytest.raises(ConfigError, match="several annotators: 'ann', 'bob'; choose one with"):
        score_events(events, annotations)
    with pytest.raises(ConfigError, match="annotator: expected one of 'ann', 'bob', got 'cem'"):
        score_events(events, annotations, annotator="cem")
    given = {"observed": {"a": ((0.0, 60.0),)}, "intervals": False}
    of_ann = score_events(events, annotations, annotator="ann", **given)
    assert of_ann["recall"].value == 1.0
    assert of_ann.statistics.annotators.pairs[0].first == "ann"
    assert score_events(events, annotations, annotator="all", **given)["recall"].value == 0.5


def test_a_criterion_may_be_any():
    scores = score_sessions(scored_sessions(2), Overlap(least_iou=0.1), RULES)
    assert scores["f1"].value == 1.0
    assert scores.statistics.no_tolerance != ""
