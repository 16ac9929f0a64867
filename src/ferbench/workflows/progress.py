"""How workflows tell how far they are, and how they are stopped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ferbench.wording import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the pixels of a workflow are.

    Attributes:
        done_frames: frames that are done.
        total_frames: frames that will be decoded, as their containers announce; 0 = not known.
        decoded_videos: videos whose pixels are done.
        num_videos: videos that will be decoded.
        num_stored: videos whose tables are stored already.
    """

    done_frames: int
    total_frames: int
    decoded_videos: int
    num_videos: int
    num_stored: int

    def __str__(self) -> str:
        """One line for a screen."""
        share = f" ({self.done_frames / self.total_frames:.0%})" if self.total_frames else ""
        return f"{self.done_frames} of {self.total_frames or '?'} frames{share}"

    @property
    def videos(self) -> str:
        """How many videos are done, the stored ones among them: ``3 of 12 videos``."""
        every = plural(self.num_videos + self.num_stored, "video")
        return f"{self.decoded_videos + self.num_stored} of {every}"


OnProgress = Callable[[Progress], None]
"""Called from the thread of the workflow after every batch. What it raises ends the workflow:
finished videos stay stored, so the same call goes on from there.
"""


def untold(progress: Progress) -> None:
    """Tell nobody."""
    del progress
