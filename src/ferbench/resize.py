"""OpenCV's bilinear resize of whole grey levels, to the bit, on any device.

Source: OpenCV 4 and 5, ``resize`` with ``INTER_LINEAR`` for 8-bit images (11-bit weights, no
antialiasing; exactly half the size is the mean of four pixels). What differs: images lie with
channels first and in batches. On a CPU OpenCV itself does it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_ONE = 1 << 11


def opencv_linear(images: Tensor, height_px: int, width_px: int) -> Tensor:
    """Bring images u8 (N, C, H, W) to u8 (N, C, height_px, width_px).

    The result equals ``cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_LINEAR)``
    of each image.
    """
    if images.shape[2:] == (height_px, width_px):
        return images
    if images.device.type == "cpu":
        return _by_opencv(images, height_px, width_px)
    return by_weights(images, height_px, width_px)


def _by_opencv(images: Tensor, height_px: int, width_px: int) -> Tensor:
    import cv2

    planes = images.reshape(-1, *images.shape[2:]).numpy()
    out = np.empty((len(planes), height_px, width_px), np.uint8)
    for plane, target in zip(planes, out, strict=True):
        cv2.resize(plane, (width_px, height_px), dst=target, interpolation=cv2.INTER_LINEAR)
    return torch.from_numpy(out).view(*images.shape[:2], height_px, width_px)


def by_weights(images: Tensor, height_px: int, width_px: int) -> Tensor:
    """The same with tensor operations, for devices where OpenCV is not."""
    height, width = images.shape[2:]
    if (height, width) == (2 * height_px, 2 * width_px):
        whole = images.int()
        rows = whole[:, :, ::2] + whole[:, :, 1::2]
        return ((rows[..., ::2] + rows[..., 1::2] + 2) >> 2).to(torch.uint8)
    top, bottom, top_weight, bottom_weight = _axis(
        height, height_px, images.device, hold_ends=False
    )
    left, right, left_weight, right_weight = _axis(width, width_px, images.device, hold_ends=True)
    whole = images.int()
    rows = (whole[..., left] * left_weight + whole[..., right] * right_weight) >> 4
    upper = rows[:, :, top] * top_weight[:, None] >> 16
    lower = rows[:, :, bottom] * bottom_weight[:, None] >> 16
    return ((upper + lower + 2) >> 2).to(torch.uint8)


def _axis(
    size: int, new_size: int, device: torch.device, *, hold_ends: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The two pixels that each new one lies between, and their weights, each (new_size,)."""
    step = 1.0 / (new_size / size)
    place = ((np.arange(new_size) + 0.5) * step - 0.5).astype(np.float32)
    first = np.floor(place)
    part = place - first
    if hold_ends:  # OpenCV treats the axes differently where they end; the last digit shows it
        part[(first < 0) | (first >= size - 1)] = 0
        first = first.clip(0, size - 1)
    first_weight = np.rint((np.float32(1) - part) * _ONE).astype(np.int32)
    second_weight = np.rint(part * _ONE).astype(np.int32)
    first_pixel = first.clip(0, size - 1).astype(np.int64)
    second_pixel = (first + 1).clip(0, size - 1).astype(np.int64)
    return (
        torch.from_numpy(first_pixel).to(device),
        torch.from_numpy(second_pixel).to(device),
        torch.from_numpy(first_weight).to(device),
        torch.from_numpy(second_weight).to(device),
    )
