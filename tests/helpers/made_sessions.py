"""Results of sessions made of numbers, without any video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ferbench.events.hysteresis import Hysteresis
from ferbench.events.signal import EmotionSignal
from ferbench.protocols import EventRule
from ferbench.results import Analysis, PartResult, SessionResult
from ferbench.scoring.matching.criterion import Criterion
from ferbench.scoring.matching.window import Window
from ferbench.scoring.session_outcome import compare_session
from ferbench.types import (
    Annotation,
    Expressions,
    Faces,
    Part,
    Session,
    Timeline,
    VideoInfo,
)

RULE = Hysteresis()
CRITERION = Window()
LABELS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")


def edges_of(frames: int, *, rate_hz: float = 25.0, starts_s: float = 0.0, jitter: int = 0):
    """Edges of frames; ``jitter`` above 0 makes their lengths vary (its seed)."""
    lasts_s = np.full(frames, 1 / rate_hz)
    if jitter:
        lasts_s *= np.random.default_rng(jitter).uniform(0.4, 1.8, frames)
    return starts_s + np.concatenate(([0.0], np.cumsum(lasts_s)))


def noise(frames: int, *, seed: int = 0, smooth: int = 25) -> np.ndarray:
    """Logits of all labels that move slowly, f32 (frames, labels)."""
    steps = np.random.default_rng(seed).normal(0, 1, (frames + smooth, len(LABELS)))
    sums = np.cumsum(steps, axis=0)
    slow = (sums[smooth:] - sums[:-smooth]) / np.sqrt(smooth)
    return (2.2 * slow[:frames]).astype(np.float32)


def analysis_of(
    edges_s: np.ndarray,
    logits: np.ndarray,
    *,
    has_face: np.ndarray | None = None,
    per_frame: int = 1,
    name: str = "p07",
) -> Analysis:
    """An analysis with one classified face in each frame that has one, the first of some."""
    frames = len(edges_s) - 1
    seen = np.flatnonzero(np.ones(frames, bool) if has_face is None else has_face)
    frame = np.repeat(seen, per_frame).astype(np.int64)
    sizes = np.tile(np.linspace(60, 20, per_frame), len(seen))
    box = np.stack([np.zeros_like(sizes), np.zeros_like(sizes), sizes, sizes], axis=1)
    faces = Faces(
        frame=frame,
        box_xyxy=box.astype(np.float32),
        score=np.full(len(frame), 0.9, np.float32),
        landmarks_xy=np.full((len(frame), 5, 2), np.nan, np.float32),
    )
    first = np.arange(0, len(frame), per_frame)
    video = VideoInfo(
        video_id=name,
        path=Path(f"/home/someone/secret folder/{name}.mp4"),
        sha256="ab" * 32,
        num_frames=frames,
        width_px=640,
        height_px=360,
        fps_hz=frames / float(edges_s[-1] - edges_s[0]),
        picture_start_s=float(edges_s[0]),
    )
    expressions = Expressions(
        frame=seen.astype(np.int64), face=first, logits=logits[seen], labels=LABELS
    )
    timeline = Timeline(video=video, edges_s=edges_s)
    return Analysis(timeline=timeline, faces=faces, expressions=expressions, keys={}, timing={})


def session_of(
    analyses: Sequence[Analysis],
    annotations: Sequence[tuple[float, float, str]] | None = (),
    *,
    name: str = "p07",
    starts_s: Sequence[float] = (0.0,),
    rule: EventRule = RULE,
    criterion: Criterion = CRITERION,
    labels: tuple[str, ...] = ("surprise",),
    observed: tuple[tuple[float, float], ...] | None = None,
    files: Sequence[str] = (),
) -> SessionResult:
    """What a run hands over: annotations are (onset, offset, kind)."""
    signal = EmotionSignal(labels=labels)
    parts = []
    for analysis, start_s in zip(analyses, starts_s, strict=True):
        frames = analysis.timeline.video.num_frames
        chosen = np.full(frames, -1, np.int64)
        chosen[analysis.expressions.frame] = analysis.expressions.face
        signals = signal.build(analysis.expressions, chosen, analysis.timeline)
        part = PartResult(
            analysis=analysis, start_s=start_s, chosen=chosen, signals=signals, quality={}
        )
        parts.append(part)
    events = sorted(
        event
        for part in parts
        for each in part.signals
        for event in rule.detect(each, session_id=name, start_s=part.start_s)
    )
    marks = tuple(
        Annotation(session_id=name, onset_s=onset_s, offset_s=offset_s, kind=kind, annotator="anna")
        for onset_s, offset_s, kind in annotations or ()
    )
    names = files or [f"{name}_{number}.mp4" for number in range(len(parts))]
    session = Session(
        session_id=name,
        participant="p07",
        parts=tuple(
            Part(path=Path("/home/someone/secret folder") / file, start_s=part.start_s)
            for file, part in zip(names, parts, strict=True)
        ),
        observed=observed,
        annotations=None if annotations is None else marks,
    )
    seconds = sum(part.analysis.timeline.duration_s for part in parts)
    outcome = compare_session(
        events, marks, criterion, observed=observed, observed_s=seconds, valid_s=seconds
    )
    result = SessionResult(
        session=session,
        parts=tuple(parts),
        events=tuple(events),
        matches=outcome.matches,
        latencies_s=outcome.lags_s,
        scored_events=outcome.scored_events,
        scored_annotations=outcome.scored_annotations,
        counts=outcome.counts,
        observed_s=seconds,
        valid_s=seconds,
        quality={},
        ignored=outcome.ignored,
    )
    return result if annotations is not None else replace(result, counts=None)
