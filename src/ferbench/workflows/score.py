"""Score events against annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ferbench.config.choices import Choice, component_for
from ferbench.formats.annotation_table import AnnotationTable
from ferbench.scoring.evaluation import Scores, score_events
from ferbench.timespans import Stretches
from ferbench.types import Annotation, Event
from ferbench.workflows.found_events import Events


def score(
    events: Events | Iterable[Event],
    annotations: AnnotationTable | Iterable[Annotation],
    *,
    criterion: Choice = None,
    statistics: Choice = None,
    observed: Mapping[str, Stretches] | None = None,
    participants: Mapping[str, str] | None = None,
    annotator: str | None = None,
    intervals: bool = True,
) -> Scores:
    """Score events against annotations, session by session; sessions are matched by their names.

    Args:
        events: of ``find_events``, or any events.
        annotations: of ``read_annotations``, or any annotations.
        criterion: which events count for which annotations: a choice of ``conf/scoring``, a mapping
            of its fields, or a criterion; None = the configuration's.
        statistics: how chance levels and intervals are made, likewise of ``conf/statistics``.
        observed: what was observed of each session, [from_s, to_s) with finite ends; None = all of
            the videos, where ``events`` come from ``find_events``, else not known (then there is no
            chance level).
        participants: whose each session is, the unit of resampling; None = as the annotations say.
            A session that is not in it stands for itself.
        annotator: whose annotations; "all" = everybody's; None = there is one annotator only.
        intervals: also chance levels and intervals, which take draws.

    Raises:
        ConfigError: a choice that cannot be used, or an annotator must be chosen.
        DatasetError: the annotations have clock times.
    """
    if isinstance(annotations, AnnotationTable):
        participants = participants or _participants(annotations)
        annotations = _annotations(annotations)
    if isinstance(events, Events) and observed is None:
        observed = {session.session_id: ((0.0, session.duration_s),) for session in events.sessions}
    return score_events(
        events,
        annotations,
        component_for("scoring", criterion),
        component_for("statistics", statistics),
        observed=observed,
        participants=participants,
        annotator=annotator,
        intervals=intervals,
    )


def _annotations(table: AnnotationTable) -> Sequence[Annotation]:
    """The rows of a table as annotations of sessions of the same names."""
    return [
        Annotation(
            session_id=row.session,
            onset_s=row.onset_s,
            offset_s=row.offset_s,
            kind=row.kind,
            annotator=row.annotator,
            reacted=row.reacted,
        )
        for row in table.annotations
    ]


def _participants(table: AnnotationTable) -> dict[str, str]:
    return {row.session: row.participant for row in table.rows if row.participant}
