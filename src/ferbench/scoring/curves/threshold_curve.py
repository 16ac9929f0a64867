"""Counts over all thresholds at once, exactly.

All levels at which any event of any session changes are evaluated jointly, from the profiles of the
event rule. Between two of them nothing happens: counts at a level hold for all thresholds from
there down to just above the next one. The idea: Ebbers, Haeb-Umbach & Serizel 2022
(sed_scores_eval). Matching is that of ``matching.one_to_one.match``, anew at every level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import DataError
from ferbench.scoring.matching.criterion import OnsetWindow
from ferbench.scoring.matching.duplicates import Duplicates, in_any_window
from ferbench.scoring.metrics import precision, recall
from ferbench.scoring.scored_session import ScoredSession, Stamp
from ferbench.scoring.tally import Tally
from ferbench.threshold_sweep import ThresholdSweep
from ferbench.timespans import TOLERANCE_S, included
from ferbench.types import F64, I64

_CELLS_AT_ONCE = 1 << 25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Counts at every level at which they change, of everybody and of each participant.

    Attributes:
        floor: lowest level that the event rule allows (``exit`` of a hysteresis); the curve ends
            there.
        level: f64 (L,), falling; empty = nothing is found at any level.
        participants: P names (the units of resampling), sorted.
        num_ref: i64 (P,), annotations.
        observed_s: f64 (P,), seconds that count; NaN = not known.
        begin: i64 (P + 1,); participant p has the steps begin[p] to begin[p + 1].
        at: i64 (C,), position in ``level`` where a step is, rising within a participant.
        tp: i64 (C,), matched events from this step on.
        num_events: i64 (C,), events from this step on, without those that are ignored.
    """

    floor: float
    level: F64
    participants: tuple[str, ...]
    num_ref: I64
    observed_s: F64
    begin: I64
    at: I64
    tp: I64
    num_events: I64

    def of_participant(self, participant: int) -> tuple[I64, I64]:
        """Matches and events of one participant (by number) at every level, i64 (L,) each."""
        steps = slice(self.begin[participant], self.begin[participant + 1])
        lengths = np.diff(self.at[steps], prepend=0, append=len(self.level))
        return (
            np.repeat(np.append(0, self.tp[steps]), lengths),
            np.repeat(np.append(0, self.num_events[steps]), lengths),
        )

    def pooled(self) -> Tally:
        """Counts of everybody together at every level, entries (L,)."""
        first = np.zeros(len(self.at), np.bool_)
        first[self.begin[:-1][np.diff(self.begin) > 0]] = True

        def summed(column: I64) -> I64:
            change = np.where(first, column, np.diff(column, prepend=0))
            return np.cumsum(np.bincount(self.at, change, len(self.level))).round().astype(np.int64)

        tp = summed(self.tp)
        num_events = summed(self.num_events)
        return _tally(tp, num_events, self.num_ref.sum(), self.observed_s.sum())

    def at_levels(self, levels: F64) -> Tally:
        """Counts of each participant at some thresholds f64 (G,), entries (P, G).

        Not below the floor.
        """
        position = np.searchsorted(-self.level, -np.asarray(levels, np.float64), side="right") - 1
        table = np.zeros((2, len(self.participants), len(position)), np.int64)
        for p in range(len(self.participants)):
            steps = slice(self.begin[p], self.begin[p + 1])
            step = np.searchsorted(self.at[steps], position, side="right")
            table[0, p] = np.append(0, self.tp[steps])[step]
            table[1, p] = np.append(0, self.num_events[steps])[step]
        return _tally(table[0], table[1], self.num_ref[:, None], self.observed_s[:, None])


