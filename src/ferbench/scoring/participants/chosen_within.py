"""A detector chosen on a participant's other sessions, and scored on the one left out.

As for a system that is set up for a person before it is used; beside it stands the one that is
chosen on the other participants (``uncertainty.selection``), on the same sessions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.intervals import (
    Interval,
    Method,
    bootstrap,
    metric_of,
    resampled,
    with_a_number,
)
from ferbench.types import F64, I64


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenWithin:
    """Choosing a cell on a participant's other sessions.

    Attributes:
        value: of the summed counts of all sessions that were left out in turn; NaN = undefined.
        interval: bootstrap over participants; a participant's choices do not depend on who else is
            drawn.
        between: on the same sessions, of the cell chosen for each participant on the others.
        best: on the same sessions, of the cell that is best there: optimistic.
        participants: who are scored.
        left_out: participants without another session with annotations, on which could be chosen.
    """

    value: float
    interval: Interval
    between: float
    best: float
    participants: int
    left_out: int


def chosen_within(
    cells: Tally,
    owner: I64,
    formula: Formula,
    *,
    chosen_between: I64,
    draws: int,
    seed: int,
    level: float,
    method: Method,
) -> ChosenWithin | None:
    """Choose for each session the cell that is best on the participant's others, the first of such.

    A session is scored where the participant's others have annotations: without any, a cell that
    never fires has no score there, and those that fire have 0.

    Args:
        cells: counts (C, S) of each cell and session.
        owner: i64 (S,), number of each session's participant, P of them.
        formula: of summed counts; higher is better.
        chosen_between: i64 (P,), the cell chosen on the other participants; -1 = none.
        draws: of the bootstrap.
        seed: of the random numbers.
        level: of confidence.
        method: of the interval.

    Returns:
        None = nobody has several sessions with annotations to choose on.
    """
    participants = len(chosen_between)
    same_person = owner[:, None] == owner[None, :]
    others = (same_person & ~np.eye(len(owner), dtype=np.bool_)).astype(np.float64)
    everything = [cells.tp, cells.fp, cells.fn, cells.observed_s]
    on_others = [column @ others for column in everything]
    tp, _, fn, _ = on_others
    sessions = np.flatnonzero((tp + fn).any(axis=0))
    if not len(sessions):
        return None
    several, whose = np.unique(owner[sessions], return_inverse=True)
    columns = [column[:, sessions] for column in everything]
    choice = _first_best(formula(_tally([column[:, sessions] for column in on_others])))
    statistic = metric_of(_of_people(columns, choice, whose, len(several)), formula)
    weights = resampled(len(several), draws=draws, seed=seed)
    value, interval = bootstrap(
        statistic,
        weights,
        level=level,
        method=method,
        resting_on=with_a_number(statistic, len(several)),
    )
    in_sample = formula(_tally([column.sum(axis=1) for column in columns]))
    between = _of_people(columns, chosen_between[several][whose], whose, len(several))
    return ChosenWithin(
        value=value,
        interval=interval,
        between=float(formula(between.weighted(np.ones(len(several))))),
        best=math.nan if np.isnan(in_sample).all() else float(np.nanmax(in_sample)),
        participants=len(several),
        left_out=participants - len(several),
    )


def _first_best(scores: F64) -> I64:
    """The first of the largest along the first axis, undefined ones last, i64 (S,)."""
    return np.asarray(np.argmax(np.where(np.isnan(scores), -np.inf, scores), axis=0), np.int64)


def _of_people(columns: list[F64], choice: I64, whose: I64, participants: int) -> Tally:
    """Counts of each participant, entries (P,), at the cell chosen for each session; -1 = none."""
    at = np.arange(len(choice))
    counts = [np.where(choice >= 0, column[choice, at], 0.0) for column in columns]
    return _tally(counts).grouped(whose, participants)


def _tally(columns: list[F64]) -> Tally:
    tp, fp, fn, observed_s = columns
    return Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s)
