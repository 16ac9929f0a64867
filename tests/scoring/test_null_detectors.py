"""Jitter and swap: against enumeration, by arithmetic, and calibrated on studies of known truth."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError
from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.matching.many_draws import Counted, at_pairs, at_points
from ferbench.scoring.metrics import f1
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.uncertainty.chance import Track, against, strictest
from ferbench.scoring.uncertainty.moved import jittered, shifted
from ferbench.scoring.uncertainty.swapped import swapped
from helpers.simulated_studies import KINDS, LONG_S, study

POINTS = at_points(0.5, 5.0)
TOUCHES = at_pairs(AnyOverlap().allowed)


def track(times_s, onsets_s, participant="", observed=((0.0, 600.0),), lasts_s=None):
    times_s, onsets_s = np.array(times_s, float), np.array(onsets_s, float)
    lasts_s = np.zeros(len(times_s)) if lasts_s is None else np.array(lasts_s, float)
    return Track(
        times_s=times_s,
        lasts_s=lasts_s,
        marks_s=np.stack([onsets_s, onsets_s], axis=1),
        observed=observed,
        participant=participant,
    )


def matches(of_events, of_annotations, count=POINTS):
    """Matches of one session's events with the annotations of another."""
    times_s, lasts_s = of_events.times_s, of_events.lasts_s
    nowhere = np.full((1, len(times_s)), np.nan)
    return int(count(times_s[None], lasts_s, of_annotations.marks_s, nowhere).matches[0])


def kept(null, tracks, **asked):
    """What a null detector lets be counted: for each call times and annotations."""
    seen = []

    def keep(times_s, lasts_s, marks_s, around_s):
        seen.append((times_s, marks_s))
        return Counted(*np.zeros((2, len(times_s)), np.int64))

    null(tracks, count=keep, **asked)
    return seen


# ---------------------------------------------------------------------------------------- jitter


def test_jitter_stays_in_its_stretch_and_fills_it():
    observed = ((100.0, 160.0), (200.0, 260.0))  # two stretches of 60 s, one minute each
    times = [101.0, 159.0, 210.0]
    ((placed, _),) = kept(
        jittered, [track(times, [1.0], observed=observed)], half_width_s=30.0, draws=4000, seed=0
    )
    for column, (low, high) in enumerate([(100, 160), (100, 160), (200, 260)]):
        assert low <= placed[:, column].min() <= low + 0.5
        assert high - 0.5 <= placed[:, column].max() <= high
        assert placed[:, column].mean() == pytest.approx((low + high) / 2, abs=1.5)
    assert abs(np.corrcoef(placed[:, 0], placed[:, 1])[0, 1]) < 0.06, "each has a place of its own"


def test_a_short_session_is_one_stretch():
    ((placed, _),) = kept(
        jittered,
        [track([5.0], [1.0], observed=((0.0, 20.0),))],
        half_width_s=30.0,
        draws=2000,
        seed=0,
    )
    assert (placed.min(), placed.max()) == pytest.approx((0, 20), abs=0.2)


def test_jitter_by_arithmetic():
    """One event in the annotation's minute: it meets the window in 5.5 of 60 s; or never."""
    with_it = jittered(
        [track([30.0], [40.0])], count=POINTS, half_width_s=30.0, draws=40_000, seed=0
    )
    without = jittered([track([70.0], [40.0])], count=POINTS, half_width_s=30.0, draws=100, seed=0)
    assert with_it.tally.tp.mean() == pytest.approx(5.5 / 60, abs=0.006)
    assert without.tally.tp.max() == 0


# ------------------------------------------------------------------------------------------ swap


def test_swaps_are_all_permutations_alike():
    rng = np.random.default_rng(3)
    tracks = [track(rng.uniform(0, 60, 9), rng.uniform(0, 60, 9), f"p{k}") for k in range(4)]
    counts = [[matches(one, other) for other in tracks] for one in tracks]
    every = [
        sum(counts[k][to] for k, to in enumerate(order))
        for order in itertools.permutations(range(4))
    ]
    found = swapped(tracks, count=POINTS, draws=24_000, seed=0).tally.tp
    for total in set(every):
        assert (found == total).mean() == pytest.approx(every.count(total) / 24, abs=0.012)
    assert set(found.tolist()) == set(every)


def test_extents_are_swapped_along():
    rng = np.random.default_rng(5)
    tracks = [
        track(rng.uniform(0, 90, 4), rng.uniform(0, 90, 3), f"p{k}", lasts_s=rng.uniform(1, 20, 4))
        for k in range(3)
    ]
    counts = [[matches(one, other, TOUCHES) for other in tracks] for one in tracks]
    every = {
        sum(counts[k][to] for k, to in enumerate(order))
        for order in itertools.permutations(range(3))
    }
    found = swapped(tracks, count=TOUCHES, draws=500, seed=0).tally.tp
    assert set(found.tolist()) == every


