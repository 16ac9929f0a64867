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

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from ferbench.detectors.frames import check_frames
from ferbench.detectors.suppression import greedy_nms
from ferbench.errors import ConfigError, WeightsError
from ferbench.nets import scrfd
from ferbench.nets.scrfd import ANCHORS, STRIDES_PX
from ferbench.resize import opencv_linear
from ferbench.types import F32, I64, Faces
from ferbench.weights import onnx_graph
from ferbench.weights.checking import check
from ferbench.weights.published import PublishedFile

Engine = Literal["auto", "onnxruntime", "torch"]

_MEAN: Final = 127.5
_SPAN: Final = 128.0
_SMALL_PX: Final = 64
_CPU_FRAMES: Final = 1
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
    engine: Engine = "auto"

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_search("Scrfd", self.input_px, self.min_score, self.overlap)
        if self.engine not in get_args(Engine):
            raise ConfigError(
                f"Scrfd.engine: expected one of {', '.join(get_args(Engine))}, got {self.engine!r}"
            )

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """The ONNX file."""
        return (self.weights,)

    def load(self, device: torch.device, models: Path) -> Callable[[Tensor], Faces]:
        """Return a function from frames, RGB u8 (N, 3, H, W) on ``device``, to Faces with frames
        0..N-1.

        Raises:
            WeightsError: the file is missing, has another hash, or is no SCRFD.
            ConfigError: onnxruntime is asked for, and the device is not a CPU.
        """
        path = check(self.weights, models)
        on_cpu = device.type == "cpu"
        if self.engine == "onnxruntime" and not on_cpu:
            raise ConfigError(
                f"Scrfd.engine: onnxruntime computes on the CPU, and the device is {device}; "
                "use engine=auto, or runtime.device=cpu"
            )
        by_torch = self.engine == "torch" or not on_cpu
        return _Loaded(self, _Torch(path, device) if by_torch else _Onnxruntime(path))


def check_search(owner: str, input_px: int, min_score: float, overlap: float) -> None:
    """Check the fields that say what is searched and what is kept.

    Raises:
        ConfigError: one is out of range.
    """
    if input_px < 1 or input_px % STRIDES_PX[-1]:
        raise ConfigError(
            f"{owner}.input_px: expected a multiple of {STRIDES_PX[-1]}, got {input_px!r}"
        )
    if not 0 <= min_score < 1:
        raise ConfigError(f"{owner}.min_score: expected a number in [0, 1), got {min_score!r}")
    if not 0 <= overlap <= 1:
        raise ConfigError(f"{owner}.overlap: expected a number in [0, 1], got {overlap!r}")


def fitted_px(height_px: int, width_px: int, side_px: int) -> tuple[int, int]:
    """Height and width of a frame fitted into a square, its shape kept.

    What is over is cut off, not rounded.

    >>> fitted_px(1080, 1920, 640), fitted_px(1280, 719, 640)
    ((360, 640), (640, 359))
    """
    ratio = height_px / width_px
    return (side_px, int(side_px / ratio)) if ratio > 1 else (int(side_px * ratio), side_px)


_Outputs = tuple[int, list[Tensor]]
"""Number of the first frame, and the network's outputs for it and those after it."""

_Forward = Callable[[Tensor, int, int, int], Iterator[_Outputs]]
"""From frames u8 (N, 3, H, W), the height and width that they are brought to, and the side of the
square.
"""


class _Onnxruntime:
    """Frames side by side on the cores of a CPU."""

    def __init__(self, path: Path) -> None:
        session = onnx_graph.session(scrfd.dynamic(path), path)
        name = session.get_inputs()[0].name
        self.run: Callable[[F32], list[F32]] = lambda blob: session.run(None, {name: blob})
        _try_out(lambda blob: self.run(blob.numpy()), torch.device("cpu"), path)

    def __call__(
        self, frames: Tensor, height_px: int, width_px: int, side_px: int
    ) -> Iterator[_Outputs]:
        import cv2

        def one(frame: Tensor) -> list[F32]:
            # Decoded frames have their channels last in memory, which is how OpenCV is fast.
            image = frame.permute(1, 2, 0).contiguous().numpy()
            if image.shape[:2] != (height_px, width_px):
                image = cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_LINEAR)
            blob = np.full((1, 3, side_px, side_px), -_MEAN, np.float32)
            np.subtract(
                image.transpose(2, 0, 1), np.float32(_MEAN), out=blob[0, :, :height_px, :width_px]
            )
            blob *= np.float32(1 / _SPAN)
            return self.run(blob)

        with ThreadPoolExecutor(min(len(frames), torch.get_num_threads())) as pool:
            for n, outputs in enumerate(pool.map(one, frames)):
                yield n, [torch.from_numpy(output) for output in outputs]


