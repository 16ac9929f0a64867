"""A null detector that gives each participant's events to another.

Events stay at their time of the session, and the annotations of somebody else are looked at there
(the shuffle predictor of spike trains; Perkel, Gerstein & Moore 1967). That keeps whatever all
sessions share, such as more errors and more reactions in the first minutes, and breaks only what a
person's events have to do with that person's annotations. It presumes that participants could be
exchanged for each other.

Participants are permuted, each with all sessions: the first session of one goes to the first of
another, and so on. Sessions of unequal length: an event at a time that the next participant's
session did not observe goes on, along the permutation, to the first whose session did. What is left
of a random permutation when some are taken out of its cycles is a random permutation of the rest
(the Chinese restaurant process; Aldous 1985), so at any time each of those who were observed then
is as likely a place as any other, the event's own session among them, and no event is lost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.matching.many_draws import AT_ONCE, Counting
from ferbench.scoring.tally import Tally
from ferbench.scoring.uncertainty.chance import Null, Track
from ferbench.timespans import Flags, included, total_s
from ferbench.types import F64, I64

FEWEST: Final = 5
"""Participants from which on a swap can speak: with four there are 24 arrangements, so p is never
below 0.04, with three never below 0.17.
"""


def swapped(tracks: Sequence[Track], *, count: Counting, draws: int, seed: int) -> Null:
    """What events score beside the annotations of other participants.

    Args:
        tracks: the sessions; those of a participant in the order in which they belong to those of
            another.
        count: how events are matched.
        draws: how many permutations, 1 or more.
        seed: of the random numbers.

    Raises:
        ConfigError: fewer than one draw.
    """
    if draws < 1:
        raise ConfigError(key="draws", expected="at least 1", got=draws)
    num_unplaced = sum(len(each.times_s) > 0 and not each.observed for each in tracks)
    everybody = _Everybody(tracks)
    observed_s = sum(total_s(each.observed) for each in tracks)
    if num_unplaced or everybody.number < 2:
        tp = ignored = np.full(draws, np.nan)
    else:
        tp, ignored = everybody.counted(count, draws, np.random.default_rng(seed))
    num_events, num_ref = len(everybody.times_s), sum(len(each.marks_s) for each in tracks)
    observed = np.full(draws, math.nan if num_unplaced else observed_s)
    tally = Tally(tp=tp, fp=num_events - tp - ignored, fn=num_ref - tp, observed_s=observed)
    return Null(tally=tally, num_unplaced=num_unplaced)


_SMALL: Final = 2**16
"""So many sessions have numbers of 16 bits."""


class _Everybody:
    """The events of all sessions, and who could have had them.

    Attributes:
        number: of participants.
        times_s: f64 (E,), of all events, session by session.
    """

    def __init__(self, tracks: Sequence[Track]) -> None:
        self._tracks = tracks
        owner, self._ordinal = _owners(tracks)
        self.number = int(owner.max(initial=-1)) + 1
        self._session = np.full((int(self._ordinal.max(initial=0)) + 1, self.number), -1, np.int64)
        self._session[self._ordinal, owner] = np.arange(len(tracks))
        lengths = [len(each.times_s) for each in tracks]
        own = np.repeat(np.arange(len(tracks)), lengths)
        self.times_s = np.concatenate([np.zeros(0), *(each.times_s for each in tracks)])
        self._lasts_s = np.concatenate([np.zeros(0), *(each.lasts_s for each in tracks)])
        self._own, self._owner = own, owner[own]
        self._may_have = self._observing()

    def _observing(self) -> Flags:
        """Whose session of the same order was observed at each event's time, bool (E, P)."""
        may_have = np.zeros((len(self.times_s), self.number), np.bool_)
        ordinal = self._ordinal[self._own]
        for who in range(self.number):
            for order in range(len(self._session)):
                session = self._session[order, who]
                rows = np.flatnonzero(ordinal == order)
                if session >= 0 and len(rows):
                    stretches = self._tracks[session].observed
                    may_have[rows, who] = included(stretches, self.times_s[rows])
        may_have[np.arange(len(self.times_s)), self._owner] = True
        return may_have

    def counted(self, count: Counting, draws: int, rng: np.random.Generator) -> F64:
        """Matches and ignored events of all sessions in each draw, f64 (2, draws)."""
        found = np.zeros((2, draws))
        following = rng.permuted(np.tile(np.arange(self.number), (draws, 1)), axis=1)
        step = max(AT_ONCE // max(len(self.times_s), 1), 1)
        for row in range(0, draws, step):
            rows = slice(row, row + step)
            found[:, rows] = self._counted_of(self._destination(following[rows]), count)
        return found

    def _counted_of(self, session: I64, count: Counting) -> I64:
        """Both in each draw, i64 (2, rows), of events that went to sessions i64 (rows, E)."""
        num_tracks = len(self._tracks)
        small = session.astype(np.uint16) if num_tracks <= _SMALL else session
        by_session = np.argsort(small, axis=1, kind="stable")  # of small numbers by radix
        in_row = session + num_tracks * np.arange(len(session))[:, None]
        numbers = np.bincount(in_row.ravel(), minlength=len(session) * num_tracks)
        numbers = numbers.reshape(len(session), num_tracks)
        firsts = np.cumsum(numbers, axis=1) - numbers
        starts = session.shape[1] * np.arange(len(session))[:, None]
        found = np.zeros((2, len(session)), np.int64)
        for at, track in enumerate(self._tracks):
            first, number = firsts[:, at], numbers[:, at]
            most = int(number.max(initial=0))
            if not most or not len(track.marks_s):
                continue
            # Rows of unequal length end in NaN, which matches nothing.
            place = np.arange(most)
            column = np.minimum(first[:, None] + place, session.shape[1] - 1)
            event = by_session.take(starts + column)
            is_there = place < number[:, None]
            times_s = np.where(is_there, self.times_s[event], np.nan)
            lasts_s = np.where(is_there, self._lasts_s[event], np.nan)
            found += np.stack(
                count(times_s, lasts_s, track.marks_s, np.full(times_s.shape, np.nan))
            )
        return found

    def _destination(self, following: I64) -> I64:
        """The session that each event goes to, i64 (rows, E).

        Args:
            following: i64 (rows, P), who gets the events of each participant.
        """
        rows = np.arange(len(following))[:, None]
        event = np.arange(len(self.times_s))
        who = following[:, self._owner]
        while not (arrived := self._may_have[event, who]).all():
            who = np.where(arrived, who, following[rows, who])
        return np.asarray(self._session[self._ordinal[self._own], who], np.int64)


def _owners(tracks: Sequence[Track]) -> tuple[I64, I64]:
    """The participant of each session, and the how-manieth of that participant it is, i64 (S,)."""
    numbers: dict[str, int] = {}
    seen: dict[str, int] = {}
    owner, ordinal = [], []
    for at, each in enumerate(tracks):
        name = each.participant or f"session {at}"
        owner.append(numbers.setdefault(name, len(numbers)))
        ordinal.append(seen.get(name, 0))
        seen[name] = ordinal[-1] + 1
    return np.array(owner, np.int64), np.array(ordinal, np.int64)
