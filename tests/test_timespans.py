"""The algebra of stretches against a walk over whole seconds, and numbers by hand."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.timespans import (
    TOLERANCE,
    TOLERANCE_S,
    borders_of,
    clipped,
    closed,
    complement,
    contains,
    held_between,
    included,
    includes,
    intersection,
    observed_and_valid_s,
    pieces,
    runs_of,
    seconds_before,
    spans_of,
    total_s,
    union,
    units_begun,
    units_needed,
)

END_S = 30
SECONDS = range(-2, END_S + 2)
STRETCHES = st.lists(
    st.tuples(st.integers(0, END_S), st.integers(-3, 12)).map(
        lambda drawn: (drawn[0], min(drawn[0] + drawn[1], END_S))
    ),
    max_size=6,
)
"""Whole seconds: second k is [k, k + 1). Some are empty or end before they begin."""


def seconds_in(stretches):
    return {k for k in SECONDS if any(from_s <= k < to_s for from_s, to_s in stretches)}


def is_apart(stretches):
    """In order, not empty, and none touches the next one."""
    ends = [end for stretch in stretches for end in stretch]
    return all(one < other for one, other in pairwise(ends))


@given(STRETCHES)
def test_union_is_the_same_time_apart(stretches):
    whole = union(stretches)
    assert seconds_in(whole) == seconds_in(stretches)
    assert is_apart(whole)
    assert union(whole) == whole
    assert union(stretches[::-1]) == whole
    assert spans_of(stretches).tolist() == [list(map(float, stretch)) for stretch in whole]
    assert spans_of(stretches).shape == (len(whole), 2)
    assert total_s(whole) == len(seconds_in(stretches))


def test_union_by_hand():
    assert union([(5, 6), (0, 2), (1, 3), (3, 4), (9, 9)]) == [(0, 4), (5, 6)]
    assert union([(0, 9), (2, 3)]) == [(0, 9)]
    assert union([(-math.inf, 1), (0, math.inf)]) == [(-math.inf, math.inf)]
    assert union([]) == []


@given(STRETCHES, STRETCHES)
def test_intersection_is_the_time_of_both(one, other):
    shared = intersection(one, other)
    assert seconds_in(shared) == seconds_in(one) & seconds_in(other)
    assert is_apart(shared)
    assert intersection(other, one) == shared


def test_intersection_by_hand():
    assert intersection([(0.0, math.inf)], [(1.0, 2.0), (3.0, 4.0)]) == ((1.0, 2.0), (3.0, 4.0))
    assert intersection([(0, 1), (1, 2)], [(0, 2)]) == ((0, 2),)
    assert intersection([], [(1.0, 2.0)]) == ()
    assert intersection([(0, 1)], [(1, 2)]) == ()


@given(STRETCHES, STRETCHES)
def test_pieces_are_each_stretch_s_own(stretches, within):
    found = pieces(stretches, within)
    alone = [piece for stretch in stretches for piece in pieces([stretch], within)]
    assert found == alone
    for stretch in stretches:
        for other in within:
            shared = seconds_in([stretch]) & seconds_in([other])
            assert seconds_in(pieces([stretch], [other])) == shared
    assert all(from_s < to_s for from_s, to_s in found)


@given(STRETCHES, st.integers(0, END_S), st.integers(0, END_S))
def test_clipped_keeps_what_lies_inside(stretches, from_s, to_s):
    found = clipped(stretches, from_s, to_s)
    assert seconds_in(found) == seconds_in(stretches) & seconds_in([(from_s, to_s)])
    assert all(from_s <= start_s < stop_s <= to_s for start_s, stop_s in found)


@given(STRETCHES)
def test_complement_is_all_other_time(stretches):
    outside = complement(stretches)
    assert seconds_in(outside) == set(SECONDS) - seconds_in(stretches)
    assert is_apart(outside)
    assert complement(outside) == union(stretches)


def test_complement_of_nothing_and_of_everything():
    assert complement([]) == [(-math.inf, math.inf)]
    assert complement([(-math.inf, math.inf)]) == []
    assert complement([(0, math.inf)]) == [(-math.inf, 0)]


@given(STRETCHES, st.integers(-1, END_S + 1))
def test_a_time_in_stretches(stretches, second):
    assert contains(stretches, second) == (second in seconds_in(stretches))
    at_end = any(from_s <= second <= to_s for from_s, to_s in stretches)
    assert includes(stretches, second) == at_end
    times_s = np.array([second - 0.5, second, second + 0.5])
    assert included(stretches, times_s).tolist() == [includes(stretches, t) for t in times_s]


def test_ends_allow_for_rounding():
    assert TOLERANCE == TOLERANCE_S == 1e-9
    for off_s, inside in ((0.9 * TOLERANCE_S, True), (3 * TOLERANCE_S, False)):
        assert includes([(1.0, 2.0)], 1.0 - off_s) is inside
        assert includes([(1.0, 2.0)], 2.0 + off_s) is inside
        assert included([(1.0, 2.0)], np.array([1.0 - off_s, 2.0 + off_s])).tolist() == [inside] * 2
    assert not contains([(1.0, 2.0)], 1.0 - 1e-12)
    assert included([], np.zeros(3)).tolist() == [False] * 3


def test_stretches_get_an_end():
    assert closed([(2.0, 5.0), (1.0, math.inf)], 10.0) == ((2.0, 5.0), (1.0, 8.0))
    assert closed([(-3.0, 4.0)], 10.0) == ((0.0, 4.0),), "nothing before the session"
    assert closed([(-3.0, 0.0), (-9.0, -8.0)], 10.0) == ()
    assert closed([(0.0, 6.0), (8.0, 20.0)], 10.0) == ((0.0, 6.0), (8.0, 12.0))
    assert closed([(0.0, 10.0), (12.0, 13.0)], 10.0) == ((0.0, 10.0),), "no more is left"
    assert closed([(3.0, math.inf)], 0.0) == ()
    assert closed([(3.0, 3.25), (4.0, 4.5)], 0.5) == ((3.0, 3.25), (4.0, 4.25)), "short ones too"


@given(STRETCHES, STRETCHES, STRETCHES)
def test_what_holds_between_borders(one, other, observed):
    spans = [spans_of(one), spans_of(other)]
    borders_s = borders_of(spans, observed)
    held = held_between(spans, borders_s)
    assert np.all(np.diff(borders_s) > 0)
    assert held.shape == (2, max(len(borders_s) - 1, 0))
    if observed:
        ends = [end for stretch in observed for end in stretch]
        assert (borders_s[0], borders_s[-1]) == (min(ends), max(ends))
        inside = {end for spans_s in spans for end in spans_s.ravel() if end >= min(ends)}
        assert set(borders_s) == {*ends, *(end for end in inside if end <= max(ends))}
    for holds, stretches in zip(held, (one, other), strict=True):
        for k, (from_s, to_s) in enumerate(pairwise(borders_s)):
            assert holds[k] == (seconds_in([(from_s, to_s)]) <= seconds_in(stretches))


@given(STRETCHES, st.lists(st.integers(-2, END_S + 2), min_size=1, max_size=4))
def test_seconds_before_times(stretches, times):
    before = [sum(k < time for k in seconds_in(stretches)) for time in times]
    found = seconds_before(spans_of(stretches), np.array(times, np.float64))
    assert found == pytest.approx(before)
    table = seconds_before(spans_of(stretches), np.array([times, times], np.float64))
    assert table.shape == (2, len(times))


@given(st.lists(st.booleans(), max_size=20))
def test_runs_of_flags(flags):
    runs = runs_of(np.array(flags, np.bool_))
    assert runs.dtype == np.int64
    assert runs.shape == (len(runs), 2)
    assert is_apart(runs.tolist())
    inside = {k for first, stop in runs.tolist() for k in range(first, stop)}
    assert inside == {k for k, flag in enumerate(flags) if flag}


def test_observed_and_valid_seconds():
    edges_s = np.array([0.0, 1.0, 2.0, 4.0, 5.0])
    defined = np.array([True, False, True, False])
    assert observed_and_valid_s(edges_s, defined) == (5.0, 3.0)
    observed = ((10.5, 13.0), (12.5, 99.0))
    assert observed_and_valid_s(edges_s + 10, defined, observed=observed) == (4.5, 2.5)
    assert observed_and_valid_s(edges_s, defined, observed=((50.0, 60.0),)) == (0.0, 0.0)
    assert observed_and_valid_s(edges_s, defined, observed=()) == (0.0, 0.0)
    assert observed_and_valid_s(np.zeros(1), np.zeros(0, np.bool_)) == (0.0, 0.0)


@given(STRETCHES, st.lists(st.booleans(), min_size=1, max_size=END_S))
def test_observed_and_valid_seconds_equal_a_walk(observed, defined):
    edges_s = np.arange(len(defined) + 1, dtype=np.float64)
    inside = [k for k in range(len(defined)) if k in seconds_in(observed)]
    found = observed_and_valid_s(edges_s, np.array(defined), observed=observed)
    assert found == (len(inside), sum(defined[k] for k in inside))


@pytest.mark.parametrize(
    ("time_s", "unit_s", "begun", "needed"),
    [
        (0.0, 5.0, 0, 0),
        (4.9, 5.0, 0, 1),
        (5.0, 5.0, 1, 1),
        (5.1, 5.0, 1, 2),
        (3 * 0.1, 0.1, 3, 3),  # 0.30000000000000004
        (0.7, 0.1, 7, 7),  # 0.7 / 0.1 = 6.999999999999999
        (-0.5, 5.0, -1, 0),
        (5.0 - 4e-9, 5.0, 1, 1),  # within 1e-9 units
        (5.0 - 6e-9, 5.0, 0, 1),
        (5.0 + 6e-9, 5.0, 1, 2),
    ],
)
def test_units_of_time(time_s, unit_s, begun, needed):
    assert units_begun(time_s, unit_s) == begun
    assert units_needed(time_s, unit_s) == needed
