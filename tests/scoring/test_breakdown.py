"""Breakdowns of recall against a slow reference and numbers by hand.

The optional column ``reacted``.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.datasets.study import Study
from ferbench.errors import DataError
from ferbench.fingerprint import fingerprint
from ferbench.formats import Columns, Table, read_annotations
from ferbench.scoring.breakdown import breakdowns
from ferbench.scoring.references import references
from ferbench.scoring.scored_session import ScoredSession
from ferbench.types import Annotation, Event
from helpers.scored_sessions import matched

HOW = {"pre_s": 0.5, "post_s": 5.0, "stamp": "trigger"}


def session(name, triggers, annotations, *, participant="", observed=((0.0, 100.0),), visible=None):
    return ScoredSession(
        session_id=name,
        participant=participant,
        events=tuple(
            Event(session_id=name, onset_s=t - 0.2, offset_s=t + 1, trigger_s=t, label="x", peak=1)
            for t in triggers
        ),
        annotations=tuple(
            Annotation(session_id=name, onset_s=t, offset_s=t, kind=kind, reacted=reacted)
            for t, kind, reacted in annotations
        ),
        observed=observed,
        visible=visible,
    )


def split(sessions):
    return breakdowns(sessions, matched(sessions, **HOW), **HOW)


def test_by_hand():
    """Two people; the first reacts 1 s and 3 s late to two of three errors, the second to none,
    with a false alarm.
    """
    one = session(
        "a",
        [11.0, 33.0],
        [(10.0, "slip", True), (30.0, "halt", True), (60.0, "slip", False)],
        participant="P1",
        visible=((0.0, 31.0), (61.0, 63.75)),
    )
    two = session(
        "b",
        [50.0],
        [(20.0, "slip", None)],
        participant="P2",
        observed=((0.0, 60.0),),
        visible=((40.0, 60.0),),
    )
    found = split([one, two])
    assert list(found) == ["kind", "index", "participant", "session", "face", "reacted"]
    shown = {
        name: [(r.value, r.n_ref, r.tp, r.lag_median_s, r.sessions) for r in rows]
        for name, rows in found.items()
    }
    nan = pytest.approx(math.nan, nan_ok=True)
    assert shown["kind"] == [("halt", 1, 1, 3.0, 1), ("slip", 3, 1, 1.0, 2)]
    assert shown["index"] == [("1", 2, 1, 1.0, 2), ("2", 1, 1, 3.0, 1), ("3", 1, 0, nan, 1)]
    assert shown["participant"] == [("P1", 3, 2, 2.0, 1), ("P2", 1, 0, nan, 1)]
    # windows of 5.5 s: 9.5..15 all seen; 29.5..35 seen to 31 (27 %); 59.5..65 seen for 2.75 s (50
    # %); 19.5..25 not
    assert shown["face"] == [
        ("no face", 1, 0, nan, 1),
        ("up to 50 %", 2, 1, 3.0, 1),
        ("100 %", 1, 1, 1.0, 1),
    ]
    assert shown["reacted"] == [
        ("yes", 2, 2, 2.0, 1),
        ("no", 1, 0, nan, 1),
        ("unknown", 1, 0, nan, 1),
    ]
    assert [r.recall for r in found["participant"]] == [pytest.approx(2 / 3), 0]
    assert [(r.fp, r.false_alarms_per_min) for r in found["participant"]] == [(0, 0.0), (1, 1.0)]
    assert all(r.fp is None and math.isnan(r.false_alarms_per_min) for r in found["kind"])


def test_what_is_not_known_is_left_out():
    found = split([session("a", [], [(10.0, "", None)])])
    assert list(found) == ["index", "session"]
    assert split([]) == {}
    assert [(r.value, r.n_ref, r.fp) for r in split([session("a", [5.0], [])])["session"]] == [
        ("a", 0, 1)
    ]
    assert math.isnan(split([session("a", [5.0], [])])["session"][0].recall)


def test_a_session_without_any_face_is_no_face_and_not_unknown():
    sessions = [
        session("seen", [], [(50.0, "", None)], visible=((0.0, 100.0),)),
        session("none", [], [(50.0, "", None)], visible=()),
    ]
    assert [(r.value, r.n_ref) for r in split(sessions)["face"]] == [("no face", 1), ("100 %", 1)]


def test_where_time_is_not_known_there_is_no_rate():
    [row] = split(
        [
            session("a", [5.0], [], participant="P"),
            session("b", [5.0], [], participant="P", observed=()),
        ]
    )["participant"]
    assert (row.fp, math.isnan(row.false_alarms_per_min)) == (2, True)


def test_the_face_of_a_window_counts_only_what_was_observed():
    own = session("a", [], [(98.0, "", None)], visible=((90.0, 99.0),))
    [row] = references([own], matched([own], **HOW), **HOW)
    assert row.face_share == pytest.approx(1.5 / 2.5)


stretches = st.lists(st.tuples(st.integers(0, 100), st.integers(1, 20)), min_size=1, max_size=4)


@settings(deadline=None)
@given(stretches, stretches, st.integers(0, 120))
def test_face_shares_equal_a_walk_over_tenths(observed, visible, onset):
    seen = [any(a <= k / 10 < a + n for a, n in observed) for k in range(2000)]
    face = [any(a <= k / 10 < a + n for a, n in visible) and seen[k] for k in range(2000)]
    runs = [(k / 10, (k + 1) / 10) for k in range(2000) if face[k]]
    whole = tuple((float(a), float(a + n)) for a, n in observed)
    own = session("a", [], [(float(onset), "", None)], observed=whole, visible=tuple(runs))
    [row] = references([own], matched([own], **HOW), **HOW)
    window = range(max(onset * 10 - 5, 0), onset * 10 + 50)
    total = sum(seen[k] for k in window)
    wanted = sum(face[k] for k in window) / total if total > 0 else math.nan
    assert row.face_share == pytest.approx(wanted, abs=1e-6, nan_ok=True)


def test_late_errors_are_one_group():
    own = session("a", [], [(float(t), "", None) for t in range(12)])
    assert [(r.value, r.n_ref) for r in split([own])["index"]][-2:] == [
        ("9", 1),
        ("10 and later", 3),
    ]


def test_pairs_must_belong():
    with pytest.raises(DataError, match="expected pairs of 1 sessions, got 0"):
        references([session("a", [], [])], [], **HOW)


times = st.integers(0, 400).map(lambda n: n / 4)
errors = st.lists(
    st.tuples(times, st.sampled_from(["", "slip", "halt"]), st.sampled_from([None, True, False])),
    max_size=6,
)
people = st.sampled_from(["", "P1", "P2"])


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(times, max_size=6), errors, people), max_size=4))
def test_every_annotation_is_in_one_group(drawn):
    sessions = [
        session(f"s{k}", sorted(own), sorted(marks, key=lambda m: m[0]), participant=who)
        for k, (own, marks, who) in enumerate(drawn)
    ]
    pairs = matched(sessions, **HOW)
    tp, n_ref = sum(map(len, pairs)), sum(len(s.annotations) for s in sessions)
    for name, rows in breakdowns(sessions, pairs, **HOW).items():
        assert (sum(r.tp for r in rows), sum(r.n_ref for r in rows)) == (tp, n_ref), name
        assert len({r.value for r in rows}) == len(rows)
        if name in ("participant", "session"):
            assert sum(r.fp for r in rows) == sum(len(s.events) for s in sessions) - tp
            assert sum(r.sessions for r in rows) == len(sessions)
    for row in breakdowns(sessions, pairs, **HOW).get("kind", ()):
        own = [
            (i, s, p)
            for s, p in zip(sessions, pairs, strict=True)
            for i, a in enumerate(s.annotations)
            if (a.kind or "unknown") == row.value
        ]
        lags = [
            s.events[e].trigger_s - s.annotations[i].onset_s
            for i, s, p in own
            for e, j in p
            if j == i
        ]
        assert (row.n_ref, row.tp) == (len(own), len(lags))
        assert row.lag_median_s == pytest.approx(np.median(lags) if lags else math.nan, nan_ok=True)


# --- the column ``reacted``


def test_reacted_is_read_and_changes_nothing_else(tmp_path):
    text = "session,onset_s,reacted\na,1,yes\na,2,NO\na,3,\na,4,0\na,5,True\n"
    (tmp_path / "marks.csv").write_text(text)
    (tmp_path / "a.mp4").touch()
    table = read_annotations(tmp_path / "marks.csv", Table())
    assert [row.reacted for row in table.rows] == [True, False, None, False, True]
    [found] = Study(videos=str(tmp_path), annotations=str(tmp_path / "marks.csv")).load().sessions
    assert [mark.reacted for mark in found.annotations] == [True, False, None, False, True]
    plain = tuple(replace(mark, reacted=None) for mark in found.annotations)
    assert found.annotations == plain
    assert sorted(found.annotations) == list(found.annotations)
    assert fingerprint(found.annotations) == fingerprint(plain)


def test_an_unclear_reaction_is_told_and_costs_no_row(tmp_path):
    path = tmp_path / "marks.csv"
    path.write_text("session,onset_s,reacted\na,1,smile\na,2,yes\na,3,a bit\n")
    table = read_annotations(path, Table())
    assert [row.reacted for row in table.rows] == [None, True, None]
    assert table.notes == (
        "reacted: expected yes or no (or 1, 0; empty = not told), got 'smile' in line 2 and others "
        "in 1 more; there it counts as not told",
    )
    named = replace(Table(), columns=Columns(reacted=None))
    assert [row.reacted for row in read_annotations(path, named).rows] == [None] * 3
    assert read_annotations(path, named).notes == ()
