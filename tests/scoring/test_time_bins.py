"""Scores over the time of a session."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ferbench.errors import ConfigError
from ferbench.report.people_text import bin_titles, time_lines
from ferbench.scoring.curves.time_bins import time_bins
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import false_alarms_per_min, recall
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.intervals import resampled
from ferbench.types import Annotation, Event


def session(name, onsets_s, events_s, observed=((0.0, 120.0),)):
    return ScoredSession(
        session_id=name,
        participant=name,
        events=tuple(
            Event(session_id=name, onset_s=t, offset_s=t, trigger_s=t, label="surprise", peak=1.0)
            for t in events_s
        ),
        annotations=tuple(Annotation(session_id=name, onset_s=t, offset_s=t) for t in onsets_s),
        observed=observed,
    )


def bins_of(sessions, *, intervals=False, **rules):
    return time_bins(sessions, Window(), StatisticsRules(draws=40, **rules), intervals=intervals)


def test_a_match_lies_where_its_annotation_is_and_an_alarm_where_it_is_itself():
    """Halves of a minute; 62 matches 59, which lies in the first half; 119 is the last moment."""
    both = [
        session("a", [10, 59, 70], [12, 62, 100]),
        session("b", [119], [], observed=((0.0, 30.0), (90.0, 120.0))),
    ]
    found = bins_of(both, time_bins=2)
    assert found.edges.tolist() == [0, 0.5, 1]
    assert found.tally.tp.tolist() == [[2, 0], [0, 0]]
    assert found.tally.fp.tolist() == [[0, 1], [0, 0]]
    assert found.tally.fn.tolist() == [[0, 1], [0, 1]]
    assert found.tally.observed_s.tolist() == [[60, 60], [30, 30]]
    assert recall(found.pooled).tolist() == [1, 0]
    assert false_alarms_per_min(found.pooled).tolist() == [0, pytest.approx(1 / 1.5)]
    assert found.sessions.tolist() == [2, 2]
    [line] = time_lines(found)
    assert line.endswith("0-50 % 1.000 (n=2), 0.00; 50-100 % 0.000 (n=2), 0.67")


def test_bins_of_seconds_are_of_the_sessions_own_clock():
    sessions = [session("a", [5, 95], [], observed=((0.0, 100.0),)), session("b", [130], [131])]
    sessions[1] = replace(sessions[1], observed=((60.0, 150.0),))
    found = bins_of(sessions, time_bin_s=50.0)
    assert found.edges.tolist() == [0, 50, 100, 150]
    assert found.pooled.observed_s.tolist() == [50, 90, 50]
    assert found.sessions.tolist() == [1, 2, 1]
    assert (found.pooled.tp + found.pooled.fn).tolist() == [1, 1, 1]
    assert bin_titles(found) == ["0-50 s", "50-100 s", "100-150 s"]
    # No bin for the rounding of a length.
    assert len(bins_of(sessions, time_bin_s=150 / 7).edges) == 8


def test_what_is_annotated_at_the_end_is_in_the_last_bin():
    found = bins_of([session("a", [120], [120])], time_bins=3)
    assert found.pooled.tp.tolist() == [0, 0, 1]


def test_intervals_draw_participants():
    sessions = [session("a", [10], [11]), session("b", [10, 20], [11]), session("c", [15], [])]
    asked = {"intervals": True, "method": "percentile"}
    found = bins_of(sessions, **asked)
    weights = resampled(3, draws=40, seed=2)
    drawn = (weights @ [1, 1, 0]) / (weights @ [1, 2, 1])
    first = found.intervals["recall"][0]
    assert (first.low, first.high) == pytest.approx(tuple(np.quantile(drawn, (0.025, 0.975))))
    assert math.isnan(found.intervals["recall"][1].low)
    assert found.intervals["false_alarms_per_min"][1].high == 0
    one = bins_of([session("a", [10], [11]), session("b", [], []), session("c", [], [9])], **asked)
    assert one.intervals["recall"][0].clusters == 1
    assert math.isnan(one.intervals["recall"][0].low)
    assert one.intervals["false_alarms_per_min"][0].clusters == 3


def test_unknown_times_are_left_out():
    known = session("a", [10], [11])
    unknown = replace(known, session_id="b", participant="b", observed=())
    assert bins_of([known, unknown]).left_out == 1
    assert bins_of([unknown]) is None
    assert time_lines(None) == []


def test_many_bins_are_told_by_the_first_and_the_last():
    [line] = time_lines(bins_of([session("a", [10, 110], [11])], time_bins=10))
    assert "0-10 % 1.000 (n=1)" in line
    assert "90-100 % 0.000 (n=1)" in line
    assert "40-50 %" not in line


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"time_bins": 0}, "time_bins: expected at least 1 part"),
        ({"time_bin_s": 0.0}, "time_bin_s"),
        ({"time_bin_s": math.inf}, "time_bin_s"),
        ({"alpha": 0.0}, "alpha"),
    ],
)
def test_rules_that_cannot_be_used(fields, message):
    with pytest.raises(ConfigError, match=message):
        StatisticsRules(**fields)
