"""Score events against annotations."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

from ferbench.config.choices import Choice, component_for
from ferbench.datasets.naming import Naming
from ferbench.errors import ConfigError
from ferbench.formats.annotation_table import AnnotationRow, AnnotationTable
from ferbench.formats.length_table import SessionLength
from ferbench.scoring.evaluation import Scores
from ferbench.timespans import Stretches, checked, total_s
from ferbench.types import Annotation, Event
from ferbench.wording import some
from ferbench.workflows.found_events import Events
from ferbench.workflows.matched_sessions import (
    EventsAndAnnotations,
    Unlisted,
    score_by_session,
)

_Item = TypeVar("_Item", Event, Annotation)

_SESSION: Final = "{session}"


def score(
    events: Events | Iterable[Event],
    annotations: AnnotationTable | Iterable[Annotation],
    *,
    criterion: Choice = None,
    statistics: Choice = None,
    observed: Mapping[str, Stretches] | None = None,
    participants: Mapping[str, str] | None = None,
    annotator: str | None = None,
    unlisted: Unlisted = "unannotated",
    session_name: str = _SESSION,
    intervals: bool = True,
) -> Scores:
    """Score events against annotations, session by session.

    Sessions are matched by their names, as in a run: without regard to case, leading zeros and
    endings of video files. A session with a row that was refused is not scored. What is left out is
    in ``left_out`` of the result, and printed with it.

    Args:
        events: of ``find_events``, or any events.
        annotations: of ``read_annotations``, or any annotations.
        criterion: which events count for which annotations: a choice of ``conf/scoring``, a mapping
            of its fields, or a criterion; None = the configuration's.
        statistics: how chance levels and intervals are made, likewise of ``conf/statistics``.
        observed: all sessions, and what was observed of each: stretches [from_s, to_s) that do not
            overlap; None = all of the videos, where ``events`` come from ``find_events``, else not
            known (then there is no chance level).
        participants: whose each session is, the unit of resampling; None = as the annotations say.
            A session that is not in it stands for itself.
        annotator: whose annotations; "all" = everybody's; None = there is one annotator only.
        unlisted: what a session without an annotation is: "unannotated" (not scored) or "empty"
            (annotated, nothing found).
        session_name: how the annotations' sessions are called, of ``session`` and ``participant``;
            "{participant}_{session}" where they are numbered within participants.
        intervals: also chance levels and intervals, which take draws.

    Raises:
        ConfigError: a choice that cannot be used, or sessions that are not there.
        DatasetError: an annotator must be chosen, the annotations have clock times, or there is no
            session to score.
    """
    if unlisted not in ("unannotated", "empty"):
        raise ConfigError(key="unlisted", expected="unannotated or empty", got=unlisted)
    given_events = _items(events, Event, key="events", made_by="find_events")
    given = EventsAndAnnotations(
        events=given_events,
        sessions=_sessions(events, given_events),
        complete=isinstance(events, Events) or observed is not None,
        lengths=_lengths(events, observed),
        annotated=table_of(annotations),
        annotator=annotator,
        naming=Naming(template=session_name),
        unlisted=unlisted,
        owners=participants or {},
        events_name="the events",
        annotations_name="the annotations",
    )
    return score_by_session(
        given,
        component_for("scoring", criterion),
        component_for("statistics", statistics),
        intervals=intervals,
    )


def _items(given: Any, kind: type[_Item], *, key: str, made_by: str) -> tuple[_Item, ...]:
    """Events or annotations as they were given.

    Raises:
        ConfigError: it is something else.
    """
    items = tuple(given) if isinstance(given, Iterable) else (given,)
    wrong = [item for item in items if not isinstance(item, kind)]
    if wrong:
        expected = f"what {made_by} returns, or {kind.__name__} objects"
        got = given if isinstance(given, str) else wrong[0]
        raise ConfigError(key=key, expected=expected, got=got)
    return items


def _sessions(events: Any, items: Iterable[Event]) -> frozenset[str]:
    """Sessions in which events were looked for."""
    if isinstance(events, Events):
        return frozenset(session.session_id for session in events.sessions)
    return frozenset(event.session_id for event in items)


def _lengths(events: Any, observed: Mapping[str, Stretches] | None) -> dict[str, SessionLength]:
    """Lengths of the sessions, as far as they are known.

    Raises:
        ConfigError: stretches that cannot be used, or of a session that is not there.
    """
    lengths: dict[str, SessionLength] = {}
    if isinstance(events, Events):
        for session in events.sessions:
            lengths[session.session_id] = SessionLength(
                duration_s=session.duration_s,
                valid_s=session.valid_s,
                observed=session.observed,
            )
    for name, stretches in (observed or {}).items():
        if isinstance(events, Events) and name not in lengths:
            expected = f"sessions that are there ({some(sorted(lengths))})"
            raise ConfigError(key="observed", expected=expected, got=name)
        apart = checked(stretches, key="observed")
        lengths[name] = SessionLength(duration_s=total_s(apart), valid_s=math.nan, observed=apart)
    return lengths


def table_of(annotations: AnnotationTable | Iterable[Annotation]) -> AnnotationTable:
    """Annotations as rows, numbered from 1."""
    if isinstance(annotations, AnnotationTable):
        return annotations
    items = _items(annotations, Annotation, key="annotations", made_by="read_annotations")
    rows = [
        AnnotationRow(
            line=number,
            session=each.session_id,
            onset=each.onset_s,
            offset=each.offset_s,
            kind=each.kind,
            annotator=each.annotator,
            reacted=each.reacted,
        )
        for number, each in enumerate(items, start=1)
    ]
    return AnnotationTable(rows=tuple(rows), refused=(), time_format="seconds")
