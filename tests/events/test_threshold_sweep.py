"""Profiles of the event rules: at every level what ``detect`` finds there."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import DataError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.windowed import Windowed
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.types import Signal, Timeline, VideoInfo

NAN = float("nan")


def signal_of(value, edges_s=None, fps=10.0, label="surprise"):
    value = np.asarray(value, np.float64)
    edges_s = (
        np.arange(len(value) + 1) / fps if edges_s is None else np.asarray(edges_s, np.float64)
    )
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="0",
        num_frames=len(value),
        width_px=8,
        height_px=8,
        fps_hz=fps,
    )
    return Signal(timeline=Timeline(video=video, edges_s=edges_s), value=value, label=label)


def detected(rule, level, signals):
    """Events at a level as the rule itself finds them, as rows of onset, offset, trigger."""
    events = [
        (event.onset_s, event.offset_s, event.trigger_s)
        for signal, start_s in signals
        for event in replace(rule, enter=level).detect(signal, session_id="s", start_s=start_s)
    ]
    return sorted(events)


def levels_between(signals, floor):
    """Every value, levels between two of them, and both sides of the ends."""
    values = np.unique(np.concatenate([signal.value for signal, _ in signals]))
    values = values[~np.isnan(values)]
    levels = np.concatenate(
        [values, (values[1:] + values[:-1]) / 2, [v + d for v in values for d in (-1e-3, 1e-3)]]
    )
    return (
        [floor, *(float(level) for level in levels if level > floor)]
        if np.isfinite(floor)
        else levels.tolist()
    )


def assert_the_same_at_every_level(rule, signals, floor):
    profile = ThresholdSweep.joined(
        [rule.threshold_sweep(signal, start_s=start_s) for signal, start_s in signals]
    )
    for level in levels_between(signals, floor):
        assert profile.at(level).tolist() == [
            list(row) for row in detected(rule, level, signals)
        ], level


VALUES = st.sampled_from([0.0, 0.2, 0.3, 0.35, 0.4, 0.5, 0.7, 0.9, NAN]) | st.floats(0, 1)
FRAMES = st.lists(st.tuples(st.sampled_from([20, 40, 100]), VALUES), max_size=40)


def timed(frames):
    edges_s = np.concatenate(([0], np.cumsum([lasts for lasts, _ in frames]))) / 1000
    return signal_of([value for _, value in frames], edges_s=edges_s)


@settings(max_examples=500, deadline=None)
@given(
    parts=st.lists(FRAMES, min_size=1, max_size=3),
    least=st.sampled_from([0, 60, 100, 200]),
    gap=st.sampled_from([0, 40, 100, 300]),
    exit_=st.sampled_from([0.0, 0.3, 0.5]),
    refractory=st.sampled_from([0, 0, 60, 200, 500]),
)
def test_hysteresis_at_every_level(parts, least, gap, exit_, refractory):
    rule = Hysteresis(
        enter=1.0,
        exit=exit_,
        min_duration_s=least / 1000,
        merge_gap_s=gap / 1000,
        refractory_s=refractory / 1000,
    )
    assert_the_same_at_every_level(
        rule, [(timed(frames), 7.3 * k) for k, frames in enumerate(parts)], exit_
    )


@settings(max_examples=300, deadline=None)
@given(
    parts=st.lists(st.lists(VALUES, max_size=40), min_size=1, max_size=3),
    segment=st.integers(2, 12),
    run=st.integers(0, 5),
    whole_runs=st.booleans(),
    refractory=st.sampled_from([0, 0, 3, 8, 15]),
)
def test_segments_at_every_level(parts, segment, run, whole_runs, refractory):
    rule = Windowed(
        segment_s=segment / 10,
        run_s=min(run, segment - 1) / 10,
        whole_runs=whole_runs,
        refractory_s=refractory / 10,
    )
    assert_the_same_at_every_level(
        rule, [(signal_of(value), 7.3 * k) for k, value in enumerate(parts)], -np.inf
    )


@pytest.mark.parametrize(
    "rule",
    [
        Hysteresis(merge_gap_s=1.0),
        Hysteresis(min_duration_s=0.0, refractory_s=3.0),
        Windowed(),
        Windowed(whole_runs=True),
        Windowed(refractory_s=7.0),
    ],
    ids=str,
)
def test_a_longer_noisy_signal(rule):
    rng = np.random.default_rng(1)
    value = np.clip(
        0.4 + np.cumsum(rng.normal(0, 0.05, 1500)) * 0.1 + rng.normal(0, 0.1, 1500), 0, 1
    ).round(3)
    value[rng.random(1500) < 0.02] = NAN
    signal = signal_of(value, fps=25.0)
    profile = rule.threshold_sweep(signal, start_s=12.5)
    for level in np.unique(value[value >= 0.3])[::7]:
        assert profile.at(level).tolist() == [
            list(row) for row in detected(rule, float(level), [(signal, 12.5)])
        ]


def test_an_event_begins_earlier_as_the_level_sinks():
    rule = Hysteresis(exit=0.3, min_duration_s=0.0, merge_gap_s=0.0)
    profile = rule.threshold_sweep(signal_of([0.3, 0.4, 0.4, 0.8, 0.5, 0.0]), start_s=0.0)
    rows = np.stack([profile.below, profile.upto, profile.onset_s, profile.trigger_s], axis=1)
    assert rows.tolist() == [[0.4, 0.8, 0.3, 0.4], [0.3, 0.4, 0.1, 0.2], [-np.inf, 0.3, 0.0, 0.1]]
    assert profile.floor == 0.3
    assert profile.levels.tolist() == [0.8, 0.4, 0.3]


def test_below_exit_hysteresis_has_no_answer():
    profile = Hysteresis(exit=0.3).threshold_sweep(signal_of([0.9, 0.9, 0.9]), start_s=0.0)
    assert len(profile.at(0.3)) == 1
    with pytest.raises(DataError, match=r"at least 0\.3"):
        profile.at(0.29)


@pytest.mark.parametrize("rule", [Hysteresis(), Windowed(), Windowed(whole_runs=True)], ids=str)
@pytest.mark.parametrize(
    "value", [[], [NAN] * 30, [0.0] * 2], ids=["no frames", "no face", "short and low"]
)
def test_nothing_to_find(rule, value):
    profile = rule.threshold_sweep(signal_of(value), start_s=0.0)
    assert len(profile.upto) == 0
    assert profile.at(0.5).shape == (0, 3)
    assert len(profile.levels) == 0


def test_profiles_that_cannot_be():
    with pytest.raises(DataError, match="below < upto"):
        ThresholdSweep.of([(0.5, 0.5, 0.0, 1.0, 0.5)])
    one = ThresholdSweep.of([(0.1, 0.5, 0.0, 1.0, 0.5)])
    with pytest.raises(DataError, match="one length"):
        replace(one, below=np.zeros(2))
    assert ThresholdSweep.joined([]).at(0.5).shape == (0, 3)


def test_levels_that_may_not_be_chosen_are_left_out():
    whole = ThresholdSweep.of(
        [
            (-math.inf, 0.9, 1.0, 2.0, 1.0),
            (-math.inf, 0.0, 0.0, 9.0, 1.0),
            (0.2, 0.5, 3.0, 4.0, 3.0),
        ]
    )
    found = whole.above(0.0)
    assert found.levels.tolist() == [0.9, 0.5, 0.2]
    for level in (0.9, 0.4, 0.1):
        assert found.at(level).tolist() == whole.at(level).tolist()
    with pytest.raises(DataError, match="at least"):
        found.at(0.0)
