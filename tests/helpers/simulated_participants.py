"""Simulated participants with a known truth, to measure how often intervals of confidence hold it.

``python tests/helpers/simulated_participants.py`` prints the table that stands in
``ferbench.scoring.uncertainty.coverage``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np

from ferbench.scoring.metrics import count_formulas, headline
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.coverage import LEVEL, PARTICIPANTS
from ferbench.scoring.uncertainty.intervals import (
    METHODS,
    interval,
    resampled,
    with_a_number,
)

NAMES = tuple(metric.name for metric in headline())


@dataclass(frozen=True)
class Sample:
    """Counts of participants and the lags of their matches, one after the other."""

    tally: Tally
    lags_s: np.ndarray

    def own_lags_s(self):
        return np.split(self.lags_s, np.cumsum(self.tally.tp).astype(int)[:-1])


def sample(number: int, rng: np.random.Generator) -> Sample:
    """Participants with 1 to 3 sessions of half an hour and about 6 annotations each.

    One trait (how much a participant shows) raises recall (about 46 % on average, 10 to 85 %) and
    false alarms (about 0.15 per minute, spread over a factor of four between participants). Lags
    are log-normal around 1.6 s, with participants who are slower.
    """
    sessions = rng.integers(1, 4, number)
    annotations = rng.poisson(6.0 * sessions)
    shows = rng.normal(size=number)
    recall = 1 / (1 + np.exp(0.2 - shows))
    alarms_per_min = 0.12 * np.exp(0.7 * (0.5 * shows + np.sqrt(0.75) * rng.normal(size=number)))
    tp = rng.binomial(annotations, recall)
    fp = rng.poisson(alarms_per_min * 30 * sessions)
    slower = np.repeat(0.3 * rng.normal(size=number), tp)
    lags_s = 1.6 * np.exp(slower + 0.5 * rng.normal(size=tp.sum()))
    columns = (column.astype(np.float64) for column in (tp, fp, annotations - tp, 1800 * sessions))
    tally = Tally(**dict(zip(("tp", "fp", "fn", "observed_s"), columns, strict=True)))
    return Sample(tally=tally, lags_s=lags_s)


@cache
def truth(number: int = 4_000_000) -> dict[str, float]:
    """Every metric of so many participants that chance no longer matters."""
    everybody = sample(number, np.random.default_rng(0))
    total = everybody.tally.weighted(np.ones(number))
    known = {name: float(formula(total)) for name, formula in count_formulas().items()}
    return {**known, "latency_s": float(np.median(everybody.lags_s))}


def covered(
    number: int, samples: int, *, draws: int = 2000, seed: int = 1
) -> dict[str, dict[str, float]]:
    """Share of the intervals of so many samples of participants that hold the truth, by metric and
    method.
    """
    known = truth()
    rng = np.random.default_rng([seed, number])
    hits = {name: dict.fromkeys(METHODS, 0) for name in NAMES}
    everybody, without = np.ones((1, number)), 1 - np.eye(number)
    for number_of_sample in range(samples):
        seen = sample(number, rng)
        lags_s = seen.own_lags_s()
        statistics = {metric.name: metric.statistic(seen.tally, lags_s) for metric in headline()}
        weights = resampled(number, draws=draws, seed=number_of_sample)
        for name, statistic in statistics.items():
            value, replicates, left_out = (statistic(w) for w in (everybody, weights, without))
            resting_on = with_a_number(statistic, number)
            for method in METHODS:
                found = interval(
                    float(value[0]),
                    replicates,
                    left_out,
                    level=LEVEL,
                    method=method,
                    resting_on=resting_on,
                )
                hits[name][method] += found.low <= known[name] <= found.high
    return {name: {method: n / samples for method, n in of.items()} for name, of in hits.items()}


def table(samples: int) -> dict[str, dict[str, tuple[float, ...]]]:
    """Coverage for all numbers of participants, rounded to a thousandth."""
    each = [covered(number, samples) for number in PARTICIPANTS]
    return {
        name: {method: tuple(round(of[name][method], 3) for of in each) for method in METHODS}
        for name in NAMES
    }


if __name__ == "__main__":
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 4000
    lines = [
        "    " + f'"{name}": {{' + ", ".join(f'"{m}": {v}' for m, v in of.items()) + "},"
        for name, of in table(samples).items()
    ]
    sys.stdout.write("\n".join(lines) + "\n")
