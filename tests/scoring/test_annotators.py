"""Agreement between annotators.

Against scikit-learn, krippendorff, a walk over units of time, and numbers by hand.
"""

from __future__ import annotations

import math
import warnings
from itertools import combinations

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from ferbench.errors import ConfigError
from ferbench.scoring.agreement.alignment import aligned, event_kappa, event_table
from ferbench.scoring.agreement.annotators import (
    compare,
    pairwise,
    segment_shares,
    together,
    values,
)
from ferbench.scoring.agreement.coded_intervals import (
    CodedInterval,
    intervals_by_annotator,
    of_annotations,
    of_detector,
    without_codes,
)
from ferbench.scoring.agreement.kappa import (
    COEFFICIENTS,
    ContingencyTable,
    ac1,
    alpha,
    kappa,
    negative_agreement,
    pabak,
    positive_agreement,
)
from ferbench.scoring.agreement.one_session import UNIT_S
from ferbench.scoring.agreement.rules import AgreementRules
from ferbench.scoring.agreement.segments import PairCounts, pair_counts
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.scored_session import ScoredSession
from ferbench.types import Annotation, Event

RULES = AgreementRules(tolerance_s=0.3)
UNITS = 60  # of a tenth of a second


def counted(both, first_only, second_only, neither):
    return ContingencyTable.rows(np.array([(both, first_only, second_only, neither)]))


# --- four cells


def test_the_paradox_of_kappa_by_hand():
    """Feinstein & Cicchetti's example: the same observed agreement of 0.85, and two kappas."""
    even, rare = counted(40, 9, 6, 45), counted(80, 10, 5, 5)
    assert [round(float(kappa(c)[0]), 2) for c in (even, rare)] == [0.70, 0.32]
    assert [round(float(pabak(c)[0]), 2) for c in (even, rare)] == [0.70, 0.70]
    assert round(float(ac1(rare)[0]), 2) == 0.81
    assert float(positive_agreement(rare)[0]) == pytest.approx(160 / 175)
    assert float(negative_agreement(rare)[0]) == pytest.approx(10 / 25)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 50)] * 4), min_size=1, max_size=6))
def test_kappa_equals_scikit_learn(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = [
            cohen_kappa_score([1, 1, 0, 0], [1, 0, 1, 0], sample_weight=row)
            if sum(row)
            else math.nan
            for row in rows
        ]
    got = kappa(ContingencyTable.rows(np.array(rows)))
    assert got == pytest.approx(wanted, abs=1e-9, nan_ok=True)


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 50)] * 4), min_size=1, max_size=6))
def test_ac1_and_pabak_equal_their_definitions_for_any_classes(rows):
    """Gwet 2008: pe = sum of q (1 - q) / (K - 1) over the classes.

    Bennett's S = (K po - 1) / (K - 1) for two.
    """
    for row, got_ac1, got_pabak in zip(
        rows,
        ac1(ContingencyTable.rows(np.array(rows))),
        pabak(ContingencyTable.rows(np.array(rows))),
        strict=True,
    ):
        total = sum(row)
        if not total:
            assert math.isnan(got_ac1)
            assert math.isnan(got_pabak)
            continue
        po = (row[0] + row[3]) / total
        shares = [
            (2 * row[0] + row[1] + row[2]) / 2 / total,
            (2 * row[3] + row[1] + row[2]) / 2 / total,
        ]
        pe = sum(q * (1 - q) for q in shares) / (2 - 1)
        assert got_ac1 == pytest.approx((po - pe) / (1 - pe), abs=1e-12)
        assert got_pabak == pytest.approx((2 * po - 1) / (2 - 1), abs=1e-12)


@pytest.mark.parametrize("row", [(0, 0, 0, 0), (5, 0, 0, 0), (0, 0, 0, 5)])
def test_undefined_is_nan(row):
    assert math.isnan(kappa(counted(*row))[0])
    defined = {
        name for name, measure in COEFFICIENTS.items() if not math.isnan(measure(counted(*row))[0])
    }
    if not sum(row):
        assert defined == set()
    else:
        absent = {"positive_agreement", "overlap_ratio"} if row[3] else {"negative_agreement"}
        assert defined == set(COEFFICIENTS) - {"kappa"} - absent


