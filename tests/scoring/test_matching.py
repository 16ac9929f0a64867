"""Matching against brute force, another library's results, and its own promises."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.scoring.matching.one_to_one import match
from helpers.reference import shared_path


def brute_force(stamps, onsets, pre, post):
    """(-number of pairs, total distance) of the best one-to-one matching: tries all of them.

    integers.
    """

    def best(i, free):
        if i == len(stamps):
            return (0, 0)
        results = [best(i + 1, free)]
        for j in free:
            if onsets[j] - pre <= stamps[i] <= onsets[j] + post:
                pairs, lag = best(i + 1, free - {j})
                results.append((pairs - 1, lag + abs(stamps[i] - onsets[j])))
        return min(results)

    return best(0, frozenset(range(len(onsets))))


@settings(max_examples=400, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 20), max_size=6),
    onsets=st.lists(st.integers(0, 20), max_size=6),
    pre=st.integers(0, 4),
    post=st.integers(0, 8),
)
def test_as_many_pairs_as_possible_and_of_those_the_nearest(stamps, onsets, pre, post):
    pairs = match(stamps, onsets, pre_s=pre, post_s=post)
    total = sum(abs(stamps[i] - onsets[j]) for i, j in pairs)
    assert (-len(pairs), total) == brute_force(stamps, onsets, pre, post)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(onsets[j] - pre <= stamps[i] <= onsets[j] + post for i, j in pairs)
    assert list(pairs) == sorted(pairs)


@settings(max_examples=100, deadline=None)
@given(
    stamps=st.lists(st.floats(0, 30), max_size=30),
    onsets=st.lists(st.floats(0, 30), max_size=30),
    data=st.data(),
)
def test_order_of_the_lists_does_not_matter(stamps, onsets, data):
    def times(stamps, onsets):
        return sorted(
            (stamps[i], onsets[j]) for i, j in match(stamps, onsets, pre_s=0.5, post_s=2.0)
        )

    shuffled = data.draw(st.permutations(stamps)), data.draw(st.permutations(onsets))
    assert times(stamps, onsets) == times(*shuffled)


@settings(max_examples=100, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 40), max_size=12),
    onsets=st.lists(st.integers(0, 40), max_size=12),
    pre=st.integers(0, 3),
    post=st.integers(0, 3),
)
def test_a_wider_window_never_has_fewer_pairs(stamps, onsets, pre, post):
    narrow = match(stamps, onsets, pre_s=pre, post_s=post)
    assert len(narrow) <= len(match(stamps, onsets, pre_s=pre + 1, post_s=post))
    assert len(narrow) <= len(match(stamps, onsets, pre_s=pre, post_s=post + 1))


def test_the_window_is_asymmetric_and_includes_both_ends():
    def hits(stamp):
        return len(match([stamp], [10.0], pre_s=0.5, post_s=5.0))

    assert [hits(t) for t in (9.4, 9.5, 10.0, 15.0, 15.1)] == [0, 1, 1, 1, 0]


def test_ends_that_doubles_miss_by_rounding_count():
    assert 0.7 + 0.1 < 0.8
    assert match([0.8], [0.7], pre_s=0.0, post_s=0.1) == ((0, 0),)
    assert 1.1 - 0.5 > 0.6
    assert match([0.6], [1.1], pre_s=0.5, post_s=0.0) == ((0, 0),)
    assert match([1.1 + 1e-6], [0.6], pre_s=0.0, post_s=0.5) == ()


def test_duplicate_detections_match_once():
    assert match([5.0, 5.0, 5.1], [5.0], pre_s=1.0, post_s=1.0) == ((0, 0),)


def test_greedy_would_lose_a_pair():
    assert match([1.0, 1.9], [1.8, 0.9], pre_s=1.0, post_s=0.15) == ((0, 1), (1, 0))
    assert len(match([2.0, 3.0], [1.0, 2.0], pre_s=0.0, post_s=1.0)) == 2


@pytest.mark.parametrize("stamp", [float("nan"), float("inf"), float("-inf")])
def test_events_without_a_time_are_not_matched(stamp):
    assert match([stamp, 1.0], [1.0], pre_s=1.0, post_s=1.0) == ((1, 0),)


def test_nothing_to_match():
    assert match([], [1.0], pre_s=1.0, post_s=1.0) == ()
    assert match([1.0], [], pre_s=1.0, post_s=1.0) == ()


def test_many_events_in_a_long_recording():
    onsets = [3.0 * i for i in range(1200)]
    stamps = [1.0 * i for i in range(3600)]
    pairs = match(stamps, onsets, pre_s=0.5, post_s=5.0)
    assert list(pairs) == list(zip(range(0, 3600, 3), range(1200), strict=True))


def test_same_number_of_matches_as_sed_eval():
    cases = json.loads((shared_path("thesis/sed_eval") / "scores.json").read_text())["cases"]
    assert len(cases) == 9
    for case, collar in itertools.product(cases, (0.5, 1.0, 2.0, 5.0)):
        expected = case["event_based"][f"onset_only_collar_{collar}_optimal"]["counts"]
        found = 0
        for file in case["files"]:
            onsets, stamps = (
                [start for start, _ in file[kind]] for kind in ("reference", "estimated")
            )
            found += len(match(stamps, onsets, pre_s=collar, post_s=collar, tolerance_s=0.0))
        assert found == expected["Ntp"], (case["name"], collar)
