"""What the pixels of a video say as text: one line, and its stages in further lines."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from ferbench.results import Analysis, StageTiming
from ferbench.types import Expressions

LEAST_SHARE: Final = 0.05
"""Rarer expressions are not named."""


def analysis_line(analysis: Analysis) -> str:
    """Frames, faces, and the most frequent expressions of the faces."""
    timeline = analysis.timeline
    num_with_face = len(np.unique(analysis.faces.frame))
    text = (
        f"{timeline.video.num_frames} frames ({timeline.duration_s:.2f} s), "
        f"a face in {num_with_face}"
    )
    shares = _shares(analysis.expressions)
    if shares:
        text = f"{text}; {', '.join(shares)}"
    if timeline.damage:
        text = f"{text}; damaged: {timeline.damage}"
    for note in timeline.video.picture_notes:
        text = f"{text}; {note}"
    return text


def _shares(expressions: Expressions) -> list[str]:
    """``happiness 71%`` and so on, the most frequent first; empty where no face was classified."""
    logits = expressions.logits
    is_classified = ~np.isnan(logits).any(axis=1)
    if not is_classified.any():
        return []
    top = logits[is_classified].argmax(axis=1)
    share = np.bincount(top, minlength=logits.shape[1]) / is_classified.sum()
    order = np.argsort(-share, kind="stable")
    named = [k for k in order.tolist() if share[k] >= LEAST_SHARE]
    return [f"{expressions.labels[k]} {share[k]:.0%}" for k in named]


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
