"""Time in alarm against annotations placed by force, and bounds for time without a face."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.report.statistics_files import write_statistics
from ferbench.report.statistics_text import summary
from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.no_face import no_face_bounds
from ferbench.scoring.numbers import numbers
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_outcome import compare_session
from ferbench.scoring.statistics import statistics
from ferbench.scoring.statistics_rules import Extent, StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.time_in_alarm import in_alarm, time_in_alarm
from ferbench.timespans import included, total_s
from ferbench.types import Annotation, Event
from helpers.scored_sessions import scored_sessions, tally_of

WINDOW = Window(pre_s=0.5, post_s=5.0)
EXTENT = Extent(0.5, 5.0)
RULES = StatisticsRules(draws=100, surrogates=20)


def session_of(events_s, onsets_s, observed=((0.0, 60.0),), *, name="s", visible=None):
    events = tuple(
        Event(session_id=name, onset_s=t, offset_s=t + 1, trigger_s=t, label="surprise", peak=1.0)
        for t in sorted(events_s)
    )
    marks = tuple(Annotation(session_id=name, onset_s=t, offset_s=t) for t in sorted(onsets_s))
    return ScoredSession(
        session_id=name,
        participant=name,
        events=events,
        annotations=marks,
        observed=observed,
        visible=visible,
    )


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 240).map(lambda quarters: quarters / 4), max_size=8),
    st.sampled_from([((0.0, 60.0),), ((2.0, 20.0), (31.0, 50.5))]),
)
def test_an_annotation_anywhere_is_found_in_time_in_alarm_and_only_there(events_s, observed):
    """One in the middle of every quarter of a second of the observed time, one at a time."""
    events_s = [at for at in events_s if included(observed, np.array([at]))[0]]
    session = session_of(events_s, [], observed)
    places = np.arange(0, 60, 0.25) + 0.125
    places = places[included(observed, places)]
    found = [
        compare_session(
            session.events,
            session_of([], [at]).annotations,
            WINDOW,
            observed_s=60.0,
            valid_s=60.0,
            observed=observed,
        ).counts.tp
        for at in places
    ]
    alarm = in_alarm(session, WINDOW.onset_window, "trigger")
    assert included(alarm, places).tolist() == [bool(hit) for hit in found]
    assert total_s(alarm) == pytest.approx(0.25 * sum(found))


def test_annotations_at_random_times_have_no_improvement():
    """Twenty sessions with few annotations and many events, drawn 200 times."""
    rng = np.random.default_rng(0)
    improvements, shares = [], []
    for _ in range(200):
        sessions = [
            session_of(
                rng.uniform(0, 600, 20), rng.uniform(0, 600, 1), ((0.0, 600.0),), name=f"{k}"
            )
            for k in range(20)
        ]
        tally = in_order(sessions)
        found = time_in_alarm(sessions, WINDOW, tally)
        improvements.append(found.improvement(found.everybody)[0])
        shares.append(found.share(found.everybody)[0])
    error = np.std(improvements) / math.sqrt(len(improvements))
    assert abs(np.mean(improvements)) < 3 * error
    assert np.mean(shares) == pytest.approx(1 - math.exp(-20 * 5.5 / 600), abs=0.01)


def in_order(sessions):
    return tally_of(sorted(sessions, key=lambda each: each.session_id), WINDOW)


def test_several_annotations_around_one_event_only_make_it_smaller():
    rng = np.random.default_rng(1)
    improvements = []
    for _ in range(300):
        session = session_of(rng.uniform(0, 60, 2), rng.uniform(0, 60, 8))
        found = time_in_alarm([session], WINDOW, in_order([session]))
        improvements.append(found.improvement(found.everybody)[0])
    assert np.mean(improvements) < 0


def test_chance_is_that_of_the_annotations_own_session():
    """Firing all the time only in the session with annotations is no improvement."""
    busy = session_of(np.arange(0, 61, 2.0), [10, 20, 30], name="a")
    idle = session_of([], [], name="b")
    found = time_in_alarm([busy, idle], WINDOW, in_order([busy, idle]))
    assert found.share(found.everybody)[0] == pytest.approx(0.5, abs=0.02)
    assert found.improvement(found.everybody)[0] == pytest.approx(0.0, abs=0.02)
    each = found.share(found.each)
    assert each[1] == 0.0
    assert math.isnan(found.improvement(found.each)[1])


def test_unknown_times_and_other_criteria_have_none():
    unplaced = session_of([10.0], [9.0], ())
    found = time_in_alarm([unplaced], WINDOW, in_order([unplaced]))
    assert math.isnan(found.share(found.everybody)[0])
    assert math.isnan(found.improvement(found.everybody)[0])
    assert time_in_alarm([unplaced], AnyOverlap(), in_order([unplaced])) is None
    nobody = time_in_alarm([], WINDOW, Tally.of([]))
    assert math.isnan(nobody.share(nobody.everybody)[0])


def hidden(sessions):
    """The last two minutes of each session without a face, and no events in it."""
    return [
        replace(
            each,
            events=tuple(event for event in each.events if event.trigger_s < 480),
            visible=((0.0, 480.0),),
        )
        for each in sessions
    ]


def test_bounds_are_the_scores_of_changed_sessions():
    """Excluded: as if those annotations and that time did not count; best: as if found."""
    sessions = hidden(scored_sessions(4, every=2))
    bounds = no_face_bounds(sessions, WINDOW, EXTENT)
    without = [
        replace(
            each,
            annotations=tuple(mark for mark in each.annotations if mark.onset_s <= 480.5),
            observed=((0.0, 480.0),),
        )
        for each in sessions
    ]
    found_too = []
    for each in sessions:
        late = [mark.onset_s for mark in each.annotations if mark.onset_s > 480.5]
        more = session_of([at + 1 for at in late], []).events
        found_too.append(replace(each, events=tuple(sorted([*each.events, *more]))))
    cases = zip((sessions, without, found_too), range(3), strict=True)
    for changed, case in cases:
        tally = tally_of(changed, WINDOW)
        assert bounds.tally.tp[case] == tally.tp.sum()
        assert bounds.tally.fp[case] == tally.fp.sum()
        assert bounds.tally.fn[case] == tally.fn.sum()
        assert bounds.tally.observed_s[case] == tally.observed_s.sum()
    assert bounds.unseen == 5


def test_bounds_need_to_know_when_there_was_a_face():
    known = hidden(scored_sessions(2))
    assert no_face_bounds(known, WINDOW, EXTENT) is not None
    assert no_face_bounds([*known[1:], replace(known[0], visible=None)], WINDOW, EXTENT) is None
    assert no_face_bounds([], WINDOW, EXTENT) is None


def test_a_moment_with_a_face_or_a_match_is_no_time_without_one():
    seen = session_of([], [20.0], visible=((24.5, 25.5),))
    matched = session_of([21.0], [20.0], visible=((30.0, 40.0),))
    bounds = no_face_bounds([seen, matched], WINDOW, EXTENT)
    assert bounds.unseen == 0
    assert bounds.tally.fn.tolist() == [1, 1, 1]


def test_numbers_tables_and_sentences(tmp_path):
    sessions = hidden(scored_sessions(4, every=2))
    found = statistics(sessions, WINDOW, RULES, annotators={})
    logged = numbers(found)
    counts = found.no_face.tally
    assert logged["event/unseen"] == found.no_face.unseen
    without = counts.tp[1] / (counts.tp[1] + counts.fn[1])
    assert logged["event/recall_without_unseen"] == pytest.approx(without)
    best = 2 * counts.tp[2] / (2 * counts.tp[2] + counts.fp[2] + counts.fn[2])
    assert logged["event/f1_if_unseen_found"] == pytest.approx(best)
    share = logged["event/time_in_alarm"]
    assert logged["event/time_in_alarm.lo"] <= share <= logged["event/time_in_alarm.hi"]
    value = found.assessment.measured["recall"].value
    assert logged["event/improvement_over_chance"] == pytest.approx(value - share, abs=0.02)
    lines = summary(found, WINDOW, RULES)
    assert any(line.startswith(f"in alarm {share:.1%} of the observed time") for line in lines)
    [line] = [line for line in lines if line.startswith("no face in the whole window of ")]
    assert f"recall {value:.3f} as missed, {without:.3f} without them, " in line
    assert f"{best:.3f} if found" in line
    write_statistics(found, tmp_path, WINDOW, RULES, pictures=None)
    rows = table(tmp_path / "time_in_alarm.csv")
    assert [row["participant"] for row in rows] == [*found.in_alarm.participants, "all"]
    assert float(rows[-1]["time_in_alarm"]) == pytest.approx(share)
    assert float(rows[-1]["improvement_over_chance"]) == pytest.approx(
        float(rows[-1]["recall"]) - float(rows[-1]["recall_at_random_times"])
    )
    rows = table(tmp_path / "no_face.csv")
    assert [row["no_face_counts_as"] for row in rows] == ["missed", "excluded", "best"]
    assert float(rows[1]["recall"]) == pytest.approx(without)
    assert float(rows[2]["f1"]) == pytest.approx(best)


def test_nothing_is_said_where_there_always_was_a_face():
    found = statistics(scored_sessions(3), WINDOW, RULES, annotators={})
    assert found.no_face.unseen == 0
    assert not any("no face" in line for line in summary(found, WINDOW, RULES))


def table(path):
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
