"""Signals of whole pictures, whoever is in them: light, and anything that moves.

They are what a detector of expressions has to beat where the robot, a screen or a door is in the
picture too. They need a table of the pixels, which is made where such a signal is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from ferbench.checks import check_choice
from ferbench.errors import ConfigError, DataError
from ferbench.events.ranked import RankedTreatment
from ferbench.types import F64, I64, Expressions, Faces, Pictures, Signal, Timeline

Measure = Literal["brightness", "any_motion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSignal(RankedTreatment):
    """One signal of whole pictures, whether or not a face is in them.

    Motion is per second, not per frame: what changed since the earliest frame in the last
    ``over_s``, summed from frame to frame, over the time since then. So it means the same at any
    frame rate, and a picture that a recording shows twice changes nothing. A frame has no value
    (NaN) where there is no frame in the ``over_s`` before it: the first one, and the first after a
    gap, across which nobody knows when things changed.

    Attributes:
        measure: ``brightness`` = mean grey level, 0 to 255; ``any_motion`` = mean absolute change
            of grey levels per second.
    """

    version: ClassVar[str] = "1"
    measure: Measure = "any_motion"

    def __post_init__(self) -> None:
        """Check the fields."""
        check_choice("measure", self.measure, get_args(Measure))
        self.check_ranked()

    @property
    def goes_by(self) -> str:
        """What a detector with this signal goes by instead of expressions."""
        return self.measure

    @property
    def needs_pictures(self) -> bool:
        """Whether the pixels' table is needed: yes."""
        return True

    def build(
        self,
        expressions: Expressions,
        chosen: I64,
        timeline: Timeline,
        faces: Faces,
        pictures: Pictures | None = None,
    ) -> tuple[Signal, ...]:
        """One Signal, labelled with what is measured.

        Args:
            expressions: not looked at.
            chosen: not looked at.
            timeline: of the video, T frames.
            faces: not looked at.
            pictures: of the video, T frames.

        Raises:
            ConfigError: there are no pictures, or no two of them are within ``over_s``.
            DataError: there are not as many as frames.
        """
        del expressions, chosen, faces
        if pictures is None:
            raise ConfigError(
                f"{self.measure} is of whole pictures, and here are only tables of faces and "
                "expressions",
                key="signal.measure",
                hint="evaluate the video itself, or choose head_motion, mouth_opening or face_size",
            )
        if len(pictures.luma) != timeline.video.num_frames:
            raise DataError(
                f"pictures: expected {timeline.video.num_frames} frames, got {len(pictures.luma)}"
            )
        value = self._measured(pictures, timeline.edges_s)
        value = self.finished(value, timeline.edges_s)
        return (Signal(timeline=timeline, value=value, label=self.measure),)

    def _measured(self, pictures: Pictures, edges_s: F64) -> F64:
        if self.measure == "brightness":
            return pictures.luma.copy()
        self.check_sees_motion(edges_s)
        at_s = edges_s[:-1]
        here, before = np.arange(len(at_s)), self.earliest(at_s)
        changed = np.cumsum(np.nan_to_num(pictures.change, nan=0.0))
        result = np.full(len(at_s), np.nan)
        known = before < here
        lasts_s = at_s - at_s[before]
        result[known] = (changed - changed[before])[known] / lasts_s[known]
        return result
