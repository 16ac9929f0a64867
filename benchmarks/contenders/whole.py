"""Ours: the whole way of a video, file to faces and expressions, into an empty cache."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.material import Choices
from benchmarks.turns import Done
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe
from ferbench.pipeline.stages import Analyser
from ferbench.recognizer import Recognizer
from ferbench.types import Expressions, Faces
from ferbench.weights.checking import is_there
from ferbench.weights.fetching import fetch
from ferbench.weights.published import PublishedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Untrained(Recognizer):
    """A model whose weights are not here: the same arithmetic on random numbers."""

    def weights_files(self) -> tuple[PublishedFile, ...]:
        """None."""
        return ()

    def load(self, device: torch.device, models: Path) -> Callable[[Any], Any]:
        """As the model's, without its weights."""
        del models
        return self.around(self.empty_net(), device)


def recipe_of(choices: Choices) -> tuple[Recipe, Path]:
    """Recipe and folder of weights; a missing model's weights are random, a detector's fetched."""
    settings = choices.settings()
    recipe, models = settings.recipe, settings.paths.models
    fetch(recipe.detector.weights_files(), models)
    return replace(recipe, model=weighted(recipe.model, models)), models


def weighted(model: Any, models: Path) -> Any:
    """The model, or the same without weights where they are not here."""
    if all(is_there(file, models) for file in model.weights_files()):
        return model
    return Untrained(**{each.name: getattr(model, each.name) for each in fields(Recognizer)})


def best_boxes(faces: Faces, frames: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The face of the highest score of each frame, f32 (frames, 4), NaN = none."""
    boxes = np.full((frames, 4), np.nan, np.float32)
    rising = np.argsort(faces.score, kind="stable")
    boxes[faces.frame[rising]] = faces.box_xyxy[rising]
    return boxes


def best_labels(faces: Faces, expressions: Expressions, frames: int) -> tuple[str, ...]:
    """The label of that face, "" = none, or not classified."""
    label = [""] * frames
    best = expressions.logits.argmax(axis=1)
    row_of = {int(face): row for row, face in enumerate(expressions.face)}
    for face in np.argsort(faces.score, kind="stable"):
        row = row_of.get(int(face))
        label[int(faces.frame[face])] = "" if row is None else expressions.labels[int(best[row])]
    return tuple(label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A cold pass of ``Analyser``, its tables written to disk.

    Attributes:
        name: in tables and files.
        choices: detector, model, engine, canvas, strides.
        clip: the video.
        tells: whether to tell the best face of each frame, and its label.
    """

    name: str
    choices: Choices
    clip: Path
    tells: bool = True

    def ready(self) -> Callable[[], Done]:
        """Load the networks."""
        runtime = self.choices.settings().runtime
        recipe, models = recipe_of(self.choices)
        scratch = tempfile.TemporaryDirectory(prefix="ferbench-bench-")
        analyser = Analyser(recipe, runtime, Cache(Path(scratch.name)), models)

        def work() -> Done:
            with tempfile.TemporaryDirectory(dir=scratch.name) as folder:
                analyser.cache = Cache(Path(folder))
                analysis = analyser.analyse(self.clip, video_id="bench")
            frames = analysis.timeline.video.num_frames
            found = analysis.faces
            if not self.tells:
                return Done(units=frames, faces=len(found))
            labels = best_labels(found, analysis.expressions, frames)
            return Done(
                units=frames, boxes=best_boxes(found, frames), labels=labels, faces=len(found)
            )

        return work
