"""Some faces as a model saw them, made only where somebody asks for images of faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from ferbench.protocols import Model
from ferbench.scoring.answers import Answers, Bools
from ferbench.types import I64
from ferbench.types.labelled_images import LabelledImages
from ferbench.workflows.inspection.crops import as_seen, input_of, png_of

if TYPE_CHECKING:
    import torch

MOST: Final = 8
"""Faces that are surest and wrong, and as many that are surest and right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace:
    """A face as the network got it.

    Attributes:
        name: of the image.
        true: its label.
        said: the model's; "" = one that the data set does not have.
        confidence: the probability of what the model is surest of.
        png: the picture.
    """

    name: str
    true: str
    said: str
    confidence: float
    png: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFaces:
    """Faces of a model and crop.

    Attributes:
        input: what is shown: side, colour, and how values are normalised afterwards.
        wrong: those on which it is surest and wrong.
        right: those on which it is surest and right.
    """

    input: str
    wrong: tuple[SeenFace, ...]
    right: tuple[SeenFace, ...]


def seen_faces(
    model: Model,
    found: Answers,
    images: LabelledImages,
    crop_of: Callable[[int], torch.Tensor | None],
) -> SeenFaces:
    """The faces on which a model is surest.

    Args:
        model: the model.
        found: what it says.
        images: the data set.
        crop_of: the face of an image, u8 (1, 3, H, W), by its place; None = it has none.
    """

    def shown(which: Bools) -> tuple[SeenFace, ...]:
        faces = (_seen(model, found, row, images, crop_of) for row in _surest(found, which))
        return tuple(face for face in faces if face is not None)

    wrong = found.has_face & ~found.is_right
    return SeenFaces(input=input_of(model), wrong=shown(wrong), right=shown(found.is_right))


def _surest(found: Answers, which: Bools) -> I64:
    """Rows of some answers, surest first."""
    rows: I64 = np.flatnonzero(which)
    confidence = found.probability[rows].max(axis=1, initial=0.0)
    order = np.argsort(-confidence, kind="stable")
    surest: I64 = rows[order][:MOST]
    return surest


def _seen(
    model: Model,
    found: Answers,
    row: int,
    images: LabelledImages,
    crop_of: Callable[[int], torch.Tensor | None],
) -> SeenFace | None:
    place = int(found.place[row])
    crop = crop_of(place)
    if crop is None:
        return None
    image = images.images[place]
    said = int(found.said[row])
    return SeenFace(
        name=image.name,
        true=image.label,
        said=found.classes[said] if said >= 0 else "",
        confidence=float(found.probability[row].max()),
        png=png_of(as_seen(crop.cpu(), model)[0]),
    )
