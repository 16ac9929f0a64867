"""The stages that touch pixels: decode, detect, classify. One pass over a video makes all that is missing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ferbench import weights
from ferbench.errors import VideoError
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.results import Analysis, StageKey, StageTiming, Work
from ferbench.types import Expressions, Faces, FrameBatch, Timeline

if TYPE_CHECKING:
    import torch

CHUNK_FRAMES = 32
"""Frames decoded at a time. Constant, because classification batches never cross a chunk: results of a resumed or
re-batched run stay the same."""

STAGES = ("timeline", "faces", "expressions")


def stage_keys(recipe: Recipe, *, sha256: str, device_kind: str, tf32: bool) -> dict[str, StageKey]:
    """Keys of the three stages of a video; paths, batch size and threads are not in them."""
    numerics = {"device": device_kind, "dtype": "float32", "tf32": tf32}
    timeline = StageKey.of("timeline", {"video": sha256, "reader": recipe.reader})
    faces = StageKey.of("faces", {"frames": timeline.key, "detector": recipe.detector, "numerics": numerics})
    expressions = StageKey.of(
        "expressions",
        {
            "faces": faces.key,
            "classify": recipe.classify,
            "preprocessing": recipe.preprocessing,
            "model": recipe.model,
            "numerics": numerics,
        },
    )
    return {"timeline": timeline, "faces": faces, "expressions": expressions}


@dataclass(slots=True, kw_only=True)
class _Pass:
    """What one pass over a video has made so far."""

    faces: list[Faces] = field(default_factory=list)
    rows: list[np.ndarray[Any, Any]] = field(default_factory=list)
    logits: list[np.ndarray[Any, Any]] = field(default_factory=list)
    num_faces: int = 0
    decode_s: float = 0.0
    detect_s: float = 0.0
    classify_s: float = 0.0
    num_classified: int = 0


class Analyser:
    """Runs or reads the pixel stages of videos with one recipe; loads weights at their first use."""

    def __init__(
        self,
        recipe: Recipe,
        runtime: Runtime,
        cache: Cache,
        models: Path,
        *,
        on_frames: Callable[[int], None] = lambda _: None,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.recipe, self.runtime, self.cache, self.models = recipe, runtime, cache, models
        self.on_frames, self.notify = on_frames, notify
        self.device = runtime.torch_device()
        self.work = Work()

    @cached_property
    def detect(self) -> Callable[[torch.Tensor], Faces]:
        """The detector, loaded."""
        self._numerics()
        self._bring(self.recipe.detector.weights_files())
        return self.recipe.detector.load(self.device, self.models)

    @cached_property
    def recognise(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The model, loaded."""
        self._numerics()
        self._bring(self.recipe.model.weights_files())
        return self.recipe.model.load(self.device, self.models)

    def _numerics(self) -> None:
        import torch

        torch.backends.cuda.matmul.allow_tf32 = self.runtime.tf32
        torch.backends.cudnn.allow_tf32 = self.runtime.tf32

    def _bring(self, files: tuple[weights.PublishedFile, ...]) -> None:
        if self.runtime.fetch_weights:
            weights.fetch(files, self.models, notify=self.notify)

    def keys(self, path: Path) -> dict[str, StageKey]:
        """Keys of a video's stages (reads the file once if its digest is not remembered).

        Raises:
            VideoError: there is no such file.
        """
        if not path.is_file():
            kind = "a folder" if path.is_dir() else "missing"
            raise VideoError(f"{path} is {kind}; expected a video file")
        digest = self.cache.digest(path)
        return stage_keys(self.recipe, sha256=digest, device_kind=self.device.type, tf32=self.runtime.tf32)

    def is_cached(self, path: Path) -> bool:
        """Whether nothing of this video needs pixels."""
        return not self.runtime.measure and all(self.cache.has(key) for key in self.keys(path).values())

    def estimated_frames(self, path: Path) -> int:
        """Frames that the container announces; 0 where it does not say or cannot be opened."""
        try:
            with self.recipe.reader.open(path, batch_frames=1, threads=1, keep_damaged=True) as video:
                return video.estimated_frames
        except VideoError:
            return 0

    def analyse(self, path: Path, *, video_id: str) -> Analysis:
        """Timeline, faces and expressions of a video, from the cache where they are there.

        Raises:
            VideoError: it cannot be decoded, or is damaged and ``runtime.on_damaged`` is ``error``.
        """
        keys = self.keys(path)
        have = {stage for stage, key in keys.items() if not self.runtime.measure and self.cache.has(key)}
        if "timeline" in have:
            table, about = self.cache.read(keys["timeline"])
            if about["damage"] and self.runtime.on_damaged == "error":
                raise VideoError(f"{about['damage']}; runtime.on_damaged=keep uses what could be decoded")
        if have != set(STAGES):
            return self._run(path, video_id, keys, have)
        timeline = tables.timeline_from(table, about, video_id=video_id, path=path)
        faces_table, faces_about = self.cache.read(keys["faces"])
        expr_table, expr_about = self.cache.read(keys["expressions"])
        stored = {"timeline": about, "faces": faces_about, "expressions": expr_about}
        return Analysis(
            timeline=timeline,
            faces=tables.faces_from(faces_table),
            expressions=tables.expressions_from(expr_table, expr_about),
            keys=keys,
            timing={stage: StageTiming(**text["timing"], cached=True) for stage, text in stored.items()},
        )

    def _run(self, path: Path, video_id: str, keys: dict[str, StageKey], have: set[str]) -> Analysis:
        done = _Pass()
        stored = tables.faces_from(self.cache.read(keys["faces"])[0]) if "faces" in have else None
        classify = "expressions" not in have
        with self.recipe.reader.open(
            path,
            batch_frames=CHUNK_FRAMES,
            threads=self.runtime.threads,
            keep_damaged=self.runtime.on_damaged == "keep",
        ) as video:
            batches = iter(video)
            while True:
                start = time.perf_counter()
                batch = next(batches, None)
                done.decode_s += time.perf_counter() - start
                if batch is None:
                    break
                self.work.frames_decoded += len(batch)
                self._chunk(batch, done, stored=stored, classify=classify)
                self.on_frames(len(batch))
            timeline = video.timeline(video_id=video_id, sha256=self.cache.digest(path))
        return self._store(timeline, done, keys, have)

    def _chunk(self, batch: FrameBatch, done: _Pass, *, stored: Faces | None, classify: bool) -> None:
        frames = batch.rgb.to(self.device)
        first = int(batch.index[0])
        if stored is None:
            detect = self.detect
            start = time.perf_counter()
            faces = self._detect(detect, frames)
            self._synchronise()
            done.detect_s += time.perf_counter() - start
            self.work.frames_detected += len(batch)
        else:
            low, high = np.searchsorted(stored.frame, [first, first + len(batch)])
            faces = stored.rows(np.arange(low, high)).shifted(-first)
        if classify:
            recognise = self.recognise
            start = time.perf_counter()
            rows = self.recipe.classify.admit(faces)
            done.logits.append(self._classify(recognise, frames, faces, rows))
            self._synchronise()
            done.classify_s += time.perf_counter() - start
            done.rows.append(rows + done.num_faces)
            done.num_classified += len(rows)
            self.work.faces_classified += len(rows)
        done.faces.append(faces.shifted(first))
        done.num_faces += len(faces)

    def _detect(self, detect: Callable[[torch.Tensor], Faces], frames: torch.Tensor) -> Faces:
        size = self.runtime.batch_size
        return Faces.concat([detect(frames[at : at + size]).shifted(at) for at in range(0, len(frames), size)])

    def _classify(
        self,
        recognise: Callable[[torch.Tensor], torch.Tensor],
        frames: torch.Tensor,
        faces: Faces,
        rows: np.ndarray[Any, Any],
    ) -> np.ndarray[Any, Any]:
        """Logits f32 (len(rows), K); NaN where no crop could be made."""
        model = self.recipe.model
        logits = np.full((len(rows), len(model.labels)), np.nan, np.float32)
        size = self.runtime.batch_size
        for at in range(0, len(rows), size):
            crops = self.recipe.preprocessing.crop(frames, faces.rows(rows[at : at + size]), model_px=model.input_px)
            if len(crops.row):
                logits[at + crops.row] = recognise(crops.rgb).cpu().numpy()
        return logits

    def _synchronise(self) -> None:
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize()
        elif self.device.type == "mps":
            torch.mps.synchronize()

    def _store(self, timeline: Timeline, done: _Pass, keys: dict[str, StageKey], have: set[str]) -> Analysis:
        """Write what was missing; read what was there."""
        faces = Faces.concat(done.faces)
        if "expressions" in have:
            expressions = tables.expressions_from(*self.cache.read(keys["expressions"]))
        else:
            rows = np.concatenate([np.empty(0, np.int64), *done.rows])
            empty = np.empty((0, len(self.recipe.model.labels)), np.float32)
            expressions = Expressions(
                frame=faces.frame[rows],
                face=rows,
                logits=np.concatenate([empty, *done.logits]),
                labels=self.recipe.model.labels,
            )
        frames, video_s = timeline.video.num_frames, timeline.duration_s
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")

        def timing(busy_s: float, units: int, device: str) -> StageTiming:
            return StageTiming(
                busy_s=busy_s, units=units, video_s=video_s, device=device, load=round(load, 2), cached=False
            )

        made = {
            "timeline": timing(done.decode_s, frames, "cpu"),
            "faces": timing(done.detect_s, frames, str(self.device)),
            "expressions": timing(done.classify_s, done.num_classified, str(self.device)),
        }
        contents: dict[str, Callable[[], tuple[Any, dict[str, Any]]]] = {
            "timeline": lambda: tables.timeline_table(timeline),
            "faces": lambda: (tables.faces_table(faces), {}),
            "expressions": lambda: tables.expressions_table(expressions),
        }
        for stage in STAGES:
            if stage in have:
                stored = self.cache.read(keys[stage])[1]["timing"]
                made[stage] = made[stage] if stage == "timeline" else StageTiming(**stored, cached=True)
            else:
                table, about = contents[stage]()
                self.cache.write(keys[stage], table, {**about, "timing": made[stage].about()})
        return Analysis(timeline=timeline, faces=faces, expressions=expressions, keys=keys, timing=made)