def test_sessions_of_a_participant_stay_together():
    """Two people with two sessions each: both sessions are swapped, or none is."""
    tracks = [
        track([10.0], [10.0], "a"),
        track([20.0], [20.0], "b"),
        track([100.0], [100.0], "a"),
        track([200.0], [200.0], "b"),
    ]
    found = swapped(tracks, count=POINTS, draws=2000, seed=0).tally.tp
    assert set(found.tolist()) == {0.0, 4.0}
    assert (found == 4).mean() == pytest.approx(0.5, abs=0.05)


def test_who_was_not_observed_any_more_is_passed_over():
    """Late events stay among those whose sessions are long enough, each as likely."""
    long, short = ((0.0, 600.0),), ((0.0, 100.0),)
    tracks = [
        track([50.0, 500.0], [1.0], "a", long),
        track([51.0], [2.0], "b", short),
        track([52.0], [3.0], "c", long),
        track([], [4.0], "d", long),
    ]
    places = {50.0: [], 500.0: []}
    for times_s, marks_s in kept(swapped, tracks, draws=6000, seed=0):
        for time_s, found in places.items():
            found += [int(marks_s[0, 0])] * int((times_s == time_s).sum())
    assert sorted(set(places[500.0])) == [1, 3, 4]
    assert sorted(set(places[50.0])) == [1, 2, 3, 4]
    for found in places.values():
        assert len(found) == 6000, "no event is lost"
        for mark in set(found):
            assert found.count(mark) / 6000 == pytest.approx(1 / len(set(found)), abs=0.025)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), min_size=2, max_size=6))
def test_no_event_is_lost_whatever_the_lengths(sessions):
    tracks = [
        track(
            [100 * minutes - 1 - k for k in range(number)],
            [5.0],
            f"p{at}",
            ((0.0, 100.0 * minutes),),
        )
        for at, (number, minutes) in enumerate(sessions)
    ]
    placed = np.zeros(20)
    for times_s, _ in kept(swapped, tracks, draws=20, seed=1):
        placed += (~np.isnan(times_s)).sum(axis=1)
    assert (placed == sum(number for number, _ in sessions)).all()


def test_alone_there_is_nobody_to_swap_with():
    null = swapped([track([5.0], [5.0])], count=POINTS, draws=9, seed=0)
    assert np.isnan(null.tally.tp).all()
    assert math.isnan(against(1.0, f1(null.tally)).p)


def test_many_swaps_are_counted_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    tracks = [track(rng.uniform(0, 60, 9), rng.uniform(0, 60, 7), f"p{k}") for k in range(5)]
    whole = swapped(tracks, count=POINTS, draws=100, seed=0).tally.tp
    monkeypatch.setattr("ferbench.scoring.uncertainty.swapped.AT_ONCE", 1000)
    assert swapped(tracks, count=POINTS, draws=100, seed=0).tally.tp.tolist() == whole.tolist()


@pytest.mark.parametrize(("null", "more"), [(shifted, {"least_s": 5.5}), (swapped, {})])
def test_detectors_on_the_same_sessions_are_moved_together(null, more):
    """A second detector with further events: those that both have meet the same annotations."""
    rng = np.random.default_rng(1)
    own = [rng.uniform(0, 600, 3) for _ in range(4)]
    marks = [rng.uniform(0, 600, 2) for _ in range(4)]
    few, many = [], []
    for who, (times_s, onsets_s) in enumerate(zip(own, marks, strict=True)):
        few.append(track(times_s if who else [], onsets_s, f"p{who}"))
        many.append(track([*times_s, *rng.uniform(0, 600, 5)], onsets_s, f"p{who}"))
    asked = {"count": POINTS, "draws": 300, "seed": 2, **more}
    assert (null(few, **asked).tally.tp <= null(many, **asked).tally.tp).all()


def test_fewer_than_one_draw_is_refused():
    with pytest.raises(ConfigError, match="at least 1"):
        swapped([track([1.0], [1.0])], count=POINTS, draws=0, seed=0)


# -------------------------------------------------------------------------------------- together


def chance_of(p, draws=1000):
    """A comparison with this p, as near as so many draws allow."""
    num_as_large = round(p * (1 + draws)) - 1
    return against(0.5, np.array([1.0] * num_as_large + [0.0] * (draws - num_as_large)))


@pytest.mark.parametrize(
    ("p", "hardest"),
    [
        ({"circular": 0.001, "jitter": 0.03, "swap": 0.2}, "swap"),
        ({"circular": 0.001, "jitter": 0.3, "swap": 0.02}, "jitter"),
        ({"circular": 0.040, "jitter": 0.046, "swap": 0.045}, "jitter"),
        ({"jitter": 0.30, "swap": 0.01}, "jitter"),
    ],
)
def test_the_largest_p_decides_where_draws_can_tell(p, hardest):
    assert strictest({name: chance_of(value) for name, value in p.items()}) == hardest


