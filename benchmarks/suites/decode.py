"""Our reader against a bare PyAV loop: the demo's clip, and 1920 x 1080 that compresses badly."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import av
import numpy as np

from benchmarks.bars import Bar, per_frame, ratios
from benchmarks.contenders.decoding import BarePyav, OurReader
from benchmarks.material import Choices
from benchmarks.run import Result, Run
from benchmarks.turns import Contender, measured

WIDTH_PX, HEIGHT_PX, RATE_HZ = 1920, 1080, 30
FRAMES: Final = 300


def run(run: Run) -> Result:
    """Make the clip, and measure."""
    made = run.folder / "made.mp4"
    make_clip(made, run.shortened(FRAMES))
    contenders: list[Contender] = []
    for name, clip in {"640x360": run.clip, "1920x1080": made}.items():
        contenders += [
            OurReader(name=f"ours_{name}", choices=Choices(), clip=clip),
            BarePyav(name=f"bare_pyav_{name}", clip=clip),
        ]
    turns = measured(contenders, repeats=run.repeats)
    bars = []
    for name in ("640x360", "1920x1080"):
        ours, bare = turns[f"ours_{name}"], turns[f"bare_pyav_{name}"]
        bars.append(
            Bar(
                what=f"decoding {name}: ours over a bare PyAV loop",
                values=ratios(ours, bare),
                note=f"a frame: ours {per_frame(ours)}, bare {per_frame(bare)}",
            )
        )
    return Result(
        what="decoding to RGB, FFmpeg's own choice of threads",
        contenders=turns,
        bars=bars,
        more={"clips": [run.clip.name, "moving gradients with noise, made"]},
    )


def make_clip(path: Path, frames: int) -> None:
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
        for i in range(frames):
            moved = np.roll(noise, (7 * i, 13 * i), axis=(0, 1))
            red = (x // 8 + 3 * i) % 200 + 28 + moved
            green = (y // 5 + 2 * i) % 200 + 28 + moved
            picture = np.stack([red + 0 * y, green + 0 * x, 128 + moved], axis=-1).astype(np.uint8)
            picture[300:600, 5 * i : 5 * i + 300] = (240, 200, 180)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
