"""Hysteresis and the segment rule, each against a slow reading of its definition."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError, DataError
from ferbench.events.hysteresis import Hysteresis
from ferbench.events.timecode import timecode
from ferbench.events.windowed import Windowed, segment_flags
from ferbench.types import Signal, Timeline, VideoInfo
from helpers.reference import shared_path

NAN = float("nan")


def signal_of(value, edges_s=None, fps=10.0):
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
    return Signal(timeline=Timeline(video=video, edges_s=edges_s), value=value, label="surprise")


def spans(events):
    return [(round(e.onset_s, 6), round(e.offset_s, 6), round(e.trigger_s, 6)) for e in events]


def detect(rule, value, start_s=0.0, **kwargs):
    return rule.detect(signal_of(value, **kwargs), session_id="s", start_s=start_s)


# Hysteresis


def test_opens_at_enter_stays_at_exit_closes_below():
    rule = Hysteresis(min_duration_s=0.0, merge_gap_s=0.0)
    (event,) = detect(rule, [0.4, 0.5, 0.7, 0.3, 0.29, 0.4], start_s=100.0)
    assert spans([event]) == [(100.1, 100.4, 100.2)]
    assert (event.session_id, event.label, event.peak) == ("s", "surprise", 0.7)


def test_a_frame_without_value_closes():
    rule = Hysteresis(min_duration_s=0.0, merge_gap_s=0.0)
    assert spans(detect(rule, [0.9, NAN, 0.4, 0.9])) == [(0.0, 0.1, 0.1), (0.3, 0.4, 0.4)]


def test_gap_equal_to_merge_gap_stays():
    rule = Hysteresis(min_duration_s=0.0, merge_gap_s=0.3)
    assert len(detect(rule, [1, 0, 0, 0, 1])) == 2  # 0.4 - 0.1 is below 0.3 in doubles
    assert spans(detect(rule, [1, 0, 0, 1])) == [(0.0, 0.4, 0.1)]


def test_duration_equal_to_min_duration_stays():
    rule = Hysteresis(min_duration_s=0.2, merge_gap_s=0.0)
    assert spans(detect(rule, [0] * 6 + [1, 1, 0, 1])) == [(0.6, 0.8, 0.8)]


def test_merging_comes_before_dropping():
    rule = Hysteresis(min_duration_s=0.4, merge_gap_s=0.25)
    assert spans(detect(rule, [1, 0, 0, 1, 0, 0, 1])) == [(0.0, 0.7, 0.4)]


def test_the_trigger_never_lies_in_a_gap():
    # At 0.2 s nobody can know yet that the two runs will be merged.
    rule = Hysteresis(min_duration_s=0.2, merge_gap_s=0.5)
    assert spans(detect(rule, [1, 0, 0, 1])) == [(0.0, 0.4, 0.4)]


def test_times_are_those_of_the_frames():
    edges_s = [0.0, 0.04, 0.5, 0.55, 2.0]
    rule = Hysteresis(min_duration_s=0.3, merge_gap_s=0.0)
    assert spans(detect(rule, [0, 1, 1, 0], edges_s=edges_s)) == [(0.04, 0.55, 0.5)]


def test_no_frames_no_events():
    assert detect(Hysteresis(), []) == ()
    assert detect(Hysteresis(), [NAN, NAN]) == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"enter": 0.3, "exit": 0.5}, "exit: expected at most enter, which is 0.3, got 0.5"),
        ({"enter": NAN}, "finite"),
        ({"min_duration_s": -1.0}, "min_duration_s"),
        ({"merge_gap_s": NAN}, "merge_gap_s"),
    ],
)
def test_hysteresis_fields_that_cannot_be_used(fields, message):
    with pytest.raises(ConfigError, match=message):
        Hysteresis(**fields)


def slow_hysteresis(ticks, value, rule):
    """One frame at a time, as a live program would; times in ticks of 1 ms (exact)."""
    enter, leave = rule.enter, rule.exit
    least, gap = round(rule.min_duration_s * 1000), round(rule.merge_gap_s * 1000)
    events, current, is_open = [], None, False
    for i, v in enumerate(value):
        start, end = ticks[i], ticks[i + 1]
        is_open = v >= leave if is_open else v >= enter
        if not is_open:
            continue
        is_new = current is None or (start > current["offset"] and start - current["offset"] >= gap)
        if is_new:
            current = {"onset": start, "offset": end, "trigger": None, "peak": v}
            events.append(current)
        current["offset"], current["peak"] = end, max(current["peak"], v)
        if current["trigger"] is None and end - current["onset"] >= least:
            current["trigger"] = end
    return [
        (e["onset"], e["offset"], e["trigger"], e["peak"])
        for e in events
        if e["trigger"] is not None
    ]


@settings(max_examples=300, deadline=None)
@given(
    frames=st.lists(
        st.tuples(
            st.sampled_from([20, 40, 100]), st.sampled_from([0.0, 0.2, 0.3, 0.4, 0.5, 0.9, NAN])
        ),
        max_size=40,
    ),
    least=st.sampled_from([0, 60, 100, 200]),
    gap=st.sampled_from([0, 40, 100, 300]),
    exit_=st.sampled_from([0.3, 0.5]),
)
def test_hysteresis_same_as_a_live_program(frames, least, gap, exit_):
    ticks = np.concatenate(([0], np.cumsum([lasts for lasts, _ in frames]))).astype(int)
    rule = Hysteresis(exit=exit_, min_duration_s=least / 1000, merge_gap_s=gap / 1000)
    value = [v for _, v in frames]
    events = detect(rule, value, edges_s=ticks / 1000)
    got = [
        (round(e.onset_s * 1000), round(e.offset_s * 1000), round(e.trigger_s * 1000), e.peak)
        for e in events
    ]
    assert got == slow_hysteresis(ticks.tolist(), value, rule)


# Segments


def slow_segments(positive, fps, segment_s=5.0, run_s=0.2, whole_runs=False):
    """The rule row by row; (flags, trigger rows of flagged segments)."""
    segment_rows, run_rows = math.ceil(segment_s * fps), math.ceil(run_s * fps)
    flags, triggers, count, flag = [], [], 0, 0
    for row, is_positive in enumerate(positive):
        if row and row % segment_rows == 0:
            flags.append(flag)
            flag = 0
            count = count if whole_runs else 0
        count = count + 1 if is_positive else 0
        if count == run_rows + 1 and not flag:
            flag = 1
            triggers.append(row)
    flags.append(flag)
    if len(positive) and len(positive) % segment_rows == 0:
        flags.append(0)
    return flags, triggers


@settings(max_examples=200, deadline=None)
@given(
    runs=st.lists(st.integers(1, 14), max_size=40),
    fps=st.sampled_from([1.0, 5.0, 12.5, 25.0, 30000 / 1001, 30.001]),
    segment_s=st.sampled_from([0.4, 1.0, 5.0]),
    run_s=st.sampled_from([0.0, 0.1, 0.2]),
    whole_runs=st.booleans(),
)
def test_segments_same_as_row_by_row(runs, fps, segment_s, run_s, whole_runs):
    positive = np.repeat(np.arange(len(runs)) % 2 == 1, runs).astype(bool)
    found = segment_flags(positive, fps, segment_s=segment_s, run_s=run_s, whole_runs=whole_runs)
    flags, triggers = slow_segments(positive.tolist(), fps, segment_s, run_s, whole_runs)
    assert found.flags.tolist() == flags
    assert found.trigger_rows[found.trigger_rows >= 0].tolist() == triggers
    assert len(found.flags) == len(positive) // found.segment_rows + 1


@pytest.mark.parametrize(
    ("fps", "rows"),
    [
        (25, (125, 5)),
        (30000 / 1001, (150, 6)),
        (30, (150, 6)),
        (50, (250, 10)),
        (60000 / 1001, (300, 12)),
        (12.5, (63, 3)),
        (24000 / 1001, (120, 5)),
        (30.001, (151, 7)),
    ],
)
def test_lengths_in_rows(fps, rows):
    found = segment_flags(np.zeros(0, bool), fps)
    assert (found.segment_rows, found.run_rows) == rows
    assert found.flags.tolist() == [0]


@pytest.mark.parametrize("fps", [0.0, -1.0, NAN, math.inf])
def test_a_rate_that_cannot_be_used_is_named(fps):
    with pytest.raises(DataError, match=f"frame rate.*{fps!r}"):
        segment_flags(np.ones(9, bool), fps)
    with pytest.raises(DataError, match="frame rate"):
        timecode(1, fps)
    with pytest.raises(DataError, match="frame rate"):
        detect(Windowed(), [], fps=fps, edges_s=[0.0])


def test_windowed_events_span_segments_and_trigger_on_the_frame():
    value = [0.0] * 12
    value[3:6] = [0.5, 0.6, 0.7]  # 3 frames: more than ceil(0.2 * 10) = 2
    value[10:12] = [0.9, 0.9]
    events = detect(Windowed(segment_s=0.5), value, start_s=10.0)
    assert events == ()  # the border at row 5 parts the run
    events = detect(Windowed(segment_s=0.6, run_s=0.1), value, start_s=10.0)
    assert spans(events) == [(10.0, 10.6, 10.5), (10.6, 11.2, 11.2)]
    assert [e.peak for e in events] == [0.7, 0.9]


def test_windowed_whole_runs_go_on_across_a_border_and_make_one_event():
    value = [0.0] * 12
    value[3:6] = [0.5, 0.6, 0.7]
    (event,) = detect(Windowed(segment_s=0.5, whole_runs=True), value)
    assert (event.onset_s, event.trigger_s) == (0.5, 0.6)
    long = [0.0, *[1.0] * 14]
    assert [e.onset_s for e in detect(Windowed(segment_s=0.5), long)] == [0.0, 0.5, 1.0]
    assert [e.onset_s for e in detect(Windowed(segment_s=0.5, whole_runs=True), long)] == [0.0]


def test_windowed_last_segment_ends_with_the_video():
    (event,) = detect(Windowed(), [NAN, 1.0, 1.0, 1.0])
    assert spans([event]) == [(0.0, 0.4, 0.4)]
    assert event.peak == 1.0


def test_windowed_frames_without_value_break_a_run():
    assert detect(Windowed(), [1.0, 1.0, NAN, 1.0, 1.0]) == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [({"segment_s": 0.0}, "segment_s"), ({"run_s": -0.1}, "run_s"), ({"enter": NAN}, "enter")],
)
def test_windowed_fields_that_cannot_be_used(fields, message):
    with pytest.raises(ConfigError, match=message):
        Windowed(**fields)


def test_timecodes_of_the_thesis():
    lines = (shared_path("thesis/timecodes") / "timecodes.csv").read_text().splitlines()[1:]
    assert len(lines) == 1730
    table = [line.split(",") for line in lines]
    assert [timecode(int(frame), float(fps)) for _, fps, frame, _ in table] == [
        code for *_, code in table
    ]


@pytest.mark.parametrize(
    ("frame", "fps", "code"),
    [
        (251, 25.0, "00:00:10:01"),
        (107892, 30000 / 1001, "00:59:59:29"),
        (30000, 30000 / 1001, "00:16:40:29"),
        (9_000_001, 25.0, "100:00:00:01"),
    ],
)
def test_timecodes_computed_in_doubles(frame, fps, code):
    assert timecode(frame, fps) == code


def test_timecode_of_a_negative_frame():
    with pytest.raises(DataError, match="-1"):
        timecode(-1, 25.0)


def test_level_is_what_makes_an_event():
    assert (Hysteresis(enter=0.7).level, Windowed(enter=0.6).level) == (0.7, 0.6)
