"""What a run came to, as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ferbench.report.run_text import failure_line, one_line, sessions_table, totals
from ferbench.results import Failure, Report, SessionResult, Work
from ferbench.types import Counts, Event, Score, Session


def session(name, *, counts=None, unscored=""):
    return SessionResult(
        session=Session(session_id=name, parts=(), unscored=unscored),
        parts=(),
        events=(),
        scored_events=(),
        scored_annotations=(),
        matches=(),
        latencies_s=(),
        counts=counts,
        observed_s=2.0,
        valid_s=1.0,
        quality={},
    )


def test_a_summary_says_what_the_scores_rest_on():
    counts = Counts(tp=1, fp=0, fn=1, n_ref=2, observed_s=2.0, valid_s=1.0)
    failed = Failure(session_id="cut", file=Path("v/cut.mp4"), reason="cut.mp4: no index")
    report = Report(
        sessions=(session("a", counts=counts), session("b"), session("c", unscored="line 3")),
        scores=(Score(name="event/f1", value=2 / 3, n=2, higher_is_better=True),),
        counts=(),
        failures=(failed,),
        notices=(),
        work=Work(),
        wall_s=1.0,
    )
    assert (
        totals(report, {}).splitlines()[0]
        == "1 of 4 sessions scored (1 failed, 1 not annotated, 1 not scored): f1 0.667"
    )
    assert repr(report) == "Report: 3 sessions, 0 events, 1 failure"
    whole = replace(report, sessions=report.sessions[:1], failures=())
    assert repr(whole) == "Report: 1 session, 0 events"
    assert totals(whole, {}).splitlines()[0] == "all sessions: f1 0.667"
    rows = sessions_table(report).rows
    assert rows[0] == ("a", "0.0", "50%", "0", "1", "0", "1", "0.667")
    assert "not annotated" in rows[1]
    assert "not scored" in rows[2]
    assert rows[3] == ("cut", "FAILED", *[""] * 6)
    ignoring = session("d", counts=replace(counts, ignored=3))
    several = sessions_table(replace(report, sessions=(*report.sessions, ignoring)))
    assert several.header[4:] == ("matched", "false", "ignored", "missed", "F1")
    assert several.rows[3][4:] == ("1", "0", "3", "1", "0.667")
    assert {len(row) for row in several.rows} == {9}
    unscored = replace(report, sessions=report.sessions[1:2], failures=())
    assert "F1" not in sessions_table(unscored).header
    assert one_line(report, {"event/f1": 0.5, "event/count": 1.0}).startswith("F1 0.500, 1 event, ")


def test_a_report_has_a_row_per_session():
    counts = Counts(tp=1, fp=2, fn=3, n_ref=4, observed_s=2.0, valid_s=1.0)
    event = Event(
        session_id="a", onset_s=0.0, offset_s=1.0, trigger_s=0.5, label="happiness", peak=1.0
    )
    sessions = (replace(session("a", counts=counts), events=(event, event)), session("b"))
    report = Report(
        sessions=sessions,
        scores=(),
        counts=(),
        failures=(),
        notices=(),
        work=Work(),
        wall_s=1.0,
    )
    assert repr(report) == "Report: 2 sessions, 2 events"
    frame = report.to_frame()
    assert frame.index.name == "session"
    assert frame.loc["a"].to_dict() == {
        "video_s": 0.0,
        "observed_s": 2.0,
        "valid_s": 1.0,
        "events": 2,
        "tp": 1,
        "fp": 2,
        "fn": 3,
    }
    assert frame.loc["b", ["tp", "fp", "fn"]].isna().all(), "not annotated is not 0"
    nothing = replace(report, sessions=()).to_frame()
    assert (nothing.columns.tolist(), len(nothing)) == (frame.columns.tolist(), 0)
    assert nothing.dtypes.equals(frame.dtypes)


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("cut.mp4: no index", "cut (cut.mp4): no index"),
        ("no index", "cut (cut.mp4): no index"),
        ("decoding cut.mp4 failed", "cut: decoding cut.mp4 failed"),
    ],
)
def test_a_failure_names_its_file_once(reason, line):
    failed = Failure(session_id="cut", file=Path("v/cut.mp4"), reason=reason)
    assert failure_line(failed) == line
