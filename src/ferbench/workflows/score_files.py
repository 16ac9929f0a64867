"""Score a table of events against annotations, without a run and without any video."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ferbench.errors import DatasetError
from ferbench.formats.event_table import read_events
from ferbench.formats.length_table import SessionLength
from ferbench.formats.reading import read_annotations
from ferbench.formats.tracks import Track, match_tracks
from ferbench.scoring.evaluation import Scores, score_sessions
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.scored_session import ScoredSession
from ferbench.scoring.session_outcome import SessionOutcome, compare_session
from ferbench.timespans import closed
from ferbench.types import Annotation, Event
from ferbench.workflows.score_notes import (
    annotated_after_the_end,
    annotated_outside,
    events_outside,
    silent_sessions,
    unused_window,
)
from ferbench.workflows.score_tables import (
    Request,
    annotations_of,
    events_of_label,
    lengths_of,
    owners_of,
    people_of,
    stamp_of,
)
from ferbench.workflows.scoring_settings import scoring_settings
from ferbench.workflows.searched import Searched

UNKNOWN: Final = SessionLength(duration_s=math.nan, valid_s=math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredTables:
    """What came out.

    Attributes:
        scores: of the sessions that both tables have; curves over thresholds need a run.
        left_out: sentences about what was not scored, and why.
        refused: sentences about rows of the annotations that cannot be used.
        notes: what else a reader should know.
    """

    scores: Scores
    left_out: tuple[str, ...]
    refused: tuple[str, ...]
    notes: tuple[str, ...]


def score_files(request: Request) -> ScoredTables:
    """Compare events with annotations, session by session.

    Raises:
        FormatError: a table of events or lengths cannot be used.
        DatasetError: the annotations cannot be used, or there is no session to score.
        ConfigError: an option that does not fit the tables.
    """
    table = read_events(request.events)
    events = _by_session(events_of_label(table, request))
    known_lengths, notes = lengths_of(request)
    stamp = stamp_of(table, request, notes)
    annotated = read_annotations(request.annotations, request.table)
    settings = scoring_settings(
        request.scoring,
        request.settings,
        pre_s=request.pre_s,
        post_s=request.post_s,
        stamp=stamp,
    )
    lengths = known_lengths or {}
    complete = known_lengths is not None or request.events.suffix.lower() == ".json"
    searched = Searched(table.sessions | frozenset(lengths), request.naming, complete=complete)
    annotations, left_out = annotations_of(request, searched, annotated)
    refused = tuple(f"{request.annotations.name}, {row}" for row in annotated.refused)
    if not annotations:
        reasons = [*left_out, *refused[:3]] or [f"no session in {request.annotations.name}"]
        raise DatasetError(f"there is no session to score: {'; '.join(reasons)}")
    owners = owners_of(request, searched, annotated, lengths)
    sessions, outcomes = _compared(events, annotations, lengths, owners, settings.criterion)
    silent = set(annotations) - table.sessions
    if silent and not searched.complete:
        notes.append(silent_sessions(silent, request.events.name))
    notes += annotated_after_the_end(annotations, lengths, request.annotations.name)
    if settings.window_unused:
        notes.append(unused_window(request.scoring))
    notes += events_outside(events, lengths, request.events.name)
    notes += annotated_outside(annotations, outcomes)
    scores = score_sessions(
        sessions,
        settings.criterion,
        settings.rules,
        annotators=people_of(request, searched, annotated, set(annotations)),
        outcomes=outcomes,
        intervals=request.intervals,
    )
    return ScoredTables(
        scores=scores,
        left_out=tuple(left_out),
        refused=refused,
        notes=(*annotated.notes, *notes),
    )


def match_tracks_of(scores: Scores) -> dict[str, tuple[Track, ...]]:
    """Hits, false alarms and misses of each session, for annotation programs."""
    return {
        session.session_id: match_tracks(
            session.events,
            session.annotations,
            scores.criterion.matches(session.events, session.annotations),
            scored_events=range(len(session.events)),
            scored_annotations=range(len(session.annotations)),
        )
        for session in scores.sessions
    }


def _by_session(events: Sequence[Event]) -> dict[str, list[Event]]:
    result: dict[str, list[Event]] = {}
    for event in events:
        result.setdefault(event.session_id, []).append(event)
    return result


def _compared(
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
        observed=_with_known_ends(length),
    )


def _with_known_ends(length: SessionLength) -> tuple[tuple[float, float], ...]:
    """What was observed; () = not known."""
    if length.observed is not None:
        return closed(length.observed, length.duration_s)
    if length.duration_s > 0:
        return ((0.0, length.duration_s),)
    return ()
