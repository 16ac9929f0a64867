"""Signals from boxes and landmarks alone, without any network that knows expressions.

They are what a detector of expressions has to beat: events at a robot's errors do not say that an
expression was there, since people also move, turn and talk then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np

from ferbench.checks import check_choice
from ferbench.errors import ConfigError, DataError
from ferbench.events.ranked import RankedTreatment
from ferbench.types import F64, I64, Expressions, Faces, Pictures, Signal, Timeline

Measure = Literal["head_motion", "mouth_opening", "face_size"]

_LEFT_EYE, _RIGHT_EYE, _NOSE, _LEFT_MOUTH, _RIGHT_MOUTH = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceSignal(RankedTreatment):
    """One signal of the chosen face's geometry, treated as ``RankedTreatment`` says.

    A frame has no value (NaN) where no face was chosen, and where what is measured is not known:
    motion in the first frame of a face, a mouth without landmarks.

    Attributes:
        measure: ``head_motion`` = how far the box's centre is from where it was ``over_s`` ago, in
            widths of the face per second; ``mouth_opening`` = distance from the nose to the middle
            of the mouth's corners over that between the eyes, which grows as the jaw sinks (five
            landmarks have no lips) and as a face turns to the side; ``face_size`` = geometric mean
            of the box's sides over the picture's height, which grows as a person leans forward.
    """

    version: ClassVar[str] = "1"
    measure: Measure = "head_motion"

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
        """Whether the pixels' table is needed: no."""
        return False

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
            chosen: i64 (T,), row of ``faces`` per frame, -1 = none.
            timeline: of the video, T frames.
            faces: all faces of the video.
            pictures: not looked at.

        Raises:
            ConfigError: the detector gives no landmarks, which the measure needs, or no two frames
                are within ``over_s``.
            DataError: ``chosen`` does not have one row per frame.
        """
        del expressions, pictures
        if chosen.shape != (timeline.video.num_frames,):
            raise DataError(
                f"chosen: expected shape ({timeline.video.num_frames},), got {chosen.shape}"
            )
        frame = np.flatnonzero(chosen >= 0)
        value = np.full(len(chosen), np.nan)
        value[frame] = self._measured(faces.rows(chosen[frame]), timeline)
        value = self.finished(value, timeline.edges_s)
        return (Signal(timeline=timeline, value=value, label=self.measure),)

    def _measured(self, faces: Faces, timeline: Timeline) -> F64:
        """The value of each chosen face, f64 (C,), one face per frame in order."""
        if self.measure == "head_motion":
            self.check_sees_motion(timeline.edges_s)
            at_s = timeline.edges_s[:-1][faces.frame]
            return _head_motion(faces, at_s, self.earliest(at_s))
        if self.measure == "face_size":
            return _sides_px(faces) / timeline.video.height_px
        return _mouth_opening(faces)


def _sides_px(faces: Faces) -> F64:
    """Geometric mean of each box's sides, f64 (C,)."""
    box = faces.box_xyxy.astype(np.float64)
    sides = np.sqrt((box[:, 2] - box[:, 0]).clip(0) * (box[:, 3] - box[:, 1]).clip(0))
    return np.asarray(sides, np.float64)


def _head_motion(faces: Faces, at_s: F64, before: I64) -> F64:
    """Face widths per second since an earlier sight of each, f64 (C,)."""
    box = faces.box_xyxy.astype(np.float64)
    centre = (box[:, :2] + box[:, 2:]) / 2
    width_px = box[:, 2] - box[:, 0]
    here = np.arange(len(at_s))
    moved_px = np.linalg.norm(centre - centre[before], axis=1)
    mean_width_px = (width_px + width_px[before]) / 2
    result = np.full(len(at_s), np.nan)
    known = (before < here) & (mean_width_px > 0)
    lasts_s = at_s - at_s[before]
    result[known] = moved_px[known] / mean_width_px[known] / lasts_s[known]
    return result


def _mouth_opening(faces: Faces) -> F64:
    """Nose to mouth over eye to eye, f64 (C,).

    Raises:
        ConfigError: there are faces, and no landmarks at all.
    """
    points = faces.landmarks_xy.astype(np.float64)
    if len(points) and np.isnan(points).all():
        raise ConfigError(
            "mouth_opening needs landmarks, and this detector gives none: "
            f"{len(points)} of the chosen faces are boxes only",
            key="signal.measure",
            hint="choose another detector, or head_motion or face_size",
        )
    mouth = (points[:, _LEFT_MOUTH] + points[:, _RIGHT_MOUTH]) / 2
    down_px = np.linalg.norm(mouth - points[:, _NOSE], axis=1)
    across_px = np.linalg.norm(points[:, _RIGHT_EYE] - points[:, _LEFT_EYE], axis=1)
    result = np.full(len(points), np.nan)
    np.divide(down_px, across_px, out=result, where=across_px > 0)
    return result
