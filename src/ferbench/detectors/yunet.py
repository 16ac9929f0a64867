"""YuNet through OpenCV: a tiny network for faces of about 10 to 300 pixels.

Paper: Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector" (Machine Intelligence
Research). Original: OpenCV's ``FaceDetectorYN``, which does everything but the size of its input;
limits as in opencv_zoo's class ``YuNet``.

Differs from the original: frames can be made smaller first, and several come at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from ferbench.detectors.frames import bgr_images, check_frames
from ferbench.errors import ConfigError, WeightsError
from ferbench.types import Faces
from ferbench.weights import onnx_graph
from ferbench.weights.checking import check
from ferbench.weights.published import PublishedFile

if TYPE_CHECKING:
    import torch

OPERATORS: Final = frozenset(
    {"Conv", "Relu", "Sigmoid", "MaxPool", "Add", "Resize", "Transpose", "Reshape"}
)
OUTPUTS: Final = frozenset(
    f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in (8, 16, 32)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Yunet:
    """YuNet with published weights.

    Implements ``ferbench.protocols.Detector``. Computes on the CPU.

    Attributes:
        weights: the ONNX file, of 2023 or later.
        long_side_px: larger frames are brought to this long side first; None = full size.
        min_score: least score of a face, in [0, 1); YuNet's scores seldom exceed 0.95.
        overlap: largest intersection over union of two faces, in [0, 1].
        candidates: so many boxes at most are looked at before overlapping ones are dropped.
    """

    version: ClassVar[str] = "1"

    weights: PublishedFile
    long_side_px: int | None = None
    min_score: float = 0.6
    overlap: float = 0.3
    candidates: int = 5000

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.long_side_px is not None and self.long_side_px < 1:
            raise ConfigError(
                f"Yunet.long_side_px: expected at least 1 pixel or null, got {self.long_side_px!r}"
            )
        if not 0 <= self.min_score < 1:
            raise ConfigError(
                f"Yunet.min_score: expected a number in [0, 1), got {self.min_score!r}"
            )
        if not 0 <= self.overlap <= 1:
            raise ConfigError(f"Yunet.overlap: expected a number in [0, 1], got {self.overlap!r}")
        if self.candidates < 1:
            raise ConfigError(f"Yunet.candidates: expected at least 1, got {self.candidates!r}")

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The ONNX file."""
        return (self.weights,)

    def load(self, device: torch.device, models: Path) -> Callable[[torch.Tensor], Faces]:  # noqa: ARG002
        """Return a function from frames, RGB u8 (N, 3, H, W) on any device, to Faces with frames
        0..N-1.

        Raises:
            WeightsError: the file is missing, has another hash, or is no YuNet.
        """
        import cv2

        path = check(self.weights, models)
        model = onnx_graph.read(path, network="a YuNet", operators=OPERATORS)
        outputs = {output.name for output in model.graph.output}
        if outputs != OUTPUTS:
            raise WeightsError(
                f"{path} is not a YuNet of 2023 or later: expected the outputs {', '.join(sorted(OUTPUTS))}, "
                f"got {', '.join(sorted(outputs)) or 'none'}"
            )
        limits = (self.min_score, self.overlap, self.candidates)
        file, no_config = np.frombuffer(model.SerializeToString(), np.uint8), np.empty(0, np.uint8)
        try:
            with _quiet():
                net = cv2.FaceDetectorYN.create("onnx", file, no_config, (320, 320), *limits)
        except cv2.error as error:
            raise WeightsError(
                f"{path} cannot be run by OpenCV: {' '.join(str(error).split())}"
            ) from error
        return _Loaded(self, net)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let OpenCV tell errors only.

    At each start it warns that its engine has no targets to choose from.
    """
    from cv2.utils import logging

    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        logging.setLogLevel(level)


class _Loaded:
    """The detector with its network."""

    def __init__(self, spec: Yunet, net: Any) -> None:
        self.spec, self.net = spec, net

    def __call__(self, frames: torch.Tensor) -> Faces:
        """Find the faces of frames u8 (N, 3, H, W)."""
        check_frames("Yunet", frames)
        if frames.numel() == 0:
            return Faces.empty()
        return Faces.concat(
            [self._one(frame).shifted(n) for n, frame in enumerate(bgr_images(frames))]
        )

    def _one(self, bgr: NDArray[np.uint8]) -> Faces:
        import cv2

        height_px, width_px = bgr.shape[:2]
        size_px = self._size_px(height_px, width_px)
        small = (
            bgr
            if size_px == (width_px, height_px)
            else cv2.resize(bgr, size_px, interpolation=cv2.INTER_LINEAR)
        )
        self.net.setInputSize(size_px)
        rows = self.net.detect(small)[1]
        if rows is None:
            return Faces.empty()
        scale = np.array([width_px / size_px[0], height_px / size_px[1]], np.float32)
        start, side = rows[:, :2] * scale, rows[:, 2:4] * scale
        return Faces(
            frame=np.zeros(len(rows), np.int64),
            box_xyxy=np.concatenate((start, start + side), axis=1),
            score=rows[:, 14],
            landmarks_xy=rows[:, 4:14].reshape(-1, 5, 2) * scale,
        )

    def _size_px(self, height_px: int, width_px: int) -> tuple[int, int]:
        """Width and height that a frame is brought to."""
        longest = max(height_px, width_px)
        wanted = self.spec.long_side_px
        if wanted is None or longest <= wanted:
            return width_px, height_px
        return max(1, round(width_px * wanted / longest)), max(
            1, round(height_px * wanted / longest)
        )
