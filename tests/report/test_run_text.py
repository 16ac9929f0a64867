"""What a run came to, as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ferbench.report.run_text import failure_line, one_line, sessions_table, totals
from ferbench.results import Failure, Report, SessionResult, Work
from ferbench.types import Counts, Score, Session


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
    whole = replace(report, sessions=report.sessions[:1], failures=())
    assert totals(whole, {}).splitlines()[0] == "all sessions: f1 0.667"
    rows = sessions_table(report).rows
    assert rows[0] == ("a", "0.0", "50%", "0", "1", "0", "1", "0.667")
    assert "not annotated" in rows[1]
    assert "not scored" in rows[2]
    assert rows[3] == ("cut", "FAILED", *[""] * 6)
    unscored = replace(report, sessions=report.sessions[1:2], failures=())
    assert "F1" not in sessions_table(unscored).header
    assert one_line(report, {"event/f1": 0.5, "event/count": 1.0}).startswith("F1 0.500, 1 event, ")


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
