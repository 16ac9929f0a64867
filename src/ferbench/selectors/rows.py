"""What every selector needs: which rows may be chosen, and the best row of each frame."""

from __future__ import annotations

import numpy as np

from ferbench.errors import ConfigError, DataError
from ferbench.types import F64, I64, Faces, Timeline


def frame_size(timeline: Timeline) -> tuple[int, int]:
    """Width and height of the shown frame, pixels.

    Raises:
        ConfigError: they are not known.
    """
    video = timeline.video
    if video.width_px <= 0 or video.height_px <= 0:
        raise ConfigError(
            f"{video.video_id}: this selector needs the frame's size, which a CSV of predictions "
            "does not hold",
            hint="give the .parquet file, or another selector",
        )
    return video.width_px, video.height_px


def usable(faces: Faces, timeline: Timeline, min_score: float) -> I64:
    """Rows with a finite box and a finite score strictly above ``min_score``, i64, rising.

    Raises:
        DataError: a face lies in a frame that the timeline does not have.
    """
    _check_same_video(faces, timeline)
    finite = np.isfinite(faces.box_xyxy).all(axis=1) & np.isfinite(faces.score)
    above = faces.score > np.float32(min_score)  # both f32: a stored 0.3 is not above 0.3
    return np.flatnonzero(finite & above).astype(np.int64)


def _check_same_video(faces: Faces, timeline: Timeline) -> None:
    """Raise DataError if a face lies in a frame that the timeline does not have."""
    num_frames = timeline.video.num_frames
    if len(faces) == 0:
        return
    first, last = faces.frame[0], faces.frame[-1]
    if first < 0 or last >= num_frames:
        raise DataError(
            f"Faces.frame: expected frames 0..{num_frames - 1}, got {first}..{last}",
            hint="check that faces and timeline come from the same video",
        )


def areas_px2(box_xyxy: F64) -> F64:
    """Areas of boxes f64 (R, 4), square pixels; an inverted box has none."""
    sides: F64 = np.maximum(box_xyxy[:, 2:] - box_xyxy[:, :2], 0.0)
    return sides[:, 0] * sides[:, 1]


def overlaps(one_xyxy: F64, two_xyxy: F64) -> F64:
    """Intersection over union of boxes, pair by pair; f64 (R, 4) each, broadcast.

    0 where both are empty.

    >>> others = np.array([[1.0, 0, 3, 2], [2, 0, 4, 2]])
    >>> overlaps(np.array([[0.0, 0, 2, 2]]), others).round(3).tolist()
    [0.333, 0.0]
    """
    low = np.maximum(one_xyxy[:, :2], two_xyxy[:, :2])
    high = np.minimum(one_xyxy[:, 2:], two_xyxy[:, 2:])
    common = areas_px2(np.concatenate([low, high], axis=1))
    union = areas_px2(one_xyxy) + areas_px2(two_xyxy) - common
    share: F64 = common / np.where(union > 0, union, 1.0)
    return share


def off_centre_px2(box_xyxy: F64, timeline: Timeline) -> F64:
    """Squared distances from boxes' centres to the frame's centre, px².

    Raises ConfigError (see ``frame_size``).
    """
    offset = (box_xyxy[:, :2] + box_xyxy[:, 2:]) / 2 - np.array(frame_size(timeline)) / 2
    distance: F64 = np.square(offset).sum(axis=1)
    return distance


def best_per_frame(faces: Faces, rows: I64, merit: F64, timeline: Timeline) -> I64:
    """The row with the largest merit in each frame, i64 (T,), -1 = none; of equal rows the first.

    Args:
        faces: all faces.
        rows: i64 (R,), rising rows of ``faces`` to choose from.
        merit: f64 (R,), larger is better.
        timeline: of T frames.
    """
    chosen = np.full(timeline.video.num_frames, -1, np.int64)
    if len(rows) == 0:
        return chosen
    frame = faces.frame[rows]
    if (frame[1:] > frame[:-1]).all():  # one face per frame: hours of video are mostly that
        chosen[frame] = rows
        return chosen
    order = np.lexsort((-merit, frame))  # stable: equal rows stay in their order
    frame = frame[order]
    first = np.concatenate(([True], frame[1:] != frame[:-1]))
    chosen[frame[first]] = rows[order[first]]
    return chosen
