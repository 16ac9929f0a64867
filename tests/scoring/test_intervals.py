"""Bootstrap intervals against SciPy, written-out resamples and Student's interval."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError
from ferbench.scoring.metrics import f1, precision, recall
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.intervals import (
    METHODS,
    bootstrap,
    interval,
    metric_of,
    resampled,
    statistic_of_values,
    weighted_median,
    with_a_number,
)

RNG = np.random.default_rng(0)


def tally(people, rng=RNG):
    tp, fp, fn = rng.integers(0, 9, (3, people)).astype(float)
    return Tally(tp=tp, fp=fp, fn=fn, observed_s=np.full(people, 60.0))


def mean_of(data):
    """A statistic of one number per participant."""
    return lambda weights: weights @ data / weights.sum(axis=1)


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_equal_to_scipy_on_the_same_resamples(method, theirs, level):
    for people in (3, 8, 30):
        data = np.floor(
            100 * RNG.lognormal(size=people)
        )  # whole numbers: no rounding in either's sums
        weights = resampled(people, draws=999, seed=people)
        value, found = bootstrap(mean_of(data), weights, level=level, method=method)
        drawn = SimpleNamespace(bootstrap_distribution=mean_of(data)(weights))
        expected = scipy.stats.bootstrap(
            (data,),
            np.mean,
            n_resamples=0,
            bootstrap_result=drawn,
            confidence_level=level,
            method=theirs,
        ).confidence_interval
        assert value == pytest.approx(data.mean())
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_near_scipy_on_its_own_resamples(method, theirs):
    """F1 of participants' counts: SciPy draws rows of (tp, fp, fn) together."""
    counts = tally(12)

    def pooled_f1(tp, fp, fn, axis):
        tp, fp, fn = (column.sum(axis=axis) for column in (tp, fp, fn))
        return 2 * tp / (2 * tp + fp + fn)

    expected = scipy.stats.bootstrap(
        (counts.tp, counts.fp, counts.fn),
        pooled_f1,
        paired=True,
        vectorized=True,
        n_resamples=40_000,
        method=theirs,
        rng=1,
    ).confidence_interval
    _, found = bootstrap(
        metric_of(counts, f1), resampled(12, draws=40_000, seed=0), level=0.95, method=method
    )
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.004)


def test_expanded_is_as_wide_as_students_for_a_mean():
    data = RNG.normal(size=8)
    _, found = bootstrap(
        mean_of(data), resampled(8, draws=200_000, seed=0), level=0.95, method="expanded"
    )
    low, high = scipy.stats.t.interval(
        0.95, 7, loc=data.mean(), scale=data.std(ddof=1) / math.sqrt(8)
    )
    assert found.high - found.low == pytest.approx(high - low, rel=0.05)
    _, narrow = bootstrap(
        mean_of(data), resampled(8, draws=200_000, seed=0), level=0.95, method="percentile"
    )
    assert narrow.high - narrow.low < 0.85 * (high - low)


def test_expanded_becomes_the_percentile_interval():
    data = RNG.normal(size=2000)
    weights = resampled(2000, draws=500, seed=0)
    wide, narrow = (
        bootstrap(mean_of(data), weights, level=0.9, method=m)[1]
        for m in ("expanded", "percentile")
    )
    assert (wide.low, wide.high) == pytest.approx((narrow.low, narrow.high), abs=1e-3)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 4)), max_size=9))
def test_weighted_median_is_that_of_written_out_numbers(rows):
    rows = sorted(rows)
    values, times = (
        np.array([v for v, _ in rows], float),
        np.array([[n for _, n in rows]], float).reshape(1, -1),
    )
    written_out = np.repeat(values, times[0].astype(int))
    expected = np.median(written_out) if len(written_out) else math.nan
    assert weighted_median(values, times)[0] == pytest.approx(expected, nan_ok=True)


def test_median_of_participants_against_written_out_resamples(monkeypatch):
    lags = [[3.0, 1.0], [], [2.0, 2.0, 7.0], [-1.0], [4.0, 9.0]]
    weights = resampled(len(lags), draws=300, seed=0)
    expected = []
    for row in weights.astype(int):
        pooled = [lag for own, times in zip(lags, row, strict=True) for lag in own * times]
        expected.append(np.median(pooled) if pooled else math.nan)
    assert statistic_of_values(lags, weighted_median)(weights) == pytest.approx(
        np.array(expected), nan_ok=True
    )
    monkeypatch.setattr("ferbench.scoring.uncertainty.intervals._AT_ONCE", 50)
    assert statistic_of_values(lags, weighted_median)(weights) == pytest.approx(
        np.array(expected), nan_ok=True
    )
    assert np.isnan(statistic_of_values([[], []], weighted_median)(np.ones((3, 2)))).all()


