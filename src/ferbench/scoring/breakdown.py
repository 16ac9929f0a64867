"""Recall by what the errors are.

Their kind, their place in the session, whose they are, whether a face was seen.

An event that matches nothing belongs to no error, so false alarms are split by participant and
session only. Groups are small: the number of errors stands in every row, and nothing here is tested
for a difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ferbench.errors import DataError
from ferbench.scoring.counts import Stretches
from ferbench.scoring.matching.one_to_one import match
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.timespans import spans_of
from ferbench.types import F64

Pairs = Sequence[tuple[int, int]]
"""Positions in ``ScoredSession.events`` and ``ScoredSession.annotations``, each at most once."""

UNKNOWN: Final = "unknown"
FACE_BINS: Final = ("no face", "up to 50 %", "50 to 100 %", "100 %")
LAST_INDEX: Final = 10
_EDGE: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One annotation and what became of it.

    Attributes:
        session: its session.
        participant: whose that is; "" = unknown.
        kind: what was annotated; "" = not told.
        index: which of the session's annotations that count it is, in order of onset, from 1.
        face_share: share of its window's observed time with a face; NaN = not known.
        reacted: whether the person visibly reacted, as annotated; None = not told.
        detected: an event matches it.
        lag_s: that event's time less its onset; NaN = none.
    """

    session: str
    participant: str
    kind: str
    index: int
    face_share: float
    reacted: bool | None
    detected: bool
    lag_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One group of a breakdown.

    Attributes:
        breakdown: what was split by.
        value: which group.
        n_ref: annotations in it.
        tp: of these, matched.
        recall: tp / n_ref; NaN without annotations.
        lag_median_s: of the matches; NaN without.
        sessions: sessions with such annotations (by participant and session: all).
        fp: events without an annotation; None where they cannot be split.
        false_alarms_per_min: of observed time; NaN where they cannot be split, or nothing was
            observed.
    """

    breakdown: str
    value: str
    n_ref: int
    tp: int
    recall: float
    lag_median_s: float
    sessions: int
    fp: int | None = None
    false_alarms_per_min: float = math.nan


def matched(
    sessions: Sequence[ScoredSession], *, pre_s: float, post_s: float, stamp: Stamp
) -> tuple[Pairs, ...]:
    """Pairs of every session by ``matching.match``."""
    return tuple(
        match(
            stamps_s(session, stamp),
            [a.onset_s for a in session.annotations],
            pre_s=pre_s,
            post_s=post_s,
        )
        for session in sessions
    )


def references(
    sessions: Sequence[ScoredSession],
    pairs: Sequence[Pairs],
    *,
    pre_s: float,
    post_s: float,
    stamp: Stamp,
) -> tuple[Reference, ...]:
    """Every annotation that counts.

    Args:
        sessions: all of them.
        pairs: what was matched in each.
        pre_s: window before an onset, for the time with a face.
        post_s: window after it.
        stamp: an event's time.

    Raises:
        DataError: there are not as many lists of pairs as sessions.
    """
    if len(sessions) != len(pairs):
        raise DataError(f"breakdown: expected pairs of {len(sessions)} sessions, got {len(pairs)}")
    found = []
    for session, own in zip(sessions, pairs, strict=True):
        stamps, event_of = stamps_s(session, stamp), {j: i for i, j in own}
        face_shares = _face_shares(session, pre_s=pre_s, post_s=post_s)
        order = sorted(
            range(len(session.annotations)), key=lambda j: (session.annotations[j].onset_s, j)
        )
        for index, j in enumerate(order, start=1):
            mark, event = session.annotations[j], event_of.get(j)
            found.append(
                Reference(
                    session=session.session_id,
                    participant=session.participant,
                    kind=mark.kind,
                    index=index,
                    face_share=float(face_shares[j]),
                    reacted=mark.reacted,
                    detected=event is not None,
                    lag_s=math.nan if event is None else stamps[event] - mark.onset_s,
                )
            )
    return tuple(found)


def breakdowns(
    sessions: Sequence[ScoredSession],
    pairs: Sequence[Pairs],
    *,
    pre_s: float,
    post_s: float,
    stamp: Stamp,
) -> dict[str, tuple[GroupRow, ...]]:
    """All breakdowns that say something, by name: kind, index, participant, session, face, reacted.

    One in which nothing is known of any annotation is left out.

    Args:
        sessions: all of them.
        pairs: what was matched in each (see ``matched``).
        pre_s: window before an onset.
        post_s: window after it.
        stamp: an event's time.

    Raises:
        DataError: as ``references``.
    """
    every = references(sessions, pairs, pre_s=pre_s, post_s=post_s, stamp=stamp)
    by_reference = {name: _grouped(name, every, group) for name, group in GROUPS.items()}
    by_session = {
        name: _with_false_alarms(name, every, sessions, pairs, owner)
        for name, owner in (
            ("participant", lambda s: s.participant or UNKNOWN),
            ("session", lambda s: s.session_id),
        )
    }
    known = {**by_reference, **by_session}
    order = ("kind", "index", "participant", "session", "face", "reacted")
    return {name: known[name] for name in order if any(row.value != UNKNOWN for row in known[name])}


def _kind(reference: Reference) -> tuple[int, str]:
    return (0, reference.kind) if reference.kind else (1, UNKNOWN)


def _index(reference: Reference) -> tuple[int, str]:
    index = min(reference.index, LAST_INDEX)
    return index, str(index) if index < LAST_INDEX else f"{LAST_INDEX} and later"


def _face(reference: Reference) -> tuple[int, str]:
    share = reference.face_share
    if math.isnan(share):
        return len(FACE_BINS), UNKNOWN
    place = 0 if share <= _EDGE else 1 if share <= 0.5 + _EDGE else 2 if share < 1 - _EDGE else 3
    return place, FACE_BINS[place]


def _reacted(reference: Reference) -> tuple[int, str]:
    if reference.reacted is None:
        return 2, UNKNOWN
    return (0, "yes") if reference.reacted else (1, "no")


Group = Callable[[Reference], tuple[int, str]]
GROUPS: Final[Mapping[str, Group]] = {
    "kind": _kind,
    "index": _index,
    "face": _face,
    "reacted": _reacted,
}
"""By breakdown: an annotation's group, with its place among the groups."""


