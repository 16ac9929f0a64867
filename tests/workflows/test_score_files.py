"""Scoring in a notebook: the same as ``ferbench score``, and against its parts."""

from __future__ import annotations

import json
import math

import pytest

import ferbench as fb
from ferbench.errors import ConfigError, DatasetError
from ferbench.scoring.evaluation import score_sessions
from ferbench.scoring.matching.window import Window
from ferbench.scoring.session_outcome import compare_session
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.types import Annotation, Event
from ferbench.workflows.found_events import Events, SessionEvents
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


def searched(**events_by_session) -> Events:
    """What ``find_events`` returns of sessions of a minute."""
    return Events(
        tuple(
            SessionEvents(
                session_id=name,
                events=tuple(event(name, time_s) for time_s in times_s),
                timecodes=("",) * len(times_s),
                segments=None,
                duration_s=60.0,
                valid_s=50.0,
            )
            for name, times_s in events_by_session.items()
        )
    )


def test_sessions_are_not_mixed():
    events = (event("b", 1.0), event("a", 1.0))
    annotations = (annotation("a", 1.0), annotation("c", 1.0))
    scores = fb.score(events, annotations, unlisted="empty", intervals=False)
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
    given = {"unlisted": "empty", "intervals": False}
    scores = fb.score(events, annotations, observed=observed, **given)
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
    unknown = fb.score(events, annotations, intervals=False)
    assert math.isnan(unknown["false_alarms_per_min"].value)


def test_participants_are_the_unit_of_resampling():
    sessions = scored_sessions(4, every=2)
    events = [event for session in sessions for event in session.events]
    annotations = [each for session in sessions for each in session.annotations]
    given = {
        "observed": {session.session_id: session.observed for session in sessions},
        "participants": {session.session_id: session.participant for session in sessions},
    }
    scores = fb.score(events, annotations, criterion=Window(), statistics=RULES, **given)
    again = score_sessions(sessions, Window(), RULES)
    assert scores["f1"] == again["f1"]
    assert scores["f1"].participants == 4
    del given["participants"]
    scores = fb.score(events, annotations, criterion=Window(), statistics=RULES, **given)
    assert scores["f1"].participants == 8


def test_one_of_several_annotators_is_chosen():
    events = [event("a", 2.0)]
    annotations = [annotation("a", 1.0, "ann"), annotation("a", 20.0, "bob")]
    with pytest.raises(DatasetError, match="several people annotated: ann"):
        fb.score(events, annotations)
    with pytest.raises(DatasetError, match="'cem'"):
        fb.score(events, annotations, annotator="cem")
    given = {"observed": {"a": ((0.0, 60.0),)}, "intervals": False}
    of_ann = fb.score(events, annotations, annotator="ann", **given)
    assert of_ann["recall"].value == 1.0
    assert of_ann.statistics.annotators.pairs[0].first == "ann"
    assert fb.score(events, annotations, annotator="all", **given)["recall"].value == 0.5


ROWS = "session,onset_s,participant\np1,10,1\np2.mp4,5,2\nP3,20,3\nP3,soon,3\nP9,1,9\n"


def test_a_notebook_and_the_command_score_alike(tmp_path, ferbench):
    events = searched(P1=(10.5, 30.0), P2=(5.5,), P3=(20.5,), quiet=(1.0,))
    (tmp_path / "a.csv").write_text(ROWS)
    events.to_frame().to_csv(tmp_path / "events.csv", index=False)
    lengths = "".join(f"{name},60,50\n" for name in ("P1", "P2", "P3", "quiet"))
    (tmp_path / "events.sessions.csv").write_text(f"session,duration_s,valid_s\n{lengths}")
    ended = ferbench("score", tmp_path / "events.csv", tmp_path / "a.csv", "--json")
    assert ended.code == 1, "a row was refused"
    printed = json.loads(ended.out)
    scores = fb.score(events, fb.read_annotations(tmp_path / "a.csv"))
    ours = json.loads(json.dumps(scores.as_plain()))
    assert ours["sessions"] == printed["sessions"]
    assert set(ours["sessions"]) == {"P1", "P2"}
    assert ours["scores"] == printed["scores"]
    assert ours["statistics"] == printed["statistics"]
    assert len(scores.left_out) == len(printed["left_out"]) == 3
    assert "refused: P3" in repr(scores)
    assert "unlisted='empty'" in repr(scores)
    assert "--unlisted empty" in " ".join(printed["left_out"])


