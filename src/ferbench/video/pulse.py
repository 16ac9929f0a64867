"""How far reading is: counts that another process can read while a decoder hangs or after it died.

Readers count; who supervises them (``ferbench.video.decoder_process``) sees whether counts grow.
"""

from __future__ import annotations

from typing import Final

NUM_BYTES: Final = 16
"""Size of the counts in memory: two i64, packets and frames."""

_counts = memoryview(bytearray(NUM_BYTES)).cast("q")


def share(memory: memoryview) -> None:
    """Count in this memory of ``NUM_BYTES`` from now on."""
    global _counts
    _counts = memory.cast("q")


def reset() -> None:
    """Another video begins."""
    _counts[0] = _counts[1] = 0


def packet() -> None:
    """A packet was read, or something else got on."""
    _counts[0] += 1


def frame() -> None:
    """A frame was decoded, whether it is looked at or not."""
    _counts[1] += 1
