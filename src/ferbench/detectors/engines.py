"""What computes a detector's network: onnxruntime on a CPU, or torch on any device.

Both take frames and give the network's outputs, in parts: the number of a part's first frame, and
the outputs for it and the frames after it. On a CPU every frame is alone in the network, in the
thread that calls, so a frame's faces depend neither on its batch nor on what other threads do.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ferbench.detectors.candidates import Output
from ferbench.detectors.frames import bgr_images
from ferbench.detectors.network_input import Canvas, Fit, Pixels
from ferbench.engine_choice import Precision, computing_with
from ferbench.types import F32, Faces
from ferbench.weights import onnx_graph

if TYPE_CHECKING:
    import onnx

Found = tuple[F32, F32, F32]
"""Boxes (M, 4), scores (M,) and landmarks (M, 5, 2) of one frame."""


class Engine(Protocol):
    """A network that is ready to be computed, by several threads at once."""

    def run(self, image: Tensor) -> Sequence[Output]:
        """Its outputs for images as it takes them, f32 (N, 3, H, W) on its device."""

    def outputs_of(
        self, frames: Tensor, pixels: Pixels, fit: Fit
    ) -> Iterator[tuple[int, Sequence[Output]]]:
        """Its outputs for frames, RGB u8 (N, 3, H, W), at least one.

        Args:
            frames: on its device.
            pixels: colours as the network wants them.
            fit: size as the network wants it.

        Yields:
            The number of the first frame, and the outputs for it and those after it. Numpy arrays
            are of one frame.
        """


class Gate:
    """Lets so many pixels in at once, over all threads; a larger frame goes in alone.

    Args:
        most_pixels: at most so many.
    """

    def __init__(self, most_pixels: int) -> None:
        self.most_pixels = most_pixels
        self._inside = 0
        self._changed = threading.Condition()

    @contextmanager
    def room_for(self, pixels: int) -> Iterator[None]:
        """Wait until they fit in."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(pixels))
            self._inside += pixels
        try:
            yield
        finally:
            with self._changed:
                self._inside -= pixels
                self._changed.notify_all()

    def _has_room(self, pixels: int) -> bool:
        return self._inside == 0 or self._inside + pixels <= self.most_pixels


class OnnxruntimeEngine:
    """Frame after frame in the thread that calls; it starts no other.

    Args:
        model: the graph; its only input is the image.
        path: the file that it comes from, for messages.
        most_pixels: at most so many pixels are in the network at once, over all threads.

    Raises:
        WeightsError: onnxruntime does not take the graph.
    """

    def __init__(self, model: onnx.ModelProto, path: Path, *, most_pixels: int) -> None:
        self.session = onnx_graph.session(model, path)
        self.input_name = self.session.get_inputs()[0].name
        self.gate = Gate(most_pixels)

    def run(self, image: Tensor) -> list[F32]:
        """The network's outputs for images f32 (N, 3, H, W)."""
        return self._compute(image.numpy())

    def outputs_of(
        self, frames: Tensor, pixels: Pixels, fit: Fit
    ) -> Iterator[tuple[int, list[F32]]]:
        """The network's outputs frame by frame."""
        canvas = Canvas(pixels, fit)
        # Decoded frames have their channels last in memory, which is how OpenCV is fast.
        for number, image in enumerate(frames.permute(0, 2, 3, 1).numpy()):
            seen = canvas.paint(np.ascontiguousarray(image))
            with self.gate.room_for(math.prod(fit.canvas_px)):
                outputs = self._compute(seen)
            yield number, outputs

    def _compute(self, image: F32) -> list[F32]:
        outputs: list[F32] = self.session.run(None, {self.input_name: image})
        return outputs


class TorchEngine:
    """Frames in batches on any device; on a CPU, whose caches hold no more, one by one.

    Args:
        net: in evaluation mode.
        device: where it is brought to.
        most_pixels: at most so many pixels are in the network at once on other devices.
        precision: what it is computed with; its outputs are f32.
    """

    def __init__(
        self,
        net: torch.nn.Module,
        device: torch.device,
        *,
        most_pixels: int,
        precision: Precision = "float32",
    ) -> None:
        self.net = net.to(device).to(memory_format=torch.channels_last)
        self.device, self.precision = device, precision
        self.most_pixels = 1 if device.type == "cpu" else most_pixels

    def run(self, image: Tensor) -> list[Tensor]:
        """The network's outputs for images f32 (N, 3, H, W) on its device."""
        with computing_with(self.precision, self.device):
            outputs = self.net(image.to(memory_format=torch.channels_last))
        return [output.float() for output in outputs]

    def outputs_of(
        self, frames: Tensor, pixels: Pixels, fit: Fit
    ) -> Iterator[tuple[int, list[Tensor]]]:
        """The network's outputs batch by batch."""
        at_once = max(1, self.most_pixels // math.prod(fit.canvas_px))
        for first in range(0, len(frames), at_once):
            image = pixels.of_frames(frames[first : first + at_once], fit)
            yield first, self.run(image)


def detect_each(frames: Tensor, detect: Callable[[NDArray[np.uint8]], Found]) -> Faces:
    """Faces of frames by a package that computes on the CPU and takes one image at a time.

    Args:
        frames: RGB u8 (N, 3, H, W) on any device, at least one.
        detect: from an image, BGR u8 (H, W, 3), to what is found in it.
    """
    found = [detect(image) for image in bgr_images(frames)]
    boxes, scores, landmarks = (np.concatenate(column) for column in zip(*found, strict=True))
    return Faces(
        frame=np.repeat(np.arange(len(found)), [len(score) for _, score, _ in found]),
        box_xyxy=boxes,
        score=scores,
        landmarks_xy=landmarks,
    )
