"""Processes of several machines on one cold cache, of which some are killed at any time.

Each table is stored once and is that of a run alone; no lock stays, and no half file after a
pruning.
"""

from __future__ import annotations

import os
import random
import select
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import ferbench as fb
from ferbench.owner import MACHINE
from ferbench.pipeline import tables
from ferbench.pipeline.cache import Cache
from soak.cache_worker import analysers

SMALL: Final = {"processes": 3, "machines": 2, "clips": 2, "kills": 2, "target_fps": 4.0}
FULL: Final = {"processes": 8, "machines": 4, "clips": 6, "kills": 20, "target_fps": 12.0}

_SHARED: Final = Path(
    os.environ.get("FERBENCH_SHARED", Path(__file__).parents[2].parent / "shared")
)
_WEIGHTS: Final = {
    "mini_xception/emotion_model.hdf5": "emotion_model.hdf5",
    "retinaface/mobilenet0.25_Final.pth": "mobilenet0.25_official.pth",
}
_CLIPS: Final = (
    "single_face.mp4",
    "carphone_pristine.mp4",
    "WolfgangLanger_Pexels.mp4",
    "face_noface.mov",
    "noface_face.mov",
    "no_face.mp4",
)
_PATIENCE_S: Final = 1800.0
_PAUSE_S: Final = 4.0
"""The longest time between two kills."""


def run(
    folder: Path,
    tell: Callable[[str], None],
    *,
    processes: int,
    machines: int,
    clips: int,
    kills: int,
    target_fps: float,
) -> dict[str, object]:
    """Fill a cache together and another one alone, and compare; see ``soak``."""
    place = _Place(folder, clips, target_fps)
    killed = _fill_together(place, tell, processes, machines, kills)
    tell(f"{killed} kills")
    cache = Cache(place.cache)
    locks = sorted(path.name for path in cache.locks.iterdir())
    assert not locks, locks
    checked = fb.verify_cache(folder=place.cache)
    assert not checked.broken, checked.to_frame()
    half_written = len(checked.contents.leftovers)
    fb.prune_cache(folder=place.cache)
    assert fb.verify_cache(folder=place.cache).is_sound
    assert not [path for path in place.cache.rglob(".*") if path.is_file()]
    stored = Counter(place.log.read_text().splitlines())
    twice = {line: count for line, count in stored.items() if count > 1}
    assert not twice, twice
    alone = Cache(folder / "alone")
    for analyser in analysers(alone, place.models, target_fps):
        for clip in place.clips:
            analyser.analyse(clip, video_id=clip.stem)
    compared = _compared(cache.folder, alone.folder)
    return {
        "kills": killed,
        "tables equal to those of a run alone": compared,
        "tables stored twice": 0,
        "locks left": 0,
        "half files that a pruning deleted": half_written,
        "half files left": 0,
    }


class _Place:
    """The cache of all, and what they fill it with."""

    def __init__(self, folder: Path, clips: int, target_fps: float) -> None:
        self.cache, self.models, self.log = folder / "cache", folder / "models", folder / "stored"
        self.target_fps = target_fps
        self.clips = [_SHARED / "samples" / name for name in _CLIPS[:clips]]
        for source, target in _WEIGHTS.items():
            path = self.models / source
            path.parent.mkdir(parents=True)
            shutil.copyfile(_SHARED / "weights" / target, path)
        self.log.touch()

    def command(self, seed: int) -> list[str]:
        """A worker's."""
        arguments = [self.cache, self.models, self.log, self.target_fps, seed, *self.clips]
        return [sys.executable, "-m", "soak.cache_worker", *map(str, arguments)]


@dataclass(slots=True)
class _Worker:
    """A process on one of the machines, started again where it was killed."""

    machine: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, place: _Place, machine: str, seed: int) -> _Worker:
        process = subprocess.Popen(
            place.command(seed),
            stdout=subprocess.PIPE,
            env={**os.environ, MACHINE: machine},
            cwd=Path(__file__).parents[2],
        )
        return cls(machine, process)

    def is_there(self) -> bool:
        return self.process.poll() is None

    def is_at_work(self) -> bool:
        """Whether it has said that it begins, and has not ended."""
        said, _, _ = select.select([self.process.stdout], [], [], 0)
        return self.is_there() and bool(said)


def _fill_together(
    place: _Place, tell: Callable[[str], None], processes: int, machines: int, kills: int
) -> int:
    """Let workers fill a cache, killing some; how many were killed while they were at work."""
    chance = random.Random(7)
    workers = [
        _Worker.start(place, f"machine {number % machines}", number) for number in range(processes)
    ]
    killed, seed, began_s = 0, processes, time.monotonic()
    while any(worker.is_there() for worker in workers):
        assert time.monotonic() - began_s < _PATIENCE_S, "it does not come to an end"
        time.sleep(chance.uniform(0, _PAUSE_S))
        at_work = [number for number, worker in enumerate(workers) if worker.is_at_work()]
        if killed < kills and at_work:
            number = chance.choice(at_work)
            worker = workers[number]
            worker.process.kill()
            worker.process.wait()
            tell(f"killed a process of {worker.machine}")
            killed, seed = killed + 1, seed + 1
            workers[number] = _Worker.start(place, worker.machine, seed)
    codes = [worker.process.wait() for worker in workers]
    assert set(codes) == {0}, codes
    return killed


def _compared(one: Path, other: Path) -> int:
    """Compare the tables of two caches; how many there are."""
    names = [
        sorted(path.relative_to(cache).as_posix() for path in cache.rglob("*.parquet"))
        for cache in (one, other)
    ]
    assert names[0] == names[1], set(names[0]) ^ set(names[1])
    for name in names[0]:
        assert tables.read(one / name)[0].equals(tables.read(other / name)[0]), name
    return len(names[0])
