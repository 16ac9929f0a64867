"""Latencies and the lag scan."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError
from ferbench.scoring.agreement.annotators import compare, values
from ferbench.scoring.agreement.coded_intervals import CodedInterval
from ferbench.scoring.agreement.rules import AgreementRules
from ferbench.scoring.curves.lag import lag_scan, latency_of, offsets_s
from ferbench.scoring.curves.tolerance import tolerance_curve
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.scored_session import ScoredSession
from ferbench.types import Annotation, Event


def evidence(stamps, onsets, session_id="s"):
    return ScoredSession(
        session_id=session_id,
        participant="ann",
        events=tuple(
            Event(
                session_id=session_id,
                onset_s=t,
                offset_s=t + 1,
                trigger_s=t,
                label="surprise",
                peak=1.0,
            )
            for t in sorted(stamps)
        ),
        annotations=tuple(
            Annotation(session_id=session_id, onset_s=t, offset_s=t + 0.5, kind="laugh")
            for t in sorted(onsets)
        ),
        observed=((0.0, 600.0),),
    )


def scan(sessions, **kwargs):
    return lag_scan(sessions, stamp="trigger", **kwargs)


ONSETS = [20.0, 61.3, 99.9, 180.25, 300.7, 311.1, 405.0]


def test_a_detector_that_fires_two_seconds_after_every_annotation():
    late = evidence([t + 2.0 for t in ONSETS], ONSETS)
    widths = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
    curve = tolerance_curve([late], pre_s=0.5, stamp="trigger", widths_s=widths)
    assert curve.tally.tp[0].tolist() == [0, 0, 0, 7, 7, 7]
    assert curve.tally.fp[0].tolist() == [7, 7, 7, 0, 0, 0]
    found = scan([late])
    assert found.peak_s == 2.0
    assert found.offset_s[found.peak] == 2.0
    assert found.offset_s[found.f1 == 1.0].tolist() == offsets_s(1.0, 3.0).tolist()
    assert found.f1.max() == 1.0
    assert found.f1[np.searchsorted(found.offset_s, 0.0)] == 0.0


@pytest.mark.parametrize("half_width_s", [0.25, 0.5, 1.0, 2.0])
def test_the_peak_does_not_depend_on_the_width(half_width_s):
    late = evidence([t + 3.5 for t in ONSETS[:5]], ONSETS)
    assert scan([late], half_width_s=half_width_s).peak_s == 3.5


def slow_f1(half_width_s):
    def measure(sessions):
        tp = num_events = num_ref = 0
        for session in sessions:
            stamps, onsets = (
                [e.trigger_s for e in session.events],
                [a.onset_s for a in session.annotations],
            )
            tp += len(match(stamps, onsets, pre_s=half_width_s, post_s=half_width_s))
            num_events, num_ref = num_events + len(stamps), num_ref + len(onsets)
        return 2 * tp / (num_events + num_ref) if num_events + num_ref else math.nan

    return measure


def moved(sessions, by_s):
    return [
        replace(
            session,
            annotations=tuple(
                replace(a, onset_s=a.onset_s + by_s, offset_s=a.offset_s + by_s)
                for a in session.annotations
            ),
        )
        for session in sessions
    ]


TIMES = st.lists(st.integers(0, 80).map(lambda k: k / 4), max_size=10)


@settings(max_examples=100, deadline=None)
@given(
    lists=st.lists(st.tuples(TIMES, TIMES), max_size=3),
    half_width_s=st.sampled_from([0.25, 0.5, 1.0, 3.0]),
)
def test_the_scan_is_a_matching_at_every_offset(lists, half_width_s):
    sessions = [evidence(stamps, onsets, f"s{k}") for k, (stamps, onsets) in enumerate(lists)]
    offset_s = offsets_s(-3.0, 6.0, 0.25)
    found = scan(sessions, offset_s=offset_s, half_width_s=half_width_s)
    wanted = [slow_f1(half_width_s)(moved(sessions, by_s)) for by_s in offset_s.tolist()]
    np.testing.assert_array_equal(found.f1, wanted)


def slow_kappa(sessions, half_width_s):
    """By the annotators' comparison, which measures time without and with tolerance."""
    extents = {
        s.session_id: [CodedInterval(a.onset_s, a.onset_s, a.offset_s) for a in s.annotations]
        for s in sessions
    }
    events = {
        s.session_id: [CodedInterval(e.onset_s, e.onset_s, e.offset_s) for e in s.events]
        for s in sessions
    }
    rules = AgreementRules(before_s=half_width_s, after_s=half_width_s)
    observed = {s.session_id: s.observed for s in sessions}
    return float(
        values(compare("d", events, "p", extents, observed, rules, pre_s=0, post_s=0))["time/kappa"]
    )


