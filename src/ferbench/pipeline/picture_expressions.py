"""What a model says of each labelled image, with faces cut in one way."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ferbench.errors import DatasetError
from ferbench.pipeline.batches import Batches
from ferbench.pipeline.picture_faces import PictureFaces
from ferbench.pipeline.picture_pieces import Columns, OnImages, Part, Piece, Pieces, View
from ferbench.pipeline.stage_keys import numerics
from ferbench.protocols import Model, Preprocessing
from ferbench.types import F32, Channels
from ferbench.types.labelled_images import LabelledImage

if TYPE_CHECKING:
    import torch

STAGE: Final = "picture_expressions"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundCrops:
    """Faces that a detector found, cut by a preprocessing.

    Attributes:
        faces: the faces.
        preprocessing: cuts them.
    """

    faces: PictureFaces
    preprocessing: Preprocessing


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PictureExpressions:
    """What a model says of a set of labelled images.

    Attributes:
        logits: f32 (N, K) of the classes, NaN where no face was cut.
        regressed: f32 (N, R), each in its own units, NaN where no face was cut.
        broken: why pictures cannot be used, by their place.
        images_per_s: images that this machine classifies in a second, all lanes together; NaN =
            none was classified.
        lanes: threads that did it.
        cached: whether some of it was stored before.
    """

    logits: F32
    regressed: F32
    broken: Mapping[int, str]
    images_per_s: float
    lanes: int
    cached: bool


class Classifier:
    """A model on a set of images, loaded when it is first needed.

    Args:
        pieces: the images.
        model: with whole digests, for the keys.
        load: loads it.
        crops: how faces are cut; None = as the data set does, with the model's own resizing.
    """

    def __init__(
        self,
        pieces: Pieces,
        model: Model,
        load: Callable[[], Callable[[torch.Tensor], torch.Tensor]],
        crops: FoundCrops | None,
    ) -> None:
        self._pieces = pieces
        self._model = model
        self._load = load
        self._crops = crops
        self._recognise: Callable[[torch.Tensor], torch.Tensor] | None = None
        on_cpu = pieces.device.type == "cpu"
        self._batches = Batches(size=1 if on_cpu else pieces.runtime.batch_size)

    def classify(self, on_images: OnImages) -> PictureExpressions:
        """Classify the face of each image.

        Args:
            on_images: told how many images are done.
        """
        channels = self._model.channels
        outputs = np.full((len(self._pieces), len(channels)), np.nan, np.float32)
        broken: dict[int, str] = {}
        wall_s, units, lanes, cached = 0.0, 0, 1, False
        view: View = "crop" if self._crops is None else "whole"
        for done in self._pieces.done(STAGE, view, self._spec, self, on_images):
            columns = done.part.columns
            values = np.stack([columns[name] for name in _names(channels)], axis=1)
            outputs[done.first + columns["place"]] = values
            broken |= {done.first + place: why for place, why in done.part.broken.items()}
            wall_s += done.part.busy_s / done.lanes
            units, lanes = units + len(values), done.lanes
            cached = cached or done.cached
        rate = units / wall_s if wall_s else float("nan")
        num_labels = len(channels.labels)
        return PictureExpressions(
            logits=outputs[:, :num_labels],
            regressed=outputs[:, num_labels:],
            broken=broken,
            images_per_s=rate,
            lanes=lanes,
            cached=cached,
        )

    def _spec(self, first: int) -> dict[str, Any]:
        cut: dict[str, Any] = {"crop": "as is"}
        if self._crops is not None:
            faces = self._crops.faces.keys[first]
            cut = {"faces": faces, "preprocessing": self._crops.preprocessing}
        compute = numerics(self._pieces.device.type, self._pieces.runtime)
        return {**cut, "model": self._model, "numerics": compute}

    def prepare(self) -> None:
        """Load the model, and have it see a black crop: no image pays for what happens once."""
        if self._recognise is not None:
            return
        import torch

        self._recognise = self._load()
        side_px = self._model.input_px
        black = torch.zeros((1, 3, side_px, side_px), dtype=torch.uint8)
        self._recognise(black.to(self._pieces.device))

    def work(self, piece: Piece) -> Part:
        """Classify some images; those of one size go together."""
        crops: dict[tuple[int, ...], list[tuple[int, torch.Tensor]]] = {}
        broken = {}
        for at, image in enumerate(piece.images):
            try:
                crop = self._crop(image, piece.first + at)
            except DatasetError as error:
                broken[piece.start + at] = str(error)
                continue
            if crop is not None:
                crops.setdefault(tuple(crop.shape), []).append((piece.start + at, crop))
        places: list[int] = []
        outputs = [np.empty((0, len(self._model.channels)), np.float32)]
        busy_s = 0.0
        for of_size in crops.values():
            places += [place for place, _ in of_size]
            values, seconds = self._outputs([crop for _, crop in of_size])
            outputs.append(values)
            busy_s += seconds
        columns: Columns = {"place": np.array(places, np.int64)}
        values = np.concatenate(outputs)
        columns |= {name: values[:, k] for k, name in enumerate(_names(self._model.channels))}
        return Part(columns=columns, broken=broken, busy_s=busy_s)

    def crop_of(self, place: int) -> torch.Tensor | None:
        """The face of an image as it is cut, RGB u8 (1, 3, H, W); None = it has none.

        Args:
            place: of the image among all.

        Raises:
            DatasetError: the picture cannot be decoded.
        """
        return self._crop(self._pieces.images.images[place], place)

    def _crop(self, image: LabelledImage, place: int) -> torch.Tensor | None:
        """The face, u8 (1, 3, H, W); None = it has none.

        Raises:
            DatasetError: the picture cannot be decoded.
        """
        if self._crops is None:
            return self._pieces.pixels(image, "crop")
        faces = self._crops.faces
        if place in faces.broken:
            raise DatasetError(faces.broken[place])
        face = faces.of(place)
        if not len(face):
            return None
        frame = self._pieces.pixels(image, "whole")
        cut = self._crops.preprocessing.crop(frame, face, model_px=self._model.input_px)
        return cut.rgb if len(cut.row) else None

    def _outputs(self, crops: list[torch.Tensor]) -> tuple[F32, float]:
        """Outputs f32 (M, K + R) of crops of one size, and the seconds that the model took."""
        import torch

        assert self._recognise is not None
        faces = torch.cat(crops)
        _wait_for(self._pieces.device)
        start = time.perf_counter()
        values = [said.cpu().numpy() for _, said in self._batches.map(self._recognise, faces)]
        return np.concatenate(values), time.perf_counter() - start


def _names(channels: Channels) -> list[str]:
    """Columns of a table, in the order of a model's outputs."""
    regressions = [f"value.{each.name}" for each in channels.regressions]
    return [*(f"logit.{label}" for label in channels.labels), *regressions]


def _wait_for(device: torch.device) -> None:
    """Wait until a device has done what it was told."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize()
    elif device.type == "mps":
        torch.mps.synchronize()
