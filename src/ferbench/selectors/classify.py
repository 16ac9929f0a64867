"""Which faces reach the model at all.

Bounds the cost and keeps bystanders out of the stored expressions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from ferbench.checks import check_finite
from ferbench.errors import ConfigError
from ferbench.selectors.region import Region, inside_px, region_of, set_regions
from ferbench.selectors.rows import areas_px2
from ferbench.types import I64, Faces


@dataclass(frozen=True, slots=True, kw_only=True)
class Classify:
    """Admit faces by score, size, place and number.

    Attributes:
        min_score: detector score must be greater (strictly).
        min_size_px: the shorter side of the box must be at least this many pixels.
        roi: the box's centre must lie in this region (see ``ferbench.selectors.region``); None =
            anywhere.
        cameras: regions by name of camera; then ``roi`` is not used, and every camera must be
            named.
        max_faces: at most this many per frame, those of the largest boxes; None = no limit.
    """

    version: ClassVar[str] = "1"
    min_score: float = 0.0
    min_size_px: float = 0.0
    roi: Region | None = None
    cameras: Mapping[str, Region] = field(default_factory=dict, hash=False)
    max_faces: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_finite("min_score", self.min_score)
        check_finite("min_size_px", self.min_size_px)
        if self.min_size_px < 0:
            raise ConfigError(key="min_size_px", expected="0 or more pixels", got=self.min_size_px)
        if self.max_faces is not None and self.max_faces < 1:
            raise ConfigError(key="max_faces", expected="at least 1, or null", got=self.max_faces)
        set_regions(self)

    def of(self, camera: str) -> Classify:
        """The same for one camera: only this is part of a video's key.

        Raises:
            ConfigError: there are regions, and none is for this camera.
        """
        region = region_of(camera, self.roi, self.cameras)
        return replace(self, roi=region, cameras={})

    def admit(self, faces: Faces, *, width_px: int, height_px: int) -> I64:
        """Rows that are classified, i64, rising.

        Args:
            faces: all faces.
            width_px: of the shown frame.
            height_px: of the shown frame.
        """
        box = faces.box_xyxy
        shorter_side = np.minimum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
        admitted = (faces.score > self.min_score) & (shorter_side >= self.min_size_px)
        if self.roi is not None:
            admitted &= inside_px(box, self.roi, width_px, height_px)
        rows = np.flatnonzero(admitted).astype(np.int64)
        if self.max_faces is None or len(rows) == 0:
            return rows
        return _largest_per_frame(faces, rows, self.max_faces)


def _largest_per_frame(faces: Faces, rows: I64, count: int) -> I64:
    """At most ``count`` of some rows in each frame, those of the largest boxes, i64, rising."""
    area_px2 = areas_px2(faces.box_xyxy.astype(np.float64))[rows]
    order = np.lexsort((rows, -area_px2, faces.frame[rows]))
    frame = faces.frame[rows][order]
    starts = np.flatnonzero(np.diff(frame, prepend=frame[0] - 1))
    per_frame = np.diff(np.append(starts, len(frame)))
    rank = np.arange(len(frame)) - np.repeat(starts, per_frame)
    return np.sort(rows[order][rank < count])
