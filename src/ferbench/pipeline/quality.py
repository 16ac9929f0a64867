"""How usable a video was: what no score says, and what explains many scores."""

from __future__ import annotations

import numpy as np

from ferbench.selectors.rows import areas_px2, overlaps
from ferbench.timespans import runs_of
from ferbench.types import F32, F64, I64, Expressions, Faces, Timeline

SAME_FACE_IOU = 0.3
SAME_FACE_GAP_S = 1.0
"""The choice changed where the next box overlaps less than the one and comes within the other."""
CLOSE_AREA = 0.7
"""Another face is nearly as good from this share of the chosen box's area on."""

_NAN = float("nan")
_TINY = 1e-300  # keeps the logarithm of a probability of 0 finite
_OF_CHOSEN = ("face_px", "confidence", "entropy_nats", "close_candidates")
_SUMS = ("frames", "faces", "face_s", "switches")


def quality(
    timeline: Timeline, faces: Faces, expressions: Expressions, chosen: I64
) -> dict[str, float]:
    """Plain measures of one video; NaN where there is nothing to measure.

    Args:
        timeline: of T frames.
        faces: all faces.
        expressions: of the classified faces.
        chosen: i64 (T,), row in ``faces`` per frame or -1.

    Returns:
        ``frames``; ``faces`` (all that were found); ``face_s`` (seconds with a chosen face);
        ``face_share`` (share of frames with a chosen face); ``faces_per_frame``; ``face_px``
        (median shorter side of the chosen boxes); ``longest_gap_s`` (longest stretch without a
        chosen face); ``confidence`` (mean probability of the top label) and ``entropy_nats`` (mean)
        over chosen and classified faces; ``switches`` (see ``switches``) and ``switches_per_min``
        of ``face_s``; ``close_candidates`` (see ``close_candidates``).
    """
    num_frames = timeline.video.num_frames
    picked = chosen[chosen >= 0]
    frame_lasts_s = np.diff(timeline.edges_s)
    face_s = float(frame_lasts_s[chosen >= 0].sum())
    num_switches = switches(timeline, faces, chosen)
    confidence, entropy_nats = _certainty(expressions, picked)
    return {
        "frames": float(num_frames),
        "faces": float(len(faces)),
        "face_s": face_s,
        "face_share": len(picked) / num_frames,
        "faces_per_frame": len(faces) / num_frames,
        "face_px": _median_side_px(faces.box_xyxy[picked]),
        "longest_gap_s": longest_gap_s(timeline, chosen),
        "confidence": confidence,
        "entropy_nats": entropy_nats,
        "switches": float(num_switches),
        "switches_per_min": _per_min(num_switches, face_s),
        "close_candidates": close_candidates(faces, expressions, chosen),
    }


def _median_side_px(box_xyxy: F32) -> float:
    """Median of the boxes' shorter sides; NaN without boxes."""
    if not len(box_xyxy):
        return _NAN
    width = box_xyxy[:, 2] - box_xyxy[:, 0]
    height = box_xyxy[:, 3] - box_xyxy[:, 1]
    return float(np.median(np.minimum(width, height)))


def _certainty(expressions: Expressions, picked: I64) -> tuple[float, float]:
    """Mean probability of the top label and mean entropy (nats) of some faces.

    NaN without any, and where the model tells no classes.
    """
    if not expressions.labels:
        return _NAN, _NAN
    probs = expressions.probs()[np.isin(expressions.face, picked)]
    probs = probs[~np.isnan(probs).any(axis=1)]
    if not len(probs):
        return _NAN, _NAN
    entropy = -(probs * np.log(np.maximum(probs, _TINY))).sum(axis=1)
    return float(probs.max(axis=1).mean()), float(entropy.mean())


def longest_gap_s(timeline: Timeline, chosen: I64) -> float:
    """Seconds of the longest stretch of frames without a chosen face; 0 = none."""
    gaps_s = timeline.edges_s[runs_of(chosen < 0)]
    return float(np.max(gaps_s[:, 1] - gaps_s[:, 0], initial=0.0))


def switches(timeline: Timeline, faces: Faces, chosen: I64) -> int:
    """How often the choice went to another face.

    That is: two chosen faces follow each other with less than ``SAME_FACE_GAP_S`` between the end
    of the one's frame and the start of the other's, and their boxes overlap (intersection over
    union) by less than ``SAME_FACE_IOU``.
    """
    at = np.flatnonzero(chosen >= 0)
    gap_s = timeline.edges_s[at[1:]] - timeline.edges_s[at[:-1] + 1]
    box = faces.box_xyxy[chosen[at]].astype(np.float64)
    is_soon = gap_s < SAME_FACE_GAP_S
    is_elsewhere = overlaps(box[:-1], box[1:]) < SAME_FACE_IOU
    return int(np.count_nonzero(is_soon & is_elsewhere))


def close_candidates(faces: Faces, expressions: Expressions, chosen: I64) -> float:
    """Share of frames with a chosen face in which another one could as well have been chosen.

    That is: another classified face has at least ``CLOSE_AREA`` of the chosen box's area. NaN where
    no face is chosen.
    """
    at = np.flatnonzero(chosen >= 0)
    if len(at) == 0:
        return _NAN
    area = areas_px2(faces.box_xyxy.astype(np.float64))
    least_area = np.full(len(chosen), np.inf)
    least_area[at] = CLOSE_AREA * area[chosen[at]]
    row = expressions.face
    frame = faces.frame[row]
    is_close = (area[row] >= least_area[frame]) & (row != chosen[frame])
    return len(np.unique(frame[is_close])) / len(at)


def pooled(per_video: list[dict[str, float]]) -> dict[str, float]:
    """Measures over several videos; NaN values are left out.

    Means are weighted by frames, or, where a measure is one of chosen faces, by frames with a
    chosen face. ``longest_gap_s`` is the largest; ``frames``, ``faces``, ``face_s`` and
    ``switches`` are sums, ``switches_per_min`` is theirs.
    """
    if not per_video:
        return {}
    frames = np.array([measures["frames"] for measures in per_video])
    with_face = frames * np.array([measures["face_share"] for measures in per_video])
    result: dict[str, float] = {}
    for name in per_video[0]:
        values = np.array([measures[name] for measures in per_video])
        if name in _SUMS:
            result[name] = float(values.sum())
        elif name == "longest_gap_s":
            result[name] = float(values.max())
        elif name == "switches_per_min":
            result[name] = _per_min(result["switches"], result["face_s"])
        else:
            result[name] = _mean(values, with_face if name in _OF_CHOSEN else frames)
    return result


def _mean(values: F64, weight: F64) -> float:
    """Weighted mean of the values that are known and count; NaN without any."""
    known = ~np.isnan(values) & (weight > 0)
    if not known.any():
        return _NAN
    return float(np.average(values[known], weights=weight[known]))


def _per_min(count: float, seconds: float) -> float:
    return 60 * count / seconds if seconds > 0 else _NAN
