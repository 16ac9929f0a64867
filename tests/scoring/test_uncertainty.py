"""The whole assessment: against its parts, under every criterion, and its time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest

from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.matching.onset_offset import OnsetOffset
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.pairwise import Pairwise
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import f1
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_outcome import outcome_of, scores_of
from ferbench.scoring.uncertainty.assessment import NullRules, assess, least_shift_s
from ferbench.scoring.uncertainty.chance import Track
from ferbench.scoring.uncertainty.coverage import MEASURED
from ferbench.scoring.uncertainty.intervals import bootstrap, metric_of, resampled
from ferbench.types import Annotation, Event

ASKED = {
    "nulls": NullRules(draws=100),
    "draws": 200,
    "level": 0.95,
    "method": "expanded",
    "seed": 4,
}


def session(name, participant, triggers, onsets, observed=((0.0, 600.0),)):
    return ScoredSession(
        session_id=name,
        participant=participant,
        events=tuple(
            Event(
                session_id=name,
                onset_s=t - 0.5,
                offset_s=t + 2,
                trigger_s=t,
                label="surprise",
                peak=1.0,
            )
            for t in map(float, triggers)
        ),
        annotations=tuple(
            Annotation(session_id=name, onset_s=float(t), offset_s=float(t) + 3) for t in onsets
        ),
        observed=observed,
    )


def sessions(number=9, seed=0, hits=4, people=5):
    rng = np.random.default_rng(seed)
    result = []
    for k in range(number):
        onsets = np.sort(rng.uniform(0, 590, 8))
        triggers = np.sort(
            np.concatenate([onsets[:hits] + rng.uniform(0, 3, hits), rng.uniform(0, 600, 5)])
        )
        result.append(session(f"s{k}", f"p{k % people}", triggers, onsets))
    return result


def test_values_are_those_of_the_scoring():
    evidence, window = sessions(), Window(pre_s=0.5, post_s=4.0)
    outcomes = [outcome_of(session, window) for session in evidence]
    pooled = scores_of([(o.counts, o.lags_s) for o in outcomes], params={})
    scores = {score.name: score.value for score in pooled}
    found = assess(evidence, criterion=window, **ASKED)
    for name, measured in found.measured.items():
        assert measured.value == pytest.approx(scores[f"event/{name}"])
        assert measured.interval.low <= measured.value <= measured.interval.high
    assert found.tally.tp.sum() == scores["event/tp"]
    assert found.participants == ("p0", "p1", "p2", "p3", "p4")
    assert found.tally.observed_s.tolist() == [1200.0] * 4 + [600.0]


def test_parts_of_the_assessment_fit_together():
    found = assess(sessions(), criterion=Window(), **ASKED)
    value, expected = bootstrap(
        metric_of(found.tally, f1), resampled(5, draws=200, seed=6), level=0.95, method="expanded"
    )
    assert found.measured["f1"].interval == expected
    assert found.measured["f1"].value == value
    chance = {name: m.chance for name, m in found.measured.items()}
    assert list(found.nulls) == ["circular", "jitter", "swap"]
    null = {name: f1(of_null.tally) for name, of_null in found.nulls.items()}
    p = {name: (1 + np.sum(values >= value)) / 101 for name, values in null.items()}
    hardest = max(p, key=p.__getitem__)
    assert found.measured["f1"].hardest == hardest
    assert chance["f1"].mean == pytest.approx(null[hardest].mean())
    assert chance["f1"].p == pytest.approx(p[hardest])
    assert chance["f1"].times > 2
    assert chance["latency_s"] is None
    by_shift = null["circular"].mean()
    assert found.measured["f1"].random.mean == pytest.approx(by_shift, rel=0.25)
    assert all(m.coverage is None for m in found.measured.values()), (
        "fewer participants than were simulated"
    )


def test_measured_coverage_stands_beside_intervals():
    found = assess(sessions(people=9), criterion=Window(), **ASKED)
    assert found.measured["f1"].coverage == (6, MEASURED["f1"]["expanded"][0])


def test_the_seed_decides_and_order_does_not():
    evidence = sessions()
    one, two, other = (
        assess(e, criterion=Window(), **{**ASKED, "seed": seed})
        for e, seed in ((evidence, 4), (evidence[::-1], 4), (evidence, 5))
    )
    assert one.measured["f1"] == assess(evidence, criterion=Window(), **ASKED).measured["f1"]
    assert one.measured["f1"].interval == two.measured["f1"].interval
    assert one.measured["f1"].interval != other.measured["f1"].interval
    assert one.measured["f1"].chance != other.measured["f1"].chance


def test_only_values():
    found = assess(
        sessions(), criterion=Window(), **{**ASKED, "nulls": NullRules(draws=0), "draws": 0}
    )
    assert found.nulls == {}
    assert found.random is None
    full = assess(sessions(), criterion=Window(), **ASKED)
    for name, measured in found.measured.items():
        assert measured.value == full.measured[name].value
        assert measured.interval is measured.coverage is measured.chance is measured.random is None
        assert measured.chances == {}


@pytest.mark.parametrize(
    "criterion", [OnsetOffset(onset_collar_s=3.0), Overlap(least_iou=0.2), AnyOverlap()]
)
def test_other_criteria(criterion):
    evidence = sessions()
    found = assess(evidence, criterion=criterion, **ASKED)
    assert (
        found.tally.tp.sum()
        == sum(len(criterion.matches(s.events, s.annotations)) for s in evidence)
        > 0
    )
    assert found.measured["f1"].chance.times > 1.5
    assert found.measured["f1"].chance.p < 0.05


def test_least_shifts():
    lasts = Track(
        times_s=np.zeros(2),
        lasts_s=np.array([1.0, 4.0]),
        marks_s=np.array([[0.0, 2.0], [5.0, 10.0]]),
        observed=(),
    )
    assert least_shift_s(Window(pre_s=0.5, post_s=5.0), [lasts]) == 5.5
    assert least_shift_s(OnsetOffset(onset_collar_s=2.0), [lasts]) == 4
    assert least_shift_s(Overlap(), [lasts]) == 9
    assert least_shift_s(AnyOverlap(before_s=1.0, after_s=2.0), [lasts]) == 12
    assert least_shift_s(Overlap(), []) == 0


def test_sessions_of_unknown_participant_or_length():
    evidence = [replace(s, participant="") for s in sessions(3)]
    found = assess(evidence, criterion=Window(), **ASKED)
    assert found.num_unnamed == found.measured["f1"].interval.clusters == 3
    unknown = assess(
        [*evidence[:2], replace(evidence[2], observed=())], criterion=Window(), **ASKED
    )
    assert unknown.measured["f1"].value == found.measured["f1"].value
    assert math.isnan(unknown.measured["false_alarms_per_min"].value)
    assert math.isnan(unknown.measured["f1"].chance.mean)
    assert all(null.num_unplaced == 1 for null in unknown.nulls.values())
    assert unknown.measured["f1"].hardest is None


def test_nothing_at_all():
    found = assess([], criterion=Window(), **ASKED)
    assert all(math.isnan(m.value) and math.isnan(m.interval.low) for m in found.measured.values())
    assert math.isnan(found.measured["f1"].chance.p)


def test_a_criterion_of_ones_own_needs_only_what_it_allows():
    """As CONTRIBUTING has it: which pairs, the least shift, and a sentence."""

    @dataclass(frozen=True, kw_only=True)
    class AnyEvent(Pairwise):
        def allowed(self, event_s, annotation_s):
            return np.ones(np.broadcast_shapes(event_s[0].shape, annotation_s[0].shape), bool)

        def least_shift_s(self, **_):
            return 0.0

        def __str__(self):
            return "they are there"

    found = assess(sessions(), criterion=AnyEvent(), **ASKED)
    assert found.measured["recall"].value == 1
    assert found.measured["f1"].chance.times == pytest.approx(1)
    assert found.measured["f1"].chance.p == 1


@pytest.mark.slow
def test_a_hundred_sessions_in_time():
    """2,000 events in 100 sessions of half an hour.

    The limit for all that a run scores is a minute, 1 s without.
    """
    rng = np.random.default_rng(0)
    evidence = [
        session(
            f"s{k}",
            f"p{k % 50}",
            rng.uniform(1, 1800, 20),
            rng.uniform(0, 1800, 20),
            ((0.0, 1800.0),),
        )
        for k in range(100)
    ]
    spent_s = []
    for surrogates, draws in ((0, 0), (1000, 2000)):
        start = time.perf_counter()
        nulls = NullRules(draws=surrogates)
        assess(evidence, criterion=Window(), **{**ASKED, "nulls": nulls, "draws": draws})
        spent_s.append(time.perf_counter() - start)
    assert spent_s[0] < 0.5
    assert spent_s[1] < 15
