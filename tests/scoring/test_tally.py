"""Counts in columns against counts one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import DataError
from ferbench.scoring.metrics import count_formulas, f1, false_alarms_per_min, values_of
from ferbench.scoring.tally import Tally
from ferbench.types import Counts

numbers = st.integers(0, 20)
some_counts = st.builds(
    lambda tp, fp, fn, observed_s: Counts(
        tp=tp, fp=fp, fn=fn, n_ref=tp + fn, observed_s=observed_s, valid_s=0.0
    ),
    *(numbers, numbers, numbers, st.sampled_from([0.0, 30.0, 90.0])),
)


def plain(c):
    """The metrics by their definitions."""
    p = c.tp / (c.tp + c.fp) if c.tp + c.fp else np.nan
    r = c.tp / c.n_ref if c.n_ref else np.nan
    both = np.nan if c.tp + c.fp + c.fn == 0 else (2 * p * r / (p + r) if c.tp else 0.0)
    rate = c.fp / (c.observed_s / 60) if c.observed_s else np.nan
    return {"precision": p, "recall": r, "f1": both, "false_alarms_per_min": rate}


@given(st.lists(some_counts, max_size=8))
def test_columns_are_the_same_as_one_by_one(counts):
    tally = Tally.of(counts)
    for name, formula in count_formulas().items():
        expected = [plain(c)[name] for c in counts]
        assert formula(tally) == pytest.approx(np.array(expected, float), nan_ok=True)
    for c in counts:
        assert values_of(c) == pytest.approx(plain(c), nan_ok=True)


def test_f1_equals_sklearn_on_labels():
    """F1, precision and recall of tp, fp, fn as those of a list of labels."""
    from sklearn.metrics import precision_recall_fscore_support

    rng = np.random.default_rng(0)
    for tp, fp, fn in rng.integers(1, 30, (50, 3)):
        truth, found = [1] * (tp + fn) + [0] * fp, [1] * tp + [0] * fn + [1] * fp
        expected = precision_recall_fscore_support(truth, found, average="binary")[:3]
        got = values_of(Counts(tp=tp, fp=fp, fn=fn, n_ref=tp + fn, observed_s=1.0, valid_s=1.0))
        assert [got["precision"], got["recall"], got["f1"]] == pytest.approx(expected)


@given(st.lists(st.tuples(some_counts, st.integers(0, 3)), min_size=1, max_size=8))
def test_weights_are_repetitions(rows):
    counts, times = zip(*rows, strict=True)
    written_out = [c for c, n in rows for _ in range(n)]
    total = sum(written_out, Counts(tp=0, fp=0, fn=0, n_ref=0, observed_s=0.0, valid_s=0.0))
    weighted = Tally.of(counts).weighted(np.array(times, float))
    values = {name: float(formula(weighted)) for name, formula in count_formulas().items()}
    assert values == pytest.approx(values_of(total), nan_ok=True)


def test_grouped_and_joined():
    tally = Tally.of(
        Counts(tp=n, fp=0, fn=n, n_ref=2 * n, observed_s=10.0 * n, valid_s=0.0) for n in (1, 2, 4)
    )
    groups = tally.grouped(np.array([2, 0, 2]), 4)
    assert groups.tp.tolist() == [2, 0, 5, 0]
    assert groups.observed_s.tolist() == [20, 0, 50, 0]
    assert Tally.joined((tally, groups)).fn.tolist() == [1, 2, 4, 2, 0, 5, 0]


def test_unknown_seconds_make_a_rate_unknown_and_nothing_else():
    tally = Tally(tp=np.ones(2), fp=np.ones(2), fn=np.ones(2), observed_s=np.array([60.0, np.nan]))
    total = tally.weighted(np.ones(2))
    assert np.isnan(false_alarms_per_min(total))
    assert f1(total) == 0.5


def test_columns_of_different_shape_are_refused():
    with pytest.raises(DataError, match=r"\(2,\)"):
        Tally(tp=np.ones(2), fp=np.ones(1), fn=np.ones(2), observed_s=np.ones(2))
