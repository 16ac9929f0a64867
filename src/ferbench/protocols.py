"""What a pluggable part must offer. Structural types: nothing has to inherit from them.

A component is a frozen, keyword-only dataclass whose compared fields are exactly the values that
change results, plus a class variable ``version`` that is raised whenever its output changes. It is
cheap to build; ``load`` returns the callable that owns tensors, so a run that finds everything in
the cache loads no weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from ferbench.types import (
    Channels,
    Crops,
    Event,
    Expressions,
    Faces,
    FrameBatch,
    LoadedDataset,
    Pictures,
    Signal,
    Timeline,
)

if TYPE_CHECKING:
    import torch

    from ferbench.geometry import CropGeometry
    from ferbench.threshold_sweep import ThresholdSweep
    from ferbench.types import I64
    from ferbench.weights.published import PublishedFile


class OpenVideo(Protocol):
    """A video that is being decoded.

    Iterating yields batches of consecutive frames (all of the same size; every batch but the last
    has the asked length, or fewer frames where they are so large that these would fill the memory;
    one ends wherever a batch of the asked length would). After the last batch ``timeline`` tells
    what was decoded.
    """

    @property
    def estimated_frames(self) -> int:
        """Frames that the container announces, 0 = unknown; for progress bars only."""

    def __iter__(self) -> Iterator[FrameBatch]:
        """Decode. Raises VideoError where the video is damaged (unless damaged videos are kept)."""

    def timeline(self, *, video_id: str, sha256: str) -> Timeline:
        """The timeline of the frames that came out.

        Only after the last batch. Raises VideoError.
        """


@runtime_checkable
class Reader(Protocol):
    """Decodes videos."""

    version: ClassVar[str]

    def open(
        self,
        path: Path,
        *,
        batch_frames: int,
        threads: int,
        keep_damaged: bool,
        target_fps: float | None = None,
        first_frame: int = 0,
    ) -> AbstractContextManager[OpenVideo]:
        """Open a video. Raises VideoError with the reason when it cannot be.

        Frames before ``first_frame`` are decoded and timed as ever, but are in no batch; batches
        end where they would without it, and the timeline is the same.
        """


@runtime_checkable
class Detector(Protocol):
    """Finds faces."""

    version: ClassVar[str]

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The files that ``load`` reads."""

    def load(self, device: torch.device, models: Path) -> Callable[[torch.Tensor], Faces]:
        """Return a function from frames, RGB u8 (N, 3, H, W) on ``device``, to their Faces.

        The Faces' frames are counted from 0.
        """


@runtime_checkable
class Preprocessing(Protocol):
    """Cuts faces out of frames: geometry only, no normalisation."""

    version: ClassVar[str]

    def geometry(self, *, model_px: int) -> CropGeometry:
        """What its crops are, to be compared with those that a model's weights were trained on."""

    def crop(self, frames: torch.Tensor, faces: Faces, *, model_px: int) -> Crops:
        """Cut every row of ``faces`` (frame numbers index ``frames``) out of RGB u8 (N, 3, H, W).

        The crops are as large as the component's own ``size_px`` says, or ``model_px`` where that
        is None. A face that cannot be cut out has no row in the result.
        """


@runtime_checkable
class Model(Protocol):
    """Says of crops which expression they show, how strong it is, or both."""

    version: ClassVar[str]

    @property
    def channels(self) -> Channels:
        """K classes and R regressions, in the order of the outputs."""

    @property
    def input_px(self) -> int:
        """Side of the square that the network takes."""

    @property
    def trained_crop(self) -> CropGeometry:
        """The crop that the weights were trained on."""

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The files that ``load`` reads."""

    def load(self, device: torch.device, models: Path) -> Callable[[torch.Tensor], torch.Tensor]:
        """Return a function from crops, RGB u8 (M, 3, S, S), to outputs f32 (M, K + R).

        Logits of the classes, then regressions in their own units. Crops and outputs are on
        ``device``.
        """


@runtime_checkable
class Selector(Protocol):
    """Chooses the participant's face."""

    version: ClassVar[str]

    def select(self, faces: Faces, timeline: Timeline, *, camera: str = "") -> I64:
        """Row of ``faces`` chosen in each frame, i64 (T,); -1 = none.

        Args:
            faces: all faces of the video.
            timeline: its T frames, their times and their size.
            camera: which camera it is; "" = the only one.

        Raises:
            ConfigError: the selector has no region for this camera, or does not know the frame's
                size.
            DataError: faces and timeline do not belong together.
        """


@runtime_checkable
class SignalRule(Protocol):
    """Turns what is known of the chosen faces into signals."""

    version: ClassVar[str]

    def span_of(self, channels: Channels) -> tuple[float, float]:
        """Smallest and largest value that a signal can have.

        Args:
            channels: of the model that it is made with.

        Raises:
            ConfigError: the model lacks what the rule needs.
        """

    @property
    def needs_pictures(self) -> bool:
        """Whether it needs what whole pictures are like: a table that is made only then."""

    def build(
        self,
        expressions: Expressions,
        chosen: I64,
        timeline: Timeline,
        faces: Faces,
        pictures: Pictures | None = None,
    ) -> tuple[Signal, ...]:
        """The signals of a video, always as many and with the same labels.

        Args:
            expressions: what the model said of the classified faces.
            chosen: i64 (T,), row of ``faces`` in each frame, -1 = none.
            timeline: of the video, T frames.
            faces: all faces of the video.
            pictures: what its whole pictures are like; None = not known.

        Raises:
            ConfigError: the model or the detector lacks what the rule needs.
            DataError: ``chosen`` does not have one row per frame.
        """

    def apply_participant_baseline(
        self, signals: tuple[Signal, ...], *, others: tuple[tuple[Signal, ...], ...]
    ) -> tuple[Signal, ...]:
        """The signals of a video once those of the participant's other sessions are known.

        Args:
            signals: of the video, one per label.
            others: those of each video of the other sessions.

        Raises:
            DataError: the rule needs other sessions, and there are none.
        """


@runtime_checkable
class EventRule(Protocol):
    """Turns a signal into events."""

    version: ClassVar[str]

    @property
    def level(self) -> float:
        """Signal value that makes an event: the threshold in tables of counts; NaN = none does."""

    @property
    def least_s(self) -> float:
        """Seconds of video that an event needs at least; 0 = any video can have one."""

    def detect(self, signal: Signal, *, session_id: str, start_s: float) -> tuple[Event, ...]:
        """Events in time order, in seconds of the session.

        Args:
            signal: of one part of the session.
            session_id: name of the session.
            start_s: where the part starts.
        """

    def threshold_sweep(self, signal: Signal, *, start_s: float) -> ThresholdSweep | None:
        """What ``detect`` finds at every level at once, exactly.

        None where its events depend on each other.
        """


@runtime_checkable
class SegmentRule(Protocol):
    """An event rule that says of each segment of a video whether there is an event in it."""

    def segments(self, signal: Signal) -> tuple[int, ...]:
        """1 or 0 for each segment of one part of a session, in time order."""


@runtime_checkable
class TrivialBaseline(Protocol):
    """A signal or an event rule that knows nothing of expressions: what others have to beat."""

    @property
    def goes_by(self) -> str:
        """What it goes by instead, such as ``mouth_opening``."""


@runtime_checkable
class Dataset(Protocol):
    """Where sessions come from."""

    def load(self) -> LoadedDataset:
        """Read everything, each file once. Raises DatasetError."""