def test_agreement_on_nothing_but_chance_is_about_zero():
    rng = np.random.default_rng(5)
    one, two = rng.random((2, 200_000)) < 0.2
    found = ContingencyTable.of([pair_counts(one.astype(np.int64), two.astype(np.int64))])
    assert abs(float(kappa(found)[0])) < 0.01
    assert float(ac1(found)[0]) > 0.4  # AC1 takes chance to be small where a class is rare


def test_a_table_of_segments():
    assert ContingencyTable.of(
        [PairCounts(both=1, first_only=2, second_only=3, neither=4, unpaired=9)]
    ).total.tolist() == [10]


# --- time

spans = st.lists(st.tuples(st.integers(0, UNITS - 1), st.integers(1, 12)), max_size=5)
observed_units = st.sampled_from(
    [[(0, UNITS)], [(5, 30)], [(0, 20), (23, 50)], [(10, 20), (20, 40), (41, 60)]]
)


def marked(intervals, code=""):
    return {"s": tuple(CodedInterval(a / 10, a / 10, (a + n) / 10, code) for a, n in intervals)}


def by_unit(intervals):
    says = np.zeros(UNITS + 12, np.int64)
    for start, length in intervals:
        says[start : start + length] = 1
    return says


@settings(max_examples=300, deadline=None)
@given(spans, spans, observed_units, st.integers(0, 6))
def test_time_equals_a_walk_over_units(first, second, observed, tolerance):
    one, two = by_unit(first), by_unit(second)
    joined = (
        [(10, 40), (41, 60)] if len(observed) == 3 else observed
    )  # stretches that touch are one
    wanted = np.zeros((3, 4))
    for start, stop in joined:
        for i in range(start, stop):
            near = slice(max(start, i - tolerance), min(stop, i + tolerance + 1))
            seen_two = one[i] if one[i] in two[near] else two[i]
            seen_one = two[i] if two[i] in one[near] else one[i]
            for row, (a, b) in enumerate(
                [(one[i], two[i]), (one[i], seen_two), (seen_one, two[i])]
            ):
                wanted[row, (1 - a) * 2 + (1 - b)] += 1
    stretches = {"s": [(a / 10, b / 10) for a, b in observed]}
    rules = AgreementRules(tolerance_s=tolerance / 10)
    pair = compare("a", marked(first), "b", marked(second), stretches, rules, pre_s=1, post_s=1)
    for found, row in zip(
        (pair.time, pair.tolerant_first, pair.tolerant_second), wanted, strict=True
    ):
        got = [found.both, found.first_only, found.second_only, found.neither]
        assert np.concatenate(got) * 10 == pytest.approx(row, abs=1e-6)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.none(), spans), min_size=2, max_size=4), observed_units)
def test_alpha_equals_krippendorff(annotators, observed):
    watched = np.concatenate([np.arange(a, b) for a, b in observed])
    units = np.array(
        [
            np.full(len(watched), np.nan) if own is None else by_unit(own)[watched].astype(float)
            for own in annotators
        ]
    )
    found = {str(i): {} if own is None else marked(own) for i, own in enumerate(annotators)}
    group = together(found, {"s": [(a / 10, b / 10) for a, b in observed]}, RULES)
    got = float(alpha(group.coincidences.weighted(np.ones(len(group.sessions)))))
    said = units[:, (~np.isnan(units)).sum(axis=0) >= 2]
    if len(set(said[~np.isnan(said)])) < 2:
        assert math.isnan(got)
    else:
        assert got == pytest.approx(
            krippendorff.alpha(reliability_data=units, level_of_measurement="nominal"), abs=1e-6
        )
    assert UNIT_S == 0.1


def test_alpha_leaves_out_sessions_that_one_watched_alone():
    a = {"s": (CodedInterval(1, 1, 2),), "t": (CodedInterval(1, 1, 2),)}
    group = together(
        {"a": a, "b": {"s": (CodedInterval(1, 1, 2),)}},
        {"s": [(0, 10)], "t": [(0, 10)], "u": [(0, 9)]},
        RULES,
    )
    assert group.sessions == ("s",)
    assert float(alpha(group.coincidences.weighted(np.ones(1)))) == 1


def test_points_need_an_extent():
    points, rows = {"s": (CodedInterval(2, 2, 2),)}, {"s": (CodedInterval(2, 2, 4),)}
    observed = {"s": [(0.0, 10.0)]}
    pair = compare("a", points, "b", rows, observed, AgreementRules(), pre_s=1, post_s=1)
    found = values(pair)
    assert pair.without_extent == 1
    assert all(math.isnan(value) for name, value in found.items() if name.startswith("time/"))
    assert found["event/positive_agreement"] == 1
    assert math.isnan(
        alpha(together({"a": points, "b": rows}, observed, AgreementRules()).coincidences)[0]
    )
    wide = compare("a", points, "b", rows, observed, AgreementRules(after_s=2), pre_s=1, post_s=1)
    assert values(wide)["time/kappa"] == 1
    assert wide.without_extent == 0


