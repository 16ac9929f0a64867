"""A threshold chosen on other people, or on other data of the same, against plain loops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ferbench.report.people_text import learned_lines
from ferbench.scoring.matching.window import Window
from ferbench.scoring.participants.learned import learned_threshold
from ferbench.scoring.participants.split_sessions import halves
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.threshold_scores import thresholds_of
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Annotation

CRITERION = Window()
WINDOW = CRITERION.onset_window


def session(name, participant, onsets_s, rows, *, length_s=600.0):
    """Annotations at some times, events (highest level, time) found from that level down."""
    return ScoredSession(
        session_id=name,
        participant=participant,
        events=(),
        annotations=tuple(
            Annotation(session_id=name, onset_s=t, offset_s=t) for t in sorted(onsets_s)
        ),
        observed=((0.0, length_s),),
        profile=ThresholdSweep.of(
            [(-math.inf, level, time_s, time_s + 1, time_s) for level, time_s in rows]
        ),
    )


def drawn(rng, name, participant, *, number=6):
    onsets_s = rng.uniform(0, 595, number)
    hits = [(float(rng.uniform(0.3, 1)), t + 1.0) for t in onsets_s if rng.random() < 0.7]
    others = [(float(rng.uniform(0, 0.8)), float(rng.uniform(0, 600))) for _ in range(6)]
    return session(name, participant, onsets_s.tolist(), hits + others)


def learned_of(sessions):
    thresholds = thresholds_of(sessions, CRITERION, weights=None, rules=StatisticsRules())
    return learned_threshold(sessions, thresholds, CRITERION, WINDOW)


def counts_at(each, level):
    """Matches, events and annotations of a session at one level."""
    times_s = np.sort(each.profile.at(level)[:, 2]) if math.isfinite(level) else np.empty(0)
    onsets_s = np.array([a.onset_s for a in each.annotations])
    nothing = np.full((1, len(times_s)), np.nan)
    marks_s = np.stack([onsets_s, onsets_s], axis=1)
    count = CRITERION.count_matches()(times_s[None], np.zeros(len(times_s)), marks_s, nothing)
    return np.array([int(count.matches[0]) if len(times_s) else 0, len(times_s), len(onsets_s)])


def best_level(sessions):
    """The highest of the levels of largest F1; None = no annotations."""
    if not sum(len(each.annotations) for each in sessions):
        return None
    levels = sorted({level for each in sessions for level in each.profile.upto}, reverse=True)
    scores = []
    for level in levels:
        tp, events, ref = sum(counts_at(each, level) for each in sessions)
        scores.append(2 * tp / (events + ref))
    return levels[int(np.argmax(scores))]


def f1_of(counts):
    tp, events, ref = counts
    return 2 * tp / (events + ref)


def test_as_by_plain_loops():
    rng = np.random.default_rng(4)
    sessions = [
        drawn(rng, "a1", "a"),
        drawn(rng, "a2", "a"),
        drawn(rng, "a3", "a"),
        drawn(rng, "b1", "b", number=9),
        drawn(rng, "c1", "c"),
        drawn(rng, "c2", "c"),
    ]
    found = learned_of(sessions)
    first, second = halves(sessions[3], WINDOW, "trigger")
    a, c = sessions[:3], sessions[4:]
    learned_on = [[a[1], a[2]], [a[0], a[2]], [a[0], a[1]], [first], [c[1]], [c[0]]]
    scored = [*a, second, *c]
    levels = [best_level(each) for each in learned_on]
    expected = sum(counts_at(*pair) for pair in zip(scored, levels, strict=True))
    within = found.of("within", "rest")
    assert within.f1 == pytest.approx(f1_of(expected))
    assert within.participants == ("a", "b", "c")
    assert found.halved == 1
    by_participant = within.tally.tp
    assert by_participant[1] == counts_at(second, levels[3])[0]
    best = max(
        f1_of(sum(counts_at(each, level) for each in scored))
        for level in {x for each in sessions for x in each.profile.upto}
    )
    assert found.of("in-sample", "rest").f1 == pytest.approx(best)
    others = {"a": [sessions[3], *c], "b": [*a, *c], "c": sessions[:4]}
    expected = sum(
        counts_at(each, best_level(others[owner]))
        for each, owner in zip(scored, "aaabcc", strict=True)
    )
    assert found.of("between", "rest").f1 == pytest.approx(f1_of(expected))
    expected = sum(counts_at(each, best_level(others[each.participant])) for each in sessions)
    assert found.of("between", "everything").f1 == pytest.approx(f1_of(expected))
    assert found.of("in-sample", "everything").f1 == pytest.approx(
        f1_of(sum(counts_at(each, best_level(sessions)) for each in sessions))
    )


def test_a_cut_tears_no_window_and_loses_nothing():
    """The middle, 50 s, lies in the window of 47 s, which ends at 52 s and begins at 46.5 s."""
    whole = session("s", "", [10, 47, 80], [(0.9, 11), (0.8, 52), (0.7, 52.1)], length_s=100.0)
    first, second = halves(whole, WINDOW, "trigger")
    assert first.observed == ((0.0, pytest.approx(52.0)),)
    assert [a.onset_s for a in first.annotations] == [10, 47]
    assert first.profile.trigger_s.tolist() == [11, 52]
    assert second.profile.trigger_s.tolist() == [52.1]
    assert [a.onset_s for a in second.annotations] == [80]
    assert second.observed_s + first.observed_s == pytest.approx(100.0)
    nearer_its_begin = session("s", "", [49], [(0.9, 48.5)], length_s=100.0)
    first, second = halves(nearer_its_begin, WINDOW, "trigger")
    assert len(first.annotations) == len(first.profile.upto) == 0
    assert second.profile.trigger_s.tolist() == [48.5]
    assert halves(replace(whole, observed=()), WINDOW, "trigger") is None


def test_gaps_do_not_count_for_the_middle():
    whole = session("s", "", [], [])
    whole = replace(whole, observed=((0.0, 10.0), (100.0, 130.0)))
    first, second = halves(whole, WINDOW, "trigger")
    assert first.observed == ((0.0, 10.0), (100.0, 110.0))
    assert second.observed == ((110.0, 130.0),)


def test_who_has_nothing_to_choose_on_is_left_out_and_told():
    sessions = [
        session("a", "a", [400], [(0.9, 401)]),
        session("b", "b", [100, 400], [(0.9, 101), (0.8, 401)]),
    ]
    found = learned_of(sessions)
    within = found.of("within", "rest")
    assert (within.participants, within.left_out) == (("b",), ("a",))
    # b's threshold on its first half is 0.9, which misses 401.
    assert within.f1 == 0
    assert found.of("in-sample", "rest").f1 == 1
    [line] = learned_lines(found)
    assert "without 1 participant" in line
    nobody = learned_of(sessions[:1])
    assert math.isnan(nobody.of("within", "rest").f1)
    assert "no first half or other session has annotations" in learned_lines(nobody)[0]


def test_without_annotations_there_is_nothing_to_choose():
    found = learned_of([session("a", "a", [], [(0.9, 5)]), session("b", "b", [], [])])
    assert all(math.isnan(split.f1) for split in found.splits)
    assert found.of("in-sample", "everything").left_out == ("a", "b")
