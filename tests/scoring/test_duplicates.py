"""Further alarms that are ignored: fast counts against the plain one, and other packages."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError
from ferbench.report.statistics_text import summary
from ferbench.scoring.curves.lag import lag_scan
from ferbench.scoring.curves.threshold_curve import curve_of
from ferbench.scoring.curves.thresholds import at_random
from ferbench.scoring.curves.tolerance import tolerance_curve
from ferbench.scoring.evaluation import score_sessions
from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.matching.many_draws import Counted
from ferbench.scoring.matching.onset_offset import OnsetOffset
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import f1
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_outcome import compare_session, outcome_of
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.assessment import track
from ferbench.scoring.uncertainty.moved import jittered, random, shifted
from ferbench.scoring.uncertainty.swapped import swapped
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Annotation, Event
from helpers.reference import CHECKOUT
from helpers.scored_sessions import scored_sessions

IGNORING = [
    Window(pre_s=0.5, post_s=2.0, duplicates="ignored"),
    OnsetOffset(duplicates="ignored"),
    Overlap(least_iou=0.1, duplicates="ignored"),
    AnyOverlap(duplicates="ignored"),
]
WINDOW = IGNORING[0]
SPANS = st.lists(
    st.tuples(st.integers(0, 80), st.integers(0, 40)).map(
        lambda t: (t[0] / 10, (t[0] + t[1]) / 10)
    ),
    max_size=7,
)
"""Tenths of a second: many lie on a window's edge, and their doubles beside it."""


def event(onset_s, offset_s):
    return Event(
        session_id="s",
        onset_s=onset_s,
        offset_s=offset_s,
        trigger_s=onset_s,
        label="surprise",
        peak=1.0,
    )


def session_of(found, marked, *, name="s", participant="", profile=None, observed_s=60.0):
    return ScoredSession(
        session_id=name,
        participant=participant,
        events=tuple(sorted(event(*span) for span in found)),
        annotations=tuple(
            Annotation(session_id="s", onset_s=a, offset_s=b) for a, b in sorted(marked)
        ),
        observed=((0.0, observed_s),),
        profile=profile,
    )


def may_match(criterion, one, annotation):
    return bool(replace(criterion, duplicates="false_alarm").matches([one], [annotation]))


def plain(criterion, session):
    """Hits, false alarms and ignored events by the definition: each event beside each hit."""
    events, annotations = session.events, session.annotations
    pairs = replace(criterion, duplicates="false_alarm").matches(events, annotations)
    hits, found = {i for i, _ in pairs}, {j for _, j in pairs}
    ignored = [
        i
        for i, one in enumerate(events)
        if i not in hits and any(may_match(criterion, one, annotations[j]) for j in found)
    ]
    return len(pairs), len(events) - len(pairs) - len(ignored), tuple(ignored)


@pytest.mark.parametrize("criterion", IGNORING, ids=lambda each: type(each).__name__)
@settings(max_examples=200, deadline=None)
@given(found=SPANS, marked=SPANS)
def test_further_alarms_at_a_hit_are_ignored(criterion, found, marked):
    session = session_of(found, marked)
    outcome = outcome_of(session, criterion)
    tp, fp, ignored = plain(criterion, session)
    assert outcome.ignored == ignored
    counts = outcome.counts
    assert (counts.tp, counts.fp, counts.ignored) == (tp, fp, len(ignored))
    assert counts.tp + counts.fp + counts.ignored == len(session.events)
    as_before = outcome_of(session, replace(criterion, duplicates="false_alarm"))
    assert as_before.matches == outcome.matches
    assert (as_before.ignored, as_before.counts.ignored) == ((), 0)
    assert as_before.counts.fp == counts.fp + counts.ignored


@pytest.mark.parametrize("criterion", IGNORING, ids=lambda each: type(each).__name__)
@settings(max_examples=100, deadline=None)
@given(found=SPANS, marked=SPANS)
def test_many_draws_are_counted_as_one(criterion, found, marked):
    rng = np.random.default_rng(0)
    spans = np.array(found, float).reshape(-1, 2)
    marks_s = np.array(marked, float).reshape(-1, 2)
    times_s = spans[:, 0] + rng.integers(-20, 20, (4, 1)) / 10
    lasts_s = spans[:, 1] - spans[:, 0]
    got = criterion.count_matches()(times_s, lasts_s, marks_s, np.full(times_s.shape, np.nan))
    for row, matches, ignored in zip(times_s, *got, strict=True):
        drawn = list(zip(row, row + lasts_s, strict=True))
        tp, _, further = plain(criterion, session_of(drawn, marked))
        assert (matches, ignored) == (tp, len(further))