def curve_of(
    sessions: Sequence[ScoredSession],
    *,
    pre_s: float,
    post_s: float,
    stamp: Stamp,
    tolerance_s: float = TOLERANCE_S,
    duplicates: Duplicates = "false_alarm",
) -> Curve:
    """Evaluate all thresholds.

    Args:
        sessions: sessions with their profiles.
        pre_s: window before an annotation's onset.
        post_s: window after it.
        stamp: an event's time.
        tolerance_s: what both ends of the window are stretched by.
        duplicates: ``ignored`` = of the events in windows only the matches count.

    Raises:
        DataError: a session without a profile (events from a file have only the threshold that they
            were made with).
    """
    participants, owner = clusters(sessions)
    profiles = [counted(session, stamp) for session in sessions]
    changes = []
    window = OnsetWindow(pre_s, post_s, tolerance_s)
    for session, profile, who in zip(sessions, profiles, owner.tolist(), strict=True):
        times_s = _stamp_times_s(profile, stamp)
        onsets_s = np.sort([annotation.onset_s for annotation in session.annotations])
        low_s, high_s = window.around(onsets_s)
        near = in_any_window(times_s, low_s, high_s)  # no other event can match
        level, more = _match_changes(profile.rows(near), times_s[near], low_s, high_s)
        changes.append(_rows(who, level, more, more if duplicates == "ignored" else 0))
        counting = profile.rows(~near) if duplicates == "ignored" else profile
        ended = counting.below[np.isfinite(counting.below)]
        changes += [_rows(who, counting.upto, 0, 1), _rows(who, ended, 0, -1)]
    table = np.concatenate(changes) if changes else np.empty((0, 4))
    floor = max((profile.floor for profile in profiles), default=-np.inf)
    return _summed(table[table[:, 1] >= floor], floor, participants, sessions, owner)


def average_precision(tally: Tally) -> F64:
    """Area under the steps of precision over recall, f64 (...); NaN without annotations.

    Sum of (R_k - R_(k-1)) P_k over falling thresholds, R_0 = 0, without interpolation, as
    scikit-learn's average_precision_score. What differs: recall can fall again here, when events
    merge or begin earlier; only what is more than all recall before adds to the area. Beyond the
    largest recall that is reached, nothing is added.

    Args:
        tally: entries (..., L), in order of falling thresholds.
    """
    reached = recall(tally)
    undefined = np.isnan(reached).any(axis=-1)
    gained = np.diff(np.maximum.accumulate(reached, axis=-1), axis=-1, prepend=0.0)
    area = np.where(gained > 0, gained * precision(tally), 0.0).sum(axis=-1)
    return np.where(undefined, np.nan, area)


def clusters(sessions: Sequence[ScoredSession]) -> tuple[tuple[str, ...], I64]:
    """Participants in order of their names, and the number of each session's, i64 (sessions,)."""
    names = tuple(sorted({session.cluster for session in sessions}))
    number = {name: k for k, name in enumerate(names)}
    return names, np.array([number[session.cluster] for session in sessions], np.int64)


def _rows(who: int, level: F64, tp: I64 | int, events: I64 | int) -> F64:
    """Changes as rows: participant, level, more matches, more events, f64 (rows, 4)."""
    columns = np.broadcast_arrays(float(who), level, tp, events)
    return np.stack(columns, axis=1).astype(np.float64)


def counted(session: ScoredSession, stamp: Stamp) -> ThresholdSweep:
    """The profile's events that count."""
    if session.profile is None:
        raise DataError(
            f"session {session.session_id}: curves need the events at all thresholds, which a file "
            "of events does not hold; expected a session of a run"
        )
    if not session.observed:
        return session.profile
    times_s = _stamp_times_s(session.profile, stamp)
    return session.profile.rows(included(session.observed, times_s))


def _stamp_times_s(profile: ThresholdSweep, stamp: Stamp) -> F64:
    return profile.trigger_s if stamp == "trigger" else profile.onset_s


