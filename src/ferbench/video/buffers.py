"""Batches of frames in memory that is used again once nobody holds the batch.

Fresh memory for each batch costs more than filling it: a batch of 32 frames in 1080p is 200 MB that
the system hands out page by page.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ferbench.types import FrameBatch
from ferbench.video.limits import frames_at_a_time

if TYPE_CHECKING:
    import torch

Pixels = NDArray[np.uint8]
Frame = TypeVar("Frame")


class Buffers(Protocol):
    """Memory that batches of frames are drawn into."""

    def take(self) -> Pixels:
        """A buffer that nobody reads, u8 (N, H, W, 3)."""

    def lend(self, buffer: Pixels, count: int) -> torch.Tensor:
        """The first ``count`` frames of a taken buffer as u8 (count, 3, H, W)."""


class BatchBuffers:
    """Buffers of one shape: u8 (N, H, W, 3), channels last, as FFmpeg writes them."""

    def __init__(self, shape: tuple[int, int, int, int]) -> None:
        self._shape = shape
        self._lent: list[tuple[Pixels, weakref.ref[Pixels]]] = []

    def take(self) -> Pixels:
        """A buffer that no tensor shares; what is in it is left over."""
        for position, (buffer, user) in enumerate(self._lent):
            if user() is None:
                del self._lent[position]
                return buffer
        return np.empty(self._shape, dtype=np.uint8)

    def lend(self, buffer: Pixels, count: int) -> torch.Tensor:
        """The first ``count`` frames of a taken buffer as u8 (count, 3, H, W), without a copy.

        The buffer is free again when the tensor and all that shares its memory are gone.
        """
        import torch

        used = buffer[:count]  # the tensor keeps this very array alive
        self._lent.append((buffer, weakref.ref(used)))
        return torch.from_numpy(used).permute(0, 3, 1, 2)


_make_buffers: Callable[[tuple[int, int, int, int]], Buffers] = BatchBuffers


def use_buffers(make: Callable[[tuple[int, int, int, int]], Buffers]) -> None:
    """Have readers of this process draw into other memory, from a shape (N, H, W, 3)."""
    global _make_buffers
    _make_buffers = make


def batched(
    frames: Iterator[Frame],
    batch_frames: int,
    *,
    first_frame: int,
    shown_hw: Callable[[], tuple[int, int]],
    draw: Callable[[Frame, Pixels], object],
) -> Iterator[FrameBatch]:
    """Put frames together to batches, RGB u8 (N, 3, H, W), N = ``batch_frames`` but for the last.

    Of frames so large that these would take more than ``limits.BATCH_BYTES``, a batch has fewer;
    one still ends wherever a batch of ``batch_frames`` would.

    Args:
        frames: in display order; what it does after its last frame is done before the last batch
            comes.
        batch_frames: frames per batch.
        first_frame: number of the first one that is drawn and comes out.
        shown_hw: height and width of the frames, asked when the first one is there.
        draw: writes a frame into u8 (H, W, 3).
    """
    buffers: Buffers | None = None
    pixels = np.empty((0, 0, 0, 3), dtype=np.uint8)
    first, filled, at_a_time = first_frame, 0, 0
    for frame in islice(frames, first_frame, None):
        if buffers is None:
            height, width = shown_hw()
            at_a_time = frames_at_a_time(batch_frames, height * width * 3)
            buffers = _make_buffers((at_a_time, height, width, 3))
        if filled == 0:
            pixels = buffers.take()
        draw(frame, pixels[filled])
        filled += 1
        if filled == at_a_time or (first + filled) % batch_frames == 0:
            yield _batch(buffers, pixels, first, filled)
            first += filled
            filled = 0
    if buffers is not None and filled:
        yield _batch(buffers, pixels, first, filled)


def _batch(buffers: Buffers, pixels: Pixels, first: int, count: int) -> FrameBatch:
    return FrameBatch(rgb=buffers.lend(pixels, count), index=np.arange(first, first + count))
