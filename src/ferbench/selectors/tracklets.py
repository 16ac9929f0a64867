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
"""Seconds that velocities are averaged over, and that a face is expected to move on at most."""


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

_Pair = tuple[bool, float, int, int]
"""Whether box and track are apart; minus their overlap, or their distance; track; box."""


class _Track:
    """A track under way: its last box, when that was, and how its centre moves (px/s)."""

    __slots__ = ("box", "end_s", "number", "start_s", "vx", "vy")

    def __init__(self, number: int, box: _Box, start_s: float, end_s: float) -> None:
        self.number = number
        self.box, self.start_s, self.end_s = box, start_s, end_s
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
        moved_x = (box[0] + box[2] - old[0] - old[2]) / 2
        moved_y = (box[1] + box[3] - old[1] - old[3]) / 2
        self.vx += share * (moved_x / passed_s - self.vx)
        self.vy += share * (moved_y / passed_s - self.vy)
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
    for first, stop in pairwise(bounds):
        index = int(frame[first])
        start_s, end_s = times[index], times[index + 1]
        live = [track for track in live if start_s - track.end_s <= rules.max_gap_s]
        followed = _assign(live, boxes[first:stop], start_s, rules)
        for row in range(first, stop):
            track = followed.get(row - first)
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
    pairs: list[_Pair] = []
    for t, track in enumerate(live):
        pairs += _continuations(t, track, boxes, now_s, rules)
    followed: dict[int, _Track] = {}
    taken: set[int] = set()
    for _, _, t, b in sorted(pairs):
        if b not in followed and t not in taken:
            followed[b] = live[t]
            taken.add(t)
    return followed


def _continuations(
    t: int, track: _Track, boxes: list[_Box], now_s: float, rules: LinkRules
) -> list[_Pair]:
    """The boxes that could continue a track, which is number ``t``."""
    expected = track.expected(now_s)
    side = expected[4]
    smallest, largest = side / rules.max_size_ratio, side * rules.max_size_ratio
    reach = rules.reach_per_s * (now_s - track.start_s)
    pairs: list[_Pair] = []
    for b, box in enumerate(boxes):
        if not smallest <= box[4] <= largest:
            continue
        iou = _iou(expected, box)
        if iou >= rules.min_iou:
            pairs.append((False, -iou, t, b))
            continue
        away = _sides_apart(expected, box)
        if away <= reach:
            pairs.append((True, away, t, b))
    return pairs


def _sides_apart(one: _Box, two: _Box) -> float:
    """Distance of the centres, in mean sides."""
    twice_dx = two[0] + two[2] - one[0] - one[2]
    twice_dy = two[1] + two[3] - one[1] - one[3]
    return math.hypot(twice_dx, twice_dy) / (one[4] + two[4])


def _iou(one: _Box, two: _Box) -> float:
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (one[4] * one[4] + two[4] * two[4] - common)
