"""One session's result from stored predictions: events, matches and counts as a run has them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ferbench.checks import check_level
from ferbench.config.choices import component_for
from ferbench.datasets.naming import Naming
from ferbench.events.signal import EmotionSignal
from ferbench.formats.annotation_table import AnnotationTable
from ferbench.formats.length_table import SessionLength
from ferbench.results import Analysis, PartResult, SessionResult
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.session_outcome import compare_session
from ferbench.timespans import LATE_PICTURE_S, observed_and_valid_s
from ferbench.types import Annotation, Event, Part, Session
from ferbench.wording import plural, some
from ferbench.workflows.find_events import DEFAULT_SELECTOR, FindOptions, signal_rule
from ferbench.workflows.matched_sessions import (
    EventsAndAnnotations,
    Unlisted,
    annotations_by_session,
)
from ferbench.workflows.score import table_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotated:
    """Annotations, and how they are read.

    Attributes:
        table: rows, or annotations.
        annotator: whose are scored against; "all" = everybody's; None = there is one only.
        unlisted: what a session without a row is.
        session_name: how a row names its session.
    """

    table: AnnotationTable | tuple[Annotation, ...]
    annotator: str | None
    unlisted: Unlisted
    session_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeResult:
    """A result, and what a reader should know of it.

    Attributes:
        result: the session's.
        everybody: annotations of all annotators.
        notes: sentences.
        signal: what the events were found in, in words.
        span: least and largest value of the signals.
    """

    result: SessionResult
    everybody: tuple[Annotation, ...]
    notes: tuple[str, ...]
    signal: str
    span: tuple[float, float]


def session_result(
    analysis: Analysis,
    options: FindOptions,
    criterion: Criterion,
    annotated: Annotated | None,
    *,
    video: str | None,
) -> MadeResult:
    """Find events in predictions and compare them with annotations.

    Args:
        analysis: the predictions; their video's name is the session's.
        options: what to look for.
        criterion: which events count for which annotations.
        annotated: the annotations; None = there are none.
        video: what the video is called; "" = not known, None = as the analysis says.

    Raises:
        ConfigError: the model does not know an expression.
        DatasetError: the annotations cannot be used.
    """
    part, rule = _part(analysis, options)
    name = analysis.timeline.video.video_id
    events: list[Event] = []
    for signal in part.signals:
        events += options.rule.detect(signal, session_id=name, start_s=0.0)
    events.sort()
    observed = None
    if part.picture_start_s > LATE_PICTURE_S:
        observed = ((part.picture_start_s, part.end_s),)
    session = Session(
        session_id=name,
        parts=(Part(path=_path(analysis, video), start_s=0.0),),
        observed=observed,
        unscored="no annotations were given" if annotated is None else "",
    )
    notes: tuple[str, ...] = ()
    everybody: tuple[Annotation, ...] = ()
    if annotated is not None:
        length = SessionLength(duration_s=math.nan, valid_s=math.nan, observed=observed)
        session, everybody, notes = _with_annotations(session, annotated, length)
    result = _compared(session, part, tuple(events), criterion)
    span = rule.span_of(analysis.expressions.channels)
    words = _words(rule, analysis)
    return MadeResult(result=result, everybody=everybody, notes=notes, signal=words, span=span)


def _part(analysis: Analysis, options: FindOptions) -> tuple[PartResult, EmotionSignal]:
    """The video with its chosen faces and signals, and the rule of these."""
    selector = options.selector or component_for("selector", DEFAULT_SELECTOR)
    chosen = selector.select(analysis.faces, analysis.timeline)
    rule = signal_rule(options)
    check_level("event.enter", options.rule.level, rule.span_of(analysis.expressions.channels))
    part = PartResult(
        analysis=analysis,
        start_s=0.0,
        chosen=chosen,
        signals=rule.build(analysis.expressions, chosen, analysis.timeline),
        quality={},
    )
    return part, rule


def _words(rule: EmotionSignal, analysis: Analysis) -> str:
    """``probability of surprise``, ``arousal``, ``falling valence``."""
    labels = ", ".join(rule.labels)
    is_class = analysis.expressions.channels.regression(rule.labels[0]) is None
    words = f"{rule.kind} of {labels}" if is_class else labels
    return words if rule.direction == "rising" else f"falling {words}"


def _path(analysis: Analysis, video: str | None) -> Path:
    return analysis.timeline.video.path if video is None else Path(video)


def _with_annotations(
    session: Session, annotated: Annotated, length: SessionLength
) -> tuple[Session, tuple[Annotation, ...], tuple[str, ...]]:
    """The session with its annotations, everybody's, and sentences."""
    table = table_of(annotated.table)
    name = session.session_id
    given = EventsAndAnnotations(
        events=(),
        sessions=frozenset([name]),
        complete=True,
        lengths={name: length},
        annotated=table,
        annotator=annotated.annotator,
        naming=Naming(template=annotated.session_name),
        unlisted=annotated.unlisted,
        events_name="the predictions",
        annotations_name="the annotations",
    )
    chosen, everybody, left_out = annotations_by_session(given)
    notes = [*table.notes]
    if table.refused:
        count = plural(len(table.refused), "row")
        notes.append(f"the annotations: {count} left out, such as {table.refused[0]}")
    if name in chosen:
        marks = tuple(sorted(chosen[name]))
        session = replace(session, annotations=marks)
    else:
        session = replace(session, unscored=left_out.get(name, ""))
    if name not in everybody and not table.refused:
        there = some(sorted({row.session or row.participant for row in table.rows}))
        notes.append(f"the annotations have no row of {name}; they have {there}")
    return session, tuple(sorted(everybody.get(name, ()))), tuple(notes)


def _compared(
    session: Session, part: PartResult, events: tuple[Event, ...], criterion: Criterion
) -> SessionResult:
    has_value = np.any([~np.isnan(signal.value) for signal in part.signals], axis=0)
    observed_s, valid_s = observed_and_valid_s(
        part.analysis.timeline.edges_s, has_value, observed=session.observed
    )
    outcome = compare_session(
        events,
        session.annotations or (),
        criterion,
        observed=session.observed,
        observed_s=observed_s,
        valid_s=valid_s,
    )
    return SessionResult(
        session=session,
        parts=(part,),
        events=events,
        matches=outcome.matches,
        latencies_s=outcome.lags_s,
        scored_events=outcome.scored_events,
        scored_annotations=outcome.scored_annotations,
        counts=outcome.counts if session.annotations is not None else None,
        observed_s=observed_s,
        valid_s=valid_s,
        quality={},
        ignored=outcome.ignored,
    )
