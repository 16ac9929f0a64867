"""How fast ferbench's SCRFD is, against insightface's own class with the same file in the same run.

    pip install insightface==2.1 python -m benchmarks.detector_scrfd video.mp4 [--choices scrfd_500m
    scrfd_2.5g] [--batch 1 8 32] [--device cpu]

Both get the same decoded frames in the form they like best (ours: RGB tensor (N, 3, H, W) as the
readers give it; insightface: BGR numpy (H, W, 3), one by one), decoding not counted, and both find
all faces with landmarks. On a CPU both may use all cores: insightface by onnxruntime's own default,
ours as torch is set. They take turns and swap who goes first. Writes
``results/scrfd_<device>.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from benchmarks.detector_mtcnn import ROOT, Contender, decode, measure
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.detectors.scrfd import Scrfd
from ferbench.weights.checking import check
from ferbench.weights.fetching import fetch


def ours(spec: Scrfd, frames: np.ndarray, models: Path, device: torch.device) -> Contender:
    """Ferbench."""
    detect = spec.load(device, models)
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).to(device)
    return lambda first, last: len(detect(pixels[first:last]))


def peer(spec: Scrfd, frames: np.ndarray, models: Path) -> Contender:
    """Insightface, as its package sets up onnxruntime."""
    try:
        from insightface.model_zoo.scrfd import SCRFD
    except ImportError as error:
        raise SystemExit(
            f"insightface cannot be imported ({error}); it is what ferbench is measured against: "
            "pip install insightface==2.1"
        ) from error
    net = SCRFD(model_file=str(check(spec.weights, models)))
    limits = {"det_thresh": spec.min_score, "nms_thresh": spec.overlap}
    net.prepare(0, input_size=(spec.input_px, spec.input_px), **limits)
    bgr = np.ascontiguousarray(frames[..., ::-1])
    return lambda first, last: sum(len(net.detect(image)[0]) for image in bgr[first:last])


def main() -> None:
    """Decode, measure, print a table, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--choices", nargs="+", default=["scrfd_500m", "scrfd_2.5g"])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--models",
        type=Path,
        default=ROOT / "models",
        help="folder of weights (fetched if missing)",
    )
    parser.add_argument(
        "--out", type=Path, help="default: results/scrfd_<device>.json beside this script"
    )
    options = parser.parse_args()
    device = torch.device(options.device)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    frames = decode(options.video, options.frames)
    rows: list[dict[str, Any]] = []
    print("choice      batch   ours ms/frame   insightface ms/frame   ours / insightface   faces")
    for choice in options.choices:
        spec = build(composed({"detector": choice})["detector"], where="detector")
        fetch(spec.weights_files(), options.models)
        contenders = {
            "ours": ours(spec, frames, options.models, device),
            "peer": peer(spec, frames, options.models),
        }
        for batch in options.batch:
            row = {"choice": choice, **measure(contenders, len(frames), batch, options.repeats)}
            rows.append(row)
            times, ratio = row["median_ms_per_frame"], row["ratio_ours_to_peer"]
            found = f"{row['faces']['ours']} / {row['faces']['peer']}"
            print(
                f"{choice:10s}  {batch:5d}   {times['ours']:13.2f}   {times['peer']:20.2f}   "
                f"{ratio:18.3f}   {found}"
            )
    result = {
        "what": "SCRFD from decoded frames to faces with landmarks, ms per frame (ratio below 1: "
        "ours is faster)",
        "peer": "insightface 2.1, insightface.model_zoo.scrfd.SCRFD",
        "video": options.video.name,
        "frames": len(frames),
        "resolution": f"{frames.shape[2]}x{frames.shape[1]}",
        "results": rows,
        "device": {
            "kind": device.type,
            "name": torch.cuda.get_device_name(device)
            if device.type == "cuda"
            else platform.machine(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "load_before": load,
        },
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "onnxruntime": onnxruntime.__version__,
            "torch": torch.__version__,
        },
    }
    out = options.out or Path(__file__).parent / "results" / f"scrfd_{device.type}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
