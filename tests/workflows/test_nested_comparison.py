"""Choosing between runs, from the tables that runs leave."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

import ferbench as fb
from ferbench.errors import ConfigError
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.workflows.nested_choice import nested_of
from helpers.made_runs import make_run, written

RULES = StatisticsRules(surrogates=99, draws=50)


@pytest.fixture
def study(tmp_path):
    """Six people; run 0 reacts to every annotation, the others fire at random."""
    rng = np.random.default_rng(0)
    onsets = [np.sort(rng.uniform(5, 290, 6)) for _ in range(6)]
    runs = []
    for number in range(4):
        events = [
            onset_s + 1.0 if number == 0 else np.sort(rng.uniform(0, 300, 6)) for onset_s in onsets
        ]
        runs.append(make_run(tmp_path / str(number), f"run {number}", onsets, events))
    return runs, lambda run, name: tmp_path / run.run_id / name


def test_further_events_are_ignored_in_scores_and_by_chance_where_runs_did_so(tmp_path):
    """Events three at a time: at annotations, and anywhere."""
    rng = np.random.default_rng(0)
    onsets = [np.sort(rng.uniform(5, 280, 4)) for _ in range(6)]
    anywhere = [np.sort(rng.uniform(5, 280, 4)) for _ in range(6)]
    found = {}
    for ignoring in (False, True):
        runs = []
        for number, places in enumerate((onsets, anywhere)):
            events = [np.sort((at[:, None] + [0.5, 1.0, 1.5]).ravel()) for at in places]
            folder = tmp_path / f"{ignoring}{number}"
            runs.append(make_run(folder, f"run {number}", onsets, events, ignoring=ignoring))
        found[ignoring] = nested_of(
            runs, lambda run, name: tmp_path / run.run_id / name, rules=RULES
        )
    assert found[True].values[0] == 1.0
    assert found[False].values[0] == 2 * 24 / (3 * 24 + 24)
    chances = {key: each.best_of.chances["circular"].mean for key, each in found.items()}
    assert chances[True] > chances[False]


def test_runs_that_treat_further_events_differently_are_refused(study, tmp_path):
    runs, file_of = study
    onsets = [np.array([10.0, 40.0])] * 6
    other = make_run(tmp_path / "other", "other", onsets, onsets, ignoring=True)
    with pytest.raises(ConfigError, match=r"different ways \(scoring.duplicates\)"):
        nested_of([*runs, other], file_of, rules=RULES)
    old, new = (
        runs[0],
        replace(runs[1], params={**runs[1].params, "scoring.duplicates": "false_alarm"}),
    )
    table = file_of(old, "counts.csv")
    rows = [row[:-2] + row[-1:] for row in csv.reader(table.open(encoding="utf-8"))]
    assert "ignored" not in rows[0]
    written(table, rows[0], rows[1:])  # as older runs left it
    assert nested_of([old, new], file_of, rules=RULES).values[0] == 1.0


def test_a_run_that_is_right_is_chosen_for_everybody(study):
    runs, file_of = study
    found = nested_of(runs, file_of, rules=RULES)

    assert found.selection.chosen.tolist() == [0] * 6
    assert found.selection.value == found.selection.best_value == found.values[0] == 1
    assert found.best_of.cell == 0
    assert found.best_of.chances["circular"].p == 0.01
    assert found.times_chosen() == [(0, 6)]
    assert found.to_frame()["chosen"].tolist() == [6, 0, 0, 0]
    assert found.numbers()["nested/best_f1.p"] == found.as_plain()["max_t"]["circular"]["p"]
    first, explained, second = found.lines()
    assert "6 participants: F1 1.000 [1.000, 1.000]; in-sample best 1.000 (run 0)" in first
    assert explained.startswith("times chosen: for how many participants")
    assert "best of 4 runs by chance" in second
    assert found.text_table().title == "best of the runs"


def test_the_order_in_which_a_store_lists_runs_changes_nothing(study, tmp_path):
    runs, file_of = study
    equal = replace(runs[3], name="a run 3")  # the same counts under another name
    found = nested_of([*runs[1:], equal], file_of, rules=RULES)
    again = nested_of([equal, *reversed(runs[1:])], file_of, rules=RULES)
    assert found.as_plain() == again.as_plain()
    assert found.values[0] == found.values[3]
    assert [run.name for run in found.runs] == ["a run 3", "run 1", "run 2", "run 3"]


def test_values_are_those_of_the_counts(study):
    runs, file_of = study
    found = nested_of(runs[1:], file_of, rules=RULES)
    for run, value in zip(found.runs, found.values, strict=True):
        with file_of(run, "counts.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        tp, fp, fn = (sum(int(row[name]) for row in rows) for name in ("tp", "fp", "fn"))
        assert value == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_one_run_is_no_choice(study):
    runs, file_of = study
    with pytest.raises(ConfigError, match="two or more runs with scores"):
        nested_of(runs[:1], file_of)


def test_other_windows_or_annotations_are_refused(study, tmp_path):
    runs, file_of = study
    onsets = [np.array([5.0])]
    wide = make_run(tmp_path / "wide", "wide", onsets, onsets, post_s=9.0)
    with pytest.raises(ConfigError, match=r"different ways \(scoring.post_s\)"):
        nested_of([*runs, wide], file_of)
    other = make_run(tmp_path / "other", "other", onsets, onsets, sha="another")
    with pytest.raises(ConfigError, match="different annotations or observed time"):
        nested_of([*runs, other], file_of)


def test_sessions_that_some_runs_lack_are_left_out_and_told(study, tmp_path):
    runs, file_of = study
    onsets = [np.array([5.0])] * 2
    fewer = make_run(tmp_path / "fewer", "fewer", onsets, onsets)
    found = nested_of([*runs, fewer], file_of, rules=RULES)
    assert found.participants == 2
    assert any("left out: s2" in line for line in found.lines())
    apart = make_run(tmp_path / "apart", "apart", onsets, onsets, sessions=["x", "y"])
    with pytest.raises(ConfigError, match="no session in common"):
        nested_of([*runs, apart], file_of)


def test_without_known_times_there_is_no_p_and_it_says_so(study, tmp_path):
    runs, file_of = study
    (tmp_path / "0" / "sessions.csv").unlink()
    found = nested_of(runs, file_of, rules=RULES)
    assert found.best_of is None
    assert any(line.startswith("no p of the best run") for line in found.lines())
    assert found.selection.value == 1


def test_baselines_are_not_chosen_between(study, tmp_path):
    runs, file_of = study
    onsets = [np.array([5.0])] * 6
    motion = make_run(tmp_path / "motion", "motion", onsets, onsets, goes_by="head_motion")
    found = nested_of([*runs, motion], file_of, rules=RULES)
    assert found.runs == tuple(runs)
    assert found.lines()[-1] == "1 baseline is not chosen between"
    mouth = make_run(tmp_path / "mouth", "mouth", onsets, onsets, goes_by="mouth_opening")
    found = nested_of([motion, mouth], file_of, rules=RULES)
    assert found.runs == (motion, mouth), "there is nothing else"


def test_evaluations_are_chosen_between_as_recorded_runs_are():
    with pytest.raises(ConfigError, match="expected what evaluate returns, or a sweep's name"):
        fb.compare_nested([1, 2])
    with pytest.raises(ConfigError, match="two or more runs with scores"):
        fb.compare_nested([])


def test_a_cell_is_chosen_on_a_participants_other_sessions(study, tmp_path):
    runs, file_of = study
    assert nested_of(runs, file_of, rules=RULES).within is None
    for run in runs:
        counts = file_of(run, "counts.csv")
        counts.write_text(counts.read_text().replace("s1,p1,", "s1,p0,"))
    found = nested_of(runs, file_of, rules=RULES)
    assert (found.within.participants, found.within.left_out) == (1, 4)
    assert found.within.value == found.within.between == found.within.best == 1
    [line] = [line for line in found.lines() if "other sessions" in line]
    assert "1 participant (4 have no other session to choose on): F1 1.000" in line
    assert found.numbers()["nested/within_f1"] == found.as_plain()["within"]["f1"] == 1
