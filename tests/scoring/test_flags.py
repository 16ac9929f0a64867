"""Chance levels of frames and segments.

Shifts by correlation against shifts one by one, and a detector by chance.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.scoring.errhri import confusion, forgiven, macro, macro_f1
from ferbench.scoring.flags import draw_shifts, overlaps
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.segment_activity import Activity, activity_of, f1_by_chance
from ferbench.scoring.session_frames import (
    confusions,
    flags_of,
    frames_of,
    shifted_confusions,
)
from ferbench.types import Annotation, Event

FLAGS = st.lists(st.booleans(), min_size=1, max_size=40)


def session(found, marked, observed, name="s"):
    return ScoredSession(
        session_id=name,
        participant=name,
        events=tuple(
            Event(session_id=name, onset_s=a, offset_s=b, trigger_s=a, label="x", peak=1.0)
            for a, b in found
        ),
        annotations=tuple(Annotation(session_id=name, onset_s=a, offset_s=b) for a, b in marked),
        observed=observed,
    )


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_overlaps_are_those_of_rolled_flags(size, seed):
    rng = np.random.default_rng(seed)
    masks, found, shift = (
        rng.random((2, size)) < 0.4,
        rng.random(size) < 0.4,
        rng.integers(0, size, 7),
    )
    wanted = [[int((mask & np.roll(found, by)).sum()) for by in shift] for mask in masks]
    assert overlaps(masks, found, shift).tolist() == wanted


def test_shifts_are_at_least_as_wide_as_asked():
    rng = np.random.default_rng(0)
    wide = draw_shifts(300, least=10, draws=5000, rng=rng)
    assert (wide.min(), wide.max()) == (10, 290)
    short = draw_shifts(299, least=10, draws=5000, rng=rng)
    assert (short.min(), short.max()) == (0, 298), "short circles are shifted by any amount"
    assert draw_shifts(1, least=0, draws=3, rng=rng).tolist() == [0, 0, 0]


SPANS = st.lists(st.tuples(st.integers(0, 70), st.integers(1, 15)), max_size=4)


@settings(max_examples=60, deadline=None)
@given(
    SPANS, SPANS, st.sampled_from([((0, 80),), ((0, 30), (41, 77)), ((5, 6),)]), st.integers(0, 3)
)
def test_tables_of_shifted_frames_are_those_of_frames_shifted_one_by_one(
    found, marked, observed, tolerance
):
    own = session(
        [(a / 10, (a + n) / 10) for a, n in found],
        [(a / 10, (a + n) / 10) for a, n in marked],
        tuple((a / 10, b / 10) for a, b in observed),
    )
    flags = flags_of(own, 10.0, tolerance)
    stretch = np.repeat(np.arange(len(observed)), [b - a for a, b in observed])
    truth, size = flags.truth.astype(np.int64), len(flags.truth)
    assert size == len(stretch)
    every = np.stack([np.roll(flags.predicted, by) for by in range(size)])
    tables = confusions(flags, every)
    drawn = shifted_confusions([flags, flags], least=0, draws=9, seed=5)
    rng = np.random.default_rng(5)
    twice = [draw_shifts(size, least=0, draws=9, rng=rng) for _ in range(2)]
    for by in range(size):
        said = every[by].astype(np.int64)
        lenient = forgiven(truth, said, tolerance=tolerance, sessions=stretch)
        for which, predicted in enumerate((said, lenient)):
            wanted = confusion(truth, predicted, np.arange(2))
            assert tables[which, by].tolist() == wanted.tolist()
            assert macro_f1(tables[which, by]) == pytest.approx(macro(wanted).f1, nan_ok=True)
    for k in range(9):
        assert drawn[:, k].tolist() == sum(tables[:, shift[k]] for shift in twice).tolist()


def at_random(rng, rate_hz=10.0):
    """Spans of 2 s on whole frames of 120 s, anywhere."""
    return [(k / rate_hz, (k + 20) / rate_hz) for k in rng.integers(0, 1180, 5).tolist()]


def test_frames_of_a_detector_that_knows_nothing_score_chance():
    times, p = [], []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        sessions = [
            session(at_random(rng), at_random(rng), ((0.0, 120.0),), f"s{k}") for k in range(6)
        ]
        found = frames_of(
            sessions, rate_hz=10.0, tolerance=2, surrogates=200, least_s=2.0, seed=seed
        )
        assert 0.4 < found.chance["f1"].mean < 0.6, "macro F1 by chance is not 0"
        times.append(found.chance["f1"].times)
        p.append([found.chance[name].p for name in ("f1", "f1_tolerant")])
    assert np.mean(times) == pytest.approx(1.0, abs=0.02)
    for level in (0.01, 0.05, 0.1):
        assert (np.mean(np.array(p) <= level, axis=0) <= level + 0.04).all()


def test_a_detector_that_knows_is_told_from_chance():
    rng = np.random.default_rng(0)
    marked = [at_random(rng) for _ in range(6)]
    sessions = [session(own, own, ((0.0, 120.0),), f"s{k}") for k, own in enumerate(marked)]
    frames = frames_of(sessions, rate_hz=10.0, tolerance=1, surrogates=200, least_s=2.0)
    assert frames.chance["f1"].p == 1 / 201
    assert frames.strict.f1 == frames.chance["f1"].value == 1
    segments = f1_by_chance(activity_of(sessions, segment_s=5.0), least=1, draws=200, seed=0)
    assert (segments.value, segments.p) == (1.0, 1 / 201)


def test_segments_of_a_detector_that_knows_nothing_score_chance():
    rng = np.random.default_rng(3)
    sessions = [
        Activity(detected=rng.random(200) < 0.1, annotated=rng.random(200) < 0.2)
        for _ in range(400)
    ]
    found = f1_by_chance(sessions, least=2, draws=200, seed=0)
    assert found.times == pytest.approx(1.0, abs=0.05)
    assert found.mean == pytest.approx(2 * 0.1 * 0.2 / 0.3, abs=0.005)


def test_nothing_to_shift():
    assert math.isnan(f1_by_chance([], least=1, draws=5, seed=0).p)
    empty = session([], [], ())
    assert math.isnan(frames_of([empty], rate_hz=10.0, tolerance=1, surrogates=5).chance["f1"].p)
    assert not frames_of(
        [session([(1.0, 1.0)], [], ((0.0, 9.0),))], rate_hz=10.0, tolerance=1, surrogates=5
    ).chance
