"""Rectangles of whole pixels cut out of frames and brought to one size."""

from __future__ import annotations

from torch import Tensor

from ferbench.preprocessing.cut_each import cut_each
from ferbench.preprocessing.cut_together import cut_together
from ferbench.preprocessing.triangle import Pad
from ferbench.types import I64


def cut(frames: Tensor, frame: I64, corners: I64, size_px: int, pad: Pad) -> Tensor:
    """Cut rectangles out of frames and resize them, bilinear, with antialiasing where they shrink.

    The result is that of ``torch.nn.functional.interpolate(mode="bilinear", antialias=True)`` on
    each rectangle, rounded to whole grey levels. Weights are multiples of 2**-20 and sums are f64,
    so all sums are exact: a crop does not depend on the crops beside it or on the device. On a CPU
    it is one after the other, in the calling thread alone; elsewhere all at once.

    Args:
        frames: RGB u8 (N, 3, H, W).
        frame: i64 (M,), which frame each rectangle lies in.
        corners: i64 (M, 4), left, top, right, bottom: pixels [left, right) x [top, bottom), not
            empty; they may reach beyond the frame.
        size_px: side of the result.
        pad: what lies beyond the frame: its nearest pixel, or black.

    Returns:
        u8 (M, 3, size_px, size_px) on the frames' device.
    """
    if frames.device.type == "cpu":
        return cut_each(frames, frame, corners, size_px, pad)
    return cut_together(frames, frame, corners, size_px, pad)
