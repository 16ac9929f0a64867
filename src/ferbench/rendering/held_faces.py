"""Where faces are, also in frames in which the detector missed them.

For making faces unrecognisable, where a frame too few shows a face and one too many costs nothing.
Every row of a table of faces counts, whatever its score. Boxes of neighbouring frames are linked to
tracklets (``selectors.tracklets``), and a tracklet has a box in each frame from some time before
its first sighting to some time after its last:

- in a frame with a sighting, the detector's box;
- between two sightings, what encloses both boxes: the face was on its way from one to the other;
- before the first and after the last sighting, that sighting's box, for ``hold_s``.

Where there was no sighting the box is also widened by ``widen_per_s`` for each second to the
nearest one, because a head that turns away or is covered by a hand moves on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ferbench.checks import check_finite, check_seconds
from ferbench.errors import ConfigError, DataError
from ferbench.selectors.tracklets import LinkRules, link
from ferbench.types import F64, I64, Faces

_LEAST_SIDE_PX: Final = 1.0
"""Of a box that has no area: something was found there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRules:
    """For how long a face is taken to be there where the detector does not see it.

    Attributes:
        max_gap_s: seconds between two sightings of one face at most; in between it is taken to be
            there. Longer than people look down or cover their faces.
        hold_s: seconds before the first and after the last sighting. Detectors lose faces that turn
            away or leave the picture, and find them late when they come back.
        widen_per_s: share of a box's sides that is added at each edge per second to the nearest
            sighting, for one second at most (a head moves about half its width in a second).
        min_iou: a face follows a tracklet whose expected box it overlaps at least so much.
        max_size_ratio: of the larger to the smaller box's side, at most.
        reach_per_s: a face without enough overlap follows if it is at most so many sides away per
            second that passed.
    """

    max_gap_s: float = 5.0
    hold_s: float = 1.0
    widen_per_s: float = 0.5
    min_iou: float = 0.3
    max_size_ratio: float = 1.5
    reach_per_s: float = 1.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_seconds("max_gap_s", self.max_gap_s)
        check_seconds("hold_s", self.hold_s)
        check_finite("widen_per_s", self.widen_per_s)
        if self.widen_per_s < 0:
            raise ConfigError(key="widen_per_s", expected="0 or more", got=self.widen_per_s)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldFaces:
    """Boxes of every frame of a video.

    Attributes:
        box_xyxy: f64 (R, 4) pixels, not clipped, in order of frames.
        first: i64 (T+1,), frame i has the rows ``first[i]`` to ``first[i + 1]``.
    """

    box_xyxy: F64
    first: I64

    @property
    def num_frames(self) -> int:
        """Frames of which is known where faces are, or that there are none."""
        return len(self.first) - 1

    def boxes(self, frame: int) -> F64:
        """Boxes of a frame, f64 (N, 4)."""
        return self.box_xyxy[self.first[frame] : self.first[frame + 1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Boxes:
    """Some boxes, each with its frame: i64 (R,), f64 (R, 4)."""

    frame: I64
    box_xyxy: F64


def held_faces(faces: Faces, edges_s: F64, rules: HoldRules) -> HeldFaces:
    """Where faces are in each frame of a video.

    Args:
        faces: all faces of the video; frames in which nobody looked for any have none.
        edges_s: f64 (T+1,), edges of its T frames.
        rules: how long faces are held.

    Raises:
        DataError: a box is not finite, so that nobody knows where that face is, or a face lies in a
            frame that is not there.
    """
    num_frames = len(edges_s) - 1
    _check(faces, num_frames)
    start_s = edges_s[:-1]
    sightings = _Boxes(frame=faces.frame, box_xyxy=_with_area(faces.box_xyxy.astype(np.float64)))
    parts = [sightings]
    if len(faces):
        tracklet = link(sightings.box_xyxy, sightings.frame, edges_s, _linking(rules))
        order = np.lexsort((sightings.frame, tracklet))
        tracks = _Boxes(frame=sightings.frame[order], box_xyxy=sightings.box_xyxy[order])
        goes_on = np.diff(tracklet[order]) == 0
        parts.append(_between(tracks, goes_on, start_s, rules))
        is_last = np.append(~goes_on, True)
        is_first = np.insert(~goes_on, 0, True)
        parts.append(_before(tracks, np.flatnonzero(is_first), start_s, rules))
        parts.append(_after(tracks, np.flatnonzero(is_last), start_s, rules))
    frame = np.concatenate([part.frame for part in parts])
    box = np.concatenate([part.box_xyxy for part in parts])
    order = np.argsort(frame, kind="stable")
    first = np.searchsorted(frame[order], np.arange(num_frames + 1))
    return HeldFaces(box_xyxy=box[order], first=first.astype(np.int64))


def _check(faces: Faces, num_frames: int) -> None:
    if len(faces) and not 0 <= faces.frame[0] <= faces.frame[-1] < num_frames:
        raise DataError(
            f"Faces.frame: expected frames 0..{num_frames - 1}, got "
            f"{faces.frame[0]}..{faces.frame[-1]}",
            hint="check that faces and times come from the same video",
        )
    unknown = np.flatnonzero(~np.isfinite(faces.box_xyxy).all(axis=1))
    if len(unknown):
        raise DataError(
            f"frame {faces.frame[unknown[0]]} has a face whose box is not finite: it cannot be "
            "hidden",
            hint="predict the video again",
        )


def _linking(rules: HoldRules) -> LinkRules:
    return LinkRules(
        min_iou=rules.min_iou,
        max_size_ratio=rules.max_size_ratio,
        max_gap_s=rules.max_gap_s,
        reach_per_s=rules.reach_per_s,
    )


def _with_area(box_xyxy: F64) -> F64:
    """The same boxes, corners in order, no side shorter than a pixel."""
    low = np.minimum(box_xyxy[:, :2], box_xyxy[:, 2:])
    high = np.maximum(box_xyxy[:, :2], box_xyxy[:, 2:])
    return np.concatenate([low, np.maximum(high, low + _LEAST_SIDE_PX)], axis=1)


def _between(tracks: _Boxes, goes_on: I64, start_s: F64, rules: HoldRules) -> _Boxes:
    """Boxes of the frames between sightings of a tracklet.

    Args:
        tracks: sightings by tracklet, then by time.
        goes_on: bool (R-1,), whether a sighting and the next are of one tracklet.
        start_s: f64 (T,), times of the frames.
        rules: how boxes are widened.
    """
    num_missed = np.where(goes_on, np.diff(tracks.frame) - 1, 0)
    row = np.repeat(np.arange(len(num_missed)), num_missed)
    frame = _counted(tracks.frame[:-1] + 1, num_missed)
    low = np.minimum(tracks.box_xyxy[row, :2], tracks.box_xyxy[row + 1, :2])
    high = np.maximum(tracks.box_xyxy[row, 2:], tracks.box_xyxy[row + 1, 2:])
    since_s = start_s[frame] - start_s[tracks.frame[row]]
    until_s = start_s[tracks.frame[row + 1]] - start_s[frame]
    box = np.concatenate([low, high], axis=1)
    return _Boxes(frame=frame, box_xyxy=_widened(box, np.minimum(since_s, until_s), rules))


def _before(tracks: _Boxes, rows: I64, start_s: F64, rules: HoldRules) -> _Boxes:
    """Boxes of the frames before each of the given sightings."""
    stop = tracks.frame[rows]
    first = np.searchsorted(start_s, start_s[stop] - rules.hold_s)
    frame = _counted(first, stop - first)
    row = np.repeat(rows, stop - first)
    away_s = start_s[tracks.frame[row]] - start_s[frame]
    return _Boxes(frame=frame, box_xyxy=_widened(tracks.box_xyxy[row], away_s, rules))


def _after(tracks: _Boxes, rows: I64, start_s: F64, rules: HoldRules) -> _Boxes:
    """Boxes of the frames after each of the given sightings."""
    first = tracks.frame[rows] + 1
    until_s = start_s[tracks.frame[rows]] + rules.hold_s
    stop = np.maximum(np.searchsorted(start_s, until_s, side="right"), first)
    frame = _counted(first, stop - first)
    row = np.repeat(rows, stop - first)
    away_s = start_s[frame] - start_s[tracks.frame[row]]
    return _Boxes(frame=frame, box_xyxy=_widened(tracks.box_xyxy[row], away_s, rules))


def _counted(first: I64, length: I64) -> I64:
    """Whole numbers counted up from each of ``first``, ``length`` of them.

    >>> _counted(np.array([5, 9]), np.array([2, 3])).tolist()
    [5, 6, 9, 10, 11]
    """
    ends = np.cumsum(length)
    begins = np.repeat(ends - length, length)
    return np.repeat(first, length) + np.arange(length.sum()) - begins


def _widened(box_xyxy: F64, away_s: F64, rules: HoldRules) -> F64:
    """Boxes f64 (R, 4) made larger, by the seconds f64 (R,) to the nearest sighting."""
    share = rules.widen_per_s * np.minimum(away_s, 1.0)
    added = share[:, None] * (box_xyxy[:, 2:] - box_xyxy[:, :2])
    return np.concatenate([box_xyxy[:, :2] - added, box_xyxy[:, 2:] + added], axis=1)
