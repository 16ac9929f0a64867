"""Matching criteria against brute force, and their edge rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import ConfigError
from ferbench.scoring.matching.errhri import AnyOverlap
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.matching.onset_offset import OnsetOffset
from ferbench.scoring.matching.overlap import Overlap
from ferbench.scoring.matching.window import Window
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.segment_activity import active_segments, segment_counts, segment_scores
from ferbench.scoring.session_outcome import counted
from ferbench.types import Annotation, Event
from helpers.scored_sessions import tally_of


def event(onset_s, offset_s, trigger_s=None):
    return Event(
        session_id="s",
        onset_s=onset_s,
        offset_s=offset_s,
        trigger_s=onset_s if trigger_s is None else trigger_s,
        label="surprise",
        peak=1.0,
    )


def mark(onset_s, offset_s):
    return Annotation(session_id="s", onset_s=onset_s, offset_s=offset_s)


def events_of(spans):
    return [event(*span) for span in spans]


def marks_of(spans):
    return [mark(*span) for span in spans]


def in_window(criterion, e, a):
    return a.onset_s - criterion.pre_s <= e.trigger_s <= a.onset_s + criterion.post_s


def near(criterion, e, a):
    collar = max(criterion.offset_collar_s, criterion.offset_share * (a.offset_s - a.onset_s))
    return (
        abs(e.onset_s - a.onset_s) <= criterion.onset_collar_s
        and abs(e.offset_s - a.offset_s) <= collar
    )


def shares_enough(criterion, e, a):
    both = min(e.offset_s, a.offset_s) - max(e.onset_s, a.onset_s)
    either = max(e.offset_s, a.offset_s) - min(e.onset_s, a.onset_s)
    return both > 0 and both / either >= criterion.least_iou


def touches(criterion, e, a):
    return (
        e.onset_s <= a.offset_s + criterion.after_s and e.offset_s >= a.onset_s - criterion.before_s
    )


DEFINITIONS = {
    Window: in_window,
    OnsetOffset: near,
    Overlap: shares_enough,
    AnyOverlap: touches,
}
"""Each criterion on plain numbers (exact in the tests' eighths of a second)."""


def allowed(criterion, e, a):
    return DEFINITIONS[type(criterion)](criterion, e, a)


def brute_force(criterion, events, annotations):
    """(-number of pairs, total lag) of the best one-to-one matching: tries all."""

    def best(i, free):
        if i == len(events):
            return (0, 0.0)
        results = [best(i + 1, free)]
        for j in free:
            if allowed(criterion, events[i], annotations[j]):
                pairs, lag = best(i + 1, free - {j})
                results.append((pairs - 1, lag + abs(events[i].onset_s - annotations[j].onset_s)))
        return min(results)

    return best(0, frozenset(range(len(annotations))))


CRITERIA = [
    Window(pre_s=0.5, post_s=2.0),
    OnsetOffset(onset_collar_s=1.0, offset_collar_s=1.0, offset_share=0.5),
    OnsetOffset(onset_collar_s=0.5, offset_collar_s=0.25, offset_share=0.0),
    Overlap(least_iou=0.5),
    Overlap(least_iou=0.1),
    AnyOverlap(),
    AnyOverlap(before_s=0.0, after_s=0.5),
]
SPANS = st.lists(
    st.tuples(st.integers(0, 80), st.integers(0, 40)).map(lambda t: (t[0] / 8, (t[0] + t[1]) / 8)),
    max_size=6,
)


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
@settings(max_examples=200, deadline=None)
@given(found=SPANS, marked=SPANS)
def test_as_many_pairs_as_possible_and_of_those_the_nearest(criterion, found, marked):
    events, annotations = events_of(found), marks_of(marked)
    pairs = criterion.matches(events, annotations)
    lag = sum(abs(events[i].onset_s - annotations[j].onset_s) for i, j in pairs)
    assert (-len(pairs), lag) == brute_force(criterion, events, annotations)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(allowed(criterion, events[i], annotations[j]) for i, j in pairs)
    assert list(pairs) == sorted(pairs)


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
@settings(max_examples=50, deadline=None)
@given(found=SPANS, marked=SPANS, data=st.data())
def test_order_of_the_lists_does_not_matter(criterion, found, marked, data):
    def spans(found, marked):
        shown = slice(2) if criterion.onset_window is None else slice(1)  # of onsets alone
        pairs = criterion.matches(events_of(found), marks_of(marked))
        return sorted((found[i][shown], marked[j][shown]) for i, j in pairs)

    shuffled = data.draw(st.permutations(found)), data.draw(st.permutations(marked))
    assert spans(found, marked) == spans(*shuffled)


@settings(max_examples=100, deadline=None)
@given(found=SPANS, marked=SPANS)
def test_an_onset_collar_is_the_window_of_points(found, marked):
    """Without a bound on offsets, the general matching has as many pairs and as little lag as the
    one for points.
    """
    events, annotations = events_of(found), marks_of(marked)
    onset_only = OnsetOffset(onset_collar_s=1.0, offset_collar_s=1e6).matches(events, annotations)
    window = Window(pre_s=1.0, post_s=1.0, stamp="onset").matches(events, annotations)
    assert len(onset_only) == len(window)
    lags = [
        sum(abs(found[i][0] - marked[j][0]) for i, j in pairs) for pairs in (onset_only, window)
    ]
    assert lags[0] == lags[1]


# Edge rules


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_duplicate_detections_count_once(criterion):
    pairs = criterion.matches(
        events_of([(5.0, 6.0), (5.0, 6.0), (5.0, 6.0)]), marks_of([(5.0, 6.0)])
    )
    assert pairs == ((0, 0),)


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_one_event_does_not_count_for_two_annotations(criterion):
    assert len(criterion.matches(events_of([(5.0, 6.0)]), marks_of([(5.0, 6.0), (5.0, 6.0)]))) == 1


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_none_on_either_side(criterion):
    assert criterion.matches([], marks_of([(5.0, 6.0)])) == ()
    assert criterion.matches(events_of([(5.0, 6.0)]), []) == ()
    assert criterion.matches([], []) == ()


@pytest.mark.parametrize(
    ("criterion", "found", "marked"),
    [
        (Window(pre_s=0.0, post_s=0.1), (0.8, 0.9), (0.7, 0.7)),
        (OnsetOffset(onset_collar_s=0.1, offset_collar_s=9.0), (0.8, 0.9), (0.7, 0.9)),
        (
            OnsetOffset(onset_collar_s=9.0, offset_collar_s=0.1, offset_share=0.0),
            (0.0, 0.8),
            (0.0, 0.7),
        ),
        (
            OnsetOffset(onset_collar_s=9.0, offset_collar_s=0.0, offset_share=0.1),
            (0.2, 1.3),
            (0.2, 1.2),
        ),
        (AnyOverlap(before_s=0.0, after_s=0.1), (0.8, 0.9), (0.5, 0.7)),
        (AnyOverlap(before_s=0.1, after_s=0.0), (0.5, 0.6), (0.7, 0.9)),
    ],
    ids=str,
)
def test_edges_are_included_also_where_doubles_miss_them(criterion, found, marked):
    assert len(criterion.matches(events_of([found]), marks_of([marked]))) == 1
    away_s = 1e-6 if found[0] >= marked[0] else -1e-6
    farther = (found[0] + away_s, found[1] + away_s)
    assert len(criterion.matches(events_of([farther]), marks_of([marked]))) == 0


def test_the_least_overlap_is_included_also_where_doubles_miss_it():
    marked = marks_of([(0.2, 0.3 + 2 / 15)])
    criterion = Overlap(least_iou=0.1 / (0.3 + 2 / 15) + 1e-12)
    assert len(criterion.matches(events_of([(0.0, 0.3)]), marked)) == 1
    assert len(criterion.matches(events_of([(0.0, 0.3 - 1e-6)]), marked)) == 0


def test_without_tolerance_edges_are_those_of_doubles():
    assert 0.7 + 0.1 < 0.8
    found, marked = events_of([(0.8, 0.8)]), marks_of([(0.7, 0.7)])
    assert Window(pre_s=0.0, post_s=0.1, tolerance_s=0.0).matches(found, marked) == ()
    assert AnyOverlap(after_s=0.1, tolerance_s=0.0).matches(found, marked) == ()


def test_points_have_no_overlap_but_can_be_touched():
    found, marked = events_of([(1.0, 3.0)]), marks_of([(2.0, 2.0)])
    assert Overlap(least_iou=1e-6).matches(found, marked) == ()
    assert Overlap().matches(events_of([(2.0, 2.0)]), marked) == ()
    assert AnyOverlap(before_s=0.0, after_s=0.0).matches(found, marked) == ((0, 0),)


def test_detections_in_unobserved_time_and_annotations_outside_the_video_are_left_out():
    window = Window(pre_s=1.0, post_s=1.0)
    events = (
        event(5.0, 6.0),
        event(25.0, 26.0),
        event(58.0, 59.0),
    )  # the second in the gap between two parts
    annotations = (
        mark(5.0, 6.0),
        mark(25.0, 26.0),
        mark(58.0, 59.0),
        mark(70.0, 71.0),
    )  # the last after the end
    observed = ((0.0, 20.0), (30.0, 60.0))
    scored_events, scored_annotations = counted(events, annotations, observed, window)
    assert (scored_events, scored_annotations) == ((0, 2), (0, 2))
    counting = [events[i] for i in scored_events], [annotations[j] for j in scored_annotations]
    for criterion in CRITERIA:
        assert len(criterion.matches(*counting)) == 2, criterion


def test_two_parts_are_one_session():
    """An event of the second part can belong to an annotation near the end of the first."""
    found, marked = events_of([(30.5, 31.0)]), marks_of([(29.5, 30.0)])
    assert len(AnyOverlap().matches(found, marked)) == 1
    assert len(Window().matches(found, marked)) == 1


def test_counts_of_sessions():
    def session(found, marked):
        return ScoredSession(
            session_id="s",
            participant="",
            events=tuple(events_of(found)),
            annotations=tuple(marks_of(marked)),
            observed=((0.0, 60.0),),
        )

    no_face = session([], [(5.0, 6.0), (9.0, 10.0)])
    tally = tally_of(
        [session([(5.0, 6.0), (40.0, 41.0)], [(5.0, 6.0)]), no_face, session([], [])],
        AnyOverlap(),
    )
    assert (tally.tp.tolist(), tally.fp.tolist(), tally.fn.tolist()) == (
        [1, 0, 0],
        [1, 0, 0],
        [0, 2, 0],
    )
    assert tally.observed_s.tolist() == [60.0, 60.0, 60.0]
    assert tally_of([], Overlap()).tp.shape == (0,)


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (Window, {"pre_s": -1.0}, "pre_s"),
        (Window, {"stamp": "peak"}, "trigger or onset"),
        (OnsetOffset, {"onset_collar_s": math.nan}, "onset_collar_s"),
        (OnsetOffset, {"offset_share": -0.1}, "offset_share"),
        (Overlap, {"least_iou": 0.0}, "least_iou"),
        (Overlap, {"least_iou": 1.1}, "least_iou"),
        (AnyOverlap, {"after_s": math.inf}, "after_s"),
    ],
)
def test_fields_that_cannot_be_used(kind, fields, message):
    with pytest.raises(ConfigError, match=message):
        kind(**fields)


