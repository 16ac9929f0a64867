"""Which faces reach the model at all.

Bounds the cost and keeps bystanders out of the stored expressions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from ferbench.errors import ConfigError
from ferbench.selectors.region import Region, checked, checked_cameras, inside_px, region_of
from ferbench.selectors.rows import areas_px2, check_min_score
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
        check_min_score(self.min_score)
        if not (math.isfinite(self.min_size_px) and self.min_size_px >= 0):
            raise ConfigError(f"min_size_px: expected 0 or more pixels, got {self.min_size_px!r}")
        if self.max_faces is not None and self.max_faces < 1:
            raise ConfigError(f"max_faces: expected null or at least 1, got {self.max_faces}")
        if self.roi is not None:
            object.__setattr__(self, "roi", checked("roi", self.roi))
        object.__setattr__(self, "cameras", checked_cameras(self.cameras))

    def of(self, camera: str) -> Classify:
        """What these limits are for one camera: only this is part of a video's key.

        Raises ConfigError.
        """
        return replace(self, roi=region_of(camera, self.roi, self.cameras), cameras={})

    def admit(self, faces: Faces, *, width_px: int, height_px: int) -> I64:
        """Rows that are classified, i64, rising.

        Args:
            faces: all faces.
            width_px: of the shown frame.
            height_px: of the shown frame.
        """
        box = faces.box_xyxy
        sides = np.minimum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
        ok = (faces.score > self.min_score) & (sides >= self.min_size_px)
        if self.roi is not None:
            ok &= inside_px(box, self.roi, width_px, height_px)
        rows = np.flatnonzero(ok)
        if self.max_faces is None or len(rows) == 0:
            return rows.astype(np.int64)
        order = np.lexsort((rows, -areas_px2(box.astype(np.float64))[rows], faces.frame[rows]))
        frame = faces.frame[rows][order]
        starts = np.flatnonzero(np.diff(frame, prepend=frame[0] - 1))
        rank = np.arange(len(frame)) - np.repeat(starts, np.diff(np.append(starts, len(frame))))
        return np.sort(rows[order][rank < self.max_faces]).astype(np.int64)
