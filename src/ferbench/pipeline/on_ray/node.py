"""What runs on the machines of a cluster, before anything of ferbench is known to be there.

Ray sends the functions of this file by value, so a machine without ferbench can still say so. Only
Python's own library is imported above; a task's arguments are paths, numbers and short bytes.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class Tally:
    """How far the passes are, as an actor: the frames of each, and how often it was begun."""

    def __init__(self) -> None:
        self._frames: dict[int, int] = {}
        self._begun: dict[int, int] = {}

    def begin(self, number: int) -> None:
        """A pass starts, perhaps again: its frames are counted from 0."""
        self._frames[number] = 0
        self._begun[number] = self._begun.get(number, 0) + 1

    def add(self, number: int, frames: int) -> None:
        """So many more frames of a pass are done."""
        self._frames[number] += frames

    def told(self) -> tuple[dict[int, int], dict[int, int]]:
        """Frames, and how often it was begun, of each pass."""
        return self._frames, self._begun


def looked_at(expected: Mapping[str, Any]) -> tuple[str, str]:
    """Name of this machine, and why it cannot make passes; "" = it can."""
    return _name(), _why_unfit(expected, ())


def passed(
    expected: Mapping[str, Any], number: int, work: bytes, piece: bytes, tally: Any
) -> tuple[str, str, Any]:
    """Make the passes over one video.

    Args:
        expected: see ``looked_at``; its videos are those of the piece.
        number: of the piece.
        work: what is done with pieces, pickled.
        piece: the jobs of the video, pickled.
        tally: handle of the actor that is told how far it is.

    Returns:
        Name of this machine; why it cannot make passes, or ""; what was done, or None.
    """
    reason = _why_unfit(expected, expected["videos"])
    if reason:
        return _name(), reason, None
    from ferbench.pipeline.on_ray.work import done

    tally.begin.remote(number)
    outcome = done(work, piece, lambda frames: tally.add.remote(number, frames))
    return _name(), "", outcome


def _name() -> str:
    """Of this machine, as its people know it."""
    return socket.gethostname()


def _why_unfit(expected: Mapping[str, Any], videos: Sequence[tuple[str, int]]) -> str:
    os.environ.update(expected["environment"])
    try:
        from ferbench.pipeline.on_ray.work import versions
    except ImportError as error:
        return f"ferbench cannot be imported by {sys.executable} ({error}); install it there"
    for name, version in expected["versions"].items():
        here = versions().get(name, "none")
        if here != version:
            return f"it has {name} {here}, expected {version} as where the sweep was started"
    for folder, mark in expected["marks"].items():
        if not Path(folder, mark).is_file():
            return f"it does not see the cache folder {folder}; mount it there under the same path"
    for folder in expected["folders"]:
        if not Path(folder).is_dir():
            return f"it does not see the folder {folder}; mount it there under the same path"
    for video, size in videos:
        if not Path(video).is_file() or Path(video).stat().st_size != size:
            return f"it does not see {video}; mount its folder there under the same path"
    return ""
