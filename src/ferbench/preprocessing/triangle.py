"""Weights of bilinear resizing, with antialiasing where it shrinks."""

from __future__ import annotations

from typing import Final, Literal

import torch
from torch import Tensor

Pad = Literal["edge", "black"]
"""What lies beyond the frame: its nearest pixel, or black."""

_WEIGHT_STEP: Final = 2.0**-20


def triangle_weights(length: Tensor, size_px: int) -> Tensor:
    """Weights of ``length`` pixels in ``size_px`` output pixels, for several lengths at once.

    A weight is that of a pixel in one output pixel: a triangle around the output pixel's centre, as
    wide as two input pixels or, when shrinking, two output pixels. It is a multiple of 2**-20.

    Args:
        length: i64 (M,), at least 1.
        size_px: output pixels.

    Returns:
        f64 (M, size_px, L), L being the longest; rows shorter than that have weight 0 beyond their
        end.
    """
    offset = torch.arange(int(length.max()), device=length.device)
    step = (length.double() / size_px)[:, None, None]
    centre = (torch.arange(size_px, device=length.device) + 0.5)[None, :, None] * step
    weight = ((offset + 0.5) - centre).abs_().div_(step.clamp(min=1)).neg_().add_(1).clamp_(min=0)
    weight *= offset < length[:, None, None]
    weight /= weight.sum(dim=2, keepdim=True)
    return weight.div_(_WEIGHT_STEP).round_().mul_(_WEIGHT_STEP)
