"""How much the pipeline adds to its stages.

The whole way of a video against its stages alone, in the same run.

    python -m benchmarks.pipeline video.mp4 [--repeats 5] [--device cpu]

The limit is the sum of: decoding without doing anything else, detection on frames that lie ready,
classification on frames and faces that lie ready. The whole way also reads the digest, moves data,
and writes the stage tables. They take turns. Writes ``results/pipeline_<device>.json``; a ratio of
1 is the limit of a pass without overlap.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.settings import PLUGS
from ferbench.pipeline.cache import Cache
from ferbench.pipeline.cold import CHUNK_FRAMES
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.pipeline.stages import Analyser
from ferbench.places import default_root, models_dir
from ferbench.provenance import library_versions
from ferbench.types import Faces


def whole(analyser: Analyser, video: Path) -> float:
    """Seconds of one cold pass into an empty cache."""
    with tempfile.TemporaryDirectory() as folder:
        analyser.cache = Cache(Path(folder))
        started = time.perf_counter()
        analyser.analyse(video, video_id="bench")
        return time.perf_counter() - started


def stages_alone(analyser: Analyser, video: Path) -> dict[str, float]:
    """Seconds of each stage with its inputs ready."""
    reader, size = analyser.recipe.reader, analyser.runtime.batch_size
    started = time.perf_counter()
    with reader.open(video, batch_frames=CHUNK_FRAMES, threads=0, keep_damaged=False) as opened:
        for _ in opened:
            pass
    decode_s = time.perf_counter() - started
    with reader.open(video, batch_frames=CHUNK_FRAMES, threads=0, keep_damaged=False) as opened:
        chunks = [batch.rgb.clone().to(analyser.device) for batch in opened]
    found: list[Faces] = []
    started = time.perf_counter()
    for frames in chunks:
        parts = [
            analyser.networks.detect(frames[at : at + size]).shifted(at)
            for at in range(0, len(frames), size)
        ]
        found.append(Faces.concat(parts))
    detect_s = time.perf_counter() - started
    started = time.perf_counter()
    for frames, faces in zip(chunks, found, strict=True):
        crops = analyser.recipe.preprocessing.crop(
            frames, faces, model_px=analyser.recipe.model.input_px
        )
        for at in range(0, len(crops.row), size):
            analyser.networks.recognise(crops.rgb[at : at + size]).cpu()
    return {"decode": decode_s, "detect": detect_s, "classify": time.perf_counter() - started}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    config = composed({})
    recipe = Recipe(**{name: build(config[name], where=name) for name in PLUGS})
    runtime = Runtime(device=options.device)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    with tempfile.TemporaryDirectory() as folder:
        analyser = Analyser(
            recipe, runtime, Cache(Path(folder)), models_dir(default_root()), notify=print
        )
        frames = (
            len(analyser.analyse(options.video, video_id="bench").timeline.edges_s) - 1
        )  # also warms up
    whole_s, alone_s, by_stage = [], [], []
    for _ in range(options.repeats):
        whole_s.append(whole(analyser, options.video))
        by_stage.append(stages_alone(analyser, options.video))
        alone_s.append(sum(by_stage[-1].values()))
    ratios = [a / b for a, b in zip(whole_s, alone_s, strict=True)]
    result: dict[str, Any] = {
        "what": "one cold pass over a video against the sum of its stages alone (ratio 1: nothing "
        "is added)",
        "video": options.video.name,
        "frames": frames,
        "whole_fps_median": round(frames / statistics.median(whole_s), 1),
        "ratio_whole_to_stages": round(statistics.median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "stage_seconds_median": {
            n: round(statistics.median(s[n] for s in by_stage), 3) for n in by_stage[0]
        },
        "device": {
            "kind": options.device,
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "load": load,
        },
        "machine": platform.machine(),
        "versions": library_versions(),
    }
    out = Path(__file__).parent / "results" / f"pipeline_{options.device}.json"
    out.write_text(json.dumps(result, indent=2) + "\n")
    print(
        f"whole pass {result['whole_fps_median']} fps; {result['ratio_whole_to_stages']} times its "
        "stages alone"
    )


if __name__ == "__main__":
    main()
