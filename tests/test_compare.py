"""The compare table: constant columns go, the best run is on top."""

from __future__ import annotations

import pytest

from ferbench.errors import ConfigError
from ferbench.report.compare import compare, format_number
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


def test_an_unknown_metric_names_those_there_are():
    with pytest.raises(ConfigError, match="no run has a metric 'f2'; there are: event/count, event/f1"):
        compare([run("a", 0.1)], by="f2")


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
    table = compare([stopped, run("a", 0.2, enter="0.4", model="m"), run("b", 0.3, enter="0.5", model="m")])
    assert table.params == ("enter",)
    assert table.constant == {"model": "m"}
    assert table.metrics == ("event/f1",)
    assert [row.name for row in table.rows] == ["b", "a", "stopped"]
