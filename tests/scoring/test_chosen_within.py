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


def test_a_session_is_scored_where_the_others_have_annotations():
    """Session 0 is left out everywhere, as 1 has none; so is 3, as 2 has none."""
    tp = np.array([[2, 0, 0, 1], [0, 0, 0, 2]])
    fp = np.array([[0, 0, 0, 3], [5, 4, 0, 0]])
    fn = np.array([[0, 0, 0, 1], [2, 0, 0, 0]])
    owner = np.array([0, 0, 1, 1])
    asked = {"chosen_between": np.array([1, 1]), **ASKED}
    found = chosen_within(cells([tp, fp, fn]), owner, f1, **asked)
    # Session 1 by the cell that is best on session 0, session 2 by that of session 3.
    assert (found.participants, found.left_out) == (2, 0)
    counts = [tp[0, 1] + tp[1, 2], fp[0, 1] + fp[1, 2], fn[0, 1] + fn[1, 2]]
    assert math.isnan(score(*counts))
    assert math.isnan(found.value)
    assert found.between == score(0, 4, 0) == 0
    only_a = chosen_within(
        cells([tp[:, :2], fp[:, :2], fn[:, :2]]),
        owner[:2],
        f1,
        chosen_between=np.array([1]),
        **ASKED,
    )
    assert (only_a.participants, only_a.between) == (1, 0)
    nothing = np.zeros((3, 2, 2))
    nothing[1] = 1
    assert (
        chosen_within(
            cells(nothing), owner[:2], f1, chosen_between=asked["chosen_between"][:1], **ASKED
        )
        is None
    )
