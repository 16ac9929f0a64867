"""How a reader is asked to open a video."""

from __future__ import annotations

from dataclasses import dataclass

from ferbench.checks import check_at_least_1
from ferbench.errors import ConfigError
from ferbench.video.sampling import check_target_fps


@dataclass(frozen=True, slots=True)
class Asked:
    """See ``Reader.open``.

    Raises:
        ConfigError: a number is out of range.
    """

    batch_frames: int
    threads: int
    keep_damaged: bool
    target_fps: float | None
    first_frame: int

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_at_least_1("batch_frames", self.batch_frames)
        check_target_fps(self.target_fps)
        for key in ("threads", "first_frame"):
            if getattr(self, key) < 0:
                raise ConfigError(key=key, expected="0 or more", got=getattr(self, key))