def _grouped(name: str, every: Sequence[Reference], group: Group) -> tuple[GroupRow, ...]:
    groups: dict[tuple[int, str], list[Reference]] = {}
    for reference in every:
        groups.setdefault(group(reference), []).append(reference)
    return tuple(_row(name, value, own) for (_, value), own in sorted(groups.items()))


def _row(name: str, value: str, own: Sequence[Reference]) -> GroupRow:
    lags_s = [reference.lag_s for reference in own if reference.detected]
    return GroupRow(
        breakdown=name,
        value=value,
        n_ref=len(own),
        tp=len(lags_s),
        recall=len(lags_s) / len(own) if own else math.nan,
        lag_median_s=float(np.median(lags_s)) if lags_s else math.nan,
        sessions=len({reference.session for reference in own}),
    )


def _with_false_alarms(
    name: str,
    every: Sequence[Reference],
    sessions: Sequence[ScoredSession],
    pairs: Sequence[Pairs],
    owner: Callable[[ScoredSession], str],
) -> tuple[GroupRow, ...]:
    """Rows of groups of whole sessions."""
    groups: dict[str, list[int]] = {}
    for index, session in enumerate(sessions):
        groups.setdefault(owner(session), []).append(index)
    rows = []
    for value, own in sorted(groups.items(), key=lambda item: (item[0] == UNKNOWN, item[0])):
        names = {sessions[i].session_id for i in own}
        row = _row(name, value, [reference for reference in every if reference.session in names])
        fp = sum(len(sessions[i].events) - len(pairs[i]) for i in own)
        minutes = sum(sessions[i].observed_s for i in own) / 60
        per_min = fp / minutes if minutes > 0 else math.nan
        rows.append(replace(row, sessions=len(own), fp=fp, false_alarms_per_min=per_min))
    return tuple(rows)


def _face_shares(session: ScoredSession, *, pre_s: float, post_s: float) -> F64:
    """Share of each annotation's window's observed time in which there was a face, f64 (M,)."""
    onset_s = np.array([mark.onset_s for mark in session.annotations], np.float64)
    if session.visible is None or not len(onset_s):
        return np.full(len(onset_s), np.nan)
    seen_s, face_s = (
        _before(stretches, onset_s + post_s) - _before(stretches, onset_s - pre_s)
        for stretches in (session.observed, session.visible)
    )
    shares: F64 = np.divide(face_s, seen_s, out=np.full(len(onset_s), np.nan), where=seen_s > 0)
    return shares


def _before(stretches: Stretches, time_s: F64) -> F64:
    """Seconds of the stretches before each time."""
    spans = spans_of(stretches)
    if not len(spans):
        return np.zeros(len(time_s))
    passed_s = np.concatenate(([0.0], np.cumsum(np.diff(spans, axis=1))))
    return np.asarray(
        np.interp(time_s, spans.reshape(-1), np.repeat(passed_s, 2)[1:-1]), np.float64
    )
