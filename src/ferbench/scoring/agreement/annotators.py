"""Agreement between coders (people, or a detector and a person) of the same sessions.

By time, by segment, by event.

By time: a moment counts as yes where one of the coder's marks is. Time is measured, not cut into
units: the result is that of time-unit kappa (Bakeman, Quera & Gnisci 2009, "Observer agreement for
timed-event sequential data", Behavior Research Methods 41(1)) for ever shorter units. With a
tolerance, a moment of one coder counts as agreed where the other says the same within it; that asks
one coder first, so there are two results, and their mean. Tolerance only ever forgives: coders who
know nothing of each other come out above 0 (read the kappa without beside it).

A point has no duration. It counts as the time [onset - before_s, onset + after_s] of
``AgreementRules``; where both are 0, measures by time do not exist (NaN), and the points are
counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from ferbench.errors import ConfigError
from ferbench.scoring.agreement.alignment import event_kappa, event_table
from ferbench.scoring.agreement.coded_intervals import Mark, Marks
from ferbench.scoring.agreement.kappa import (
    COEFFICIENTS,
    Cells,
    Coincidences,
    kappa,
    positive_agreement,
)
from ferbench.scoring.agreement.segments import MEASURES, PairCounts, pair_counts, segments_with
from ferbench.scoring.counts import Stretches, joined
from ferbench.scoring.matching.one_to_one import TOLERANCE_S, match
from ferbench.timespans import cells_of, edges_of, says, spans_of
from ferbench.types import F64

UNIT_S: Final = 0.1
"""Unit in which ``alpha`` counts time, for its correction for few units.

