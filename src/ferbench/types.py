"""The data that travels through ferbench. All of it is frozen.

Every constructor checks shapes and dtypes.

Pixels are torch tensors on the device. Everything else is flat numpy on the CPU: M rows across the
frames of a video, one row in memory = one row on disk. Colour is RGB. Times are seconds from the
first frame's presentation timestamp, intervals are half-open. NaN means undefined.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import DataError
from ferbench.wording import plural

if TYPE_CHECKING:
    import torch

I64 = NDArray[np.int64]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


def _check(owner: object, name: str, shape: tuple[int | None, ...], dtype: str) -> None:
    """Raise DataError unless attribute ``name`` has this shape (None = any) and dtype.

    Dtypes are those of numpy and torch, by their names.
    """
    value: Any = getattr(owner, name)
    got_shape = tuple(value.shape)
    got_dtype = str(value.dtype).removeprefix("torch.")
    if got_dtype != dtype or not _has_shape(got_shape, shape):
        sizes = ", ".join("any" if size is None else str(size) for size in shape)
        raise DataError(
            f"{type(owner).__name__}.{name}: expected {dtype} of shape ({sizes}), "
            f"got {got_dtype} of shape {got_shape}"
        )


def _has_shape(got: tuple[int, ...], expected: tuple[int | None, ...]) -> bool:
    if len(got) != len(expected):
        return False
    pairs = zip(got, expected, strict=True)
    return all(size is None or size == got_size for got_size, size in pairs)


def _check_rising(owner: object, name: str) -> None:
    steps = np.diff(getattr(owner, name))
    _check_steps(owner, name, steps < 0, "rising")


def _check_strictly_rising(owner: object, name: str) -> None:
    steps = np.diff(getattr(owner, name))
    _check_steps(owner, name, steps <= 0, "strictly rising")


def _check_steps(owner: object, name: str, wrong: NDArray[np.bool_], expected: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"{type(owner).__name__}.{name}: expected {expected} values, "
            f"they fall or repeat after row {row}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What a fully decoded video is.

    Attributes:
        video_id: short name for people.
        path: where it was read from; never part of a key.
        sha256: digest of the file's bytes.
        num_frames: frames that came out of the decoder (not the header's count).
        width_px: width after rotation.
        height_px: height after rotation.
        fps_hz: average frame rate, frames per second of timeline.
        rotation_deg: rotation that was applied, counter-clockwise: 0, 90, 180 or 270.
    """

    video_id: str
    path: Path
    sha256: str
    num_frames: int
    width_px: int
    height_px: int
    fps_hz: float
    rotation_deg: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timeline:
    """When each decoded frame is on screen: frame i from ``edges_s[i]`` to ``edges_s[i + 1]``.

    Attributes:
        video: the video.
        edges_s: f64 (T+1,), strictly rising, starts at 0.
        num_repaired: frames whose timestamp was missing or repeated and was put between its
            neighbours.
        damage: why the video counts as damaged ("" = sound); only kept when the caller asked to
            keep such videos.
    """

    video: VideoInfo
    edges_s: F64
    num_repaired: int = 0
    damage: str = ""

    def __post_init__(self) -> None:
        """Check the edges."""
        _check(self, "edges_s", (self.video.num_frames + 1,), "float64")
        _check_strictly_rising(self, "edges_s")

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
        _check(self, "index", (None,), "int64")
        _check(self, "rgb", (len(self.index), 3, None, None), "uint8")

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
        _check(self, "frame", (None,), "int64")
        m = len(self.frame)
        _check(self, "box_xyxy", (m, 4), "float32")
        _check(self, "score", (m,), "float32")
        _check(self, "landmarks_xy", (m, 5, 2), "float32")
        _check_rising(self, "frame")

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

    A face that cannot be cut out (empty box) has no row here; its logits become NaN.

    Attributes:
        rgb: u8 (M, 3, S, S) torch.
        row: i64 (M,), rows of the Faces that they come from.
    """

    rgb: torch.Tensor
    row: I64

    def __post_init__(self) -> None:
        """Check shapes."""
        _check(self, "row", (None,), "int64")
        _check(self, "rgb", (len(self.row), 3, None, None), "uint8")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expressions:
    """What the model said of each classified face, M rows.

    Attributes:
        frame: i64 (M,), rising.
        face: i64 (M,), row in the video's Faces.
        logits: f32 (M, K); a row of NaN where no crop could be made.
        labels: K names in the order of the columns, ferbench's spelling.
    """

    frame: I64
    face: I64
    logits: F32
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check shapes and the order of frames."""
        _check(self, "frame", (None,), "int64")
        m = len(self.frame)
        _check(self, "face", (m,), "int64")
        _check(self, "logits", (m, len(self.labels)), "float32")
        _check_rising(self, "frame")

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

    def probs(self) -> F64:
        """Softmax of the logits over the labels, f64 (M, K); NaN rows stay NaN."""
        logits = self.logits.astype(np.float64)
        if len(logits) == 0:
            return logits
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        result: F64 = exponentials / exponentials.sum(axis=1, keepdims=True)
        return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signal:
    """One value per frame of one expression label.

    ``value`` f64 (T,), NaN where no face was chosen.
    """

    timeline: Timeline
    value: F64
    label: str

    def __post_init__(self) -> None:
        """Check shapes."""
        _check(self, "value", (self.timeline.video.num_frames,), "float64")


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
        finite = math.isfinite(self.onset_s) and math.isfinite(self.offset_s)
        if not finite or self.offset_s < self.onset_s:
            raise DataError(
                f"Annotation of {self.session_id!r}: expected finite times with onset <= offset, "
                f"got onset {self.onset_s!r}, offset {self.offset_s!r}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One video file of a session.

    Attributes:
        path: the file.
        start_s: where its first frame is, in seconds of the session; None = where the part before
            it ends (the first part: 0).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What scores are computed from.

    Attributes:
        tp: matched events.
        fp: events without an annotation.
        fn: annotations without an event.
        n_ref: annotations.
        observed_s: annotated seconds.
        valid_s: of these, seconds in which the signal was defined (a face was chosen).
    """

    tp: int
    fp: int
    fn: int
    n_ref: int
    observed_s: float
    valid_s: float

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            tp=self.tp + other.tp,
            fp=self.fp + other.fp,
            fn=self.fn + other.fn,
            n_ref=self.n_ref + other.n_ref,
            observed_s=self.observed_s + other.observed_s,
            valid_s=self.valid_s + other.valid_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Score:
    """One number with what is needed to read it.

    Attributes:
        name: that it is logged under, such as ``event/f1``.
        value: NaN = undefined.
        n: items that it rests on: events, annotations, matches or sessions.
        higher_is_better: which way is better.
        ci95: its interval of confidence; None = not asked for. Its ends are NaN where none can be
            made.
        chance: what events score that know nothing of the annotations; None = not asked for, or
            there is none for it.
        p: how often these are as good; None as ``chance``.
        participants: that it rests on; None = not known.
        params: settings that it was made with.

    >>> Score(name="event/f1", value=0.5, n=9, higher_is_better=True, ci95=(0.25, 0.75))
    Score: 0.500 [0.250, 0.750], 9 items
    """

    name: str
    value: float
    n: int
    higher_is_better: bool
    ci95: tuple[float, float] | None = None
    chance: float | None = None
    p: float | None = None
    participants: int | None = None
    params: Mapping[str, float | str] = field(default_factory=dict)

    def __repr__(self) -> str:
        value = _shown(self.value)
        if self.ci95 is not None and not math.isnan(self.ci95[0]):
            low, high = self.ci95
            value = f"{value} [{low:.3f}, {high:.3f}]"
        parts = [value]
        if self.chance is not None:
            parts.append(f"chance {_shown(self.chance)}")
        if self.p is not None:
            parts.append(f"p {_shown(self.p)}")
        parts.append(plural(self.n, "item"))
        if self.participants is not None:
            parts.append(plural(self.participants, "participant"))
        return f"Score: {', '.join(parts)}"


def _shown(value: float) -> str:
    if math.isnan(value):
        return "undefined"
    return f"{value:.3f}"
