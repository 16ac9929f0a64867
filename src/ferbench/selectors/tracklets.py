"""From the boxes of single frames to tracklets.

Stretches in which boxes follow each other as one face's do.

After SORT (Bewley, Ge, Ott, Ramos, Upcroft 2016, "Simple online and realtime tracking") and the IOU
tracker (Bochinski, Eiselein, Sikora 2017, "High-speed tracking-by-detection without using image
information"): only boxes are looked at, and a face belongs to the track whose box it overlaps. What
differs from SORT: a smoothed velocity instead of a Kalman filter; the best pairs first instead of
the Hungarian method (they differ only where a face overlaps several tracks, and there the closest
continuation is wanted); true times instead of numbers of frames; a second chance for a face that
comes back after a gap. Appearance is not compared: who takes another's place within a gap takes the
track.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ferbench.types import F64, I64

VELOCITY_S = 0.5
"""Velocities are averaged over about this time, and a face is expected to move on for at most this
time.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """When a face continues a track.

    Attributes:
        min_iou: its box overlaps the expected one at least so much (intersection over union).
        max_size_ratio: of the larger to the smaller box's side (square root of the area), at most.
        max_gap_s: seconds without the face, at most.
        reach_per_s: a face that does not overlap also continues a track if the centres are at most
            this many sides apart per second since the track's last face.
    """

    min_iou: float
    max_size_ratio: float
    max_gap_s: float
    reach_per_s: float


_Box = tuple[float, float, float, float, float]
"""x1, y1, x2, y2 and the side (square root of the area), pixels."""


class _Track:
    """A track under way: its last box, when that was, and how its centre moves (px/s)."""

    __slots__ = ("box", "end_s", "number", "start_s", "vx", "vy")

    def __init__(self, number: int, box: _Box, start_s: float, end_s: float) -> None:
        self.number, self.box, self.start_s, self.end_s = number, box, start_s, end_s
        self.vx = self.vy = 0.0

    def expected(self, now_s: float) -> _Box:
        """Where its face should be now."""
        ahead_s = min(now_s - self.start_s, VELOCITY_S)
        dx, dy = self.vx * ahead_s, self.vy * ahead_s
        x1, y1, x2, y2, side = self.box
        return x1 + dx, y1 + dy, x2 + dx, y2 + dy, side

    def follow(self, box: _Box, start_s: float, end_s: float) -> None:
        """Go on with this box."""
        passed_s = start_s - self.start_s
        share = passed_s / (passed_s + VELOCITY_S)
        old = self.box
        self.vx += share * ((box[0] + box[2] - old[0] - old[2]) / 2 / passed_s - self.vx)
        self.vy += share * ((box[1] + box[3] - old[1] - old[3]) / 2 / passed_s - self.vy)
        self.box, self.start_s, self.end_s = box, start_s, end_s


def link(box_xyxy: F64, frame: I64, edges_s: F64, rules: LinkRules) -> I64:
    """The tracklet of each box, i64 (R,), numbered from 0 in the order of their first boxes.

    Equal pairs are decided by the order of tracks and boxes.

    Args:
        box_xyxy: f64 (R, 4), finite, of positive area.
        frame: i64 (R,), rising; each tracklet has one box per frame at most.
        edges_s: f64 (T+1,), edges of the frames.
        rules: when a box continues a tracklet.
    """
    sides = np.sqrt((box_xyxy[:, 2] - box_xyxy[:, 0]) * (box_xyxy[:, 3] - box_xyxy[:, 1]))
    boxes: list[_Box] = list(zip(*box_xyxy.T.tolist(), sides.tolist(), strict=True))
    times = edges_s.tolist()
    bounds = [*np.flatnonzero(np.diff(frame, prepend=-1)).tolist(), len(boxes)]
    number = np.empty(len(boxes), np.int64)
    live: list[_Track] = []
    count = 0
    for at, until in pairwise(bounds):
        index = int(frame[at])
        start_s, end_s = times[index], times[index + 1]
        live = [track for track in live if start_s - track.end_s <= rules.max_gap_s]
        followed = _assign(live, boxes[at:until], start_s, rules)
        for row in range(at, until):
            track = followed.get(row - at)
            if track is None:
                track = _Track(count, boxes[row], start_s, end_s)
                live.append(track)
                count += 1
            else:
                track.follow(boxes[row], start_s, end_s)
            number[row] = track.number
    return number


def _assign(
    live: list[_Track], boxes: list[_Box], now_s: float, rules: LinkRules
) -> dict[int, _Track]:
    """Which box continues which track.

    First those that overlap, best first, then those within reach, nearest first.
    """
    pairs: list[tuple[bool, float, int, int]] = []
    for t, track in enumerate(live):
        expected = track.expected(now_s)
        reach = rules.reach_per_s * (now_s - track.start_s)
        smallest, largest = expected[4] / rules.max_size_ratio, expected[4] * rules.max_size_ratio
        for b, box in enumerate(boxes):
            if smallest <= box[4] <= largest:
                iou = _iou(expected, box)
                if iou >= rules.min_iou:
                    pairs.append((False, -iou, t, b))
                elif (away := _sides_apart(expected, box)) <= reach:
                    pairs.append((True, away, t, b))
    found: dict[int, _Track] = {}
    taken: set[int] = set()
    for _, _, t, b in sorted(pairs):
        if b not in found and t not in taken:
            found[b] = live[t]
            taken.add(t)
    return found


def _sides_apart(one: _Box, two: _Box) -> float:
    """Distance of the centres, in mean sides."""
    return math.hypot(two[0] + two[2] - one[0] - one[2], two[1] + two[3] - one[1] - one[3]) / (
        one[4] + two[4]
    )


def _iou(one: _Box, two: _Box) -> float:
    if one[0] >= two[2] or two[0] >= one[2] or one[1] >= two[3] or two[1] >= one[3]:
        return 0.0
    width = (one[2] if one[2] < two[2] else two[2]) - (one[0] if one[0] > two[0] else two[0])
    height = (one[3] if one[3] < two[3] else two[3]) - (one[1] if one[1] > two[1] else two[1])
    common = width * height
    return common / (one[4] * one[4] + two[4] * two[4] - common)
