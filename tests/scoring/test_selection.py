"""The best of many cells: by hand, by plain loops, and on simulated sweeps of known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import kstest

from ferbench.errors import DataError
from ferbench.scoring.matching.many_draws import at_points
from ferbench.scoring.metrics import f1
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty import selection
from ferbench.scoring.uncertainty.chance import Track, against
from ferbench.scoring.uncertainty.selection import Cell, best_of, nested

ASKED = {"draws": 50, "seed": 0, "level": 0.95, "method": "percentile"}
POINTS, LEAST_S = at_points(0.5, 5.0), 5.5


def cells(tp, fp, fn):
    columns = [np.array(column, float) for column in (tp, fp, fn)]
    return Tally(tp=columns[0], fp=columns[1], fn=columns[2], observed_s=np.ones(columns[0].shape))


def test_by_hand():
    """Cell 0 is right for the first two people, cell 1 for the third."""
    found = nested(
        cells([[4, 4, 0], [1, 1, 4]], [[0, 0, 4], [3, 3, 0]], [[0, 0, 4], [3, 3, 0]]), f1, **ASKED
    )
    # Without the first: cell 0 has 4 of 8, cell 1 has 5 of 8. Without the third: 8 of 8 against 2.
    assert found.chosen.tolist() == [1, 1, 0]
    assert found.value == pytest.approx(2 * (1 + 1 + 0) / (2 * (1 + 1 + 0) + 10 + 10))
    assert (found.best, found.best_value) == (0, pytest.approx(2 * 8 / (2 * 8 + 4 + 4)))


def plain_nested(tally, weights):
    """The same by loops over people, with whole numbers of copies of each."""
    own = [tally.tp, tally.fp, tally.fn]
    summed = np.zeros(3)
    for who, times in enumerate(weights):
        others = np.array(weights, float)
        others[who] = 0
        tp, fp, fn = ((column * others).sum(axis=1) for column in own)
        size = 2 * tp + fp + fn
        scores = [2 * a / b if b else -1 for a, b in zip(tp, size, strict=True)]
        if max(scores) < 0:
            continue
        choice = scores.index(max(scores))
        summed += times * np.array([column[choice, who] for column in own])
    return 2 * summed[0] / (2 * summed[0] + summed[1] + summed[2])


def test_as_by_plain_loops(monkeypatch):
    rng = np.random.default_rng(0)
    tally = cells(*rng.integers(0, 9, (3, 6, 5)))
    value = nested(tally, f1, **ASKED).value
    assert value == pytest.approx(plain_nested(tally, [1] * 5))
    monkeypatch.setattr("ferbench.scoring.uncertainty.selection._AT_ONCE", 60)
    weights = rng.multinomial(5, [0.2] * 5, 40).astype(float)
    weights = weights[(weights > 0).sum(axis=1) > 1]
    expected = [plain_nested(tally, list(row)) for row in weights]
    assert selection._nested_values(tally, f1, weights) == pytest.approx(expected)


def test_undefined_scores_are_never_chosen():
    """A cell without events and a participant without annotations."""
    found = nested(cells([[0, 0], [0, 1]], [[0, 0], [2, 1]], [[0, 0], [0, 1]]), f1, **ASKED)
    assert found.chosen.tolist() == [1, 1]
    nothing = nested(cells([[0, 0]], [[0, 0]], [[0, 0]]), f1, **ASKED)
    assert nothing.chosen.tolist() == [-1, -1]
    assert nothing.best == -1
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.best_value)


def test_one_participant_has_nobody_to_be_chosen_on():
    found = nested(cells([[3]], [[1]], [[1]]), f1, **ASKED)
    assert found.chosen.tolist() == [-1]
    assert math.isnan(found.value)


def test_counts_of_another_shape():
    with pytest.raises(DataError, match="cells and participants"):
        nested(cells([1], [1], [1]), f1, **ASKED)


def simulated(seed, *, num_cells=48, people=20):
    """Cells that know nothing, on the same people: two events at random, two annotations, 60 s."""
    rng = np.random.default_rng(seed)
    onsets = [np.sort(rng.uniform(0, 60, 2)) for _ in range(people)]
    sweep = []
    for _ in range(num_cells):
        tracks = [
            Track(
                times_s=rng.uniform(0, 60, 2),
                lasts_s=np.zeros(2),
                marks_s=np.stack([own, own], axis=1),
                observed=((0.0, 60.0),),
                participant=f"p{who}",
            )
            for who, own in enumerate(onsets)
        ]
        sweep.append(tracks)
    return sweep


def counts(sweep):
    tp = np.zeros((len(sweep), len(sweep[0])))
    for at, tracks in enumerate(sweep):
        for who, each in enumerate(tracks):
            nowhere = np.full((1, len(each.times_s)), np.nan)
            tp[at, who] = POINTS(each.times_s[None], each.lasts_s, each.marks_s, nowhere).matches[0]
    return cells(tp, 2 - tp, 2 - tp)


@pytest.mark.slow
def test_nested_is_unbiased_where_the_best_cell_is_not():
    """200 studies of 20 people and 48 cells that know nothing: all have the same true F1."""
    nested_f1, best_f1, true_f1 = [], [], []
    for seed in range(200):
        tally = counts(simulated(seed))
        found = nested(tally, f1, **{**ASKED, "draws": 2})
        nested_f1.append(found.value)
        best_f1.append(found.best_value)
        true_f1.append(tally.tp.sum() / (tally.tp.size * 2))
    truth = np.mean(true_f1)
    assert np.mean(nested_f1) == pytest.approx(truth, abs=0.02)
    assert np.mean(best_f1) >= truth + 0.10


def randomised(value, null, rng):
    """P with ties broken at random: uniform under the null hypothesis."""
    larger, equal = (null > value + 1e-12).sum(), (np.abs(null - value) <= 1e-12).sum()
    return (larger + rng.random() * (1 + equal)) / (1 + len(null))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["circular", "swap"])
def test_the_best_cell_pays_for_having_been_chosen(name, monkeypatch):
    """P of the best of 12 cells over 150 studies: uniform by max-T, far too small by itself."""
    rng, seen = np.random.default_rng(0), []
    monkeypatch.setattr(
        selection,
        "against",
        lambda value, null: seen.append((value, null)) or against(value, null),
    )
    max_t, plain = [], []
    for seed in range(150):
        sweep = simulated(1000 + seed, num_cells=12, people=8)
        values = f1(Tally(**{k: v.sum(axis=1) for k, v in columns(counts(sweep)).items()}))
        made = [
            Cell(tracks=t, count=POINTS, value=float(v)) for t, v in zip(sweep, values, strict=True)
        ]
        asked = {"names": (name,), "least_s": 0.0, "draws": 199, "seed": seed}
        best = best_of(made, f1, **asked).cell
        max_t.append(randomised(*seen[-1], rng))
        best_of([made[best]], f1, **asked)
        plain.append(randomised(*seen[-1], rng))
    assert kstest(max_t, "uniform").pvalue > 0.01
    assert kstest(plain, "uniform").pvalue < 1e-6


def columns(tally):
    return {name: getattr(tally, name) for name in ("tp", "fp", "fn", "observed_s")}


def test_of_few_participants_a_swap_does_not_decide():
    sweep = simulated(0, num_cells=3, people=3)
    made = [Cell(tracks=tracks, count=POINTS, value=0.5) for tracks in sweep]
    asked = {"least_s": LEAST_S, "draws": 99, "seed": 0}
    both = best_of(made, f1, names=("circular", "jitter", "swap"), **asked)
    assert list(both.chances) == ["circular", "swap"]
    assert both.hardest == "circular"
    assert best_of(made, f1, names=("swap",), **asked).hardest == "swap"


def test_no_cell_with_a_score():
    made = [
        Cell(tracks=tracks, count=POINTS, value=math.nan) for tracks in simulated(0, num_cells=2)
    ]
    found = best_of(made, f1, names=("circular",), least_s=0.0, draws=9, seed=0)
    assert (found.cell, found.hardest) == (-1, None)
