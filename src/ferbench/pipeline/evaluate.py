"""From sessions to a Report: pixels where they are needed, then the cheap decisions, then scores."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ferbench.errors import FerbenchError, Text
from ferbench.fingerprint import fingerprint
from ferbench.pipeline.notices import crop_notice, oddities
from ferbench.pipeline.parts import observed, start_s_of
from ferbench.pipeline.quality import pooled, quality
from ferbench.pipeline.recipe import Recipe
from ferbench.pipeline.stages import Analyser
from ferbench.results import CountsRow, Failure, PartResult, Report, SessionResult
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.matching.window import Window
from ferbench.scoring.session_outcome import compare_session, scores_of, window_params
from ferbench.timespans import observed_and_valid_s
from ferbench.types import Counts, Part, Score, Session


def evaluate(
    sessions: Sequence[Session], analyser: Analyser, *, notices: Iterable[str] = ()
) -> Report:
    """Run a recipe over sessions.

    A session that fails is reported with its reason; the others go on.

    Args:
        sessions: what to run on.
        analyser: runs or reads the pixel stages; its recipe decides the rest.
        notices: passed through to the report.
    """
    if analyser.runtime.measure and sessions:
        _warm_up(sessions[0], analyser)
    recipe = analyser.recipe
    start = time.perf_counter()
    analysed: list[tuple[Session, tuple[PartResult, ...]]] = []
    results: list[SessionResult] = []
    failures: list[Failure] = []
    for session in sessions:
        done: list[PartResult] = []
        try:
            for part in session.parts:
                done.append(_part(part, session, analyser, before=done))
            analysed.append((session, tuple(done)))
        except (FerbenchError, OSError) as error:
            failures.append(_failure(session, error, at=len(done)))
    for session, parts in analysed:
        try:
            results.append(_session(session, _settled(session, parts, analysed, recipe), recipe))
        except (FerbenchError, OSError) as error:
            failures.append(_failure(session, error, at=len(parts)))
    wall_s = time.perf_counter() - start
    annotated = [r for r in results if r.counts is not None]
    frames = sum(p.analysis.timeline.video.num_frames for r in results for p in r.parts)
    return Report(
        sessions=tuple(results),
        scores=_scores(annotated, recipe),
        counts=tuple(row for result in annotated for row in counts_rows(result, recipe)),
        failures=tuple(failures),
        notices=(
            *notices,
            *crop_notice(recipe),
            *(text for result in results for text in oddities(result, recipe.selector)),
        ),
        work=analyser.work,
        wall_s=wall_s,
        e2e_fps=frames / wall_s if analyser.runtime.measure and frames and not failures else None,
        quality=pooled([p.quality for r in results for p in r.parts]),
    )


def _warm_up(session: Session, analyser: Analyser) -> None:
    """One uncounted run over the first session, so that loading and first calls are not in the
    measure.
    """
    on_frames, analyser.on_frames = analyser.on_frames, lambda _: None
    try:
        for part in session.parts:
            analyser.analyse(part.path, video_id=session.session_id, camera=session.camera)
    except FerbenchError:
        pass  # it will fail again, and be reported, in the measured run
    finally:
        analyser.on_frames, analyser.work = on_frames, type(analyser.work)()


def _failure(session: Session, error: Exception, *, at: int) -> Failure:
    """A failed session; the reason names files without their folders, for it goes into the records.

    Args:
        session: the session.
        error: what went wrong.
        at: position of the part that it went wrong with; the number of parts where it was none of
            them.
    """
    reason = error.text() if isinstance(error, FerbenchError) else Text(str(error))
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
    events = tuple(
        sorted(
            event
            for part in parts
            for signal in part.signals
            for event in recipe.event.detect(
                signal, session_id=session.session_id, start_s=part.start_s
            )
        )
    )
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
    )


def _settled(
    session: Session,
    parts: tuple[PartResult, ...],
    analysed: Sequence[tuple[Session, tuple[PartResult, ...]]],
    recipe: Recipe,
) -> tuple[PartResult, ...]:
    """The parts with signals that know the participant's other sessions."""
    others = tuple(
        part.signals
        for other, own in analysed
        if other.session_id != session.session_id
        and session.participant
        and other.participant == session.participant
        for part in own
    )
    return tuple(
        replace(part, signals=recipe.signal.apply_participant_baseline(part.signals, others=others))
        for part in parts
    )


