"""What is done to a signal before events are looked for, and to events at last.

Against slow versions.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.errors import ConfigError, DataError
from ferbench.events.baseline import quantile_over
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.refractory import outside_refractory, sweep_outside_refractory
from ferbench.events.signal import EmotionSignal
from ferbench.events.treatment import moving_average
from ferbench.events.windowed import Windowed
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.evaluate import evaluate
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Channels, Event, Expressions, Part, Session, Signal, Timeline, VideoInfo

NAN = float("nan")
INF = float("inf")
FRAMES = st.lists(
    st.tuples(
        st.sampled_from([0.01, 0.04, 0.3]),
        st.one_of(st.just(NAN), st.sampled_from([0.0, 0.2, 0.5, 1.0])),
    ),
    min_size=1,
    max_size=25,
)
WINDOW = st.sampled_from([0.0, 0.02, 0.04, 0.1, 0.35, 2.0, INF])


def line_of(frames):
    return np.concatenate(([0.0], np.cumsum([lasts for lasts, _ in frames]))), np.array(
        [v for _, v in frames]
    )


def timeline_of(edges_s, fps=25.0):
    n = len(edges_s) - 1
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="0",
        num_frames=n,
        width_px=8,
        height_px=8,
        fps_hz=fps,
    )
    return Timeline(video=video, edges_s=np.asarray(edges_s, np.float64))


def built(rule, probability, edges_s):
    """The rule's signal where surprise has these probabilities (NaN = no face)."""
    probability = np.asarray(probability, np.float64)
    rows = np.flatnonzero(~np.isnan(probability))
    with np.errstate(divide="ignore"):
        logits = np.log(np.stack([probability[rows], 1 - probability[rows]], axis=1))
    expressions = Expressions(
        frame=rows,
        face=rows,
        logits=np.maximum(logits, -1e4).astype(np.float32),
        labels=("surprise", "neutral"),
    )
    chosen = np.where(np.isnan(probability), -1, np.arange(len(probability)))
    return rule.build(expressions, chosen, timeline_of(edges_s))


def slow_quantile(value, edges_s, share, behind_s, ahead_s):
    centre = (edges_s[:-1] + edges_s[1:]) / 2
    result = []
    for i in range(len(value)):
        there = [
            (value[j], round((edges_s[j + 1] - edges_s[j]) * 1e9))
            for j in range(len(value))
            if value[j] == value[j] and -behind_s - 1e-9 <= centre[j] - centre[i] <= ahead_s + 1e-9
        ]
        wanted = share * sum(lasts for _, lasts in there) - 0.5
        spent, found = 0, NAN
        for level, lasts in sorted(there):
            spent, found = spent + lasts, level
            if spent >= wanted:
                break
        result.append(found)
    return result


@settings(max_examples=300, deadline=None)
@given(
    frames=FRAMES, share=st.sampled_from([0.0, 0.1, 0.5, 0.75, 1.0]), behind=WINDOW, ahead=WINDOW
)
def test_the_quantile_over_a_window_same_as_a_loop(frames, share, behind, ahead):
    edges_s, value = line_of(frames)
    np.testing.assert_array_equal(
        quantile_over(value, edges_s, share=share, behind_s=behind, ahead_s=ahead),
        slow_quantile(value, edges_s, share, behind, ahead),
    )


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(st.floats(0, 1), min_size=1, max_size=99).filter(
        lambda values: len(values) % 2 == 1
    )
)
def test_the_median_of_equal_frames_is_numpys(values):
    edges_s = np.arange(len(values) + 1) / 25
    found = quantile_over(np.array(values), edges_s, share=0.5, behind_s=INF, ahead_s=INF)
    assert (found == np.median(values)).all()


def test_the_quantile_weighs_by_time_on_screen():
    value, edges_s = np.array([0.9, 0.1, 0.2]), np.array([0.0, 10.0, 11.0, 12.0])
    assert quantile_over(value, edges_s, share=0.5, behind_s=INF, ahead_s=INF).tolist() == [
        0.9,
        0.9,
        0.9,
    ]


def slow_causal_average(value, edges_s, width_s):
    result = []
    for i, own in enumerate(value):
        end = edges_s[i + 1]
        shares = [
            max(0.0, min(edges_s[j + 1], end) - max(edges_s[j], end - width_s))
            for j in range(i + 1)
        ]
        used = [(v, s) for v, s in zip(value, shares, strict=False) if v == v]
        result.append(sum(v * s for v, s in used) / sum(s for _, s in used) if own == own else NAN)
    return result