def test_a_long_dense_session():
    rng = np.random.default_rng(0)
    onsets, stamps = (
        np.sort(rng.uniform(0, 1800, 400)).round(2),
        np.sort(rng.uniform(0, 1800, 600)).round(2),
    )
    found, marked = events_of([(s, s + 1) for s in stamps]), marks_of([(s, s + 1) for s in onsets])
    pairs = OnsetOffset(onset_collar_s=2.0, offset_collar_s=2.0, offset_share=0.0).matches(
        found, marked
    )
    assert len(pairs) == len(match(stamps.tolist(), onsets.tolist(), pre_s=2.0, post_s=2.0))


# Segments


@settings(max_examples=200, deadline=None)
@given(spans=SPANS, duration=st.integers(0, 120), segment=st.sampled_from([0.5, 1.0, 1.25, 5.0]))
def test_segments_that_an_interval_has_a_part_in(spans, duration, segment):
    active = active_segments(spans, duration / 8, segment_s=segment)
    assert len(active) == math.ceil(duration / 8 / segment)
    for k, is_active in enumerate(active):
        start, stop = k * segment, (k + 1) * segment
        parts = [on < stop and off > start if on < off else start <= on < stop for on, off in spans]
        assert is_active == any(parts)


def test_segment_scores():
    counts = segment_counts(
        [(0.0, 5.0), (12.0, 13.0)], [(1.0, 2.0), (18.0, 30.0)], 25.0, segment_s=5.0
    )
    assert (counts.tp, counts.fp, counts.fn, counts.tn) == (1, 1, 2, 1)
    scores = segment_scores([counts, counts])
    assert scores.precision == 0.5
    assert scores.recall == 1 / 3
    assert scores.f1 == 0.4
    assert scores.specificity == 0.5
    assert scores.error_rate == 1.0
    assert math.isnan(segment_scores([]).accuracy)
