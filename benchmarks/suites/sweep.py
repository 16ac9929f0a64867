"""A sweep of 2 detectors x 2 models x 2 preprocessings x 6 event rules: cold, and once more.

Cold it is compared with the sum of its distinct stages, each measured alone in this run and in as
many lanes as there are cores; frames that are decoded are counted. The second model is the same
network on crops of another size: it has the tables of a model of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import Final

from benchmarks.bars import Bar
from benchmarks.contenders.stages_alone import StagesAlone
from benchmarks.counted import FILE_VARIABLE
from benchmarks.machine import cores
from benchmarks.material import CLIP_FRAMES, Choices, looped, scaled, times_for
from benchmarks.run import Result, Run
from benchmarks.turns import BenchmarkError, Turns, measured
from ferbench.pipeline.stage_keys import STAGES
from ferbench.places import cache_dir, default_root, models_dir

ROOT: Final = Path(__file__).resolve().parents[2]
LEAST_S: Final = 300
RATE_HZ: Final = 24
STAGE_FRAMES: Final = 96
"""Of the stages alone; their seconds count for every frame."""
PIXELS: Final = {
    "detector": ("retinaface_mnet025", "scrfd_500m"),
    "preprocessing": ("box", "square_margin"),
    "model.input_px": ("64", "48"),
}
RULES: Final = {"event": ("hysteresis", "windowed"), "event.enter": ("0.4", "0.6", "0.8")}
APART: Final = ("statistics.intervals=none", "report.timelines=0")
"""Pictures and intervals are not part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """One call of the sweep: its seconds, and the frames of each time that a video was decoded."""

    wall_s: float
    decoded: tuple[int, ...]


def run(run: Run) -> Result:
    """Measure, and compare with the bars."""
    once = run.clip
    frames_once = run.shortened(CLIP_FRAMES)
    if run.frames:
        once = scaled(run.clip, run.folder / "once.mp4", frames=frames_once)
    times = 2 if run.frames else times_for(LEAST_S * RATE_HZ)
    videos = run.folder / "videos"
    videos.mkdir()
    looped(once, videos / "person.mp4", times=times)
    _annotate(run.folder / "marks.csv", seconds=frames_once / RATE_HZ, times=times)
    short = scaled(once, run.folder / "short.mp4", frames=run.shortened(STAGE_FRAMES))
    alone = measured(_alone(short, run.device), repeats=2)
    cold = _swept(run, tracking="mlflow")
    again = _swept(run, tracking="mlflow")
    files = _swept(run, tracking="files")
    _forget_tables(run.folder)
    not_first = _swept(run, tracking="mlflow")
    frames = frames_once * times
    return Result(
        what=f"{_num_cells()} cells over {frames / RATE_HZ:.0f} s of video",
        contenders=alone,
        bars=[*_cold(cold, not_first, alone, frames), *_again(again, files)],
        more={
            "cells": _num_cells(),
            "frames": frames,
            "cold_s": cold.wall_s,
            "cold_but_for_networks_and_store_s": not_first.wall_s,
            "again_s": {"mlflow": again.wall_s, "files": files.wall_s},
            "decoded_frames": cold.decoded,
        },
    )


def _num_cells() -> int:
    return prod(len(values) for values in (*PIXELS.values(), *RULES.values()))


