"""A metric that is one entry in the table is everywhere."""

from __future__ import annotations

import base64
import csv
import json
import math
import shutil
import zlib

import numpy as np
import pytest

from ferbench.report.compare import compare
from ferbench.report.statistics_text import summary
from ferbench.results import RunRow
from ferbench.scoring.evaluation import score_sessions
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metric import CountMetric, LagMetric
from ferbench.scoring.metrics import (
    METRICS,
    count_formulas,
    headline_values,
    metrics_table,
)
from ferbench.scoring.numbers import numbers
from ferbench.scoring.ratios import ratios
from ferbench.scoring.session_outcome import scores_of
from ferbench.scoring.statistics import statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.paired_runs import paired
from ferbench.tracking.view import view_tag
from ferbench.types import Counts, CountsRow
from helpers.scored_sessions import scored_sessions

RULES = StatisticsRules(surrogates=20, draws=20)
ONE = Counts(tp=3, fp=1, fn=5, n_ref=8, observed_s=600.0, valid_s=600.0)


@pytest.fixture(autouse=True)
def _two_more_metrics(monkeypatch):
    f05 = CountMetric(
        name="f05",
        title="F0.5",
        meaning="1.25 tp / (1.25 tp + 0.25 fn + fp)",
        formula=lambda tally: ratios(1.25 * tally.tp, 1.25 * tally.tp + 0.25 * tally.fn + tally.fp),
        higher_is_better=True,
        rests_on="events and annotations",
        against_chance=True,
    )
    spread = LagMetric(
        name="lag_range_s",
        title="range of latencies, s",
        meaning="largest - smallest of the matches' lags",
        formula=_range,
        higher_is_better=False,
        rests_on="matches",
        decimals=1,
        unit="s",
    )
    monkeypatch.setitem(METRICS, f05.name, f05)
    monkeypatch.setitem(METRICS, spread.name, spread)


def _range(ordered, weights):
    """Of those that are taken at all."""
    taken = np.where(weights > 0, ordered, np.nan)
    return np.array(
        [np.ptp(row[~np.isnan(row)]) if (row == row).any() else math.nan for row in taken]
    )


def test_scores():
    scores = {score.name: score for score in scores_of([(ONE, (1.0, 4.0, 2.0))], params={})}
    assert scores["event/f05"].value == pytest.approx(3.75 / (3.75 + 1.25 + 1))
    assert (scores["event/f05"].n, scores["event/f05"].higher_is_better) == (12, True)
    assert (scores["event/lag_range_s"].value, scores["event/lag_range_s"].n) == (3.0, 3)
    assert headline_values(ONE, ())["f05"] == scores["event/f05"].value


def test_numbers_and_the_summary():
    sessions = scored_sessions(4, every=2)
    found = statistics(sessions, Window(), RULES, annotators={})
    logged = numbers(found)
    ends = ("lo", "hi", "chance", "p", "z", "times_chance", "random")
    assert {f"event/f05.{end}" for end in ends} <= logged.keys()
    assert logged["event/f05.lo"] <= 5 / 6 <= logged["event/f05.hi"] + 1e-9
    assert {"event/lag_range_s.lo", "event/lag_range_s.hi"} <= logged.keys()
    assert "event/lag_range_s.p" not in logged, "a null detector has other matches"
    lines = summary(found, Window(), RULES)
    (line,) = (line for line in lines if line.startswith("F0.5 0.833 ["))
    assert "; chance 0." in line
    assert "range of latencies, s 0.0 [0.0, 0.0]" in lines


def test_the_result_of_the_library():
    scores = score_sessions(scored_sessions(4, every=2), Window(), RULES)
    assert scores["f05"].value == pytest.approx(5 / 6)
    assert scores["f05"].ci95 is not None
    assert scores["f05"].p is not None
    assert scores.to_frame().loc["f05", "value"] == scores["f05"].value


