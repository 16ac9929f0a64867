"""A detector chosen on a participant's other sessions, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ferbench.scoring.metrics import f1
from ferbench.scoring.participants.chosen_within import chosen_within
from ferbench.scoring.tally import Tally

ASKED = {"draws": 200, "seed": 0, "level": 0.95, "method": "percentile"}
OWNER = np.array([0, 0, 0, 1, 2, 2])


def cells(counts):
    tp, fp, fn = np.array(counts, np.float64)
    return Tally(tp=tp, fp=fp, fn=fn, observed_s=np.full(tp.shape, np.nan))


def score(tp, fp, fn):
    size = 2 * tp + fp + fn
    return 2 * tp / size if size else math.nan


def test_as_by_plain_loops():
    counts = np.random.default_rng(2).integers(0, 6, (3, 5, 6))
    between = np.array([4, 0, 2])
    found = chosen_within(cells(counts), OWNER, f1, chosen_between=between, **ASKED)
    within, others = np.zeros(3), np.zeros(3)
    for session, owner in enumerate(OWNER):
        rest = [k for k in range(6) if OWNER[k] == owner and k != session]
        if not rest:
            continue
        scores = [score(*counts[:, cell, rest].sum(axis=1)) for cell in range(5)]
        within += counts[:, int(np.argmax(scores)), session]
        others += counts[:, between[owner], session]
    assert found.value == pytest.approx(score(*within))
    assert found.between == pytest.approx(score(*others))
    several = [0, 1, 2, 4, 5]
    best = max(score(*counts[:, cell, several].sum(axis=1)) for cell in range(5))
    assert found.best == pytest.approx(best)
    assert (found.participants, found.left_out) == (2, 1)
    assert found.interval.low <= found.value <= found.interval.high


def test_nobody_with_several_sessions():
    counts = np.ones((3, 2, 3))
    owner, between = np.arange(3), np.zeros(3, np.int64)
    assert chosen_within(cells(counts), owner, f1, chosen_between=between, **ASKED) is None


def test_sessions_with_nothing_choose_nothing():
    """The second session is empty: nothing can be chosen for the first; for it, the first cell."""
    counts = np.zeros((3, 2, 2))
    counts[:, :, 0] = 1
    found = chosen_within(
        cells(counts), np.array([0, 0]), f1, chosen_between=np.array([-1]), **ASKED
    )
    assert math.isnan(found.value)
    assert math.isnan(found.between)
    assert found.best == 0.5
