"""Events of sessions against annotations: what counts, what matches, scores over all sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ferbench.scoring.counts import counts_of
from ferbench.scoring.matching.criterion import Criterion, Pairs
from ferbench.scoring.metric import Basis
from ferbench.scoring.metrics import METRICS, headline_values
from ferbench.scoring.ratios import defined
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.timespans import Stretches, contains, includes
from ferbench.types import Annotation, Counts, Event, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOutcome:
    """Comparison of one session.

    Attributes:
        matches: pairs (event, annotation) of positions in the tuples that were given, each used
            once.
        counts: what scores are computed from.
        lags_s: event's time - annotation's onset, one per match.
        scored_events: positions of the events that count, rising.
        scored_annotations: positions of the annotations that count, rising.
        ignored: of the events that count, the positions of those that are neither hits nor false
            alarms (``duplicates`` of the criterion), rising.
    """

    matches: Pairs
    counts: Counts
    lags_s: tuple[float, ...]
    scored_events: tuple[int, ...]
    scored_annotations: tuple[int, ...]
    ignored: tuple[int, ...] = ()

    def as_plain(self) -> dict[str, float | int | None]:
        """Counts, headline metrics and observed seconds; undefined is None."""
        counts = self.counts
        values = headline_values(counts, self.lags_s)
        return {
            "tp": counts.tp,
            "fp": counts.fp,
            "fn": counts.fn,
            "ignored": counts.ignored,
            **{name: defined(value) for name, value in values.items()},
            "observed_s": defined(counts.observed_s),
        }


def counted(
    events: Sequence[Event],
    annotations: Sequence[Annotation],
    observed: Stretches | None,
    criterion: Criterion,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Positions of the events and of the annotations that count.

    An annotation counts with its onset in [from_s, to_s), an event with its time in [from_s, to_s]
    (the end is included, because a trigger is the end of a frame). So the event that belongs to an
    annotation just before the end of a stretch can be lost with what was not observed.

    Args:
        events: of one session.
        annotations: of the same.
        observed: observed stretches, seconds of the session; None = everything counts.
        criterion: says what an event's time is.
    """
    if observed is None:
        return tuple(range(len(events))), tuple(range(len(annotations)))
    scored_events = tuple(
        i for i, event in enumerate(events) if includes(observed, criterion.stamp_s(event))
    )
    scored_annotations = tuple(
        j for j, annotation in enumerate(annotations) if contains(observed, annotation.onset_s)
    )
    return scored_events, scored_annotations


def compare_session(
    events: Sequence[Event],
    annotations: Sequence[Annotation],
    criterion: Criterion,
    *,
    observed_s: float,
    valid_s: float,
    observed: Stretches | None = None,
) -> SessionOutcome:
    """Compare one session.

    Args:
        events: found by a rule, any order.
        annotations: made by humans, any order.
        criterion: which events count for which annotations.
        observed_s: observed seconds (see ``timespans.observed_and_valid_s``).
        valid_s: of these, seconds with a value.
        observed: observed stretches, seconds of the session; None = everything.
    """
    scored_events, scored_annotations = counted(events, annotations, observed, criterion)
    that_count = [events[i] for i in scored_events], [annotations[j] for j in scored_annotations]
    pairs = criterion.matches(*that_count)
    further = criterion.ignored(*that_count, pairs)
    matches = tuple(sorted((scored_events[i], scored_annotations[j]) for i, j in pairs))
    counts = counts_of(
        len(matches),
        len(scored_events),
        len(scored_annotations),
        observed_s=observed_s,
        valid_s=valid_s,
        num_ignored=len(further),
    )
    lags_s = tuple(criterion.stamp_s(events[i]) - annotations[j].onset_s for i, j in matches)
    return SessionOutcome(
        matches=matches,
        counts=counts,
        lags_s=lags_s,
        scored_events=scored_events,
        scored_annotations=scored_annotations,
        ignored=tuple(scored_events[i] for i in further),
    )


def outcome_of(session: ScoredSession, criterion: Criterion) -> SessionOutcome:
    """Compare a session of which only what counts is left."""
    return compare_session(
        session.events,
        session.annotations,
        criterion,
        observed_s=session.observed_s,
        valid_s=session.visible_s,
    )


def window_params(criterion: Criterion, rules: StatisticsRules) -> dict[str, float | str]:
    """What stands beside every score: the time around an onset, and an event's time."""
    extent = rules.extent(criterion)
    return {"pre_s": extent.pre_s, "post_s": extent.post_s, "stamp": criterion.stamp}


def scores_of(
    sessions: Iterable[tuple[Counts, Sequence[float]]], *, params: Mapping[str, float | str]
) -> tuple[Score, ...]:
    """Scores over all sessions: counts and lags are pooled first (micro average).

    Args:
        sessions: counts and lags of each session.
        params: kept beside each score (see ``window_params``).
    """
    total = Counts(tp=0, fp=0, fn=0, n_ref=0, observed_s=0.0, valid_s=0.0)
    lags_s: list[float] = []
    num_sessions = 0
    for counts, lags in sessions:
        total += counts
        lags_s.extend(lags)
        num_sessions += 1
    num_events = total.tp + total.fp
    rests_on: dict[Basis, int] = {
        "events": num_events,
        "annotations": total.n_ref,
        "events and annotations": num_events + total.n_ref,
        "matches": len(lags_s),
        "sessions": num_sessions,
    }
    return tuple(
        Score(
            name=metric.logged_as,
            value=metric.value(total, lags_s),
            n=rests_on[metric.rests_on],
            higher_is_better=metric.higher_is_better,
            params=params,
        )
        for metric in METRICS.values()
    )
