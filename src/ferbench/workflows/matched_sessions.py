"""Events and annotations put together session by session, and scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ferbench.datasets.annotators import EVERYBODY, by_annotator
from ferbench.datasets.naming import NUMBERED_WITHIN, Naming
from ferbench.errors import ConfigError, DatasetError
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable, line_of
from ferbench.formats.length_table import SessionLength
from ferbench.pipeline.notices import unused_statistics
from ferbench.scoring.agreement.coded_intervals import CodedIntervals, intervals_by_annotator
from ferbench.scoring.evaluation import Scores, score_sessions
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.statistics_rules import StatisticsRules
from ferbench.sentences import Action, Setting, Text, joined
from ferbench.spelling import same_name
from ferbench.types import Annotation, Event
from ferbench.wording import some
from ferbench.workflows.compared_sessions import compared_sessions
from ferbench.workflows.score_notes import (
    annotated_after_the_end,
    annotated_outside,
    events_outside,
    silent_sessions,
)
from ferbench.workflows.searched import Searched

Unlisted = Literal["unannotated", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAndAnnotations:
    """What is to be compared, its sessions not yet matched.

    Attributes:
        events: of any sessions, any order.
        sessions: in which events were looked for, as far as their source names them.
        complete: whether these are all; also those without events are known then.
        lengths: of sessions, where they are known.
        annotated: rows of annotations, also refused ones.
        annotator: whose annotations; "all" = everybody's; None = there is one annotator only.
        naming: how a session's name is made of a row's session and participant.
        unlisted: what a session without a row is.
        owners: whose sessions are, where that is given; they win over what rows say.
        events_name: what messages call the events.
        annotations_name: and the annotations.
    """

    events: Sequence[Event]
    sessions: frozenset[str]
    complete: bool
    lengths: Mapping[str, SessionLength]
    annotated: AnnotationTable
    annotator: str | None
    naming: Naming
    unlisted: Unlisted
    owners: Mapping[str, str] = field(default_factory=dict)
    events_name: str
    annotations_name: str


def score_by_session(
    given: EventsAndAnnotations,
    criterion: Criterion,
    rules: StatisticsRules,
    *,
    intervals: bool,
) -> Scores:
    """Compare events with annotations, session by session; names are matched as data sets do.

    A session is scored where it has a row, or counts as annotated with nothing, and none of its
    rows was refused.

    Raises:
        DatasetError: the annotations cannot be used, or there is no session to score.
        ConfigError: owners are given of sessions that are not there.
    """
    events: dict[str, list[Event]] = {}
    for event in given.events:
        events.setdefault(event.session_id, []).append(event)
    searched = Searched(
        given.sessions | frozenset(given.lengths), given.naming, complete=given.complete
    )
    annotated, lengths = given.annotated, given.lengths
    annotations, reasons_of = _annotations_of(given, searched, annotated)
    left_out = [Text("not scored, ", why, f": {some(sorted(of))}") for why, of in reasons_of]
    refused = tuple(f"{given.annotations_name}, {row}" for row in annotated.refused)
    if not annotations:
        reasons = [*left_out, *refused[:3]] or [f"no session in {given.annotations_name}"]
        raise DatasetError(Text("there is no session to score: ", joined("; ", reasons)))
    _check_owners(given, {*searched.sessions, *annotations})
    owners = {**_owners_of(given, searched, annotated, lengths), **given.owners}
    sessions, outcomes = compared_sessions(events, annotations, lengths, owners, criterion)
    notes: list[str] = [*annotated.notes, *unused_statistics(criterion, rules)]
    silent = set(annotations) - given.sessions
    if silent and not given.complete:
        notes.append(silent_sessions(silent, given.events_name))
    notes += annotated_after_the_end(annotations, lengths, given.annotations_name)
    notes += events_outside(events, lengths, given.events_name)
    notes += annotated_outside(annotations, outcomes)
    scores = score_sessions(
        sessions,
        criterion,
        rules,
        annotators=_annotators_of(given, searched, annotated, set(annotations)),
        outcomes=outcomes,
        intervals=intervals,
    )
    return replace(scores, left_out=tuple(left_out), refused=refused, notes=tuple(notes))


def annotations_by_session(
    given: EventsAndAnnotations,
) -> tuple[dict[str, list[Annotation]], dict[str, list[Annotation]], dict[str, Text]]:
    """Annotations of the sessions that can be scored, nothing scored yet.

    Returns:
        Those of the chosen annotator by session; everybody's by session; why sessions are left out.

    Raises:
        DatasetError: the annotations cannot be used.
    """
    searched = Searched(
        given.sessions | frozenset(given.lengths), given.naming, complete=given.complete
    )
    chosen, left_out = _annotations_of(given, searched, given.annotated)
    everybody: dict[str, list[Annotation]] = {}
    all_of_them = replace(given, annotator=EVERYBODY)
    for name, row in _rows_by_session(all_of_them, searched, given.annotated):
        if row.kept:
            everybody.setdefault(name, []).append(_annotation(name, row))
    return chosen, everybody, {name: why for why, names in left_out for name in names}


def _check_owners(given: EventsAndAnnotations, names: set[str]) -> None:
    unknown = sorted(set(given.owners) - names)
    if unknown:
        raise ConfigError(
            key="participants",
            expected=f"sessions that are there ({some(sorted(names))})",
            got=unknown[0],
        )


def _owners_of(
    given: EventsAndAnnotations,
    searched: Searched,
    table: AnnotationTable,
    lengths: Mapping[str, SessionLength],
) -> dict[str, str]:
    """Whose session each one is, as far as rows or the table of lengths tell.

    Raises:
        DatasetError: the two say different things.
    """
    owners = {name: length.participant for name, length in lengths.items() if length.participant}
    for name, row in _rows_by_session(replace(given, annotator=EVERYBODY), searched, table):
        if not row.participant:
            continue
        owner = owners.setdefault(name, row.participant)
        if not same_name(owner, row.participant):
            raise DatasetError(
                f"session {name!r} is of participant {owner!r} in the table of lengths and of "
                f"{row.participant!r} in {given.annotations_name} ({line_of(row)}); correct "
                "one of them"
            )
    return owners


def _annotators_of(
    given: EventsAndAnnotations, searched: Searched, table: AnnotationTable, scored: set[str]
) -> dict[str, CodedIntervals]:
    """Everybody's marks, where one of several annotators was chosen; else empty."""
    if given.annotator in (None, EVERYBODY):
        return {}
    annotations: dict[str, list[Annotation]] = {name: [] for name in scored}
    for name, row in _rows_by_session(replace(given, annotator=EVERYBODY), searched, table):
        if row.kept and name in scored:
            annotations[name].append(_annotation(name, row))
    by_name = intervals_by_annotator(annotations, all_watched=given.unlisted == "empty")
    return by_name if len(by_name) > 1 else {}


