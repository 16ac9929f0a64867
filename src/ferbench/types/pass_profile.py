"""Where the time of one pass over a video went."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ferbench.errors import DataError

READER_STAGES: Final = ("decode",)
"""What the reader does: one piece of work after the other."""
LANE_STAGES: Final = ("detect", "crop", "classify")
"""What each lane does, beside the other lanes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassProfile:
    """Where the time of one pass over a video went.

    A process reads; ``lanes`` threads take what was read and do all other stages on it.

    Attributes:
        video: name of its file, without folders.
        frames: that were decoded.
        wall_s: seconds from the first frame that was asked for to the last result.
        lanes: threads.
        busy_s: seconds in each of decode, detect, crop and classify, those of all lanes together.
        reader_wait_s: seconds that the reader waited because all lanes had enough to do.
        lane_wait_s: seconds that lanes had nothing to do, those of all lanes together.
    """

    video: str
    frames: int
    wall_s: float
    lanes: int
    busy_s: Mapping[str, float]
    reader_wait_s: float
    lane_wait_s: float

    def __post_init__(self) -> None:
        """Check the stages and the numbers."""
        stages = (*READER_STAGES, *LANE_STAGES)
        if set(self.busy_s) != set(stages):
            raise DataError(f"PassProfile: expected {', '.join(stages)}, got {list(self.busy_s)}")
        seconds = (self.wall_s, *self.busy_s.values(), self.reader_wait_s, self.lane_wait_s)
        if not all(math.isfinite(each) and each >= 0 for each in seconds):
            raise DataError(f"PassProfile: expected seconds of at least 0, got {seconds}")
        if self.lanes < 1 or self.frames < 0:
            raise DataError(
                f"PassProfile: expected at least 1 lane and 0 frames, got {self.lanes} lanes and "
                f"{self.frames} frames"
            )

    def threads(self, stage: str) -> int:
        """Threads that do a stage at a time."""
        return 1 if stage in READER_STAGES else self.lanes

    def least_s(self, stages: tuple[str, ...]) -> float:
        """Seconds that the pass takes at least for these stages, those of its threads shared."""
        return sum(self.busy_s[stage] / self.threads(stage) for stage in stages)
