"""python -m soak.cache_worker CACHE MODELS LOG FPS SEED CLIP...: all tables of all clips.

What it stored and what it decoded goes into LOG, a line each, after it happened.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.results import StageKey
from ferbench.workflows.cache import keep_in_order

CROPS = ("square_margin", "box")


class ToldCache(Cache):
    """A cache that notes what it stored."""

    def __init__(self, folder: Path, log: Path) -> None:
        super().__init__(folder)
        self.log = log

    def write(self, key: StageKey, table: pa.Table, about: Mapping[str, Any]) -> dict[str, Any]:
        """Store a table, then note it."""
        full = super().write(key, table, about)
        note(self.log, f"stored {key.stage} {key.key}")
        return full


def note(log: Path, line: str) -> None:
    """Add a line; those of several processes do not mix."""
    handle = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


def analysers(cache: Cache, models: Path, target_fps: float) -> list[Analyser]:
    """One for each kind of crop."""
    runtime = Runtime(device="cpu", threads=1, lanes=1, target_fps=target_fps, fetch_weights=False)
    configs = [composed({"preprocessing": crops}) for crops in CROPS]
    recipes = [
        Recipe(**{name: build(config[name], where=name) for name in PLUGS}) for config in configs
    ]
    return [Analyser(recipe, runtime, cache, models) for recipe in recipes]


def main() -> None:
    """Make all tables, then keep the cache in order as a run does."""
    cache_folder, models, log, target_fps, seed, *clips = sys.argv[1:]
    cache = ToldCache(Path(cache_folder), Path(log))
    work = [
        (analyser, Path(clip))
        for analyser in analysers(cache, Path(models), float(target_fps))
        for clip in clips
    ]
    random.Random(seed).shuffle(work)
    print("ready", flush=True)
    for analyser, clip in work:
        analyser.analyse(clip, video_id=clip.stem)
    keep_in_order(cache.folder, None)


if __name__ == "__main__":
    main()
