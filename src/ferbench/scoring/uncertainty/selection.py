"""What is left of the best of many detectors once its being chosen is paid for.

The best cell of a sweep is good on the data that it was chosen on, also where all cells are alike.
``nested`` chooses on the other participants and scores the one left out: what somebody may expect
who takes the best cell to new people (nested selection; Varma & Simon 2006, "Bias in error
estimation when using cross-validation for model selection"). ``best_of`` asks how often the best
of so many cells is as good by chance: each draw moves the events of all cells alike, and the
largest score of all cells is kept (single-step max-T; Westfall & Young 1993).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.errors import DataError
from ferbench.scoring.matching.many_draws import Counting
from ferbench.scoring.tally import Formula, Tally
from ferbench.scoring.uncertainty.chance import Chance, NullName, Track, against, strictest
from ferbench.scoring.uncertainty.intervals import Interval, Method, bootstrap, resampled
from ferbench.scoring.uncertainty.moved import shifted
from ferbench.scoring.uncertainty.swapped import FEWEST, swapped
from ferbench.types import F64, I64

_AT_ONCE: Final = 4_000_000
"""So many scores are looked at together."""

_TOGETHER: Final[tuple[NullName, ...]] = ("circular", "swap")
"""Null detectors whose draws move the events of all cells alike; a jitter moves each event alone.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selection:
    """Choosing a cell on others, and scoring it on the one left out.

    Attributes:
        value: over all who were left out in turn, of their summed counts; NaN = undefined.
        interval: bootstrap over participants, each draw with a selection of its own.
        chosen: i64 (P,), the cell chosen for each participant; -1 = nothing could be chosen,
            because no cell has a defined score on the others.
        best: the cell that is best on everybody; -1 = none has a defined score.
        best_value: its score, on the data that it was chosen on.
    """

    value: float
    interval: Interval
    chosen: I64
    best: int
    best_value: float


def nested(
    cells: Tally, formula: Formula, *, draws: int, seed: int, level: float, method: Method
) -> Selection:
    """Choose for each participant the cell that is best on the others; of equal ones the first.

    Args:
        cells: counts (C, P) of each cell and participant.
        formula: of summed counts; higher is better.
        draws: of the bootstrap.
        seed: of the random numbers.
        level: of confidence.
        method: of the interval.

    Raises:
        DataError: counts of another shape.
    """
    if np.ndim(cells.tp) != 2 or not np.size(cells.tp):
        raise DataError(
            f"selection: expected counts of cells and participants, got {np.shape(cells.tp)}"
        )
    participants = cells.tp.shape[1]
    everybody = np.ones((1, participants))
    chosen = _chosen(cells, formula, everybody)[0]
    pooled = formula(_weighted(cells, everybody))[0]
    best = _first_best(pooled[None])[0]
    weights = resampled(participants, draws=draws, seed=seed)

    def of_participants(taken: F64) -> F64:
        return _nested_values(cells, formula, taken)

    value, interval = bootstrap(of_participants, weights, level=level, method=method)
    return Selection(
        value=value,
        interval=interval,
        chosen=chosen,
        best=int(best),
        best_value=float(pooled[best]) if best >= 0 else math.nan,
    )


def _nested_values(cells: Tally, formula: Formula, weights: F64) -> F64:
    """The nested score of each draw of participants, f64 (draws, P) to f64 (draws,)."""
    step = max(_AT_ONCE // cells.tp.size, 1)
    values = []
    for row in range(0, len(weights), step):
        taken = weights[row : row + step]
        chosen = _chosen(cells, formula, taken)
        own = np.arange(chosen.shape[1])
        counted = np.where(chosen >= 0, taken, 0.0)
        summed = [(counted * column[chosen, own]).sum(axis=1) for column in _columns(cells)]
        tp, fp, fn, observed_s = summed
        scores = formula(Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s))
        values.append(np.where(counted.any(axis=1), scores, np.nan))
    return np.concatenate(values)


def _chosen(cells: Tally, formula: Formula, weights: F64) -> I64:
    """The cell that is best without each participant, i64 (draws, P); -1 = none."""
    totals = _weighted(cells, weights)
    without = []
    for total, own in zip(_columns(totals), _columns(cells), strict=True):
        without.append(total[:, :, None] - weights[:, None, :] * own[None])
    tp, fp, fn, observed_s = without
    scores = formula(Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s))
    return _first_best(np.moveaxis(scores, 1, -1))


def _first_best(scores: F64) -> I64:
    """The first of the largest along the last axis; -1 where all are undefined."""
    known = np.where(np.isnan(scores), -np.inf, scores)
    best = np.argmax(known, axis=-1)
    return np.asarray(np.where(np.isnan(scores).all(axis=-1), -1, best), np.int64)


def _weighted(cells: Tally, weights: F64) -> Tally:
    """Sums over participants, (draws, C)."""
    tp, fp, fn, observed_s = (weights @ column.T for column in _columns(cells))
    return Tally(tp=tp, fp=fp, fn=fn, observed_s=observed_s)


def _columns(tally: Tally) -> tuple[F64, F64, F64, F64]:
    return tally.tp, tally.fp, tally.fn, tally.observed_s


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cell:
    """One cell of a sweep, as null detectors see it.

    Attributes:
        tracks: its sessions; the same ones, in the same order, in every cell.
        count: how its events are matched.
        value: its score.
    """

    tracks: Sequence[Track]
    count: Counting
    value: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BestOf:
    """The best of all cells beside the best of all cells by chance.

    Attributes:
        cell: which it is; -1 = no cell has a defined score.
        chances: beside each null detector that moves all cells alike.
        hardest: that of the largest p (see ``chance.strictest``); None = none is defined.
    """

    cell: int
    chances: Mapping[NullName, Chance]
    hardest: NullName | None


def best_of(
    cells: Sequence[Cell],
    formula: Formula,
    *,
    names: Sequence[NullName],
    least_s: float,
    draws: int,
    seed: int,
) -> BestOf:
    """How often the best of the cells is as good by chance; ``chance.p`` pays for their number.

    Args:
        cells: one or more.
        formula: the score, of summed counts.
        names: null detectors that were asked for; a jitter is passed over.
        least_s: least circular shift: the largest of the cells'.
        draws: of each null detector.
        seed: of the random numbers.
    """
    values = np.array([cell.value for cell in cells])
    best = int(_first_best(values[None])[0])
    if best < 0:
        return BestOf(cell=-1, chances={}, hardest=None)
    chances: dict[NullName, Chance] = {}
    for name in [name for name in _TOGETHER if name in names]:
        largest = np.full(draws, -np.inf)
        for cell in cells:
            if name == "circular":
                null = shifted(
                    cell.tracks, count=cell.count, least_s=least_s, draws=draws, seed=seed
                )
            else:
                null = swapped(cell.tracks, count=cell.count, draws=draws, seed=seed)
            largest = np.fmax(largest, formula(null.tally))
        chances[name] = against(values[best], np.where(np.isinf(largest), np.nan, largest))
    num_participants = len({track.participant for track in cells[best].tracks})
    speaking = {
        name: chance
        for name, chance in chances.items()
        if name != "swap" or num_participants >= FEWEST or len(chances) == 1
    }
    return BestOf(cell=best, chances=chances, hardest=strictest(speaking))