def test_tolerance_does_not_reach_over_what_was_not_observed():
    first, second = {"s": (CodedInterval(8, 8, 10),)}, {"s": (CodedInterval(11, 11, 13),)}
    whole = compare("a", first, "b", second, {"s": [(0, 20)]}, AgreementRules(), pre_s=1, post_s=1)
    cut = compare(
        "a", first, "b", second, {"s": [(0, 10), (11, 20)]}, AgreementRules(), pre_s=1, post_s=1
    )
    assert whole.tolerant_first.both.tolist() == [1]  # of 8..10 what is within 2 s of 11..13
    assert cut.tolerant_first.both.tolist() == [0]


def shifted(marks, by_s):
    return {
        name: tuple(
            CodedInterval(m.stamp_s + by_s, m.onset_s + by_s, m.offset_s + by_s, m.code)
            for m in own
        )
        for name, own in marks.items()
    }


def test_shifted_marks_agree_best_at_their_lag():
    rng = np.random.default_rng(3)
    onsets = np.cumsum(rng.uniform(8, 20, 40))
    annotators = {"s": tuple(CodedInterval(t, t, t + 2) for t in onsets)}
    detector = shifted(annotators, 2.0)
    observed = {"s": [(0.0, float(onsets[-1]) + 30)]}
    lags = np.arange(-4, 6, 0.5)
    found = [
        float(
            values(
                compare(
                    "d", detector, "p", shifted(annotators, lag), observed, RULES, pre_s=0, post_s=0
                )
            )["time/kappa"]
        )
        for lag in lags
    ]
    assert lags[int(np.argmax(found))] == 2
    assert max(found) == pytest.approx(1)


# --- events


def fitted(table, rounds=4000):
    """Expected counts of quasi-independence around the last cell.

    By iterative proportional fitting, until nothing moves any more.
    """
    size = len(table)
    expected = np.ones((size, size))
    expected[-1, -1] = 0
    for _ in range(rounds):
        before = expected
        for axis in (1, 0):
            have, want = expected.sum(axis=axis, keepdims=True), table.sum(axis=axis, keepdims=True)
            expected = expected * np.divide(want, have, out=np.zeros_like(have), where=have > 0)
        if np.allclose(expected, before, rtol=1e-13, atol=0):
            break
    return expected


@settings(deadline=None)
@given(
    st.integers(2, 3).flatmap(
        lambda k: st.lists(st.integers(1, 30), min_size=(k + 1) ** 2, max_size=(k + 1) ** 2)
    )
)
def test_event_kappa_equals_iterative_proportional_fitting(numbers):
    size = math.isqrt(len(numbers))
    table = np.array(numbers, np.float64).reshape(size, size)
    table[-1, -1] = 0
    expected = fitted(table)
    total, right, chance = table.sum(), np.trace(table), np.trace(expected)
    assert expected.sum(axis=1) == pytest.approx(table.sum(axis=1), rel=1e-6)
    assert float(event_kappa(table)) == pytest.approx((right - chance) / (total - chance), abs=1e-6)


def test_event_kappa_by_hand_and_where_it_says_nothing():
    table = np.array([[8, 1, 2], [1, 6, 1], [1, 3, 0]], float)
    # 23 events or pairs; rows 11, 8, nil 4; columns 10, 10, nil 3; (23 - 4 - 3) / (19 * 20) = 16 /
    # 380
    chance = (11 * 10 + 8 * 10) * 16 / 380
    assert float(event_kappa(table)) == pytest.approx((14 - chance) / (23 - chance))
    # A single event of the first: expected 1 * 1 * 1 / (1 * 3), of 3.
    single = np.array([[1, 0, 0], [0, 0, 0], [0, 2, 0]], float)
    assert float(event_kappa(single)) == pytest.approx((1 - 1 / 3) / (3 - 1 / 3))
    assert float(event_kappa(single.T)) == pytest.approx((1 - 1 / 3) / (3 - 1 / 3))
    assert math.isnan(event_kappa(np.array([[8, 2], [1, 0]], float)))  # one code
    assert math.isnan(event_kappa(np.zeros((3, 3))))
    assert float(event_kappa(np.diag([3.0, 4.0, 0.0]))) == 1
    assert (
        float(event_kappa(np.array([[0, 0, 0], [0, 0, 0], [2, 3, 0]], float))) == 0
    )  # the first has no event


