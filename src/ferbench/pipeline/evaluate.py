"""From sessions to a Report: pixels where needed, then the cheap decisions, then scores."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ferbench.errors import FerbenchError
from ferbench.pipeline.count_rows import counts_rows
from ferbench.pipeline.drift import check_drift
from ferbench.pipeline.kept_parts import KeptParts
from ferbench.pipeline.notices import (
    crop_notice,
    late_pictures,
    oddities,
    unused_statistics,
    video_notices,
)
from ferbench.pipeline.parts import observed, start_s_of
from ferbench.pipeline.quality import pooled, quality
from ferbench.pipeline.recipe import Recipe
from ferbench.pipeline.stages import Analyser
from ferbench.results import Failure, PartResult, Report, SessionResult
from ferbench.scoring.session_outcome import compare_session, scores_of, window_params
from ferbench.sentences import Text
from ferbench.system_errors import said
from ferbench.timespans import observed_and_valid_s
from ferbench.types import Event, Part, Score, Session


def evaluate(
    sessions: Sequence[Session],
    analyser: Analyser,
    *,
    notices: Iterable[str] = (),
    kept: KeptParts | None = None,
) -> Report:
    """Run a recipe over sessions.

    A session that fails is reported with its reason; the others go on.

    Args:
        sessions: what to run on.
        analyser: runs or reads the pixel stages; its recipe decides the rest.
        notices: passed through to the report.
        kept: what other evaluations made of the same videos, and what this one makes.
    """
    if analyser.runtime.measure and sessions:
        _warm_up(sessions[0], analyser)
    start = time.perf_counter()
    analysed, failures = _analyse(sessions, analyser, kept)
    is_drift_kept = analyser.runtime.on_drift == "keep"
    results, later_failures = decide(analysed, analyser.recipe, is_drift_kept=is_drift_kept)
    failures += later_failures
    wall_s = time.perf_counter() - start
    recipe = analyser.recipe
    annotated = [result for result in results if result.counts is not None]
    return Report(
        sessions=tuple(results),
        scores=_scores(annotated, recipe),
        counts=tuple(row for result in annotated for row in counts_rows(result, recipe)),
        failures=tuple(failures),
        notices=(*notices, *_notices(results, recipe)),
        work=analyser.work,
        wall_s=wall_s,
        e2e_fps=_frames_per_s(results, failures, analyser, wall_s),
        quality=pooled([part.quality for result in results for part in result.parts]),
    )


Analysed = list[tuple[Session, tuple[PartResult, ...]]]
"""Sessions with the results of their videos."""


def _analyse(
    sessions: Sequence[Session], analyser: Analyser, kept: KeptParts | None
) -> tuple[Analysed, list[Failure]]:
    """Every video by itself."""
    analysed: Analysed = []
    failures: list[Failure] = []
    for session in sessions:
        parts: list[PartResult] = []
        try:
            for part in session.parts:
                start_s = start_s_of(part, parts)
                result = _part(part, session, analyser, kept)
                parts.append(replace(result, start_s=start_s))
            analysed.append((session, tuple(parts)))
        except (FerbenchError, OSError) as error:
            failures.append(_failure(session, error, at=len(parts)))
    return analysed, failures


def decide(
    analysed: Analysed, recipe: Recipe, *, is_drift_kept: bool
) -> tuple[list[SessionResult], list[Failure]]:
    """Events and scores of every session, with what is known of the participant's others.

    Args:
        analysed: sessions with the results of their videos.
        recipe: what decides.
        is_drift_kept: counted times may leave the container's clock (see ``check_drift``).
    """
    results: list[SessionResult] = []
    failures: list[Failure] = []
    for session, parts in analysed:
        try:
            settled = _with_participant_baseline(session, parts, analysed, recipe)
            result = _session(session, settled, recipe)
            if result.counts is not None and not is_drift_kept:
                check_drift(settled, result.events, session.annotations or (), recipe.scoring)
            results.append(result)
        except (FerbenchError, OSError) as error:
            failures.append(_failure(session, error, at=len(parts)))
    return results, failures


def _notices(results: Sequence[SessionResult], recipe: Recipe) -> list[str]:
    notices = crop_notice(recipe)
    notices += unused_statistics(recipe.scoring, recipe.statistics)
    notices += [*late_pictures(results), *video_notices(results)]
    for result in results:
        notices += oddities(result, recipe.selector)
    return notices


def _frames_per_s(
    results: Sequence[SessionResult],
    failures: Sequence[Failure],
    analyser: Analyser,
    wall_s: float,
) -> float | None:
    """Frames per second of the whole way; None = it was not measured, or is no measure."""
    if failures or not analyser.runtime.measure:
        return None
    timelines = [part.analysis.timeline for result in results for part in result.parts]
    frames = sum(timeline.video.num_frames for timeline in timelines)
    if not frames:
        return None
    return frames / wall_s


def _warm_up(session: Session, analyser: Analyser) -> None:
    """One uncounted run over the first session: loading and first calls are not measured."""
    on_frames, on_decoded = analyser.on_frames, analyser.on_decoded
    analyser.on_frames, analyser.on_decoded = lambda _: None, lambda: None
    try:
        for part in session.parts:
            analyser.analyse(part.path, video_id=session.session_id, camera=session.camera)
    except FerbenchError:
        pass  # it will fail again, and be reported, in the measured run
    finally:
        analyser.on_frames, analyser.on_decoded = on_frames, on_decoded
        analyser.work = type(analyser.work)()


def _failure(session: Session, error: Exception, *, at: int) -> Failure:
    """A failed session; the reason names files without their folders, for it goes into the records.

    Args:
        session: the session.
        error: what went wrong.
        at: position of the part that it went wrong with; the number of parts where it was none of
            them.
    """
    reason = error.text() if isinstance(error, FerbenchError) else Text(said(error))
    for part in session.parts:
        reason = reason.replaced(str(part.path), part.path.name)
    in_part = at < len(session.parts)
    if in_part and len(session.parts) > 1:
        reason = Text(f"part {at + 1} of {len(session.parts)}: ", reason)
    file = session.parts[at if in_part else 0].path
    return Failure(session_id=session.session_id, file=file, reason=reason)


def _session(session: Session, parts: tuple[PartResult, ...], recipe: Recipe) -> SessionResult:
    session = replace(
        session,
        parts=tuple(
            replace(asked, start_s=part.start_s)
            for asked, part in zip(session.parts, parts, strict=True)
        ),
        observed=observed(session, parts),
    )
    events = _events(session, parts, recipe)
    observed_s, valid_s = _seconds(session, parts)
    annotations = session.annotations or ()
    outcome = compare_session(
        events,
        annotations,
        recipe.scoring,
        observed=session.observed,
        observed_s=observed_s,
        valid_s=valid_s,
    )
    return SessionResult(
        session=session,
        parts=parts,
        events=events,
        matches=outcome.matches,
        latencies_s=outcome.lags_s,
        scored_events=outcome.scored_events,
        scored_annotations=outcome.scored_annotations,
        counts=outcome.counts if session.annotations is not None else None,
        observed_s=observed_s,
        valid_s=valid_s,
        quality=pooled([part.quality for part in parts]),
        ignored=outcome.ignored,
    )


def _events(session: Session, parts: Sequence[PartResult], recipe: Recipe) -> tuple[Event, ...]:
    """Events of all parts and signals in time order."""
    events: list[Event] = []
    for part in parts:
        for signal in part.signals:
            events += recipe.event.detect(
                signal, session_id=session.session_id, start_s=part.start_s
            )
    return tuple(sorted(events))


def _with_participant_baseline(
    session: Session, parts: tuple[PartResult, ...], analysed: Analysed, recipe: Recipe
) -> tuple[PartResult, ...]:
    """The parts with signals that know the participant's other sessions."""
    others = []
    for other, other_parts in analysed:
        if _is_of_same_participant(session, other):
            others += [part.signals for part in other_parts]
    result = []
    for part in parts:
        signals = recipe.signal.apply_participant_baseline(part.signals, others=tuple(others))
        result.append(replace(part, signals=signals))
    return tuple(result)


