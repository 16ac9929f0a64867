"""How far a leaderboard is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProgress:
    """How far the images of a leaderboard are.

    Attributes:
        done_images: that a detector or a model has looked at, or that are stored.
        total_images: that they will look at, each counted once for each of them.
        what: what is looking now.
    """

    done_images: int
    total_images: int
    what: str


OnImageProgress = Callable[[ImageProgress], None]
"""Called from the thread of the workflow. What it raises ends the workflow: pieces that are done
stay stored, so the same call goes on from there.
"""


def untold(progress: ImageProgress) -> None:
    """Tell nobody."""
    del progress


class ImageCount:
    """Counts images over all that look at them."""

    def __init__(self, total_images: int, on_progress: OnImageProgress) -> None:
        """Nothing is done."""
        self._done = 0
        self._total = total_images
        self._on_progress = on_progress
        self.what = ""

    def __call__(self, num_images: int) -> None:
        """So many more are done."""
        self._done += num_images
        self._on_progress(
            ImageProgress(done_images=self._done, total_images=self._total, what=self.what)
        )
