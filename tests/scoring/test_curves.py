"""Curves over all thresholds against the plain rule and matcher at every threshold."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from ferbench.errors import ConfigError, DataError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.windowed import Windowed
from ferbench.scoring.curves.threshold_curve import average_precision, curve_of
from ferbench.scoring.curves.thresholds import (
    at_random,
    average_precision_of,
    best,
    display_levels,
    nested,
    precision_band,
)
from ferbench.scoring.curves.tolerance import LOOSE_S, TIGHT_S, mean_of, tolerance_curve
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.matching.window import Window
from ferbench.scoring.metrics import f1, precision, recall
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_outcome import counted
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.intervals import bootstrap, resampled
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.timespans import TOLERANCE_S
from ferbench.types import Annotation, Event, Signal, Timeline, VideoInfo

NAN = float("nan")
PRE_S, POST_S = 0.5, 2.0


def signal_of(value, label="surprise", fps=10.0):
    value = np.asarray(value, np.float64)
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="0",
        num_frames=len(value),
        width_px=8,
        height_px=8,
        fps_hz=fps,
    )
    timeline = Timeline(video=video, edges_s=np.arange(len(value) + 1) / fps)
    return Signal(timeline=timeline, value=value, label=label)


def detected(rule, parts, session_id):
    """Events of all parts ([(signal, start_s), ...]) in time order."""
    found = [
        event
        for signal, at in parts
        for event in rule.detect(signal, session_id=session_id, start_s=at)
    ]
    return tuple(sorted(found))


class Study:
    """Sessions with their signals: evidence for the curves, and the slow way to each number."""

    def __init__(self, rule, sessions, stamp="trigger"):
        """``sessions``: (participant, parts, onsets, observed stretches)."""
        self.rule, self.sessions, self.stamp = rule, sessions, stamp
        self.window = Window(pre_s=PRE_S, post_s=POST_S, stamp=stamp)
        self.evidence = []
        for k, (participant, parts, onsets, observed) in enumerate(sessions):
            marks = tuple(
                Annotation(session_id=f"s{k}", onset_s=t, offset_s=t) for t in sorted(onsets)
            )
            events = detected(rule, parts, f"s{k}")
            seen, wanted = counted(events, marks, observed, self.window)
            self.evidence.append(
                ScoredSession(
                    session_id=f"s{k}",
                    participant=participant,
                    events=tuple(events[i] for i in seen),
                    annotations=tuple(marks[j] for j in wanted),
                    observed=observed,
                    profile=ThresholdSweep.joined(
                        [rule.threshold_sweep(signal, start_s=at) for signal, at in parts]
                    ),
                )
            )

    def curve(self):
        return curve_of(self.evidence, pre_s=PRE_S, post_s=POST_S, stamp=self.stamp)

    def people(self):
        return sorted({evidence.cluster for evidence in self.evidence})

    def slow(self, level):
        """(matches, events) of each participant at a threshold."""
        rows = dict.fromkeys(self.people(), (0, 0))
        for evidence, (_, parts, _, observed) in zip(self.evidence, self.sessions, strict=True):
            events = detected(replace(self.rule, enter=level), parts, evidence.session_id)
            seen, _ = counted(events, (), observed, self.window)
            events = [events[i] for i in seen]
            stamps = [self.window.stamp_s(event) for event in events]
            pairs = match(
                stamps, [a.onset_s for a in evidence.annotations], pre_s=PRE_S, post_s=POST_S
            )
            tp, n = rows[evidence.cluster]
            rows[evidence.cluster] = (tp + len(pairs), n + len(events))
        return [rows[name] for name in self.people()]

    def levels(self, floor):
        values = np.concatenate(
            [signal.value for _, parts, _, _ in self.sessions for signal, _ in parts]
        )
        values = np.unique(values[~np.isnan(values)])
        return [float(x) for x in (*values, *(values[1:] + values[:-1]) / 2, 2.0) if x >= floor]


VALUES = st.sampled_from([0.0, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, NAN]) | st.floats(0, 1)
TRACES = st.lists(VALUES, max_size=40)


@st.composite
def sessions_of(draw):
    sessions = []
    for _ in range(draw(st.integers(1, 4))):
        parts = [(signal_of(draw(TRACES)), 0.0), (signal_of(draw(TRACES), label="fear"), 0.0)]
        parts.append((signal_of(draw(TRACES)), 5.0))
        onsets = draw(st.lists(st.integers(0, 90).map(lambda k: k / 10), max_size=5))
        observed = draw(
            st.sampled_from([((0.0, 4.0), (5.0, 9.0)), ((0.0, 9.0),), ((1.0, 2.0), (2.5, 6.0))])
        )
        sessions.append((draw(st.sampled_from(["", "ann", "bob"])), parts, onsets, observed))
    return sessions


RULES = [
    (Hysteresis(exit=0.3, enter=0.5, min_duration_s=0.2, merge_gap_s=0.3), 0.3),
    (Windowed(segment_s=1.0, run_s=0.2), -math.inf),
    (Windowed(segment_s=1.0, run_s=0.2, whole_runs=True), -math.inf),
]


@pytest.mark.parametrize(("rule", "floor"), RULES, ids=str)
@settings(max_examples=60, deadline=None)
@given(sessions=sessions_of(), stamp=st.sampled_from(["trigger", "onset"]))
def test_counts_at_every_threshold_are_those_of_the_plain_rule(rule, floor, sessions, stamp):
    study = Study(rule, sessions, stamp)
    curve, levels = study.curve(), study.levels(floor)
    tally = curve.at_levels(np.array(levels))
    num_ref = [
        sum(len(e.annotations) for e in study.evidence if e.cluster == name)
        for name in study.people()
    ]
    assert list(curve.participants) == study.people()
    assert curve.num_ref.tolist() == num_ref
    for k, level in enumerate(levels):
        got = list(zip(tally.tp[:, k], tally.tp[:, k] + tally.fp[:, k], strict=True))
        assert got == study.slow(level), level
        assert (tally.tp[:, k] + tally.fn[:, k]).tolist() == num_ref

    # The curve's own levels: all changes and no others, and the same numbers in every form.
    pooled = curve.pooled()
    own = [curve.of_participant(p) for p in range(len(curve.participants))]
    at = curve.at_levels(curve.level)
    for p, (tp, num_events) in enumerate(own):
        assert tp.tolist() == at.tp[p].tolist()
        assert num_events.tolist() == (at.tp[p] + at.fp[p]).tolist()
    assert pooled.tp.tolist() == at.tp.sum(axis=0).tolist()
    assert pooled.fp.tolist() == at.fp.sum(axis=0).tolist()
    states = [tuple(zip(at.tp[:, k], at.fp[:, k], strict=True)) for k in range(len(curve.level))]
    nothing = tuple((0.0, 0.0) for _ in curve.participants)
    assert all(a != b for a, b in zip([nothing, *states], states, strict=False))
    assert np.all(np.diff(curve.level) < 0)
    assert set(curve.level) <= set(levels)


def noisy_study(seed=0, people=6, sessions=12, rule=RULES[0][0]):
    """Sessions of two minutes whose signal rises after about half of the annotations."""
    rng = np.random.default_rng(seed)
    made = []
    for k in range(sessions):
        value = np.convolve(rng.normal(0, 0.35, 1220), np.ones(8) / 8, "same")[:1200] + 0.35
        onsets = np.sort(rng.uniform(2, 115, 6)).round(2)
        for onset in onsets[rng.random(6) < 0.6]:
            start = int((onset + rng.uniform(0.2, 1.5)) * 10)
            value[start : start + 8] += rng.uniform(0.2, 0.5)
        value = np.clip(value, 0, 1).round(2)
        value[rng.random(1200) < 0.01] = NAN
        made.append((f"p{k % people}", [(signal_of(value), 0.0)], onsets.tolist(), ((0.0, 120.0),)))
    return Study(rule, made)


def test_levels_are_matched_in_parts(monkeypatch):
    """However many levels are looked at together, the curve is the same."""
    study = noisy_study(sessions=3)
    whole = study.curve()
    for cells_at_once in (1, 64, 1000):
        monkeypatch.setattr("ferbench.scoring.curves.threshold_curve._CELLS_AT_ONCE", cells_at_once)
        in_parts = study.curve()
        assert in_parts.level.tolist() == whole.level.tolist()
        assert in_parts.tp.tolist() == whole.tp.tolist()
        assert in_parts.num_events.tolist() == whole.num_events.tolist()


def slow_f1(rows, num_ref):
    tp, n = (sum(column) for column in zip(*rows, strict=True))
    return 2 * tp / (n + num_ref)


def test_the_best_threshold_and_those_chosen_on_the_others():
    study = noisy_study()
    curve = study.curve()
    levels = sorted(study.levels(0.3), reverse=True)
    rows = [study.slow(level) for level in levels]
    refs = curve.num_ref.tolist()

    scores = [slow_f1(row, sum(refs)) for row in rows]
    found = best(curve)
    assert float(f1(found.tally)) == max(scores)
    assert found.level == max(
        level for level, score in zip(levels, scores, strict=True) if score == max(scores)
    )

    chosen = nested(curve)
    assert chosen.participants == curve.participants
    assert chosen.left_out == ()
    total = [0, 0]
    for p in range(len(refs)):
        others = [slow_f1([*row[:p], *row[p + 1 :]], sum(refs) - refs[p]) for row in rows]
        level = max(
            level for level, score in zip(levels, others, strict=True) if score == max(others)
        )
        tp, n = rows[levels.index(level)][p]
        assert (chosen.tally.tp[p], chosen.tally.fp[p]) == (tp, n - tp)
        assert chosen.level[p] == level
        total = [total[0] + tp, total[1] + n]
    everybody = chosen.tally.weighted(np.ones(len(refs)))
    assert float(f1(everybody)) == 2 * total[0] / (total[1] + sum(refs))
    assert float(f1(everybody)) <= float(f1(found.tally))


def silent(participant, onsets):
    return ScoredSession(
        session_id=f"s {participant}",
        participant=participant,
        events=(),
        annotations=tuple(Annotation(session_id="s", onset_s=t, offset_s=t) for t in onsets),
        observed=((0.0, 60.0),),
        profile=ThresholdSweep.of([], floor=0.3),
    )


def curve_without_rules(sessions):
    """A curve of sessions given as (participant, rows of a profile, onsets)."""
    evidence = [
        replace(
            silent(participant, onsets), profile=ThresholdSweep.of(rows), observed=((0.0, 1e4),)
        )
        for participant, rows, onsets in sessions
    ]
    return curve_of(evidence, pre_s=PRE_S, post_s=POST_S, stamp="trigger")


def at(time_s, upto, below=-math.inf):
    return (below, upto, time_s, time_s + 1.0, time_s)


def test_ties_go_to_the_highest_threshold():
    # One hit at 0.9; at 0.7 a second hit and two false alarms: F1 2/3 at both.
    rows = [
        at(10.0, 0.9),
        at(30.0, 0.7),
        at(50.0, 0.7),
        at(55.0, 0.7),
        at(58.0, 0.7),
        at(59.0, 0.7),
    ]
    curve = curve_without_rules([("ann", rows[:4], [10.0, 30.0])])
    assert f1(curve.pooled()).tolist() == [2 / 3, 2 / 3]
    assert best(curve).level == 0.9


@pytest.mark.parametrize("sign", [-1, 1])
def test_both_edges_of_the_window_belong_to_it(sign):
    onset_s = 10.1
    edge_s = onset_s + POST_S + TOLERANCE_S if sign > 0 else onset_s - PRE_S - TOLERANCE_S
    beyond_s = float(np.nextafter(edge_s, sign * math.inf))
    for time_s, matches in ((edge_s, 1), (beyond_s, 0)):
        assert len(match([time_s], [onset_s], pre_s=PRE_S, post_s=POST_S)) == matches
        curve = curve_without_rules([("ann", [at(time_s, 0.9)], [onset_s])])
        assert curve.pooled().tp.tolist() == [matches]


def test_nobody_finds_anything():
    curve = curve_of(
        [silent("ann", [3.0]), silent("bob", [])], pre_s=PRE_S, post_s=POST_S, stamp="trigger"
    )
    assert len(curve.level) == 0
    assert curve.pooled().tp.shape == (0,)
    assert float(average_precision(curve.pooled())) == 0.0
    assert best(curve).level == math.inf
    assert (float(best(curve).tally.tp), float(best(curve).tally.fn)) == (0, 1)
    chosen = nested(curve)
    assert chosen.left_out == ("ann",)  # bob has no annotations, so nothing can be chosen on him
    assert (chosen.participants, chosen.level.tolist()) == (("bob",), [math.inf])
    assert display_levels(curve).shape == (0,)
    weights = resampled(2, draws=50, seed=0)
    band = precision_band(curve, weights, levels=display_levels(curve), recalls=np.array([0.5]))
    assert np.isnan(band.low).all()
    assert band.undefined.tolist() == [1.0]


def test_no_annotations():
    curve = curve_without_rules([("ann", [at(10.0, 0.9)], [])])
    assert math.isnan(best(curve).level)
    assert math.isnan(float(average_precision(curve.pooled())))
    assert nested(curve).left_out == ("ann",)


def test_a_single_participant_has_no_nested_threshold():
    curve = curve_without_rules([("ann", [at(10.0, 0.9)], [10.0])])
    assert nested(curve).left_out == ("ann",)
    assert nested(curve).tally.tp.shape == (0,)


def test_no_sessions():
    curve = curve_of([], pre_s=PRE_S, post_s=POST_S, stamp="trigger")
    assert len(curve.level) == len(curve.participants) == 0
    assert math.isnan(best(curve).level)


def test_events_of_a_file_have_no_curve():
    with pytest.raises(
        DataError, match=r"session s ann: curves need .* expected a session of a run"
    ):
        curve_of(
            [replace(silent("ann", []), profile=None)], pre_s=PRE_S, post_s=POST_S, stamp="trigger"
        )


# Average precision


@settings(max_examples=200, deadline=None)
@given(scored=st.lists(st.tuples(st.booleans(), st.integers(1, 8)), min_size=1, max_size=30))
def test_average_precision_is_that_of_scikit_learn(scored):
    """Every event has a place of its own and a level from which it is there.

    Hits lie on annotations.
    """
    if not any(hit for hit, _ in scored):
        scored = [*scored, (True, 3)]
    rows = [at(100.0 * k, level / 8) for k, (_, level) in enumerate(scored)]
    onsets = [100.0 * k for k, (hit, _) in enumerate(scored) if hit]
    curve = curve_without_rules([("ann", rows, onsets)])
    expected = average_precision_score([hit for hit, _ in scored], [level for _, level in scored])
    assert float(average_precision(curve.pooled())) == pytest.approx(expected, abs=1e-12)


def test_recall_that_falls_and_rises_again_is_counted_once():
    # A hit from 0.9 to above 0.6; gone until 0.4, when it is back with two false alarms.
    rows = [at(10.0, 0.9, below=0.6), at(10.0, 0.4), at(40.0, 0.4), at(50.0, 0.4)]
    curve = curve_without_rules([("ann", rows, [10.0])])
    assert curve.level.tolist() == [0.9, 0.6, 0.4]
    assert recall(curve.pooled()).tolist() == [1.0, 0.0, 1.0]
    assert float(average_precision(curve.pooled())) == 1.0


def test_interval_of_average_precision():
    curve = noisy_study(seed=3).curve()
    levels = display_levels(curve, 10_000)
    weights = resampled(len(curve.participants), draws=200, seed=1)
    value, interval = bootstrap(
        average_precision_of(curve, levels), weights, level=0.9, method="percentile"
    )
    assert value == pytest.approx(float(average_precision(curve.pooled())), abs=1e-12)
    assert interval.low < value < interval.high


# Drawing


def test_levels_for_drawing():
    curve = noisy_study().curve()
    pooled = curve.pooled()
    every = display_levels(curve, 10_000)
    reached = np.maximum.accumulate(pooled.tp)
    assert set(every) == {
        curve.level[0],
        curve.level[-1],
        *curve.level[np.diff(reached, prepend=0) > 0],
    }
    some = display_levels(curve, 7)
    assert len(some) == 7
    assert set(some) <= set(every)
    assert (some[0], some[-1]) == (curve.level[0], curve.level[-1])
    assert np.all(np.diff(some) < 0)
    with pytest.raises(ConfigError, match="at least 2"):
        display_levels(curve, 1)


def test_bands_against_the_same_by_hand():
    curve = noisy_study().curve()
    levels = display_levels(curve, 25)
    weights = resampled(len(curve.participants), draws=60, seed=5)
    own = curve.at_levels(levels)
    recalls = np.array([0.1, 0.4, 0.8, 1.01])
    by_recall = np.full((60, 4), NAN)
    for d, weight in enumerate(weights):
        tp, fp, fn = (
            sum(w * column for w, column in zip(weight, c, strict=True))
            for c in (own.tp, own.fp, own.fn)
        )
        for r, wanted in enumerate(recalls):
            for k in range(len(levels)):
                if tp[k] / (tp[k] + fn[k]) >= wanted - 1e-12:
                    by_recall[d, r] = tp[k] / (tp[k] + fp[k])
                    break
    band = precision_band(curve, weights, levels=levels, recalls=recalls, confidence=0.9)
    assert band.undefined == pytest.approx(np.isnan(by_recall).mean(axis=0))
    assert band.undefined[3] == 1.0
    assert math.isnan(band.low[3])
    some = ~np.isnan(by_recall).all(axis=0)
    assert band.low[some] == pytest.approx(np.nanquantile(by_recall[:, some], 0.05, axis=0))
    assert band.high[some] == pytest.approx(np.nanquantile(by_recall[:, some], 0.95, axis=0))


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, NAN])
def test_bands_need_a_confidence_between_0_and_1(confidence):
    curve = noisy_study(sessions=2, people=2).curve()
    weights, levels = resampled(2, draws=5, seed=0), display_levels(curve)
    with pytest.raises(ConfigError, match="confidence"):
        precision_band(
            curve, weights, levels=levels, recalls=np.array([0.5]), confidence=confidence
        )


def test_chance_line_is_what_random_events_score():
    """Windows apart: expected counts equal the mean of a simulation.

    Overlapping ones: not below it.
    """
    rng = np.random.default_rng(4)
    rows = [
        at(float(t), float(level))
        for t, level in zip(rng.uniform(0, 60, 12), rng.random(12), strict=True)
    ]
    for onsets, exact in (([10.0, 20.0, 59.0], True), ([10.0, 11.0, 20.0, 59.0], False)):
        evidence = replace(silent("ann", onsets), profile=ThresholdSweep.of(rows))
        levels = np.array([0.8, 0.5, 0.0])
        expected = at_random([evidence], levels, pre_s=PRE_S, post_s=POST_S, stamp="trigger")
        for k, level in enumerate(levels):
            n = len(evidence.profile.at(float(level)))
            assert expected.tp[k] + expected.fp[k] == n
            draws = [
                len(match(rng.uniform(0, 60, n).tolist(), onsets, pre_s=PRE_S, post_s=POST_S))
                for _ in range(4000)
            ]
            margin = 5 * np.std(draws) / math.sqrt(len(draws))
            assert expected.tp[k] > np.mean(draws) - margin
            assert not exact or expected.tp[k] < np.mean(draws) + margin
        assert np.all(precision(expected) <= 1)
        assert expected.tp + expected.fn == pytest.approx(len(onsets))


# Width of the window


def test_tolerance_curve_is_a_matching_at_every_width():
    study = noisy_study()
    curve = tolerance_curve(study.evidence, pre_s=PRE_S, stamp="trigger")
    assert curve.post_s.tolist() == sorted({*TIGHT_S, *LOOSE_S})
    assert (TIGHT_S[0], TIGHT_S[-1], LOOSE_S[0], LOOSE_S[-1]) == (1.0, 5.0, 5.0, 60.0)
    for k, post_s in enumerate(curve.post_s):
        for p, name in enumerate(curve.participants):
            own = [evidence for evidence in study.evidence if evidence.participant == name]
            tp = 0
            for evidence in own:
                stamps = [event.trigger_s for event in evidence.events]
                onsets = [annotation.onset_s for annotation in evidence.annotations]
                tp += len(match(stamps, onsets, pre_s=PRE_S, post_s=float(post_s)))
            assert curve.tally.tp[p, k] == tp
            assert curve.tally.fp[p, k] == sum(len(evidence.events) for evidence in own) - tp
            assert curve.tally.fn[p, k] == sum(len(evidence.annotations) for evidence in own) - tp
            assert curve.tally.observed_s[p, k] == 120.0 * len(own)
    pooled = curve.pooled()
    by_width = dict(zip(curve.post_s.tolist(), f1(pooled).tolist(), strict=True))
    everybody = np.ones((1, len(curve.participants)))
    assert mean_of(curve, TIGHT_S)(everybody)[0] == pytest.approx(
        np.mean([by_width[s] for s in TIGHT_S])
    )
    assert mean_of(curve, LOOSE_S)(everybody)[0] == pytest.approx(
        np.mean([by_width[s] for s in LOOSE_S])
    )


def test_tolerance_at_the_edge_and_without_anything():
    def found_at(*times):
        return tuple(
            Event(session_id="s", onset_s=t, offset_s=t, trigger_s=t, label="surprise", peak=1.0)
            for t in times
        )

    evidence = replace(silent("ann", [0.7]), events=found_at(0.8, 2.7))
    curve = tolerance_curve([evidence], pre_s=0.0, stamp="trigger", widths_s=(2.0, 0.1, 0.05))
    assert curve.tally.tp.tolist() == [[0, 1, 1]]
    nothing = tolerance_curve([silent("ann", [])], pre_s=0.0, stamp="trigger")
    assert np.isnan(f1(nothing.pooled())).all()
    assert isinstance(tolerance_curve([], pre_s=0.0, stamp="onset").pooled(), Tally)
