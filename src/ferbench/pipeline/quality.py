"""How usable a video was: what no score says, and what explains many scores."""

from __future__ import annotations

import numpy as np

from ferbench.types import I64, Expressions, Faces, Timeline


def quality(timeline: Timeline, faces: Faces, expressions: Expressions, chosen: I64) -> dict[str, float]:
    """Plain measures of one video; NaN where there is nothing to measure.

    Args:
        timeline: of T frames.
        faces: all faces.
        expressions: of the classified faces.
        chosen: i64 (T,), row in ``faces`` per frame or -1.

    Returns:
        ``frames``; ``face_share`` (share of frames with a chosen face); ``faces_per_frame``; ``face_px`` (median
        shorter side of the chosen boxes); ``longest_gap_s`` (longest stretch without a chosen face);
        ``confidence`` (mean probability of the top label) and ``entropy_nats`` (mean) over chosen and classified
        faces.
    """
    frames = timeline.video.num_frames
    picked = chosen[chosen >= 0]
    box = faces.box_xyxy[picked]
    side = np.minimum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    probs = expressions.probs()[np.isin(expressions.face, picked)]
    probs = probs[~np.isnan(probs).any(axis=1)]
    entropy = -(probs * np.log(np.maximum(probs, 1e-300))).sum(axis=1)
    return {
        "frames": float(frames),
        "face_share": len(picked) / frames,
        "faces_per_frame": len(faces) / frames,
        "face_px": float(np.median(side)) if len(picked) else float("nan"),
        "longest_gap_s": longest_gap_s(timeline, chosen),
        "confidence": float(probs.max(axis=1).mean()) if len(probs) else float("nan"),
        "entropy_nats": float(entropy.mean()) if len(probs) else float("nan"),
    }


def longest_gap_s(timeline: Timeline, chosen: I64) -> float:
    """Seconds of the longest stretch of frames without a chosen face; 0 = none."""
    missing = np.concatenate([[False], chosen < 0, [False]]).astype(np.int8)
    change = np.diff(missing)
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    return float(np.max(timeline.edges_s[ends] - timeline.edges_s[starts], initial=0.0))


def pooled(per_video: list[dict[str, float]]) -> dict[str, float]:
    """Measures over several videos; NaN values are left out.

    Means are weighted by frames, or, where a measure is one of chosen faces, by frames with a chosen face.
    ``longest_gap_s`` is the largest, ``frames`` the sum.
    """
    if not per_video:
        return {}
    frames = np.array([q["frames"] for q in per_video])
    with_face = frames * np.array([q["face_share"] for q in per_video])
    result: dict[str, float] = {}
    for name in per_video[0]:
        values = np.array([q[name] for q in per_video])
        weight = with_face if name in ("face_px", "confidence", "entropy_nats") else frames
        known = ~np.isnan(values) & (weight > 0)
        if name == "frames":
            result[name] = float(frames.sum())
        elif name == "longest_gap_s":
            result[name] = float(values.max())
        else:
            result[name] = float(np.average(values[known], weights=weight[known])) if known.any() else float("nan")
    return result