coded = st.lists(
    st.tuples(st.integers(0, 100).map(lambda n: n / 5), st.sampled_from("ab")), max_size=7
)


@settings(deadline=None)
@given(coded, coded)
def test_alignment_is_one_to_one_within_the_window_and_prefers_the_same_code(first, second):
    pairs = aligned(first, second, pre_s=1, post_s=2)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(-1 - 1e-9 <= first[i][0] - second[j][0] <= 2 + 1e-9 for i, j in pairs)
    for code in "ab":
        own = [[t for t, c in events if c == code] for events in (first, second)]
        same = sum(first[i][1] == second[j][1] == code for i, j in pairs)
        assert same == len(match(own[0], own[1], pre_s=1, post_s=2))
    used = {i for i, _ in pairs}, {j for _, j in pairs}
    left = [
        [t for k, (t, _) in enumerate(events) if k not in own]
        for events, own in zip((first, second), used, strict=True)
    ]
    assert match(left[0], left[1], pre_s=1, post_s=2) == ()
    table = event_table(first, second, "ab", pre_s=1, post_s=2)
    assert table[-1, -1] == 0
    assert table[:-1].sum() == len(first)
    assert table[:, :-1].sum() == len(second)


# --- annotators and detectors


def random_annotator(rng, sessions):
    return {
        name: tuple(
            CodedInterval(t, t, t + rng.uniform(0.5, 4), str(rng.choice(["a", "b"])))
            for t in np.sort(rng.uniform(0, 95, 8))
        )
        for name in sessions
    }


def test_weights_count_sessions_as_often_as_they_say():
    rng = np.random.default_rng(1)
    names = [f"s{i}" for i in range(6)]
    annotators = {name: random_annotator(rng, names) for name in ("x", "y")}
    observed = {name: [(0.0, 100.0)] for name in names}
    [pair] = pairwise(annotators, observed, RULES)
    weights = np.array([[2.0, 0, 1, 0, 1, 1], [1.0] * 6])
    taken = [0, 0, 2, 4, 5]
    again = {
        name: {f"{k}": own[names[i]] for k, i in enumerate(taken)}
        for name, own in annotators.items()
    }  # written out, twice where it counts twice
    [written] = pairwise(again, {f"{k}": [(0.0, 100.0)] for k in range(len(taken))}, RULES)
    for name, drawn in values(pair, weights).items():
        assert drawn.shape == (2,)
        assert drawn[0] == pytest.approx(float(values(written)[name]), abs=1e-9)
        assert drawn[1] == pytest.approx(float(values(pair)[name]), abs=1e-9)


def test_pairs_of_annotators_are_symmetric_but_for_the_order_of_the_tolerance():
    rng = np.random.default_rng(2)
    names = ["s", "t"]
    annotators = {name: random_annotator(rng, names) for name in ("x", "y", "z")}
    observed = {name: [(0.0, 60.0)] for name in names}
    found = pairwise(annotators, observed, RULES)
    assert [(p.first, p.second) for p in found] == list(combinations("xyz", 2))
    turned = pairwise(dict(reversed(annotators.items())), observed, RULES)
    one, two = values(found[0]), values(turned[-1])
    assert (turned[-1].first, turned[-1].second) == ("y", "x")
    assert two["time/kappa_tolerant_first"] == pytest.approx(one["time/kappa_tolerant_second"])
    for name in set(one) - {"time/kappa_tolerant_first", "time/kappa_tolerant_second"}:
        assert two[name] == pytest.approx(float(one[name]))


def test_an_annotator_agrees_with_itself():
    own = random_annotator(np.random.default_rng(4), ["s"])
    pair = compare("a", own, "b", own, {"s": [(0.0, 100.0)]}, RULES, pre_s=1, post_s=1)
    ones = {name: float(value) for name, value in values(pair).items() if name != "time/prevalence"}
    assert ones == pytest.approx(dict.fromkeys(ones, 1.0))
    assert segment_shares(pair) == {"overall": 1.0, "true": 1.0, "false": 1.0}


