"""What goes into shared passes over videos, and what comes of them."""

from __future__ import annotations

import pickle
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Protocol

from ferbench.errors import VideoError
from ferbench.pipeline.recipe import Recipe
from ferbench.pipeline.workers import Died
from ferbench.results import Work
from ferbench.types import PassProfile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VideoJob:
    """A video that a job needs the tables of.

    Attributes:
        recipe: of the job.
        path: the video.
        video_id: its name for people.
        camera: which camera it is; "" = the only one.
    """

    recipe: Recipe
    path: Path
    video_id: str
    camera: str = ""


@dataclass(slots=True, kw_only=True)
class PlanOutcome:
    """What shared passes did.

    Attributes:
        passes: videos that were decoded, once per reader.
        work: what was really computed.
        profiles: where the time of each pass went.
        failures: why a pass could not be made, by video; the jobs that need it meet the reason
            themselves, unless it is in ``lost``.
        lost: why a video is not tried again, by the digest of its bytes: it ended the process that
            analysed or decoded it.
    """

    passes: int = 0
    work: Work = field(default_factory=Work)
    profiles: list[PassProfile] = field(default_factory=list)
    failures: dict[Path, Exception] = field(default_factory=dict)
    lost: dict[str, VideoError] = field(default_factory=dict)

    def add(self, other: PlanOutcome) -> None:
        """Add what another process did."""
        self.passes += other.passes
        for count in fields(Work):
            both = getattr(self.work, count.name) + getattr(other.work, count.name)
            setattr(self.work, count.name, both)
        self.profiles += other.profiles
        self.failures |= other.failures
        self.lost |= other.lost

    def make_sendable(self) -> None:
        """Turn errors that cannot go to another process into some that can."""
        self.failures = {path: _sent(error) for path, error in self.failures.items()}

    @property
    def frames_decoded(self) -> int:
        """Frames that were decoded."""
        return self.work.frames_decoded


class Crew(Protocol):
    """Processes, of this machine or of others, that make the passes of videos."""

    def results(
        self, pieces: Sequence[list[VideoJob]], /
    ) -> Generator[tuple[int, PlanOutcome | Died], None, None]:
        """Number and outcome of each piece, as they come; its jobs are of one video."""


def _sent(error: Exception) -> Exception:
    """An error as it can go to another process."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  # of any library
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