def run(name, **metrics):
    return RunRow(
        run_id=name * 32,
        name=name,
        params={"model": name},
        metrics={f"event/{key}": value for key, value in metrics.items()},
        tags={},
    )


def test_columns_of_compared_runs():
    runs = [
        run("a", f1=0.5, f05=0.6, lag_range_s=9.0),
        run("b", f1=0.4, f05=0.7, lag_range_s=3.0),
    ]
    assert compare(runs).header == ["run", "model", "f1", "f05", "lag_range_s"]
    assert compare(runs, by="f05").best.name == "b"
    assert compare(runs, by="lag_range_s").best.name == "b", "less is better"


def test_paired_differences():
    rows = [
        CountsRow(
            session_id="s",
            participant="p",
            threshold=0.5,
            pre_s=0.5,
            post_s=5.0,
            counts=Counts(tp=tp, fp=1, fn=8 - tp, n_ref=8, observed_s=60.0, valid_s=60.0),
            annotations_sha="",
        )
        for tp in (3, 4)
    ]
    found = paired(rows[:1], [rows[1:]], draws=20, seed=0, level=0.95, method="percentile")
    assert list(found)[:4] == ["precision", "recall", "f1", "false_alarms_per_min"]
    assert [name for name in found if not name.endswith("_macro")][-1] == "f05"
    assert list(found)[-1] == "f05_macro"
    assert found["f05"][0].value == pytest.approx(5 / 7 - 3.75 / 6)
    assert "lag_range_s" not in count_formulas(), "recorded counts are not enough"


def test_the_saved_view():
    state = json.loads(view_tag())["state"].removeprefix("deflate;")
    columns = json.loads(zlib.decompress(base64.b64decode(state)))["selectedColumns"]
    assert "metrics.`event/f05`" in columns
    assert "metrics.`event/lag_range_s`" in columns


def test_the_table_of_the_docs():
    assert "| `event/f05` | 1.25 tp / (1.25 tp + 0.25 fn + fp) | larger |" in metrics_table()


def test_the_commands(ferbench, tmp_path):
    (tmp_path / "events.csv").write_text(
        "session,label,onset_s,offset_s,trigger_s\na,surprise,2,3,2\na,surprise,30,31,30\n"
    )
    (tmp_path / "marks.csv").write_text("session,onset_s,offset_s\na,1,1\na,20,20\n")
    (tmp_path / "events.sessions.csv").write_text("session,duration_s,valid_s\na,60,60\n")
    given = ("score", tmp_path / "events.csv", tmp_path / "marks.csv", "--no-intervals")
    told = ferbench(*given).out
    assert "F0.5 0.500" in told
    plain = json.loads(ferbench(*given, "--json").out)
    assert plain["scores"]["event/f05"] == plain["sessions"]["a"]["f05"] == 0.5
    assert plain["scores"]["event/lag_range_s"] == 0.0


@pytest.mark.weights
def test_a_run_records_it(tmp_path, warm_root, warm_home, ferbench_run):
    shutil.copyfile(warm_root.clip, tmp_path / "smile.mp4")
    (tmp_path / "marks.csv").write_text("session,onset_s,offset_s\nsmile,0.6,1.1\n")
    ended = ferbench_run(
        f"dataset.videos={tmp_path}",
        f"dataset.annotations={tmp_path}/marks.csv",
        "signal.labels=[happiness]",
        "statistics.surrogates=20",
        "statistics.draws=20",
        "report.timelines=0",
        "tracking=files",
    )
    assert ended.code == 0, ended.err
    assert "F0.5 " in ended.out
    (record,) = (warm_home / "mlruns" / "files").glob("*/*/run.json")
    metrics = json.loads(record.read_text())["metrics"]
    assert {"event/f05", "event/f05.chance"} <= metrics.keys()
    with (record.parent / "artifacts" / "sessions.csv").open(newline="") as stream:
        assert {"f05", "lag_range_s"} <= set(next(csv.DictReader(stream)))