@settings(max_examples=150, deadline=None)
@given(frames=FRAMES, width_s=st.sampled_from([0.001, 0.04, 0.25, 3.0]))
def test_the_causal_average_same_as_a_loop(frames, width_s):
    edges_s, value = line_of(frames)
    np.testing.assert_allclose(
        moving_average(value, edges_s, width_s=width_s, causal=True),
        slow_causal_average(value, edges_s, width_s),
        atol=2e-9,
    )


@settings(max_examples=60, deadline=None)
@given(frames=FRAMES, cut=st.integers(1, 25), smooth_s=st.sampled_from([0.0, 0.1, 1.0]))
def test_what_is_causal_does_not_know_the_future(frames, cut, smooth_s):
    edges_s, value = line_of(frames)
    rule = EmotionSignal(smooth_s=smooth_s, smooth="causal", baseline="rolling", baseline_s=0.3)
    (whole,) = built(rule, value, edges_s)
    (part,) = built(rule, value[:cut], edges_s[: cut + 1])
    np.testing.assert_allclose(part.value, whole.value[:cut], atol=2e-9)


def test_defaults_change_nothing():
    value, edges_s = [0.25, NAN, 0.75, 0.5], np.arange(5) / 25
    (plain,) = built(EmotionSignal(), value, edges_s)
    np.testing.assert_allclose(plain.value, value, atol=1e-7)
    (smoothed,) = built(EmotionSignal(smooth_s=0.08), value, edges_s)
    np.testing.assert_array_equal(
        smoothed.value, moving_average(plain.value, edges_s, width_s=0.08)
    )


def test_baselines_by_hand():
    value, edges_s = [0.1, 0.1, 0.6, NAN, 0.1], np.arange(6.0)
    expected = {
        "rolling": [
            0.0,
            0.0,
            0.5,
            NAN,
            0.0,
        ],  # of 0.6 and 0.1 with equal times the lower one is the median
        "centred": [0.0, 0.0, 0.5, NAN, 0.0],
        "video": [0.0, 0.0, 0.5, NAN, 0.0],
    }
    for name, wanted in expected.items():
        (signal,) = built(EmotionSignal(baseline=name, baseline_s=2.0), value, edges_s)
        np.testing.assert_allclose(signal.value, wanted, atol=1e-7, err_msg=name)
    (highest,) = built(EmotionSignal(baseline="video", baseline_quantile=1.0), value, edges_s)
    np.testing.assert_allclose(highest.value, np.array(value) - 0.6, atol=1e-7)


@pytest.mark.parametrize(
    ("name", "baseline_s", "behind", "ahead"),
    [
        ("rolling", 2.0, 2, 0),
        ("rolling", 4.0, 4, 0),
        ("centred", 2.0, 1, 1),
        ("centred", 4.0, 2, 2),
        ("centred", 3.9, 1, 1),
        ("video", 2.0, 9, 9),
    ],
)
def test_windows_of_the_baselines_by_arithmetic(name, baseline_s, behind, ahead):
    """Values rise by 0.1 with each frame of 1 s: the quantiles 0 and 1 are a window's ends."""
    frame = np.arange(10)
    value, edges_s = frame / 10, np.arange(11.0)
    rule = EmotionSignal(baseline=name, baseline_s=baseline_s, baseline_quantile=0.0)
    (above_lowest,) = built(rule, value, edges_s)
    (below_highest,) = built(dataclasses.replace(rule, baseline_quantile=1.0), value, edges_s)
    np.testing.assert_allclose(above_lowest.value, np.minimum(frame, behind) / 10, atol=1e-7)
    np.testing.assert_allclose(below_highest.value, -np.minimum(9 - frame, ahead) / 10, atol=1e-7)


@pytest.mark.parametrize(("less_s", "count"), [(0.0, 3), (0.5e-9, 3), (1.5e-9, 2)])
def test_centres_within_a_nanosecond_of_the_window_count(less_s, count):
    """At 25 frames per second three frames are 0.12 s, whatever the rounding of their edges."""
    frame = np.arange(200)
    edges_s = np.arange(201) / 25
    width_s = 0.12 - less_s
    behind = quantile_over(frame / 1.0, edges_s, share=0.0, behind_s=width_s, ahead_s=0.0)
    np.testing.assert_array_equal(behind, np.maximum(frame - count, 0))
    ahead = quantile_over(frame / 1.0, edges_s, share=1.0, behind_s=0.0, ahead_s=width_s)
    np.testing.assert_array_equal(ahead, np.minimum(frame + count, 199))


