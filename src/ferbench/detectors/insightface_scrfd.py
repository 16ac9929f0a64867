"""SCRFD as the insightface package itself runs it: the cross-check of ``ferbench.detectors.scrfd``.

Paper: Guo et al. 2022, "Sample and Computation Redistribution for Efficient Face Detection" (ICLR).
Original: insightface 2.1 (MIT; its models: non-commercial research),
``insightface.model_zoo.scrfd.SCRFD``.

Differs from ``insightface.app.FaceAnalysis``: one input size instead of two, no other networks,
always on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.detectors.engines import Found, detect_each
from ferbench.detectors.frames import check_frames
from ferbench.detectors.scrfd import check_search
from ferbench.errors import ConfigError
from ferbench.nets import scrfd
from ferbench.types import Faces
from ferbench.weights import onnx_graph
from ferbench.weights.checking import check
from ferbench.weights.published import PublishedFile

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightfaceScrfd:
    """SCRFD through the package insightface.

    Implements ``ferbench.protocols.Detector``. Computes on the CPU.

    Attributes:
        weights: the ONNX file, any size, with or without landmarks.
        input_px: side of the square that frames are fitted into, a multiple of 32; some files take
            640 only.
        min_score: least probability of a face, in [0, 1).
        overlap: largest intersection over union of two faces, in [0, 1].
    """

    version: ClassVar[str] = "1"

    weights: PublishedFile
    input_px: int = 640
    min_score: float = 0.5
    overlap: float = 0.4

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_search(self.input_px, self.min_score, self.overlap)

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
            ConfigError: insightface is not installed, or the file takes frames of another size
                only.
            WeightsError: the file is missing, has another hash, or is no SCRFD.
        """
        try:
            from insightface.model_zoo.scrfd import SCRFD
        except ImportError as error:
            raise ConfigError(
                "the detector insightface_scrfd needs the package insightface, which cannot be "
                f"imported ({error})",
                hint="pip install 'ferbench[insightface]', or take the detector scrfd_2.5g, "
                "which finds the same",
            ) from error
        path = check(self.weights, models)
        model = scrfd.read(path)
        fixed_px = scrfd.side_px(model)
        if fixed_px not in (None, self.input_px):
            raise ConfigError(
                key="input_px",
                expected=f"{fixed_px}, as {path.name} takes no other",
                got=self.input_px,
                hint="ferbench's own SCRFD takes any multiple of 32",
            )
        net = SCRFD(model_file=str(path), session=onnx_graph.session(model, path))
        net.prepare(
            -1,
            input_size=(self.input_px, self.input_px),
            det_thresh=self.min_score,
            nms_thresh=self.overlap,
        )
        return _Loaded(net)


class _Loaded:
    """The detector with its network."""

    def __init__(self, net: Any) -> None:
        self.net = net

    def __call__(self, frames: torch.Tensor) -> Faces:
        """Find the faces of frames u8 (N, 3, H, W)."""
        check_frames("InsightfaceScrfd", frames)
        if frames.numel() == 0:
            return Faces.empty()
        return detect_each(frames, self._of_image)

    def _of_image(self, bgr: NDArray[np.uint8]) -> Found:
        rows, landmarks = self.net.detect(bgr)
        if landmarks is None:
            landmarks = np.full((len(rows), 5, 2), np.nan)
        return rows[:, :4], rows[:, 4], landmarks.astype(np.float32)
