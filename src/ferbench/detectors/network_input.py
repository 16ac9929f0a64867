"""What a detector's network gets to see.

Frames at the size that a policy says, with the colours that the weights know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferbench.resize import opencv_linear
from ferbench.types import F32

Resolution = Literal["full", "shrink", "fit", "letterbox"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How frames of one size are brought to the network.

    Attributes:
        height_px: height of the resized frame.
        width_px: its width.
        canvas_px: height and width of what the network sees; the frame is at its top left, the rest
            is black.
        scale_xy: pixels of the frame per pixel of the resized one.
    """

    height_px: int
    width_px: int
    canvas_px: tuple[int, int]
    scale_xy: tuple[float, float]


def fit(height_px: int, width_px: int, resolution: Resolution, long_side_px: int | None) -> Fit:
    """Choose the size for frames of ``height_px`` x ``width_px``.

    Sizes are rounded half to even (``letterbox``: cut off), and at least 1. Scales are those of the
    programs that have such a policy: ``fit`` that of the height, ``letterbox`` the intended one;
    ``shrink`` has one for each direction.

    >>> fit(1080, 1920, "shrink", 640)
    Fit(height_px=360, width_px=640, canvas_px=(360, 640), scale_xy=(3.0, 3.0))
    """
    long_px = max(height_px, width_px)
    stays = resolution == "shrink" and long_side_px is not None and long_px <= long_side_px
    if long_side_px is None or stays:
        frame_px = (height_px, width_px)
        return Fit(height_px=height_px, width_px=width_px, canvas_px=frame_px, scale_xy=(1.0, 1.0))
    ratio = long_side_px / long_px
    if resolution == "letterbox":
        return Fit(
            height_px=max(1, int(height_px * ratio)),
            width_px=max(1, int(width_px * ratio)),
            canvas_px=(long_side_px, long_side_px),
            scale_xy=(1 / ratio, 1 / ratio),
        )
    height = max(1, round(height_px * ratio))
    width = max(1, round(width_px * ratio))
    scale_y = height_px / height
    scale_x = scale_y if resolution == "fit" else width_px / width
    return Fit(
        height_px=height, width_px=width, canvas_px=(height, width), scale_xy=(scale_x, scale_y)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pixels:
    """What is made of colours: ``(value - mean) / std``, where the values are 0..255.

    Attributes:
        bgr: whether blue is the first channel; else red.
        mean: per channel, in that order.
        std: per channel, in that order.
    """

    bgr: bool
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def of_frames(self, frames: Tensor, fit: Fit) -> Tensor:
        """Frames RGB u8 (N, 3, H, W) on any device as f32 (N, 3, canvas), there."""
        small = opencv_linear(frames, fit.height_px, fit.width_px)
        if self.bgr:
            small = small.flip(1)
        seen = torch.zeros((len(frames), 3, *fit.canvas_px), device=frames.device)
        seen[:, :, : fit.height_px, : fit.width_px] = small
        mean, factor = (torch.from_numpy(values).to(frames.device) for values in self.constants())
        return seen.sub_(mean).mul_(factor)

    def constants(self) -> tuple[F32, F32]:
        """Mean and what to multiply by, f32 (3, 1, 1)."""
        mean = np.asarray(self.mean, np.float32).reshape(3, 1, 1)
        return mean, (1 / np.asarray(self.std)).astype(np.float32).reshape(3, 1, 1)


class Canvas:
    """What the network sees of frames of one size on a CPU, one frame after the other.

    The same numbers as ``Pixels.of_frames`` gives, without torch's threads; memory is used again.

    Attributes:
        seen: f32 (1, 3, canvas), the last frame; at first a black one.
    """

    def __init__(self, pixels: Pixels, fit: Fit) -> None:
        self.fit = fit
        mean, factor = pixels.constants()
        self.seen = np.empty((1, 3, *fit.canvas_px), np.float32)
        self.seen[:] = (np.float32(0) - mean) * factor
        self._frame = self.seen[0, :, : fit.height_px, : fit.width_px]
        self._order = (2, 1, 0) if pixels.bgr else (0, 1, 2)
        self._mean, self._factor = mean, factor
        self._small = np.empty((fit.height_px, fit.width_px, 3), np.uint8)
        self._planes = np.empty((3, fit.height_px, fit.width_px), np.uint8)

    def paint(self, image: NDArray[np.uint8]) -> F32:
        """Put a frame, RGB u8 (H, W, 3), in the place of the last; gives ``seen``."""
        import cv2

        if image.shape != self._small.shape:
            size = (self.fit.width_px, self.fit.height_px)
            cv2.resize(image, size, dst=self._small, interpolation=cv2.INTER_LINEAR)
            image = self._small
        cv2.split(image, list(self._planes))
        for target, plane in zip(self._frame, self._order, strict=True):
            np.copyto(target, self._planes[plane])  # quicker than to subtract from bytes
        self._frame -= self._mean
        if (self._factor != 1).any():
            self._frame *= self._factor
        return self.seen
