"""Paired comparison against all swaps written out, against SciPy, and calibrated on detectors that
do not differ.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import ConfigError
from ferbench.scoring.metrics import f1, false_alarms_per_min, precision
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.intervals import interval, resampled
from ferbench.scoring.uncertainty.paired import EXACT_UP_TO, compare_counts, holm_adjusted
from ferbench.scoring.uncertainty.paired_runs import in_common, paired, values_on
from ferbench.types import Counts, CountsRow

ASKED = {"draws": 500, "seed": 0, "level": 0.95, "method": "percentile"}


def tally(rng, people, recall=0.5):
    n, fp = rng.integers(3, 9, people), rng.integers(0, 5, people)
    tp = rng.binomial(n, recall)
    return columns(tp, fp, n - tp)


def columns(tp, fp, fn):
    tp, fp, fn = (np.asarray(c, float) for c in (tp, fp, fn))
    return Tally(tp=tp, fp=fp, fn=fn, observed_s=np.full(len(tp), 60.0))


def plain_f1(rows):
    tp, fp, fn = np.sum(rows, axis=0)
    return 2 * tp / (2 * tp + fp + fn)


def rows_of(t):
    return list(zip(t.tp, t.fp, t.fn, strict=True))


def by_hand(first, other):
    """F1 of the other less that of the first, in each of the 2**n swaps."""
    one, two = rows_of(first), rows_of(other)
    result = []
    for swap in itertools.product((False, True), repeat=len(one)):
        a = [y if s else x for x, y, s in zip(one, two, swap, strict=True)]
        b = [x if s else y for x, y, s in zip(one, two, swap, strict=True)]
        result.append(plain_f1(b) - plain_f1(a))
    return np.array(result)


def test_all_swaps_by_hand():
    rng = np.random.default_rng(0)
    for people in (1, 2, 7):
        first, others = (
            tally(rng, people),
            [tally(rng, people, 0.7), tally(rng, people, 0.2), tally(rng, people)],
        )
        found = compare_counts(first, others, f1, **ASKED)
        swaps = np.abs([by_hand(first, other) for other in others])
        real = swaps[:, 0]
        p = (swaps >= real[:, None] - 1e-12).mean(axis=1)
        assert [d.value for d in found] == pytest.approx(
            [by_hand(first, other)[0] for other in others]
        )
        assert [d.p for d in found] == pytest.approx(list(p))
        assert [d.p_max for d in found] == pytest.approx(
            [(swaps.max(axis=0) >= r - 1e-12).mean() for r in real]
        )
        assert [d.p_holm for d in found] == pytest.approx(holm_adjusted(p))
        assert all(d.exact and d.swaps == 2 ** (people - 1) for d in found)


def test_interval_of_a_difference_by_hand():
    rng = np.random.default_rng(1)
    first, other = tally(rng, 6), tally(rng, 6, 0.8)
    (found,) = compare_counts(first, [other], f1, **ASKED)
    one, two = rows_of(first), rows_of(other)
    drawn = []
    for weights in resampled(6, draws=500, seed=0).astype(int):
        taken = np.repeat(np.arange(6), weights)
        drawn.append(plain_f1([two[k] for k in taken]) - plain_f1([one[k] for k in taken]))
    assert (found.interval.low, found.interval.high) == pytest.approx(
        tuple(np.quantile(drawn, [0.025, 0.975]))
    )


def test_the_corrected_interval_leaves_out_each_participant_in_turn():
    rng = np.random.default_rng(5)
    first, other = tally(rng, 9), tally(rng, 9, 0.8)
    (found,) = compare_counts(first, [other], f1, **{**ASKED, "method": "bca"})
    one, two = np.array(rows_of(first)), np.array(rows_of(other))

    def difference(taken):
        return plain_f1(two[taken]) - plain_f1(one[taken])

    everybody = np.arange(9)
    drawn = [
        difference(np.repeat(everybody, weights))
        for weights in resampled(9, draws=500, seed=0).astype(int)
    ]
    left_out = [difference(np.delete(everybody, k)) for k in everybody]
    expected = interval(
        difference(everybody), np.array(drawn), np.array(left_out), level=0.95, method="bca"
    )
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))


def test_equal_to_scipys_permutation_test():
    rng = np.random.default_rng(2)
    first, other = tally(rng, 7), tally(rng, 7, 0.8)

    def difference(tp, fp, fn, tp2, fp2, fn2):
        return plain_f1([(tp2.sum(), fp2.sum(), fn2.sum())]) - plain_f1(
            [(tp.sum(), fp.sum(), fn.sum())]
        )

    # SciPy swaps single numbers between samples, so a participant's counts travel as one index.
    one, two = np.array(rows_of(first)), np.array(rows_of(other))
    both = np.concatenate([one, two])

    def of_index(x, y):
        return difference(*both[x.astype(int)].T, *both[y.astype(int)].T)

    expected = scipy.stats.permutation_test(
        (np.arange(7), np.arange(7, 14)), of_index, permutation_type="samples", n_resamples=np.inf
    )
    (found,) = compare_counts(first, [other], f1, **ASKED)
    assert found.value == pytest.approx(expected.statistic)
    # SciPy doubles the smaller tail; swaps are symmetric, so this is the same.
    assert found.p == pytest.approx(expected.pvalue)


def test_many_participants_are_swapped_at_random():
    rng = np.random.default_rng(3)
    people = EXACT_UP_TO + 8
    first, other = tally(rng, people, 0.4), tally(rng, people, 0.6)
    (found,) = compare_counts(first, [other], f1, **{**ASKED, "draws": 20_000})
    assert not found.exact
    assert found.swaps == 20_000
    assert found.least_p == 1 / 20_001
    assert 1 / 20_001 <= found.p < 0.05
    (null,) = compare_counts(first, [first], f1, **ASKED)
    assert null.p == null.p_max == 1


def test_detectors_that_do_not_differ():
    """P(p <= a) is at most about a, and the smallest corrected p of a sweep too."""
    single, swept, holm = [], [], []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        shows = rng.beta(2, 2, 9)
        first, *others = (tally(rng, 9, shows) for _ in range(6))
        found = compare_counts(first, others, f1, **{**ASKED, "draws": 10})
        single.append(found[0].p)
        swept.append(min(d.p_max for d in found))
        holm.append(min(d.p_holm for d in found))
        assert all(d.p <= d.p_max + 1e-12 and d.p <= d.p_holm + 1e-12 for d in found)
    for level in (0.05, 0.1):
        assert np.mean(np.array(single) <= level) <= level + 0.03
        assert np.mean(np.array(swept) <= level) <= level + 0.03
        assert np.mean(np.array(holm) <= level) <= level + 0.03
    assert np.mean(single) == pytest.approx(0.5, abs=0.06)


def test_the_smallest_p_of_few_participants():
    """One detector finds all, the other nothing.

    Of eight swaps of three people, two are as large.
    """
    nothing, all_of_it = columns([0] * 3, [1] * 3, [4] * 3), columns([4] * 3, [0] * 3, [0] * 3)
    (found,) = compare_counts(nothing, [all_of_it], f1, **ASKED)
    assert found.value == 1
    assert found.p == found.least_p == 2 / 8


def test_a_number_that_does_not_exist():
    """The third detector finds nothing, so it has no precision.

    It spoils neither Holm's nor the largest difference.
    """
    rng = np.random.default_rng(4)
    first, other = tally(rng, 6), tally(rng, 6, 0.9)
    silent = columns(np.zeros(6), np.zeros(6), np.full(6, 5))
    alone, nothing = compare_counts(first, [other, silent], precision, **ASKED)
    assert all(
        math.isnan(x)
        for x in (nothing.value, nothing.p, nothing.p_holm, nothing.p_max, nothing.interval.low)
    )
    (without,) = compare_counts(first, [other], precision, **ASKED)
    assert (alone.p_holm, alone.p_max) == (without.p_holm, without.p_max) == (alone.p, alone.p)


def test_undefined_swaps_count_as_large():
    """Each detector has events of one participant.

    In half of the swaps one of them has none, so no precision.
    """
    first, other = columns([2, 0], [1, 0], [1, 1]), columns([0, 3], [0, 0], [1, 1])
    (found,) = compare_counts(first, [other], precision, **ASKED)
    assert found.undefined == 0.5
    assert found.p == 1


@given(st.lists(st.one_of(st.floats(0, 1), st.just(math.nan)), max_size=12))
def test_holm_by_its_definition(p):
    found = holm_adjusted(p)
    known = sorted(x for x in p if not math.isnan(x))
    for x, got in zip(p, found, strict=True):
        if math.isnan(x):
            assert math.isnan(got)
        else:
            expected = max((len(known) - k) * y for k, y in enumerate(known) if y <= x)
            # Ties: the largest factor of the equal ones counts for all.
            assert got == pytest.approx(min(1, expected))


def row(session, participant, tp, fp, fn, threshold=0.5, post_s=5.0):
    counts = Counts(tp=tp, fp=fp, fn=fn, n_ref=tp + fn, observed_s=60.0, valid_s=60.0)
    return CountsRow(
        session_id=session,
        participant=participant,
        threshold=threshold,
        pre_s=0.5,
        post_s=post_s,
        counts=counts,
        annotations_sha="",
    )


FIRST = [
    row("a1", "a", 1, 2, 3),
    row("b1", "b", 0, 1, 2),
    row("a2", "a", 2, 0, 0),
    row("x", "", 1, 1, 1),
]
SECOND = [
    row("x", "", 2, 1, 0),
    row("a2", "a", 2, 2, 0),
    row("b1", "b", 2, 1, 0),
    row("a1", "a", 2, 2, 2),
]


def test_stored_counts_are_compared_by_participant():
    found = paired(FIRST, [SECOND], **ASKED)
    assert list(found)[:4] == ["precision", "recall", "f1", "false_alarms_per_min"]
    # Participants a (two sessions), b, and session x, which stands for itself.
    first, second = (
        columns([3, 0, 1], [2, 1, 1], [3, 2, 1]),
        columns([4, 2, 2], [4, 1, 1], [2, 0, 0]),
    )
    assert found["f1"] == compare_counts(first, [second], f1, **ASKED)
    assert found["f1"][0].interval.clusters == 3
    assert found["false_alarms_per_min"][0].value == pytest.approx((6 - 4) / 4)


def test_means_over_participants_are_compared_too():
    """a has F1 6/11 and 8/14, b 0 and 4/5, x 1/2 and 4/5."""
    [found] = paired(FIRST, [SECOND], **ASKED)["f1_macro"]
    of_first, of_second = (6 / 11 + 0 + 2 / 4) / 3, (8 / 14 + 4 / 5 + 4 / 5) / 3
    values = values_on([FIRST, SECOND])
    assert values.by_name["f1_macro"] == pytest.approx((of_first, of_second))
    assert values.by_name["f1"][0] == pytest.approx(8 / (8 + 4 + 6))
    assert values.left_out["f1_macro"] == 0
    assert found.value == pytest.approx(of_second - of_first)
    own = np.array([8 / 14 - 6 / 11, 4 / 5, 4 / 5 - 2 / 4]) / 3
    signs = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1]])
    assert found.p == np.mean(np.abs(signs @ own) >= own.sum() - 1e-12)


def test_a_mean_is_over_those_who_have_a_number_in_every_run():
    """x has no events in another run, so no precision; in the first it has 1/2."""
    silent = [row("a1", "a", 1, 1, 3), row("a2", "a", 1, 0, 0), row("b1", "b", 1, 0, 1)]
    silent.append(row("x", "", 0, 0, 2))
    values = values_on([FIRST, silent])
    assert values.left_out["precision_macro"] == 1
    assert values.by_name["precision_macro"] == pytest.approx(((3 / 5 + 0) / 2, (2 / 3 + 1) / 2))
    [found] = paired(FIRST, [silent], **ASKED)["precision_macro"]
    assert found.value == pytest.approx((2 / 3 + 1) / 2 - 0.3)
    without = [[each for each in run if each.session_id != "x"] for run in (FIRST, silent)]
    assert [found] == list(paired(without[0], [without[1]], **ASKED)["precision_macro"])
    assert (found.swaps, found.least_p, found.interval.clusters) == (2, 1 / 2, 2)


def test_who_has_no_number_is_neither_drawn_nor_swapped():
    """Recall is that of those with annotations; with three of them no p is below 1/4."""
    more = [row(f"n{k}", f"n{k}", 0, k, 0) for k in range(5)]
    some = paired(FIRST, [SECOND], **ASKED)
    found = paired([*FIRST, *more], [[*SECOND, *more]], **ASKED)
    assert found["recall"] == some["recall"]
    assert found["recall"][0].least_p == 1 / 4
    # Their false alarms are a part of F1 and of precision: n0 has none.
    assert found["precision"][0].interval.clusters == 7
    assert found["false_alarms_per_min"][0].interval.clusters == 8


def test_a_mean_that_nobody_has_in_both_runs_is_undefined():
    nobody = [row(name, owner, 0, 0, 3) for name, owner in (("a1", "a"), ("b1", "b"))]
    some = [row("a1", "a", 1, 1, 3), row("b1", "b", 1, 1, 3)]
    [found] = paired(some, [nobody], **ASKED)["precision_macro"]
    assert math.isnan(found.value)
    assert math.isnan(found.p)
    assert math.isnan(found.interval.low)
    assert math.isnan(found.least_detectable)
    assert math.isnan(values_on([some, nobody]).by_name["precision_macro"][0])


def test_false_alarms_go_by_observed_time():
    (found,) = paired(FIRST, [SECOND], **ASKED, formulas={"fa": false_alarms_per_min})["fa"]
    assert found.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("others", "message"),
    [
        (SECOND[:3], "1 on one side only, the first: 'a1'"),
        (
            [*SECOND[:3], row("a1", "b", 2, 2, 2)],
            "'a1' is of participant 'a' in one run and of 'b'",
        ),
        ([*SECOND, row("a1", "a", 2, 2, 2, post_s=1.0)], "5 rows of 4 sessions .*1.0"),
    ],
)
def test_runs_that_cannot_be_compared(others, message):
    with pytest.raises(ConfigError, match=message):
        paired(FIRST, [others], **ASKED)


def test_sessions_in_common():
    kept, dropped = in_common([FIRST, SECOND[:3], [*SECOND, row("z", "z", 1, 1, 1)]])
    assert [sorted(r.session_id for r in rows) for rows in kept] == [["a2", "b1", "x"]] * 3
    assert dropped == ("a1", "z")
    assert in_common([]) == ([], ())
    paired(kept[0], kept[1:], **ASKED)


def test_different_numbers_of_participants():
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match=r"\[3, 4\]"):
        compare_counts(tally(rng, 3), [tally(rng, 4)], f1, **ASKED)


def test_nothing_to_compare_with():
    assert compare_counts(Tally.of([]), [], f1, **ASKED) == ()
    (found,) = compare_counts(Tally.of([]), [Tally.of([])], f1, **ASKED)
    assert math.isnan(found.p)
