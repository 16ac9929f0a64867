"""Detection alone: decoded frames lie ready, in the form that each likes best."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from benchmarks.contenders import peers
from benchmarks.contenders.whole import best_boxes
from benchmarks.material import Choices, as_tensor, spread
from benchmarks.turns import Done
from ferbench.types import Faces
from ferbench.weights.fetching import fetch

Peer = Literal["batch-face", "insightface", "facenet-pytorch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OurDetector:
    """A detector of ours; it gets RGB tensors u8 (N, 3, H, W), as from the readers."""

    name: str
    choices: Choices
    clip: Path
    frames: int
    batch: int

    def ready(self) -> Callable[[], Done]:
        """Decode, and load the network."""
        settings, device = self.choices.settings(), torch.device(self.choices.device)
        fetch(settings.recipe.detector.weights_files(), settings.paths.models)
        detect = settings.recipe.detector.load(device, settings.paths.models)
        frames = as_tensor(spread(self.clip, self.frames), device)

        def work() -> Done:
            parts = [
                detect(frames[at : at + self.batch]).shifted(at)
                for at in range(0, len(frames), self.batch)
            ]
            faces = Faces.concat(parts)
            return Done(units=len(frames), boxes=best_boxes(faces, len(frames)), faces=len(faces))

        return work


@dataclass(frozen=True, slots=True, kw_only=True)
class PeersDetector:
    """A peer's detector with the same weights and limits; it gets numpy images (H, W, 3)."""

    name: str
    peer: Peer
    choices: Choices
    clip: Path
    frames: int
    batch: int

    def ready(self) -> Callable[[], Done]:
        """Decode, and load the network."""
        detect = self._detect()
        rgb = spread(self.clip, self.frames)
        wanted = rgb if self.peer == "facenet-pytorch" else rgb[..., ::-1]
        images = list(np.ascontiguousarray(wanted))

        def work() -> Done:
            found = []
            for at in range(0, len(images), self.batch):
                found += detect(images[at : at + self.batch])
            boxes = np.stack([peers.best_box(faces) for faces in found])
            return Done(units=len(images), boxes=boxes, faces=sum(map(len, found)))

        return work

    def _detect(self) -> peers.Detect:
        settings, device = self.choices.settings(), self.choices.device
        spec, models = settings.recipe.detector, settings.paths.models
        if self.peer == "batch-face":
            weights = peers.weight_file(spec.weights_files()[0], models)
            return peers.batch_face(weights, on_gpu=device != "cpu")
        if self.peer == "insightface":
            return peers.insightface(spec, models)
        return peers.facenet(spec, device=device)
