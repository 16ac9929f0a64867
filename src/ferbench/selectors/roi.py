"""A selector that looks for the participant in one region of the frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

import numpy as np

from ferbench.checks import check_choice, check_finite
from ferbench.errors import ConfigError
from ferbench.selectors.region import Region, inside, region_of, set_regions
from ferbench.selectors.rows import areas_px2, best_per_frame, off_centre_px2, usable
from ferbench.types import I64, Faces, Timeline

Prefer = Literal["largest", "central", "score"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Roi:
    """The best face whose box's centre lies in a region of the frame.

    Regions are described in ``ferbench.selectors.region``.

    Attributes:
        min_score: faces must score strictly more than this.
        roi: the region for every camera; not used where ``cameras`` has any.
        cameras: regions by name of camera.
        prefer: of several faces in the region the ``largest`` box, the most ``central`` in the
            whole frame, or the highest ``score``; of equal ones the first.
    """

    version: ClassVar[str] = "1"
    min_score: float = 0.0
    roi: Region | None = (0.25, 0.0, 0.75, 1.0)
    cameras: Mapping[str, Region] = field(default_factory=dict, hash=False)
    prefer: Prefer = "largest"

    def __post_init__(self) -> None:
        """Check the threshold and the regions."""
        check_finite("min_score", self.min_score)
        set_regions(self)
        if self.roi is None and not self.cameras:
            raise ConfigError(
                key="roi",
                expected=(
                    "a region [x1, y1, x2, y2] in shares of the frame, or cameras with regions"
                ),
            )
        check_choice("prefer", self.prefer, get_args(Prefer))

    def select(self, faces: Faces, timeline: Timeline, *, camera: str = "") -> I64:
        """Row of ``faces`` chosen in each frame, i64 (T,); -1 = none.

        Raises:
            ConfigError: there is no region for this camera, or the frame's size is not known.
            DataError: faces and timeline do not belong together.
        """
        region = region_of(camera, self.roi, self.cameras)
        assert region is not None  # checked when it was made
        rows = usable(faces, timeline, self.min_score)
        rows = rows[inside(faces.box_xyxy[rows], region, timeline)]
        box = faces.box_xyxy[rows].astype(np.float64)
        if self.prefer == "largest":
            merit = areas_px2(box)
        elif self.prefer == "central":
            merit = -off_centre_px2(box, timeline)
        else:
            merit = faces.score[rows].astype(np.float64)
        return best_per_frame(faces, rows, merit, timeline)