def test_of_p_that_draws_cannot_tell_apart_the_highest_chance_level_decides():
    """Not the first of the list: a p at its floor says nothing of how high chance is."""
    rng = np.random.default_rng(0)
    levels = {"circular": 0.07, "jitter": 0.17, "swap": 0.16}
    chances = {
        name: against(0.9, mean + rng.normal(0, 0.01, 1000)) for name, mean in levels.items()
    }
    assert {chance.p for chance in chances.values()} == {1 / 1001}
    assert strictest(chances) == "jitter"
    above = {name: against(0.9, np.full(1000, 0.1)) for name in levels}
    assert strictest(above) == "circular"


def test_undefined_ones_do_not_decide():
    undefined = against(math.nan, np.zeros(3))
    assert strictest({"circular": undefined, "jitter": chance_of(0.1)}) == "jitter"
    assert strictest({"circular": undefined}) is None


@pytest.mark.parametrize("chance", [(), ("circular", "circular"), ("shuffle",)])
def test_null_detectors_that_are_none(chance):
    with pytest.raises(ConfigError, match="circular, jitter, swap"):
        StatisticsRules(chance=chance)


def p_values(kind, seed, *, reacted=0.0, draws=199, duplicates="false_alarm"):
    """P of each null detector and of the headline, for one study of known truth."""
    tracks = study(kind, seed, reacted=reacted)
    count, least_s = at_points(0.5, 5.0, duplicates=duplicates), 5.5
    if kind == "long":
        count, least_s = at_pairs(AnyOverlap().allowed, duplicates=duplicates), LONG_S + 3
    tp = items = 0
    for each in tracks:
        nowhere = np.full((1, len(each.times_s)), np.nan)
        found = count(each.times_s[None], each.lasts_s, each.marks_s, nowhere)
        tp += int(found.matches[0])
        items += len(each.times_s) + len(each.marks_s) - int(found.ignored[0])
    half_width_s = max(30.0, 2 * least_s)
    asked = {"count": count, "draws": draws}
    nulls = {
        "circular": shifted(tracks, least_s=least_s, seed=seed, **asked),
        "jitter": jittered(tracks, half_width_s=half_width_s, seed=seed + 5, **asked),
        "swap": swapped(tracks, seed=seed + 6, **asked),
    }
    chances = {name: against(2 * tp / items, f1(null.tally)) for name, null in nulls.items()}
    return {name: c.p for name, c in chances.items()} | {"headline": chances[strictest(chances)].p}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("duplicates", "studies"), [("false_alarm", 500), ("ignored", 200)])
def test_the_headline_holds_its_level(kind, duplicates, studies):
    """Of studies that know nothing, at most 7 % come out at p <= .05, whatever the times."""
    p = [p_values(kind, seed, duplicates=duplicates)["headline"] for seed in range(studies)]
    assert np.mean(np.array(p) <= 0.05) <= 0.07


@pytest.mark.slow
def test_a_common_time_course_fools_the_circular_shift_alone():
    p = [p_values("early", seed) for seed in range(100)]
    assert np.mean([each["circular"] <= 0.05 for each in p]) > 0.4
    assert np.mean([each["swap"] <= 0.05 for each in p]) < 0.12


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "long"])
def test_reactions_to_half_of_the_annotations_are_found(kind):
    p = np.array([p_values(kind, seed, reacted=0.5)["headline"] for seed in range(60)])
    assert (p <= 0.05).mean() >= 0.9


@pytest.mark.parametrize(("within_s", "lowest", "highest"), [(0.0, 1.0, 1.0), (2.0, 0.005, 0.05)])
def test_a_swap_cannot_tell_a_reaction_to_scripted_errors_from_the_clock(within_s, lowest, highest):
    """Eight errors at the same moments for everybody, or nearly so; seven of ten are answered."""
    rng = np.random.default_rng(3)
    script_s, tracks = np.linspace(40, 560, 8), []
    for who in range(12):
        onsets_s = script_s + rng.uniform(-within_s, within_s, 8)
        answered = onsets_s[rng.random(8) < 0.7]
        events_s = np.append(answered + rng.uniform(0.5, 4, len(answered)), rng.uniform(0, 600, 4))
        tracks.append(track(events_s, onsets_s, f"p{who}"))
    tp = sum(matches(each, each) for each in tracks)
    asked = {"count": POINTS, "draws": 199, "seed": 0}
    p = [
        against(tp, null.tally.tp).p
        for null in (
            swapped(tracks, **asked),
            shifted(tracks, least_s=5.5, **asked),
            jittered(tracks, half_width_s=30.0, **asked),
        )
    ]
    assert lowest <= p[0] <= highest
    assert p[1:] == [0.005, 0.005]
