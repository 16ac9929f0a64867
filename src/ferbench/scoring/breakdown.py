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

from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.ratios import ratio
from ferbench.scoring.references import Pairs, Reference, references
from ferbench.scoring.scored_session import ScoredSession, Stamp
from ferbench.scoring.statistics_rules import Extent
from ferbench.timespans import TOLERANCE

UNKNOWN: Final = "unknown"
FACE_BINS: Final = ("no face", "up to 50 %", "50 to 100 %", "100 %")
LAST_INDEX: Final = 10


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


def breakdowns_of(
    sessions: Sequence[ScoredSession], criterion: Criterion, extent: Extent
) -> dict[str, tuple[GroupRow, ...]]:
    """All breakdowns of sessions that are matched here; see ``breakdowns``.

    Args:
        sessions: all of them.
        criterion: which events count for which annotations.
        extent: the time around an onset that belongs to an annotation.
    """
    pairs, num_ignored = [], []
    for session in sessions:
        of_session = criterion.matches(session.events, session.annotations)
        ignored = criterion.ignored(session.events, session.annotations, of_session)
        pairs.append(of_session)
        num_ignored.append(len(ignored))
    return breakdowns(
        sessions,
        pairs,
        pre_s=extent.pre_s,
        post_s=extent.post_s,
        stamp=criterion.stamp,
        num_ignored=num_ignored,
    )


def breakdowns(
    sessions: Sequence[ScoredSession],
    pairs: Sequence[Pairs],
    *,
    pre_s: float,
    post_s: float,
    stamp: Stamp,
    num_ignored: Sequence[int] = (),
) -> dict[str, tuple[GroupRow, ...]]:
    """All breakdowns that say something, by name: kind, index, participant, session, face, reacted.

    One in which nothing is known of any annotation is left out.

    Args:
        sessions: all of them.
        pairs: what was matched in each (see ``references.matched``).
        pre_s: window before an onset.
        post_s: window after it.
        stamp: an event's time.
        num_ignored: of each session's events so many are neither hits nor false alarms; () = none.

    Raises:
        DataError: as ``references``.
    """
    every = references(sessions, pairs, pre_s=pre_s, post_s=post_s, stamp=stamp)
    by_name = {name: _grouped(name, every, group) for name, group in GROUPS.items()}
    num_false = [
        len(session.events) - len(pairs_of_session) - ignored
        for session, pairs_of_session, ignored in zip(
            sessions, pairs, num_ignored or [0] * len(sessions), strict=True
        )
    ]
    by_name |= {
        name: _with_false_alarms(name, every, sessions, num_false, owner)
        for name, owner in OWNERS.items()
    }
    result = {}
    for name in ORDER:
        rows = by_name[name]
        if any(row.value != UNKNOWN for row in rows):
            result[name] = rows
    return result


def _kind(reference: Reference) -> tuple[int, str]:
    if not reference.kind:
        return 1, UNKNOWN
    return 0, reference.kind


def _index(reference: Reference) -> tuple[int, str]:
    if reference.index >= LAST_INDEX:
        return LAST_INDEX, f"{LAST_INDEX} and later"
    return reference.index, str(reference.index)


def _face(reference: Reference) -> tuple[int, str]:
    share = reference.face_share
    if math.isnan(share):
        return len(FACE_BINS), UNKNOWN
    if share <= TOLERANCE:
        place = 0
    elif share <= 0.5 + TOLERANCE:
        place = 1
    elif share < 1 - TOLERANCE:
        place = 2
    else:
        place = 3
    return place, FACE_BINS[place]


def _reacted(reference: Reference) -> tuple[int, str]:
    if reference.reacted is None:
        return 2, UNKNOWN
    if reference.reacted:
        return 0, "yes"
    return 1, "no"


Group = Callable[[Reference], tuple[int, str]]
GROUPS: Final[Mapping[str, Group]] = {
    "kind": _kind,
    "index": _index,
    "face": _face,
    "reacted": _reacted,
}
"""By breakdown: an annotation's group, with its place among the groups."""


Owner = Callable[[ScoredSession], str]
OWNERS: Final[Mapping[str, Owner]] = {
    "participant": lambda session: session.participant or UNKNOWN,
    "session": lambda session: session.session_id,
}
"""By breakdown: the group of a whole session."""

ORDER: Final = ("kind", "index", "participant", "session", "face", "reacted")


def _grouped(name: str, every: Sequence[Reference], group: Group) -> tuple[GroupRow, ...]:
    groups: dict[tuple[int, str], list[Reference]] = {}
    for reference in every:
        groups.setdefault(group(reference), []).append(reference)
    return tuple(_row(name, value, members) for (_, value), members in sorted(groups.items()))


def _row(name: str, value: str, members: Sequence[Reference]) -> GroupRow:
    lags_s = [reference.lag_s for reference in members if reference.detected]
    sessions = {reference.session for reference in members}
    lag_median_s = math.nan
    if lags_s:
        lag_median_s = float(np.median(lags_s))
    return GroupRow(
        breakdown=name,
        value=value,
        n_ref=len(members),
        tp=len(lags_s),
        recall=ratio(len(lags_s), len(members)),
        lag_median_s=lag_median_s,
        sessions=len(sessions),
    )


def _with_false_alarms(
    name: str,
    every: Sequence[Reference],
    sessions: Sequence[ScoredSession],
    num_false: Sequence[int],
    owner: Owner,
) -> tuple[GroupRow, ...]:
    """Rows of groups of whole sessions."""
    groups: dict[str, list[tuple[ScoredSession, int]]] = {}
    for session, fp in zip(sessions, num_false, strict=True):
        groups.setdefault(owner(session), []).append((session, fp))
    unknown_last = sorted(groups, key=lambda value: (value == UNKNOWN, value))
    rows = []
    for value in unknown_last:
        members = groups[value]
        names = {session.session_id for session, _ in members}
        row = _row(name, value, [reference for reference in every if reference.session in names])
        fp = sum(of_one for _, of_one in members)
        minutes = sum(session.observed_s for session, _ in members) / 60
        per_min = fp / minutes if minutes > 0 else math.nan
        rows.append(replace(row, sessions=len(members), fp=fp, false_alarms_per_min=per_min))
    return tuple(rows)
