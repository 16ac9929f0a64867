"""The best detector against the best that knows nothing of expressions, from stored counts."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import ferbench as fb
from ferbench.errors import ConfigError
from ferbench.report.compare import compare
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.workflows.against_baseline import against_baseline, beside_baseline
from ferbench.workflows.recorded_counts import counts_of
from helpers.made_runs import make_run

RULES = StatisticsRules(surrogates=99, draws=200)
PEOPLE = 8


@pytest.fixture
def onsets():
    rng = np.random.default_rng(3)
    return [np.sort(rng.choice(np.arange(10, 290, 20), 6, replace=False)) for _ in range(PEOPLE)]


@pytest.fixture
def counts(tmp_path):
    return lambda run: counts_of(tmp_path / run.run_id / "counts.csv", run)


def finds(onsets, number):
    """Events one second after the first so many annotations of each person."""
    return [of_person[:number] + 1.0 for of_person in onsets]


def runs_of(tmp_path, onsets, **found):
    """A run for each name, which finds so many annotations; those with _ are baselines."""
    return [
        make_run(
            tmp_path / name,
            name,
            onsets,
            finds(onsets, number),
            goes_by=name if "_" in name else "",
        )
        for name, number in found.items()
    ]


def test_the_best_of_each_kind_are_compared(tmp_path, onsets, counts):
    runs = runs_of(tmp_path, onsets, weak=1, strong=6, head_motion=2, mouth_opening=3)
    found = against_baseline(runs, counts, rules=RULES)
    assert (found.best.name, found.baseline.name) == ("strong", "mouth_opening")
    assert found.values == (1.0, 2 * 3 / (3 + 6))
    assert found.difference.value == pytest.approx(1 - 2 / 3)
    assert found.difference.p == 2 / 2**PEOPLE, "only the real swap and its opposite are as large"
    assert found.participants == PEOPLE
    assert found.is_better
    assert found.line() == (
        "strong against the best baseline (mouth_opening): F1 1.000 and 0.667, difference +0.333 "
        "[0.333, 0.333], p = 0.0078, 8 participants: better than a mouth that merely moves"
    )
    assert found.numbers()["baseline/f1_difference.p"] == found.difference.p
    assert json.loads(json.dumps(found.as_plain()))["goes_by"] == "mouth_opening"


def test_p_is_that_of_all_swaps_tried_by_hand(tmp_path, onsets, counts):
    """Both find something of each person, now the one more, now the other."""
    numbers = [5, 4, 5, 2, 3, 5, 4, 1], [3, 4, 2, 3, 3, 2, 4, 2]
    runs = []
    for name, of_run in zip(("face", "head_motion"), numbers, strict=True):
        events = [t[:n] + 1.0 for t, n in zip(onsets, of_run, strict=True)]
        goes_by = "" if name == "face" else name
        runs.append(make_run(tmp_path / name, name, onsets, events, goes_by=goes_by))
    found = against_baseline(runs, counts, rules=RULES)

    def f1(hits):
        return 2 * sum(hits) / (sum(hits) + 6 * PEOPLE)

    real = f1(numbers[0]) - f1(numbers[1])
    as_large = 0
    for swap in itertools.product([False, True], repeat=PEOPLE):
        one = [b if s else a for a, b, s in zip(*numbers, swap, strict=True)]
        two = [a if s else b for a, b, s in zip(*numbers, swap, strict=True)]
        as_large += abs(f1(one) - f1(two)) >= abs(real) - 1e-12
    assert found.difference.value == pytest.approx(real)
    assert found.difference.p == as_large / 2**PEOPLE
    assert not found.is_better
    assert found.line().endswith("not shown to be better than a face that merely moves")


def test_a_baseline_that_is_better_is_not_beaten(tmp_path, onsets, counts):
    runs = runs_of(tmp_path, onsets, face=1, head_motion=6)
    found = against_baseline(runs, counts, rules=RULES)
    assert found.difference.value < 0
    assert found.difference.p < 0.05
    assert not found.is_better


def test_few_participants_can_show_nothing_and_it_says_so(tmp_path, onsets, counts):
    runs = runs_of(tmp_path, onsets[:3], face=6, head_motion=1)
    found = against_baseline(runs, counts, rules=RULES)
    assert "3 participants (of so few p is never below 0.25): not shown to be" in found.line()


def test_a_baseline_of_ones_own_is_named_by_what_it_goes_by(tmp_path, onsets, counts):
    runs = runs_of(tmp_path, onsets, face=6, heart_rate=1)
    line = against_baseline(runs, counts, rules=RULES).line()
    assert line.endswith("better than a detector that goes by heart_rate")


@pytest.mark.parametrize("names", [{"face": 3}, {"head_motion": 2}, {}])
def test_without_one_of_each_there_is_nothing_to_say(tmp_path, onsets, counts, names):
    assert against_baseline(runs_of(tmp_path, onsets, **names), counts) is None


def test_runs_scored_in_different_ways_are_refused(tmp_path, onsets, counts):
    [face] = runs_of(tmp_path, onsets, face=6)
    folder = tmp_path / "wide"
    wide = make_run(folder, "wide", onsets, onsets, post_s=9.0, goes_by="periodic")
    with pytest.raises(ConfigError, match="scored in different ways"):
        against_baseline([face, wide], counts)


def test_a_comparison_shows_baselines_as_such(tmp_path, onsets, counts):
    runs = runs_of(tmp_path, onsets, face=3, mouth_opening=6)
    comparison = beside_baseline(compare(runs), counts, rules=RULES)
    assert [row.name for row in comparison.rows] == ["mouth_opening", "face"]
    assert comparison.best.name == "face", "a baseline is what is to be beaten"
    assert comparison.best_cell().startswith("best cell that is no baseline by event/f1: face")
    assert comparison.header[:2] == ["run", "baseline"]
    assert comparison.to_frame()["baseline"].tolist() == ["yes", ""]
    assert comparison.as_plain()["against_baseline"]["baseline"] == "mouth_opening"
    assert "against the best baseline (mouth_opening)" in repr(comparison)
    alone = compare(runs[1:])
    assert alone.best.name == "mouth_opening", "there is nothing else"
    assert compare(runs[:1]).as_plain()["against_baseline"] is None


def test_rows_without_counts_are_told_in_the_library(tmp_path, onsets):
    comparison = fb.compare(runs_of(tmp_path, onsets, face=3, mouth_opening=6))
    (note,) = comparison.notes
    assert note.startswith("not set against a baseline: ")
    assert "is a row without counts" in note
    assert note in repr(comparison)
    assert comparison.best.name == "face"
