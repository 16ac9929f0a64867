"""The compare table: constant columns go, the best run is on top."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from ferbench.app.run_screen import failure, one_line, summary, totals
from ferbench.app.tables import rows_table
from ferbench.errors import ConfigError
from ferbench.report.compare import compare
from ferbench.report.shown_numbers import format_number, shown_numbers
from ferbench.results import Failure, Report, RunRow, SessionResult, Work
from ferbench.types import Counts, Score, Session


def run(name, f1, **params):
    metrics = {"event/count": 3.0} | ({} if f1 is None else {"event/f1": f1})
    return RunRow(run_id=f"{name}0123456789", name=name, params=params, metrics=metrics)


def test_rows_are_sorted_and_constant_columns_dropped():
    table = compare(
        [
            run("a", 0.2, enter="0.4", model="m"),
            run("b", None, enter="0.5", model="m"),
            run("c", 0.9, enter="0.6", model="m"),
        ]
    )
    assert [row.name for row in table.rows] == ["c", "a", "b"]
    assert table.params == ("enter",)
    assert table.constant == {"model": "m"}
    assert table.metrics == ("event/f1",)  # the number of events is the same everywhere
    assert table.cells(table.rows[2]) == ["b0123456", "0.5", ""]


def test_fields_that_follow_from_the_shown_choice_are_dropped():
    a = RunRow(
        run_id="a",
        name="a",
        params={"event": "w", "event.enter": "0.5", "event.run_s": "0.2"},
        metrics={"event/f1": 1.0},
    )
    b = RunRow(
        run_id="b",
        name="b",
        params={"event": "h", "event.enter": "0.5", "event.exit": "0.3"},
        metrics={"event/f1": 0.0},
    )
    c = RunRow(
        run_id="c",
        name="c",
        params={"event": "h", "event.enter": "0.7", "event.exit": "0.3"},
        metrics={"event/f1": 0.0},
    )
    assert compare([a, b]).params == ("event",)
    assert compare([a, b, c]).params == ("event", "event.enter")


def test_smaller_is_better_for_some():
    low = RunRow(run_id="l", name="low", params={}, metrics={"event/latency_s": 0.1})
    high = RunRow(run_id="h", name="high", params={}, metrics={"event/latency_s": 2.0})
    assert [r.name for r in compare([high, low], by="event/latency_s").rows] == ["low", "high"]


def test_a_metric_may_be_named_without_its_family():
    runs = [run("a", 0.1), run("b", 0.3)]
    assert compare(runs, by="f1").by == compare(runs, by="event/f1").by == "event/f1"
    assert compare(runs, by="count").by == "event/count"
    both = RunRow(
        run_id="c",
        name="c",
        params={},
        metrics={"event/f1": 1.0, "segment/f1": 2.0, "frame/f1": 3.0},
    )
    assert compare([both], by="f1").by == "event/f1"
    assert compare([both], by="segment/f1").header[-2:] == ["segment/f1", "event/f1"]
    unclear = RunRow(
        run_id="c", name="c", params={}, metrics={"segment/recall": 2.0, "frame/recall": 3.0}
    )
    with pytest.raises(
        ConfigError, match="several metrics are called 'recall': frame/recall, segment/recall"
    ):
        compare([unclear], by="recall")


def test_an_unknown_metric_is_answered_with_the_nearest():
    metrics = {f"event/{name}": 1.0 for name in ("f1", "recall", "precision")} | {
        "speed/decode_fps": 2.0
    }
    row = RunRow(run_id="a", name="a", params={}, metrics=metrics)
    with pytest.raises(ConfigError, match=r"no run has a metric 'recal'; nearest: event/recall;"):
        compare([row], by="recal")
    with pytest.raises(
        ConfigError, match=r"no run has a metric 'speed/decod_fps'; nearest: speed/decode_fps;"
    ):
        compare([row], by="speed/decod_fps")
    with pytest.raises(
        ConfigError, match=r"'zzz'; nearest: event/f1, event/precision, event/recall;"
    ):
        compare([row], by="zzz")


def test_without_any_score_no_run_is_better():
    more = RunRow(run_id="b", name="b", params={}, metrics={"event/count": 9.0})
    table = compare([more, run("a", None)])
    assert table.by == ""
    assert [row.name for row in table.rows] == ["a", "b"]
    assert table.metrics == ("event/count",)


def test_numbers():
    assert format_number(0.5) == "0.500"
    assert format_number(120.0, whole=True) == "120"
    assert format_number(float("nan")) == ""


def test_an_interrupted_run_adds_no_columns():
    stopped = RunRow(run_id="s", name="stopped", params={}, metrics={})
    table = compare(
        [stopped, run("a", 0.2, enter="0.4", model="m"), run("b", 0.3, enter="0.5", model="m")]
    )
    assert table.params == ("enter",)
    assert table.constant == {"model": "m"}
    assert table.metrics == ("event/f1",)
    assert [row.name for row in table.rows] == ["b", "a", "stopped"]


def scored(name, f1, *, videos="v1", marks="m1", annotated=3.0, state="finished", **params):
    tags = {"ferbench.videos_sha": videos, "ferbench.annotations_sha": marks}
    metrics = {"event/f1": f1, "sessions/annotated": annotated}
    return RunRow(
        run_id=f"{name}0123456789",
        name=name,
        params={"enter": name, **params},
        metrics=metrics,
        tags=tags,
        state=state,
    )


def test_runs_on_the_same_data_have_a_best_one():
    table = compare([scored("a", 0.5), scored("b", 0.7)])
    assert (table.data, table.states, table.warnings) == ({}, {}, ())
    assert table.best.name == "b"


@pytest.mark.parametrize(
    ("other", "kinds"),
    [
        ({"videos": "v2"}, "videos differ"),
        ({"marks": "m2"}, "annotations differ"),
        ({"videos": "v2", "marks": "m2"}, "videos and annotations differ"),
    ],
)
def test_runs_on_different_data_are_told_apart(other, kinds):
    table = compare([scored("a", 0.5), scored("b", 0.7, **other), scored("c", 0.6)])
    assert table.header[:2] == ["run", "data"]
    assert [(row.name, table.data[row.run_id]) for row in table.rows] == [
        ("b", "A"),
        ("c", "B"),
        ("a", "B"),
    ]
    assert len(table.warnings) == 1
    assert f"scored on different data ({kinds}" in table.warnings[0]
    assert table.best is None


def test_runs_that_scored_other_sessions_are_told_apart():
    table = compare([scored("a", 0.5), scored("b", 0.7, annotated=2.0)])
    assert table.warnings == (
        "these runs scored different numbers of sessions (2, 3; column 'annotated')",
    )
    assert "annotated" in table.header
    assert table.best is None


def test_nothing_is_best_with_a_score_of_zero_or_none():
    assert compare([scored("a", 0.0), scored("b", 0.0)]).best is None
    assert compare([run("a", None), run("b", None)]).best is None
    lags = [
        RunRow(run_id=n, name=n, params={}, metrics={"event/latency_s": v})
        for n, v in (("a", 0.0), ("b", 1.0))
    ]
    assert compare(lags, by="latency_s").best.name == "a", "no lag is the best lag"


def test_states_are_shown_where_they_differ():
    table = compare(
        [
            scored("a", 0.5),
            scored("b", 0.6, state="failed"),
            RunRow(run_id="c", name="c", params={}, metrics={}, state="failed"),
            RunRow(run_id="d", name="d", params={}, metrics={}, state="running"),
        ]
    )
    assert table.header[:2] == ["run", "state"]
    assert [table.cells(row)[1] for row in table.rows] == [
        "partly",
        "finished",
        "failed",
        "running",
    ]


# on the screen
# ------------------------------------------------------------------------------------------------------


def drawn(table, width):
    """The lines of a table on a screen of this width."""
    text = io.StringIO()
    Console(file=text, width=width, highlight=False).print(table)
    return text.getvalue().rstrip("\n").splitlines()


def mixed(count):
    """A comparison of runs that differ in everything."""
    return compare(
        [
            RunRow(
                run_id=f"{k:08x}" + "0" * 24,
                name=f"run {k}",
                params={
                    f"plug{p}.some_long_field_{p}": "value" * (p % 4 + 1) + str(k)
                    for p in range(30)
                }
                | {"detector": f"d{k}"},
                metrics=dict.fromkeys(shown_numbers(), k / 10 + 0.001),
            )
            for k in range(count)
        ]
    )


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 200, 1000, 5000])
def test_a_table_fits_its_screen_and_never_breaks_a_word(width):
    table = mixed(5)
    rows = [table.cells(row) for row in table.rows]
    title = "a title that is longer than thirty characters"
    shown = rows_table(
        title, table.header, rows, importance=table.importance, elsewhere="elsewhere"
    )
    lines = drawn(shown, width)
    top = next(k for k, line in enumerate(lines) if line.startswith("run "))
    assert " ".join(line.strip() for line in lines[:top]) == title
    body, lines = lines[top : top + 6], lines[top - 1 :]
    assert [line.split()[0] for line in body] == ["run", *(row.run_id[:8] for row in table.rows)]
    assert all(len(line.rstrip()) <= width for line in body)
    header = body[0].split()
    assert header[0] == "run"
    assert "f1" in header
    assert set(header) <= set(table.header)
    note = " ".join(" ".join(lines[7:]).split())
    rest = [name for name in table.importance if name not in header]
    assert note == (
        f"no room for {', '.join(rest[:6])} and {len(rest) - 6} more columns; elsewhere"
        if rest
        else ""
    )
    if width >= 80:
        assert "detector" in header
    assert (rest == []) == (width >= 1000)


def test_numbers_are_right_aligned_and_long_names_shortened_in_the_middle():
    rows = [["a" * 50 + "_left", "1.5"], ["b", "-"], ["c", "10.25"]]
    lines = drawn(rows_table("t", ["session", "video s"], rows), 40)
    assert "…" in lines[2]
    assert lines[2].split()[0].endswith("_left")
    assert {line.rstrip()[-1] for line in lines[2:]} == {"5", "-"}
    assert len({len(line.rstrip()) for line in lines[1:]}) == 1
    assert "a" * 50 + "_left" in drawn(rows_table("t", ["session", "video s"], rows), 80)[2]


def test_a_text_of_a_user_is_no_markup():
    assert "[red]x[/red]" in drawn(rows_table("[b]", ["a"], [["[red]x[/red]"]]), 80)[2]


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
    lines = drawn(summary(report), 80)
    assert lines[2].split() == ["a", "0.0", "50%", "0", "1", "0", "1", "0.667"]
    assert "not annotated" in lines[3]
    assert "not scored" in lines[4]
    assert lines[5].split() == ["cut", "FAILED"]
    assert (
        "F1"
        not in drawn(summary(replace(report, sessions=report.sessions[1:2], failures=())), 80)[1]
    )
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
    assert failure(Failure(session_id="cut", file=Path("v/cut.mp4"), reason=reason)) == line
