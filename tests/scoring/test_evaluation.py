"""Events against annotations in one call, against its parts."""

from __future__ import annotations

import pytest

from ferbench.scoring.evaluation import score_sessions
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.statistics_rules import StatisticsRules
from helpers.scored_sessions import scored_sessions

RULES = StatisticsRules(surrogates=50, draws=50)


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
    nothing = score_sessions([], intervals=False)
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
    assert score_sessions([], intervals=False).sessions_frame().empty


def test_intervals_of_another_level_are_not_called_95():
    rules = StatisticsRules(surrogates=9, draws=20, confidence=0.9)
    scores = score_sessions(scored_sessions(3, every=2), Window(), rules)
    assert scores["f1"].ci95 is None
    assert scores.statistics.assessment.measured["f1"].interval.level == 0.9


def test_a_criterion_may_be_any():
    scores = score_sessions(scored_sessions(2), Overlap(least_iou=0.1), RULES)
    assert scores["f1"].value == 1.0
    assert scores.statistics.no_tolerance != ""
