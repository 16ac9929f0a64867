"""What counts in each session of two tables, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from ferbench.formats.length_table import SessionLength
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_outcome import SessionOutcome, compare_session
from ferbench.timespans import closed
from ferbench.types import Annotation, Event

UNKNOWN: Final = SessionLength(duration_s=math.nan, valid_s=math.nan)


def compared_sessions(
    events: Mapping[str, Sequence[Event]],
    annotations: Mapping[str, Sequence[Annotation]],
    lengths: Mapping[str, SessionLength],
    owners: Mapping[str, str],
    criterion: Criterion,
) -> tuple[list[ScoredSession], dict[str, SessionOutcome]]:
    """Every annotated session with what counts in it, and what came out."""
    sessions: list[ScoredSession] = []
    outcomes: dict[str, SessionOutcome] = {}
    for name, of_session in sorted(annotations.items()):
        length = lengths.get(name, UNKNOWN)
        events_here = tuple(sorted(events.get(name, ())))
        annotations_here = tuple(sorted(of_session))
        outcome = _outcome(events_here, annotations_here, criterion, length)
        participant = owners.get(name, "")
        sessions.append(_session(name, participant, events_here, annotations_here, outcome, length))
        outcomes[name] = outcome
    return sessions, outcomes


def _outcome(
    events: tuple[Event, ...],
    annotations: tuple[Annotation, ...],
    criterion: Criterion,
    length: SessionLength,
) -> SessionOutcome:
    return compare_session(
        events,
        annotations,
        criterion,
        observed=length.observed,
        observed_s=length.duration_s,
        valid_s=length.valid_s,
    )


def _session(
    name: str,
    participant: str,
    events: tuple[Event, ...],
    annotations: tuple[Annotation, ...],
    outcome: SessionOutcome,
    length: SessionLength,
) -> ScoredSession:
    """A session with what counts in it."""
    return ScoredSession(
        session_id=name,
        participant=participant,
        events=tuple(events[i] for i in outcome.scored_events),
        annotations=tuple(annotations[j] for j in outcome.scored_annotations),
        observed=known_observed(length),
    )


def known_observed(length: SessionLength) -> tuple[tuple[float, float], ...]:
    """What was observed; () = not known."""
    if length.observed is not None:
        return closed(length.observed, length.duration_s)
    if length.duration_s > 0:
        return ((0.0, length.duration_s),)
    return ()
