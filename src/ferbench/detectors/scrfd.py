"""SCRFD: one look at the frame at three strides, with five landmarks where the network has them.

Paper: Guo et al. 2022, "Sample and Computation Redistribution for Efficient Face Detection" (ICLR).
Original: insightface 2.1, ``insightface.model_zoo.scrfd.SCRFD.detect`` with one input size and all
faces kept.

Differs from the original:
    - several frames at once, and files that ask for 640 x 640 take other sizes too (see
      ``ferbench.nets.scrfd``);
    - suppression measures overlaps in f64;
    - a frame so thin that nothing of it would be left has no faces (there: an error of OpenCV's).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, get_args

import numpy as np
import torch
from torch import Tensor

from ferbench.checks import check_choice, check_probability_below_1, check_share
from ferbench.detectors.engines import (
    Engine,
    EngineName,
    OnnxruntimeEngine,
    TorchEngine,
    uses_torch,
)
from ferbench.detectors.frames import check_frames
from ferbench.detectors.network_input import Fit, Pixels
from ferbench.detectors.suppression import greedy_nms
from ferbench.errors import ConfigError, WeightsError
from ferbench.nets import scrfd
from ferbench.nets.scrfd import ANCHORS, STRIDES_PX
from ferbench.types import F32, I64, Faces
from ferbench.weights.checking import check
from ferbench.weights.published import PublishedFile

_PIXELS: Final = Pixels(bgr=False, mean=(127.5,) * 3, std=(128.0,) * 3)
_SMALL_PX: Final = 64
_DEVICE_FRAMES: Final = 16  # at once; does not change results


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrfd:
    """SCRFD from a published ONNX file; implements ``ferbench.protocols.Detector``.

    Attributes:
        weights: the ONNX file, any size, with or without landmarks.
        input_px: side of the square that frames are fitted into, a multiple of 32.
        min_score: least probability of a face, in [0, 1).
        overlap: largest intersection over union of two faces, in [0, 1].
        engine: what computes the network: ``onnxruntime`` (CPU only), ``torch``, or ``auto``:
            onnxruntime on a CPU, torch elsewhere.
    """

    version: ClassVar[str] = "1"

    weights: PublishedFile
    input_px: int = 640
    min_score: float = 0.5
    overlap: float = 0.4
    engine: EngineName = "auto"

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_search(self.input_px, self.min_score, self.overlap)
        check_choice("engine", self.engine, get_args(EngineName))

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The ONNX file."""
        return (self.weights,)

    def load(self, device: torch.device, models: Path) -> Callable[[Tensor], Faces]:
        """Return a function from frames, RGB u8 (N, 3, H, W) on ``device``, to their Faces.

        Raises:
            WeightsError: the file is missing, has another hash, or is no SCRFD.
            ConfigError: onnxruntime is asked for, and the device is not a CPU.
        """
        by_torch = uses_torch(self.engine, device)
        path = check(self.weights, models)
        graph = scrfd.dynamic(path)
        engine: Engine
        if by_torch:
            most_pixels = _DEVICE_FRAMES * self.input_px**2
            engine = TorchEngine(scrfd.torch_module(graph, path), device, most_pixels=most_pixels)
        else:
            engine = OnnxruntimeEngine(graph, path)
        _try_out(engine, device, path)
        return _Loaded(self, engine)


def check_search(input_px: int, min_score: float, overlap: float) -> None:
    """Check the fields that say what is searched and what is kept.

    Raises:
        ConfigError: one is out of range.
    """
    if input_px < 1 or input_px % STRIDES_PX[-1]:
        raise ConfigError(key="input_px", expected=f"a multiple of {STRIDES_PX[-1]}", got=input_px)
    check_probability_below_1("min_score", min_score)
    check_share("overlap", overlap)


def fitted_px(height_px: int, width_px: int, side_px: int) -> tuple[int, int]:
    """Height and width of a frame fitted into a square, its shape kept.

    What is over is cut off, not rounded.

    >>> fitted_px(1080, 1920, 640), fitted_px(1280, 719, 640)
    ((360, 640), (640, 359))
    """
    ratio = height_px / width_px
    if ratio > 1:
        return side_px, int(side_px / ratio)
    return int(side_px * ratio), side_px


