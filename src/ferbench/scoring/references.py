"""Annotations that count, and what became of each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ferbench.errors import DataError
from ferbench.scoring.scored_session import ScoredSession, Stamp, stamps_s
from ferbench.timespans import seconds_before, spans_of
from ferbench.types import F64

Pairs = Sequence[tuple[int, int]]
"""Positions in ``ScoredSession.events`` and ``ScoredSession.annotations``, each at most once."""


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
    result: list[Reference] = []
    for session, pairs_of_session in zip(sessions, pairs, strict=True):
        face_shares = _face_shares(session, pre_s=pre_s, post_s=post_s)
        result += _references_of(session, pairs_of_session, stamp, face_shares)
    return tuple(result)


def _references_of(
    session: ScoredSession, pairs: Pairs, stamp: Stamp, face_shares: F64
) -> list[Reference]:
    """A session's annotations in order of onset."""
    times_s = stamps_s(session, stamp)
    event_of = {annotation: event for event, annotation in pairs}
    annotations = session.annotations
    in_order = sorted(range(len(annotations)), key=lambda j: (annotations[j].onset_s, j))
    result = []
    for index, j in enumerate(in_order, start=1):
        annotation = annotations[j]
        event = event_of.get(j)
        reference = Reference(
            session=session.session_id,
            participant=session.participant,
            kind=annotation.kind,
            index=index,
            face_share=float(face_shares[j]),
            reacted=annotation.reacted,
            detected=event is not None,
            lag_s=math.nan if event is None else times_s[event] - annotation.onset_s,
        )
        result.append(reference)
    return result


def _face_shares(session: ScoredSession, *, pre_s: float, post_s: float) -> F64:
    """Share of each annotation's window's observed time in which there was a face, f64 (M,)."""
    onset_s = np.array([annotation.onset_s for annotation in session.annotations], np.float64)
    unknown = np.full(len(onset_s), np.nan)
    if session.visible is None:
        return unknown
    from_s = onset_s - pre_s
    to_s = onset_s + post_s
    observed = spans_of(session.observed)
    visible = spans_of(session.visible)
    observed_s = seconds_before(observed, to_s) - seconds_before(observed, from_s)
    face_s = seconds_before(visible, to_s) - seconds_before(visible, from_s)
    shares: F64 = np.divide(face_s, observed_s, out=unknown, where=observed_s > 0)
    return shares
