"""Agreement of models: counts of segments and frames against slow references."""

from __future__ import annotations

import math
from statistics import mean, stdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.errors import DataError
from ferbench.scoring.agreement.frames import (
    NO_LABEL,
    class_totals,
    frame_agreement,
    frame_counts,
    row_shares,
)
from ferbench.scoring.agreement.segments import (
    Detections,
    PairCounts,
    event_numbers,
    false_agreement,
    overall_agreement,
    pair_counts,
    segments_with,
    true_agreement,
)

flags = st.lists(st.integers(0, 1), max_size=30)
codes = st.lists(st.integers(NO_LABEL, 3), max_size=40)


def i64(values) -> np.ndarray:
    return np.array(values, np.int64)


def slow_share(pairs) -> float:
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else math.nan


@given(flags, flags)
def test_segments_against_a_slow_reference(first, second):
    counts = pair_counts(i64(first), i64(second))
    pairs = list(zip(first, second, strict=False))
    assert overall_agreement(counts) == pytest.approx(slow_share(pairs), nan_ok=True, abs=1e-15)
    assert true_agreement(counts) == pytest.approx(
        slow_share([p for p in pairs if p[1] == 1]), nan_ok=True, abs=1e-15
    )
    assert false_agreement(counts) == pytest.approx(
        slow_share([p for p in pairs if p[1] == 0]), nan_ok=True, abs=1e-15
    )
    assert (counts.compared, counts.unpaired) == (len(pairs), abs(len(first) - len(second)))
    swapped = pair_counts(i64(second), i64(first))
    assert (swapped.both, swapped.first_only) == (counts.both, counts.second_only)


@given(codes, codes)
def test_frames_against_a_slow_reference(first, second):
    counts = frame_counts(i64(first), i64(second), 4)
    pairs = list(zip(first, second, strict=False))
    both = [(a, b) for a, b in pairs if a >= 0 and b >= 0]
    for a in range(4):
        row = [b for x, b in both if x == a]
        shares = [row.count(b) / len(row) if row else math.nan for b in range(4)]
        assert row_shares(counts.table)[a] == pytest.approx(shares, nan_ok=True, abs=1e-15)
    assert frame_agreement(counts.table) == pytest.approx(slow_share(both), nan_ok=True, abs=1e-15)
    assert counts.first_only == sum(a >= 0 > b for a, b in pairs)
    assert counts.second_only == sum(b >= 0 > a for a, b in pairs)
    assert counts.neither == sum(a < 0 and b < 0 for a, b in pairs)
    assert counts.unpaired == abs(len(first) - len(second))
    assert class_totals(i64(first), 4).tolist() == [first.count(k) for k in range(4)]


@given(st.lists(st.integers(0, 40), max_size=20))
def test_event_numbers_against_the_standard_library(counts):
    found = event_numbers(counts)
    assert found.mean == pytest.approx(mean(counts) if counts else math.nan, nan_ok=True)
    assert found.sample_sd == pytest.approx(
        stdev(counts) if len(counts) > 1 else math.nan, nan_ok=True
    )
    assert found.maximum == pytest.approx(max(counts) if counts else math.nan, nan_ok=True)
    assert list(found.histogram) == [counts.count(n) for n in range(max(counts, default=-1) + 1)]


@given(
    st.lists(st.floats(0, 99.9), max_size=10), st.floats(0.5, 100), st.sampled_from([0.5, 2.0, 5.0])
)
def test_segments_of_equal_length(onsets_s, duration_s, segment_s):
    found = segments_with(onsets_s, duration_s, segment_s=segment_s)
    for onset_s in onsets_s:
        assert found[int(onset_s / segment_s + 1e-9)] == 1
    assert found.sum() <= len(onsets_s)
    assert len(found) >= duration_s / segment_s - 1e-6


def test_an_event_on_a_border_belongs_to_the_segment_that_begins_there():
    assert segments_with([0.3 / 0.1 * 0.1], 1.0, segment_s=0.1).tolist() == [
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
    ]


def test_wrong_codes_and_flags_are_refused():
    with pytest.raises(DataError, match="expected classes from 0 to 3 or -1, got 0 to 4"):
        frame_counts(i64([0, 4]), i64([0, 0]), 4)
    with pytest.raises(DataError, match=r"Detections\.flags"):
        Detections(flags=i64([0, 2]), count=1)


def test_counts_are_added():
    a = pair_counts(i64([1, 0, 1]), i64([1, 1]))
    assert a + a == PairCounts(both=2, first_only=0, second_only=2, neither=0, unpaired=2)
