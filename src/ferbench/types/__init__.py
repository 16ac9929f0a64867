"""The data that travels through ferbench. All of it is frozen.

Every constructor checks shapes and dtypes. Here is what happens in sessions; ``arrays`` has what is
made of pixels, ``score`` counts and scores.

Pixels are torch tensors on the device. Everything else is flat numpy on the CPU: M rows across the
frames of a video, one row in memory = one row on disk. Colour is RGB. Times are seconds from the
container's start, as players show them, intervals are half-open. NaN means undefined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path

from ferbench.errors import DataError
from ferbench.types.arrays import (
    F32,
    F64,
    I64,
    Crops,
    Expressions,
    Faces,
    FrameBatch,
    Signal,
    Timeline,
)
from ferbench.types.channels import Channels, Regression
from ferbench.types.pass_profile import LANE_STAGES, READER_STAGES, PassProfile
from ferbench.types.pictures import Pictures
from ferbench.types.score import Counts, CountsRow, Score
from ferbench.types.video_info import VideoInfo

__all__ = [
    "F32",
    "F64",
    "I64",
    "LANE_STAGES",
    "READER_STAGES",
    "Annotation",
    "Channels",
    "Counts",
    "CountsRow",
    "Crops",
    "Event",
    "Expressions",
    "Faces",
    "FrameBatch",
    "LoadedDataset",
    "Part",
    "PassProfile",
    "Pictures",
    "Regression",
    "Score",
    "Session",
    "Signal",
    "Timeline",
    "VideoInfo",
]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Event:
    """Something the expression did, in seconds of the session: [onset_s, offset_s).

    ``trigger_s`` is when the rule became true; a rule may stamp its onset earlier (the windowed
    rule: up to 5 s). ``peak`` is the signal's largest value inside the event (NaN where it has
    none).
    """

    session_id: str
    onset_s: float
    offset_s: float
    trigger_s: float
    label: str
    peak: float

    def __post_init__(self) -> None:
        """Check that times are finite and in order."""
        _check_times(self, self.onset_s, self.offset_s, self.trigger_s)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Annotation:
    """What a human marked, in seconds of the session; a point has ``onset_s == offset_s``.

    ``reacted`` says whether the person on the video visibly reacted to it (None = not told). It
    changes no score and takes no part in comparisons and digests.
    """

    session_id: str
    onset_s: float
    offset_s: float
    kind: str = ""
    annotator: str = ""
    reacted: bool | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Check that times are finite and in order."""
        _check_times(self, self.onset_s, self.offset_s)


def _check_times(
    owner: Event | Annotation, onset_s: float, offset_s: float, *more_s: float
) -> None:
    """Raise DataError unless times are finite numbers, and the session has a name."""
    times = (onset_s, offset_s, *more_s)
    are_numbers = all(isinstance(time, Real) and math.isfinite(time) for time in times)
    if are_numbers and offset_s >= onset_s and isinstance(owner.session_id, str):
        return
    raise DataError(
        f"{type(owner).__name__} of {owner.session_id!r}: expected a session's name and finite "
        f"times with onset <= offset, got onset {onset_s!r}, offset {offset_s!r}"
        + "".join(f", trigger {time!r}" for time in more_s)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One video file of a session.

    Attributes:
        path: the file.
        start_s: where it begins (its container, as a player shows it), in seconds of the session;
            None = where the part before it ends (the first part: 0).
    """

    path: Path
    start_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One recorded meeting.

    Attributes:
        session_id: unique name.
        parts: video files in order.
        participant: who is on it (the unit of resampling); "" = unknown.
        camera: which camera; "" = the only one.
        observed: annotated stretches [from_s, to_s); None = the whole video.
        annotations: what humans marked; None = nobody annotated this session, so it has no scores.
        unscored: why ``annotations`` is None for another reason: a row that cannot be read, or a
            part that is missing; "" = nobody annotated the session.
    """

    session_id: str
    parts: tuple[Part, ...]
    participant: str = ""
    camera: str = ""
    observed: tuple[tuple[float, float], ...] | None = None
    annotations: tuple[Annotation, ...] | None = None
    unscored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedDataset:
    """Everything that a data set says, read once.

    Attributes:
        sessions: sorted by name.
        notices: what was left out and why, one sentence each (bad rows with line numbers, files
            without a partner).
        tables: files besides videos that decide results, by what they are (``annotations``,
            ``manifest``).
        all_annotators: by session, the annotations of everybody, where ``sessions`` have those of
            one chosen annotator; else empty.
        all_watched: in ``all_annotators``, everybody went through every session; else only through
            those in which the person has an annotation.
    """

    sessions: tuple[Session, ...]
    notices: tuple[str, ...] = ()
    tables: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    all_annotators: Mapping[str, tuple[Annotation, ...]] = field(default_factory=dict)
    all_watched: bool = False
