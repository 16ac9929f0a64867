"""Agreement of models with each other on segments of a session.

Counts first, shares as functions of counts.

Source: the numbers of T. Deelstra's bachelor thesis, as its published program computes them
(github.com/TimDeelstra/FER, convert_results): segments of all sessions are pooled, and of lists of
different length the common beginning counts. What differs: a share of nothing is NaN where that
program ends with an error, a session that one of two models lacks is left out of that pair only,
and what was left out is counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Final

import numpy as np

from ferbench.errors import DataError
from ferbench.scoring.ratios import ratio
from ferbench.timespans import units_begun, units_needed
from ferbench.types import I64

SessionKey = tuple[str, str]
"""Participant (or the session's whole name) and session (or "")."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """What one model found in one session.

    Attributes:
        flags: i64 (S,), 1 = the segment has an event, else 0; empty = the session was not computed.
        count: events; usually, but not by necessity, the number of ones.
    """

    flags: I64
    count: int

    def __post_init__(self) -> None:
        """Check the flags."""
        right_type = self.flags.ndim == 1 and self.flags.dtype == np.int64
        if not right_type or not np.isin(self.flags, (0, 1)).all():
            expected = "int64 of shape (any), 0 or 1"
            raise DataError(f"Detections.flags: expected {expected}, got {self.flags!r}")


Sheet = Mapping[SessionKey, Mapping[str, Detections]]
"""Detections by session and model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """Segments by what two models say of them.

    Attributes:
        both: flagged by both.
        first_only: flagged by the first only.
        second_only: flagged by the second only.
        neither: flagged by none.
        unpaired: segments beyond the end of the shorter list; in none of the above.
    """

    both: int = 0
    first_only: int = 0
    second_only: int = 0
    neither: int = 0
    unpaired: int = 0

    def __add__(self, other: PairCounts) -> PairCounts:
        return PairCounts(
            both=self.both + other.both,
            first_only=self.first_only + other.first_only,
            second_only=self.second_only + other.second_only,
            neither=self.neither + other.neither,
            unpaired=self.unpaired + other.unpaired,
        )

    @property
    def compared(self) -> int:
        """Segments of which both say something."""
        return self.both + self.first_only + self.second_only + self.neither


def pair_counts(first: I64, second: I64) -> PairCounts:
    """Compare two models' flags of one session segment by segment, from the first.

    Args:
        first: i64 (S1,), 0 or 1.
        second: i64 (S2,), likewise.

    >>> pair_counts(np.array([1, 0, 1]), np.array([1, 1]))
    PairCounts(both=1, first_only=0, second_only=1, neither=0, unpaired=1)
    """
    common = min(len(first), len(second))
    a = first[:common] == 1
    b = second[:common] == 1
    return PairCounts(
        both=int(np.sum(a & b)),
        first_only=int(np.sum(a & ~b)),
        second_only=int(np.sum(~a & b)),
        neither=int(np.sum(~a & ~b)),
        unpaired=max(len(first), len(second)) - common,
    )


def overall_agreement(counts: PairCounts) -> float:
    """Share of the segments of which both models say the same; NaN without segments."""
    return ratio(counts.both + counts.neither, counts.compared)


def true_agreement(counts: PairCounts) -> float:
    """Share of the second model's flagged segments that the first flags too.

    NaN where it flags none.
    """
    return ratio(counts.both, counts.both + counts.second_only)


def false_agreement(counts: PairCounts) -> float:
    """Share of the second model's other segments that the first does not flag either.

    NaN where there are none.
    """
    return ratio(counts.neither, counts.neither + counts.first_only)


MEASURES: Final = {"overall": overall_agreement, "true": true_agreement, "false": false_agreement}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """Two models over several sessions.

    Attributes:
        counts: segments of all sessions that both have, added up.
        sessions: how many these are.
        missing: sessions that one of the two lacks.
        empty: sessions of which one of the two has no segments.
    """

    counts: PairCounts
    sessions: int
    missing: int
    empty: int


def models_of(sheet: Sheet) -> tuple[str, ...]:
    """All models of a sheet, sorted by name."""
    return tuple(sorted(set().union(*sheet.values())))


def ordered_pairs(models: Sequence[str]) -> list[tuple[str, str]]:
    """All ordered pairs of different models."""
    return list(permutations(models, 2))


def with_at_most(sheet: Sheet, max_events: int) -> Sheet:
    """The sessions in which no model has more events."""
    kept = {}
    for session, detections in sheet.items():
        if all(each.count <= max_events for each in detections.values()):
            kept[session] = detections
    return kept


def pair_agreement(sheet: Sheet, first: str, second: str) -> PairAgreement:
    """Compare two models over all sessions of a sheet."""
    total = PairCounts()
    sessions = missing = empty = 0
    for detections in sheet.values():
        if first not in detections or second not in detections:
            missing += 1
            continue
        one = detections[first].flags
        other = detections[second].flags
        if not len(one) or not len(other):
            empty += 1
            continue
        total += pair_counts(one, other)
        sessions += 1
    return PairAgreement(counts=total, sessions=sessions, missing=missing, empty=empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNumbers:
    """How many events sessions have.

    Attributes:
        sessions: how many sessions (of each model).
        maximum: NaN without sessions.
        mean: NaN without sessions.
        sample_sd: standard deviation with n - 1; NaN with fewer than two sessions.
        histogram: i64 (maximum + 1,): sessions with 0, 1, ... events.
    """

    sessions: int
    maximum: float
    mean: float
    sample_sd: float
    histogram: tuple[int, ...]


def event_numbers(counts: Iterable[int]) -> EventNumbers:
    """Summary of how many events sessions have.

    >>> event_numbers([0, 2, 2]).histogram
    (1, 0, 2)
    """
    values = np.array(list(counts), np.int64)
    maximum = mean = sample_sd = math.nan
    if len(values):
        maximum = float(values.max())
        mean = float(values.mean())
    if len(values) > 1:
        sample_sd = float(values.std(ddof=1))
    return EventNumbers(
        sessions=len(values),
        maximum=maximum,
        mean=mean,
        sample_sd=sample_sd,
        histogram=tuple(np.bincount(values).tolist()),
    )


def segments_with(onsets_s: Sequence[float], duration_s: float, *, segment_s: float) -> I64:
    """Flags of segments of equal length that an event begins in.

    Where a last event begins after ``duration_s`` there are as many segments as it needs.

    Returns:
        i64 (ceil(duration_s / segment_s),), or more.

    >>> segments_with([0.5, 5.0], 12.0, segment_s=5.0)
    array([1, 1, 0])
    """
    begun_in = [units_begun(onset_s, segment_s) for onset_s in onsets_s]
    num_segments = max(units_needed(duration_s, segment_s), max(begun_in, default=-1) + 1)
    flags = np.zeros(num_segments, np.int64)
    flags[begun_in] = 1
    return flags
