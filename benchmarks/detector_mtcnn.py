"""How fast ferbench's MTCNN is, against facenet-pytorch's in the same run.

    pip install --no-deps facenet-pytorch==2.6.0     # only for this script; ferbench does not use
    it python benchmarks/detector_mtcnn.py video.mp4 [--batch 1 4 16] [--frames 64] [--repeats 7]
    [--device cpu]

Both get the same decoded frames in the form they like best (ours: RGB tensor (N, 3, H, W);
facenet-pytorch: numpy (N, H, W, 3)), decoding not counted, and both find all faces with landmarks
under the same settings. They take turns and swap who goes first, so that other load on the machine
hits both. Writes ``results/mtcnn_<device>.json``.
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

import av
import numpy as np
import torch
import torchvision
from omegaconf import OmegaConf

from ferbench.detectors.mtcnn import Mtcnn
from ferbench.weights.download.sources import WheelFile
from ferbench.weights.fetching import fetch
from ferbench.weights.published import PublishedFile

ROOT = Path(__file__).resolve().parents[1]
Contender = Callable[[int, int], int]  # first frame, past the last frame -> number of faces


def detector() -> Mtcnn:
    """MTCNN as conf/detector/mtcnn.yaml says."""
    node: Any = OmegaConf.to_container(OmegaConf.load(ROOT / "conf" / "detector" / "mtcnn.yaml"))
    files = {}
    for name in ("pnet", "rnet", "onet"):
        files[name] = PublishedFile(**{**node[name], "source": WheelFile(**node[name]["source"])})
    return Mtcnn(
        min_face_px=node["min_face_px"],
        factor=node["factor"],
        thresholds=tuple(node["thresholds"]),
        **files,
    )


def decode(video: Path, count: int) -> np.ndarray:
    """RGB u8 (N, H, W, 3): frames evenly spread over the video."""
    with av.open(str(video)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    chosen = np.unique(np.linspace(0, len(frames) - 1, count).astype(int))
    return np.stack([frames[i] for i in chosen])


def ours(spec: Mtcnn, frames: np.ndarray, models: Path, device: torch.device) -> Contender:
    """Ferbench."""
    fetch(spec.weights_files(), models)
    detect = spec.load(device, models)
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).contiguous().to(device)
    return lambda first, last: len(detect(pixels[first:last]))


def peer(spec: Mtcnn, frames: np.ndarray, device: torch.device) -> Contender:
    """facenet-pytorch."""
    try:
        from facenet_pytorch import MTCNN
    except ImportError as error:
        raise SystemExit(
            f"facenet-pytorch cannot be imported ({error}); it is what ferbench is measured "
            "against: "
            "pip install --no-deps facenet-pytorch==2.6.0 (and pip install tqdm requests)"
        ) from error
    model = MTCNN(
        keep_all=True,
        min_face_size=spec.min_face_px,
        factor=spec.factor,
        thresholds=list(spec.thresholds),
        device=device,
    )

    def run(first: int, last: int) -> int:
        boxes = model.detect(frames[first:last], landmarks=True)[0]
        return sum(0 if found is None else len(found) for found in boxes)

    return run


def ms_per_frame(contender: Contender, count: int, batch: int) -> tuple[float, int]:
    """Milliseconds per frame of one pass, and the faces found."""
    started = time.perf_counter()
    faces = sum(contender(first, min(first + batch, count)) for first in range(0, count, batch))
    return 1e3 * (time.perf_counter() - started) / count, faces


def measure(
    contenders: dict[str, Contender], count: int, batch: int, repeats: int
) -> dict[str, Any]:
    """Times of both in turns; one pass each before is not counted."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    faces: dict[str, int] = {}
    for repeat in range(repeats + 1):
        for name in list(contenders) if repeat % 2 else list(contenders)[::-1]:
            taken, faces[name] = ms_per_frame(contenders[name], count, batch)
            if repeat:
                times[name].append(round(taken, 2))
    ratios = [a / b for a, b in zip(times["ours"], times["peer"], strict=True)]
    return {
        "batch": batch,
        "median_ms_per_frame": {
            name: round(statistics.median(values), 2) for name, values in times.items()
        },
        "ratio_ours_to_peer": round(statistics.median(ratios), 3),
        "faces": faces,
        "ms_per_frame": times,
    }


def main() -> None:
    """Decode, measure, print a table, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("video", type=Path)
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 4, 16])
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
        "--out", type=Path, help="default: results/mtcnn_<device>.json beside this script"
    )
    options = parser.parse_args()
    device, spec = torch.device(options.device), detector()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    frames = decode(options.video, options.frames)
    contenders = {
        "ours": ours(spec, frames, options.models, device),
        "peer": peer(spec, frames, device),
    }
    rows = [measure(contenders, len(frames), batch, options.repeats) for batch in options.batch]
    print("batch   ours ms/frame   facenet-pytorch ms/frame   ours / facenet-pytorch   faces")
    for row in rows:
        mine, theirs = row["median_ms_per_frame"]["ours"], row["median_ms_per_frame"]["peer"]
        found = f"{row['faces']['ours']} / {row['faces']['peer']}"
        print(
            f"{row['batch']:5d}   {mine:13.2f}   {theirs:24.2f}   "
            f"{row['ratio_ours_to_peer']:22.3f}   {found}"
        )
    cuda = device.type == "cuda"
    result = {
        "what": "MTCNN from decoded frames to faces with landmarks, ms per frame (ratio below 1: "
        "ours is faster)",
        "peer": "facenet-pytorch 2.6.0",
        "video": options.video.name,
        "frames": len(frames),
        "resolution": f"{frames.shape[2]}x{frames.shape[1]}",
        "results": rows,
        "device": {
            "kind": device.type,
            "name": torch.cuda.get_device_name(device) if cuda else platform.machine(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "load_before": load,
        },
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        },
    }
    out = options.out or Path(__file__).parent / "results" / f"mtcnn_{device.type}.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
