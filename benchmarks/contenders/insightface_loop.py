"""The way of insightface's examples: read a frame, find its faces, go on.

With ``classify`` the best face of each frame is then cut out and goes through the model, alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.contenders import peers
from benchmarks.contenders.thesis_loop import classifier, cropped
from benchmarks.material import Choices
from benchmarks.turns import Done


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightfaceLoop:
    """OpenCV and insightface, frame by frame.

    Attributes:
        name: in tables and files.
        choices: whose weights: an SCRFD, and any model.
        clip: the video.
        classify: also the model; else it only detects.
    """

    name: str
    choices: Choices
    clip: Path
    classify: bool

    def ready(self) -> Callable[[], Done]:
        """Load the networks."""
        settings = self.choices.settings()
        detect = peers.insightface(settings.recipe.detector, settings.paths.models)
        classify = classifier(settings, self.choices.device) if self.classify else None

        def work() -> Done:
            video, boxes, num_faces = cv2.VideoCapture(str(self.clip)), [], 0
            while True:
                is_read, frame = video.read()
                if not is_read:
                    break
                picture: Any = frame
                [faces] = detect([picture])
                box = peers.best_box(faces)
                boxes.append(box)
                num_faces += len(faces)
                if classify is not None and len(faces):
                    classify([cropped(frame, box)])
            video.release()
            return Done(units=len(boxes), boxes=np.stack(boxes), faces=num_faces)

        return work