@pytest.mark.parametrize(
    ("second_s", "kept"), [(1.0, 2), (1.0 - 0.5e-9, 2), (1.0 - 1.5e-9, 1), (0.5, 1), (2.0, 2)]
)
def test_refractory_time_ends_after_its_seconds(second_s, kept):
    events = [
        Event(
            session_id="s",
            onset_s=trigger_s,
            offset_s=trigger_s + 0.1,
            trigger_s=trigger_s,
            label="surprise",
            peak=1.0,
        )
        for trigger_s in (0.0, second_s)
    ]
    assert len(outside_refractory(events, 1.0)) == kept
    sweep = ThresholdSweep.of(
        [(0.1, 0.9, e.onset_s, e.offset_s, e.trigger_s) for e in events], floor=0.0
    )
    assert len(sweep_outside_refractory(sweep, 1.0).at(0.5)) == kept


def test_defaults_of_signal_and_rules():
    assert EmotionSignal() == EmotionSignal(
        labels=("surprise",),
        kind="probability",
        smooth_s=0.0,
        smooth="centred",
        baseline="none",
        baseline_s=60.0,
        baseline_quantile=0.5,
    )
    assert Hysteresis() == Hysteresis(
        enter=0.5, exit=0.3, min_duration_s=0.2, merge_gap_s=0.5, refractory_s=0.0
    )
    assert Windowed() == Windowed(
        segment_s=5.0, run_s=0.2, enter=0.5, whole_runs=False, refractory_s=0.0
    )


def test_smoothing_comes_before_the_baseline():
    value, edges_s = [0.0, 0.9, 0.0, 0.3], np.arange(5.0)
    (signal,) = built(
        EmotionSignal(smooth_s=3.0, smooth="causal", baseline="video"), value, edges_s
    )
    np.testing.assert_allclose(signal.value, np.array([0.0, 0.45, 0.3, 0.4]) - 0.3, atol=1e-6)


def signal_of(value, label="surprise", fps=1.0):
    edges_s = np.arange(len(value) + 1) / fps
    return Signal(
        timeline=timeline_of(edges_s, fps), value=np.asarray(value, np.float64), label=label
    )


def test_the_baseline_of_the_other_sessions():
    rule = EmotionSignal(labels=("surprise", "fear"), baseline="others")
    own = (signal_of([0.5, NAN, 0.9]), signal_of([0.5, 0.5, 0.5], "fear"))
    others = (
        (signal_of([0.1, 0.1]), signal_of([0.0, 0.0], "fear")),
        (
            signal_of([0.4] * 3, fps=100.0),
            signal_of([0.2, NAN, NAN], "fear"),
        ),  # short frames weigh little
    )
    surprise, fear = rule.apply_participant_baseline(own, others=others)
    np.testing.assert_allclose(surprise.value, [0.4, NAN, 0.8])
    np.testing.assert_allclose(fear.value, [0.5] * 3)
    assert EmotionSignal().apply_participant_baseline(own, others=()) is own
    for none in ((), ((signal_of([NAN]), signal_of([NAN], "fear")),)):
        with pytest.raises(
            DataError, match="baseline: 'others' needs another session of the participant"
        ):
            rule.apply_participant_baseline(own, others=none)


def test_a_run_with_the_baseline_of_the_other_sessions(clip, models, tmp_path):
    config = composed({})
    made = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    plain = dataclasses.replace(
        made, signal=dataclasses.replace(made.signal, labels=("happiness",))
    )
    others = dataclasses.replace(plain, signal=dataclasses.replace(plain.signal, baseline="others"))
    sessions = [
        Session(session_id=name, parts=(Part(path=clip),), participant=person)
        for name, person in (("a1", "A"), ("b1", "B"), ("a2", "A"))
    ]
    before, after = (
        evaluate(sessions, Analyser(recipe, Runtime(device="cpu"), Cache(tmp_path), models))
        for recipe in (plain, others)
    )
    assert [r.session.session_id for r in after.sessions] == ["a1", "a2"]
    (failure,) = after.failures
    assert failure.session_id == "b1"
    assert "needs another session" in failure.reason
    value = before.sessions[0].parts[0].signals[0].value
    neutral = slow_quantile(
        value, before.sessions[0].parts[0].analysis.timeline.edges_s, 0.5, INF, INF
    )[0]
    np.testing.assert_allclose(
        after.sessions[0].parts[0].signals[0].value, value - neutral, atol=1e-12
    )


