"""What a network sees of a crop before its values are normalised: colours and size.

Whole grey levels, as image libraries make them. On a CPU each crop is alone, so that nothing
depends on the batch.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from ferbench.resize import opencv_linear

Colour = Literal["rgb", "bgr", "grey", "grey_rgb"]
Resize = Literal["bilinear", "bilinear_antialias", "opencv", "area", "nearest"]

_GREY = (9798, 19235, 3735)
"""0.299, 0.587 and 0.114 in 15-bit fixed point."""


def levels(crops: Tensor, *, colour: Colour, size_px: int, how: Resize) -> Tensor:
    """Bring crops, RGB u8 (M, 3, H, W), to what a network sees, u8 (M, C, size_px, size_px)."""
    if crops.device.type != "cpu":
        return resized(coloured(crops, colour), size_px, how)
    channels = 1 if colour == "grey" else 3
    seen = torch.empty((len(crops), channels, size_px, size_px), dtype=torch.uint8)
    for crop, target in zip(crops, seen, strict=True):
        target[:] = resized(_coloured_on_cpu(crop, colour)[None], size_px, how)[0]
    return seen


def coloured(rgb: Tensor, colour: Colour) -> Tensor:
    """Bring RGB u8 (M, 3, H, W) to the network's channels, u8 (M, 3, H, W).

    One grey channel is (M, 1, H, W). Grey is 0.299 R + 0.587 G + 0.114 B in 15-bit fixed point,
    halves rounded up: to the bit what OpenCV 4 and 5 make.
    """
    if colour == "rgb":
        return rgb
    if colour == "bgr":
        return rgb.flip(1)
    weights = torch.tensor(_GREY, dtype=torch.int32, device=rgb.device)
    parts = rgb.int() * weights.view(1, 3, 1, 1)
    total = parts.sum(dim=1, keepdim=True, dtype=torch.int32)
    grey = ((total + (1 << 14)) >> 15).to(torch.uint8)
    if colour == "grey":
        return grey
    return grey.expand(-1, 3, -1, -1)


def _coloured_on_cpu(rgb: Tensor, colour: Colour) -> Tensor:
    """The same of one crop u8 (3, H, W), without torch's threads."""
    if colour == "rgb":
        return rgb
    values = rgb.numpy()
    if colour == "bgr":
        return torch.from_numpy(values[::-1].copy())
    total = np.full(values.shape[1:], 1 << 14, np.uint32)
    for channel, weight in zip(values, _GREY, strict=True):
        total += np.multiply(channel, np.uint32(weight), dtype=np.uint32)
    grey = torch.from_numpy((total >> 15).astype(np.uint8))[None]
    return grey if colour == "grey" else grey.expand(3, -1, -1)


def resized(values: Tensor, size_px: int, how: Resize) -> Tensor:
    """Bring u8 (M, C, H, W) to u8 (M, C, size_px, size_px)."""
    size = (size_px, size_px)
    if values.shape[2:] == size:
        return values
    if how == "opencv":
        return opencv_linear(values, *size)
    image = values.float()
    if how in ("area", "nearest"):
        image = F.interpolate(image, size=size, mode=how)
    else:
        image = F.interpolate(
            image,
            size=size,
            mode="bilinear",
            align_corners=False,
            antialias=how == "bilinear_antialias",
        )
    return image.round_().clamp_(0, 255).to(torch.uint8)
