"""YuNet through OpenCV: a tiny network for faces of about 10 to 300 pixels.

Paper: Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector" (Machine Intelligence
Research). Original: OpenCV's ``FaceDetectorYN``, which does everything but the size of its input;
limits as in opencv_zoo's class ``YuNet``.

Differs from the original: frames can be made smaller first, and several come at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from ferbench.checks import (
    check_at_least_1,
    check_optional_size,
    check_probability_below_1,
    check_share,
)
from ferbench.detectors.engines import Found, detect_each
from ferbench.detectors.frames import check_frames
from ferbench.errors import WeightsError
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
        check_optional_size("long_side_px", self.long_side_px)
        check_probability_below_1("min_score", self.min_score)
        check_share("overlap", self.overlap)
        check_at_least_1("candidates", self.candidates)

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The ONNX file."""
        return (self.weights,)

    def load(
        self,
        device: torch.device,  # noqa: ARG002
        models: Path,
    ) -> Callable[[torch.Tensor], Faces]:
        """Return a function from frames, RGB u8 (N, 3, H, W) on any device, to their Faces.

        Raises:
            WeightsError: the file is missing, has another hash, or is no YuNet.
        """
        import cv2

        path = check(self.weights, models)
        model = onnx_graph.read(path, network="a YuNet", operators=OPERATORS)
        outputs = {output.name for output in model.graph.output}
        if outputs != OUTPUTS:
            expected = ", ".join(sorted(OUTPUTS))
            got = ", ".join(sorted(outputs)) or "none"
            raise WeightsError(
                f"{path} is not a YuNet of 2023 or later: "
                f"expected the outputs {expected}, got {got}"
            )
        try:
            return _Loaded(self, np.frombuffer(model.SerializeToString(), np.uint8))
        except cv2.error as error:
            reason = " ".join(str(error).split())
            raise WeightsError(f"{path} cannot be run by OpenCV: {reason}") from error


def _network(spec: Yunet, file: NDArray[np.uint8]) -> Any:
    """OpenCV's detector; takes a few milliseconds."""
    import cv2

    limits = (spec.min_score, spec.overlap, spec.candidates)
    with _quiet():
        return cv2.FaceDetectorYN.create("onnx", file, np.empty(0, np.uint8), (320, 320), *limits)


_ONE_AT_A_TIME: Final = threading.Lock()  # the level is the whole program's


@contextmanager
def _quiet() -> Iterator[None]:
    """Let OpenCV tell errors only.

    At each start it warns that its engine has no targets to choose from.
    """
    from cv2.utils import logging

    with _ONE_AT_A_TIME:
        level = logging.getLogLevel()
        logging.setLogLevel(logging.LOG_LEVEL_ERROR)
        try:
            yield
        finally:
            logging.setLogLevel(level)


class _Loaded:
    """The detector with its network, of which every thread has its own: OpenCV's is for one."""

    def __init__(self, spec: Yunet, file: NDArray[np.uint8]) -> None:
        self.spec, self.file = spec, file
        self.of_thread = threading.local()
        self._net_of_thread()  # a file that cannot be run is noticed now

    def _net_of_thread(self) -> Any:
        if not hasattr(self.of_thread, "net"):
            self.of_thread.net = _network(self.spec, self.file)
        return self.of_thread.net

    def __call__(self, frames: torch.Tensor) -> Faces:
        """Find the faces of frames u8 (N, 3, H, W)."""
        check_frames("Yunet", frames)
        if frames.numel() == 0:
            return Faces.empty()
        return detect_each(frames, self._of_image)

    def _of_image(self, bgr: NDArray[np.uint8]) -> Found:
        import cv2

        height_px, width_px = bgr.shape[:2]
        size_px = self._size_px(height_px, width_px)
        image: Any = bgr
        if size_px != (width_px, height_px):
            image = cv2.resize(bgr, size_px, interpolation=cv2.INTER_LINEAR)
        net = self._net_of_thread()
        net.setInputSize(size_px)
        rows = net.detect(image)[1]
        if rows is None:
            rows = np.empty((0, 15), np.float32)
        scale = np.array([width_px / size_px[0], height_px / size_px[1]], np.float32)
        start, side = rows[:, :2] * scale, rows[:, 2:4] * scale
        box = np.concatenate((start, start + side), axis=1)
        return box, rows[:, 14], rows[:, 4:14].reshape(-1, 5, 2) * scale

    def _size_px(self, height_px: int, width_px: int) -> tuple[int, int]:
        """Width and height that a frame is brought to."""
        long_px = max(height_px, width_px)
        most_px = self.spec.long_side_px
        if most_px is None or long_px <= most_px:
            return width_px, height_px
        small_width_px = max(1, round(width_px * most_px / long_px))
        small_height_px = max(1, round(height_px * most_px / long_px))
        return small_width_px, small_height_px