@torch.inference_mode()
def _try_out(engine: Engine, device: torch.device, path: Path) -> None:
    """Have the network look at nothing, so that a wrong one is noticed now.

    Raises:
        WeightsError: it fails, or its outputs are not those of the three strides.
    """
    try:
        outputs = engine.run(torch.zeros((1, 3, _SMALL_PX, _SMALL_PX), device=device))
    except Exception as error:  # neither engine has a class of errors of its own
        raise WeightsError(f"{path} cannot be computed: {' '.join(str(error).split())}") from error
    got = [tuple(output.shape) for output in outputs]
    expected = _shapes_of_small()[: len(got)]
    if got != expected:
        raise WeightsError(
            f"{path} is not an SCRFD with strides 8, 16 and 32: "
            f"its outputs are {got}, not {expected}"
        )


def _shapes_of_small() -> list[tuple[int, int, int]]:
    """Shapes of the network's outputs for one image of ``_SMALL_PX``, with landmarks."""
    rows = [(_SMALL_PX // stride) ** 2 * ANCHORS for stride in STRIDES_PX]
    return [(1, count, width) for width in scrfd.WIDTHS for count in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates:
    """Anchors that may be faces, C rows: boxes and landmarks in pixels of the frame."""

    frame: I64  # (C,)
    score: F32  # (C,)
    box: F32  # (C, 4)
    landmarks: F32  # (C, 5, 2)


class _Loaded:
    """The detector with its network."""

    def __init__(self, spec: Scrfd, engine: Engine) -> None:
        self.spec, self.engine = spec, engine

    @torch.inference_mode()
    def __call__(self, frames: Tensor) -> Faces:
        """Find the faces of frames u8 (N, 3, H, W)."""
        check_frames("Scrfd", frames)
        if frames.numel() == 0:
            return Faces.empty()
        side_px = self.spec.input_px
        height_px, width_px = fitted_px(frames.shape[2], frames.shape[3], side_px)
        if height_px < 1 or width_px < 1:
            return Faces.empty()
        scale = height_px / frames.shape[2]
        fit = Fit(
            height_px=height_px,
            width_px=width_px,
            canvas_px=(side_px, side_px),
            scale_xy=(1 / scale, 1 / scale),
        )
        parts = [
            self._decide(outputs, scale).shifted(first)
            for first, outputs in self.engine.outputs_of(frames, _PIXELS, fit)
        ]
        return Faces.concat(parts)

    def _decide(self, outputs: list[Tensor], scale: float) -> Faces:
        """Boxes, landmarks and order of some frames.

        ``scale`` is pixels of the square per pixel of the frame.
        """
        parts = [
            self._candidates(outputs[at :: len(STRIDES_PX)], stride, np.float32(scale))
            for at, stride in enumerate(STRIDES_PX)
        ]
        frame = np.concatenate([part.frame for part in parts])
        score = np.concatenate([part.score for part in parts])
        box = np.concatenate([part.box for part in parts])
        landmarks = np.concatenate([part.landmarks for part in parts])
        kept = [np.empty(0, np.int64)]
        for n in np.unique(frame):
            rows = np.flatnonzero(frame == n)
            best = greedy_nms(box[rows], score[rows], overlap=self.spec.overlap, extra_px=1)
            kept.append(rows[best])
        keep = np.concatenate(kept)
        return Faces(
            frame=frame[keep],
            box_xyxy=box[keep],
            score=score[keep],
            landmarks_xy=landmarks[keep],
        )

    def _candidates(self, outputs: list[Tensor], stride: int, scale: np.float32) -> _Candidates:
        """The anchors of one stride that are sure enough."""
        score, distance, *offset = outputs
        least = float(np.float32(self.spec.min_score))  # the original compares in f32
        frame, row = (score[..., 0] >= least).nonzero(as_tuple=True)
        y, x = np.divmod(row.cpu().numpy() // ANCHORS, self.spec.input_px // stride)
        centre = (np.stack((x, y), axis=1) * stride).astype(np.float32)
        side: F32 = distance[frame, row].cpu().numpy() * stride
        box = np.concatenate((centre - side[:, :2], centre + side[:, 2:]), axis=1)
        box /= scale
        landmarks = np.full((len(row), 5, 2), np.nan, np.float32)
        if offset:
            shift = offset[0][frame, row].cpu().numpy().reshape(-1, 5, 2) * stride
            landmarks = (centre[:, None] + shift) / scale
        return _Candidates(
            frame=frame.cpu().numpy(),
            score=score[frame, row, 0].cpu().numpy(),
            box=box,
            landmarks=landmarks,
        )