def test_sessions_without_a_row_are_scored_when_asked_for(tmp_path):
    (tmp_path / "a.csv").write_text(ROWS)
    annotations = fb.read_annotations(tmp_path / "a.csv")
    events = searched(P1=(10.5,), quiet=(1.0,))
    scores = fb.score(events, annotations, unlisted="empty", intervals=False)
    assert scores.outcomes["quiet"].counts.fp == 1
    assert "quiet" not in fb.score(events, annotations, intervals=False).outcomes


@pytest.mark.parametrize(
    "stretches",
    [((3, 1),), ((0, math.nan),), ((0, 2), (1, 3)), (0, 3), 3.0, "all", ((0, math.inf),), ()],
)
def test_stretches_that_are_none_are_refused(stretches):
    events, annotations = [event("a", 1.0)], [annotation("a", 1.0)]
    with pytest.raises(ConfigError, match="observed: expected pairs of seconds"):
        fb.score(events, annotations, observed={"a": stretches})


@pytest.mark.parametrize(
    ("events", "annotations", "given", "key"),
    [
        ("events.csv", [annotation("a", 1.0)], {}, "events"),
        ([annotation("a", 1.0)], [event("a", 1.0)], {}, "events"),
        ([event("a", 1.0)], "a.csv", {}, "annotations"),
        (None, [annotation("a", 1.0)], {}, "events"),
        ([event("a", 1.0)], [annotation("a", 1.0)], {"participants": {"b": "1"}}, "participants"),
        ([event("a", 1.0)], [annotation("a", 1.0)], {"unlisted": "skip"}, "unlisted"),
        (searched(a=(1.0,)), [annotation("a", 1.0)], {"observed": {"b": ((0, 1),)}}, "observed"),
        ([event("a", 1.0)], [annotation("a", 1.0)], {"criterion": Window}, "scoring"),
        ([event("a", 1.0)], [annotation("a", 1.0)], {"criterion": RULES}, "scoring"),
        ([event("a", 1.0)], [annotation("a", 1.0)], {"statistics": Window()}, "statistics"),
    ],
)
def test_what_cannot_be_scored_is_named(events, annotations, given, key):
    with pytest.raises(ConfigError) as caught:
        fb.score(events, annotations, **given)
    assert caught.value.key == key


def test_two_videos_of_one_name_are_not_one_session(clip, home):
    analysis = fb.predict(clip)
    with pytest.raises(ConfigError, match="smile is there more than once"):
        fb.find_events([analysis, analysis])
    other = fb.predict(clip, session="other")
    assert [session.session_id for session in fb.find_events([analysis, other]).sessions] == [
        "smile",
        "other",
    ]


@pytest.mark.parametrize(
    ("criterion", "fields", "names"),
    [
        ("window", {"pre_s": 1.0, "frame_tolerance": 2}, ["pre_s", "frame_tolerance"]),
        ("window", {"tolerances_s": (1.0,), "frame_tolerance": 1}, []),
        ("overlap", {"tolerances_s": (1.0,), "pre_s": 1.0}, ["tolerances_s"]),
        ("errhri", {"tolerances_s": (1.0,), "frame_tolerance": 2}, ["tolerances_s"]),
        ("errhri", {"frame_rate_hz": 0.0, "frame_tolerance": 2}, ["frame_tolerance"]),
    ],
)
def test_statistics_that_were_set_for_nothing_are_named(criterion, fields, names):
    made = StatisticsRules(surrogates=20, draws=20, **fields)
    given = searched(a=[1.0, 8.0]), [annotation("a", 1.0)]
    told = fb.score(*given, criterion=criterion, statistics=made, intervals=False).notes
    unused = [str(note) for note in told if note.startswith("not used: ")]
    assert len(unused) == bool(names)
    for name in names:
        assert f"statistics={{'{name}'" in unused[0] or f"statistics.{name}" in unused[0]
    for name in set(fields) - set(names):
        assert name not in "".join(unused)