def test_thresholds_after_a_baseline_are_no_probabilities():
    config = composed({})
    parts = {name: build(config[name], where=name) for name in PLUGS}
    classes = Channels(labels=("neutral", "surprise"))
    assert EmotionSignal(baseline="rolling").span_of(classes) == (-1.0, 1.0)
    negative = parts | {"event": Hysteresis(enter=-0.1, exit=-0.2)}
    with pytest.raises(ConfigError, match=r"expected more than 0 and at most 1, .* got -0.1"):
        Recipe(**negative)
    assert Recipe(**negative | {"signal": EmotionSignal(baseline="video")}).event.level == -0.1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"smooth": "late"}, "smooth: expected one of centred, causal"),
        ({"baseline": "mean"}, "baseline: expected one of none, rolling"),
        ({"baseline_s": 0.0}, "baseline_s: expected a finite"),
        ({"baseline_s": INF}, "baseline_s: expected a finite"),
        ({"baseline_quantile": 1.5}, "baseline_quantile: expected a number in"),
        ({"baseline_quantile": NAN}, "baseline_quantile"),
    ],
)
def test_fields_that_cannot_be_used(fields, message):
    with pytest.raises(ConfigError, match=message):
        EmotionSignal(**fields)


def event(trigger_s, onset_s=None):
    onset_s = trigger_s - 1 if onset_s is None else onset_s
    return Event(
        session_id="s",
        onset_s=onset_s,
        offset_s=trigger_s + 9,
        trigger_s=trigger_s,
        label="surprise",
        peak=0.9,
    )


def test_refractory_time_by_hand():
    events = [event(t) for t in (1.0, 2.9, 3.0, 5.5, 7.0)]
    assert [e.trigger_s for e in outside_refractory(events, 2.0)] == [1.0, 3.0, 5.5]
    assert [e.trigger_s for e in outside_refractory(events, 0.0)] == [1.0, 2.9, 3.0, 5.5, 7.0]
    floats = [event(0.1), event(0.1 + 0.2)]  # 0.2 s apart on paper
    assert len(outside_refractory(floats, 0.2)) == 2


@settings(max_examples=150, deadline=None)
@given(ticks=st.lists(st.integers(0, 200), max_size=20, unique=True), refractory=st.integers(0, 40))
def test_refractory_time_keeps_what_a_live_program_would(ticks, refractory):
    events = [event(tick / 4) for tick in sorted(ticks)]
    blocked_until, live = -1, []
    for tick in range(201):  # a program that looks at the clock four times a second
        if tick in ticks and tick >= blocked_until:
            live.append(tick / 4)
            blocked_until = tick + refractory
    assert [e.trigger_s for e in outside_refractory(events, refractory / 4)] == live


@pytest.mark.parametrize(
    "rule",
    [
        Hysteresis(min_duration_s=0.0, merge_gap_s=0.0),
        Windowed(segment_s=1.0, run_s=0.0),
        Windowed(segment_s=1.0, run_s=0.1, whole_runs=True),
    ],
)
def test_rules_drop_events_in_the_refractory_time(rule):
    value = np.tile([0.9, 0.9, 0.9, 0.0, 0.0], 20)
    signal = signal_of(value, fps=5.0)
    every = rule.detect(signal, session_id="s", start_s=0.0)
    rare = dataclasses.replace(rule, refractory_s=2.5)
    assert len(every) > 10
    assert rare.detect(signal, session_id="s", start_s=0.0) == outside_refractory(every, 2.5)
    triggers = [e.trigger_s for e in rare.detect(signal, session_id="s", start_s=0.0)]
    assert min(np.diff(triggers)) >= 2.5
    assert rare.threshold_sweep(signal, start_s=0.0).at(0.5)[:, 2].tolist() == triggers
    for seconds in (-1.0, NAN, INF):
        with pytest.raises(ConfigError, match="refractory_s: expected a finite"):
            dataclasses.replace(rule, refractory_s=seconds)