def test_metric_of_participants_against_written_out_resamples():
    counts = tally(5)
    weights = resampled(5, draws=50, seed=2)
    for row, got in zip(weights.astype(int), metric_of(counts, f1)(weights), strict=True):
        taken = np.repeat(np.arange(5), row)
        tp, fp, fn = (column[taken].sum() for column in (counts.tp, counts.fp, counts.fn))
        assert got == pytest.approx(2 * tp / (2 * tp + fp + fn))


def test_resamples_have_the_size_of_the_sample():
    weights = resampled(7, draws=4000, seed=1)
    assert (weights.sum(axis=1) == 7).all()
    assert weights.mean(axis=0) == pytest.approx(1, abs=0.05)
    assert (resampled(7, draws=10, seed=1) == resampled(7, draws=10, seed=1)).all()
    assert (resampled(7, draws=10, seed=1) != resampled(7, draws=10, seed=2)).any()
    assert resampled(0, draws=3, seed=0).shape == (3, 0)


@pytest.mark.parametrize("method", METHODS)
def test_undefined_draws_are_left_out_and_counted(method):
    """Precision without any event is undefined.

    Only the first two of four participants have events.
    """
    counts = Tally(
        tp=np.array([1.0, 3, 0, 0]),
        fp=np.array([2.0, 1, 0, 0]),
        fn=np.ones(4),
        observed_s=np.ones(4),
    )
    value, found = bootstrap(
        metric_of(counts, precision), resampled(4, draws=20_000, seed=0), level=0.95, method=method
    )
    assert value == 4 / 7
    assert found.undefined == pytest.approx(1 / 2**4, abs=0.01)
    assert found.low == pytest.approx(1 / 3)
    assert found.high == pytest.approx(3 / 4)


@pytest.mark.parametrize("method", METHODS)
def test_where_no_interval_can_be_made(method):
    weights = resampled(1, draws=10, seed=0)
    _, one = bootstrap(metric_of(tally(1), f1), weights, level=0.95, method=method)
    assert math.isnan(one.low)
    assert one.clusters == 1
    nobody = metric_of(Tally.of([]), f1)
    value, none = bootstrap(nobody, resampled(0, draws=10, seed=0), level=0.95, method=method)
    assert math.isnan(value)
    assert math.isnan(none.high)
    assert none.undefined == 1


@pytest.mark.parametrize("method", METHODS)
def test_all_alike_has_no_width(method):
    same = Tally(tp=np.ones(5), fp=np.ones(5), fn=np.zeros(5), observed_s=np.ones(5))
    value, found = bootstrap(
        metric_of(same, f1), resampled(5, draws=100, seed=0), level=0.95, method=method
    )
    assert value == found.low == found.high


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"level": 95.0}, "between 0 and 1"),
        ({"method": "normal"}, "expanded, percentile, bca, got 'normal'"),
    ],
)
def test_what_cannot_be_used(asked, message):
    with pytest.raises(ConfigError, match=message):
        interval(0.5, np.ones(3), np.ones(3), **{"level": 0.95, "method": "bca", **asked})


def test_no_draws():
    with pytest.raises(ConfigError, match="got 0"):
        resampled(3, draws=0, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(("people", "with_annotations"), [(20, 5), (20, 8), (40, 8)])
def test_an_interval_rests_on_those_who_have_a_number(people, with_annotations):
    """Recall, where most people have no annotations: the true recall is held nine times in ten.

    Taken as of everybody the intervals hold it in 88.5, 92.4 and 92.1 % of 1000 studies.
    """
    rng = np.random.default_rng(5)
    none, held, held_as_of_all = np.zeros(people - with_annotations), 0, 0
    for number in range(400):
        annotations = rng.poisson(8, with_annotations) + 1
        tp = rng.binomial(annotations, 1 / (1 + np.exp(0.2 - rng.normal(size=with_annotations))))
        columns = [np.append(column, none) for column in (tp, annotations - tp)]
        tally = Tally(tp=columns[0], fp=np.ones(people), fn=columns[1], observed_s=np.ones(people))
        statistic = metric_of(tally, recall)
        weights = resampled(people, draws=600, seed=number)
        resting_on = with_a_number(statistic, people)
        assert resting_on == with_annotations
        how = {"level": 0.95, "method": "expanded"}
        _, of_them = bootstrap(statistic, weights, resting_on=resting_on, **how)
        _, of_all = bootstrap(statistic, weights, **how)
        assert (of_them.clusters, of_all.clusters) == (with_annotations, people)
        held += of_them.low <= 0.459 <= of_them.high
        held_as_of_all += of_all.low <= 0.459 <= of_all.high
    assert held / 400 >= 0.9
    assert held > held_as_of_all


def test_one_with_a_number_has_no_interval():
    tally = Tally(
        tp=np.array([2.0, 0, 0]), fp=np.ones(3), fn=np.array([2.0, 0, 0]), observed_s=np.ones(3)
    )
    statistic = metric_of(tally, recall)
    weights = resampled(3, draws=200, seed=0)
    value, found = bootstrap(
        statistic,
        weights,
        level=0.95,
        method="expanded",
        resting_on=with_a_number(statistic, 3),
    )
    assert value == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)
