"""Rectangles cut out of frames one after the other, on a CPU.

Only pixels inside the frame are read, and only those that have a weight are multiplied: rows first,
then columns, each with a sparse matrix. scipy multiplies these in the calling thread, without the
interpreter's lock; a BLAS would start threads of its own.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from ferbench.preprocessing.pictures import pictures_of
from ferbench.preprocessing.triangle import Pad, triangle_weights
from ferbench.types import I64


def cut_each(frames: Tensor, frame: I64, corners: I64, size_px: int, pad: Pad) -> Tensor:
    """Cut rectangles out of frames (see ``ferbench.preprocessing.resample.cut``)."""
    pictures = pictures_of(frames)
    height, width = pictures.shape[1:3]
    out = np.empty((len(frame), 3, size_px, size_px), np.uint8)
    for row, (left, top, right, bottom) in enumerate(corners.tolist()):
        ys, down = _axis(top, bottom, height, size_px, pad)
        xs, across = _axis(left, right, width, size_px, pad)
        region = pictures[int(frame[row]), ys, xs].astype(np.float64, order="C")
        lines = (down @ region.reshape(len(region), -1)).reshape(size_px, -1, 3)
        columns = lines.transpose(1, 2, 0).reshape(-1, 3 * size_px)
        levels = (across @ columns) + 0.5
        np.minimum(levels, 255, out=levels)
        out[row] = levels.astype(np.uint8).reshape(size_px, 3, size_px).transpose(1, 2, 0)
    return torch.from_numpy(out)


def _axis(start: int, stop: int, limit: int, size_px: int, pad: Pad) -> tuple[slice, csr_array]:
    """The pixels inside the frame along one axis, and their weights (size_px, pixels).

    Beyond the frame, the weight of a pixel is its nearest one's, or nobody's.
    """
    weights = _weights(stop - start, size_px)
    if start >= 0 and stop <= limit:
        return slice(start, stop), weights
    first, end = min(max(start, 0), limit - 1), max(min(stop, limit), 1)
    pixel = weights.indices + start
    nearest = pixel.clip(first, end - 1)
    value = weights.data if pad == "edge" else np.where(pixel == nearest, weights.data, 0.0)
    shape = (size_px, end - first)
    return slice(first, end), csr_array((value, nearest - first, weights.indptr), shape=shape)


@lru_cache(maxsize=1024)
def _weights(length: int, size_px: int) -> csr_array:
    """Weights of as many pixels in each output pixel; boxes of a person have few lengths."""
    return csr_array(triangle_weights(torch.tensor([length]), size_px)[0].numpy())
