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

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from ferbench.checks import check_choice, check_probability_below_1, check_share
from ferbench.detectors.candidates import Candidates, Output, Part, candidates
from ferbench.detectors.engines import (
    Engine,
    OnnxruntimeEngine,
    TorchEngine,
)
from ferbench.detectors.frames import check_frames
from ferbench.detectors.network_input import Fit, Pixels
from ferbench.detectors.suppression import nms_of_frames
from ferbench.engine_choice import EngineName, Precision, uses_torch
from ferbench.errors import ConfigError, WeightsError
from ferbench.fingerprint import KEY_AS_WITHOUT
from ferbench.nets import scrfd, scrfd_heads
from ferbench.nets.scrfd import ANCHORS, STRIDES_PX
from ferbench.types import F32, Faces
from ferbench.weights.checking import check
from ferbench.weights.published import PublishedFile

_PIXELS: Final = Pixels(bgr=False, mean=(127.5,) * 3, std=(128.0,) * 3)
_SMALL_PX: Final = 64
_DEVICE_FRAMES: Final = 16  # at once; does not change results
_CPU_PIXELS: Final = 32_000_000  # at once; does not change results

Canvas = Literal["square", "tight"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrfd:
    """SCRFD from a published ONNX file; implements ``ferbench.protocols.Detector``.

    Attributes:
        weights: the ONNX file, any size, with or without landmarks.
        input_px: side of the square that frames are fitted into, a multiple of 32.
        canvas: what the network sees: the whole ``square``, black where the frame is not, or only
            its ``tight`` part with the frame, sides rounded up to multiples of 32.
        min_score: least probability of a face, in [0, 1).
        overlap: largest intersection over union of two faces, in [0, 1].
        engine: what computes the network: ``onnxruntime`` (CPU only), ``torch``, or ``auto``:
            onnxruntime on a CPU, torch elsewhere.
        precision: what torch computes the network with: ``float32``, or half of it, ``bfloat16`` or
            ``float16`` (not on a CPU).
    """

    version: ClassVar[str] = "1"

    weights: PublishedFile
    input_px: int = 640
    canvas: Canvas = "square"
    min_score: float = 0.5
    overlap: float = 0.4
    engine: EngineName = "auto"
    precision: Precision = field(default="float32", metadata={KEY_AS_WITHOUT: "float32"})

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_search(self.input_px, self.min_score, self.overlap)
        check_choice("canvas", self.canvas, get_args(Canvas))
        check_choice("engine", self.engine, get_args(EngineName))
        check_choice("precision", self.precision, get_args(Precision))

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The ONNX file."""
        return (self.weights,)

    def canvas_px(self, height_px: int, width_px: int) -> tuple[int, int]:
        """Height and width of what the network sees of a frame of this size, already fitted."""
        if self.canvas == "square":
            return self.input_px, self.input_px
        coarsest_px = STRIDES_PX[-1]
        return -(-height_px // coarsest_px) * coarsest_px, -(-width_px // coarsest_px) * coarsest_px

    def load(self, device: torch.device, models: Path) -> Callable[[Tensor], Faces]:
        """Return a function from frames, RGB u8 (N, 3, H, W) on ``device``, to their Faces.

        Raises:
            WeightsError: the file is missing, has another hash, or is no SCRFD.
            ConfigError: the device has no such engine or precision.
        """
        by_torch = uses_torch(self.engine, device, self.precision)
        path = check(self.weights, models)
        graph = scrfd.dynamic(path)
        engine: Engine
        if by_torch:
            most_pixels = _DEVICE_FRAMES * self.input_px**2
            engine = TorchEngine(
                scrfd.torch_module(graph, path),
                device,
                most_pixels=most_pixels,
                precision=self.precision,
            )
        else:
            heads_merged = scrfd_heads.merged(graph)
            engine = OnnxruntimeEngine(heads_merged, path, most_pixels=_CPU_PIXELS)
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


@lru_cache(maxsize=8)
def _cells(canvas_px: tuple[int, int]) -> tuple[F32, F32]:
    """Pixel of the canvas that each anchor looks at, f32 (P, 2), and its stride, f32 (P, 1)."""
    centres, strides = [], []
    for stride_px in STRIDES_PX:
        y, x = np.indices([side_px // stride_px for side_px in canvas_px])
        cells = np.stack((x, y), axis=-1).reshape(-1, 2) * stride_px
        centres.append(np.repeat(cells, ANCHORS, axis=0))
        strides.append(np.full((len(centres[-1]), 1), stride_px))
    centre, stride = (np.concatenate(parts).astype(np.float32) for parts in (centres, strides))
    centre.flags.writeable = stride.flags.writeable = False  # shared by all calls
    return centre, stride


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
        height_px, width_px = fitted_px(frames.shape[2], frames.shape[3], self.spec.input_px)
        if height_px < 1 or width_px < 1:
            return Faces.empty()
        scale = height_px / frames.shape[2]
        sizes = Fit(
            height_px=height_px,
            width_px=width_px,
            canvas_px=self.spec.canvas_px(height_px, width_px),
            scale_xy=(1 / scale, 1 / scale),
        )
        found = Candidates.concat(
            [
                self._candidates(outputs, first)
                for first, outputs in self.engine.outputs_of(frames, _PIXELS, sizes)
            ]
        )
        return self._decide(found, sizes.canvas_px, np.float32(scale))

    def _candidates(self, outputs: Sequence[Output], first_frame: int) -> Candidates:
        """Anchors that may be faces: of each, score, distances, and offsets where there are any."""
        least = float(np.float32(self.spec.min_score))  # the original compares in f32
        strides = (outputs[at :: len(STRIDES_PX)] for at in range(len(STRIDES_PX)))
        parts = [Part(sure=stride[0][..., 0] >= least, outputs=stride) for stride in strides]
        return candidates(parts, first_frame)

    def _decide(self, found: Candidates, canvas_px: tuple[int, int], scale: np.float32) -> Faces:
        """Boxes, landmarks and order of all frames' faces.

        ``scale`` is pixels of the canvas per pixel of the frame.
        """
        centre, stride = (values[found.anchor] for values in _cells(canvas_px))
        score, side = found.values[:, 0], found.values[:, 1:5] * stride
        box = np.concatenate((centre - side[:, :2], centre + side[:, 2:]), axis=1)
        box /= scale
        points: F32 = np.full((len(score), 5, 2), np.nan, np.float32)
        if found.values.shape[1] > 5:
            shift = (found.values[:, 5:] * stride).reshape(-1, 5, 2)
            points = ((centre[:, None] + shift) / scale).astype(np.float32)
        keep = nms_of_frames(found.frame, box, score, overlap=self.spec.overlap, extra_px=1)
        return Faces(
            frame=found.frame[keep],
            box_xyxy=box[keep],
            score=score[keep],
            landmarks_xy=points[keep],
        )
