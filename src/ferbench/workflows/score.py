"""``ferbench score``: a table of events against a table of annotations, without a run and without
any video.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ferbench.app.cli.options import options_in_messages
from ferbench.config.arguments import has_several_values
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.errors import Action, ConfigError, DatasetError, Setting, Text
from ferbench.formats.event_table import read_events
from ferbench.formats.length_table import SessionLength
from ferbench.formats.reading import read_annotations
from ferbench.formats.tracks import Track, match_tracks
from ferbench.scoring.matching.event_scoring import EventScoring, SessionOutcome
from ferbench.scoring.scored_session import Evidence
from ferbench.scoring.statistics import Statistics, statistics
from ferbench.types import Annotation, Event, Score
from ferbench.wording import some
from ferbench.workflows.score_tables import (
    SPELLED,
    Request,
    Searched,
    annotations_of,
    events_of_label,
    lengths_of,
    owners_of,
    people_of,
    stamp_of,
)

UNKNOWN: Final = SessionLength(duration_s=math.nan, valid_s=math.nan)
OPTIONS: Final = {
    "pre_s": "--pre",
    "post_s": "--post",
    "stamp": "--stamp",
    "intervals": "--no-intervals",
}
"""Settings of ``conf/scoring`` that have an option of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What came out.

    Attributes:
        sessions: outcome by session, sorted by name.
        scores: over all of them.
        left_out: sentences about what was not scored, and why.
        refused: sentences about rows of the annotations that cannot be used.
        notes: what else a reader should know.
        scoring: how they were compared.
        evidence: the sessions, as they were compared.
        statistics: curves need a run; the rest is as there.
    """

    sessions: dict[str, SessionOutcome]
    scores: tuple[Score, ...]
    scoring: EventScoring
    evidence: tuple[Evidence, ...]
    statistics: Statistics
    left_out: tuple[str, ...]
    refused: tuple[str, ...]
    notes: tuple[str, ...]


def score(request: Request) -> Scored:
    """Compare events with annotations, session by session.

    Raises:
        FormatError: a table of events or lengths cannot be used.
        DatasetError: the annotations cannot be used, or there is no session to score.
        ConfigError: an option that does not fit the tables.
    """
    table = read_events(request.events)
    events = events_of_label(table, request)
    lengths, notes = lengths_of(request)
    stamp = stamp_of(table, request, notes)
    annotated = read_annotations(request.annotations, request.table)
    with options_in_messages(SPELLED):
        chosen = _scoring(request)
        scoring = replace(chosen, pre_s=request.pre_s, post_s=request.post_s, stamp=stamp)
    complete = lengths is not None or request.events.suffix.lower() == ".json"
    searched = Searched(
        table.sessions | frozenset(lengths or ()), request.naming, complete=complete
    )
    marks, left_out = annotations_of(request, searched, annotated)
    refused = tuple(f"{request.annotations.name}, {problem}" for problem in annotated.refused)
    if not marks:
        reasons = (
            "; ".join([*left_out, *refused[:3]]) or f"no session in {request.annotations.name}"
        )
        raise DatasetError(f"there is no session to score: {reasons}")
    silent = sorted(set(marks) - table.sessions)
    if silent and not searched.complete:
        notes.append(
            Text(
                f"no event in {request.events.name}, so scored as nothing found: {some(silent)} "
                "(a table of sessions' lengths, ",
                Setting("lengths"),
                ", would tell them from sessions that were not looked at)",
            )
        )
    by_session: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_session[event.session_id].append(event)
    outcomes = {
        name: _compare(scoring, by_session[name], own, (lengths or {}).get(name, UNKNOWN))
        for name, own in sorted(marks.items())
    }
    notes += _after_the_end(marks, lengths or {}, request)
    if scoring.criterion is not None and (request.pre_s, request.post_s) != (
        chosen.pre_s,
        chosen.post_s,
    ):
        notes.append(
            f"--pre and --post do not change which events match with --scoring {request.scoring}"
        )
    notes += _events_outside(by_session, lengths or {}, request)
    outside = [
        f"{name} ({n})"
        for name, own in marks.items()
        if (n := len(own) - outcomes[name].counts.n_ref)
    ]
    if outside:
        notes.append(
            f"annotated outside of what was observed or recorded, so not counted: {some(sorted(outside))}"
        )
    owners = owners_of(request, searched, annotated, lengths or {})
    evidence = [
        _evidence(
            scoring,
            name,
            owners.get(name, ""),
            by_session[name],
            own,
            (lengths or {}).get(name, UNKNOWN),
        )
        for name, own in sorted(marks.items())
    ]
    people = people_of(request, searched, annotated, set(marks))
    return Scored(
        sessions=outcomes,
        scores=scoring.scores([(outcome.counts, outcome.lags_s) for outcome in outcomes.values()]),
        scoring=scoring,
        evidence=tuple(evidence),
        statistics=statistics(evidence, scoring, people=people, intervals=request.intervals),
        left_out=tuple(left_out),
        refused=refused,
        notes=(*annotated.notes, *notes),
    )


def _scoring(request: Request) -> EventScoring:
    """The chosen scoring with its settings."""
    for name, value in request.settings:
        if name in OPTIONS:
            raise ConfigError(f"--set: {name} has an option of its own, {OPTIONS[name]}")
        if has_several_values(f"{name}={value}"):
            raise ConfigError(
                f"--set {name}: expected one value, got {value!r}; a list has brackets, as [1,2]"
            )
    settings = [f"scoring.{name}={value}" for name, value in request.settings]
    chosen: EventScoring = build(
        composed({"scoring": request.scoring}, settings)["scoring"], where="scoring"
    )
    return chosen


def _after_the_end(
    marks: dict[str, list[Annotation]], lengths: Mapping[str, SessionLength], request: Request
) -> list[str]:
    """A note on annotations after their session's end, where that is known.

    Raises:
        DatasetError: all of several are: then the times are read wrongly.
    """
    known = {
        name: lengths[name] for name in marks if name in lengths and lengths[name].observed is None
    }
    judged = [
        (name, mark)
        for name, length in known.items()
        for mark in marks[name]
        if length.duration_s > 0
    ]
    late = [(name, mark.onset_s) for name, mark in judged if mark.onset_s >= known[name].duration_s]
    if not late:
        return []
    name, onset_s = late[0]
    told = f"{name!r} is {known[name].duration_s:.1f} s long, and annotated at {onset_s:g} s"
    if len(late) == len(judged) > 1:
        raise DatasetError(
            f"all annotations of {request.annotations.name} lie after their sessions' ends ({told})",
            hint=Text(
                "say how its times are written with ",
                Setting("format.time_format"),
                ". Clock times can only be scored by ",
                Action("evaluate"),
            ),
        )
    return [
        f"annotated after the session's end, counted as missed: {len(late)} (the first: {told}); check the unit"
    ]


def _events_outside(
    events: Mapping[str, Sequence[Event]], lengths: Mapping[str, SessionLength], request: Request
) -> list[str]:
    """A note on events before or after their session, where its length is known."""
    outside = [
        (event, lengths[name].duration_s)
        for name, own in events.items()
        if name in lengths and lengths[name].observed is None and lengths[name].duration_s > 0
        for event in own
        if event.onset_s < 0 or event.onset_s > lengths[name].duration_s
    ]
    if not outside:
        return []
    event, duration_s = outside[0]
    return [
        f"events of {request.events.name} outside of their sessions: {len(outside)} (the first: {event.session_id!r} "
        f"is {duration_s:.1f} s long, with an event at {event.onset_s:g} s); check the unit"
    ]


def _compare(
    scoring: EventScoring,
    events: Sequence[Event],
    marks: Sequence[Annotation],
    length: SessionLength,
) -> SessionOutcome:
    return scoring.compare(
        tuple(sorted(events)),
        tuple(sorted(marks)),
        observed=length.observed,
        observed_s=length.duration_s,
        valid_s=length.valid_s,
    )


def match_tracks_of(scored: Scored) -> dict[str, tuple[Track, ...]]:
    """Hits, false alarms and misses of each session, for annotation programs."""
    return {
        session.session_id: match_tracks(
            session.events,
            session.annotations,
            scored.scoring.rule.matches(session.events, session.annotations),
            scored_events=range(len(session.events)),
            scored_annotations=range(len(session.annotations)),
        )
        for session in scored.evidence
    }


def _evidence(
    scoring: EventScoring,
    name: str,
    participant: str,
    events: Sequence[Event],
    marks: Sequence[Annotation],
    length: SessionLength,
) -> Evidence:
    """A session as statistics see it."""
    found, marked = tuple(sorted(events)), tuple(sorted(marks))
    seen, wanted = scoring.observed(found, marked, length.observed)
    return Evidence(
        session_id=name,
        participant=participant,
        events=tuple(found[i] for i in seen),
        annotations=tuple(marked[j] for j in wanted),
        observed=_finite(length),
    )


def _finite(length: SessionLength) -> tuple[tuple[float, float], ...]:
    """What was observed, with an end; () = not known."""
    if length.observed is None:
        return ((0.0, length.duration_s),) if length.duration_s > 0 else ()
    begun = [(max(from_s, 0.0), to_s) for from_s, to_s in length.observed if to_s > 0]
    known_s = sum(to_s - from_s for from_s, to_s in begun if math.isfinite(to_s))
    left_s, found = length.duration_s, []
    for (
        from_s,
        to_s,
    ) in (
        begun
    ):  # a stretch without an end has what the others leave; none goes on after the session
        lasts_s = min(to_s - from_s if math.isfinite(to_s) else length.duration_s - known_s, left_s)
        if lasts_s > 0:
            found.append((from_s, from_s + lasts_s))
            left_s -= lasts_s
    return tuple(found)
