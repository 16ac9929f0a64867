"""From sessions to a Report: pixels where they are needed, then the cheap decisions, then scores."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from ferbench.errors import FerbenchError
from ferbench.pipeline.quality import pooled, quality
from ferbench.pipeline.recipe import Recipe
from ferbench.pipeline.stages import Analyser
from ferbench.results import CountsRow, Failure, PartResult, Report, SessionResult
from ferbench.scoring.counts import seconds_of
from ferbench.types import Part, Session


def evaluate(sessions: Sequence[Session], analyser: Analyser, *, notices: Iterable[str] = ()) -> Report:
    """Run a recipe over sessions.

    A session that fails is reported with its reason; the others go on.

    Args:
        sessions: what to run on.
        analyser: runs or reads the pixel stages; its recipe decides the rest.
        notices: passed through to the report.
    """
    if analyser.runtime.measure and sessions:
        _warm_up(sessions[0], analyser)
    start = time.perf_counter()
    results: list[SessionResult] = []
    failures: list[Failure] = []
    for session in sessions:
        try:
            results.append(_session(session, analyser))
        except (FerbenchError, OSError) as error:
            failures.append(_failure(session, error))
    wall_s = time.perf_counter() - start
    recipe = analyser.recipe
    annotated = [r for r in results if r.counts is not None]
    frames = sum(p.analysis.timeline.video.num_frames for r in results for p in r.parts)
    return Report(
        sessions=tuple(results),
        scores=recipe.scoring.scores([(r.counts, r.latencies_s) for r in results if r.counts]) if annotated else (),
        counts=tuple(row for result in annotated for row in counts_rows(result, recipe)),
        failures=tuple(failures),
        notices=(*notices, *(text for result in results for text in _oddities(result))),
        work=analyser.work,
        wall_s=wall_s,
        e2e_fps=frames / wall_s if analyser.runtime.measure and frames and not failures else None,
        quality=pooled([p.quality for r in results for p in r.parts]),
    )


def _warm_up(session: Session, analyser: Analyser) -> None:
    """One uncounted run over the first session, so that loading and first calls are not in the measure."""
    on_frames, analyser.on_frames = analyser.on_frames, lambda _: None
    try:
        for part in session.parts:
            analyser.analyse(part.path, video_id=session.session_id)
    except FerbenchError:
        pass  # it will fail again, and be reported, in the measured run
    finally:
        analyser.on_frames, analyser.work = on_frames, type(analyser.work)()


def _failure(session: Session, error: Exception) -> Failure:
    """A failed session; the reason names the file without its folder, for it goes into the records."""
    path, reason = session.parts[0].path, str(error)
    for part in session.parts:
        reason = reason.replace(str(part.path), part.path.name)
    return Failure(session_id=session.session_id, file=path, reason=reason)


def _oddities(result: SessionResult) -> list[str]:
    """What a reader of the numbers should know of a session: damage, repaired times, annotations after its end."""
    name, found = result.session.session_id, []
    for part in result.parts:
        timeline = part.analysis.timeline
        if timeline.damage:
            found.append(f"{name}: damaged video, only its beginning was used: {timeline.damage}")
        if timeline.num_repaired:
            found.append(f"{name}: {timeline.num_repaired} of {timeline.video.num_frames} timestamps were repaired")
    end_s = max(part.start_s + part.analysis.timeline.duration_s for part in result.parts)
    late = [a.onset_s for a in result.session.annotations or () if a.onset_s >= end_s]
    if late:
        times = ", ".join(f"{onset_s:g}" for onset_s in late[:5]) + (" ..." if len(late) > 5 else "")
        found.append(
            f"{name}: annotated after the video's end ({end_s:.1f} s), at {times} s: "
            f"counted as missed ({len(late)}); check the unit of the times"
        )
    return found


def _session(session: Session, analyser: Analyser) -> SessionResult:
    recipe = analyser.recipe
    parts = tuple(_part(part, session, analyser) for part in session.parts)
    events = tuple(
        sorted(
            event
            for part in parts
            for signal in part.signals
            for event in recipe.event.detect(signal, session_id=session.session_id, start_s=part.start_s)
        )
    )
    observed_s, valid_s = _seconds(session, parts)
    annotated = session.annotations is not None
    outcome = recipe.scoring.compare(
        events, session.annotations or (), observed=session.observed, observed_s=observed_s, valid_s=valid_s
    )
    return SessionResult(
        session=session,
        parts=parts,
        events=events,
        matches=outcome.matches,
        latencies_s=outcome.lags_s,
        counts=outcome.counts if annotated else None,
        observed_s=observed_s,
        valid_s=valid_s,
        quality=pooled([part.quality for part in parts]),
    )


def _part(part: Part, session: Session, analyser: Analyser) -> PartResult:
    recipe = analyser.recipe
    analysis = analyser.analyse(part.path, video_id=session.session_id)
    video = analysis.timeline.video
    chosen = recipe.selector.select(
        analysis.faces, num_frames=video.num_frames, width_px=video.width_px, height_px=video.height_px
    )
    return PartResult(
        analysis=analysis,
        start_s=part.start_s,
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
        seen_s, defined_s = seconds_of(edges_s, defined, observed=session.observed)
        observed_s += seen_s
        valid_s += defined_s
    return observed_s, valid_s


def counts_rows(result: SessionResult, recipe: Recipe) -> list[CountsRow]:
    """Counts of a session at the scoring's own tolerance and at those it lists for comparison."""
    session, scoring = result.session, recipe.scoring
    tolerances = sorted({scoring.post_s, *scoring.tolerances_s})
    return [
        CountsRow(
            session_id=session.session_id,
            participant=session.participant,
            threshold=recipe.event.level,
            pre_s=scoring.pre_s,
            post_s=post_s,
            counts=replace(scoring, post_s=post_s).counts(
                result.events,
                session.annotations or (),
                observed=session.observed,
                observed_s=result.observed_s,
                valid_s=result.valid_s,
            ),
        )
        for post_s in tolerances
    ]
