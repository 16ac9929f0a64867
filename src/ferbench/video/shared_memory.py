"""Memory that two processes share by a file descriptor, on Linux.

It is a file without a name in memory: containers often have 64 MB of ``/dev/shm``, which a batch of
frames fills.
"""

from __future__ import annotations

import mmap
import os


def new_descriptor(num_bytes: int) -> int:
    """A descriptor of so many zeros; who asked for it closes it.

    Raises:
        OSError: there is no memory.
    """
    descriptor = os.memfd_create("ferbench")
    os.ftruncate(descriptor, num_bytes)
    return descriptor


def mapped(descriptor: int, num_bytes: int) -> memoryview:
    """The memory of a descriptor, which may be closed then; freed when nobody holds the view."""
    return memoryview(mmap.mmap(descriptor, num_bytes))
