"""Null detectors and p values.

Against the plain matcher, by hand, and calibrated on detectors that know nothing.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from ferbench.errors import ConfigError, DataError
from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.matching.many_draws import Counted, at_pairs, at_points, count_matches
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.metrics import f1
from ferbench.scoring.uncertainty.chance import Track, against
from ferbench.scoring.uncertainty.moved import random, shifted
from ferbench.timespans import TOLERANCE_S

WINDOW = {"pre_s": 0.5, "post_s": 5.0}
POINTS, LEAST_S = at_points(0.5, 5.0), 5.5

EQUAL = 1e-12


def randomised_p(value: float, null: np.ndarray, rng: np.random.Generator) -> float:
    """P value with ties broken at random.

    (number of larger draws + u (1 + number of equal ones)) / (1 + draws), u uniform on [0, 1). It
    is uniform on (0, 1) for a null detector, where ``Chance.p`` is too large.
    """
    num_larger = int((null > value + EQUAL).sum())
    num_equal = int((np.abs(null - value) <= EQUAL).sum())
    return (num_larger + float(rng.random()) * (1 + num_equal)) / (1 + len(null))


def track(times_s, onsets_s, observed=((0.0, 600.0),), lasts_s=None):
    times_s, onsets_s = np.array(times_s, float), np.array(onsets_s, float)
    lasts_s = np.zeros(len(times_s)) if lasts_s is None else np.array(lasts_s, float)
    return Track(
        times_s=times_s,
        lasts_s=lasts_s,
        marks_s=np.stack([onsets_s, onsets_s], axis=1),
        observed=observed,
    )


NULLS = ((shifted, {"least_s": LEAST_S}), (random, {}))


def null_f1(tracks, **asked):
    return f1(shifted(tracks, count=POINTS, least_s=LEAST_S, **asked).tally)


def real_f1(tracks):
    tp = sum(len(match(t.times_s, t.marks_s[:, 0], **WINDOW)) for t in tracks)
    return 2 * tp / sum(len(t.times_s) + len(t.marks_s) for t in tracks)


# Times on a grid of tenths hit the windows' edges, plain and off by rounding or about the
# tolerance.
times = st.lists(
    st.builds(
        lambda tenths, off: tenths / 10 + off,
        st.integers(0, 150),
        st.sampled_from(
            [0.0, 1e-16, -TOLERANCE_S, TOLERANCE_S, 2 * TOLERANCE_S, 0.5 * TOLERANCE_S]
        ),
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(times, times, st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.sampled_from([0.0, 0.3, 2.0, 5.0]))
def test_counted_as_matched(stamps, onsets, pre_s, post_s):
    expected = len(match(stamps, onsets, pre_s=pre_s, post_s=post_s))
    rows = np.array([sorted(stamps)] * 2, float).reshape(2, -1)
    assert count_matches(rows, onsets, pre_s=pre_s, post_s=post_s).tolist() == [expected] * 2
    if onsets:
        events, marks = (
            np.array([stamps], float).reshape(1, -1),
            np.array([onsets, onsets], float).T,
        )
        counting, nowhere = at_points(pre_s, post_s), np.full(events.shape, np.nan)
        assert counting(events, np.zeros(len(stamps)), marks, nowhere).matches.tolist() == [
            expected
        ]


@settings(max_examples=200, deadline=None)
@given(times, times, st.sampled_from([0.1, 0.5, 3.0]))
def test_any_rule_is_counted_as_points_are(stamps, onsets, post_s):
    """A graph of pairs in a window has the matchings of the window."""

    def allowed(found_s, marked_s):
        (on_s, off_s), (from_s, to_s) = found_s, marked_s
        assert np.allclose(off_s - on_s, 2) or np.isnan(on_s).all()
        assert (from_s == to_s).all()
        return (on_s >= from_s - 0.5 - TOLERANCE_S) & (on_s <= from_s + post_s + TOLERANCE_S)

    rng = np.random.default_rng(0)
    rows = np.array([rng.permutation(stamps) for _ in range(3)]) + np.array([[0.0], [0.25], [7.0]])
    marks = np.array([onsets, onsets], float).T
    got = at_pairs(allowed)(rows, np.full(len(stamps), 2.0), marks, np.full(rows.shape, np.nan))
    assert got.matches.tolist() == [
        len(match(row, onsets, pre_s=0.5, post_s=post_s)) for row in rows
    ]


def test_many_pairs_are_looked_at_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    rows, marks = rng.uniform(0, 100, (50, 9)), np.repeat(rng.uniform(0, 100, (7, 1)), 2, axis=1)

    def near(found_s, marked_s):
        return np.abs(found_s[0] - marked_s[0]) < 8

    nowhere = np.full(rows.shape, np.nan)
    whole = at_pairs(near)(rows, np.zeros(9), marks, nowhere).matches
    monkeypatch.setattr("ferbench.scoring.matching.many_draws.AT_ONCE", 100)
    parts = at_pairs(near)(rows, np.zeros(9), marks, nowhere).matches
    assert parts.tolist() == whole.tolist()
    assert whole.max() > whole.min()


def moved(times_s, observed, lasts_s=None, draws=200, least_s=3.0):
    """Times of the events in each draw, seen by a counting that keeps them."""
    seen = []

    def keep(placed_s, lasts_s, marks_s, around_s):
        seen.append(placed_s)
        return Counted(*np.zeros((2, len(placed_s)), np.int64))

    shifted(
        [track(times_s, [1.0], observed, lasts_s)], count=keep, least_s=least_s, draws=draws, seed=3
    )
    return seen[0]


def test_a_shift_keeps_order_and_distances_on_the_circle():
    placed = moved([10.0, 12.0, 90.0], ((0.0, 100.0),))
    steps = (placed - placed[:, :1]) % 100
    assert steps == pytest.approx(np.tile([0.0, 2.0, 80.0], (200, 1)))
    shifts = (placed[:, 0] - 10) % 100
    assert shifts.min() >= 3
    assert shifts.max() <= 97
    assert kstest(shifts, "uniform", (3, 94)).pvalue > 0.01


def test_a_shift_leaves_out_what_was_not_observed():
    """Two stretches of 40 and 60 s make one circle of 100 s; the gap between them is never hit."""
    observed = ((100.0, 140.0), (200.0, 260.0))
    placed = moved([139.0, 201.0, 260.0], observed, draws=2000)
    assert (((placed >= 100) & (placed <= 140)) | ((placed >= 200) & (placed <= 260))).all()
    on_circle = np.where(placed < 170, placed - 100, placed - 160)
    assert (on_circle[:, 1] - on_circle[:, 0]) % 100 == pytest.approx(2.0)
    # The end of the last stretch is the beginning of the first one.
    assert (on_circle[:, 2] - on_circle[:, 1]) % 100 == pytest.approx(59.0)


def test_an_event_keeps_its_length_across_the_seam():
    seen = []

    def keep(placed_s, lasts_s, marks_s, around_s):
        seen.extend([placed_s, lasts_s, around_s])
        return Counted(*np.zeros((2, len(placed_s)), np.int64))

    for observed in (((0.0, 100.0),), ((20.0, 50.0), (60.0, 130.0))):
        seen.clear()
        shifted(
            [track([21.0, 95.0], [1.0], observed, lasts_s=[3.0, 8.0])],
            count=keep,
            least_s=3.0,
            draws=500,
            seed=0,
        )
        placed_s, lasts_s, around_s = seen
        start_s, end_s = observed[0][0], observed[-1][1]
        beyond = placed_s + lasts_s > end_s
        assert beyond.any(axis=0).all()
        assert (np.isnan(around_s) == ~beyond).all()
        assert (around_s[beyond] - start_s) == pytest.approx((placed_s - end_s)[beyond])


def test_many_events_are_placed_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    tracks = [track(rng.uniform(0, 600, 9), rng.uniform(0, 600, 7)) for _ in range(3)]
    both = [f(tracks, count=POINTS, draws=50, seed=0, **least).tally.tp for f, least in NULLS]
    monkeypatch.setattr("ferbench.scoring.uncertainty.moved.AT_ONCE", 100)
    for (f, least), whole in zip(NULLS, both, strict=True):
        assert (
            f(tracks, count=POINTS, draws=50, seed=0, **least).tally.tp.tolist() == whole.tolist()
        )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("length_s", "lasts_s", "number"), [(300.0, 60.0, 2), (120.0, 20.0, 2), (600.0, 30.0, 5)]
)
def test_p_is_not_too_small_for_long_events(length_s, lasts_s, number):
    """Twenty sessions, events whose extent counts and annotations at random: 300 seeds."""
    touches, p, times = at_pairs(AnyOverlap().allowed), [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        starts = [rng.uniform(0, length_s - lasts_s, number) for _ in range(20)]
        tracks = [
            track(
                own,
                rng.uniform(0, length_s, 3),
                ((0.0, length_s),),
                lasts_s=np.full(number, lasts_s),
            )
            for own in starts
        ]
        null = shifted(tracks, count=touches, least_s=lasts_s + 2, draws=100, seed=seed)
        nowhere = np.full((1, number), np.nan)
        tp = sum(
            int(touches(t.times_s[None], t.lasts_s, t.marks_s, nowhere).matches[0]) for t in tracks
        )
        found = against(2 * tp / (20 * (number + 3)), f1(null.tally))
        p.append(found.p)
        times.append(found.times)
    for level in (0.01, 0.05, 0.1):
        assert np.mean(np.array(p) <= level) <= level + 0.03
    assert np.mean(times) == pytest.approx(1.0, abs=0.05)


def test_a_shift_is_wider_than_the_window():
    """One event per annotation, far apart.

    In no surrogate does an event meet its own annotation, however short.
    """
    alone = [track([50.0], [50.0], ((0.0, 200.0),))]
    null = shifted(alone, count=POINTS, least_s=LEAST_S, draws=5000, seed=0)
    assert null.tally.tp.max() == 0
    assert null.num_short == 0


def test_short_sessions_are_counted_and_shifted_anyhow():
    tracks = [
        track([5.0], [5.0], ((0.0, 11.0),)),
        track([], [5.0], ((0.0, 11.0),)),
        track([5.0], [5.0]),
    ]
    null = shifted(tracks, count=POINTS, least_s=LEAST_S, draws=500, seed=0)
    assert null.num_short == 1
    # The window covers half of the short circle.
    assert null.tally.tp.mean() == pytest.approx(0.5, abs=0.08)


def test_numbers_of_events_and_annotations_stay():
    tracks = [track([5.0, 9.0], [5.0, 100.0]), track([1.0], []), track([], [1.0])]
    for null in (
        shifted(tracks, count=POINTS, least_s=LEAST_S, draws=100, seed=0),
        random(tracks, count=POINTS, draws=100, seed=0),
    ):
        assert (null.tally.tp + null.tally.fp == 3).all()
        assert (null.tally.tp + null.tally.fn == 3).all()
        assert (null.tally.observed_s == 1800).all()


def test_without_a_known_time_there_is_no_chance_level():
    null = shifted(
        [track([1.0], [1.0], ()), track([1.0], [1.0])],
        count=POINTS,
        least_s=LEAST_S,
        draws=9,
        seed=0,
    )
    assert null.num_unplaced == 1
    assert np.isnan(f1(null.tally)).all()
    assert math.isnan(against(0.5, f1(null.tally)).p)


def test_the_seed_decides():
    tracks = [track([5.0, 50.0, 51.0], [5.0, 100.0, 300.0])] * 3
    assert null_f1(tracks, draws=50, seed=1).tolist() == null_f1(tracks, draws=50, seed=1).tolist()
    assert null_f1(tracks, draws=50, seed=1).tolist() != null_f1(tracks, draws=50, seed=2).tolist()


def test_chance_by_hand():
    found = against(0.5, np.array([0.1, 0.2, 0.5, 0.6]))
    assert (found.mean, found.p, found.times, found.draws) == pytest.approx(
        (0.35, 3 / 5, 0.5 / 0.35, 4)
    )
    assert found.z == pytest.approx(0.15 / np.std([0.1, 0.2, 0.5, 0.6], ddof=1))
    # 0.1 + 0.2 is a tie with 0.3.
    assert (
        against(0.1 + 0.2, np.array([0.3, 0.2])).p
        == against(0.3, np.array([0.1 + 0.2, 0.2])).p
        == 2 / 3
    )
    constant = against(0.5, np.zeros(3))
    assert constant.p == 1 / 4
    assert math.isnan(constant.z)
    assert math.isnan(constant.times)
    assert math.isnan(against(np.nan, np.zeros(3)).p)


def test_randomised_p_lies_between_its_bounds():
    null = np.array([0.1, 0.5, 0.5, 0.6])
    rng = np.random.default_rng(0)
    p = np.array([randomised_p(0.5, null, rng) for _ in range(300)])
    # One draw is larger, and two are equal: between 1/5 and 4/5.
    assert kstest(p, "uniform", (0.2, 0.6)).pvalue > 0.01


def knows_nothing(seed, *, clumped=False):
    """Eight sessions of ten minutes; events at random or in clumps of three."""
    rng = np.random.default_rng(seed)
    result = []
    for _ in range(8):
        times_s = rng.uniform(0, 600, rng.poisson(10))
        if clumped:
            times_s = (times_s[:, None] + [0.0, 3.0, 6.0]).ravel() % 600
        result.append(track(times_s, np.sort(rng.uniform(0, 600, 12))))
    return result


@pytest.mark.parametrize("clumped", [False, True])
def test_a_detector_that_knows_nothing_is_found_out(clumped):
    """P values over 200 detectors.

    No level is exceeded by more than 0.03, and F1 is 1.0 times chance on average.
    """
    found, tied, rng = [], [], np.random.default_rng(1)
    for seed in range(200):
        tracks = knows_nothing(seed, clumped=clumped)
        null, value = null_f1(tracks, draws=250, seed=seed), real_f1(tracks)
        found.append(against(value, null))
        tied.append(randomised_p(value, null, rng))
    p = np.array([chance.p for chance in found])
    for level in (0.01, 0.05, 0.1):
        assert (p <= level).mean() <= level + 0.03
    assert kstest(tied, "uniform").pvalue > 0.05
    assert np.mean([chance.times for chance in found]) == pytest.approx(1.0, abs=0.05)
    assert np.std([chance.z for chance in found]) == pytest.approx(1.0, abs=0.15)


def test_random_events_are_1_times_chance():
    """One detector with many events: its F1 is its chance level, by both null detectors."""
    rng = np.random.default_rng(5)
    tracks = [track(rng.uniform(0, 600, 10), rng.uniform(0, 600, 12)) for _ in range(4000)]
    value = real_f1(tracks)
    by_shift = against(value, null_f1(tracks, draws=100, seed=0))
    by_random = against(value, f1(random(tracks, count=POINTS, draws=100, seed=0).tally))
    assert by_shift.times == pytest.approx(1.0, abs=0.05)
    assert by_random.mean == pytest.approx(by_shift.mean, rel=0.01)


def test_a_detector_that_knows_is_told_from_chance():
    rng = np.random.default_rng(0)
    tracks = []
    for _ in range(8):
        onsets = np.arange(30, 570, 60.0) + rng.uniform(0, 20, 9)
        tracks.append(track(np.concatenate([onsets[::2] + 2, rng.uniform(0, 600, 4)]), onsets))
    found = against(real_f1(tracks), null_f1(tracks, draws=1000, seed=0))
    assert found.p == 1 / 1001
    assert found.times > 3
    assert found.z > 5


def test_clumped_events_seem_surprising_beside_single_ones():
    """Why the shift is the first baseline.

    Random single events match more than clumps do, shifted clumps do not.
    """
    tracks = [t for seed in range(80) for t in knows_nothing(seed, clumped=True)]
    by_shift = null_f1(tracks, draws=200, seed=0).mean()
    by_random = f1(random(tracks, count=POINTS, draws=200, seed=0).tally).mean()
    assert real_f1(tracks) == pytest.approx(by_shift, rel=0.08)
    assert by_random > 1.1 * by_shift


def test_what_cannot_be_used():
    with pytest.raises(ConfigError, match="got 0"):
        shifted([], count=POINTS, least_s=LEAST_S, draws=0, seed=0)
    with pytest.raises(DataError, match=r"\(2,\)"):
        Track(times_s=np.zeros(2), lasts_s=np.zeros(1), marks_s=np.zeros((0, 2)), observed=())
    assert np.isnan(null_f1([], draws=3, seed=0)).all()


@pytest.mark.parametrize(
    ("sessions", "number", "length_s"),
    [(6, 3, 15.0), (6, 3, 30.0), (1, 1, 60.0), (1, 1, 120.0), (1, 1, 170.0)],
)
def test_p_is_not_too_small_in_short_sessions(sessions, number, length_s):
    """Sessions hardly longer than the window, also a single one, events and annotations at random:
    1000 seeds.
    """
    p, nowhere = [], np.full((1, number), np.nan)
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        whole = ((0.0, length_s),)
        drawn = rng.uniform(0, length_s, (sessions, 2, number))
        tracks = [track(found, marked, whole) for found, marked in drawn]
        null = shifted(tracks, count=POINTS, least_s=LEAST_S, draws=100, seed=seed)
        found = sum(
            int(POINTS(t.times_s[None], t.lasts_s, t.marks_s, nowhere).matches[0]) for t in tracks
        )
        p.append((1 + int((null.tally.tp >= found).sum())) / 101)
    for level in (0.01, 0.05, 0.1):
        assert np.mean(np.array(p) <= level) <= level + 0.03


def test_a_window_counts_from_the_onset_of_an_annotation_that_lasts():
    """Events at the end of a long annotation are no matches, with whatever shift."""
    marks_s = np.array([[10.0, 20.0], [30.0, 50.0]])
    times_s = np.array([[10.5, 49.0], [19.9, 49.9], [12.0, 31.0]])
    count = at_points(0.5, 5.0)
    found = count(times_s, np.zeros(2), marks_s, np.zeros(2))
    by_hand = [
        len(match(sorted(row), marks_s[:, 0].tolist(), pre_s=0.5, post_s=5.0)) for row in times_s
    ]
    assert found.matches.tolist() == by_hand == [1, 0, 2]
