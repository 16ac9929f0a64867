"""Images of faces that say which expression they show: what models are measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import DataError

Picture = str | NDArray[np.uint8]
"""A file, by its path within the data set's folder, or grey levels u8 (H, W)."""

Split = Literal["train", "validation", "test", ""]
"""Which part of a data set an image belongs to; "" = the data set has no parts."""

BoxXyxy = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledImage:
    """An image with the expression that its face is said to show.

    Attributes:
        name: for people; no other image of the data set has it.
        label: the expression, ferbench's spelling.
        cut: the face as the data set cut it out; None = only the whole picture is there.
        whole: the picture that the face is in; None = only the cut face is there.
        box_xyxy: where the face lies in ``whole``, pixels; None = not told.
        values: what else was rated, such as ``valence`` and ``arousal``, by ferbench's names.
    """

    name: str
    label: str
    cut: Picture | None = None
    whole: Picture | None = None
    box_xyxy: BoxXyxy | None = None
    values: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that there is a picture."""
        if self.cut is None and self.whole is None:
            raise DataError(f"LabelledImage {self.name!r}: expected a picture, got none")

    @property
    def has_crop(self) -> bool:
        """Whether the data set says how the face is cut: as a picture, or as a box."""
        return self.cut is not None or self.box_xyxy is not None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledImages:
    """A set of labelled images.

    Attributes:
        folder: where the files lie.
        name: the data set that it is, such as ``RAF-DB``; "" = not known.
        layout: how its files lie, in words.
        split: the part that was read, or ``all``; "" = the data set has none.
        splits: the parts that are there.
        images: of that part, in the order of their names.
        left_out: labelled images that are not among them, by the reason.
        notices: what a reader should know, a sentence each.
    """

    folder: Path
    name: str
    layout: str
    split: str
    splits: tuple[Split, ...]
    images: tuple[LabelledImage, ...]
    left_out: Mapping[str, int]
    notices: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The expressions that some image has, sorted."""
        return tuple(sorted({image.label for image in self.images}))

    @property
    def has_crops(self) -> bool:
        """Whether every image says how its face is cut."""
        return all(image.has_crop for image in self.images)
