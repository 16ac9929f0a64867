"""Regions of the frame: boxes ``x1, y1, x2, y2`` in shares (0..1) of the shown frame's width and
height.

A component has one region for every camera (``roi``), or regions by the cameras' names
(``cameras``): then every camera must be named there, so that a slip in a name cannot put another
region in its place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import ConfigError
from ferbench.selectors.rows import frame_size
from ferbench.types import F32, F64, Timeline

Region = tuple[float, float, float, float]


def checked(where: str, region: Sequence[float]) -> Region:
    """The region as a tuple of floats. Raises ConfigError; ``where`` is the key for its message."""
    numbers = isinstance(region, Sequence) and all(
        isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in region
    )
    if numbers and len(region) == 4:
        x1, y1, x2, y2 = (float(v) for v in region)
        if 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1:
            return x1, y1, x2, y2
    raise ConfigError(
        f"{where}: expected [x1, y1, x2, y2] in shares of the frame, 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1 "
        f"(its left half is [0, 0, 0.5, 1]), got {region!r}"
    )


def checked_cameras(cameras: Mapping[str, Sequence[float]]) -> dict[str, Region]:
    """The regions by camera, each checked. Raises ConfigError."""
    return {camera: checked(f"cameras.{camera}", region) for camera, region in cameras.items()}


def region_of(camera: str, roi: Region | None, cameras: Mapping[str, Region]) -> Region | None:
    """The region that counts for a camera (in upper or lower case).

    None = there are no regions at all.

    Raises:
        ConfigError: there are regions, and none is for this camera.
    """
    if not cameras:
        return roi
    region = {name.casefold(): region for name, region in cameras.items()}.get(camera.casefold())
    if region is None:
        name = f"the camera {camera!r}" if camera else "a video without a camera's name"
        raise ConfigError(
            f"no region for {name}: cameras names {', '.join(cameras)}. Add it there, or give only roi, for all cameras"
        )
    return region


def inside(box_xyxy: F32 | F64, region: Region, timeline: Timeline) -> NDArray[np.bool_]:
    """Whether the boxes' centres lie in a region of the frame, bool (R,).

    Raises ConfigError (see ``frame_size``).
    """
    return inside_px(box_xyxy, region, *frame_size(timeline))


def inside_px(
    box_xyxy: F32 | F64, region: Region, width_px: int, height_px: int
) -> NDArray[np.bool_]:
    """Whether the centres of boxes (R, 4) lie in a region of a frame of this size.

    Left and top edge belong to it.

    >>> inside_px(np.array([[0.0, 0, 100, 50], [40, 0, 160, 50]]), (0, 0, 0.5, 1), 200, 100).tolist()
    [True, False]
    """
    box = box_xyxy.astype(np.float64)
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    x1, y1, x2, y2 = region
    return (x >= x1 * width_px) & (x < x2 * width_px) & (y >= y1 * height_px) & (y < y2 * height_px)
