"""What the pixels of a video say as text: one line, and its stages in further lines."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ferbench.results import Analysis, StageTiming
from ferbench.types import Expressions

LEAST_SHARE: Final = 0.05
"""Rarer expressions are not named."""
MOST_MEANS: Final = 4
"""Regressions whose means are told."""


def analysis_line(analysis: Analysis) -> str:
    """Frames, faces, the most frequent expressions of the faces, and means of regressions."""
    timeline = analysis.timeline
    num_with_face = len(np.unique(analysis.faces.frame))
    text = (
        f"{timeline.video.num_frames} frames ({timeline.duration_s:.2f} s), "
        f"a face in {num_with_face}"
    )
    for told in (_shares(analysis.expressions), _means(analysis.expressions)):
        if told:
            text = f"{text}; {', '.join(told)}"
    if timeline.damage:
        text = f"{text}; damaged: {timeline.damage}"
    for note in timeline.video.picture_notes:
        text = f"{text}; {note}"
    return text


def _shares(expressions: Expressions) -> list[str]:
    """``happiness 71%`` and so on, the most frequent first.

    Empty where no face was classified, and where the model tells no classes.
    """
    logits = expressions.logits
    if not expressions.labels:
        return []
    is_classified = ~np.isnan(logits).any(axis=1)
    if not is_classified.any():
        return []
    top = logits[is_classified].argmax(axis=1)
    share = np.bincount(top, minlength=logits.shape[1]) / is_classified.sum()
    order = np.argsort(-share, kind="stable")
    named = [k for k in order.tolist() if share[k] >= LEAST_SHARE]
    return [f"{expressions.labels[k]} {share[k]:.0%}" for k in named]


def _means(expressions: Expressions) -> list[str]:
    """``mean arousal 0.12`` and so on, of the first few regressions that have a value."""
    texts = []
    for name in expressions.channels.names[len(expressions.labels) :]:
        values = expressions.regressed_of(name)
        defined = values[~np.isnan(values)]
        if len(defined):
            texts.append(f"mean {name} {defined.mean():.2f}")
    left_out = len(texts) - MOST_MEANS
    return texts if left_out <= 0 else [*texts[:MOST_MEANS], f"and {left_out} more"]


def analysis_details(analysis: Analysis) -> str:
    """What was computed of each stage and how fast, and the video's format, a line each."""
    lines = [_stage_line(stage, timing) for stage, timing in analysis.timing.items()]
    video = analysis.timeline.video
    turned = f"rotated by {video.rotation_deg} degrees"
    if video.mirrored:
        turned = f"{turned}, then mirrored"
    lines.append(f"  {video.width_px}x{video.height_px}, {video.fps_hz:.3f} Hz, {turned}")
    return "\n".join(lines)


def _stage_line(stage: str, timing: StageTiming) -> str:
    source = "computed"
    if timing.cached:
        source = "stored"
    rate = math.nan
    if timing.busy_s:
        rate = timing.units / timing.busy_s
    work = f"{timing.units} in {timing.busy_s:.2f} s ({rate:.0f}/s)"
    return f"  {stage}: {source}, {work} on {timing.device}"
