"""What came out of one read of frames in a pass over a video."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferbench.pipeline.grey import GreyPart
from ferbench.types import F32, I64, LANE_STAGES, Faces, FrameBatch


@dataclass(slots=True, kw_only=True)
class PassPart:
    """What came out of one read. Faces count their frames from the read's first.

    Attributes:
        first: the read's first frame.
        batch: the read's frames, where somebody watches.
        num_frames: its frames.
        num_detected: frames that a detector looked at, over all detectors.
        faces: by key.
        faces_before: rows of these tables before this read, once it was taken.
        rows: rows of these faces that were classified, by key of the expressions; none for a key
            that has this read's from before.
        outputs: what the model said of them, f32 (rows, K + R).
        busy_s: seconds, by key of the faces, expressions or pictures.
        stages_s: seconds in detect, crop and classify.
        grey: what its whole pictures are like, where that is wanted.
    """

    first: int
    batch: FrameBatch | None = None
    num_frames: int
    num_detected: int = 0
    faces: dict[str, Faces] = field(default_factory=dict)
    faces_before: dict[str, int] = field(default_factory=dict)
    rows: dict[str, I64] = field(default_factory=dict)
    outputs: dict[str, F32] = field(default_factory=dict)
    busy_s: dict[str, float] = field(default_factory=dict)
    stages_s: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LANE_STAGES, 0.0))
    grey: GreyPart | None = None

    @property
    def until(self) -> int:
        """The frame after its last one."""
        return self.first + self.num_frames