def by_definition(criterion):
    """A counting of draws that matches each of them by itself."""

    def count(times_s, lasts_s, marks_s, around_s):
        del around_s
        rows = []
        for row, lasts in zip(times_s, np.broadcast_to(lasts_s, times_s.shape), strict=True):
            drawn = [(a, a + b) for a, b in zip(row, lasts, strict=True) if not math.isnan(a)]
            tp, _, further = plain(criterion, session_of(drawn, marks_s.tolist()))
            rows.append((tp, len(further)))
        return Counted(*np.array(rows, np.int64).reshape(-1, 2).T)

    return count


NULLS = {
    "circular": lambda tracks, count: shifted(tracks, count=count, least_s=1.0, draws=15, seed=1),
    "jitter": lambda tracks, count: jittered(
        tracks, count=count, half_width_s=5.0, draws=15, seed=1
    ),
    "swap": lambda tracks, count: swapped(tracks, count=count, draws=15, seed=1),
    "random": lambda tracks, count: random(tracks, count=count, draws=15, seed=1),
}


@pytest.mark.parametrize("name", NULLS)
def test_null_detectors_count_as_the_scores_do(name):
    rng = np.random.default_rng(3)
    tracks = []
    for who in range(4):
        starts_s, marks_s = rng.uniform(0, 40, 12), rng.uniform(0, 40, 4)
        points = [(at, at) for at in starts_s], [(at, at) for at in marks_s]
        session = session_of(*points, name=f"s{who}", participant=f"p{who}", observed_s=40.0)
        tracks.append(track(session, "trigger"))
    fast = NULLS[name](tracks, WINDOW.count_matches()).tally
    slow = NULLS[name](tracks, by_definition(WINDOW)).tally
    assert fast.tp.tolist() == slow.tp.tolist()
    assert fast.fp.tolist() == slow.fp.tolist()
    assert fast.fn.tolist() == slow.fn.tolist()
    assert (fast.tp + fast.fp < 48).any()
    assert len(set((fast.tp + fast.fp).tolist())) > 1  # not the same number in each draw


LEVELS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 5), st.integers(0, 80)).map(
        lambda t: (t[0] / 10 if t[0] else -math.inf, (t[0] + t[1]) / 10, t[2] / 10)
    ),
    max_size=9,
)


@settings(max_examples=150, deadline=None)
@given(of_a=LEVELS, of_b=LEVELS, marked=st.lists(st.integers(0, 80), max_size=4))
def test_curves_count_as_the_criterion_does_at_every_level(of_a, of_b, marked):
    marks = [(at / 10, at / 10) for at in marked]
    sessions = []
    for name, rows in (("a", of_a), ("b", of_b)):
        profile = ThresholdSweep.of([(low, up, at, at, at) for low, up, at in rows])
        each = session_of([], marks, name=name, participant=name, profile=profile)
        sessions.append(each)
    curve = curve_of(
        sessions, pre_s=0.5, post_s=2.0, stamp="trigger", tolerance_s=1e-9, duplicates="ignored"
    )
    pooled = curve.pooled()
    for at, level in enumerate(curve.level.tolist()):
        expected = np.zeros(3)
        for rows in (of_a, of_b):
            there = [(when, when) for low, up, when in rows if low < level <= up]
            counts = outcome_of(session_of(there, marks), WINDOW).counts
            expected += (counts.tp, counts.fp, counts.fn)
        assert [pooled.tp[at], pooled.fp[at], pooled.fn[at]] == expected.tolist()


@settings(max_examples=100, deadline=None)
@given(found=st.lists(st.integers(0, 80), max_size=8), marked=SPANS)
def test_widths_and_lags_count_as_the_criterion_does(found, marked):
    session = session_of([(at / 10, at / 10) for at in found], marked)
    curve = tolerance_curve([session], pre_s=0.5, stamp="trigger", duplicates="ignored")
    for at, post_s in enumerate(curve.post_s.tolist()):
        counts = outcome_of(session, replace(WINDOW, post_s=post_s)).counts
        assert (curve.tally.tp[0, at], curve.tally.fp[0, at]) == (counts.tp, counts.fp)
    offset_s = np.arange(-20, 21) / 10
    scan = lag_scan([session], stamp="trigger", offset_s=offset_s, duplicates="ignored")
    narrow = Window(pre_s=1.0, post_s=1.0, duplicates="ignored")
    for value, by_s in zip(scan.f1, offset_s, strict=True):
        moved = [(a + by_s, b + by_s) for a, b in marked]
        counts = outcome_of(session_of([(at / 10, at / 10) for at in found], moved), narrow).counts
        expected = f1(Tally.of([counts]))[0]
        assert value == pytest.approx(expected, nan_ok=True)


def test_the_chance_line_expects_fewer_false_alarms():
    """Ten events anywhere in 100 s, one window of 10 s: one is expected in it."""
    rows = [(-math.inf, 0.5, float(at), float(at), float(at)) for at in range(10)]
    session = session_of(
        [], [(40.0, 40.0)], profile=ThresholdSweep.of(rows), observed_s=100.0, name="s"
    )
    how = {"pre_s": 5.0, "post_s": 5.0, "stamp": "trigger"}
    [found] = at_random([session], np.array([0.5]), **how).tp
    [fp] = at_random([session], np.array([0.5]), **how, duplicates="ignored").fp
    assert found == pytest.approx(1 - 0.9**10)
    assert fp == pytest.approx(9.0)


