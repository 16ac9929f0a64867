"""One pass over a video: decode it once, and make whatever is missing on the way."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.results import StageTiming, Work
from ferbench.selectors.classify import Classify
from ferbench.types import Expressions, Faces, FrameBatch, Timeline

if TYPE_CHECKING:
    import torch

CHUNK_FRAMES = 32
"""Frames whose faces are classified together. Constant, because classification batches never cross
a chunk: results of a resumed or re-batched run stay the same. Large frames come in several reads
per chunk; only their crops are kept until its end.
"""


class Engines(Protocol):
    """The loaded networks; each is loaded at its first use."""

    @property
    def detect(self) -> Callable[[torch.Tensor], Faces]:
        """Frames to faces."""

    @property
    def recognise(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """Crops to logits."""


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """Crops of a chunk that are not classified yet.

    Attributes:
        num_rows: faces of the chunk that are to be classified.
        at: which of them each crop is.
        rgb: the crops, as they came.
    """

    num_rows: int = 0
    at: list[np.ndarray[Any, Any]] = field(default_factory=list)
    rgb: list[torch.Tensor] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ColdPass:
    """A pass with one recipe.

    Attributes:
        recipe: what to compute.
        runtime: how.
        device: where.
        engines: the networks.
        admission: which faces are classified, on this video's camera.
        work: counted up.
        stored: faces that are there already; None = detect.
        classify: whether expressions are missing.
    """

    recipe: Recipe
    runtime: Runtime
    device: torch.device
    engines: Engines
    admission: Classify
    work: Work
    stored: Faces | None
    classify: bool
    _faces: list[Faces] = field(default_factory=list)
    _rows: list[np.ndarray[Any, Any]] = field(default_factory=list)
    _logits: list[np.ndarray[Any, Any]] = field(default_factory=list)
    _num_faces: int = 0
    _waiting: _Waiting = field(default_factory=lambda: _Waiting())
    _busy_s: dict[str, float] = field(
        default_factory=lambda: {"timeline": 0.0, "faces": 0.0, "expressions": 0.0}
    )

    def run(
        self, path: Path, *, video_id: str, sha256: str, on_frames: Callable[[int], None]
    ) -> Timeline:
        """Decode the video to its end, or as far as it goes; the timeline says where it stopped.

        Raises:
            VideoError: nothing of it can be decoded.
        """
        reader, threads = self.recipe.reader, self.runtime.threads
        with reader.open(
            path, batch_frames=CHUNK_FRAMES, threads=threads, keep_damaged=True
        ) as video:
            batches = iter(video)
            while True:
                start = time.perf_counter()
                batch = next(batches, None)
                self._busy_s["timeline"] += time.perf_counter() - start
                if batch is None:
                    self._classify_waiting()
                    return video.timeline(video_id=video_id, sha256=sha256)
                self.work.frames_decoded += len(batch)
                self._read(batch)
                on_frames(len(batch))

    def faces(self) -> Faces:
        """All faces of the frames that came."""
        return Faces.concat(self._faces)

    def expressions(self, faces: Faces) -> Expressions:
        """Expressions of the faces that were classified."""
        labels = self.recipe.model.labels
        rows = np.concatenate([np.empty(0, np.int64), *self._rows])
        logits = np.concatenate([np.empty((0, len(labels)), np.float32), *self._logits])
        return Expressions(frame=faces.frame[rows], face=rows, logits=logits, labels=labels)

    def timing(self, stage: str, timeline: Timeline) -> StageTiming:
        """Where the time of a stage went."""
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        classified = sum(len(rows) for rows in self._rows)
        return StageTiming(
            busy_s=self._busy_s[stage],
            units=classified if stage == "expressions" else timeline.video.num_frames,
            video_s=timeline.duration_s,
            device="cpu" if stage == "timeline" else str(self.device),
            load=round(load, 2),
            cached=False,
        )

    def _read(self, batch: FrameBatch) -> None:
        """Detect in the frames of a read, cut faces out, and classify where a chunk is complete."""
        engines, first = self.engines, int(batch.index[0])
        detect = engines.detect if self.stored is None else None  # loading is no work of a stage
        if self.classify:
            _ = engines.recognise
        start = time.perf_counter()
        frames = batch.rgb.to(self.device)
        if detect is not None:
            faces = self._detect(detect, frames)
            self.work.frames_detected += len(batch)
        else:
            assert self.stored is not None
            low, high = np.searchsorted(self.stored.frame, [first, first + len(batch)])
            faces = self.stored.rows(np.arange(low, high)).shifted(-first)
        start = self._spent("faces", start)
        if self.classify:
            rows = self.admission.admit(faces, width_px=frames.shape[3], height_px=frames.shape[2])
            self._cut(frames, faces, rows)
            self._rows.append(rows + self._num_faces)
            self.work.faces_classified += len(rows)
            self._spent("expressions", start)
        self._faces.append(faces.shifted(first))
        self._num_faces += len(faces)
        if (first + len(batch)) % CHUNK_FRAMES == 0:
            self._classify_waiting()

    def _spent(self, stage: str, start: float) -> float:
        """Wait for the device, book the time since ``start`` to a stage, return the time now."""
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize()
        elif self.device.type == "mps":
            torch.mps.synchronize()
        now = time.perf_counter()
        self._busy_s[stage] += now - start
        return now

    def _detect(self, detect: Callable[[torch.Tensor], Faces], frames: torch.Tensor) -> Faces:
        size = self.runtime.batch_size
        return Faces.concat(
            [detect(frames[at : at + size]).shifted(at) for at in range(0, len(frames), size)]
        )

    def _cut(self, frames: torch.Tensor, faces: Faces, rows: np.ndarray[Any, Any]) -> None:
        """Cut faces out and keep the crops until their chunk is complete."""
        waiting, size = self._waiting, self.runtime.batch_size
        for at in range(0, len(rows), size):
            crops = self.recipe.preprocessing.crop(
                frames, faces.rows(rows[at : at + size]), model_px=self.recipe.model.input_px
            )
            waiting.at.append(waiting.num_rows + at + crops.row)
            waiting.rgb.append(crops.rgb)
        waiting.num_rows += len(rows)

    def _classify_waiting(self) -> None:
        """Classify a chunk's crops: logits f32 (rows, K), NaN where no crop could be made."""
        waiting, self._waiting = self._waiting, _Waiting()
        logits = np.full((waiting.num_rows, len(self.recipe.model.labels)), np.nan, np.float32)
        self._logits.append(logits)
        if not waiting.rgb:
            return
        import torch

        start = time.perf_counter()
        at, rgb = np.concatenate(waiting.at), torch.cat(waiting.rgb)
        size = self.runtime.batch_size
        for first in range(0, waiting.num_rows, size):
            chosen = np.flatnonzero((first <= at) & (at < first + size))
            if len(chosen):
                crops = rgb[torch.from_numpy(chosen).to(rgb.device)]
                logits[at[chosen]] = self.engines.recognise(crops).cpu().numpy()
        self._spent("expressions", start)
