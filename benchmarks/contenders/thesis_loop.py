"""The way of the thesis' program, written anew: one thing after the other.

OpenCV reads sixteen frames; batch-face finds the faces of the batch at full resolution; OpenCV cuts
the first face of each frame out and brings it to 224 x 224; the network is run on the batch's
crops. torch and OpenCV have the threads that they take by default, as its users had them. The
network is ours with the same weights, in torch, as the thesis' was.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from benchmarks.contenders import peers
from benchmarks.material import Choices
from benchmarks.turns import Done
from ferbench.config.settings import Settings
from ferbench.weights.checking import is_there
from ferbench.weights.checkpoints import load_strictly

BATCH_FRAMES: Final = 16
LEAST_SCORE: Final = 0.95
CROP_PX: Final = 224


@dataclass(frozen=True, slots=True, kw_only=True)
class ThesisLoop:
    """OpenCV, batch-face, crop, network.

    Attributes:
        name: in tables and files.
        choices: whose weights: a RetinaFace mobilenet0.25, and any model.
        clip: the video.
    """

    name: str
    choices: Choices
    clip: Path

    def ready(self) -> Callable[[], Done]:
        """Load both networks."""
        settings = self.choices.settings()
        spec, on_gpu = settings.recipe.detector, self.choices.device != "cpu"
        weights = peers.weight_file(spec.weights_files()[0], settings.paths.models)
        detect = peers.batch_face(weights, on_gpu=on_gpu)
        classify = classifier(settings, self.choices.device)

        def work() -> Done:
            boxes, classified = [], 0
            for frames in _batches(self.clip):
                crops = []
                for frame, faces in zip(frames, detect(frames), strict=True):
                    boxes.append(peers.best_box(faces))
                    if len(faces) and faces[0, 4] > LEAST_SCORE:
                        crops.append(cropped(frame, faces[0, :4]))
                if crops:
                    classified += len(classify(crops))
            return Done(units=len(boxes), boxes=np.stack(boxes), faces=classified)

        return work


def _batches(clip: Path) -> Iterator[list[Any]]:
    video, frames = cv2.VideoCapture(str(clip)), []
    while True:
        is_read, frame = video.read()
        if is_read:
            frames.append(frame)
        if len(frames) == BATCH_FRAMES or (frames and not is_read):
            yield frames
            frames = []
        if not is_read:
            video.release()
            return


def cropped(frame: Any, box: Any) -> Any:
    """A face, BGR u8 (224, 224, 3), as the thesis cut it: corners towards zero, no aspect kept."""
    left, top, right, bottom = (int(value) for value in box)
    crop = frame[max(top, 0) : bottom, max(left, 0) : right]
    if not crop.size:
        crop = np.zeros((48, 48, 3), np.uint8)
    return cv2.resize(crop, (CROP_PX, CROP_PX), interpolation=cv2.INTER_AREA)


def classifier(settings: Settings, device: str) -> Callable[[list[Any]], Any]:
    """From crops, BGR u8 (224, 224, 3), to logits."""
    import torch

    spec: Any = settings.recipe.model
    net = spec.empty_net()
    if is_there(spec.weights, settings.paths.models):
        module, _, name = spec.checkpoint.rpartition(".")
        path = Path(peers.weight_file(spec.weights, settings.paths.models))
        load_strictly(net, getattr(importlib.import_module(module), name)(path), path)
    net.eval().to(device)

    def classify(crops: list[Any]) -> Any:
        values = np.stack([_input(crop, spec) for crop in crops])
        with torch.no_grad():
            return net(torch.from_numpy(values).to(device)).cpu().numpy()

    return classify


def _input(crop: Any, spec: Any) -> Any:
    """f32 (C, S, S), as the model's weights want it."""
    if spec.colour.startswith("grey"):
        crop = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    elif spec.colour == "rgb":
        crop = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)
    side_px = spec.input_px
    image = cv2.resize(crop, (side_px, side_px)).reshape(side_px, side_px, -1)
    if spec.colour == "grey_rgb":
        image = image.repeat(3, axis=2)
    values = (image.astype(np.float32) / 255 - np.float32(spec.mean)) / np.float32(spec.std)
    return np.ascontiguousarray(values.transpose(2, 0, 1))
