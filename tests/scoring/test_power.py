"""Least detectable effects: by hand, and by the real power of simulated studies of that size."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.stats import t as student

from ferbench.scoring.matching.many_draws import at_points
from ferbench.scoring.metrics import f1
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.chance import against, strictest
from ferbench.scoring.uncertainty.intervals import metric_of, resampled
from ferbench.scoring.uncertainty.moved import jittered, shifted
from ferbench.scoring.uncertainty.paired import compare_counts
from ferbench.scoring.uncertainty.power import (
    POWER,
    least_above_chance,
    least_difference,
    significant_from,
    standard_error,
)
from ferbench.scoring.uncertainty.swapped import swapped
from helpers.simulated_studies import study

POINTS = at_points(0.5, 5.0)


def test_the_standard_error_is_that_of_a_mean():
    values = np.random.default_rng(0).normal(size=12)
    replicates = resampled(12, draws=40_000, seed=0) @ values / 12
    assert standard_error(replicates, 12) == pytest.approx(
        values.std(ddof=1) / math.sqrt(12), rel=0.01
    )
    undefined = np.append(replicates, np.nan)
    assert standard_error(undefined, 12) == standard_error(replicates, 12)
    assert math.isnan(standard_error(replicates, 1))
    assert math.isnan(standard_error(np.array([math.nan]), 5))


def test_the_least_difference_by_hand():
    replicates = np.array([-1.0, 0.0, 1.0])
    error = math.sqrt(9 / 8)
    expected = (student.ppf(0.975, 8) + student.ppf(POWER, 8)) * error
    assert least_difference(replicates, 9, alpha=0.05, least_p=0.01) == pytest.approx(expected)
    assert math.isnan(least_difference(replicates, 5, alpha=0.05, least_p=0.0625))


def power_of_all_swaps(effect, participants, *, alpha, studies=4000):
    """Share of studies with p <= alpha: mean of normal differences, every sign tried."""
    signs = np.array([(1, *rest) for rest in product((1, -1), repeat=participants - 1)])
    found = np.random.default_rng(3).normal(effect, 1.0, (studies, participants))
    sizes = np.abs(found @ signs.T)
    p = (sizes >= sizes[:, :1] - 1e-12).mean(axis=1)
    return float((p <= alpha + 1e-12).mean())


@pytest.mark.parametrize(
    ("participants", "alpha", "power"),
    [(6, 0.05, 0.8), (7, 0.025, 0.8), (8, 0.01, 0.8), (7, 0.05, 0.76), (9, 0.05, 0.79)],
)
def test_the_power_of_few_participants_is_that_of_their_swaps(participants, alpha, power):
    """One arrangement can be significant with 6, 7 and 8: by Student's quantiles .61, .57, .61."""
    deviation = 1.0
    error = deviation / math.sqrt(participants)
    spread = error * math.sqrt((participants - 1) / participants)
    replicates = np.random.default_rng(0).normal(size=2000)
    replicates *= spread / replicates.std(ddof=1)
    least = least_difference(
        replicates, participants, alpha=alpha, least_p=1 / 2 ** (participants - 1)
    )
    assert power_of_all_swaps(least, participants, alpha=alpha) == pytest.approx(power, abs=0.025)


def test_what_is_above_has_a_small_p_and_what_is_not_has_none():
    rng = np.random.default_rng(0)
    for draws in (19, 99, 150):
        null = rng.integers(0, 12, draws) / 12
        for alpha in (0.05, 0.1, 0.2):
            border = significant_from(null, alpha=alpha)
            assert against(border, null).p > alpha
            assert against(border + 1e-6, null).p <= alpha + 1e-12
    assert math.isnan(significant_from(np.arange(18.0), alpha=0.05))
    assert math.isnan(significant_from(np.array([math.nan] * 40), alpha=0.05))
    assert math.isnan(significant_from(np.empty(0), alpha=0.05))


def test_what_is_looked_for_lies_above_the_largest_chance_score():
    rng = np.random.default_rng(1)
    low, high = rng.uniform(0, 0.2, 99), rng.uniform(0, 0.3, 99)
    replicates = rng.normal(0.1, 0.02, 500)
    x = least_above_chance([low, high], replicates, 10, alpha=0.05)
    border = max(significant_from(null, alpha=0.05) for null in (low, high))
    per_score = max(
        standard_error(replicates, 10) ** 2 / replicates.mean(),
        low.var() / low.mean(),
        high.var() / high.mean(),
    )
    assert x == pytest.approx(border + student.ppf(POWER, 9) * math.sqrt(per_score * x))
    assert math.isnan(least_above_chance([], replicates, 10, alpha=0.05))
    assert math.isnan(least_above_chance([low], replicates, 1, alpha=0.05))
    nothing = np.zeros(99)
    assert math.isnan(least_above_chance([nothing], nothing, 10, alpha=0.05))


