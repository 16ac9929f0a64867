"""Event rules that look at nothing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kstest

from ferbench.errors import ConfigError
from ferbench.events.unseeing import Periodic, Random
from ferbench.types import Signal, Timeline, VideoInfo


def signal(from_s, to_s, frames=50):
    video = VideoInfo(
        video_id="v",
        path=Path("v.mp4"),
        sha256="0" * 64,
        num_frames=frames,
        width_px=64,
        height_px=48,
        fps_hz=25.0,
    )
    line = Timeline(video=video, edges_s=np.linspace(from_s, to_s, frames + 1))
    return Signal(timeline=line, value=np.full(frames, np.nan), label="surprise")


def test_periodic_events_are_evenly_apart_from_half_a_period_on():
    events = Periodic(every_s=30.0, lasts_s=2.0).detect(
        signal(0.5, 106.0), session_id="s", start_s=100.0
    )
    assert [event.onset_s for event in events] == [115.5, 145.5, 175.5, 205.5]
    assert [event.offset_s for event in events] == [117.5, 147.5, 177.5, 206.0]
    assert all(event.trigger_s == event.onset_s for event in events)
    assert {event.label for event in events} == {"periodic"}
    assert all(math.isnan(event.peak) for event in events)


def test_a_video_shorter_than_half_a_period_has_none():
    rule = Periodic(every_s=30.0)
    assert rule.detect(signal(0.0, 14.9), session_id="s", start_s=0.0) == ()
    assert rule.least_s == 15.0


def test_random_events_are_a_poisson_process():
    rule = Random(per_min=6.0)
    found = [rule.detect(signal(0.0, 300.0), session_id=f"s{k}", start_s=0.0) for k in range(300)]
    numbers = np.array([len(events) for events in found])
    assert numbers.mean() == pytest.approx(30, abs=1)
    assert numbers.var() == pytest.approx(30, rel=0.25)
    times = [event.trigger_s for events in found for event in events]
    assert kstest(times, "uniform", (0, 300)).pvalue > 0.01
    assert all(list(events) == sorted(events, key=lambda e: e.onset_s) for events in found)


def test_random_numbers_are_of_the_video_and_the_seed():
    def times(seed=0, session="s", start_s=0.0):
        events = Random(per_min=6.0, seed=seed).detect(
            signal(0.0, 60.0), session_id=session, start_s=start_s
        )
        return [round(event.onset_s - start_s, 6) for event in events]

    assert times() == times()
    assert len({tuple(times()), *map(tuple, (times(1), times(0, "t"), times(0, "s", 60.0)))}) == 4


@pytest.mark.parametrize("rule", [Periodic(), Random()])
def test_there_is_no_level(rule):
    assert math.isnan(rule.level)
    assert rule.threshold_sweep(signal(0.0, 1.0), start_s=0.0) is None


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        (Periodic, {"every_s": 0.0}),
        (Periodic, {"lasts_s": -1.0}),
        (Random, {"per_min": 0.0}),
        (Random, {"per_min": math.inf}),
        (Random, {"lasts_s": math.nan}),
        (Random, {"seed": -1}),
    ],
)
def test_fields_that_cannot_be(rule, fields):
    with pytest.raises(ConfigError, match=next(iter(fields))):
        rule(**fields)