def _is_of_same_participant(session: Session, other: Session) -> bool:
    """Whether another session is of a session's participant, who is known."""
    if not session.participant or other.session_id == session.session_id:
        return False
    return other.participant == session.participant


def _part(part: Part, session: Session, analyser: Analyser, kept: KeptParts | None) -> PartResult:
    """A video's result as if it began with its session."""

    def made() -> PartResult:
        return _made_part(part, session, analyser)

    return made() if kept is None else kept.get(part, session, analyser, made)


def _made_part(part: Part, session: Session, analyser: Analyser) -> PartResult:
    recipe = analyser.recipe
    analysis = analyser.analyse(part.path, video_id=session.session_id, camera=session.camera)
    chosen = recipe.selector.select(analysis.faces, analysis.timeline, camera=session.camera)
    return PartResult(
        analysis=analysis,
        start_s=0.0,
        chosen=chosen,
        signals=recipe.signal.build(
            analysis.expressions, chosen, analysis.timeline, analysis.faces, analysis.pictures
        ),
        quality=quality(analysis.timeline, analysis.faces, analysis.expressions, chosen),
    )


def _seconds(session: Session, parts: tuple[PartResult, ...]) -> tuple[float, float]:
    """Seconds of video that were observed, and of these those in which a signal has a value."""
    observed_s = valid_s = 0.0
    for part in parts:
        edges_s = part.analysis.timeline.edges_s + part.start_s
        defined = np.any([~np.isnan(signal.value) for signal in part.signals], axis=0)
        seen_s, defined_s = observed_and_valid_s(edges_s, defined, observed=session.observed)
        observed_s += seen_s
        valid_s += defined_s
    return observed_s, valid_s


def _scores(annotated: Sequence[SessionResult], recipe: Recipe) -> tuple[Score, ...]:
    """Scores over the annotated sessions; none without any."""
    if not annotated:
        return ()
    outcomes = [(result.counts, result.latencies_s) for result in annotated if result.counts]
    return scores_of(outcomes, params=window_params(recipe.scoring, recipe.statistics))
