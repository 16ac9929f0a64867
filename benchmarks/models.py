"""How fast each detector and model of conf/ is here.

Frames or faces per second, and against its bare network.

    python -m benchmarks.models video.mp4 [--only mtcnn apvit_rafdb] [--repeats 5] [--device cpu]

A detector is measured where its weights are in the models folder, on frames of the video; a model
on the same 32 crops, with random weights where its file is missing (speed does not depend on
values). ``ratio_to_network`` of a model is the share of its time that the bare network takes on
inputs that lie ready: 1 is the limit. Writes ``results/models_<device>.json``; rows of choices that
were not measured this time stay. models/README.md shows them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from benchmarks.detector_mtcnn import decode
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.config.groups import choices_of
from ferbench.errors import FerbenchError
from ferbench.places import default_root, models_dir
from ferbench.provenance import library_versions
from ferbench.recognizer import Recognizer, coloured, resized
from ferbench.weights.checking import is_there

RESULTS = Path(__file__).parent / "results"
CROPS, BATCH = 32, 16


def seconds(work: Callable[[], Any], repeats: int, device: torch.device) -> float:
    """Median time of one call; one call before is not counted."""
    times = []
    for _ in range(repeats + 1):
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def of_model(spec: Recognizer, models: Path, repeats: int, device: torch.device) -> dict[str, Any]:
    """Faces per second with crops of the network's size, in batches of 16."""
    real = is_there(spec.weights, models)
    recognise = spec.load(device, models) if real else spec.around(spec.empty_net(), device)
    net: torch.nn.Module = recognise.net  # type: ignore[attr-defined]
    side = spec.input_px
    crops = torch.randint(0, 256, (CROPS, 3, side, side), dtype=torch.uint8, device=device)
    values = resized(coloured(crops, spec.colour), side, spec.resize) / 255

    def whole() -> None:
        for at in range(0, CROPS, BATCH):
            recognise(crops[at : at + BATCH])

    def bare() -> None:
        with torch.inference_mode():
            for at in range(0, CROPS, BATCH):
                net(values[at : at + BATCH])

    whole_s, bare_s = seconds(whole, repeats, device), seconds(bare, repeats, device)
    return {
        "unit": "faces",
        "fps": round(CROPS / whole_s, 1),
        "ratio_to_network": round(bare_s / whole_s, 3),
        "weights": "published" if real else "random",
    }


def of_detector(
    spec: Any, frames: torch.Tensor, models: Path, repeats: int, device: torch.device
) -> dict[str, Any]:
    """Frames per second, in batches of 16."""
    detect, faces = spec.load(device, models), 0

    def whole() -> None:
        nonlocal faces
        faces = sum(len(detect(frames[at : at + BATCH])) for at in range(0, len(frames), BATCH))

    taken_s = seconds(whole, repeats, device)
    return {
        "unit": "frames",
        "fps": round(len(frames) / taken_s, 1),
        "faces": faces,
        "weights": "published",
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    device, models = torch.device(options.device), models_dir(default_root())
    frames = (
        torch.from_numpy(decode(options.video, options.frames))
        .permute(0, 3, 1, 2)
        .contiguous()
        .to(device)
    )
    machine = {
        "name": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }
    rows = []
    for group in ("detector", "model"):
        for choice in choices_of(group):
            if options.only and choice not in options.only:
                continue
            spec = build(composed({group: choice})[group], where=group)
            try:
                if group == "model":
                    row = of_model(spec, models, options.repeats, device)
                elif all(is_there(item, models) for item in spec.weights_files()):
                    row = of_detector(spec, frames, models, options.repeats, device)
                else:
                    continue
            except FerbenchError as error:
                print(f"{group}/{choice}: {error}")
                continue
            row = {"choice": f"{group}/{choice}", "device": device.type, **row}
            if group == "detector":
                row["frame_px"] = [frames.shape[3], frames.shape[2]]
            print(json.dumps(row))
            rows.append(row)
    out = RESULTS / f"models_{device.type}.json"
    known = json.loads(out.read_text(encoding="utf-8"))["rows"] if out.is_file() else []
    measured = {row["choice"] for row in rows}
    rows = sorted(
        [*(row for row in known if row["choice"] not in measured), *rows],
        key=lambda row: row["choice"],
    )
    result = {"rows": rows, "batch": BATCH, "machine": machine, "versions": library_versions()}
    out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
