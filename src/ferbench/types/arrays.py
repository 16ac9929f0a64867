"""Videos, faces, crops, expressions and signals: what is made of pixels.

Pixels are torch tensors on the device. Everything else is flat numpy on the CPU: M rows across the
frames of a video, one row in memory = one row on disk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferbench.types.channels import Channels, Regression
from ferbench.types.shapes import check, check_rising, check_strictly_rising
from ferbench.types.video_info import VideoInfo

if TYPE_CHECKING:
    import torch

I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """When each decoded frame is on screen: frame i from ``edges_s[i]`` to ``edges_s[i + 1]``.

    Attributes:
        video: the video.
        edges_s: f64 (T+1,), strictly rising, seconds from the container's start, as players show
            them (or from the first frame, where a reader was asked for that).
        num_repaired: frames whose timestamp was missing or repeated and was put between its
            neighbours.
        damage: why the video counts as damaged ("" = sound); only kept when the caller asked to
            keep such videos.
        drift_s: counted times only: by how much they differ from the container's clock where they
            differ most; above 0 = they are later.
        notes: what else a reader of the times should know, a sentence each.
    """

    video: VideoInfo
    edges_s: F64
    num_repaired: int = 0
    damage: str = ""
    drift_s: float = 0.0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the edges."""
        check(self, "edges_s", (self.video.num_frames + 1,), "float64")
        check_strictly_rising(self, "edges_s")

    @property
    def duration_s(self) -> float:
        """Seconds from the first frame's start to the last frame's end."""
        return float(self.edges_s[-1] - self.edges_s[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameBatch:
    """Consecutive frames.

    Attributes:
        rgb: u8 (N, 3, H, W) torch.
        index: i64 (N,), frame numbers from 0.
    """

    rgb: torch.Tensor
    index: I64

    def __post_init__(self) -> None:
        """Check shapes."""
        check(self, "index", (None,), "int64")
        check(self, "rgb", (len(self.index), 3, None, None), "uint8")

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faces:
    """All faces of all frames, M rows.

    Attributes:
        frame: i64 (M,), rising; a frame without a face has no row.
        box_xyxy: f32 (M, 4) pixels of the frame, not clipped.
        score: f32 (M,).
        landmarks_xy: f32 (M, 5, 2) pixels or NaN; left eye, right eye, nose, left mouth corner,
            right mouth corner as seen in the image.
    Within a frame the rows keep the detector's published order (MTCNN: by area).
    """

    frame: I64
    box_xyxy: F32
    score: F32
    landmarks_xy: F32

    def __post_init__(self) -> None:
        """Check shapes and the order of frames."""
        check(self, "frame", (None,), "int64")
        m = len(self.frame)
        check(self, "box_xyxy", (m, 4), "float32")
        check(self, "score", (m,), "float32")
        check(self, "landmarks_xy", (m, 5, 2), "float32")
        check_rising(self, "frame")

    def __len__(self) -> int:
        return len(self.frame)

    @staticmethod
    def empty() -> Faces:
        """No face at all."""
        return Faces(
            frame=np.empty(0, np.int64),
            box_xyxy=np.empty((0, 4), np.float32),
            score=np.empty(0, np.float32),
            landmarks_xy=np.empty((0, 5, 2), np.float32),
        )

    @staticmethod
    def concat(parts: list[Faces]) -> Faces:
        """Put the rows of several tables after each other; frames must go on rising."""
        if not parts:
            return Faces.empty()
        return Faces(
            frame=np.concatenate([p.frame for p in parts]),
            box_xyxy=np.concatenate([p.box_xyxy for p in parts]),
            score=np.concatenate([p.score for p in parts]),
            landmarks_xy=np.concatenate([p.landmarks_xy for p in parts]),
        )

    def rows(self, keep: I64) -> Faces:
        """The given rows (i64, rising), as a table of their own."""
        return Faces(
            frame=self.frame[keep],
            box_xyxy=self.box_xyxy[keep],
            score=self.score[keep],
            landmarks_xy=self.landmarks_xy[keep],
        )

    def shifted(self, frames: int) -> Faces:
        """The same rows with ``frames`` added to every frame number."""
        return Faces(
            frame=self.frame + frames,
            box_xyxy=self.box_xyxy,
            score=self.score,
            landmarks_xy=self.landmarks_xy,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Crops:
    """Faces cut out of frames.

    A face that cannot be cut out (empty box) has no row here; its channels become NaN.

    Attributes:
        rgb: u8 (M, 3, S, S) torch.
        row: i64 (M,), rows of the Faces that they come from.
    """

    rgb: torch.Tensor
    row: I64

    def __post_init__(self) -> None:
        """Check shapes."""
        check(self, "row", (None,), "int64")
        check(self, "rgb", (len(self.row), 3, None, None), "uint8")


def _nothing_regressed() -> F32:
    return np.empty((0, 0), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expressions:
    """What the model said of each classified face, M rows.

    Attributes:
        frame: i64 (M,), rising.
        face: i64 (M,), row in the video's Faces.
        logits: f32 (M, K); a row of NaN where no crop could be made.
        labels: K classes in the order of the columns, ferbench's spelling; () = the model has none.
        regressed: f32 (M, R), each in its own units; a row of NaN where no crop could be made.
        regressions: what they are, in the order of the columns; () = the model has none.
    """

    frame: I64
    face: I64
    logits: F32
    labels: tuple[str, ...]
    regressed: F32 = field(default_factory=_nothing_regressed)
    regressions: tuple[Regression, ...] = ()

    def __post_init__(self) -> None:
        """Check shapes and the order of frames."""
        check(self, "frame", (None,), "int64")
        m = len(self.frame)
        check(self, "face", (m,), "int64")
        check(self, "logits", (m, len(self.labels)), "float32")
        if not self.regressions and self.regressed.size == 0:
            object.__setattr__(self, "regressed", np.empty((m, 0), np.float32))
        check(self, "regressed", (m, len(self.regressions)), "float32")
        check_rising(self, "frame")

    @staticmethod
    def of_outputs(*, frame: I64, face: I64, outputs: F32, channels: Channels) -> Expressions:
        """From a model's outputs, f32 (M, K + R): logits, then regressions."""
        num_labels = len(channels.labels)
        return Expressions(
            frame=frame,
            face=face,
            logits=outputs[:, :num_labels],
            labels=channels.labels,
            regressed=outputs[:, num_labels:],
            regressions=channels.regressions,
        )

    @property
    def channels(self) -> Channels:
        """What the columns are: classes, then regressions."""
        return Channels(labels=self.labels, regressions=self.regressions)

    def __len__(self) -> int:
        return len(self.frame)

    def rows_of(self, faces: I64) -> I64:
        """Row of this table that belongs to each face (row in Faces, -1 = none), same shape.

        -1 = not classified.
        """
        result = np.full(len(faces), -1, np.int64)
        if len(self) == 0:
            return result
        order = np.argsort(self.face, kind="stable")
        sorted_face = self.face[order]
        place = np.minimum(np.searchsorted(sorted_face, faces), len(sorted_face) - 1)
        known = (faces >= 0) & (sorted_face[place] == faces)
        result[known] = order[place[known]]
        return result

    def regressed_of(self, name: str) -> F64:
        """Values of the regression of a name, f64 (M,)."""
        names = [regression.name for regression in self.regressions]
        values: F64 = self.regressed[:, names.index(name)].astype(np.float64)
        return values

    def probs(self) -> F64:
        """Softmax of the logits over the labels, f64 (M, K); NaN rows stay NaN.

        Regressions take no part in it; without any class, K = 0.
        """
        logits = self.logits.astype(np.float64)
        if logits.size == 0:
            return logits
        largest = np.maximum.reduce(list(logits.T))  # by columns: rows of 7 are slow to reduce
        exponentials = np.exp(logits - largest[:, None])
        result: F64 = exponentials / exponentials.sum(axis=1, keepdims=True)
        return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signal:
    """One value per frame of one expression, or of another channel of the model.

    ``value`` f64 (T,), NaN where no face was chosen.
    """

    timeline: Timeline
    value: F64
    label: str

    def __post_init__(self) -> None:
        """Check shapes."""
        check(self, "value", (self.timeline.video.num_frames,), "float64")
