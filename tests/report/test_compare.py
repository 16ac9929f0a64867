"""The compare table: constant columns go, the best run is on top."""

from __future__ import annotations

import csv
import io
import math

import pytest

from ferbench.errors import ConfigError
from ferbench.report.compare import compare
from ferbench.report.shown_numbers import format_number
from ferbench.results import RunRow


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
        "these runs scored different numbers of sessions (2, 3; column 'annotated_sessions')",
    )
    assert "annotated_sessions" in table.header
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


def test_a_comparison_as_csv_and_as_a_frame_are_the_same_table():
    runs = [scored("a", 0.5), scored("b", 0.7, videos="v2"), scored("c", 0.6, state="failed")]
    comparison = compare([*runs, run("d", None)])
    header, *rows = csv.reader(io.StringIO(comparison.to_csv()))
    frame = comparison.to_frame()
    assert header == ["run_id", *frame.columns]
    assert [row[0] for row in rows] == list(frame.index) == [row.run_id for row in comparison.rows]
    best = dict(zip(header, rows[0], strict=True))
    assert (best["state"], best["data"], best["enter"]) == ("finished", "A", "b")
    assert best["event/f1"] == "0.7"
    assert dict(zip(header, rows[-1], strict=True))["event/f1"] == ""
    assert math.isnan(frame["event/f1"].iloc[-1])
    assert frame["event/f1"].iloc[0] == 0.7


def test_a_comparison_prints_its_best_run():
    comparison = compare([scored("a", 0.5), scored("b", 0.7)])
    assert repr(comparison) == "Comparison: 2 runs by event/f1, best 0.700 (b)"
    other_data = repr(compare([scored("a", 0.5), scored("b", 0.7, videos="v2")]))
    assert other_data.startswith(
        "Comparison: 2 runs by event/f1\n  warning: these runs were scored"
    )


@pytest.mark.parametrize("assessed", [0, 1, 2, 3])
def test_only_the_best_is_said_where_only_the_best_is_assessed(assessed):
    p = {"event/f1.p": 0.1}
    rows = [
        RunRow(
            run_id=f"{k:08}", name="x", params={"a": str(k)},
            metrics={"event/f1": 0.9 - k / 10} | (p if k < assessed else {}),
        )
        for k in range(3)
    ]  # fmt: skip
    assert ("for the best cell only" in str(compare(rows).best_cell())) == (0 < assessed < 3)


@pytest.mark.parametrize(
    ("num_failed", "shown"), [((0,), False), ((2,), True), ((0, 1), True), ((0, 0), False)]
)
def test_failed_sessions_are_named_so_and_shown_where_there_are_some(num_failed, shown):
    rows = [
        RunRow(
            run_id=f"{k:08}", name="x", params={"a": str(k)},
            metrics={"event/f1": 0.5, "sessions/failed": float(number)},
        )
        for k, number in enumerate(num_failed)
    ]  # fmt: skip
    header = compare(rows).header
    assert ("failed_sessions" in header) == shown
    assert "failed" not in header
    assert compare(rows, by="failed").by == compare(rows, by="failed_sessions").by
