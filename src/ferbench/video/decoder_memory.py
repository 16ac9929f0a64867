"""How much memory a decoder's process may take, so that no file can ask for all of the machine's.

Linux counts the memory that a process can write and shares with nobody: what FFmpeg reserves counts
from the start, used or not, and frames in memory that both processes share do not.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from ferbench.errors import VideoError
from ferbench.sentences import Setting, Text

MEMORY_GIB: Final = 2.0
"""For a video, beyond what the process has without one: twice what 4K with 10 bits takes."""

LEAST_GIB: Final = 0.25
"""What the libraries take that are loaded with the first frame."""

_MOST_GIB: Final = 2**20
"""More is no limit."""

_FEW: Final = 8
"""Frames that a decoder takes at once, one for each of some threads."""

_NO_MEMORY: Final = ("Insufficient memory", "bad_alloc")
"""What OpenCV's errors of memory say, which have no class of their own."""


class DecoderMemoryError(VideoError):
    """A video whose decoder needs more memory than it may take."""

    @classmethod
    def of(cls, path: Path, gib: float) -> DecoderMemoryError:
        """The error of a video."""
        return cls(
            f"{path}: its decoder needs more than {gib:g} GiB of memory",
            hint=Text(
                "replace the file if it is damaged, scale the video down, or set ",
                Setting("runtime.decoder_memory_gib", f"{2 * gib:g}"),
                " or more",
            ),
        )


def limit_memory(gib: float) -> None:
    """Let this process take so much memory beyond what it has; does nothing but on Linux."""
    if sys.platform != "linux":
        return
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = _taken_bytes() + round(min(gib, _MOST_GIB) * 2**30)
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))


def check_memory_left(frame_bytes: int) -> None:
    """For decoders that stop without a word where there is no memory for another frame.

    Raises:
        MemoryError: there is a limit, and some frames of this size are beyond it.
    """
    if sys.platform != "linux":
        return
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit != resource.RLIM_INFINITY and _taken_bytes() + _FEW * frame_bytes > limit:
        raise MemoryError


def is_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is a want of memory."""
    while error is not None:
        if isinstance(error, MemoryError) or any(text in str(error) for text in _NO_MEMORY):
            return True
        error = error.__cause__
    return False


def _taken_bytes() -> int:
    """Memory of this process that counts."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").split("\n"):
        if line.startswith("VmData:"):
            return int(line.split()[1]) * 1024
    return 0