def _part(
    part: Part, session: Session, analyser: Analyser, *, before: Sequence[PartResult]
) -> PartResult:
    recipe, start_s = analyser.recipe, start_s_of(part, before)
    analysis = analyser.analyse(part.path, video_id=session.session_id, camera=session.camera)
    chosen = recipe.selector.select(analysis.faces, analysis.timeline, camera=session.camera)
    return PartResult(
        analysis=analysis,
        start_s=start_s,
        chosen=chosen,
        signals=recipe.signal.build(analysis.expressions, chosen, analysis.timeline),
        quality=quality(analysis.timeline, analysis.faces, analysis.expressions, chosen),
    )


def _seconds(session: Session, parts: tuple[PartResult, ...]) -> tuple[float, float]:
    """Seconds of video that were observed, and of these the seconds in which a signal has a value."""
    observed_s = valid_s = 0.0
    for part in parts:
        edges_s = part.analysis.timeline.edges_s + part.start_s
        defined = np.any([~np.isnan(signal.value) for signal in part.signals], axis=0)
        seen_s, defined_s = observed_and_valid_s(edges_s, defined, observed=session.observed)
        observed_s += seen_s
        valid_s += defined_s
    return observed_s, valid_s


def annotations_sha(sessions: Sequence[Session]) -> str:
    """Digest of what events of annotated sessions were scored against, however it was written."""
    return fingerprint([(s.session_id, repr(s.observed), s.annotations) for s in sessions])


def counts_rows(result: SessionResult, recipe: Recipe) -> list[CountsRow]:
    """Counts of a session by the run's criterion, and by wider or narrower windows beside it.

    Where matching is not by a window, there is one row, without a width.
    """
    return [
        CountsRow(
            session_id=result.session.session_id,
            participant=result.session.participant,
            threshold=recipe.event.level,
            pre_s=pre_s,
            post_s=post_s,
            counts=_counts(result, criterion),
            annotations_sha=annotations_sha([result.session]),
        )
        for criterion, pre_s, post_s in _criteria(recipe)
    ]


def _criteria(recipe: Recipe) -> list[tuple[Criterion, float, float]]:
    """The criteria of the counts table, each with its window; NaN = not by a window."""
    criterion = recipe.scoring
    window = criterion.onset_window
    if window is None:
        return [(criterion, math.nan, math.nan)]
    rows: list[tuple[Criterion, float, float]] = []
    for post_s in sorted({window.post_s, *recipe.statistics.tolerances_s}):
        as_wide = Window(
            pre_s=window.pre_s,
            post_s=post_s,
            stamp=criterion.stamp,
            tolerance_s=window.tolerance_s,
        )
        rows.append((as_wide, window.pre_s, post_s))
    return rows


def _counts(result: SessionResult, criterion: Criterion) -> Counts:
    return compare_session(
        result.events,
        result.session.annotations or (),
        criterion,
        observed=result.session.observed,
        observed_s=result.observed_s,
        valid_s=result.valid_s,
    ).counts


def _scores(annotated: Sequence[SessionResult], recipe: Recipe) -> tuple[Score, ...]:
    """Scores over the annotated sessions; none without any."""
    if not annotated:
        return ()
    outcomes = [(result.counts, result.latencies_s) for result in annotated if result.counts]
    return scores_of(outcomes, params=window_params(recipe.scoring, recipe.statistics))
