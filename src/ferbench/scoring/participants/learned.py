"""A learned threshold, scored on data that it was not learned on: between and within participants.

``between``: each participant at the threshold that is best for the others, as for a system that is
put before new people. ``within``: each participant at the threshold that is best on other data of
the same participant, as for a system that is first set up for a person: the other sessions, or,
where there is one session only, the first half of it, and the second half is scored. Beside both
stands the best threshold chosen on the very data that it is scored on, which is optimistic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ferbench.scoring.curves.threshold_curve import curve_of
from ferbench.scoring.curves.thresholds import best_level
from ferbench.scoring.matching.criterion import Criterion, OnsetWindow
from ferbench.scoring.metrics import f1
from ferbench.scoring.participants.split_sessions import halves
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.tally import Tally
from ferbench.scoring.threshold_scores import Thresholds
from ferbench.scoring.uncertainty.intervals import Interval
from ferbench.types import I64

Chosen = Literal["in-sample", "between", "within"]
ScoredOn = Literal["everything", "rest"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Counts at thresholds chosen in one way.

    Attributes:
        chosen: on what: the data that are scored (``in-sample``), the other participants
            (``between``), other data of the same participant (``within``).
        scored_on: ``everything``, or the ``rest`` that ``within`` leaves to score.
        participants: who is scored.
        tally: counts of each, entries (P,).
        left_out: who is not, because there are no annotations to choose on.
        interval: of F1, by bootstrap over participants at these thresholds; None = not asked for.
    """

    chosen: Chosen
    scored_on: ScoredOn
    participants: tuple[str, ...]
    tally: Tally
    left_out: tuple[str, ...]
    interval: Interval | None = None

    @property
    def f1(self) -> float:
        """Of the summed counts; NaN = nobody is scored."""
        if not self.participants:
            return math.nan
        return float(f1(self.tally.weighted(np.ones(len(self.participants)))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """All splits of a threshold.

    Attributes:
        splits: chosen in-sample and between, scored on everything; chosen within, in-sample and
            between, scored on the rest.
        halved: participants with a single session, of which the second half is the rest.
    """

    splits: tuple[Split, ...]
    halved: int

    def of(self, chosen: Chosen, scored_on: ScoredOn) -> Split:
        """One of the splits."""
        return next(
            each for each in self.splits if (each.chosen, each.scored_on) == (chosen, scored_on)
        )


def learned_threshold(
    sessions: Sequence[ScoredSession],
    thresholds: Thresholds,
    criterion: Criterion,
    window: OnsetWindow,
) -> Learned:
    """Score a threshold that is chosen in three ways.

    Args:
        sessions: with their profiles.
        thresholds: of these.
        criterion: how events are matched.
        window: of the criterion.
    """
    everybody, nested = thresholds.curve.participants, thresholds.nested
    units = _Units(sessions, criterion, window)
    within = units.chosen_within()
    best_there = units.best_on(list(within))
    in_sample = {} if math.isnan(best_there) else dict.fromkeys(within, best_there)
    of_others = dict(zip(nested.participants, nested.level.tolist(), strict=True))
    between = {
        unit: of_others[units.owner[unit]] for unit in within if units.owner[unit] in of_others
    }
    at_best = thresholds.curve.at_levels(np.array([thresholds.best.level]))
    is_known = not math.isnan(thresholds.best.level)
    first = Split(
        chosen="in-sample",
        scored_on="everything",
        participants=everybody if is_known else (),
        tally=_column(at_best, 0) if is_known else _NOBODY,
        left_out=() if is_known else everybody,
    )
    second = Split(
        chosen="between",
        scored_on="everything",
        participants=nested.participants,
        tally=nested.tally,
        left_out=nested.left_out,
    )
    return Learned(
        splits=(
            first,
            second,
            units.split("within", within, everybody),
            units.split("in-sample", in_sample, everybody),
            units.split("between", between, everybody),
        ),
        halved=units.halved,
    )


_NOBODY = Tally(tp=np.zeros(0), fp=np.zeros(0), fn=np.zeros(0), observed_s=np.zeros(0))


class _Units:
    """Sessions and halves of sessions, numbered; what can be chosen on them.

    Attributes:
        owner: the participant of each.
        halved: participants with a single session, which was cut in two.
    """

    def __init__(
        self, sessions: Sequence[ScoredSession], criterion: Criterion, window: OnsetWindow
    ) -> None:
        self.owner: list[str] = []
        self.halved = 0
        self._learned_on: dict[int, tuple[int, ...]] = {}
        by_owner: dict[str, list[ScoredSession]] = {}
        for session in sessions:
            by_owner.setdefault(session.cluster, []).append(session)
        parts: list[ScoredSession] = []
        for owner in sorted(by_owner):
            own = by_owner[owner]
            first = len(parts)
            if len(own) > 1:
                numbers = range(first, first + len(own))
                for unit in numbers:
                    self._learned_on[unit] = tuple(other for other in numbers if other != unit)
            elif (both := halves(own[0], window, criterion.stamp)) is not None:
                own = list(both)
                self._learned_on[first + 1] = (first,)
                self.halved += 1
            parts += own
            self.owner += [owner] * len(own)
        width = len(str(len(parts)))
        named = [replace(part, participant=f"{k:0{width}}") for k, part in enumerate(parts)]
        pre_s, post_s, tolerance_s = window
        self._curve = curve_of(
            named,
            pre_s=pre_s,
            post_s=post_s,
            stamp=criterion.stamp,
            tolerance_s=tolerance_s,
            duplicates=criterion.duplicates,
        )

    def chosen_within(self) -> dict[int, float]:
        """The threshold of each unit that has others of its participant with annotations."""
        chosen = {}
        for unit, learned_on in self._learned_on.items():
            level = self.best_on(learned_on)
            if not math.isnan(level):
                chosen[unit] = level
        return chosen

    def best_on(self, units: Sequence[int]) -> float:
        """The best threshold on some units together; NaN = they have no annotations."""
        num_ref = int(sum(self._curve.num_ref[unit] for unit in units))
        if not num_ref:
            return math.nan
        tp = num_events = np.zeros(len(self._curve.level), np.int64)
        for unit in units:
            own_tp, own_events = self._curve.of_participant(unit)
            tp, num_events = tp + own_tp, num_events + own_events
        return best_level(self._curve, tp, num_events, num_ref)

    def split(self, chosen: Chosen, levels: Mapping[int, float], everybody: Sequence[str]) -> Split:
        """Each unit scored at its threshold, summed by participant; those without are left out."""
        names = [who for who in everybody if who in {self.owner[unit] for unit in levels}]
        place = {who: k for k, who in enumerate(names)}
        owner = np.array([place[self.owner[unit]] for unit in levels], np.int64)
        tally = _NOBODY
        if levels:
            at = self._curve.at_levels(np.array(list(levels.values())))
            by_unit = _cells(at, np.array(list(levels), np.int64))
            tally = by_unit.grouped(owner, len(names))
        return Split(
            chosen=chosen,
            scored_on="rest",
            participants=tuple(names),
            tally=tally,
            left_out=tuple(who for who in everybody if who not in place),
        )


def _cells(at: Tally, rows: I64) -> Tally:
    """Of the k-th of some rows the k-th column, entries (G,) of (P, G)."""
    cells = (rows, np.arange(len(rows)))
    return Tally(tp=at.tp[cells], fp=at.fp[cells], fn=at.fn[cells], observed_s=at.observed_s[cells])


def _column(at: Tally, column: int) -> Tally:
    """Entries (P,) of (P, G)."""
    return Tally(
        tp=at.tp[:, column],
        fp=at.fp[:, column],
        fn=at.fn[:, column],
        observed_s=at.observed_s[:, column],
    )
