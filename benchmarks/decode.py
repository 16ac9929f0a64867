"""How fast ferbench's reader decodes, against a bare PyAV loop in the same run.

    python benchmarks/decode.py [--repeats 5] [--threads 0]

Both read the same clip, which this script makes: 1080p H.264, 300 frames of moving gradients with
noise. The bare loop calls ``frame.to_ndarray(format="rgb24")`` and keeps nothing; the reader also
collects batches and times. The two take turns and swap who goes first, so that other load on the
machine hits both. Writes ``results/decode_cpu.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import torch

from ferbench.video.pyav import PyavReader

WIDTH_PX, HEIGHT_PX, FRAMES, RATE_HZ = 1920, 1080, 300, 30
BATCH_FRAMES = 32


def make_clip(path: Path) -> None:
    """Write the clip: two drifting gradients, a moving square, and noise that never repeats."""
    rng = np.random.default_rng(0)
    x = np.arange(WIDTH_PX, dtype=np.int32)[None, :]
    y = np.arange(HEIGHT_PX, dtype=np.int32)[:, None]
    noise = rng.integers(-12, 13, size=(HEIGHT_PX, WIDTH_PX), dtype=np.int32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=RATE_HZ, options={"preset": "veryfast", "crf": "23"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        for i in range(FRAMES):
            moved = np.roll(noise, (7 * i, 13 * i), axis=(0, 1))
            red = (x // 8 + 3 * i) % 200 + 28 + moved
            green = (y // 5 + 2 * i) % 200 + 28 + moved
            picture = np.stack([red + 0 * y, green + 0 * x, 128 + moved], axis=-1).astype(np.uint8)
            picture[300:600, 5 * i : 5 * i + 300] = (240, 200, 180)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def bare_pyav(path: Path, threads: int) -> int:
    """The least that gives RGB frames."""
    count = 0
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        for frame in container.decode(stream):
            count += frame.to_ndarray(format="rgb24").shape[2] // 3
    return count


def our_reader(path: Path, threads: int) -> int:
    """The same through ferbench, with batches and the timeline."""
    with PyavReader().open(
        path, batch_frames=BATCH_FRAMES, threads=threads, keep_damaged=False
    ) as video:
        count = sum(len(batch) for batch in video)
        video.timeline(video_id="clip", sha256="0" * 64)
    return count


def timed(contender: Callable[[Path, int], int], path: Path, threads: int) -> tuple[float, float]:
    """Frames per second and processor seconds (of all threads) of one pass."""
    started, busy = time.perf_counter(), time.process_time()
    count = contender(path, threads)
    if count != FRAMES:
        raise SystemExit(f"{contender.__name__} decoded {count} frames, expected {FRAMES}")
    return count / (time.perf_counter() - started), time.process_time() - busy


def measure(path: Path, threads: int, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """What ``timed`` says of each pass, the two taking turns.

    One pass each before is not counted.
    """
    contenders = (bare_pyav, our_reader)
    taken: dict[str, list[tuple[float, float]]] = {
        contender.__name__: [] for contender in contenders
    }
    for repeat in range(repeats + 1):
        for contender in contenders if repeat % 2 else contenders[::-1]:
            pair = timed(contender, path, threads)
            if repeat:
                taken[contender.__name__].append(pair)
    return taken


def main() -> None:
    """Make the clip, measure, write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument(
        "--threads", type=int, default=0, help="decoding threads, 0 = FFmpeg decides"
    )
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "decode_cpu.json"
    )
    options = parser.parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        make_clip(clip)
        taken = measure(clip, options.threads, options.repeats)
    fps = {name: [round(pair[0], 1) for pair in pairs] for name, pairs in taken.items()}
    cpu_s = {
        name: round(statistics.median(pair[1] for pair in pairs), 3)
        for name, pairs in taken.items()
    }
    ratios = [ours / bare for ours, bare in zip(fps["our_reader"], fps["bare_pyav"], strict=True)]
    result = {
        "what": "decoding to RGB on the CPU, frames per second",
        "clip": f"{WIDTH_PX}x{HEIGHT_PX} H.264 yuv420p, {FRAMES} frames at {RATE_HZ} fps, made by "
        "the script",
        "fps": fps,
        "median_fps": {name: statistics.median(values) for name, values in fps.items()},
        "median_cpu_s": cpu_s,
        "ratio_ours_to_bare": round(statistics.median(ratios), 3),
        "ratio_of_each_turn": [round(ratio, 3) for ratio in ratios],
        "batch_frames": BATCH_FRAMES,
        "threads": options.threads,
        "device": {
            "kind": "cpu",
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "load_before": load,
        },
        "versions": {
            "python": platform.python_version(),
            "av": av.__version__,
            "ffmpeg": av.ffmpeg_version_info,
            "numpy": np.__version__,
            "torch": torch.__version__,
        },
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(
        json.dumps(
            {name: result[name] for name in ("median_fps", "median_cpu_s", "ratio_ours_to_bare")}
        )
    )


if __name__ == "__main__":
    main()
