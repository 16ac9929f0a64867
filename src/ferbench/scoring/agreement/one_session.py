"""Two annotators, or all of them, in one session: the counts that agreement rests on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from ferbench.scoring.agreement.alignment import event_table
from ferbench.scoring.agreement.coded_intervals import CodedInterval
from ferbench.scoring.agreement.kappa import Coincidences
from ferbench.scoring.agreement.rules import AgreementRules
from ferbench.scoring.agreement.seconds import seconds_table
from ferbench.scoring.agreement.segments import PairCounts, pair_counts, segments_with
from ferbench.scoring.matching.one_to_one import match
from ferbench.timespans import Stretches, borders_of, held_between, includes, spans_of
from ferbench.types import F64, I64

UNIT_S: Final = 0.1
"""Unit in which ``alpha`` counts time, for its correction for few units.

Any shorter one gives nearly the same.
"""

_IN_LAST_SEGMENT_S: Final = 1e-6  # an event at a stretch's very end is taken so long before it


class ComparedSession(NamedTuple):
    """Two annotators in one session; the fields are those of ``AnnotatorPair``."""

    without_extent: int
    seconds: F64  # (3, 4), see ``seconds_table``
    events: tuple[float, float, float, float]
    coded: I64
    segments: PairCounts


def compare_session(
    first: Sequence[CodedInterval],
    second: Sequence[CodedInterval],
    codes: Sequence[str],
    stretches: Stretches,
    rules: AgreementRules,
    *,
    pre_s: float,
    post_s: float,
) -> ComparedSession:
    """Compare what two annotators marked in one session.

    Args:
        first: the first annotator's intervals.
        second: the second's.
        codes: all that occur in any session.
        stretches: what was observed, in order and apart.
        rules: how.
        pre_s: window before an event of the second annotator.
        post_s: window after it.
    """
    one = observed_intervals(first, stretches)
    other = observed_intervals(second, stretches)
    one_s = [interval.stamp_s for interval in one]
    other_s = [interval.stamp_s for interval in other]
    num_pairs = len(match(one_s, other_s, pre_s=pre_s, post_s=post_s))
    seconds = seconds_table(
        rules.spans_of(first), rules.spans_of(second), stretches, rules.tolerance_s
    )
    coded = event_table(
        [(interval.stamp_s, interval.code) for interval in one],
        [(interval.stamp_s, interval.code) for interval in other],
        codes,
        pre_s=pre_s,
        post_s=post_s,
    )
    return ComparedSession(
        without_extent=rules.num_without_extent(one) + rules.num_without_extent(other),
        seconds=seconds,
        events=(num_pairs, len(one) - num_pairs, len(other) - num_pairs, math.nan),
        coded=coded,
        segments=_segments(one_s, other_s, stretches, rules.segment_s),
    )


def coincidences_of(
    by_annotator: Sequence[Sequence[CodedInterval]], stretches: Stretches, rules: AgreementRules
) -> Coincidences:
    """Krippendorff's coincidences of one session that these annotators watched."""
    spans = [spans_of(stretches), *(rules.spans_of(intervals) for intervals in by_annotator)]
    borders_s = borders_of(spans, stretches)
    is_observed, *says_yes = held_between(spans, borders_s)
    units = np.diff(borders_s) * is_observed / UNIT_S
    num_annotators = np.full(len(units), float(len(says_yes)))
    return Coincidences.of(np.sum(says_yes, axis=0), num_annotators, units)


def observed_intervals(
    intervals: Sequence[CodedInterval], stretches: Stretches
) -> list[CodedInterval]:
    """The intervals whose time was observed, ends included."""
    return [interval for interval in intervals if includes(stretches, interval.stamp_s)]


def _segments(
    first_s: Sequence[float], second_s: Sequence[float], stretches: Stretches, segment_s: float
) -> PairCounts:
    """Segments of every stretch that an event begins in."""
    total = PairCounts()
    for from_s, to_s in stretches:
        lasts_s = to_s - from_s
        first = segments_with(_from_start_s(first_s, from_s, to_s), lasts_s, segment_s=segment_s)
        second = segments_with(_from_start_s(second_s, from_s, to_s), lasts_s, segment_s=segment_s)
        total += pair_counts(first, second)
    return total


def _from_start_s(times_s: Sequence[float], from_s: float, to_s: float) -> list[float]:
    """Times in a stretch, from its beginning.

    An event at its very end belongs to its last segment.
    """
    last_s = to_s - from_s - _IN_LAST_SEGMENT_S
    inside_s = [time_s for time_s in times_s if includes([(from_s, to_s)], time_s)]
    return [min(max(time_s - from_s, 0.0), last_s) for time_s in inside_s]