def _match_changes(
    profile: ThresholdSweep, times_s: F64, low_s: F64, high_s: F64
) -> tuple[F64, I64]:
    """Levels, falling, at which the size of the largest matching changes, and by how much.

    Args:
        profile: N events at all levels.
        times_s: their stamps, f64 (N,).
        low_s: begin of each window, f64 (M,), rising.
        high_s: end of each.
    """
    order = np.argsort(times_s, kind="stable")
    below = profile.below[order]
    upto = profile.upto[order]
    times_s = times_s[order]
    level = np.unique(np.concatenate([upto, below[np.isfinite(below)]]))[::-1]
    sizes = [np.zeros(1, np.int64)]
    at_once = max(1, _CELLS_AT_ONCE // max(1, len(order)))
    for start in range(0, len(level), at_once):
        some_levels = level[start : start + at_once, None]
        is_there = (below < some_levels) & (some_levels <= upto)
        sizes.append(largest_matchings(is_there, times_s, low_s, high_s[None]))
    change = np.diff(np.concatenate(sizes))
    return level[change != 0], change[change != 0]


def largest_matchings(free: NDArray[np.bool_], times_s: F64, low_s: F64, high_s: F64) -> I64:
    """Size of the largest one-to-one matching of events in windows, for several cases at once.

    Each window in order of time takes the earliest free event in it. This is optimal, because later
    windows begin later and end later.

    Args:
        free: bool (S, N): which events are there in each case; overwritten.
        times_s: f64 (N,), rising.
        low_s: f64 (M,), begin of each window, rising.
        high_s: f64 (S, M) or (1, M), end of each, rising along M.

    Returns:
        i64 (S,).
    """
    sizes = np.zeros(len(free), np.int64)
    cases = np.arange(len(free))
    first = np.searchsorted(times_s, low_s, side="left")
    stop = np.searchsorted(times_s, high_s.max(axis=0), side="right")
    for j in np.flatnonzero(first < stop):
        columns = slice(first[j], stop[j])
        can_take = free[:, columns] & (times_s[columns] <= high_s[:, j, None])
        earliest = can_take.argmax(axis=1)
        matched = np.flatnonzero(can_take[cases, earliest])
        free[matched, first[j] + earliest[matched]] = False
        sizes[matched] += 1
    return sizes


def _summed(
    table: F64,
    floor: float,
    participants: tuple[str, ...],
    sessions: Sequence[ScoredSession],
    owner: I64,
) -> Curve:
    """Changes (see ``_rows``) as steps of each participant."""
    num_participants = len(participants)
    who, level_number, changes, falling = _changes_by_level(table)
    used, at = np.unique(level_number, return_inverse=True)
    begin = np.searchsorted(who, np.arange(num_participants + 1))
    # Running sums over everybody, less what they were where a participant begins.
    running = np.cumsum(np.concatenate([np.zeros((2, 1), np.int64), changes], axis=1), axis=1)
    at_begin = np.repeat(running[:, begin[:-1]], np.diff(begin), axis=1)
    tp, num_events = running[:, 1:] - at_begin
    num_ref = [len(session.annotations) for session in sessions]
    seconds = [session.observed_s if session.observed else np.nan for session in sessions]
    observed_s = np.bincount(owner, np.array(seconds, np.float64), num_participants)
    return Curve(
        floor=floor,
        level=-falling[used],
        participants=participants,
        num_ref=np.bincount(owner, num_ref, num_participants).astype(np.int64),
        observed_s=observed_s.astype(np.float64),
        begin=begin,
        at=at,
        tp=tp,
        num_events=num_events,
    )


def _changes_by_level(table: F64) -> tuple[I64, I64, I64, F64]:
    """Changes of each participant at each level, added up; those that cancel out are left out.

    Args:
        table: f64 (rows, 4), see ``_rows``.

    Returns:
        (participant i64 (C,), rising; number of its level i64 (C,), rising within a participant;
        more matches and more events i64 (2, C); all levels times -1, f64 (L,), rising).
    """
    falling, position = np.unique(-table[:, 1], return_inverse=True)
    num_levels = max(len(falling), 1)
    of_participant = table[:, 0].astype(np.int64) * num_levels
    key, place = np.unique(of_participant + position, return_inverse=True)
    changes = np.stack(
        [np.bincount(place, table[:, column], len(key)) for column in (2, 3)]
    ).astype(np.int64)
    is_change = changes.any(axis=0)
    who, level_number = np.divmod(key[is_change], num_levels)
    return who, level_number, changes[:, is_change], falling


def _tally(tp: I64, num_events: I64, num_ref: I64, observed_s: F64) -> Tally:
    return Tally(
        tp=tp.astype(np.float64),
        fp=(num_events - tp).astype(np.float64),
        fn=(num_ref - tp).astype(np.float64),
        observed_s=np.broadcast_to(np.asarray(observed_s, np.float64), tp.shape),
    )