def test_statistics_count_and_tell_them():
    doubled = []
    for each in scored_sessions(4):
        again = [replace(one, trigger_s=one.trigger_s + 0.25) for one in each.events[:3]]
        doubled.append(replace(each, events=tuple(sorted([*each.events, *again]))))
    rules = StatisticsRules(draws=50, surrogates=50)
    ignoring = score_sessions(doubled, Window(duplicates="ignored"), rules)
    counting = score_sessions(doubled, Window(), rules)
    num_ignored = sum(outcome.counts.ignored for outcome in ignoring.outcomes.values())
    assert num_ignored > 10
    assert ignoring.numbers["event/ignored"] == num_ignored
    assert "event/ignored" not in counting.numbers
    assert ignoring["fp"].value == counting["fp"].value - num_ignored
    found = ignoring.statistics
    assert found.assessment.tally.fp.sum() == ignoring["fp"].value
    rows = found.breakdowns["participant"]
    assert sum(row.fp for row in rows) == ignoring["fp"].value
    lines = summary(found, ignoring.criterion, rules)
    num_events = sum(len(each.events) for each in doubled)
    assert lines[0].startswith(f"{num_events} events, ")
    assert lines[1] == (
        f"{num_ignored} further events where another one counts already: ignored, no false alarms"
    )


def test_unknown_policies_are_refused():
    for made in (Window, AnyOverlap):
        with pytest.raises(ConfigError, match="false_alarm or ignored") as caught:
            made(duplicates="merge")
        assert caught.value.key == "duplicates"


def test_false_alarms_as_sktime_counts_them():
    """``FalseAlarmRate(min_offset=-0.5 s, max_offset=5 s)`` of sktime 1.2.0 on times of 0.1 s.

    X: ``pd.date_range("2020-01-01", periods=601, freq="100ms")``, ``time_unit="min"``; windows
    overlap in many of the cases.
    """
    path = CHECKOUT / "tests" / "data" / "sktime_false_alarms.json"
    cases = json.loads(path.read_text(encoding="utf-8"))
    criterion = Window(duplicates="ignored")
    for case in cases:
        session = session_of(
            [(at, at) for at in case["events_s"]], [(at, at) for at in case["annotations_s"]]
        )
        assert outcome_of(session, criterion).counts.fp == case["false_alarms"]
    assert sum(case["false_alarms"] for case in cases) > 20


def test_hits_and_false_alarms_as_timescoring_counts_them():
    """Windows apart, for there an event may count for several annotations; at 10 Hz."""
    from timescoring.annotations import Annotation as Marks
    from timescoring.scoring import EventScoring

    rng = np.random.default_rng(0)
    parameters = EventScoring.Parameters(
        toleranceStart=0.5, toleranceEnd=4.0, maxEventDuration=1000, minDurationBetweenEvents=0
    )
    criterion = AnyOverlap(before_s=0.5, after_s=4.0, tolerance_s=0.0, duplicates="ignored")
    ignored = 0
    for _ in range(60):
        onsets = np.arange(2, 58, 8) + rng.integers(0, 20, 7) / 10
        marked = [(at, at + 1.0) for at in onsets[rng.random(7) < 0.6].round(1)]
        # Odd hundredths never touch an edge of a sample, or of a window.
        found = np.sort(rng.choice(np.arange(0, 590, 3), 25, replace=False)) / 10
        spans = [(at, round(at + 0.2, 1)) for at in found.tolist()]
        theirs = EventScoring(Marks(marked, 10, 600), Marks(spans, 10, 600), parameters)
        touching = [(a + 0.05, b - 0.05) for a, b in spans]
        counts = outcome_of(session_of(touching, marked), criterion).counts
        assert (counts.tp, counts.fp, counts.n_ref) == (theirs.tp, theirs.fp, theirs.refTrue)
        assert values(counts) == pytest.approx((theirs.sensitivity, theirs.f1), nan_ok=True)
        ignored += counts.ignored
    assert ignored > 50


def values(counts):
    tally = Tally.of([counts])
    return float(tally.tp[0] / counts.n_ref) if counts.n_ref else math.nan, float(f1(tally)[0])


def test_only_what_counts_is_ignored():
    """A further alarm that was not observed is not scored, rather than ignored."""
    outcome = compare_session(
        [event(10.0, 10.0), event(11.0, 11.0), event(31.0, 31.0)],
        [Annotation(session_id="s", onset_s=9.5, offset_s=9.5)],
        Window(duplicates="ignored"),
        observed_s=20.0,
        valid_s=20.0,
        observed=((0.0, 10.5),),
    )
    assert (outcome.scored_events, outcome.ignored, outcome.counts.fp) == ((0,), (), 0)
