"""How fast ferbench's RetinaFace is, against batch-face 1.4.0 with the same file in the same run.

    pip install --no-deps batch-face==1.4.0     # only for this script; ferbench does not use it
    python -m benchmarks.detector_retinaface video.mp4 [--heights 360 1080] [--batch 1 8] [--device
    cpu]

Both get the same decoded frames in the form they like best (ours: RGB tensor (N, 3, H, W) as the
readers give it; batch-face: a list of BGR numpy (H, W, 3)), decoding not counted, and both search
them at full resolution for faces with landmarks above 0.5. Both may use all cores. They take turns
and swap who goes first. Writes ``results/retinaface_<device>.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import torch

from benchmarks.detector_mtcnn import ROOT, Contender, decode, measure
from ferbench.config.binding import build
from ferbench.config.compose import composed
from ferbench.detectors.retinaface import Retinaface
from ferbench.weights.checking import check
from ferbench.weights.fetching import fetch

CHOICE = "retinaface_mnet025_sglee487"


def configured(engine: str) -> Retinaface:
    """The detector of the yaml, at full resolution."""
    node = composed({"detector": CHOICE})["detector"]
    spec: Retinaface = build(
        {**node, "resolution": "full", "long_side_px": None, "engine": engine}, where="detector"
    )
    return spec


def ours(spec: Retinaface, frames: np.ndarray, models: Path, device: torch.device) -> Contender:
    """Ferbench."""
    detect = spec.load(device, models)
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).to(device)
    return lambda first, last: len(detect(pixels[first:last]))


def peer(path: Path, frames: np.ndarray, device: torch.device) -> Contender:
    """batch-face."""
    try:
        from batch_face import RetinaFace
    except ImportError as error:
        raise SystemExit(
            f"batch-face cannot be imported ({error}); it is what ferbench is measured against: "
            "pip install --no-deps batch-face==1.4.0"
        ) from error
    net = RetinaFace(gpu_id=0 if device.type == "cuda" else -1, model_path=str(path))
    bgr = list(np.ascontiguousarray(frames[..., ::-1]))
    return lambda first, last: sum(len(faces) for faces in net(bgr[first:last], cv=False))


def resized(frames: np.ndarray, height: int) -> np.ndarray:
    """Frames of this height, the width in proportion."""
    width = round(frames.shape[2] * height / frames.shape[1])
    return np.stack([cv2.resize(frame, (width, height)) for frame in frames])


def main() -> None:
    """Decode, measure, print a table, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument(
        "--heights",
        type=int,
        nargs="+",
        default=[360, 1080],
        help="pixels that frames are scaled to",
    )
    parser.add_argument("--engines", nargs="+", default=["onnxruntime", "torch"])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--frames", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--models",
        type=Path,
        default=ROOT / "models",
        help="folder of weights (fetched if missing)",
    )
    parser.add_argument(
        "--out", type=Path, help="default: results/retinaface_<device>.json beside this script"
    )
    options = parser.parse_args()
    device = torch.device(options.device)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    decoded = decode(options.video, options.frames)
    engines = options.engines if device.type == "cpu" else ["torch"]
    fetch(configured("auto").weights_files(), options.models)
    path = check(configured("auto").weights, options.models)
    rows: list[dict[str, Any]] = []
    print(
        "height   engine        batch   ours ms/frame   batch-face ms/frame   ours / batch-face   "
        "faces"
    )
    for height in options.heights:
        frames = resized(decoded, height)
        theirs = peer(path, frames, device)
        for engine in engines:
            contenders = {
                "ours": ours(configured(engine), frames, options.models, device),
                "peer": theirs,
            }
            for batch in options.batch:
                measured = measure(contenders, len(frames), batch, options.repeats)
                rows.append(
                    {"height_px": height, "width_px": frames.shape[2], "engine": engine, **measured}
                )
                times, ratio = measured["median_ms_per_frame"], measured["ratio_ours_to_peer"]
                found = f"{measured['faces']['ours']} / {measured['faces']['peer']}"
                print(
                    f"{height:6d}   {engine:11s}   {batch:5d}   {times['ours']:13.2f}   "
                    f"{times['peer']:19.2f}   "
                    f"{ratio:17.3f}   {found}",
                    flush=True,
                )
    result = {
        "what": "RetinaFace mobilenet0.25 at full resolution, from decoded frames to faces with "
        "landmarks, ms per "
        "frame (ratio below 1: ours is faster)",
        "peer": "batch-face 1.4.0",
        "video": options.video.name,
        "frames": len(decoded),
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
    out = options.out or Path(__file__).parent / "results" / f"retinaface_{device.type}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
