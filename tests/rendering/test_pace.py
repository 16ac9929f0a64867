"""Which frame is on screen when, by a clock that the test moves."""

from __future__ import annotations

import numpy as np
import pytest

from ferbench.rendering.pace import SPEEDS, Pace

EDGES_S = np.array([0.5, 0.6, 0.7, 1.7, 1.75, 2.0])


class Clock:
    def __init__(self):
        self.time_s = 100.0

    def __call__(self):
        return self.time_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pace(clock):
    return Pace(EDGES_S, now=clock)


def test_frames_follow_their_own_times(pace, clock):
    pace.play()
    shown = []
    for passed_s in (0.0, 0.09, 0.11, 0.25, 1.19, 1.21, 1.24, 1.26, 1.6):
        clock.time_s = 100.0 + passed_s
        shown.append(pace.frame)
    assert shown == [0, 0, 1, 2, 2, 3, 3, 4, 4]
    assert pace.is_at_end


def test_time_that_was_lost_is_not_made_up_for(pace, clock):
    pace.play()
    clock.time_s += 1.22  # nothing was shown for so long
    assert pace.frame == 3


def test_it_stands_while_it_is_paused(pace, clock):
    pace.play()
    clock.time_s += 0.15
    pace.pause()
    clock.time_s += 50
    assert (pace.frame, pace.wait_s) == (1, float("inf"))
    pace.play()
    clock.time_s += 0.06
    assert pace.frame == 2


def test_speed_changes_from_where_it_is(pace, clock):
    pace.play()
    clock.time_s += 0.2
    pace.change_speed(SPEEDS.index(2.0) - SPEEDS.index(1.0))
    clock.time_s += 0.2
    assert pace.position_s == pytest.approx(0.5 + 0.2 + 2 * 0.2)
    assert pace.wait_s == pytest.approx((1.7 - 1.1) / 2)
    pace.change_speed(100)
    assert pace.speed == SPEEDS[-1]


def test_steps_and_seeks_stay_inside(pace):
    pace.step(1)
    assert pace.frame == 1
    pace.step(-5)
    assert pace.frame == 0
    pace.by_s(100)
    assert pace.frame == pace.last
    pace.to_frame(-3)
    assert pace.frame == 0
    assert not pace.is_playing


def test_playing_at_the_end_begins_again(pace, clock):
    pace.play()
    clock.time_s += 10
    assert pace.is_at_end
    pace.pause()
    pace.play()
    assert pace.frame == 0
