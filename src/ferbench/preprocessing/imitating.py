"""The preprocessing that cuts faces as a model's weights saw them in training."""

from __future__ import annotations

from ferbench.geometry import CropGeometry
from ferbench.preprocessing.align5 import Align5
from ferbench.preprocessing.box import Box
from ferbench.preprocessing.square_margin import SquareMargin
from ferbench.protocols import Preprocessing


def imitating(trained: CropGeometry) -> Preprocessing | None:
    """The preprocessing of a geometry; what it does not tell is as that class has it.

    A box with a margin is none of ours; it becomes the box.

    Returns:
        None where the authors do not tell how they cut faces.
    """
    if trained.kind == "box":
        return Box(size_px=trained.size_px)
    if trained.kind == "square":
        return SquareMargin(margin=trained.margin or 0.0, size_px=trained.size_px)
    if trained.kind == "aligned":
        if not trained.template:
            return Align5(margin=trained.margin or 0.0, size_px=trained.size_px)
        return Align5(
            template=trained.template,  # type: ignore[arg-type]
            margin=trained.margin or 0.0,
            size_px=trained.size_px,
        )
    return None