SPANS = st.lists(
    st.tuples(st.integers(0, 80).map(lambda k: k / 4), st.integers(0, 12).map(lambda k: k / 4)),
    max_size=6,
)
OBSERVED = st.sampled_from([((0.0, 20.0),), ((2.0, 8.5), (11.0, 19.25)), ()])


@settings(max_examples=100, deadline=None)
@given(
    lists=st.lists(st.tuples(SPANS, SPANS, OBSERVED), max_size=3),
    half_width_s=st.sampled_from([0.25, 1.0]),
)
def test_the_scan_s_kappa_is_that_of_annotators_at_every_offset(lists, half_width_s):
    sessions = [
        ScoredSession(
            session_id=f"s{k}",
            participant="",
            events=tuple(
                Event(session_id="", onset_s=t, offset_s=t + d, trigger_s=t, label="x", peak=1.0)
                for t, d in e
            ),
            annotations=tuple(Annotation(session_id="", onset_s=t, offset_s=t + d) for t, d in a),
            observed=observed,
        )
        for k, (e, a, observed) in enumerate(lists)
    ]
    offset_s = offsets_s(-3.0, 6.0, 0.5)
    found = scan(sessions, offset_s=offset_s, half_width_s=half_width_s)
    if any(session.unplaced for session in sessions):
        assert np.isnan(found.kappa).all()
        return
    wanted = [slow_kappa(moved(sessions, by_s), half_width_s) for by_s in offset_s.tolist()]
    np.testing.assert_allclose(found.kappa, wanted, atol=1e-9)


def test_kappa_peaks_at_the_lag():
    late = evidence([t + 2.0 for t in ONSETS], ONSETS)  # events last 1 s, annotations 0.5 s
    found = scan([late])
    assert found.kappa_peak[0] == 2.0
    assert found.kappa_peak[1] == found.kappa.max() < 1
    assert np.isnan(scan([evidence([], [])]).kappa_peak).all()


def test_the_best_lag():
    offset_s = offsets_s(-5.0, 5.0, 0.5)
    # Single hits 3 s early, and 1 s late: equally good; the one nearer to 0 counts.
    assert (
        scan([evidence([17.0, 62.3], [20.0, 61.3])], offset_s=offset_s, half_width_s=0.5).peak_s
        == 1.0
    )
    # Two hits at -3 s beat single ones.
    more = evidence([17.0, 58.3, 99.9], [20.0, 61.3, 99.9, 100.4])
    assert scan([more], offset_s=offset_s, half_width_s=0.5).peak_s == -3.0
    # A width away from the scan's ends a lag is found as well.
    for lag_s in (-4.5, 4.5):
        assert (
            scan([evidence([50.0 + lag_s], [50.0])], offset_s=offset_s, half_width_s=0.5).peak_s
            == lag_s
        )
    assert scan([evidence([50.0], [50.0])], offset_s=np.array([0.0])).peak_s == 0.0


def test_chance_matches_do_not_move_the_peak():
    rng = np.random.default_rng(0)
    sessions = []
    for k in range(24):
        onsets = np.sort(rng.uniform(0, 600, 10))
        sessions.append(evidence([*(onsets[::2] + 1.5), *rng.uniform(0, 600, 10)], onsets, f"s{k}"))
    assert scan(sessions).peak_s == 1.5


def test_nothing_to_scan():
    for sessions in ([], [evidence([], [5.0])], [evidence([5.0], [])]):
        found = scan(sessions)
        assert math.isnan(found.peak_s)
        assert found.offset_s[found.peak] == 0.0
    assert np.isnan(scan([]).f1).all()
    assert (scan([evidence([], [5.0])]).f1 == 0).all()


def test_offsets():
    default = offsets_s()
    assert (default[0], default[-1], len(default)) == (-10.0, 20.0, 121)
    assert 0.0 in offsets_s(-0.3, 0.7, 0.1)
    for wrong in ((1.0, 0.0, 0.1), (0.0, 1.0, 0.0), (0.0, math.inf, 0.1)):
        with pytest.raises(ConfigError, match="lag scan"):
            offsets_s(*wrong)
    with pytest.raises(ConfigError, match="half_width_s"):
        scan([], half_width_s=0.0)


def test_latencies():
    found = latency_of([4.0, 1.0, 2.0, -1.0])
    assert (found.median_s, found.lower_s, found.upper_s, found.iqr_s, found.n) == (
        1.5,
        0.5,
        2.5,
        2.0,
        4,
    )
    nothing = latency_of([])
    assert nothing.n == 0
    assert math.isnan(nothing.median_s)
    assert math.isnan(nothing.iqr_s)
