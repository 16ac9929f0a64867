"""Recall over false alarms against arithmetic and scikit-learn."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from ferbench.errors import ConfigError
from ferbench.report.figures import PLAIN
from ferbench.report.statistics_files import write_statistics
from ferbench.report.statistics_text import summary
from ferbench.scoring.curves.froc import froc_levels, froc_of, recall_at, recall_at_rate
from ferbench.scoring.curves.threshold_curve import curve_of
from ferbench.scoring.matching.window import Window
from ferbench.scoring.numbers import numbers
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics import statistics
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.intervals import resampled
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Annotation

RATES = (0.1, 0.5, 1.0, 2.0)
HOW = {"pre_s": 0.5, "post_s": 5.0, "stamp": "trigger"}


def session_of(rows, onsets_s, *, name, minutes=10.0):
    """Rows are (below, up to, time)."""
    profile = ThresholdSweep.of([(low, up, at, at + 1, at) for low, up, at in rows])
    marks = tuple(Annotation(session_id=name, onset_s=t, offset_s=t) for t in sorted(onsets_s))
    return ScoredSession(
        session_id=name,
        participant=name,
        events=(),
        annotations=marks,
        observed=((0.0, 60.0 * minutes),) if minutes else (),
        profile=profile,
    )


def study(seed, *, participants=6, minutes=10.0):
    """Scores of hits are higher; windows are far apart and hold one event at most."""
    rng = np.random.default_rng(seed)
    sessions, labels, scores = [], [], []
    for who in range(participants):
        starts = np.arange(5.0, 60 * minutes - 10, 12.0)
        is_hit = rng.random(len(starts)) < 0.4
        score = rng.normal(is_hit * 0.8, 1.0)
        rows = [(-math.inf, each, at + 1) for each, at in zip(score, starts, strict=True)]
        sessions.append(session_of(rows, starts[is_hit], name=f"p{who}", minutes=minutes))
        labels += is_hit.tolist()
        scores += score.tolist()
    return sessions, np.array(labels), np.array(scores)


def test_equal_to_the_roc_curve_of_scikit_learn_where_each_event_is_a_hit_or_not():
    """Its true-positive rate is recall; its false positives per minute are the false alarms."""
    sessions, labels, scores = study(0)
    curve = curve_of(sessions, **HOW)
    fpr, tpr, level = roc_curve(labels, scores, drop_intermediate=False)
    per_min = fpr * (~labels).sum() / 60
    assert curve.level == pytest.approx(level[1:])
    rates = np.array([0.05, *RATES, 0.3, 3.0])
    expected = [tpr[per_min <= rate].max() for rate in rates]
    assert recall_at(curve.pooled(), rates) == pytest.approx(expected)
    froc = froc_of(curve, RATES, weights=None, confidence=0.95)
    assert froc.mean == pytest.approx(np.mean(expected[1:5]))
    at = [
        np.flatnonzero((per_min <= rate) & (tpr >= value))[0]
        for rate, value in zip(RATES, froc.recall, strict=True)
    ]
    assert froc.level == pytest.approx(level[at])
    assert froc.largest_per_min == pytest.approx(per_min.max())


LEVELS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 5), st.integers(0, 120)).map(
        lambda t: (t[0] / 10 if t[0] else -math.inf, (t[0] + t[1]) / 10, t[2] / 2)
    ),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(LEVELS, LEVELS, st.lists(st.integers(0, 60), min_size=1, max_size=5))
def test_the_largest_recall_of_all_thresholds(of_a, of_b, onsets):
    """Also where events end as the level sinks, so that false alarms become fewer."""
    sessions = [
        session_of(rows, map(float, onsets), name=name, minutes=1.0)
        for name, rows in (("a", of_a), ("b", of_b))
    ]
    curve = curve_of(sessions, **HOW)
    pooled = curve.pooled()
    rates = np.array([0.25, 0.5, 1.0, 2.5, 50.0])
    counts = list(zip(pooled.tp.tolist(), pooled.fp.tolist(), strict=True))
    expected = [
        max([tp / (2 * len(onsets)) for tp, fp in counts if fp / 2 <= rate], default=0.0)
        for rate in rates
    ]
    assert recall_at(pooled, rates) == pytest.approx(expected)
    everybody = np.ones((1, len(curve.participants)))
    for rate, value in zip(rates.tolist(), expected, strict=True):
        assert recall_at_rate(curve, [rate])(everybody)[0] == pytest.approx(value)
    assert set(froc_levels(curve)) <= set(curve.level)


def test_intervals_choose_thresholds_anew_in_each_draw():
    sessions, _, _ = study(1)
    curve = curve_of(sessions, **HOW)
    weights = resampled(6, draws=40, seed=0)
    fast = recall_at_rate(curve, RATES)(weights)
    for row, value in zip(weights, fast, strict=True):
        drawn = [each for each, times in zip(sessions, row, strict=True) for _ in range(int(times))]
        again = curve_of(drawn, **HOW)
        tally = again.pooled()
        assert value == pytest.approx(recall_at(tally, np.array(RATES)).mean())


def test_undefined_without_annotations_or_observed_time():
    nothing = curve_of([session_of([(0.0, 0.5, 3.0)], [], name="a")], **HOW)
    timeless = curve_of([session_of([(0.0, 0.5, 3.0)], [2.0], name="a", minutes=0)], **HOW)
    for curve in (nothing, timeless):
        froc = froc_of(curve, RATES, weights=None, confidence=0.95)
        assert np.isnan(froc.recall).all()
        assert math.isnan(froc.mean)
    tally = Tally(**{name: np.zeros((3, 0)) for name in ("tp", "fp", "fn", "observed_s")})
    assert recall_at(tally, np.array([1.0])).tolist() == [[0.0]] * 3


def test_numbers_files_and_a_sentence(tmp_path):
    sessions, _, _ = study(2)
    rules = StatisticsRules(draws=100, surrogates=20, false_alarm_rates_per_min=(0.5, 8.0))
    found = statistics(sessions, Window(), rules, annotators={})
    logged = numbers(found)
    at_rates = [logged[f"event/recall_at_{rate}_per_min"] for rate in ("0.5", "8")]
    assert logged["event/froc"] == pytest.approx(np.mean(at_rates))
    assert logged["event/froc.lo"] <= logged["event/froc"] <= logged["event/froc.hi"]
    assert logged["event/recall_at_0.5_per_min.lo"] <= at_rates[0]
    [line] = [
        line for line in summary(found, Window(), rules) if line.startswith("recall over false")
    ]
    assert (
        f"{at_rates[0]:.3f} at 0.5, {at_rates[1]:.3f} at 8; mean {logged['event/froc']:.3f} ["
        in line
    )
    assert "(the lowest threshold has " in line
    write_statistics(found, tmp_path, Window(), rules, pictures=None)
    with (tmp_path / "froc_rates.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["false_alarms_per_min"] for row in rows] == ["0.5", "8.0", "mean"]
    assert rows[0]["false_alarms_per_h"] == "30.0"
    assert float(rows[1]["recall"]) == pytest.approx(at_rates[1])
    assert float(rows[2]["low"]) == pytest.approx(logged["event/froc.lo"])
    assert not (tmp_path / "froc.png").exists()
    write_statistics(found, tmp_path, Window(), rules, pictures=PLAIN)
    assert (tmp_path / "froc.png").stat().st_size > 5000
    with (tmp_path / "froc.csv").open(encoding="utf-8") as stream:
        points = list(csv.DictReader(stream))
    assert len(points) == len(found.thresholds.curve.level)
    assert float(points[-1]["false_alarms_per_h"]) == pytest.approx(
        60 * float(points[-1]["false_alarms_per_min"])
    )
    assert {"froc_band.csv", "froc_chance.csv"} <= {path.name for path in tmp_path.iterdir()}


def test_rates_that_are_none_are_refused():
    for rates in ((), (0.0,), (0.5, 0.5), (math.inf,)):
        with pytest.raises(ConfigError, match="finite numbers above 0") as caught:
            StatisticsRules(false_alarm_rates_per_min=rates)
        assert caught.value.key == "false_alarm_rates_per_min"
