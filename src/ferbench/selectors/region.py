"""Regions of the frame: boxes ``x1, y1, x2, y2`` in shares (0..1) of its width and height.

The frame is the shown one. A component has one region for every camera (``roi``), or regions by the
cameras' names (``cameras``): then every camera must be named there, so that a slip in a name cannot
put another region in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import ConfigError
from ferbench.selectors.rows import frame_size
from ferbench.sentences import Setting, Text
from ferbench.types import F32, F64, Timeline

Region = tuple[float, float, float, float]


class HasRegions(Protocol):
    """A component with one region for every camera, or regions by camera."""

    @property
    def roi(self) -> Region | None:
        """For every camera."""

    @property
    def cameras(self) -> Mapping[str, Region]:
        """By name of camera."""


def set_regions(component: HasRegions) -> None:
    """Check the regions of a new component, and make each a tuple of floats.

    Raises:
        ConfigError: one is no region.
    """
    if component.roi is not None:
        object.__setattr__(component, "roi", _region("roi", component.roi))
    regions = component.cameras.items()
    cameras = {camera: _region(f"cameras.{camera}", region) for camera, region in regions}
    object.__setattr__(component, "cameras", cameras)


def _region(key: str, value: Sequence[float]) -> Region:
    """A region as a tuple of floats. Raises ConfigError about the setting ``key``."""
    if not _are_four_numbers(value) or not _lies_in_frame(value):
        raise ConfigError(
            key=key,
            expected=(
                "[x1, y1, x2, y2] in shares of the frame, 0 <= x1 < x2 <= 1 and "
                "0 <= y1 < y2 <= 1 (its left half is [0, 0, 0.5, 1])"
            ),
            got=value,
        )
    x1, y1, x2, y2 = (float(number) for number in value)
    return x1, y1, x2, y2


def _are_four_numbers(value: object) -> bool:
    if not isinstance(value, Sequence) or len(value) != 4:
        return False
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)


def _lies_in_frame(region: Sequence[float]) -> bool:
    x1, y1, x2, y2 = region
    return 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1


def region_of(camera: str, roi: Region | None, cameras: Mapping[str, Region]) -> Region | None:
    """The region that counts for a camera (in upper or lower case).

    None = there are no regions at all.

    Raises:
        ConfigError: there are regions, and none is for this camera.
    """
    if not cameras:
        return roi
    by_name = {name.casefold(): region for name, region in cameras.items()}
    if camera.casefold() not in by_name:
        raise _without_region(camera, cameras)
    return by_name[camera.casefold()]


def _without_region(camera: str, cameras: Mapping[str, Region]) -> ConfigError:
    which = f"the camera {camera!r}" if camera else "a video without a camera's name"
    hint = Text("add it there, or give only ", Setting("roi"), ", for all cameras")
    return ConfigError(
        f"there is no region for {which}, only for {', '.join(cameras)}",
        key="cameras",
        hint=hint,
    )


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

    >>> boxes = np.array([[0.0, 0, 100, 50], [40, 0, 160, 50]])
    >>> inside_px(boxes, (0, 0, 0.5, 1), 200, 100).tolist()
    [True, False]
    """
    box = box_xyxy.astype(np.float64)
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    x1, y1, x2, y2 = region
    across = (x >= x1 * width_px) & (x < x2 * width_px)
    down = (y >= y1 * height_px) & (y < y2 * height_px)
    return across & down
