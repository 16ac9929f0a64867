"""What computes a detector's network: onnxruntime on a CPU, or torch on any device.

Both take frames and give the network's outputs, in parts: the number of a part's first frame, and
the outputs for it and the frames after it. How many frames a part has depends on the engine, the
device and the size of the frames, never on the batch that the caller hands over, and it changes no
result beyond rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferbench.detectors.frames import bgr_images
from ferbench.detectors.network_input import Fit, Pixels
from ferbench.errors import ConfigError
from ferbench.sentences import Setting, Text
from ferbench.types import F32, Faces
from ferbench.weights import onnx_graph

if TYPE_CHECKING:
    import onnx

EngineName = Literal["auto", "onnxruntime", "torch"]

Outputs = tuple[int, list[Tensor]]
"""Number of the first frame, and the network's outputs for it and those after it."""


class Engine(Protocol):
    """A network that is ready to be computed."""

    def run(self, image: Tensor) -> list[Tensor]:
        """Its outputs for images as it takes them, f32 (N, 3, H, W) on its device."""

    def outputs_of(self, frames: Tensor, pixels: Pixels, fit: Fit) -> Iterator[Outputs]:
        """Its outputs for frames, RGB u8 (N, 3, H, W), at least one.

        Args:
            frames: on its device.
            pixels: colours as the network wants them.
            fit: size as the network wants it.
        """


def uses_torch(engine: EngineName, device: torch.device) -> bool:
    """Whether torch computes the network, else onnxruntime.

    Raises:
        ConfigError: onnxruntime is asked for, and the device is not a CPU.
    """
    on_cpu = device.type == "cpu"
    if engine == "onnxruntime" and not on_cpu:
        raise ConfigError(
            f"onnxruntime computes on the CPU, and the device is {device}",
            key="engine",
            hint=Text("use ", Setting("engine", "auto"), ", or compute on the CPU"),
        )
    return engine == "torch" or not on_cpu


class OnnxruntimeEngine:
    """Frames side by side on the cores of a CPU, one thread each.

    Args:
        model: the graph; its only input is the image.
        path: the file that it comes from, for messages.
        most_pixels: at most so many pixels are in the network at once; None = no limit.

    Raises:
        WeightsError: onnxruntime does not take the graph.
    """

    def __init__(
        self, model: onnx.ModelProto, path: Path, *, most_pixels: int | None = None
    ) -> None:
        self.session = onnx_graph.session(model, path)
        self.input_name = self.session.get_inputs()[0].name
        self.most_pixels = most_pixels

    def run(self, image: Tensor) -> list[Tensor]:
        """The network's outputs for images f32 (N, 3, H, W)."""
        return _as_tensors(self._compute(image.numpy()))

    def outputs_of(self, frames: Tensor, pixels: Pixels, fit: Fit) -> Iterator[Outputs]:
        """The network's outputs frame by frame."""

        def compute(frame: Tensor) -> list[F32]:
            return self._compute(pixels.of_frame(frame, fit))

        with ThreadPoolExecutor(self._num_threads(len(frames), fit)) as pool:
            for number, outputs in enumerate(pool.map(compute, frames)):
                yield number, _as_tensors(outputs)

    def _compute(self, image: F32) -> list[F32]:
        outputs: list[F32] = self.session.run(None, {self.input_name: image})
        return outputs

    def _num_threads(self, num_frames: int, fit: Fit) -> int:
        count = min(num_frames, torch.get_num_threads())
        if self.most_pixels is None:
            return count
        return min(count, _frames_at_once(self.most_pixels, fit))


class TorchEngine:
    """Frames in batches on any device; on a CPU, whose caches hold no more, one by one.

    Args:
        net: in evaluation mode.
        device: where it is brought to.
        most_pixels: at most so many pixels are in the network at once on other devices.
    """

    def __init__(self, net: torch.nn.Module, device: torch.device, *, most_pixels: int) -> None:
        self.net = net.to(device).to(memory_format=torch.channels_last)
        self.most_pixels = 1 if device.type == "cpu" else most_pixels

    def run(self, image: Tensor) -> list[Tensor]:
        """The network's outputs for images f32 (N, 3, H, W) on its device."""
        return list(self.net(image.to(memory_format=torch.channels_last)))

    def outputs_of(self, frames: Tensor, pixels: Pixels, fit: Fit) -> Iterator[Outputs]:
        """The network's outputs batch by batch."""
        at_once = _frames_at_once(self.most_pixels, fit)
        for first in range(0, len(frames), at_once):
            image = pixels.of_frames(frames[first : first + at_once], fit)
            yield first, self.run(image)


def detect_each(frames: Tensor, detect: Callable[[NDArray[np.uint8]], Faces]) -> Faces:
    """Faces of frames by a package that computes on the CPU and takes one image at a time.

    Args:
        frames: RGB u8 (N, 3, H, W) on any device.
        detect: from an image, BGR u8 (H, W, 3), to its faces, all in frame 0.
    """
    parts = [detect(image).shifted(number) for number, image in enumerate(bgr_images(frames))]
    return Faces.concat(parts)


def _frames_at_once(most_pixels: int, fit: Fit) -> int:
    return max(1, most_pixels // math.prod(fit.canvas_px))


def _as_tensors(arrays: list[F32]) -> list[Tensor]:
    return [torch.from_numpy(array) for array in arrays]