def _annotate(path: Path, *, seconds: float, times: int) -> None:
    """Two annotations each time that the clip is shown."""
    lines = ["session,onset_s"]
    for number in range(times):
        lines += [f"person,{(number + share) * seconds:.3f}" for share in (0.2, 0.6)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def _cells() -> list[tuple[str, ...]]:
    """Choices of the cells that differ in pixels, as overrides."""
    keys = list(PIXELS)
    return [
        tuple(f"{key}={value}" for key, value in zip(keys, values, strict=True))
        for values in product(*PIXELS.values())
    ]


def _alone(clip: Path, device: str) -> list[StagesAlone]:
    return [
        StagesAlone(
            name=" ".join(cell),
            choices=Choices(overrides=("model=mini_xception", *cell), device=device),
            clip=clip,
        )
        for cell in _cells()
    ]


def _swept(run: Run, *, tracking: str) -> Swept:
    """Call the sweep in a process of its own, as a user does."""
    counts = run.folder / "decoded.txt"
    counts.write_text("", encoding="utf-8")
    home = {"FERBENCH_HOME": str(run.folder), "FERBENCH_MODELS": str(models_dir(default_root()))}
    choices = [f"{key}={','.join(values)}" for key, values in {**PIXELS, **RULES}.items()]
    command = [
        *(sys.executable, "-m", "benchmarks.counted", "-m", "model=mini_xception", *choices),
        f"dataset.videos={run.folder / 'videos'}",
        f"dataset.annotations={run.folder / 'marks.csv'}",
        *(f"tracking={tracking}", f"runtime.device={run.device}", *APART),
    ]
    started = time.perf_counter()
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **home, FILE_VARIABLE: str(counts)},
        capture_output=True,
        text=True,
        check=False,
    )
    wall_s = time.perf_counter() - started
    if ended.returncode:
        last = (ended.stderr or ended.stdout).strip().splitlines()[-5:]
        raise BenchmarkError(f"the sweep ended with {ended.returncode}: {' / '.join(last)}")
    decoded = tuple(int(line) for line in counts.read_text(encoding="utf-8").split())
    return Swept(wall_s=wall_s, decoded=decoded)


def _forget_tables(home: Path) -> None:
    """Take away what was made of videos; translated networks and the store stay."""
    for stage in STAGES:
        shutil.rmtree(cache_dir(home) / stage)


def _distinct_s(alone: dict[str, Turns]) -> dict[str, float]:
    """Processor seconds a frame of all distinct stages: each decoding and detection once."""
    seconds = {"decode": 0.0, "detect": 0.0, "crop": 0.0, "classify": 0.0}
    detectors: set[str] = set()
    for name, turns in alone.items():
        detector = name.split()[0]
        for stage in seconds:
            is_shared = stage == "decode" and detectors
            is_known = stage == "detect" and detector in detectors
            if not is_shared and not is_known:
                seconds[stage] += turns.seconds(stage) / turns.units
        detectors.add(detector)
    return seconds


def _cold(cold: Swept, not_first: Swept, alone: dict[str, Turns], frames: int) -> list[Bar]:
    per_frame_s = _distinct_s(alone)
    total_s = frames * sum(per_frame_s.values()) / cores()
    stages = ", ".join(f"{stage} {frames * seconds:.1f}" for stage, seconds in per_frame_s.items())
    return [
        Bar(
            what=f"sweep of {_num_cells()} cells, cold, over the sum of its stages",
            values=(cold.wall_s / total_s,),
            most=1.15,
            note=f"{cold.wall_s:.1f} s; CPU seconds {stages}: {total_s:.1f} s on {cores()} cores",
        ),
        Bar(
            what="  with networks translated and the store made before",
            values=(not_first.wall_s / total_s,),
            unit="times",
            note=f"{not_first.wall_s:.1f} s; both are made once on a machine",
        ),
        Bar(
            what="  times that the video was decoded",
            values=(sum(cold.decoded) / frames,),
            unit="times",
            most=1.0,
        ),
    ]


def _again(again: Swept, files: Swept) -> list[Bar]:
    cells = _num_cells()
    return [
        Bar(
            what="  the same sweep again, a cell",
            values=(again.wall_s / cells,),
            unit="s",
            most=0.2,
            note=f"the whole call, recorded in MLflow: {again.wall_s:.1f} s",
        ),
        Bar(
            what="  and recorded in plain files, a cell",
            values=(files.wall_s / cells,),
            unit="s",
            note=f"the whole call: {files.wall_s:.1f} s",
        ),
    ]
