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
        mean, factor = (torch.from_numpy(values).to(frames.device) for values in self._constants())
        return seen.sub_(mean).mul_(factor)

    def canvas(self, fit: Fit) -> F32:
        """What the network sees of a black frame on a CPU, f32 (1, 3, canvas)."""
        mean, factor = self._constants()
        seen = np.empty((1, 3, *fit.canvas_px), np.float32)
        seen[:] = (np.float32(0) - mean) * factor
        return seen

    def paint(self, image: NDArray[np.uint8], fit: Fit, canvas: F32) -> None:
        """Put one frame where the last one was, on a CPU.

        The same numbers as ``of_frames`` gives, without torch's threads.

        Args:
            image: RGB u8 (H, W, 3), contiguous.
            fit: its size, that of the canvas.
            canvas: changed in place.
        """
        import cv2

        if image.shape[:2] != (fit.height_px, fit.width_px):
            size = (fit.width_px, fit.height_px)
            image = cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
        planes = cv2.split(image)
        targets = canvas[0, :, : fit.height_px, : fit.width_px]
        constants = (values.ravel() for values in self._constants())
        for plane, target, mean, factor in zip(
            planes[::-1] if self.bgr else planes, targets, *constants, strict=True
        ):
            np.subtract(plane, mean, out=target)
            if factor != 1:
                np.multiply(target, factor, out=target)

    def _constants(self) -> tuple[F32, F32]:
        """Mean and what to multiply by, f32 (3, 1, 1)."""
        mean = np.asarray(self.mean, np.float32).reshape(3, 1, 1)
        return mean, (1 / np.asarray(self.std)).astype(np.float32).reshape(3, 1, 1)
