"""Agreement between annotators (people, or a detector and a person) of the same sessions.

By time, by segment, by event.

By time: a moment counts as yes where one of the annotator's intervals is. Time is measured, not cut
into units: the result is that of time-unit kappa (Bakeman, Quera & Gnisci 2009, "Observer agreement
for timed-event sequential data", Behavior Research Methods 41(1)) for ever shorter units. With a
tolerance, a moment of one annotator counts as agreed where the other says the same within it; that
asks one annotator first, so there are two results, and their mean. Tolerance only ever forgives:
annotators who know nothing of each other come out above 0 (read the kappa without beside it).

A point has no duration. It counts as the time [onset - before_s, onset + after_s] of
``AgreementRules``; where both are 0, measures by time do not exist (NaN), and the points are
counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ferbench.scoring.agreement.alignment import event_kappa
from ferbench.scoring.agreement.coded_intervals import CodedIntervals
from ferbench.scoring.agreement.kappa import (
    COEFFICIENTS,
    Coincidences,
    ContingencyTable,
    kappa,
    positive_agreement,
)
from ferbench.scoring.agreement.one_session import (
    coincidences_of,
    compare_session,
    observed_intervals,
)
from ferbench.scoring.agreement.rules import AgreementRules
from ferbench.scoring.agreement.segments import MEASURES, PairCounts
from ferbench.timespans import Stretches, union
from ferbench.types import F64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnnotatorPair:
    """Two annotators over the sessions that both watched.

    Everything by session, so that sessions can be resampled.

    Attributes:
        first: its name.
        second: its name.
        sessions: S names.
        missing: sessions that one of the two did not watch.
        without_extent: points that have no duration, of both; above 0 there are no measures by
            time.
        time: seconds (S,).
        tolerant_first: seconds (S,) where the first annotator's moments are looked for in the
            second's record.
        tolerant_second: likewise the other way round.
        codes: K codes.
        coded: events by code, f64 (S, K + 1, K + 1), see ``alignment.event_table``.
        events: events (S,) matched one to one whatever their code; ``neither`` is NaN, for nobody
            can count it.
        segments: counts of each session.
    """

    first: str
    second: str
    sessions: tuple[str, ...]
    missing: int
    without_extent: int
    time: ContingencyTable
    tolerant_first: ContingencyTable
    tolerant_second: ContingencyTable
    codes: tuple[str, ...]
    coded: F64
    events: ContingencyTable
    segments: tuple[PairCounts, ...]

    @property
    def segment_counts(self) -> PairCounts:
        """Over all sessions."""
        return sum(self.segments, start=PairCounts())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnnotatorGroup:
    """All annotators together, for Krippendorff's alpha.

    Attributes:
        annotators: their names.
        sessions: S names of sessions that at least two watched.
        without_extent: see ``AnnotatorPair``; above 0 all entries are NaN.
        coincidences: of each session, in units of ``one_session.UNIT_S``.
    """

    annotators: tuple[str, ...]
    sessions: tuple[str, ...]
    without_extent: int
    coincidences: Coincidences


def pairwise(
    annotators: Mapping[str, CodedIntervals],
    observed: Mapping[str, Stretches],
    rules: AgreementRules,
) -> tuple[AnnotatorPair, ...]:
    """Compare all annotators with each other: the ceiling for a detector.

    Args:
        annotators: their intervals, by name.
        observed: what was observed of each session.
        rules: how.
    """
    around_s = rules.tolerance_s
    return tuple(
        compare(
            first,
            annotators[first],
            second,
            annotators[second],
            observed,
            rules,
            pre_s=around_s,
            post_s=around_s,
        )
        for first, second in combinations(annotators, 2)
    )


def compare(
    first: str,
    first_intervals: CodedIntervals,
    second: str,
    second_intervals: CodedIntervals,
    observed: Mapping[str, Stretches],
    rules: AgreementRules,
    *,
    pre_s: float,
    post_s: float,
) -> AnnotatorPair:
    """Compare two annotators over the sessions that both watched.

    Args:
        first: name of the first, for example a detector.
        first_intervals: its intervals.
        second: name of the second: whose events the window lies around.
        second_intervals: its intervals.
        observed: what was observed of each session; intervals outside of it do not count.
        rules: how.
        pre_s: window before an event of the second annotator.
        post_s: window after it.
    """
    by_both = first_intervals.keys() & second_intervals.keys()
    by_either = first_intervals.keys() | second_intervals.keys()
    sessions = [name for name in observed if name in by_both]
    num_by_either = sum(name in by_either for name in observed)
    codes = _codes_of((first_intervals, second_intervals), sessions)
    compared = [
        compare_session(
            first_intervals[name],
            second_intervals[name],
            codes,
            union(observed[name]),
            rules,
            pre_s=pre_s,
            post_s=post_s,
        )
        for name in sessions
    ]
    without_extent = sum(each.without_extent for each in compared)
    seconds = np.array([each.seconds for each in compared], np.float64).reshape(-1, 3, 4)
    if without_extent:
        seconds[:] = np.nan
    coded = np.array([each.coded for each in compared], np.float64)
    return AnnotatorPair(
        first=first,
        second=second,
        sessions=tuple(sessions),
        missing=num_by_either - len(sessions),
        without_extent=without_extent,
        time=ContingencyTable.rows(seconds[:, 0]),
        tolerant_first=ContingencyTable.rows(seconds[:, 1]),
        tolerant_second=ContingencyTable.rows(seconds[:, 2]),
        codes=codes,
        coded=coded.reshape(-1, len(codes) + 1, len(codes) + 1),
        events=ContingencyTable.rows(np.array([each.events for each in compared])),
        segments=tuple(each.segments for each in compared),
    )


def together(
    annotators: Mapping[str, CodedIntervals],
    observed: Mapping[str, Stretches],
    rules: AgreementRules,
) -> AnnotatorGroup:
    """All annotators at once.

    Where an annotator did not watch a session, what it would say is missing, not no.

    Args:
        annotators: their intervals, by name.
        observed: what was observed of each session.
        rules: how.
    """
    sessions = []
    coincidences = []
    without_extent = 0
    for name, stretches in observed.items():
        by_watcher = [intervals[name] for intervals in annotators.values() if name in intervals]
        if len(by_watcher) < 2:
            continue
        apart = union(stretches)
        sessions.append(name)
        coincidences.append(coincidences_of(by_watcher, apart, rules))
        for intervals in by_watcher:
            without_extent += rules.num_without_extent(observed_intervals(intervals, apart))
    by_session = Coincidences.stacked(coincidences)
    if without_extent:
        undefined = np.full(len(sessions), np.nan)
        by_session = Coincidences(yes_yes=undefined, unequal=undefined, no_no=undefined)
    return AnnotatorGroup(
        annotators=tuple(annotators),
        sessions=tuple(sessions),
        without_extent=without_extent,
        coincidences=by_session,
    )


def values(pair: AnnotatorPair, weights: F64 | None = None) -> dict[str, F64]:
    """All measures by name, over all sessions or over resampled ones.

    Args:
        pair: two annotators.
        weights: f64 (..., S), how often each session counts; None = once.

    Returns:
        By name f64 (...,): ``time/...`` as in ``kappa.COEFFICIENTS``; ``time/kappa_tolerant`` and
        its two directions; ``segment/kappa``; ``event/kappa`` and ``event/positive_agreement``.
    """
    times_counted = np.ones(len(pair.sessions)) if weights is None else weights
    time = pair.time.weighted(times_counted)
    by_time = {f"time/{name}": coefficient(time) for name, coefficient in COEFFICIENTS.items()}
    tolerant_first = kappa(pair.tolerant_first.weighted(times_counted))
    tolerant_second = kappa(pair.tolerant_second.weighted(times_counted))
    segments = ContingencyTable.of(pair.segments).weighted(times_counted)
    coded = np.tensordot(times_counted, pair.coded, axes=1)
    return {
        **by_time,
        "time/kappa_tolerant": (tolerant_first + tolerant_second) / 2,
        "time/kappa_tolerant_first": tolerant_first,
        "time/kappa_tolerant_second": tolerant_second,
        "segment/kappa": kappa(segments),
        "event/kappa": event_kappa(coded),
        "event/positive_agreement": positive_agreement(pair.events.weighted(times_counted)),
    }


def segment_shares(pair: AnnotatorPair) -> dict[str, float]:
    """The thesis' shares of segments that an event begins in.

    Overall, true, false (see ``segments.MEASURES``).
    """
    return {name: share(pair.segment_counts) for name, share in MEASURES.items()}


def _codes_of(annotators: Sequence[CodedIntervals], sessions: Sequence[str]) -> tuple[str, ...]:
    codes: set[str] = set()
    for intervals in annotators:
        for name in sessions:
            codes.update(interval.code for interval in intervals[name])
    return tuple(sorted(codes))
