"""The limit of a pass: each stage alone, single-threaded, its inputs ready.

A read of frames goes through one stage after the other, and each is timed by itself: processor
seconds of all threads on a CPU, seconds of the clock up to the device's end of work elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from benchmarks.contenders.whole import recipe_of
from benchmarks.material import Choices
from benchmarks.turns import Done

READ_FRAMES: Final = 32
STAGES: Final = ("decode", "detect", "crop", "classify")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagesAlone:
    """Decode, detect, crop, classify; ``Done.seconds`` has each.

    Attributes:
        name: in tables and files.
        choices: whose stages.
        clip: the video.
    """

    name: str
    choices: Choices
    clip: Path

    def ready(self) -> Callable[[], Done]:
        """Load the networks, one thread for everything."""
        import cv2

        device = torch.device(self.choices.device)
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        recipe, models = recipe_of(self.choices)
        size = self.choices.settings().runtime.batch_size
        detect = recipe.detector.load(device, models)
        recognise = recipe.model.load(device, models)

        def work() -> Done:
            clock, frames_done, faces_done = _Clock(device), 0, 0
            with recipe.reader.open(
                self.clip, batch_frames=READ_FRAMES, threads=1, keep_damaged=False
            ) as video:
                batches = iter(video)
                while True:
                    clock.start()
                    batch = next(batches, None)
                    clock.stop("decode")
                    if batch is None:
                        break
                    frames = batch.rgb.to(device)
                    clock.start()
                    faces = [
                        (at, detect(frames[at : at + size])) for at in range(0, len(frames), size)
                    ]
                    clock.stop("detect")
                    for at, found in faces:
                        clock.start()
                        crops = recipe.preprocessing.crop(
                            frames[at : at + size], found, model_px=recipe.model.input_px
                        )
                        clock.stop("crop")
                        clock.start()
                        recognise(crops.rgb).cpu()
                        clock.stop("classify")
                        faces_done += len(found)
                    frames_done += len(frames)
            return Done(units=frames_done, seconds=clock.seconds, faces=faces_done)

        return work


class _Clock:
    def __init__(self, device: torch.device) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._on_cpu = device.type == "cpu"
        self._started = 0.0

    def start(self) -> None:
        self._started = self._now()

    def stop(self, stage: str) -> None:
        self.seconds[stage] += self._now() - self._started

    def _now(self) -> float:
        if self._on_cpu:
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()
