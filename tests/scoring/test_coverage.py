"""Coverage of the intervals: what the package tells about it is what the simulation gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ferbench.scoring.uncertainty.coverage import MEASURED, PARTICIPANTS, measured_coverage
from ferbench.scoring.uncertainty.intervals import METHODS
from helpers.simulated_participants import NAMES, covered, sample, truth

SAMPLES = 200


def test_every_metric_and_method_was_measured():
    assert tuple(MEASURED) == NAMES
    assert all(set(of) == set(METHODS) for of in MEASURED.values())
    assert all(
        len(shares) == len(PARTICIPANTS) for of in MEASURED.values() for shares in of.values()
    )
    every = [share for of in MEASURED.values() for shares in of.values() for share in shares]
    assert min(every) >= 0.8
    assert max(every) < 0.95


def test_intervals_hold_what_they_say_from_40_participants_on():
    at_40, at_100 = PARTICIPANTS.index(40), PARTICIPANTS.index(100)
    assert all(shares[at] >= 0.93 for shares in MEASURED["f1"].values() for at in (at_40, at_100))
    for name, of in MEASURED.items():
        assert of["expanded"][at_100] >= 0.93
        # Skewed rates need more participants.
        assert of["expanded"][at_40] >= (0.925 if name == "false_alarms_per_min" else 0.93)
        assert all(
            of["expanded"][k] > of[method][k]
            for method in ("percentile", "bca")
            for k in range(at_100)
        )


def test_the_nearest_smaller_number_of_participants_is_told():
    shares = MEASURED["f1"]["bca"]
    assert [measured_coverage("f1", "bca", n, level=0.95) for n in (5, 6, 9, 10, 39, 40, 5000)] == [
        None,
        *((6, shares[0]),) * 2,
        (10, shares[1]),
        (20, shares[2]),
        (40, shares[3]),
        (100, shares[4]),
    ]
    assert measured_coverage("f1", "bca", 40, level=0.9) is None
    assert measured_coverage("kappa", "bca", 40) is None


def test_the_truth_is_that_of_the_population():
    """Without dependence between traits the shares would be plain.

    With it they lie near what the description says.
    """
    known = truth(200_000)
    seen = sample(200_000, np.random.default_rng(1))
    assert known["recall"] == pytest.approx(0.46, abs=0.01)
    assert known["false_alarms_per_min"] == pytest.approx(0.15, abs=0.01)
    assert known["latency_s"] == pytest.approx(1.6, rel=0.02)
    assert len(seen.lags_s) == seen.tally.tp.sum() == sum(map(len, seen.own_lags_s()))


@pytest.mark.slow
@pytest.mark.parametrize("number", PARTICIPANTS)
def test_coverage_of_simulated_participants(number, record_property):
    """The stored table is met (3.5 standard errors)."""
    measured = covered(number, SAMPLES, seed=2)
    for name, of in measured.items():
        for method, share in of.items():
            stored = MEASURED[name][method][PARTICIPANTS.index(number)]
            record_property(f"{number} {name} {method}", share)
            assert abs(share - stored) <= 3.5 * math.sqrt(stored * (1 - stored) / SAMPLES), (
                name,
                method,
            )
