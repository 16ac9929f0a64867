"""What a lane does with a read of frames: search, cut and classify, as far as that is not done."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ferbench.pipeline.batches import Batches
from ferbench.pipeline.grey import grey_part
from ferbench.pipeline.pass_part import PassPart
from ferbench.pipeline.recipe import Runtime
from ferbench.pipeline.stride import filled_in, looked_at
from ferbench.pipeline.wanted import (
    WantedCrops,
    WantedExpressions,
    WantedFaces,
    WantedPictures,
)
from ferbench.types import F32, Crops, Faces, FrameBatch

if TYPE_CHECKING:
    import torch


@dataclass(slots=True, kw_only=True)
class LaneWork:
    """Makes the part of a read; called in any lane.

    Attributes:
        runtime: how this machine computes.
        device: where the networks run.
        wanted: what is made, and until which frame it is there already.
        pictures: whole pictures; None = nobody asks for them.
        is_watched: keep the frames for who watches.
    """

    runtime: Runtime
    device: torch.device
    wanted: tuple[WantedFaces, ...]
    pictures: WantedPictures | None
    is_watched: bool
    _frame_batches: Batches = field(init=False)
    _face_batches: Batches = field(init=False)

    def __post_init__(self) -> None:
        """Begin with the asked batch size."""
        size = self.runtime.batch_size
        self._frame_batches = Batches(size=size)
        self._face_batches = Batches(size=1 if self.device.type == "cpu" else size)

    def __call__(self, batch: FrameBatch) -> PassPart:
        """Search, cut and classify the frames of a read."""
        part = PassPart(first=int(batch.index[0]), num_frames=len(batch))
        part.batch = batch if self.is_watched else None
        # The last read of those before gives the picture that the next one's first is compared to.
        if self.pictures is not None and part.until >= self.pictures.until:
            start = time.perf_counter()
            part.grey = grey_part(batch.rgb)
            part.busy_s[self.pictures.key] = time.perf_counter() - start
        frames = batch.rgb.to(self.device)
        for wanted in self.wanted:
            start = time.perf_counter()
            faces = self._found(wanted, frames, part)
            part.faces[wanted.key] = faces
            part.busy_s[wanted.key] = self._since(start)
            part.stages_s["detect"] += part.busy_s[wanted.key]
            for crops in wanted.crops:
                self._classify(crops, frames, faces, part)
        return part

    def _found(self, wanted: WantedFaces, frames: torch.Tensor, part: PassPart) -> Faces:
        """The faces of a read, detected now or before."""
        if wanted.stored is not None and part.until <= wanted.until:
            low, high = np.searchsorted(wanted.stored.frame, [part.first, part.until])
            return wanted.stored.rows(np.arange(low, high)).shifted(-part.first)
        import torch

        assert wanted.detect is not None
        looked, every = frames, self.runtime.detect_every
        if every > 1:
            numbers = looked_at(len(frames), every)
            looked = frames[torch.from_numpy(numbers)]
        part.num_detected += len(looked)
        found = [faces.shifted(at) for at, faces in self._frame_batches.map(wanted.detect, looked)]
        faces = Faces.concat(found)
        return faces if every == 1 else filled_in(faces, numbers)

    def _classify(
        self, wanted: WantedCrops, frames: torch.Tensor, faces: Faces, part: PassPart
    ) -> None:
        """Cut faces out, and have all models look at them that have not done so before."""
        lacking = [one for one in wanted.expressions if part.until > one.until]
        if not lacking:
            return
        start = time.perf_counter()
        height_px, width_px = frames.shape[2:]
        rows = wanted.admission.admit(faces, width_px=width_px, height_px=height_px)
        crops = wanted.preprocessing.crop(frames, faces.rows(rows), model_px=wanted.model_px)
        cut_s = self._since(start)
        part.stages_s["crop"] += cut_s
        for expressions in lacking:
            start = time.perf_counter()
            part.rows[expressions.key] = rows
            part.outputs[expressions.key] = self._outputs(expressions, crops, len(rows))
            classify_s = self._since(start)
            part.busy_s[expressions.key] = cut_s + classify_s
            part.stages_s["classify"] += classify_s

    def _outputs(self, wanted: WantedExpressions, crops: Crops, num_rows: int) -> F32:
        """What the model says, f32 (rows, K + R), NaN where no crop could be made."""
        outputs = np.full((num_rows, len(wanted.model.channels)), np.nan, np.float32)
        for at, values in self._face_batches.map(wanted.recognise, crops.rgb):
            outputs[crops.row[at : at + len(values)]] = values.cpu().numpy()
        return outputs

    def _since(self, start: float) -> float:
        """Seconds since ``start``, what the device was told meanwhile included."""
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize()
        elif self.device.type == "mps":
            torch.mps.synchronize()
        return time.perf_counter() - start
