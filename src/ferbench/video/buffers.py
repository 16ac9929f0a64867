"""Memory for batches of frames, used again once nobody holds the batch.

Fresh memory for each batch costs more than filling it: a batch of 32 frames in 1080p is 200 MB that the system hands
out page by page.
"""

from __future__ import annotations

import weakref

import numpy as np
import torch
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class BatchBuffers:
    """Buffers of one shape: u8 (N, H, W, 3), channels last, as FFmpeg writes them."""

    def __init__(self, shape: tuple[int, int, int, int]) -> None:
        self._shape = shape
        self._lent: list[tuple[Pixels, weakref.ref[Pixels]]] = []

    def take(self) -> Pixels:
        """A buffer that no tensor shares; what is in it is left over."""
        for at, (buffer, user) in enumerate(self._lent):
            if user() is None:
                del self._lent[at]
                return buffer
        return np.empty(self._shape, dtype=np.uint8)

    def lend(self, buffer: Pixels, count: int) -> torch.Tensor:
        """The first ``count`` frames of a taken buffer as u8 (count, 3, H, W), without a copy.

        The buffer is free again when the tensor and all that shares its memory are gone.
        """
        used = buffer[:count]  # the tensor keeps this very array alive
        self._lent.append((buffer, weakref.ref(used)))
        return torch.from_numpy(used).permute(0, 3, 1, 2)