class _Torch:
    """Frames in batches on any device."""

    def __init__(self, path: Path, device: torch.device) -> None:
        net = scrfd.torch_module(scrfd.dynamic(path), path)
        self.net = net.to(device).to(memory_format=torch.channels_last)
        self.at_once = _CPU_FRAMES if device.type == "cpu" else _DEVICE_FRAMES
        _try_out(self.net, device, path)

    def __call__(
        self, frames: Tensor, height_px: int, width_px: int, side_px: int
    ) -> Iterator[_Outputs]:
        for first in range(0, len(frames), self.at_once):
            small = opencv_linear(frames[first : first + self.at_once], height_px, width_px)
            blob = torch.zeros((len(small), 3, side_px, side_px), device=frames.device)
            blob[:, :, :height_px, :width_px] = small
            blob.sub_(_MEAN).mul_(1 / _SPAN)
            yield first, list(self.net(blob.to(memory_format=torch.channels_last)))


@torch.inference_mode()
def _try_out(net: Callable[[Tensor], Iterable[Any]], device: torch.device, path: Path) -> None:
    """Have the network look at nothing, so that a wrong one is noticed now.

    Raises:
        WeightsError: it fails, or its outputs are not those of the three strides.
    """
    try:
        outputs = net(torch.zeros((1, 3, _SMALL_PX, _SMALL_PX), device=device))
    except Exception as error:  # neither engine has a class of errors of its own
        raise WeightsError(f"{path} cannot be computed: {' '.join(str(error).split())}") from error
    got = [tuple(output.shape) for output in outputs]
    rows = [(_SMALL_PX // stride) ** 2 * ANCHORS for stride in STRIDES_PX]
    expected = [(1, n, width) for width in scrfd.WIDTHS for n in rows][: len(got)]
    if got != expected:
        raise WeightsError(
            f"{path} is not an SCRFD with strides 8, 16 and 32: its outputs are {got}, not {expected}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates:
    """Anchors that may be faces, C rows: boxes and landmarks in pixels of the frame."""

    frame: I64  # (C,)
    score: F32  # (C,)
    box: F32  # (C, 4)
    landmarks: F32  # (C, 5, 2)


class _Loaded:
    """The detector with its network."""

    def __init__(self, spec: Scrfd, forward: _Forward) -> None:
        self.spec, self.forward = spec, forward

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
        found = self.forward(frames, height_px, width_px, side_px)
        return Faces.concat(
            [self._decide(outputs, scale).shifted(first) for first, outputs in found]
        )

    def _decide(self, outputs: list[Tensor], scale: float) -> Faces:
        """Boxes, landmarks and order of some frames.

        ``scale`` is pixels of the square per pixel of the frame.
        """
        parts = [
            self._candidates(outputs[at :: len(STRIDES_PX)], stride, np.float32(scale))
            for at, stride in enumerate(STRIDES_PX)
        ]
        frame, score = (
            np.concatenate([p.frame for p in parts]),
            np.concatenate([p.score for p in parts]),
        )
        box, landmarks = (
            np.concatenate([p.box for p in parts]),
            np.concatenate([p.landmarks for p in parts]),
        )
        kept = [np.empty(0, np.int64)]
        for n in np.unique(frame):
            rows = np.flatnonzero(frame == n)
            kept.append(
                rows[greedy_nms(box[rows], score[rows], overlap=self.spec.overlap, extra_px=1)]
            )
        keep = np.concatenate(kept)
        return Faces(
            frame=frame[keep], box_xyxy=box[keep], score=score[keep], landmarks_xy=landmarks[keep]
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
            landmarks = (
                centre[:, None] + offset[0][frame, row].cpu().numpy().reshape(-1, 5, 2) * stride
            ) / scale
        return _Candidates(
            frame=frame.cpu().numpy(),
            score=score[frame, row, 0].cpu().numpy(),
            box=box,
            landmarks=landmarks,
        )
