"""F1 and chance under neighbouring settings."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import pytest

from ferbench.report.figures import PLAIN
from ferbench.report.people_text import robustness_lines
from ferbench.report.robustness_files import write_robustness
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.numbers import numbers
from ferbench.scoring.robustness import Variant, robustness_of
from ferbench.scoring.statistics import statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from helpers.scored_sessions import scored_sessions

RULES = StatisticsRules(surrogates=60, draws=20, robustness=True)


def test_the_window_alone_is_varied_where_nothing_else_is_known():
    """Events come 3 s late: half of the window misses all, twice finds all."""
    sessions = scored_sessions(4, late_s=3.0)
    found = statistics(sessions, Window(), RULES, annotators={})
    cells = found.robustness.cells
    assert [cell.post_s for cell in cells] == [2.5, 5.0, 10.0]
    assert [cell.f1 for cell in cells] == [0, 1, 1]
    assert [cell.is_own for cell in cells] == [False, True, False]
    own = found.assessment.measured["f1"].chance
    assert (cells[1].chance, cells[1].p) == (own.mean, own.p)
    told = numbers(found)
    assert told["event/robustness.settings"] == 3
    assert told["event/robustness.above_chance"] == 2
    assert (told["event/robustness.lowest_f1"], told["event/robustness.highest_f1"]) == (0, 1)
    assert robustness_lines(found.robustness) == [
        "under 3 settings around this run's (window): F1 between 0.000 and 1.000; above chance "
        "(p <= 0.05, not corrected) in 2 of 3"
    ]


def test_it_is_made_where_it_is_asked_for():
    sessions = scored_sessions(3)
    assert robustness_of(sessions, Window(), replace(RULES, robustness=False)) is None
    assert statistics(sessions, Window(), RULES, annotators={}, intervals=False).robustness is None
    [only] = robustness_of(sessions, Overlap(), RULES).cells
    assert math.isnan(only.post_s)
    assert only.is_own


@pytest.fixture
def varied():
    sessions = scored_sessions(4)
    late = scored_sessions(4, late_s=7.0)
    fewer = [replace(session, events=()) for session in sessions]
    variants = [
        Variant(threshold=0.5, baseline="none", sessions=sessions, is_own=True),
        Variant(threshold=0.4, baseline="none", sessions=fewer, is_own=False),
        Variant(threshold=0.5, baseline="video", sessions=late, is_own=False),
    ]
    return robustness_of(sessions, Window(), RULES, variants)


def test_all_combinations(varied):
    assert varied.varied() == ["window", "threshold", "baseline"]
    f1 = {(c.baseline, c.threshold, c.post_s): c.f1 for c in varied.cells}
    assert len(f1) == 9
    assert (f1["none", 0.5, 5.0], f1["none", 0.4, 5.0]) == (1, 0)
    assert (f1["video", 0.5, 5.0], f1["video", 0.5, 10.0]) == (0, 1)
    assert varied.ends == (0, 1)
    assert varied.above == 4
    [own] = [cell for cell in varied.cells if cell.is_own]
    assert (own.threshold, own.baseline, own.post_s) == (0.5, "none", 5.0)


def test_table_and_picture(varied, tmp_path):
    write_robustness(varied, tmp_path / "robustness.csv", PLAIN)
    with (tmp_path / "robustness.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 9
    assert sum(int(row["above"]) for row in rows) == varied.above
    assert [row["own"] for row in rows].count("1") == 1
    assert (tmp_path / "robustness.png").stat().st_size > 5000
    alone = robustness_of(scored_sessions(3), Overlap(), RULES)
    write_robustness(alone, tmp_path / "alone.csv", PLAIN)
    assert (tmp_path / "alone.png").exists()
    write_robustness(alone, tmp_path / "table.csv", None)
    assert not (tmp_path / "table.png").exists()