def _annotations_of(
    given: EventsAndAnnotations, searched: Searched, table: AnnotationTable
) -> tuple[dict[str, list[Annotation]], list[tuple[Text, set[str]]]]:
    """Annotations of every session that can be scored, and what is left out for which reason.

    Raises:
        DatasetError: the times are clock times, an annotator must be chosen or does not exist, or
            one name means sessions of several participants.
    """
    events, source = given.events_name, given.annotations_name
    if table.clock:
        raise DatasetError(
            f"{source} has clock times, and nothing says when sessions began",
            hint=Text("use ", Action("evaluate"), ", or turn them into seconds of the session"),
        )
    annotations: dict[str, list[Annotation]] = {}
    for name, row in _rows_by_session(given, searched, table):
        of_session = annotations.setdefault(name, [])
        if row.kept:
            of_session.append(_annotation(name, row))
    of_chosen = by_annotator(table, given.annotator).refused
    refused = {searched.find(row.session, row.participant) for row in of_chosen}
    left_out: list[tuple[Text, set[str]]] = []

    def leave_out(names: set[str], reason: Text) -> None:
        if names:
            left_out.append((reason, names))
        for name in names:
            annotations.pop(name, None)

    bad = refused & (set(annotations) | searched.sessions)
    one = "one of its rows" if len(bad) == 1 else "a row of theirs"
    leave_out(bad, Text(f"{one} in {source} was refused"))
    unlisted = set(searched.sessions) - set(annotations) - refused
    if given.unlisted == "empty":
        annotations.update((name, []) for name in unlisted)
    else:
        leave_out(unlisted, _no_row_in(given, len(unlisted)))
    if searched.complete:
        unknown = set(annotations) - searched.sessions
        leave_out(unknown, Text(f"not among the sessions of {events}"))
    return annotations, left_out


def _no_row_in(given: EventsAndAnnotations, count: int) -> Text:
    is_one = given.annotator in (None, EVERYBODY)
    whose = "" if is_one else f" of {given.annotator}"
    them = "it" if count == 1 else "them"
    return Text(
        f"no row{whose} in {given.annotations_name} (",
        Setting("unlisted", "empty"),
        f" takes {them} as annotated with nothing found)",
    )


def _rows_by_session(
    given: EventsAndAnnotations, searched: Searched, table: AnnotationTable
) -> list[tuple[str, AnnotationRow]]:
    """Rows of the chosen annotator with the names of their sessions."""
    rows = by_annotator(table, given.annotator).rows
    named = [(searched.find(row.session, row.participant), row) for row in rows]
    first_of: dict[str, AnnotationRow] = {}
    for name, row in named:
        if not row.participant:
            continue
        first = first_of.setdefault(name, row)
        if not same_name(first.participant, row.participant):
            raise DatasetError(
                f"{given.annotations_name}: session {name!r} is there for participants "
                f"{first.participant!r} ({line_of(first)}) and {row.participant!r} ("
                f"{line_of(row)})",
                hint=Text(
                    "where sessions are numbered within participants, set ",
                    Setting("session_name", NUMBERED_WITHIN),
                ),
            )
    return named


def _annotation(name: str, row: AnnotationRow) -> Annotation:
    return Annotation(
        session_id=name,
        onset_s=row.onset_s,
        offset_s=row.offset_s,
        kind=row.kind,
        annotator=row.annotator,
        reacted=row.reacted,
    )
