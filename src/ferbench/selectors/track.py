"""A selector that follows persons through the whole video and keeps to one of them.

Tracking is on stored boxes (see ``tracklets``). Tracklets that are not there at the same time are
then joined into persons by their place in the picture, and one person is chosen for the whole
video.
"""

from __future__ import annotations

import math
from bisect import bisect, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

import numpy as np

from ferbench.checks import check_choice, check_finite, check_seconds, check_share
from ferbench.errors import ConfigError
from ferbench.selectors.region import Region, inside, region_of, set_regions
from ferbench.selectors.rows import (
    areas_px2,
    frame_size,
    off_centre_px2,
    overlaps,
    usable,
)
from ferbench.selectors.tracklets import LinkRules, link
from ferbench.sentences import Setting, Text
from ferbench.types import F64, I64, Faces, Timeline

Choose = Literal["longest", "central", "roi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One person of the video; where that person has no face, there is none.

    The numbers are described in ``tracklets.LinkRules``.

    Attributes:
        min_score: faces must score strictly more than this.
        min_iou: a face follows a track whose expected box it overlaps at least so much,
        max_size_ratio: if the larger box's side is at most so many times the smaller one's.
        max_gap_s: a track ends after so many seconds without its face.
        reach_per_s: within that time, a face without enough overlap follows if it is at most so
            many box sides away per second that passed.
        rejoin_iou: tracks that are never there together are one person if their mean boxes overlap
            at least so much (intersection over union), the best fit first; None = every track is a
            person of its own.
        choose: the person with the most frames (``longest``), the same with each frame weighted by
            nearness to the frame's centre, 1 there and 0 in a corner (``central``), or with most
            frames in a region (``roi``; nobody if there is none).
        roi: the region for ``choose=roi`` (see ``ferbench.selectors.region``).
        cameras: regions by name of camera; then ``roi`` is not used.
    """

    version: ClassVar[str] = "1"
    min_score: float = 0.0
    min_iou: float = 0.3
    max_size_ratio: float = 1.5
    max_gap_s: float = 2.0
    reach_per_s: float = 1.0
    rejoin_iou: float | None = 0.3
    choose: Choose = "longest"
    roi: Region | None = None
    cameras: Mapping[str, Region] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_finite("min_score", self.min_score)
        check_share("min_iou", self.min_iou)
        if self.rejoin_iou is not None:
            check_share("rejoin_iou", self.rejoin_iou)
        check_seconds("max_gap_s", self.max_gap_s)
        _check_at_least("max_size_ratio", self.max_size_ratio, 1)
        _check_at_least("reach_per_s", self.reach_per_s, 0)
        check_choice("choose", self.choose, get_args(Choose))
        set_regions(self)
        if self.choose == "roi" and self.roi is None and not self.cameras:
            raise ConfigError(
                "'roi' needs a region",
                key="choose",
                hint=Text(
                    "give ",
                    Setting("roi", "[x1, y1, x2, y2]"),
                    " (shares of the frame), or ",
                    Setting("cameras"),
                ),
            )

    def select(self, faces: Faces, timeline: Timeline, *, camera: str = "") -> I64:
        """Row of ``faces`` chosen in each frame, i64 (T,); -1 = none.

        Raises:
            ConfigError: there is no region for this camera, or the frame's size is not known.
            DataError: faces and timeline do not belong together.
        """
        rows = usable(faces, timeline, self.min_score)
        rows = rows[areas_px2(faces.box_xyxy[rows].astype(np.float64)) > 0]
        # Sorted by all that is known of them, so that the order of rows decides nothing.
        keys = (faces.score[rows], *faces.box_xyxy[rows].T, faces.frame[rows])
        rows = rows[np.lexsort(keys)]
        box, frame = faces.box_xyxy[rows].astype(np.float64), faces.frame[rows]
        merit = self._merit(box, timeline, camera)
        chosen = np.full(timeline.video.num_frames, -1, np.int64)
        if len(rows) == 0:
            return chosen
        rules = LinkRules(
            min_iou=self.min_iou,
            max_size_ratio=self.max_size_ratio,
            max_gap_s=self.max_gap_s,
            reach_per_s=self.reach_per_s,
        )
        tracklet = link(box, frame, timeline.edges_s, rules)
        person = _persons(tracklet, box, frame, merit, rejoin_iou=self.rejoin_iou)[tracklet]
        total = np.bincount(person, weights=merit)
        best = int(np.argmax(total))
        if total[best] > 0 or self.choose != "roi":
            of_best = person == best
            chosen[frame[of_best]] = rows[of_best]
        return chosen

    def _merit(self, box: F64, timeline: Timeline, camera: str) -> F64:
        """What a frame with each box adds to its person, f64 (R,)."""
        if self.choose == "central":
            half_diagonal = math.hypot(*frame_size(timeline)) / 2
            return np.maximum(1 - np.sqrt(off_centre_px2(box, timeline)) / half_diagonal, 0.0)
        if self.choose == "roi":
            region = region_of(camera, self.roi, self.cameras)
            assert region is not None  # checked when it was made
            return inside(box, region, timeline).astype(np.float64)
        return np.ones(len(box))


def _check_at_least(name: str, value: float, least: int) -> None:
    if not (math.isfinite(value) and value >= least):
        raise ConfigError(key=name, expected=f"a finite number, {least} or more", got=value)


def _persons(tracklet: I64, box: F64, frame: I64, merit: F64, *, rejoin_iou: float | None) -> I64:
    """The person of each of the K tracklets, i64 (K,).

    Persons are numbered from 0 by their best tracklet, the best first. Beginning with the tracklet
    of most merit (of equal ones the longer, then the earlier), each takes those that are still
    free, overlap its mean box and leave its time free, the best overlap first.

    Args:
        tracklet: i64 (R,), 0..K-1, tracklet of each box.
        box: f64 (R, 4).
        frame: i64 (R,), rising.
        merit: f64 (R,).
        rejoin_iou: smallest overlap of mean boxes; None = no two belong together.
    """
    length = np.bincount(tracklet)
    count = len(length)
    summed = [np.bincount(tracklet, weights=column) for column in box.T]
    mean_box = np.stack(summed, axis=1) / length[:, None]
    _, first_row = np.unique(tracklet, return_index=True)
    first = frame[first_row]
    last = np.zeros(count, np.int64)
    np.maximum.at(last, tracklet, frame)
    person = np.full(count, -1, np.int64)
    order = np.lexsort((np.arange(count), -length, -np.bincount(tracklet, weights=merit)))
    next_person = 0
    for seed in order:
        if person[seed] >= 0:
            continue
        person[seed] = next_person
        if rejoin_iou is not None:
            free = np.flatnonzero(person < 0)
            overlap = overlaps(mean_box[seed][None], mean_box[free])
            fits = overlap >= rejoin_iou
            best_first = free[fits][np.argsort(-overlap[fits], kind="stable")]
            person[_room_for(best_first, first, last, seed=int(seed))] = next_person
        next_person += 1
    return person


def _room_for(candidates: I64, first: I64, last: I64, *, seed: int) -> list[int]:
    """Tracklets that share no time with the seed, nor with one taken before; in their order."""
    taken: list[int] = []
    spans = [(int(first[seed]), int(last[seed]))]
    for candidate in candidates.tolist():
        span = (int(first[candidate]), int(last[candidate]))
        if _is_free(spans, span):
            insort(spans, span)
            taken.append(candidate)
    return taken


def _is_free(spans: list[tuple[int, int]], span: tuple[int, int]) -> bool:
    """Whether a span of frames shares none with others, which are in order and apart."""
    place = bisect(spans, span)
    if place > 0 and spans[place - 1][1] >= span[0]:
        return False
    return place == len(spans) or span[1] < spans[place][0]