Any shorter one gives nearly the same.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementRules:
    """How coders are compared.

    Attributes:
        before_s: a point counts as the time from so long before it,
        after_s: to so long after it.
        tolerance_s: how far apart two people's events may be, and the tolerance of the tolerant
            kappa.
        segment_s: length of the segments; the last one of a stretch may be shorter.
    """

    before_s: float = 0.0
    after_s: float = 0.0
    tolerance_s: float = 2.0
    segment_s: float = 5.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("before_s", "after_s", "tolerance_s", "segment_s"):
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and seconds >= 0) or (
                name == "segment_s" and seconds == 0
            ):
                least = "more than 0" if name == "segment_s" else "0 or more"
                raise ConfigError(
                    f"{name}: expected a finite number of seconds, {least}, got {seconds!r}"
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoderPair:
    """Two coders over the sessions that both watched.

    Everything by session, so that sessions can be resampled.

    Attributes:
        first: its name.
        second: its name.
        sessions: S names.
        missing: sessions that one of the two did not watch.
        without_extent: points that have no duration, of both; above 0 there are no measures by
            time.
        time: seconds (S,).
        tolerant_first: seconds (S,) where the first coder's moments are looked for in the second's
            record.
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
    time: Cells
    tolerant_first: Cells
    tolerant_second: Cells
    codes: tuple[str, ...]
    coded: F64
    events: Cells
    segments: tuple[PairCounts, ...]

    @property
    def segment_counts(self) -> PairCounts:
        """Over all sessions."""
        return sum(self.segments, start=PairCounts())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoderGroup:
    """All coders together, for Krippendorff's alpha.

    Attributes:
        coders: their names.
        sessions: S names of sessions that at least two watched.
        without_extent: see ``CoderPair``; above 0 all entries are NaN.
        coincidences: of each session, in units of ``UNIT_S``.
    """

    coders: tuple[str, ...]
    sessions: tuple[str, ...]
    without_extent: int
    coincidences: Coincidences


def pairwise(
    coders: Mapping[str, Marks], observed: Mapping[str, Stretches], rules: AgreementRules
) -> tuple[CoderPair, ...]:
    """Compare all people with each other: the ceiling for a detector.

    Args:
        coders: their marks, by name.
        observed: what was observed of each session.
        rules: how.
    """
    around = rules.tolerance_s
    return tuple(
        compare(a, coders[a], b, coders[b], observed, rules, pre_s=around, post_s=around)
        for a, b in combinations(coders, 2)
    )


def compare(
    first: str,
    first_marks: Marks,
    second: str,
    second_marks: Marks,
    observed: Mapping[str, Stretches],
    rules: AgreementRules,
    *,
    pre_s: float,
    post_s: float,
) -> CoderPair:
    """Compare two coders over the sessions that both watched.

    Args:
        first: name of the first, for example a detector.
        first_marks: its marks.
        second: name of the second: whose events the window lies around.
        second_marks: its marks.
        observed: what was observed of each session; marks outside of it do not count.
        rules: how.
        pre_s: window before an event of the second coder.
        post_s: window after it.
    """
    sessions = tuple(name for name in observed if name in first_marks and name in second_marks)
    either = [name for name in observed if name in first_marks or name in second_marks]
    codes = tuple(sorted({m.code for n in sessions for m in (*first_marks[n], *second_marks[n])}))
    cells: list[F64] = []
    events, coded, segments, without_extent = [], [], [], 0
    for name in sessions:
        stretches = joined(observed[name])
        own, other = _inside(first_marks[name], stretches), _inside(second_marks[name], stretches)
        without_extent += _without_extent(own, rules) + _without_extent(other, rules)
        spans = [_spans(marks[name], rules) for marks in (first_marks, second_marks)]
        cells.append(cells_of(spans[0], spans[1], stretches, rules.tolerance_s))
        times = [[mark.stamp_s for mark in marks] for marks in (own, other)]
        pairs = len(match(times[0], times[1], pre_s=pre_s, post_s=post_s))
        events.append((pairs, len(own) - pairs, len(other) - pairs, math.nan))
        events_of = [[(mark.stamp_s, mark.code) for mark in marks] for marks in (own, other)]
        coded.append(event_table(events_of[0], events_of[1], codes, pre_s=pre_s, post_s=post_s))
        segments.append(_segments(own, other, stretches, rules.segment_s))
    plain, tolerant_first, tolerant_second = _by_session(cells, without_extent)
    return CoderPair(
        first=first,
        second=second,
        sessions=sessions,
        missing=len(either) - len(sessions),
        without_extent=without_extent,
        time=plain,
        tolerant_first=tolerant_first,
        tolerant_second=tolerant_second,
        codes=codes,
        coded=np.array(coded, np.float64).reshape(-1, len(codes) + 1, len(codes) + 1),
        events=Cells.rows(np.array(events)),
        segments=tuple(segments),
    )


def together(
    coders: Mapping[str, Marks], observed: Mapping[str, Stretches], rules: AgreementRules
) -> CoderGroup:
    """All coders at once; where a coder did not watch a session, what it would say is missing, not
    no.

    Args:
        coders: their marks, by name.
        observed: what was observed of each session.
        rules: how.
    """
    sessions = tuple(
        name for name in observed if sum(name in marks for marks in coders.values()) >= 2
    )
    found, without_extent = [], 0
    for name in sessions:
        stretches = joined(observed[name])
        there = [marks[name] for marks in coders.values() if name in marks]
        without_extent += sum(_without_extent(_inside(own, stretches), rules) for own in there)
        every = [spans_of(stretches), *(_spans(own, rules) for own in there)]
        edges = edges_of(every, stretches)
        seen, *yes = says(every, edges)
        units = np.diff(edges) * seen / UNIT_S
        found.append(
            Coincidences.of(np.sum(yes, axis=0), np.full(len(units), float(len(yes))), units)
        )
    coincidences = Coincidences.stacked(found)
    if without_extent:
        nothing = np.full(len(sessions), np.nan)
        coincidences = Coincidences(yes_yes=nothing, unequal=nothing, no_no=nothing)
    return CoderGroup(
        coders=tuple(coders),
        sessions=sessions,
        without_extent=without_extent,
        coincidences=coincidences,
    )


def values(pair: CoderPair, weights: F64 | None = None) -> dict[str, F64]:
    """All measures by name, over all sessions or over resampled ones.

    Args:
        pair: two coders.
        weights: f64 (..., S), how often each session counts; None = once.

    Returns:
        By name f64 (...,): ``time/...`` as in ``kappa.COEFFICIENTS``; ``time/kappa_tolerant`` and
        its two directions; ``segment/kappa``; ``event/kappa`` and ``event/positive_agreement``.
    """
    each = np.ones(len(pair.sessions)) if weights is None else weights
    time = pair.time.weighted(each)
    result = {f"time/{name}": coefficient(time) for name, coefficient in COEFFICIENTS.items()}
    directions = [
        kappa(cells.weighted(each)) for cells in (pair.tolerant_first, pair.tolerant_second)
    ]
    tables = np.tensordot(each, pair.coded, axes=1)
    return {
        **result,
        "time/kappa_tolerant": (directions[0] + directions[1]) / 2,
        "time/kappa_tolerant_first": directions[0],
        "time/kappa_tolerant_second": directions[1],
        "segment/kappa": kappa(Cells.of(pair.segments).weighted(each)),
        "event/kappa": event_kappa(tables),
        "event/positive_agreement": positive_agreement(pair.events.weighted(each)),
    }


def segment_shares(pair: CoderPair) -> dict[str, float]:
    """The thesis' shares of segments that an event begins in.

    Overall, true, false (see ``segments.MEASURES``).
    """
    return {name: share(pair.segment_counts) for name, share in MEASURES.items()}


def _extent(mark: Mark, rules: AgreementRules) -> tuple[float, float]:
    if mark.offset_s > mark.onset_s:
        return mark.onset_s, mark.offset_s
    return mark.onset_s - rules.before_s, mark.onset_s + rules.after_s


def _spans(marks: Sequence[Mark], rules: AgreementRules) -> F64:
    """When a coder says yes."""
    return spans_of([_extent(mark, rules) for mark in marks])


def _without_extent(marks: Sequence[Mark], rules: AgreementRules) -> int:
    """How many have no duration."""
    return sum(stop_s <= start_s for start_s, stop_s in (_extent(mark, rules) for mark in marks))


def _inside(marks: Sequence[Mark], stretches: Stretches) -> list[Mark]:
    """The marks whose time was observed, ends included."""
    return [
        m
        for m in marks
        if any(a - TOLERANCE_S <= m.stamp_s <= b + TOLERANCE_S for a, b in stretches)
    ]


def _segments(
    first: Sequence[Mark], second: Sequence[Mark], stretches: Stretches, segment_s: float
) -> PairCounts:
    """Segments of every stretch that an event begins in."""
    total = PairCounts()
    for start_s, stop_s in stretches:
        flags = [
            segments_with(_places(marks, start_s, stop_s), stop_s - start_s, segment_s=segment_s)
            for marks in (first, second)
        ]
        total += pair_counts(flags[0], flags[1])
    return total


def _places(marks: Sequence[Mark], start_s: float, stop_s: float) -> list[float]:
    """Times from the beginning of a stretch.

    An event at its very end belongs to its last segment.
    """
    inside = [
        mark for mark in marks if start_s - TOLERANCE_S <= mark.stamp_s <= stop_s + TOLERANCE_S
    ]
    return [min(max(mark.stamp_s - start_s, 0.0), stop_s - start_s - 1e-6) for mark in inside]


def _by_session(cells: list[F64], without_extent: int) -> list[Cells]:
    """Seconds of every session; NaN where some marks have no duration."""
    every = np.array(cells, np.float64).reshape(-1, 3, 4)
    if without_extent:
        every[:] = np.nan
    return [Cells.rows(every[:, k]) for k in range(3)]
