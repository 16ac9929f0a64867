"""Events at every threshold at once.

What a rule finds as its level sinks over all values of the signal.

An event stays the same until the level reaches the next value at which it begins earlier, triggers
at another time or merges with its neighbour. A ThresholdSweep lists events with the levels at which
they are found, so that curves over all thresholds need no grid. The idea of evaluating all
thresholds jointly: Ebbers, Haeb-Umbach & Serizel 2022, "Threshold Independent Evaluation of Sound
Event Detection Scores" (sed_scores_eval); what differs: rules with durations and gaps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import DataError
from ferbench.types import F64, I64

_COLUMNS: Final = ("below", "upto", "onset_s", "offset_s", "trigger_s")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThresholdSweep:
    """The events of a rule at all its levels.

    Event i is found at the levels x with below[i] < x <= upto[i].

    Attributes:
        floor: lowest level that the rule allows; nothing is known of lower ones; -inf = every level
            is allowed.
        below: f64 (E,); -inf = found down to the floor.
        upto: f64 (E,), finite.
        onset_s: f64 (E,), seconds of the session.
        offset_s: f64 (E,).
        trigger_s: f64 (E,).
    """

    floor: float
    below: F64
    upto: F64
    onset_s: F64
    offset_s: F64
    trigger_s: F64

    def __post_init__(self) -> None:
        """Check shapes and levels."""
        shapes = {getattr(self, name).shape for name in _COLUMNS}
        if len(shapes) > 1 or self.upto.ndim != 1:
            raise DataError(
                f"ThresholdSweep: expected columns of one length, got shapes {sorted(shapes)}"
            )
        if not (self.below < self.upto).all() or not np.isfinite(self.upto).all():
            raise DataError("ThresholdSweep: expected below < upto and finite upto for every event")

    @classmethod
    def of(
        cls, rows: Sequence[tuple[float, float, float, float, float]], *, floor: float = -math.inf
    ) -> ThresholdSweep:
        """From plain rows (below, upto, onset_s, offset_s, trigger_s)."""
        table = np.array(rows, np.float64).reshape(-1, 5)
        below, upto, onset_s, offset_s, trigger_s = (
            np.ascontiguousarray(column) for column in table.T
        )
        return cls(
            floor=floor,
            below=below,
            upto=upto,
            onset_s=onset_s,
            offset_s=offset_s,
            trigger_s=trigger_s,
        )

    @classmethod
    def joined(cls, sweeps: Sequence[ThresholdSweep]) -> ThresholdSweep:
        """Those of several signals (labels, parts) side by side; the highest of their floors."""
        floor = max((sweep.floor for sweep in sweeps), default=-math.inf)
        columns = {}
        for name in _COLUMNS:
            parts = [getattr(sweep, name) for sweep in sweeps]
            columns[name] = np.concatenate([np.empty(0), *parts])
        return cls(floor=floor, **columns)

    def rows(self, keep: NDArray[np.bool_]) -> ThresholdSweep:
        """Some of the events, chosen by a bool (E,)."""
        columns = {name: getattr(self, name)[keep] for name in _COLUMNS}
        return ThresholdSweep(floor=self.floor, **columns)

    def above(self, level: float) -> ThresholdSweep:
        """The events at levels higher than this."""
        kept = self.rows(self.upto > level)
        return replace(kept, floor=max(self.floor, math.nextafter(level, math.inf)))

    def at(self, level: float) -> F64:
        """Events at one level, f64 (N, 3) of onset, offset, trigger, in order of these three.

        Raises:
            DataError: the level is below the floor.
        """
        if level < self.floor:
            raise DataError(
                f"level: expected at least {self.floor!r}, where the sweep ends, got {level!r}"
            )
        here = (self.below < level) & (level <= self.upto)
        columns = [self.onset_s[here], self.offset_s[here], self.trigger_s[here]]
        events = np.stack(columns, axis=1)
        return events[np.lexsort(events.T[::-1])]

    @property
    def levels(self) -> F64:
        """Levels where something changes, f64, falling.

        Events stay the same from one down to just above the next.
        """
        changes = np.unique(np.concatenate([self.upto, self.below[np.isfinite(self.below)]]))
        return changes[changes >= self.floor][::-1]


def records(value: F64, group: I64) -> I64:
    """Positions of the values that are larger than all before them in their group, i64, rising.

    Args:
        value: f64 (N,), no NaN; -inf is never a record.
        group: i64 (N,), from 0, rising.

    >>> records(np.array([0.2, 0.5, 0.5, 0.9, 0.1]), np.array([0, 0, 0, 0, 1]))
    array([0, 1, 3, 4])
    """
    # Ranks that rise from group to group let one running maximum serve all groups.
    rank = np.unique(value, return_inverse=True)[1] + group * (len(value) + 1)
    is_record = np.diff(np.maximum.accumulate(rank), prepend=-1) > 0
    return np.flatnonzero(is_record & (value > -np.inf))