def test_segments_by_hand():
    """Segments of 5 s in 0..12 and 20..25: flags 1 0 1 | 0 against 1 1 0 | 1.

    An event at an end is in the last one.
    """
    first = {"s": (CodedInterval(0, 0, 1), CodedInterval(12, 12, 13), CodedInterval(15, 15, 16))}
    second = {
        "s": (CodedInterval(4.9, 4.9, 5), CodedInterval(5, 5, 6), CodedInterval(20, 20, 20.5))
    }
    pair = compare(
        "a", first, "b", second, {"s": [(20, 25), (0, 12)]}, AgreementRules(), pre_s=1, post_s=1
    )
    assert pair.segment_counts == PairCounts(both=1, first_only=1, second_only=2)
    assert segment_shares(pair) == {"overall": 0.25, "true": pytest.approx(1 / 3), "false": 0.0}


def test_an_event_at_the_end_of_a_stretch_is_in_its_last_segment():
    first = {"s": (CodedInterval(10, 10, 11),)}
    second = {"s": (CodedInterval(9, 9, 10),)}
    pair = compare("a", first, "b", second, {"s": [(0, 10)]}, AgreementRules(), pre_s=1, post_s=1)
    assert pair.segment_counts == PairCounts(both=1, neither=1)


def test_a_detector_beside_annotators():
    annotations = {
        "s": [
            Annotation(session_id="s", onset_s=10, offset_s=10, kind="slip", annotator="anna"),
            Annotation(session_id="s", onset_s=11, offset_s=11, kind="slip", annotator="ben"),
            Annotation(session_id="s", onset_s=50, offset_s=50, kind="halt", annotator="ben"),
        ],
        "t": [Annotation(session_id="t", onset_s=5, offset_s=5, kind="slip", annotator="anna")],
        "u": [],
    }
    event = Event(session_id="s", onset_s=12.5, offset_s=14, trigger_s=13, label="surprise", peak=1)
    evidence = [
        ScoredSession(
            session_id=name, participant=name, events=own, annotations=(), observed=((0.0, 100.0),)
        )
        for name, own in (("s", (event,)), ("t", ()), ("u", ()))
    ]
    observed = {item.session_id: item.observed for item in evidence}
    annotators = intervals_by_annotator(annotations, all_watched=False)
    assert {name: list(own) for name, own in annotators.items()} == {
        "anna": ["s", "t"],
        "ben": ["s"],
    }
    assert {
        name: list(own)
        for name, own in intervals_by_annotator(annotations, all_watched=True).items()
    } == {
        "anna": ["s", "t", "u"],
        "ben": ["s", "t", "u"],
    }
    [pair] = pairwise(annotators, observed, AgreementRules())
    assert (pair.sessions, pair.missing, pair.codes) == (("s",), 1, ("halt", "slip"))
    assert float(values(pair)["event/positive_agreement"]) == pytest.approx(2 / 3)
    found = of_detector(evidence, "trigger")
    assert found["s"] == (CodedInterval(13, 12.5, 14),)
    anna = compare(
        "d",
        found,
        "anna",
        without_codes(annotators["anna"]),
        observed,
        AgreementRules(),
        pre_s=0.5,
        post_s=5,
    )
    assert anna.sessions == ("s", "t")
    assert float(values(anna)["event/positive_agreement"]) == pytest.approx(2 / 3)
    assert math.isnan(values(anna)["event/kappa"])
    late = compare(
        "d", found, "anna", annotators["anna"], observed, AgreementRules(), pre_s=0.5, post_s=2
    )
    assert float(values(late)["event/positive_agreement"]) == 0


def test_nobody_and_nothing():
    nothing = compare("a", {}, "b", {"s": ()}, {"s": [(0, 9)]}, RULES, pre_s=1, post_s=1)
    assert (nothing.sessions, nothing.missing) == ((), 1)
    silent = compare("a", {"s": ()}, "b", {"s": ()}, {"s": [(0, 9)]}, RULES, pre_s=1, post_s=1)
    for pair in (nothing, silent):
        found = values(pair)
        assert math.isnan(found["time/kappa"])
        assert math.isnan(found["event/positive_agreement"])
    assert values(silent)["time/negative_agreement"] == 1
    assert of_annotations([]) == []


@pytest.mark.parametrize(
    ("name", "value"), [("segment_s", 0), ("tolerance_s", -1), ("before_s", math.inf)]
)
def test_rules_are_checked(name, value):
    with pytest.raises(ConfigError, match=name):
        AgreementRules(**{name: value})
