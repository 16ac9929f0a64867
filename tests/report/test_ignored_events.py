"""Further events that are ignored, in the tables that a run leaves, and read back for its page."""

from __future__ import annotations

import csv
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ferbench.pipeline.count_rows import counts_rows
from ferbench.report.comparability import matching_warnings
from ferbench.report.figures import PLAIN
from ferbench.report.files import QUALITY_COLUMNS, write_files
from ferbench.results import Report, RunRow, Work
from ferbench.scoring.matching.window import Window
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.workflows.cell_tables import read_cell, tables_below
from helpers.made_sessions import RULE, analysis_of, edges_of, noise, session_of

IGNORING = Window(post_s=15.0, duplicates="ignored")
MARKS = [(5.0, 7.0, "slip"), (20.0, 20.0, "no answer")]


@pytest.fixture(scope="module")
def result():
    analysis = analysis_of(edges_of(1500, jitter=2), noise(1500, seed=1, smooth=40))
    made = session_of([analysis], MARKS, criterion=IGNORING)
    return replace(made, quality=dict.fromkeys(QUALITY_COLUMNS, 0.0))


def test_tables_name_and_count_them(result, tmp_path):
    recipe = SimpleNamespace(scoring=IGNORING, statistics=StatisticsRules(), event=RULE)
    report = Report(
        sessions=(result,),
        scores=(),
        counts=tuple(counts_rows(result, recipe)),
        failures=(),
        notices=(),
        work=Work(),
        wall_s=1.0,
    )
    write_files(report, tmp_path, stamp_s=IGNORING.stamp_s, level=0.5, max_timelines=1, style=PLAIN)
    with (tmp_path / "matches.csv").open(encoding="utf-8") as stream:
        outcomes = [row["outcome"] for row in csv.DictReader(stream)]
    counts = result.counts
    assert outcomes.count("ignored") == counts.ignored > 0
    assert outcomes.count("false alarm") == counts.fp > 0
    assert outcomes.count("match") == counts.tp
    with (tmp_path / "counts.csv").open(encoding="utf-8") as stream:
        rows = {float(row["post_s"]): row for row in csv.DictReader(stream)}
    assert int(rows[15.0]["ignored"]) == counts.ignored
    for row in rows.values():
        assert sum(int(row[name]) for name in ("tp", "fp", "ignored")) == len(result.events)
    assert int(rows[1.0]["ignored"]) < counts.ignored
    [tables] = read_cell(tables_below(tmp_path), stamp="trigger").sessions.values()
    assert [event.outcome for event in tables.events].count("ignored") == counts.ignored


def test_runs_that_treat_them_differently_are_told():
    rows = [
        RunRow(run_id=f"r{k}", name=f"r{k}", params={"scoring": "window", **further}, metrics={})
        for k, further in enumerate(
            ({}, {"scoring.duplicates": "false_alarm"}, {"scoring.duplicates": "ignored"})
        )
    ]
    [told] = matching_warnings(rows[1:])
    assert "(scoring.duplicates); their numbers cannot be compared: what is ignored" in told
    assert matching_warnings(rows[:2]) == []  # what runs did before they said so
