"""The face of each labelled image, as a detector finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ferbench.errors import DatasetError
from ferbench.pipeline.picture_pieces import Columns, OnImages, Part, Piece, Pieces
from ferbench.pipeline.stage_keys import numerics
from ferbench.protocols import Detector
from ferbench.selectors.rows import areas_px2, overlaps
from ferbench.types import F64, I64, Faces
from ferbench.types.labelled_images import LabelledImage

if TYPE_CHECKING:
    import torch

STAGE: Final = "picture_faces"
LEAST_OVERLAP: Final = 0.25
"""Intersection over union of a face with the box that a data set gives, to be that face."""

_BOX: Final = tuple(f"box.{side}" for side in ("left", "top", "right", "bottom"))
_LANDMARKS: Final = tuple(f"landmark.{number}.{axis}" for number in range(5) for axis in "xy")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureFaces:
    """The faces of a set of labelled images.

    Attributes:
        faces: one row for each image with a face; ``frame`` is its place among all images.
        broken: why pictures cannot be used, by their place.
        keys: of the tables, by the place of a piece's first image.
    """

    faces: Faces
    broken: Mapping[int, str]
    keys: Mapping[int, str]

    def of(self, place: int) -> Faces:
        """The face of an image, as if it were the only one; no row = it has none."""
        low, high = np.searchsorted(self.faces.frame, [place, place + 1])
        return self.faces.rows(np.arange(low, high)).shifted(-place)


class FaceFinder:
    """A detector that finds the face of each image: that of its box, else the largest.

    Args:
        pieces: the images.
        detector: with whole digests, for the keys.
        load: loads it.
    """

    def __init__(
        self,
        pieces: Pieces,
        detector: Detector,
        load: Callable[[], Callable[[torch.Tensor], Faces]],
    ) -> None:
        self._pieces = pieces
        self._detector = detector
        self._load = load
        self._detect: Callable[[torch.Tensor], Faces] | None = None

    def find(self, on_images: OnImages) -> PictureFaces:
        """The face of each image.

        Args:
            on_images: told how many images are done.
        """
        columns: list[Columns] = []
        broken: dict[int, str] = {}
        keys = {}
        for done in self._pieces.done(STAGE, "whole", self._spec, self, on_images):
            place = done.part.columns["place"] + done.first
            columns.append({**done.part.columns, "place": place})
            broken |= {done.first + place: why for place, why in done.part.broken.items()}
            keys[done.first] = done.key
        return PictureFaces(faces=_faces_of(columns), broken=broken, keys=keys)

    def _spec(self, first: int) -> dict[str, Any]:
        del first
        compute = numerics(self._pieces.device.type, self._pieces.runtime)
        return {"detector": self._detector, "numerics": compute}

    def prepare(self) -> None:
        """Load the detector."""
        self._detect = self._detect or self._load()

    def work(self, piece: Piece) -> Part:
        """Find the faces of some images."""
        assert self._detect is not None
        places: list[int] = []
        rows = [Faces.empty()]
        broken = {}
        for place, image in enumerate(piece.images, start=piece.start):
            try:
                frame = self._pieces.pixels(image, "whole")
            except DatasetError as error:
                broken[place] = str(error)
                continue
            faces = self._detect(frame)
            row = _chosen(faces, image)
            if row >= 0:
                places.append(place)
                rows.append(faces.rows(np.array([row])).shifted(place))
        return Part(columns=_columns_of(places, Faces.concat(rows)), broken=broken)


def _columns_of(places: list[int], faces: Faces) -> Columns:
    columns: Columns = {"place": np.array(places, np.int64), "score": faces.score}
    columns |= dict(zip(_BOX, faces.box_xyxy.T, strict=True))
    columns |= dict(zip(_LANDMARKS, faces.landmarks_xy.reshape(-1, 10).T, strict=True))
    return columns


def _chosen(faces: Faces, image: LabelledImage) -> int:
    """The row of an image's face; -1 = none."""
    rows: I64 = np.flatnonzero(np.isfinite(faces.box_xyxy).all(axis=1))
    boxes: F64 = faces.box_xyxy[rows].astype(np.float64)
    if not len(rows):
        return -1
    if image.whole is None or image.box_xyxy is None:
        return int(rows[areas_px2(boxes).argmax()])
    shares = overlaps(boxes, np.array(image.box_xyxy)[None])
    best = int(shares.argmax())
    return int(rows[best]) if shares[best] >= LEAST_OVERLAP else -1


def _faces_of(columns: list[Columns]) -> Faces:
    def all_of(*names: str) -> np.ndarray[Any, np.dtype[np.float32]]:
        parts = [np.stack([part[name] for name in names], axis=1) for part in columns]
        return np.concatenate(parts).astype(np.float32)

    return Faces(
        frame=np.concatenate([part["place"] for part in columns]).astype(np.int64),
        box_xyxy=all_of(*_BOX),
        score=all_of("score")[:, 0],
        landmarks_xy=all_of(*_LANDMARKS).reshape(-1, 5, 2),
    )
