"""How usable a video was: what no score says, and what explains many scores."""

from __future__ import annotations

import numpy as np

from ferbench.selectors.rows import areas_px2, overlaps
from ferbench.timespans import runs_of
from ferbench.types import I64, Expressions, Faces, Timeline

SAME_FACE_IOU = 0.3
SAME_FACE_GAP_S = 1.0
"""The choice changed where the next chosen box overlaps less than this, and comes within this time.
"""
CLOSE_AREA = 0.7
"""Another face is nearly as good from this share of the chosen box's area on."""

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
    frames = timeline.video.num_frames
    picked = chosen[chosen >= 0]
    box = faces.box_xyxy[picked]
    side = np.minimum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    probs = expressions.probs()[np.isin(expressions.face, picked)]
    probs = probs[~np.isnan(probs).any(axis=1)]
    entropy = -(probs * np.log(np.maximum(probs, 1e-300))).sum(axis=1)
    face_s, changes = (
        float(np.diff(timeline.edges_s)[chosen >= 0].sum()),
        switches(timeline, faces, chosen),
    )
    return {
        "frames": float(frames),
        "faces": float(len(faces)),
        "face_s": face_s,
        "face_share": len(picked) / frames,
        "faces_per_frame": len(faces) / frames,
        "face_px": float(np.median(side)) if len(picked) else float("nan"),
        "longest_gap_s": longest_gap_s(timeline, chosen),
        "confidence": float(probs.max(axis=1).mean()) if len(probs) else float("nan"),
        "entropy_nats": float(entropy.mean()) if len(probs) else float("nan"),
        "switches": float(changes),
        "switches_per_min": _per_min(changes, face_s),
        "close_candidates": close_candidates(faces, expressions, chosen),
    }


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
    return int(
        np.count_nonzero((gap_s < SAME_FACE_GAP_S) & (overlaps(box[:-1], box[1:]) < SAME_FACE_IOU))
    )


def close_candidates(faces: Faces, expressions: Expressions, chosen: I64) -> float:
    """Share of frames with a chosen face in which another classified face is nearly as large, or
    larger.

    Nearly: at least ``CLOSE_AREA`` of the chosen box's area. NaN where no face is chosen.
    """
    at = np.flatnonzero(chosen >= 0)
    if len(at) == 0:
        return float("nan")
    area = areas_px2(faces.box_xyxy.astype(np.float64))
    bound = np.full(len(chosen), np.inf)
    bound[at] = CLOSE_AREA * area[chosen[at]]
    row = expressions.face
    others = row[(area[row] >= bound[faces.frame[row]]) & (row != chosen[faces.frame[row]])]
    return len(np.unique(faces.frame[others])) / len(at)


def pooled(per_video: list[dict[str, float]]) -> dict[str, float]:
    """Measures over several videos; NaN values are left out.

    Means are weighted by frames, or, where a measure is one of chosen faces, by frames with a
    chosen face. ``longest_gap_s`` is the largest; ``frames``, ``faces``, ``face_s`` and
    ``switches`` are sums, ``switches_per_min`` is theirs.
    """
    if not per_video:
        return {}
    frames = np.array([q["frames"] for q in per_video])
    with_face = frames * np.array([q["face_share"] for q in per_video])
    result: dict[str, float] = {}
    for name in per_video[0]:
        values = np.array([q[name] for q in per_video])
        weight = with_face if name in _OF_CHOSEN else frames
        known = ~np.isnan(values) & (weight > 0)
        if name in _SUMS:
            result[name] = float(values.sum())
        elif name == "longest_gap_s":
            result[name] = float(values.max())
        elif name == "switches_per_min":
            result[name] = _per_min(result["switches"], result["face_s"])
        else:
            result[name] = (
                float(np.average(values[known], weights=weight[known]))
                if known.any()
                else float("nan")
            )
    return result


def _per_min(count: float, seconds: float) -> float:
    return 60 * count / seconds if seconds > 0 else float("nan")