def two_detectors(people, gain, rng):
    """On the same participants; the second finds more."""
    annotations = rng.poisson(8, people) + 1
    shows = rng.normal(size=people)
    found = []
    for more in (0.0, gain):
        own = 0.5 * rng.normal(size=people)
        tp = rng.binomial(annotations, 1 / (1 + np.exp(0.2 - shows - own - more)))
        fp = rng.poisson(4 * np.exp(0.5 * rng.normal(size=people)))
        columns = [column.astype(np.float64) for column in (tp, fp, annotations - tp)]
        tp, fp, fn = columns
        found.append(Tally(tp=tp, fp=fp, fn=fn, observed_s=np.full(people, 600.0)))
    return found


def true_difference(gain, people=400_000):
    both = two_detectors(people, gain, np.random.default_rng(0))
    first, second = (float(f1(each.weighted(np.ones(people)))) for each in both)
    return second - first


def compared(both, *, draws):
    first, second = both
    [found] = compare_counts(
        first, [second], f1, draws=draws, seed=0, level=0.95, method="percentile"
    )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("people", [8, 12, 20])
def test_a_difference_of_that_size_is_found_in_four_studies_of_five(people):
    rng = np.random.default_rng(1)
    told = [
        compared(two_detectors(people, 0.0, rng), draws=300).least_detectable for _ in range(100)
    ]
    size = float(np.median(told))
    low, high = 0.0, 4.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if true_difference(middle) < size else (low, middle)
    rng = np.random.default_rng(7)
    p = [compared(two_detectors(people, high, rng), draws=399).p for _ in range(300)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(POWER, abs=0.08)


def answered(seed, share, people):
    """A study in which so many annotations got one of the events, which are as many as before."""
    rng, found = np.random.default_rng([seed, 1]), []
    for each in study("uniform", seed, participants=people):
        times_s, onsets_s = each.times_s.copy(), each.marks_s[:, 0]
        number = min(rng.binomial(len(onsets_s), share), len(times_s))
        late_s = rng.choice(onsets_s, number, replace=False) + rng.uniform(0.5, 4, number)
        times_s[rng.choice(len(times_s), number, replace=False)] = np.minimum(late_s, 599.9)
        found.append(replace(each, times_s=times_s))
    return found


def tally_of(tracks):
    rows = []
    for each in tracks:
        nowhere = np.full((1, len(each.times_s)), np.nan)
        tp = int(POINTS(each.times_s[None], each.lasts_s, each.marks_s, nowhere).matches[0])
        rows.append((tp, len(each.times_s) - tp, len(each.marks_s) - tp, 600.0))
    tp, fp, fn, observed_s = np.array(rows, np.float64).T
    return Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s)


def nulls_of(tracks, seed):
    asked = {"count": POINTS, "draws": 199}
    return {
        "circular": f1(shifted(tracks, least_s=5.5, seed=seed, **asked).tally),
        "jitter": f1(jittered(tracks, half_width_s=30.0, seed=seed + 5, **asked).tally),
        "swap": f1(swapped(tracks, seed=seed + 6, **asked).tally),
    }


@pytest.mark.slow
def test_an_f1_of_that_size_is_above_chance_in_four_studies_of_five():
    people = 8
    weights, everybody = resampled(people, draws=400, seed=2), np.ones(people)
    told = []
    for seed in range(25):
        tracks = answered(seed, 0.0, people)
        replicates = metric_of(tally_of(tracks), f1)(weights)
        nulls = list(nulls_of(tracks, seed).values())
        told.append(least_above_chance(nulls, replicates, people, alpha=0.05))
    size = float(np.median(told))
    shares = np.linspace(0, 0.3, 6)
    means = [
        np.mean(
            [
                float(f1(tally_of(answered(5000 + k, s, people)).weighted(everybody)))
                for k in range(60)
            ]
        )
        for s in shares
    ]
    share = float(np.interp(size, means, shares))
    found = 0
    for seed in range(150):
        tracks = answered(9000 + seed, share, people)
        value = float(f1(tally_of(tracks).weighted(everybody)))
        chances = {name: against(value, null) for name, null in nulls_of(tracks, seed).items()}
        found += chances[strictest(chances)].p <= 0.05
    assert found / 150 == pytest.approx(POWER, abs=0.08)
